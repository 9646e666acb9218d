/* conn.c - one connection: its events, its stages, its end. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "internal.h"

static void on_readable(evutil_socket_t fd, short what, void *arg);
static void on_writable(evutil_socket_t fd, short what, void *arg);

static void want_read(struct wk_link *c, bool on)
{
    if (c->reading == on)
        return;
    if (on ? event_add(&c->ev_read, NULL) : event_del(&c->ev_read))
        return;
    c->reading = on;
    if (!on && c->kick)
        event_active(&c->ev_read, EV_READ, 0); /* event_del took the kick along */
}

struct wk_link *wk_link_create(struct wk_httpd *h, int fd, const char *peer)
{
    struct wk_link *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->h = h;
    c->fd = fd;
    c->x.conn = c;
    c->in_wait = (struct wk_wait_node){.conn = c, .list = -1};
    c->out_wait = (struct wk_wait_node){.conn = c, .list = -1};
    (void)snprintf(c->peer, sizeof c->peer, "%s", peer ? peer : "");
    if (event_assign(&c->ev_read, h->base, fd, EV_READ | EV_PERSIST, on_readable, c) ||
        event_assign(&c->ev_write, h->base, fd, EV_WRITE | EV_PERSIST, on_writable, c)) {
        free(c);
        return NULL;
    }
    want_read(c, true);
    if (!c->reading) {
        free(c);
        return NULL;
    }
    TAILQ_INSERT_TAIL(&h->conns, c, link);
    h->stats.connections++;
    h->stats.idle++;
    wk_httpd_tick_on(h);
    return c;
}

void wk_link_set_stage(struct wk_link *c, enum wk_stage stage)
{
    if (c->stage == WK_STAGE_IDLE && stage != WK_STAGE_IDLE)
        c->h->stats.idle--;
    else if (c->stage != WK_STAGE_IDLE && stage == WK_STAGE_IDLE)
        c->h->stats.idle++;
    c->stage = stage;
}

void wk_link_pin(struct wk_link *c) { c->pins++; }

void wk_link_unpin(struct wk_link *c)
{
    if (--c->pins || c->stage != WK_STAGE_CLOSED || c->x.open)
        return;
    wk_link_destroy(c);
}

static void drop_input(struct wk_link *c)
{
    if (!c->in)
        return;
    wk_pool_give(&c->h->in_pool, c->in);
    c->in = NULL;
    c->in_pos = c->in_end = c->scanned = 0;
}

/* Its fd is closed and nobody holds the exchange. */
void wk_link_destroy(struct wk_link *c)
{
    struct wk_httpd *h = c->h;

    TAILQ_REMOVE(&h->closed, c, link);
    h->held--;
    wk_reader_free_body(&c->x);
    drop_input(c);
    wk_writer_free(c);
    free(c);
    wk_httpd_conn_gone(h);
}

void wk_link_close(struct wk_link *c)
{
    struct wk_httpd *h = c->h;

    if (c->stage == WK_STAGE_CLOSED)
        return;
    wk_link_pin(c);
    wk_wait_clear(&c->in_wait);
    wk_wait_clear(&c->out_wait);
    event_del(&c->ev_read);
    event_del(&c->ev_write);
    close(c->fd);
    c->fd = -1;
    wk_link_set_stage(c, WK_STAGE_CLOSED);
    h->stats.connections--;
    TAILQ_REMOVE(&h->conns, c, link);
    TAILQ_INSERT_TAIL(&h->closed, c, link);
    h->held++;
    c->x.gone = true;
    wk_writer_free(c);
    wk_httpd_conn_gone(h);
    wk_link_unpin(c);
}

void wk_link_lost(struct wk_link *c, bool tell)
{
    struct wk_exchange *x = &c->x;
    bool told = tell && x->open && x->known && !x->gone && c->h->ops.on_abort;

    wk_link_pin(c);
    if (x->open && x->known && !x->gone)
        c->h->stats.aborts++;
    wk_link_close(c);
    if (told)
        c->h->ops.on_abort(x, c->h->arg);
    if (!x->delivered) /* never handed over for good: nobody will finish it */
        x->open = false;
    wk_link_unpin(c);
}

static void give_away(struct wk_link *c)
{
    struct wk_httpd *h = c->h;
    size_t len = c->in_end - c->in_pos;

    switch (h->give(c->fd, c->peer, len ? wk_link_bytes(c) + c->in_pos : "", len, h->drain_arg)) {
    case WK_GIVEN:
        h->stats.given++;
        wk_link_close(c);
        break;
    case WK_GIVE_CLOSE:
        wk_link_close(c);
        break;
    case WK_GIVE_LATER:
        event_add(&h->give_timer, &(struct timeval){0, 10000});
        break;
    }
}

/* Between two requests and nothing unsent. Bytes of a next request travel along; when they are more than a header may be
 * (a body has begun), this process answers that request first. */
void wk_link_offer(struct wk_link *c)
{
    if (c->stage > WK_STAGE_HEAD || wk_out_pending(c) || c->in_process || c->half_closed ||
        c->in_end - c->in_pos > c->h->conf.header_max_bytes)
        return;
    if (c->h->give)
        give_away(c);
    else if (c->stage == WK_STAGE_IDLE && c->in_end == c->in_pos)
        wk_link_close(c);
}

void wk_link_kick(struct wk_link *c)
{
    if (c->kick)
        return;
    c->kick = true;
    event_active(&c->ev_read, EV_READ, 0);
}

static void start_linger(struct wk_link *c)
{
    shutdown(c->fd, SHUT_WR);
    wk_link_set_stage(c, WK_STAGE_LINGER);
    wk_wait_set(&c->in_wait, WK_WAIT_LINGER);
    want_read(c, true);
}

static void go_idle(struct wk_link *c)
{
    drop_input(c);
    want_read(c, true);
    wk_wait_set(&c->in_wait, WK_WAIT_IDLE);
    if (c->h->draining)
        wk_link_offer(c);
}

/* After processing or an owner's reply: flush, then the step that follows from the stage. */
void wk_link_settle(struct wk_link *c)
{
    if (c->stage == WK_STAGE_CLOSED || c->in_process)
        return;
    wk_link_pin(c);
    if (!wk_writer_flush(c)) {
        wk_link_lost(c, false);
    } else if (c->stage == WK_STAGE_CLOSING && !wk_out_pending(c)) {
        if (c->must_linger && !c->half_closed)
            start_linger(c);
        else
            wk_link_close(c);
    } else if (c->stage == WK_STAGE_IDLE) {
        if (c->in_pos < c->in_end) {
            if (c->h->draining)
                wk_link_offer(c);
            if (c->stage == WK_STAGE_IDLE && wk_out_pending(c) <= c->h->conf.write_mark_bytes)
                wk_link_kick(c);
        } else if (c->half_closed) {
            wk_link_set_stage(c, WK_STAGE_CLOSING); /* answered all it asked */
            c->must_linger = false;
            wk_link_settle(c);
        } else {
            go_idle(c);
        }
    }
    wk_link_unpin(c);
}

void wk_link_process(struct wk_link *c)
{
    uint32_t before = c->served;

    if (c->in_process || c->stage == WK_STAGE_CLOSED)
        return;
    wk_link_pin(c);
    c->in_process = true;
    while (wk_reader_step(c)) {
        if (c->stage == WK_STAGE_IDLE &&
            (c->served - before >= WK_HTTP_TURN_REQUESTS || wk_out_pending(c) > c->h->conf.write_mark_bytes))
            break; /* let the others have a turn; settle() comes back here */
    }
    c->in_process = false;
    wk_link_settle(c);
    wk_link_unpin(c);
}

/* The owner has replied or given up: free what the request held and see what the connection does next. */
void wk_link_exchange_done(struct wk_link *c)
{
    struct wk_exchange *x = &c->x;

    wk_link_pin(c);
    x->open = false;
    wk_reader_free_body(x);
    if (c->stage == WK_STAGE_HANDLE || c->stage == WK_STAGE_BODY) {
        bool unread = !x->body_done;

        if (c->stage == WK_STAGE_BODY)
            wk_wait_clear(&c->in_wait);
        c->must_linger = unread || c->in_pos < c->in_end;
        if (!x->keep_alive)
            wk_link_set_stage(c, WK_STAGE_CLOSING);
        else if (unread)
            wk_link_set_stage(c, WK_STAGE_DISCARD);
        else
            wk_link_set_stage(c, WK_STAGE_IDLE);
        if (c->stage == WK_STAGE_DISCARD) {
            c->rate_since_us = c->h->now_us;
            c->rate_seen = 0;
            wk_wait_set(&c->in_wait, WK_WAIT_BODY);
        }
        if (c->stage == WK_STAGE_DISCARD && !c->in_process) {
            want_read(c, true);
            wk_link_kick(c);
        }
        wk_link_settle(c);
    }
    wk_link_unpin(c);
}

static void at_eof(struct wk_link *c)
{
    struct wk_exchange *x = &c->x;

    c->half_closed = true;
    want_read(c, false); /* else level-triggered EOF spins */
    if (x->open && x->body_done && !x->watch)
        return; /* the client may still listen: it gets its reply */
    if (c->stage == WK_STAGE_CLOSING || (c->stage == WK_STAGE_IDLE && c->in_pos < c->in_end))
        return; /* flushing, or requests of a full pipeline wait */
    if (!x->open && wk_out_pending(c)) {
        wk_link_set_stage(c, WK_STAGE_CLOSING);
        c->must_linger = false;
    } else if (x->open)
        wk_link_lost(c, true);
    else
        wk_link_close(c);
}

static void read_once(struct wk_link *c)
{
    struct iovec room;
    ssize_t n;

    if (!wk_reader_room(c, &room)) {
        want_read(c, false); /* bounded: TCP holds the client back until this request is done */
        return;
    }
    n = recv(c->fd, room.iov_base, room.iov_len, 0);
    if (n > 0) {
        c->h->stats.bytes_in += (uint64_t)n;
        wk_reader_got(c, (size_t)n);
        wk_link_process(c);
    } else if (n == 0) {
        at_eof(c);
    } else if (errno != EAGAIN && errno != EINTR) {
        wk_link_lost(c, true);
    }
}

static void discard_once(struct wk_link *c)
{
    static char sink[16384];
    ssize_t n = recv(c->fd, sink, sizeof sink, 0);

    if (n > 0 && (c->lingered += (uint64_t)n) < 1u << 20)
        return;
    if (n >= 0 || (errno != EAGAIN && errno != EINTR))
        wk_link_close(c);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct wk_link *c = arg;

    (void)fd, (void)what;
    c->h->now_us = wk_http_now_us();
    wk_link_pin(c);
    if (c->kick) {
        c->kick = false;
        wk_link_process(c);
        if (c->stage != WK_STAGE_CLOSED && !c->half_closed && c->stage != WK_STAGE_CLOSING)
            want_read(c, true);
    } else if (c->stage == WK_STAGE_LINGER) {
        discard_once(c);
    } else if (c->stage == WK_STAGE_CLOSING) {
        want_read(c, false);
    } else {
        read_once(c);
    }
    wk_link_unpin(c);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct wk_link *c = arg;
    struct wk_exchange *x = &c->x;

    (void)fd, (void)what;
    c->h->now_us = wk_http_now_us();
    wk_link_pin(c);
    if (!wk_writer_flush(c)) {
        wk_link_lost(c, true);
    } else if (x->open && x->streaming) {
        if (x->wait_drain && wk_out_pending(c) <= c->h->conf.write_mark_bytes / 2) {
            x->wait_drain = false;
            if (c->h->ops.on_drain)
                c->h->ops.on_drain(x, c->h->arg);
        }
    } else {
        wk_link_settle(c);
    }
    wk_link_unpin(c);
}
