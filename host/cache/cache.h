/* cache.h - one worker's cache: memory, Redis, whoever loads. docs/design/cache.md has the reasons.
 *
 * Nothing that is served is older than the lifetime its asker names, counted from before its load began; nothing is served whose tag was changed
 * before the asker asked, as far as this machine has been told. Redis away is never an error here. Threads: the loop's. */
#ifndef WK_CACHE_ROOM_H
#define WK_CACHE_ROOM_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wakala/base.h>
#include <wakala/err.h>

struct wk_cache;
struct wk_redis;
struct wk_sched;
struct wk_share;

struct wk_cache_conf {
    struct wk_sched *sched;
    struct wk_share *share; /* tag versions of this machine; NULL (unit tests): nothing is ever invalidated */
    struct wk_redis *redis; /* NULL: none */
    size_t l1_max;          /* bytes */
    uint32_t l1_ttl_ms, l2_ttl_ms, negative_ttl_ms; /* at most */
    uint32_t wait_ms;       /* for another worker's load, before loading too */
    size_t value_max;       /* bytes; larger ones do not go into Redis */
    unsigned logs;          /* of so many servers, which somebody on this machine reads and says so in share/: not lately, and without Redis: doubt. 0: none */
    unsigned worker;        /* label of the gauges */
    int64_t (*now_us)(void *arg); /* the database's clock */
    void *now_arg;
};
struct wk_cache *wk_cache_create(const struct wk_cache_conf *conf, struct wk_err *err);
void wk_cache_destroy(struct wk_cache *cache); /* NULL allowed; nobody may be waiting */

struct wk_cache_loaded {
    const void *data; /* of the loader: until the asker's call ends */
    size_t len;
    bool is_none; /* there is no such thing: kept for a short time only */
};
struct wk_cache_ask {
    const struct wk_uuid *tenant;
    const char *ns;   /* "catalog.shelves": what the pattern "catalog.shelves:*" forgets */
    const void *key;
    size_t key_len;
    const char *tags; /* at most 8, separated by blanks; NULL: none */
    uint32_t lifetime_ms, negative_ms; /* negative 0: the setting */
    bool is_local;    /* not into Redis */
    bool (*load)(void *arg, struct wk_cache_loaded *out, struct wk_err *err); /* on the asker's fiber; may park */
    void *load_arg;
    void *(*alloc)(void *arg, size_t bytes); /* memory of the answer */
    void *alloc_arg;
};
/* Parks when it must load or wait. False: the loader's error, cache.tags (SYSTEM), call.memory_limit, call.deadline, call.cancelled. */
bool wk_cache_fetch(struct wk_cache *cache, const struct wk_cache_ask *ask, struct wk_cache_loaded *out, struct wk_err *err);

/* After the commit that published the event `id`: in Redis first, then on this machine. A tag, "ns:*" or "*". Parks for at most the budget of Redis. */
void wk_cache_forget(struct wk_cache *cache, const struct wk_uuid *tenant, const char *pattern, const struct wk_uuid *id);
/* The log has shown the event of somebody's commit. Never parks. */
void wk_cache_seen(struct wk_cache *cache, const struct wk_uuid *tenant, const char *pattern, const struct wk_uuid *id);
/* Invalidations may have been missed: what this worker keeps counts no more. */
void wk_cache_doubt(struct wk_cache *cache);
bool wk_cache_is_pattern(const char *pattern); /* [a-z0-9_.-]{1,64}, the same with ":*" behind, or "*" */
void wk_cache_show(struct wk_cache *cache); /* gauges into the metrics: now and then */
#endif
