/* harness.h - a real master in a child process, its run directory in a new folder, fake workers, a client. */
#ifndef WK_TEST_MASTER_HARNESS_H
#define WK_TEST_MASTER_HARNESS_H
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct lab {
    char dir[64], conf[96], run[96], log[96], listen[32], admin[32];
    unsigned port, admin_port;
    pid_t master;
};

struct lab *lab_create(void);
void lab_destroy(struct lab *lab); /* ends the master by its pid, removes the folder */
/* What the next generation is to be: workers, drain ms, heartbeat ms, mode of the fake workers. */
void lab_set(struct lab *lab, unsigned workers, unsigned drain_ms, unsigned heartbeat_ms, const char *mode);
void lab_start(struct lab *lab);      /* and wait until it serves */
void lab_start_only(struct lab *lab); /* do not wait */
int lab_wait(struct lab *lab, int ms);  /* the master's exit status; -1: still there */
json_t *lab_ask(struct lab *lab, const char *verb); /* never NULL */
bool lab_reload(struct lab *lab);
long lab_serving(struct lab *lab); /* generation */
size_t lab_crashes(struct lab *lab);
bool lab_log_has(struct lab *lab, const char *text);
size_t lab_fds(const struct lab *lab); /* of the master */
size_t lab_gen_dirs(const struct lab *lab);

int lab_dial(unsigned port); /* -1: refused */
/* Send a line, read a line within ms; false: the connection ended or nothing came. */
bool lab_talk(int fd, const char *line, char *answer, size_t size, int ms);
int lab_http(unsigned port, const char *path, char *body, size_t size); /* status */
void nap(int ms);
int64_t now_ms(void);
#endif
