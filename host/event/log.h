/* log.h - the log as one worker lives it: which lanes it owns, what it has read, who is still handling what. docs/design/log.md.
 * Start it after the registry is open and the directory is loaded; drain it before the worker ends. Threads: the loop's. */
#ifndef WK_LOG_ROOM_H
#define WK_LOG_ROOM_H
#include <stdbool.h>
#include <stdint.h>
#include <wakala/err.h>

struct wk_engine;
struct wk_log;
struct wk_settings;

struct wk_log_conf {
    struct wk_engine *engine;
    unsigned server;           /* whose log: index in the engine. Main's alone goes over the bus */
    const struct wk_settings *settings; /* lifetimes.* */
    const char *owner;         /* for people: host, pid */
    uint32_t max_running;      /* handlers at once; 0 = 256; a tenant has at most a quarter */
    uint32_t poll_ms;          /* how often lanes are looked at without a wake-up; 0 = 100 */
    uint32_t read_max;         /* events in memory per lane and class; 0 = 500 */
    uint32_t fallback_ms;      /* a bus that has not confirmed an event within it is not relied on; 0 = 2,000 */
    /* Optional: every cache.invalidated that passes, of all lanes, whoever owns them; may come twice. And: some may have passed unseen. Never park. */
    void (*invalidated)(void *arg, const struct wk_uuid *tenant, const char *pattern, const struct wk_uuid *id);
    void (*unseen)(void *arg);
    void *invalidated_arg;
};
struct wk_log *wk_log_create(const struct wk_log_conf *conf, struct wk_err *err);
bool wk_log_start(struct wk_log *log, struct wk_err *err); /* on a fiber: registers subscriptions; then runs by itself */
/* New events in these lanes: of our own commits (the others are told too) or told by another worker. */
void wk_log_published(struct wk_log *log, unsigned cls, uint64_t lanes);
void wk_log_woken(struct wk_log *log, uint64_t lanes);
void wk_log_clock_moved(struct wk_log *log);   /* due timers and waiting retries are looked at now */
void wk_log_parked_changed(struct wk_log *log); /* somebody requeued */
/* Looks at once: after it, what comes for a key queues behind what lies parked for it. Parks. */
bool wk_log_load_parked(struct wk_log *log, struct wk_err *err);
/* On a fiber: take nothing new, let handlers finish (cancel them at the deadline), write cursors, give the lanes back. */
void wk_log_drain(struct wk_log *log, int64_t until_us);
void wk_log_destroy(struct wk_log *log); /* after a drain; NULL allowed */

struct wk_event_stats {
    uint32_t lanes, in_memory, running, waiting_keys, blocked_keys;
    uint64_t read, handled, failed, parked, dead, expired, conflicts, timers;
    struct wk_bus_stats { /* of the bus, when there is one */
        const char *name; /* its plugin; NULL: none */
        bool is_up, is_relay; /* connected; this worker publishes */
        uint64_t published, confirmed, returned, nacked, delivered, redelivered, duplicates, gaps, fallback_ms, connects;
    } bus;
};
const struct wk_event_stats *wk_event_stats(const struct wk_log *log);
#endif
