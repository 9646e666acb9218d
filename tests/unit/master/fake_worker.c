/* fake_worker - a worker without plugins, that behaves as its snapshot's file `mode` says, and as its clients tell it:
 *   "who\n" -> "<pid> <generation> <mode>\n"   "slow N\n" -> the same after N ms   "crash PLUGIN\n" "hang PLUGIN\n" "eat N\n" (MB)
 * Keeps connections, hands them over when it drains: the whole protocol of a real worker in one poll loop. */
#include "http/handover.h"
#include "master/protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 256 };

static struct wk_worker_args args;
static struct wk_share *share;
static struct client {
    int fd;
    char in[128];
    size_t len;
    int64_t answer_us; /* 0: none pending */
} clients[CLIENTS];
static char mode[64];
static bool is_serving, is_draining;
static int give_fd = -1;

static void enter(const char *plugin, const char *hook)
{
    static const struct wk_uuid tenant = {{0xaa, 1}}, message = {{0xbb, 2}};

    wk_blame_enter(plugin, hook, &tenant, &message, "on-test");
}

static void add_client(int fd, const char *in, size_t len)
{
    for (size_t i = 0; i < CLIENTS; i++)
        if (clients[i].fd < 0) {
            clients[i] = (struct client){.fd = fd, .len = len < sizeof clients[i].in ? len : 0};
            memcpy(clients[i].in, in, clients[i].len);
            (void)fcntl(fd, F_SETFL, O_NONBLOCK);
            return;
        }
    (void)close(fd);
}

static void drop(struct client *c)
{
    (void)close(c->fd);
    c->fd = -1;
}

static void answer(struct client *c)
{
    char text[128];
    int n = snprintf(text, sizeof text, "%d %u %s\n", (int)getpid(), args.generation, mode);

    c->answer_us = 0;
    if (send(c->fd, text, (size_t)n, MSG_NOSIGNAL) != n)
        drop(c);
}

static void obey(struct client *c, const char *line)
{
    char plugin[32] = "";

    if (sscanf(line, "crash %31s", plugin) == 1) {
        enter(plugin, "on_http");
        wk_blame_enter("inner", "lookup", NULL, NULL, NULL);
        wk_blame_leave();
        (void)signal(SIGSEGV, SIG_DFL);
        (void)raise(SIGSEGV);
    } else if (sscanf(line, "hang %31s", plugin) == 1) {
        enter(plugin, "on_message");
        for (volatile int i = 0;; i++)
            i = 0;
    } else if (!strncmp(line, "eat ", 4)) {
        size_t n = (size_t)atoi(line + 4) << 20;
        char *kept = malloc(n); /* lost on purpose */

        wk_share_suspect(share, "eater", (int64_t)n); /* before: the master may look while it grows */
        for (size_t i = 0; kept && i < n; i += 1 << 20) {
            memset(kept + i, 1, 1 << 20);
            wk_share_beat(share); /* it eats, it does not hang */
        }
        answer(c);
    } else if (!strncmp(line, "slow ", 5)) {
        c->answer_us = wk_share_mono_us() + atoi(line + 5) * INT64_C(1000);
    } else {
        answer(c);
    }
}

static void read_client(struct client *c)
{
    ssize_t n = read(c->fd, c->in + c->len, sizeof c->in - c->len - 1);
    char *end;

    if (n == 0 || (n < 0 && errno != EAGAIN)) {
        drop(c);
        return;
    }
    c->len += n > 0 ? (size_t)n : 0;
    c->in[c->len] = '\0';
    while (c->fd >= 0 && !c->answer_us && (end = strchr(c->in, '\n'))) {
        char line[128];

        *end = '\0';
        (void)snprintf(line, sizeof line, "%s", c->in);
        c->len -= (size_t)(end + 1 - c->in);
        memmove(c->in, end + 1, c->len + 1);
        obey(c, line);
    }
}

/* A connection without a request in progress goes on elsewhere; with nobody to take it, it is closed. */
static void pass_on(struct client *c)
{
    if (c->answer_us)
        return;
    if (give_fd >= 0 && !wk_handover_send(give_fd, c->fd, "127.0.0.1", c->in, c->len, NULL))
        return; /* full: later */
    drop(c);
}

static void control(void)
{
    int fd;

    switch (wk_control_recv(args.control_fd, &fd)) {
    case WK_CONTROL_SERVE:
        is_serving = true;
        break;
    case WK_CONTROL_DRAIN:
        if (!strcmp(mode, "deaf"))
            break;
        is_serving = false;
        is_draining = true;
        give_fd = fd;
        wk_share_set_state(share, WK_SLOT_DRAINING);
        break;
    case WK_CONTROL_CLOSED:
        exit(0);
    default:
        break;
    }
}

static void turn(void)
{
    struct pollfd p[CLIENTS + 3];
    static struct wk_handover got;
    nfds_t n = 0;
    size_t live = 0;
    int fd;

    p[n++] = (struct pollfd){.fd = args.control_fd, .events = POLLIN};
    p[n++] = (struct pollfd){.fd = is_serving ? args.adopt_fd : -1, .events = POLLIN};
    p[n++] = (struct pollfd){.fd = is_serving && args.n_listen ? args.listen_fds[0] : -1, .events = POLLIN};
    for (size_t i = 0; i < CLIENTS; i++)
        p[n++] = (struct pollfd){.fd = clients[i].fd >= 0 && !clients[i].answer_us ? clients[i].fd : -1, .events = POLLIN};
    (void)poll(p, n, 5);
    wk_share_beat(share);
    if (p[0].revents)
        control();
    if (p[1].revents && is_serving && wk_handover_recv(args.adopt_fd, &got, NULL) == WK_HANDOVER_GOT) {
        add_client(got.fd, got.leftover, got.len);
    }
    if (p[2].revents && is_serving && (fd = accept4(args.listen_fds[0], NULL, NULL, SOCK_CLOEXEC)) >= 0)
        add_client(fd, "", 0);
    for (size_t i = 0; i < CLIENTS; i++) {
        if (p[i + 3].fd >= 0 && p[i + 3].revents && clients[i].fd == p[i + 3].fd)
            read_client(&clients[i]);
        if (clients[i].fd >= 0 && clients[i].answer_us && wk_share_mono_us() >= clients[i].answer_us)
            answer(&clients[i]);
        if (clients[i].fd >= 0 && is_draining)
            pass_on(&clients[i]);
        live += clients[i].fd >= 0;
    }
    if (is_draining && !live)
        exit(0);
}

static void read_mode(void)
{
    char path[4096];
    FILE *f;

    (void)snprintf(path, sizeof path, "%s/mode", args.dir);
    f = fopen(path, "re");
    if (!f || fscanf(f, "%63s", mode) != 1)
        _exit(7);
    (void)fclose(f);
}

static void begin(void)
{
    char first[4200];
    const char *problems[] = {first, "second problem"};

    (void)snprintf(first, sizeof first, "%s/wakala.d/10-bad.conf:3: colour: unknown setting", args.dir);
    if (!strcmp(mode, "refuse")) {
        (void)wk_verdict_write(args.ready_fd, false, "bad", problems, 2);
        _exit(WK_EXIT_REFUSED);
    }
    if (!strcmp(mode, "dies")) {
        wk_blame_enter("bad", "open", NULL, NULL, NULL);
        (void)signal(SIGSEGV, SIG_DFL);
        (void)raise(SIGSEGV);
    }
    if (!strcmp(mode, "half") && args.index == 1) { /* the second one fails when the first is ready */
        const char *why[] = {"only the second one fails"};

        (void)usleep(600000);
        (void)wk_verdict_write(args.ready_fd, false, NULL, why, 1);
        _exit(WK_EXIT_REFUSED);
    }
    if (!strcmp(mode, "sleeps")) {
        wk_blame_enter("bad", "open", NULL, NULL, NULL);
        (void)sleep(60);
    }
}

int main(int argc, char **argv)
{
    struct wk_err err;

    if (!wk_worker_args_parse(argc, argv, &args, &err) || !(share = wk_share_open(args.share_fd, args.slot, &err))) {
        (void)fprintf(stderr, "fake worker: %s\n", err.msg);
        return 9;
    }
    for (size_t i = 0; i < CLIENTS; i++)
        clients[i].fd = -1;
    read_mode();
    begin();
    wk_share_set_dep(share, "postgres", strcmp(mode, "nodb") != 0, false, 3);
    wk_share_set_state(share, WK_SLOT_READY);
    (void)wk_verdict_write(args.ready_fd, true, NULL, NULL, 0);
    (void)close(args.ready_fd);
    for (;;)
        turn();
}
