/* event.h - the log: publish, subscribe, timers. Everything here queues on the call and is written by its one commit:
 * no event without its change, no change without its event.
 * Order is kept per (tenant, key); different keys run side by side. A subscriber sees an event at least once, and its own writes
 * take effect once: the handled mark commits with them. */
#ifndef WAKALA_EVENT_H
#define WAKALA_EVENT_H
#include <wakala/call.h>

/* Separate queues with weights: a flood of LOW never delays HIGH. */
enum wk_priority { WK_HIGH = 0, WK_NORMAL = 1, WK_LOW = 2 };

struct wk_event_type { /* a contract: payloads only grow, a break is a new type */
    const char *name;    /* "order.created"; NULL ends the table */
    enum wk_priority priority;
    uint32_t version;    /* of the payload, from 1 */
    int64_t ttl_s;       /* how long it is worth acting on, seconds; 0: for ever. Whom it reaches later than that: a dead letter event.expired */
    const char *key;     /* what orders it, in words: "order id" */
    const char *schema;  /* file below the plugin's events/, JSON Schema 2020-12 */
    const char *summary;
};

struct wk_event { /* lives until the handler returns */
    uint32_t size;
    uint32_t version;
    struct wk_uuid id; /* UUIDv7, made by the publisher's host */
    int64_t seq;       /* place in the server's log */
    const char *type, *key;
    const char *payload; /* JSON text, NUL-terminated */
    size_t payload_len;
    int64_t at_us;       /* database clock */
    uint32_t attempt;    /* 1 for the first */
    uint32_t reserved;
    const char *trace_id;
};

enum wk_from { WK_FROM_NOW, WK_FROM_START }; /* where a new subscription's cursor begins */

struct wk_sub {
    const char *name;    /* unique inside the plugin: "<plugin>.<name>" owns the cursor; NULL ends the table */
    const char *pattern; /* an event type, or a prefix with "*": "order.*" */
    enum wk_from from;
    uint32_t deadline_ms; /* 0: 30 s */
    /* True: done, commit. False: TRANSIENT and SYSTEM are tried again (three times, growing delays, later events of the key wait),
     * BUSINESS and SECURITY go to the dead letters at once. May suspend. */
    bool (*run)(struct wk_call *call, const struct wk_event *event, struct wk_err *err);
};

/* `key` orders the event (1..200 bytes); payload is JSON text, copied, <= 256 KiB. The type must be declared by an enabled plugin. Does not suspend.
 * event.unknown_type, event.no_tenant, event.key, event.too_large (SYSTEM). */
static inline bool wk_publish(struct wk_call *call, const char *type, const char *key, const char *json, size_t len,
                              struct wk_err *err)
{
    return wk_host->publish(call, type, key, json, len, err);
}
/* At `at_us` (database clock) publish `type` with `key`; in the past: at once, after the commit. One timer per (tenant, key, name): again = moves it.
 * Checked like wk_publish(). Does not suspend. */
static inline bool wk_schedule(struct wk_call *call, const char *key, const char *name, int64_t at_us, const char *type,
                               const char *json, size_t len, struct wk_err *err)
{
    return wk_host->schedule(call, key, name, at_us, false, type, json, len, err);
}
/* The same for idle time-outs: an earlier timer stays and costs no write; its handler looks at the state and re-arms. */
static inline bool wk_schedule_lazy(struct wk_call *call, const char *key, const char *name, int64_t at_us, const char *type,
                                    const char *json, size_t len, struct wk_err *err)
{
    return wk_host->schedule(call, key, name, at_us, true, type, json, len, err);
}
/* No timer of that name is no error. Does not suspend. */
static inline bool wk_unschedule(struct wk_call *call, const char *key, const char *name, struct wk_err *err)
{
    return wk_host->unschedule(call, key, name, err);
}
/* In an event handler: `return wk_later(call, at_us, err);` rolls back and runs this event again at that time; later events of the key
 * wait behind it; it does not count as an attempt. Always false; call.not_event (SYSTEM) elsewhere. Does not suspend. */
static inline bool wk_later(struct wk_call *call, int64_t at_us, struct wk_err *err) { return wk_host->later(call, at_us, err); }

/* Once, whatever the event or request is called: the first call of this plugin and tenant with `key` (1..200 bytes: the id that the other side gave
 * its work) gets *first = true, all others false, also those that come at the same moment: they wait for the first one's commit, and are first
 * themselves when it rolled back. A statement of the call's transaction, which it opens: suspends. Remembered for lifetimes.once_keys. event.key,
 * event.no_tenant (SYSTEM), else as wk_db_write(). */
static inline bool wk_once(struct wk_call *call, const char *key, bool *first, struct wk_err *err) { return wk_host->once(call, key, first, err); }

/* The tenant's pending timers of a key, the next one first: at most `max` into `timers`, how many there are in *n. Suspends; as wk_db_read(). Text
 * lives until the call ends. */
struct wk_timer {
    const char *name, *type;
    int64_t due_us; /* database clock */
};
static inline bool wk_timers(struct wk_call *call, const char *key, struct wk_timer *timers, size_t max, size_t *n, struct wk_err *err)
{
    return wk_host->timers(call, key, timers, max, n, err);
}
#endif
