/* server.c - the listener as a whole: configuration, accepting, the tick, drain. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "internal.h"

#define RECLAIM_IDLE_US 1000000 /* at the cap only connections idle for this long make room */

static void set_defaults(struct wk_httpd_conf *conf)
{
#define DEFAULT(field, value)                                                                                                 \
    if (!conf->field)                                                                                                         \
        conf->field = (value);
    DEFAULT(header_max_bytes, 16384)
    DEFAULT(uri_max_bytes, 8192)
    DEFAULT(header_max_count, 100)
    DEFAULT(body_max_bytes, 1u << 20)
    DEFAULT(body_total_bytes, 256u << 20)
    DEFAULT(max_connections, 10000)
    DEFAULT(header_deadline_ms, 10000)
    DEFAULT(idle_timeout_ms, 75000)
    DEFAULT(body_min_rate, 1024)
    DEFAULT(body_grace_ms, 5000)
    DEFAULT(write_min_rate, 1024)
    DEFAULT(write_grace_ms, 10000)
    DEFAULT(write_mark_bytes, 256u << 10)
    DEFAULT(linger_ms, 1000)
    DEFAULT(accept_batch, 2)
    DEFAULT(accept_retry_ms, 100)
#undef DEFAULT
}

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

/* Rates are looked at once a second, or more often when the grace is short. */
static void set_waits(struct wk_httpd *h)
{
    const struct wk_httpd_conf *conf = &h->conf;
    uint32_t ms[WK_WAITS], tick = 2000;

    ms[WK_WAIT_IDLE] = conf->idle_timeout_ms;
    ms[WK_WAIT_HEAD] = conf->header_deadline_ms;
    ms[WK_WAIT_LINGER] = conf->linger_ms;
    ms[WK_WAIT_BODY] = least(conf->body_grace_ms, 1000);
    ms[WK_WAIT_WRITE] = least(conf->write_grace_ms, 1000);
    for (int i = 0; i < WK_WAITS; i++) {
        TAILQ_INIT(&h->waits[i]);
        h->wait_us[i] = (int64_t)ms[i] * 1000;
        tick = least(tick, ms[i]);
    }
    tick /= 8;
    h->tick_ms = tick < 5 ? 5 : tick;
}

/* --- accepting ----------------------------------------------------------------------------------------------------------- */
static void apply_accepting(struct wk_httpd *h)
{
    bool on = !h->stopped && !h->capped && !h->starved && !h->resting;

    for (uint32_t i = 0; i < h->n_listeners; i++) {
        struct wk_listener *l = &h->listeners[i];

        if (l->on != on && !(on ? event_add(&l->ev, NULL) : event_del(&l->ev)))
            l->on = on;
    }
}

/* At the cap the connection that has been idle longest makes room; without one, the queue of the socket waits, where the
 * other processes that share it can take from it. */
static bool make_place(struct wk_httpd *h)
{
    struct wk_wait_node *oldest = TAILQ_FIRST(&h->waits[WK_WAIT_IDLE]);

    if (h->stats.connections < h->conf.max_connections)
        return true;
    if (oldest && h->now_us - (oldest->due_us - h->wait_us[WK_WAIT_IDLE]) >= RECLAIM_IDLE_US) {
        h->stats.cap_closes++;
        wk_link_close(oldest->conn);
        return true;
    }
    if (!h->capped)
        h->stats.cap_pauses++;
    h->capped = true;
    apply_accepting(h);
    return false;
}

static void peer_text(const struct sockaddr_storage *addr, char *out, size_t size)
{
    if (addr->ss_family == AF_INET)
        (void)inet_ntop(AF_INET, &((const struct sockaddr_in *)addr)->sin_addr, out, (socklen_t)size);
    else if (addr->ss_family == AF_INET6)
        (void)inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)addr)->sin6_addr, out, (socklen_t)size);
    else
        (void)snprintf(out, size, "unix");
}

static void start_connection(struct wk_httpd *h, int fd, const struct sockaddr_storage *addr)
{
    char peer[WK_HTTP_PEER] = "";
    struct wk_link *c;

    peer_text(addr, peer, sizeof peer);
    if (addr->ss_family != AF_UNIX)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    c = wk_link_create(h, fd, peer);
    if (!c) {
        h->stats.accept_errors++;
        close(fd);
        return;
    }
    h->stats.accepted++;
    wk_wait_set(&c->in_wait, WK_WAIT_HEAD); /* the first request's deadline runs from here */
}

static void look_again(struct wk_httpd *h, uint32_t ms)
{
    apply_accepting(h);
    event_add(&h->accept_timer, &(struct timeval){ms / 1000, (suseconds_t)(ms % 1000) * 1000});
}

/* Every process that shares the socket wakes for every connection, and the one that is awake already would win them all.
 * So who has taken a batch rests for a millisecond and lets the others come; if the queue is still not empty then, they
 * are busy or there are none, and the batch doubles. */
static void rest(struct wk_httpd *h)
{
    h->batch = least(h->batch * 2, WK_HTTP_BATCH_MAX);
    h->resting = true;
    look_again(h, 1);
}

static void on_acceptable(evutil_socket_t listener, short what, void *arg)
{
    struct wk_httpd *h = arg;

    (void)what;
    h->now_us = wk_http_now_us();
    for (uint32_t i = 0; i < h->batch; i++) {
        struct sockaddr_storage addr = {0};
        socklen_t len = sizeof addr;
        int fd;

        if (!make_place(h))
            return;
        fd = accept4(listener, (struct sockaddr *)&addr, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            start_connection(h, fd, &addr);
            continue;
        }
        if (errno == EAGAIN) { /* empty, or another process was quicker */
            h->batch = h->conf.accept_batch;
            return;
        }
        if (errno == EINTR || errno == ECONNABORTED)
            continue;
        h->stats.accept_errors++;
        h->stats.accept_pauses++;
        h->starved = true; /* EMFILE and its kin stay true for a while: look again later, do not spin */
        look_again(h, h->conf.accept_retry_ms);
        return;
    }
    rest(h);
}

static void on_accept_again(evutil_socket_t fd, short what, void *arg)
{
    struct wk_httpd *h = arg;

    (void)fd, (void)what;
    h->starved = h->resting = false;
    apply_accepting(h);
}

bool wk_httpd_listen(struct wk_httpd *h, int fd, struct wk_err *err)
{
    struct wk_listener *l = &h->listeners[h->n_listeners];

    if (h->n_listeners == WK_HTTP_LISTENERS)
        return wk_fail(err, WK_SYSTEM, "http.listeners", "more than %d listening sockets", WK_HTTP_LISTENERS);
    if (evutil_make_socket_nonblocking(fd) || event_assign(&l->ev, h->base, fd, EV_READ | EV_PERSIST, on_acceptable, h))
        return wk_fail(err, WK_SYSTEM, "http.listen", "fd %d: %s", fd, strerror(errno));
    l->fd = fd;
    h->n_listeners++;
    apply_accepting(h);
    return true;
}

/* --- tick ------------------------------------------------------------------------------------------------------------------ */
static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct wk_httpd *h = arg;

    (void)fd, (void)what;
    h->now_us = wk_http_now_us();
    wk_wait_expire(h);
    if (h->capped) { /* an idle one may be old enough now */
        h->capped = false;
        apply_accepting(h);
    }
    if (!h->stats.connections) {
        event_del(&h->tick);
        h->ticking = false;
    }
}

void wk_httpd_tick_on(struct wk_httpd *h)
{
    if (h->ticking)
        return;
    event_add(&h->tick, &(struct timeval){h->tick_ms / 1000, (suseconds_t)(h->tick_ms % 1000) * 1000});
    h->ticking = true;
}

/* --- drain ------------------------------------------------------------------------------------------------------------------- */
static void offer_all(struct wk_httpd *h)
{
    struct wk_link *c, *next;

    for (c = TAILQ_FIRST(&h->conns); c; c = next) {
        next = TAILQ_NEXT(c, link);
        wk_link_offer(c);
        if (event_pending(&h->give_timer, EV_TIMEOUT, NULL))
            return; /* the channel is full */
    }
}

static void on_give_again(evutil_socket_t fd, short what, void *arg)
{
    struct wk_httpd *h = arg;

    (void)fd, (void)what;
    h->now_us = wk_http_now_us();
    offer_all(h);
}

static void on_done(evutil_socket_t fd, short what, void *arg)
{
    struct wk_httpd *h = arg;

    (void)fd, (void)what;
    if (h->done)
        h->done(h->drain_arg);
}

void wk_httpd_conn_gone(struct wk_httpd *h)
{
    if (h->capped) {
        h->capped = false;
        apply_accepting(h);
    }
    if (h->draining && !h->done_told && !h->stats.connections && !h->held) {
        h->done_told = true;
        event_active(&h->done_event, EV_TIMEOUT, 0); /* from the loop: we may be deep in an owner's call */
    }
}

void wk_httpd_stop_accepting(struct wk_httpd *h)
{
    h->stopped = true;
    apply_accepting(h);
}

void wk_httpd_drain(struct wk_httpd *h, wk_httpd_give_fn *give, void (*done)(void *arg), void *arg)
{
    wk_httpd_stop_accepting(h);
    h->draining = true;
    h->give = give;
    h->done = done;
    h->drain_arg = arg;
    h->now_us = wk_http_now_us();
    offer_all(h);
    wk_httpd_conn_gone(h);
}

bool wk_httpd_adopt(struct wk_httpd *h, int fd, const char *peer, const void *leftover, size_t len, struct wk_err *err)
{
    struct wk_link *c;

    h->now_us = wk_http_now_us();
    if (len > h->in_cap || evutil_make_socket_nonblocking(fd) || !(c = wk_link_create(h, fd, peer))) {
        close(fd);
        return wk_fail(err, WK_SYSTEM, "http.adopt", "connection of %s with %zu bytes", peer, len);
    }
    h->stats.adopted++;
    wk_wait_set(&c->in_wait, WK_WAIT_IDLE);
    if (len && (c->in = wk_pool_take(&h->in_pool))) {
        memcpy(wk_link_bytes(c), leftover, len);
        c->in_end = len;
        wk_link_kick(c);
    } else if (len) {
        wk_link_close(c);
        return wk_fail(err, WK_SYSTEM, "http.adopt", "no memory");
    }
    return true;
}

/* --- life -------------------------------------------------------------------------------------------------------------------- */
struct wk_httpd *wk_httpd_create(struct event_base *base, const struct wk_httpd_conf *conf, const struct wk_httpd_ops *ops,
                                 void *arg, struct wk_err *err)
{
    struct wk_httpd *h = calloc(1, sizeof *h);

    if (!h) {
        wk_fail(err, WK_SYSTEM, "http.no_memory", "the listener");
        return NULL;
    }
    h->base = base;
    if (conf)
        h->conf = *conf;
    set_defaults(&h->conf);
    h->batch = h->conf.accept_batch;
    h->ops = *ops;
    h->arg = arg;
    h->in_cap = h->conf.header_max_bytes + WK_HTTP_SCRATCH;
    h->in_pool.bytes = h->in_cap + sizeof(struct wk_hdr) * h->conf.header_max_count;
    h->out_pool.bytes = WK_HTTP_OUT_BLOCK;
    h->now_us = wk_http_now_us();
    TAILQ_INIT(&h->conns);
    TAILQ_INIT(&h->closed);
    set_waits(h);
    wk_head_settings(&h->settings);
    if (event_assign(&h->accept_timer, base, -1, 0, on_accept_again, h) || event_assign(&h->give_timer, base, -1, 0, on_give_again, h) ||
        event_assign(&h->done_event, base, -1, 0, on_done, h) || event_assign(&h->tick, base, -1, EV_PERSIST, on_tick, h)) {
        free(h);
        wk_fail(err, WK_SYSTEM, "http.event", "timers of the listener");
        return NULL;
    }
    return h;
}

void wk_httpd_destroy(struct wk_httpd *h)
{
    struct wk_link *c;

    if (!h)
        return;
    h->stopped = true;
    h->draining = false;
    apply_accepting(h);
    while ((c = TAILQ_FIRST(&h->conns))) {
        c->x.open = false;
        wk_link_close(c); /* frees it: nothing is pinned outside of an event */
    }
    while ((c = TAILQ_FIRST(&h->closed)))
        wk_link_destroy(c);
    event_del(&h->accept_timer);
    event_del(&h->give_timer);
    event_del(&h->done_event);
    event_del(&h->tick);
    wk_pool_finish(&h->in_pool);
    wk_pool_finish(&h->out_pool);
    free(h);
}

const struct wk_httpd_stats *wk_httpd_stats(struct wk_httpd *h)
{
    h->stats.busy = h->stats.connections - h->stats.idle;
    return &h->stats;
}
