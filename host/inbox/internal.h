/* internal.h - for inbox.c, flush.c only. */
#ifndef WK_INBOX_INTERNAL_H
#define WK_INBOX_INTERNAL_H
#include "call/arena.h"
#include "call/engine.h"
#include "db/db.h"
#include "http/server.h"
#include "inbox/barray.h"
#include "inbox/inbox.h"
#include "plugin/registry.h"
#include "share/share.h"
#include "tenant/directory.h"
#include <wakala/inbox.h>

struct row { /* one update of one request, ready for the flush; spans point into the request's body or its own block */
    struct wk_item item;
    const struct wk_event_type *type;
    struct wk_uuid tenant, seen;
    int32_t day; /* PostgreSQL's: since 2000-01-01 */
    unsigned lane;
    bool is_quarantine;
};
struct request {
    struct request *next, **link; /* link: what points here while a flusher holds it */
    struct wk_exchange *x; /* NULL: answered already (too late) */
    const struct wk_inbox_hook *hook;
    bool is_gone, is_flushing, is_whole_bad;
    int64_t until_us;
    size_t bytes;
    const char *why;       /* is_whole_bad */
    const char *body;
    size_t body_len;
    struct row *rows;
    size_t n, room;
    struct wk_arena scratch;
};
struct columns { /* the parameters of one flush; kept and reused */
    struct barray day, seen, tenant, cls, lane, version, id, type, key, payload;
    struct barray s_tenant, s_callback, s_message, s_rank, s_error;
    struct barray q_channel, q_address, q_why, q_body;
    uint64_t lanes[WK_SHARE_CLASSES];
};
struct flusher {
    struct wk_inbox_room *room;
    struct wk_fiber *fiber;
    struct columns columns;
    bool is_idle;
};
struct wk_inbox_room {
    struct wk_inbox_conf conf;
    struct wk_engine *engine;
    struct request *first, **end; /* waiting, oldest first */
    size_t waiting, in_flight;
    uint64_t waiting_bytes;
    struct flusher flusher[8];
    struct event *timer; /* looks for requests past their deadline */
    struct request *flushing; /* heads of what the flushers hold, through next */
    bool is_draining;
    struct wk_fiber *drainer;
    struct evp_md_ctx_st *digest; /* kept: finding SHA-256 anew costs more than hashing a key */
    struct wk_inbox_stats stats;
};
bool flush_requests(struct flusher *f, struct request **requests, size_t n, int64_t until_us, struct wk_err *err);
void request_free(struct request *r);
void inbox_flush_loop(void *arg);
#endif
