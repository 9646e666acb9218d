/* internal.h - what the files of this room share. Nobody else includes it. */
#ifndef WK_CACHE_INTERNAL_H
#define WK_CACHE_INTERNAL_H
#include "cache/cache.h"
#include "cache/l1.h"
#include "cache/value.h"

#include <sys/queue.h>

struct wk_fiber;
struct wk_metric;
struct wk_redis_sub;

enum { FLIGHT_BUCKETS = 256, TAG_MAX = 64, NS_MAX = 64, KEY_MAX = 4096, TOLD_MAX = 4096 };

struct tags { /* of one value: the two that all have, then its own */
    unsigned n;
    char text[WK_CACHE_TAGS][TAG_MAX + 4];
    uint32_t cell[WK_CACHE_TAGS];
};
struct seen_cells {
    uint64_t version[WK_CACHE_TAGS];
};

struct flight { /* a load under way; lives as long as somebody looks at it */
    LIST_ENTRY(flight) link;
    TAILQ_HEAD(, flight_waiter) waiters;
    struct wk_fiber *leader;
    struct wk_uuid tenant;
    struct seen_cells cells; /* before the load began */
    uint64_t doubt;
    unsigned refs;
    bool is_done, is_again, ok, is_listed;
    struct wk_cache_loaded answer; /* data is the flight's own */
    struct wk_err err;
    uint64_t hash;
    size_t key_len;
    char key[];
};

struct rumor { /* an invalidation the log has shown, not yet known to be told in Redis */
    struct wk_uuid tenant, id;
    char pattern[TAG_MAX + 4];
};

struct wk_cache {
    struct wk_cache_conf conf;
    struct wk_l1 *l1;
    uint64_t doubt;        /* what was kept under another number counts no more */
    bool was_told;
    bool is_listening;     /* Redis tells us what others change */
    uint64_t losses;       /* of Redis' connections, as last seen */
    int64_t trusted_us;    /* what Redis has from before this is not believed; monotonic */
    uint64_t random;
    LIST_HEAD(, flight) flights[FLIGHT_BUCKETS];
    struct wk_redis_sub *sub;
    struct rumor *rumors;  /* a ring */
    size_t rumor_first, rumor_count;
    struct wk_fiber *teller;
    bool is_closing;
    struct {
        struct wk_metric *hits_l1, *hits_l2, *misses_l1, *misses_l2, *loads, *load_failures, *coalesced, *refreshed, *waits;
        struct wk_metric *refused_tag, *refused_doubt, *refused_damaged, *forgot_own, *forgot_redis, *forgot_log;
        struct wk_metric *evictions, *bytes, *entries;
    } m;
    uint64_t evictions_shown;
};

/* cache.c */
uint64_t cache_random(struct wk_cache *cache);
void cache_hash(const void *data, size_t len, char hex[33]); /* half of SHA-256 */

/* tags.c */
bool tags_read(const struct wk_cache_ask *ask, struct tags *out, struct wk_err *err);
void cells_read(const struct wk_cache *cache, const struct tags *tags, struct seen_cells *out);
void cell_change(struct wk_cache *cache, const struct wk_uuid *tenant, const char *pattern);

/* shared.c: Redis. false: away, or not wanted; then nothing was done. */
struct shared {
    char key[192], lock[192];
    char version[WK_CACHE_TAGS][128]; /* keys of the tags' words */
    uint64_t words[WK_CACHE_TAGS];    /* 0: none there */
    char token[20];
    bool has_lock;
};
enum shared_found { SHARED_AWAY, SHARED_MISS, SHARED_HIT };
void shared_init(const struct wk_cache_ask *ask, const struct tags *tags, struct shared *s);
struct life { /* of a value, monotonic: when its load began, until when it is promised, what its load took */
    int64_t born_us, expiry_us, delta_us;
};
/* A hit: *out lies in the asker's memory. */
enum shared_found shared_get(struct wk_cache *cache, const struct wk_cache_ask *ask, const struct tags *tags, struct shared *s, struct wk_cache_loaded *out,
                             struct life *life);
/* Make missing words and try to take the lock. False: away. */
bool shared_lock(struct wk_cache *cache, const struct tags *tags, struct shared *s);
void shared_put(struct wk_cache *cache, const struct tags *tags, struct shared *s, const struct wk_cache_loaded *value, uint32_t ttl_ms, int64_t delta_us,
                int64_t loaded_us); /* ttl 0: only give the lock back */
bool shared_is_unbroken(struct wk_cache *cache); /* false once after every loss; looked at when it is up, so that no load is refused for it later */
bool shared_forget(struct wk_cache *cache, const struct wk_uuid *tenant, const char *pattern, const struct wk_uuid *id); /* false: not done, or not known */

/* hear.c */
bool hear_start(struct wk_cache *cache, struct wk_err *err);
void hear_stop(struct wk_cache *cache);
bool hear_is_told(struct wk_cache *cache, int64_t now_us); /* somebody would tell us of a change */
#endif
