/* inbox.h - durable webhooks for every channel and gateway: verify raw bytes, split, store with one flush for all that wait, then 200.
 * The hot path: no fiber per request, no timer per flush, one copy of a body (into PostgreSQL's buffer). docs/design/inbox.md.
 * Threads: the loop's. */
#ifndef WK_INBOX_ROOM_H
#define WK_INBOX_ROOM_H
#include <stdbool.h>
#include <stdint.h>
#include <wakala/err.h>

struct wk_engine;
struct wk_exchange;
struct wk_inbox_hook;
struct wk_inbox_room;

struct wk_inbox_conf {
    struct wk_engine *engine;
    uint32_t batch_max;     /* updates in one flush; 0 = 512 */
    uint64_t waiting_max;   /* bytes of bodies waiting; above: 503. 0 = 64 MiB */
    uint32_t deadline_ms;   /* from the request's first byte to its answer; 0 = 2,500: senders give up at 3 to 5 s */
};
struct wk_inbox_room *wk_inbox_create(const struct wk_inbox_conf *conf, struct wk_err *err);
bool wk_inbox_start(struct wk_inbox_room *room, struct wk_err *err);
/* The body is whole. Answers now (401, 503) or after the commit. `app` is copied. */
void wk_inbox_take(struct wk_inbox_room *room, struct wk_exchange *x, const struct wk_inbox_hook *hook, const char *app);
void wk_inbox_handshake(struct wk_inbox_room *room, struct wk_exchange *x, const struct wk_inbox_hook *hook, const char *app);
bool wk_inbox_owns(const struct wk_inbox_room *room, const void *data); /* is an exchange's data slot ours */
void wk_inbox_gone(struct wk_exchange *x); /* the client left; what was taken is stored all the same */
void wk_inbox_drain(struct wk_inbox_room *room, int64_t until_us); /* on a fiber: until everything taken is answered */
void wk_inbox_destroy(struct wk_inbox_room *room);

struct wk_inbox_stats {
    uint64_t requests, stored, updates, duplicates, statuses, quarantined, forged, refused, late, flushes;
};
const struct wk_inbox_stats *wk_inbox_stats(const struct wk_inbox_room *room);
#endif
