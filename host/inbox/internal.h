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
    unsigned server, lane; /* server: index in the engine; what is in quarantine is main's */
    bool is_quarantine, is_repeat; /* is_repeat: the same flush has it already */
};
struct request;
struct part { /* what of a request one server stores; nearly always all of it */
    struct part *next; /* in its flusher's queue */
    struct request *request;
};
struct request {
    struct request *next, **link; /* among all that are not answered, oldest first */
    struct wk_exchange *x; /* NULL: answered already (too late) */
    const struct wk_inbox_hook *hook;
    struct request *settled_next;
    bool is_gone, is_whole_bad;
    bool is_flushing; /* a flusher holds a part of it */
    bool is_stored;   /* no flush of it has failed; the answer leaves in the same turn of the loop as the last one's */
    bool is_again;    /* another try in a moment: a tenant of it is on its way to another server, or it turned out to be main's */
    unsigned parts;   /* that are not done */
    struct part part[WK_SERVERS];
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
    struct barray f_tenant; /* whose rows they are: each once, but for the many */
    uint64_t lanes[WK_SHARE_CLASSES];
    uint64_t repeats;
    const char *last_channel, *last_why; /* of what goes into quarantine; borrowed from the flush */
    struct wk_span last_address;
};
struct keyed { /* an update that is to be stored as an event, by its dedupe key */
    struct row *row;
    size_t n;
};
struct flusher { /* of one server */
    struct wk_inbox_room *room;
    unsigned server;
    struct part *first, **end; /* waiting, oldest first */
    struct wk_fiber *fiber;
    struct columns columns;
    struct keyed *keyed; /* kept and reused */
    size_t keyed_room;
    int64_t repeats_until_us; /* keys that were there already came lately: ask first until then */
    struct wk_uuid known[8]; /* of f_tenant, those that were put last */
    bool is_idle;
};
struct wk_inbox_room {
    struct wk_inbox_conf conf;
    struct wk_engine *engine;
    struct request *first, **end; /* not answered, oldest first */
    uint64_t waiting_bytes;       /* of their bodies */
    unsigned held;                /* of them, those that begin again */
    struct flusher flusher[WK_SERVERS];
    struct event *timer; /* looks for requests past their deadline, and those that begin again */
    struct request *settled, **settled_end; /* of these, whose parts are all done */
    struct event *answers;
    bool is_draining;
    struct wk_fiber *drainer;
    struct evp_md_ctx_st *digest; /* kept: finding SHA-256 anew costs more than hashing a key */
    uint64_t unsaid; /* updates in quarantine that nobody was told of yet */
    int64_t next_alert_us;
    struct wk_inbox_stats stats;
};
/* The flusher's part of each. is_stored and is_again of the requests say what failed; err the last reason. */
void flush_requests(struct flusher *f, struct request **requests, size_t n, int64_t until_us, struct wk_err *err);
void request_hold(struct wk_inbox_room *room, struct request *r); /* it begins again */
void request_free(struct request *r);
void inbox_flush_loop(void *arg);
#endif
