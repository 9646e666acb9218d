/* rig.c - see rig.h. Paths: /echo replies the body, /hold keeps the exchange, /defer replies after 20 ms, /pieces takes the
 * body in pieces, /cap5 allows 5 bytes, /early replies 401 in on_head, /stream sends three chunks, /big replies 300 kB,
 * /empty replies 204, /close closes after; everything else replies its path. */
#include "rig.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static bool is(struct wk_exchange *x, const char *path)
{
    struct wk_span p = wk_exchange_path(x);

    return p.len >= strlen(path) && !memcmp(p.data, path, strlen(path));
}

static void on_head(struct wk_exchange *x, void *arg)
{
    struct rig *r = arg;

    r->heads++;
    assert_null(wk_exchange_data(x));
    if (is(x, "/pieces"))
        wk_exchange_set_body(x, WK_BODY_PIECES, 1 << 22);
    if (is(x, "/cap5"))
        wk_exchange_set_body(x, WK_BODY_WHOLE, 5);
    if (is(x, "/early"))
        wk_exchange_reply(x, 401, NULL, 0, "who?", 4);
}

static void later(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    wk_exchange_reply(arg, 200, NULL, 0, "deferred", 8);
}

static void stream(struct wk_exchange *x)
{
    wk_exchange_begin(x, 200, &(struct wk_header_pair){"Content-Type", "text/event-stream"}, 1);
    wk_exchange_write(x, "one,", 4);
    wk_exchange_write(x, "two,", 4);
    wk_exchange_write(x, "three", 5);
    wk_exchange_end(x);
}

static void copy(char *out, size_t size, struct wk_span s)
{
    snprintf(out, size, "%.*s", (int)s.len, s.data ? s.data : "");
}

static void on_request(struct wk_exchange *x, void *arg)
{
    static char big[300000];
    struct rig *r = arg;
    struct wk_span path = wk_exchange_path(x);
    size_t len;
    char *body = wk_exchange_body(x, &len);

    r->requests++;
    assert_int_equal(body[len], 0);
    copy(r->last_path, sizeof r->last_path, path);
    copy(r->last_query, sizeof r->last_query, wk_exchange_query(x));
    copy(r->last_host, sizeof r->last_host, wk_exchange_host(x));
    wk_exchange_set_data(x, r);
    if (is(x, "/hold") || is(x, "/pieces")) {
        r->held[r->n_held++] = x;
        if (r->pause_pieces)
            wk_exchange_pause(x);
    } else if (is(x, "/defer")) {
        event_base_once(r->base, -1, EV_TIMEOUT, later, x, &(struct timeval){0, 20000});
    } else if (is(x, "/stream")) {
        stream(x);
    } else if (is(x, "/big")) {
        memset(big, 'b', sizeof big);
        wk_exchange_reply(x, 200, NULL, 0, big, sizeof big);
    } else if (is(x, "/empty")) {
        wk_exchange_reply(x, 204, NULL, 0, NULL, 0);
    } else if (is(x, "/close")) {
        wk_exchange_close_after(x);
        wk_exchange_reply(x, 200, NULL, 0, "bye", 3);
    } else if (is(x, "/echo") || is(x, "/cap5")) {
        wk_exchange_reply(x, 200, NULL, 0, body, len);
    } else {
        wk_exchange_reply(x, 200, NULL, 0, path.data, path.len);
    }
}

static void on_body(struct wk_exchange *x, const char *data, size_t len, void *arg)
{
    struct rig *r = arg;

    if (!len) {
        r->ends++;
        if (!is(x, "/pieces-hold"))
            wk_exchange_reply(x, 200, NULL, 0, r->pieces, r->pieces_len);
        return;
    }
    if (r->pieces_len + len <= sizeof r->pieces)
        memcpy(r->pieces + r->pieces_len, data, len);
    r->pieces_len += len;
}

static void on_drain(struct wk_exchange *x, void *arg)
{
    (void)x;
    ((struct rig *)arg)->drains++;
}

static void on_abort(struct wk_exchange *x, void *arg)
{
    struct rig *r = arg;

    r->aborts++;
    assert_true(wk_exchange_is_gone(x));
    if (wk_exchange_data(x) && !r->keep_on_abort) { /* on_request saw it: ours to end */
        for (int i = 0; i < r->n_held; i++)
            if (r->held[i] == x)
                r->held[i] = NULL;
        if (!is(x, "/defer"))
            wk_exchange_release(x);
    }
}

void rig_start(struct rig *r, const struct wk_httpd_conf *conf)
{
    static const struct wk_httpd_ops ops = {on_head, on_request, on_body, on_drain, on_abort};
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof addr;
    struct wk_err err;

    signal(SIGPIPE, SIG_IGN);
    memset(r, 0, sizeof *r);
    r->base = event_base_new();
    r->h = wk_httpd_create(r->base, conf, &ops, r, &err);
    assert_non_null(r->h);
    r->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(r->listener, (struct sockaddr *)&addr, sizeof addr), 0);
    assert_int_equal(listen(r->listener, 256), 0);
    assert_int_equal(getsockname(r->listener, (struct sockaddr *)&addr, &len), 0);
    r->port = ntohs(addr.sin_port);
    assert_true(wk_httpd_listen(r->h, r->listener, &err));
}

void rig_stop(struct rig *r)
{
    for (int i = 0; i < r->n_held; i++)
        if (r->held[i])
            wk_exchange_release(r->held[i]);
    rig_pump(r, 30); /* deferred replies still to come */
    wk_httpd_destroy(r->h);
    close(r->listener);
    event_base_free(r->base);
}

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void turn(struct rig *r)
{
    event_base_loop(r->base, EVLOOP_NONBLOCK);
    usleep(300);
}

void rig_pump(struct rig *r, int ms)
{
    int64_t end = now_ms() + ms;

    do
        turn(r);
    while (now_ms() < end);
}

int rig_connect(struct rig *r)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(r->port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof addr), 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

void rig_say(struct rig *r, int fd, const char *data, size_t len)
{
    int64_t end = now_ms() + 3000;

    while (len && now_ms() < end) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

        if (n > 0) {
            data += n;
            len -= (size_t)n;
        } else if (n < 0 && errno != EAGAIN) {
            return; /* the server has closed: the answer tells why */
        }
        turn(r);
    }
}

static void count_statuses(struct heard *heard)
{
    heard->n = 0;
    for (char *p = heard->text; (p = strstr(p, "HTTP/1.1 ")) && heard->n < 64; p += 9)
        heard->statuses[heard->n++] = atoi(p + 9);
}

struct heard rig_hear(struct rig *r, int fd, int n, int ms)
{
    static char text[1 << 20];
    struct heard heard = {.text = text};
    int64_t end = now_ms() + ms, quiet = now_ms();

    text[0] = '\0';
    while (now_ms() < end) {
        ssize_t got = recv(fd, text + heard.len, sizeof text - 1 - heard.len, 0);

        if (got > 0) {
            heard.len += (size_t)got;
            text[heard.len] = '\0';
            quiet = now_ms();
            count_statuses(&heard);
        } else if (got == 0 || errno != EAGAIN) {
            heard.closed = true;
            heard.reset = got < 0;
            break;
        } else if (n && heard.n >= n && now_ms() - quiet > 8) {
            break;
        }
        turn(r);
    }
    return heard;
}

struct heard rig_ask(struct rig *r, const char *request, int n)
{
    int fd = rig_connect(r);
    struct heard heard;

    SAY(r, fd, request);
    heard = rig_hear(r, fd, n, 2000);
    close(fd);
    rig_pump(r, 2);
    return heard;
}
