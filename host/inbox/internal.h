/* internal.h - for inbox.c, flush.c only. */
#ifndef WK_INBOX_INTERNAL_H
#define WK_INBOX_INTERNAL_H
#include "call/arena.h"
#include "call/engine.h"
#include "db/db.h"
#include "http/server.h"
#include "db/barray.h"
#include "inbox/inbox.h"
#include "plugin/registry.h"
#include "share/share.h"
#include "tenant/directory.h"
#include <wakala/inbox.h>

struct row { /* one update of one request, ready for the flush; spans point into the request's body or its own block */
    struct wk_item item;
    const struct wk_event_type *type;
    struct wk_uuid tenant, seen;
    unsigned lane;
    bool is_quarantine, is_repeat; /* is_repeat: the same flush has it already */
};
struct request {
    struct request *next, **link; /* link: what points here while a flusher holds it */
    struct wk_exchange *x; /* NULL: answered already (too late) */
    const struct wk_inbox_hook *hook;
    struct request *settled_next;
    bool is_gone, is_whole_bad;
    bool is_settled, is_stored; /* its flush has ended, and how; the answer leaves in the same turn of the loop */
    int64_t until_us;
    size_t bytes;
    const char *why;       /* is_whole_bad */
    char trace[33];        /* the sender's trace id, when it has one */
    const char *body;
    size_t body_len;
    struct row *rows;
    size_t n, room;
    struct wk_arena scratch;
};
struct columns { /* the parameters of one flush; kept and reused */
    struct barray seen, sorted, cls, lane, version, id, tenant, type, key, payload, trace; /* seen in the rows' order */
    struct barray s_tenant, s_callback, s_message, s_rank, s_error;
    struct barray q_channel, q_address, q_why, q_body;
    uint64_t lanes[WK_SHARE_CLASSES];
    uint64_t repeats;
    const char *last_channel, *last_why; /* of what goes into quarantine; borrowed from the flush */
    struct wk_span last_address;
};
struct keyed { /* an update that is to be stored as an event, by its dedupe key */
    struct row *row;
    size_t n;
};
struct flusher {
    struct wk_inbox_room *room;
    struct wk_fiber *fiber;
    struct columns columns;
    struct keyed *keyed; /* kept and reused */
    size_t keyed_room;
    int64_t repeats_until_us; /* keys that were there already came lately: ask first until then */
    bool is_idle;
};
struct wk_inbox_room {
    struct wk_inbox_conf conf;
    struct wk_engine *engine;
    struct request *first, **end; /* waiting, oldest first */
    uint64_t waiting_bytes;
    struct flusher flusher;
    struct event *timer; /* looks for requests past their deadline */
    struct request *flushing; /* what the flusher holds, until it is answered */
    struct request *settled, **settled_end; /* of these, what waits for its answer */
    struct event *answers;
    bool is_draining;
    struct wk_fiber *drainer;
    struct evp_md_ctx_st *digest; /* kept: finding SHA-256 anew costs more than hashing a key */
    uint64_t unsaid; /* updates in quarantine that nobody was told of yet */
    int64_t next_alert_us;
    struct wk_inbox_stats stats;
};
bool flush_requests(struct flusher *f, struct request **requests, size_t n, int64_t until_us, struct wk_err *err);
void request_free(struct request *r);
void inbox_flush_loop(void *arg);
#endif
