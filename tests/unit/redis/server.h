/* server.h - private Redis servers for tests: own folder, loopback, no files, ended by pid; a test that crashes leaves none behind.
 *
 *     struct test_redis r = {0};
 *     test_redis_start(&r, "--requirepass", "secret", NULL);   // redis-server with these arguments on a port of its own
 *     test_redis_cli(&r, "SET a 1")                            // first line of what redis-cli prints
 *     test_redis_freeze(&r); test_redis_thaw(&r);              // SIGSTOP, SIGCONT: connected and mute
 *     test_redis_stop(&r);                                     // SIGKILL
 *     test_redis_start(&r, NULL);                              // again on the same port, empty */
#ifndef WK_TEST_REDIS_H
#define WK_TEST_REDIS_H
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TEST_REDIS_FN static inline __attribute__((unused))

struct test_redis {
    char dir[64];
    int port;
    pid_t pid;
    const char *password; /* for test_redis_cli */
};

TEST_REDIS_FN void test_redis_die(const char *what)
{
    fprintf(stderr, "test_redis: %s: %s\n", what, strerror(errno));
    exit(99);
}

TEST_REDIS_FN void test_redis_pause(int ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

    (void)nanosleep(&t, NULL);
}

/* Below the range of outgoing connections, and with room for the cluster's bus 10,000 above. */
TEST_REDIS_FN int test_redis_free_port(void)
{
    static int next;

    for (next = next ? next : 15000 + (int)(getpid() * 61 % 7000); next < 22500; next++) {
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)next), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int s = socket(AF_INET, SOCK_STREAM, 0), one = 1;
        bool is_free;

        (void)setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        is_free = bind(s, (struct sockaddr *)&a, sizeof a) == 0;
        (void)close(s);
        if (is_free)
            return next++;
    }
    test_redis_die("no free port");
    return 0;
}

/* What the shell command prints, first line; valid until the next call. */
TEST_REDIS_FN const char *test_redis_shell(const char *command)
{
    static char line[512];
    FILE *f = popen(command, "r");

    line[0] = '\0';
    if (f && !fgets(line, sizeof line, f))
        line[0] = '\0';
    if (f)
        (void)pclose(f);
    line[strcspn(line, "\r\n")] = '\0';
    return line;
}

TEST_REDIS_FN const char *test_redis_cli(const struct test_redis *r, const char *command)
{
    char all[1024];

    (void)snprintf(all, sizeof all, "redis-cli -p %d%s%s %s 2>&1", r->port, r->password ? " --no-auth-warning -a " : "", r->password ? r->password : "", command);
    return test_redis_shell(all);
}

TEST_REDIS_FN void test_redis_exec(struct test_redis *r, char **argv)
{
    char log[96];
    int fd;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)snprintf(log, sizeof log, "%s/log", r->dir);
    fd = open(log, O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0 || chdir(r->dir))
        _exit(98);
    for (int i = 3; i < 256; i++) /* the test's sockets are not the server's */
        (void)close(i);
    (void)execv(argv[0], argv);
    _exit(97);
}

TEST_REDIS_FN void test_redis_spawn(struct test_redis *r, char **argv)
{
    r->pid = fork();
    if (r->pid < 0)
        test_redis_die("fork");
    if (!r->pid)
        test_redis_exec(r, argv);
    for (int i = 0; i < 500; i++) {
        const char *said = test_redis_cli(r, "PING");

        if (!strcmp(said, "PONG"))
            return;
        if (waitpid(r->pid, NULL, WNOHANG) == r->pid)
            break;
        test_redis_pause(20);
    }
    test_redis_die("the server does not answer; is redis-server installed (script/setup)");
}

TEST_REDIS_FN void test_redis_place(struct test_redis *r)
{
    if (r->dir[0])
        return;
    (void)snprintf(r->dir, sizeof r->dir, "/tmp/wk-redis-XXXXXX");
    if (!mkdtemp(r->dir))
        test_redis_die("mkdtemp");
    r->port = test_redis_free_port();
}

TEST_REDIS_FN __attribute__((sentinel)) void test_redis_start(struct test_redis *r, ...)
{
    char port[8];
    char *argv[40] = {"/usr/bin/redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--daemonize", "no"};
    int n = 9;
    va_list ap;

    test_redis_place(r);
    (void)snprintf(port, sizeof port, "%d", r->port);
    va_start(ap, r);
    while (n < 39 && (argv[n] = va_arg(ap, char *)))
        n++;
    va_end(ap);
    test_redis_spawn(r, argv);
}

TEST_REDIS_FN void test_redis_freeze(const struct test_redis *r) { (void)kill(r->pid, SIGSTOP); }
TEST_REDIS_FN void test_redis_thaw(const struct test_redis *r) { (void)kill(r->pid, SIGCONT); }

TEST_REDIS_FN void test_redis_stop(struct test_redis *r)
{
    if (r->pid > 0) {
        (void)kill(r->pid, SIGKILL);
        (void)waitpid(r->pid, NULL, 0);
    }
    r->pid = 0;
}

TEST_REDIS_FN void test_redis_remove(struct test_redis *r)
{
    char command[96];

    test_redis_stop(r);
    if (!r->dir[0])
        return;
    (void)snprintf(command, sizeof command, "rm -rf %s", r->dir);
    (void)!system(command);
    r->dir[0] = '\0';
}
#endif
