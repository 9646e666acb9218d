/* link.h - one connection to the broker, of one thread: sign in at the next node, declare everything, then frames. Only opening waits, each step with
 * a limit (a host name that is looked up waits as long as the resolver); afterwards nothing does but link_wait(). */
#ifndef RABBITMQ_LINK_H
#define RABBITMQ_LINK_H
#include "conf.h"
#include <amqp.h>
#include <amqp_framing.h>

enum { CHANNEL = 1, QUEUE_CHANNEL = 2 }; /* declares and publishes; the first of the queues' */

struct link {
    const struct bus_conf *conf;
    amqp_connection_state_t c; /* NULL: closed */
    int fd;
    size_t node;               /* the one tried next */
    unsigned failures, seed;
    bool is_declared, is_blocked;
    int64_t declared_until_us;
    char reason[160];
};
int64_t mono_us(void);
/* Sign in and send the declarations; is_declared comes with the frames. */
bool link_open(struct link *l);
void link_close(struct link *l);
/* Why it has to be closed; always false. */
bool link_fail(struct link *l, const char *what, int status);
/* How long to wait before the next link_open(): from 0.2 s doubling to 10 s, half of it by chance. */
int link_pause_ms(struct link *l);
/* The next frame that is there, never waiting. Connection-wide ones (close, blocked, declared) are dealt with. *got: false: none. False: closed. */
bool link_frame(struct link *l, amqp_frame_t *frame, bool *got);
/* Until there is something to read, the eventfd is written, or `ms` have passed; the eventfd is emptied. */
void link_wait(const struct link *l, int fd, int ms);
#endif
