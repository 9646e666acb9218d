/* wait.c - deadlines without a timer per connection: one list per kind of wait, each with a constant interval, so that
 * appending keeps it in order and the tick only looks at the heads. */
#include "internal.h"

void wk_wait_clear(struct wk_wait_node *n)
{
    if (n->list < 0)
        return;
    TAILQ_REMOVE(&n->conn->h->waits[n->list], n, link);
    n->list = -1;
}

void wk_wait_set(struct wk_wait_node *n, int list)
{
    struct wk_httpd *h = n->conn->h;

    wk_wait_clear(n);
    n->list = list;
    n->due_us = h->now_us + h->wait_us[list];
    TAILQ_INSERT_TAIL(&h->waits[list], n, link);
}

/* Below `rate` bytes per second over the time after the grace? */
static bool too_slow(int64_t elapsed_us, uint32_t grace_ms, uint32_t rate, uint64_t seen)
{
    int64_t over = elapsed_us - (int64_t)grace_ms * 1000;

    return over > 0 && seen < (uint64_t)over * rate / 1000000u;
}

static void expire(struct wk_link *c, int list)
{
    struct wk_httpd *h = c->h;

    switch (list) {
    case WK_WAIT_IDLE:
        h->stats.idle_timeouts++;
        wk_link_close(c);
        break;
    case WK_WAIT_HEAD:
        h->stats.header_timeouts++;
        if (c->stage == WK_STAGE_HEAD)
            wk_reader_refuse(c, 408);
        else
            wk_link_close(c); /* connected and never spoke */
        break;
    case WK_WAIT_BODY:
        if (!too_slow(h->now_us - c->rate_since_us, h->conf.body_grace_ms, h->conf.body_min_rate, c->rate_seen)) {
            wk_wait_set(&c->in_wait, WK_WAIT_BODY);
            break;
        }
        h->stats.body_timeouts++;
        if (c->stage == WK_STAGE_BODY)
            wk_reader_refuse(c, 408);
        else
            wk_link_close(c); /* already answered */
        break;
    case WK_WAIT_WRITE:
        if (!too_slow(h->now_us - c->out_since_us, h->conf.write_grace_ms, h->conf.write_min_rate, c->out_seen)) {
            wk_wait_set(&c->out_wait, WK_WAIT_WRITE);
            break;
        }
        h->stats.write_timeouts++;
        wk_link_lost(c, true);
        break;
    default:
        wk_link_close(c); /* lingered long enough */
    }
}

void wk_wait_expire(struct wk_httpd *h)
{
    for (int list = 0; list < WK_WAITS; list++) {
        struct wk_wait_node *n;

        while ((n = TAILQ_FIRST(&h->waits[list])) && n->due_us <= h->now_us) {
            struct wk_link *c = n->conn;

            wk_wait_clear(n);
            wk_link_pin(c);
            expire(c, list);
            if (c->stage == WK_STAGE_CLOSING)
                wk_link_settle(c);
            wk_link_unpin(c);
        }
    }
}
