/* cache.c - fetch: memory, then whoever loads it already, then Redis, then the loader. */
#include "cache/internal.h"
#include "fiber/fiber.h"
#include "observe/metric.h"
#include "redis/redis.h"
#include "share/share.h"

#include <math.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { TRIP_MS = 100 }; /* storing takes less, or the answer to it is not waited for */

struct kept { /* what lies before the bytes of a value in memory; then a struct dep per tag */
    int64_t until_us; /* served from memory until; monotonic, as all times of its life */
    struct life life;
    uint64_t doubt;
    uint32_t len;
    uint16_t n_tags;
    bool is_none;
};
struct dep {
    uint64_t version;
    uint64_t cell;
};
struct flight_waiter { /* on the stack of the fiber that waits */
    TAILQ_ENTRY(flight_waiter) link;
    struct wk_fiber *fiber;
};

struct asking { /* one fetch */
    const struct wk_cache_ask *ask;
    struct tags tags;
    struct wk_l1_key key;
    char key_text[NS_MAX + 1 + KEY_MAX];
    struct wk_cache_loaded old; /* still good, when it is asked for early */
    bool has_old;
};

uint64_t cache_random(struct wk_cache *cache)
{
    cache->random ^= cache->random << 13;
    cache->random ^= cache->random >> 7;
    cache->random ^= cache->random << 17;
    return cache->random;
}

void cache_hash(const void *data, size_t len, char hex[33])
{
    uint8_t digest[SHA256_DIGEST_LENGTH];

    (void)SHA256(data, len, digest);
    for (int i = 0; i < 16; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

static void count(struct wk_metric *m) { wk_metric_add(m, 1); }

/* --- memory --- */

static bool copy_out(const struct wk_cache_ask *ask, const void *data, size_t len, bool is_none, struct wk_cache_loaded *out, struct wk_err *err)
{
    void *to = ask->alloc(ask->alloc_arg, len + 1);

    if (!to)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "a cached value of %zu bytes", len);
    if (len)
        memcpy(to, data, len);
    *out = (struct wk_cache_loaded){.data = to, .len = len, .is_none = is_none};
    return true;
}

/* Is what is kept still what may be served? */
static bool is_good(struct wk_cache *cache, const struct wk_cache_ask *ask, const struct kept *k, int64_t now)
{
    const struct dep *deps = (const struct dep *)(k + 1);

    if (now >= k->until_us || now - k->life.born_us >= (int64_t)ask->lifetime_ms * 1000) /* kept by somebody who asks for less */
        return false;
    if (k->doubt != cache->doubt || !hear_is_told(cache, now)) {
        count(cache->m.refused_doubt);
        return false;
    }
    for (unsigned i = 0; i < k->n_tags; i++)
        if (wk_share_cell(cache->conf.share, (uint32_t)deps[i].cell) != deps[i].version) {
            count(cache->m.refused_tag);
            return false;
        }
    return true;
}

/* The more its load costs and the nearer the end, the likelier; ln of a number in (0,1] is never above 0. */
static bool is_early(struct wk_cache *cache, int64_t now, const struct life *life)
{
    double u = ((double)(cache_random(cache) >> 11) + 1) / 9007199254740993.0;

    return (double)now - (double)life->delta_us * log(u) >= (double)life->expiry_us;
}

enum look { NOTHING, GOOD, EARLY, BROKEN };

static enum look look(struct wk_cache *cache, struct asking *a, struct wk_cache_loaded *out, struct wk_err *err)
{
    size_t len;
    const struct kept *k = wk_l1_get(cache->l1, &a->key, &len);
    int64_t now = wk_mono_us();

    if (!k)
        return NOTHING;
    if (!is_good(cache, a->ask, k, now)) {
        (void)wk_l1_drop(cache->l1, &a->key);
        return NOTHING;
    }
    if (!copy_out(a->ask, (const char *)(k + 1) + k->n_tags * sizeof(struct dep), k->len, k->is_none, out, err))
        return BROKEN;
    return is_early(cache, now, &k->life) ? EARLY : GOOD;
}

/* Shortened by up to a tenth, so that what was loaded together does not end together; never lengthened. */
static int64_t shorten(struct wk_cache *cache, int64_t ms) { return ms - (int64_t)(cache_random(cache) % 1024) * ms / 10240; }

static void keep(struct wk_cache *cache, struct asking *a, const struct seen_cells *cells, uint64_t doubt, const struct wk_cache_loaded *value,
                 const struct life *life)
{
    struct {
        struct kept k;
        struct dep deps[WK_CACHE_TAGS];
    } head = {.k = {.life = *life, .doubt = doubt, .len = (uint32_t)value->len, .n_tags = (uint16_t)a->tags.n,
                    .is_none = value->is_none}};
    int64_t until = wk_mono_us() + shorten(cache, cache->conf.l1_ttl_ms) * 1000;

    head.k.until_us = until < life->expiry_us ? until : life->expiry_us;
    for (unsigned i = 0; i < a->tags.n; i++)
        head.deps[i] = (struct dep){cells->version[i], a->tags.cell[i]};
    if (value->len <= UINT32_MAX / 2)
        (void)wk_l1_put2(cache->l1, &a->key, &head, sizeof head.k + a->tags.n * sizeof(struct dep), value->data, value->len);
}

/* --- one load for all who wait --- */

static struct flight *flight_find(struct wk_cache *cache, const struct asking *a)
{
    struct flight *f;

    LIST_FOREACH(f, &cache->flights[a->key.hash % FLIGHT_BUCKETS], link)
        if (f->hash == a->key.hash && f->key_len == a->key.len && !memcmp(f->key, a->key.key, f->key_len) && wk_uuid_equal(&f->tenant, a->ask->tenant))
            return f;
    return NULL;
}

static void flight_unlist(struct flight *f)
{
    if (f->is_listed)
        LIST_REMOVE(f, link);
    f->is_listed = false;
}

static void flight_drop(struct flight *f)
{
    if (--f->refs)
        return;
    flight_unlist(f);
    free((void *)(uintptr_t)f->answer.data);
    free(f);
}

static struct flight *flight_begin(struct wk_cache *cache, const struct asking *a)
{
    struct flight *f = calloc(1, sizeof *f + a->key.len);

    if (!f)
        return NULL;
    *f = (struct flight){.leader = wk_fiber_self(), .tenant = *a->ask->tenant, .doubt = cache->doubt, .refs = 1, .is_listed = true, .hash = a->key.hash,
                         .key_len = a->key.len};
    TAILQ_INIT(&f->waiters);
    memcpy(f->key, a->key.key, a->key.len);
    cells_read(cache, &a->tags, &f->cells);
    LIST_INSERT_HEAD(&cache->flights[a->key.hash % FLIGHT_BUCKETS], f, link);
    return f;
}

/* May somebody who asks now be served by it? Not when it began before a change that has been heard of since. */
static bool flight_is_current(const struct wk_cache *cache, const struct flight *f, const struct asking *a)
{
    struct seen_cells now;

    cells_read(cache, &a->tags, &now);
    return f->doubt == cache->doubt && !memcmp(now.version, f->cells.version, a->tags.n * sizeof now.version[0]);
}

static void flight_end(struct flight *f, bool ok, const struct wk_cache_loaded *value, const struct wk_err *err)
{
    struct flight_waiter *w;

    flight_unlist(f);
    f->is_done = true;
    f->ok = ok;
    /* The leader's own time was up, or it was cancelled: that says nothing about the others. */
    f->is_again = !ok && (wk_err_is(err, "call.cancelled") || wk_err_is(err, "call.deadline") || wk_err_is(err, "call.memory_limit"));
    if (!ok)
        f->err = *err;
    if (ok && !TAILQ_EMPTY(&f->waiters)) {
        void *copy = malloc(value->len + 1);

        f->answer = (struct wk_cache_loaded){.data = copy, .len = value->len, .is_none = value->is_none};
        if (copy && value->len)
            memcpy(copy, value->data, value->len);
        f->is_again = !copy;
    }
    TAILQ_FOREACH(w, &f->waiters, link)
        wk_fiber_wake(w->fiber);
    flight_drop(f);
}

enum joined { SERVED, REFUSED, ONCE_MORE };

static enum joined flight_join(struct wk_cache *cache, struct flight *f, const struct wk_cache_ask *ask, struct wk_cache_loaded *out, struct wk_err *err)
{
    struct flight_waiter w = {.fiber = wk_fiber_self()};
    enum wk_wake wake = WK_WAKE_READY;
    enum joined result = ONCE_MORE;

    f->refs++;
    TAILQ_INSERT_TAIL(&f->waiters, &w, link);
    count(cache->m.coalesced);
    while (!f->is_done && wake == WK_WAKE_READY)
        wake = wk_fiber_park("cache.load", 0);
    TAILQ_REMOVE(&f->waiters, &w, link);
    if (!f->is_done) {
        (void)wk_fiber_wake_ok(wake, "waiting for a load", err);
        result = REFUSED;
    } else if (f->ok && !f->is_again) {
        result = copy_out(ask, f->answer.data, f->answer.len, f->answer.is_none, out, err) ? SERVED : REFUSED;
    } else if (!f->is_again) {
        if (err)
            *err = f->err;
        result = REFUSED;
    }
    flight_drop(f);
    return result;
}

/* --- Redis and the loader --- */

static bool load(struct wk_cache *cache, struct asking *a, struct flight *f, struct shared *s, bool is_shared, struct wk_cache_loaded *out,
                 struct wk_err *err)
{
    const struct wk_cache_ask *ask = a->ask;
    uint32_t lifetime = ask->lifetime_ms, negative = ask->negative_ms ? ask->negative_ms : cache->conf.negative_ttl_ms;
    int64_t began = wk_mono_us(), loaded_us = cache->conf.now_us(cache->conf.now_arg), delta;
    bool ok;

    *out = (struct wk_cache_loaded){0};
    count(cache->m.loads);
    ok = ask->load(ask->load_arg, out, err);
    delta = wk_mono_us() - began;
    if (!ok)
        count(cache->m.load_failures);
    if (ok && out->is_none && negative < lifetime)
        lifetime = negative;
    if (ok)
        keep(cache, a, &f->cells, f->doubt, out,
             &(struct life){.born_us = began, .expiry_us = began + shorten(cache, lifetime) * 1000, .delta_us = delta});
    if (is_shared) {
        int64_t ttl = lifetime < cache->conf.l2_ttl_ms ? lifetime : cache->conf.l2_ttl_ms;

        ttl = shorten(cache, ttl) - delta / 1000 - TRIP_MS; /* counted from before the load */
        shared_put(cache, &a->tags, s, out, ok && ttl > 0 && out->len <= cache->conf.value_max ? (uint32_t)ttl : 0, delta, loaded_us);
    }
    return ok;
}

/* Somebody else, anywhere, holds the lock: look for the value meanwhile, for as long as the setting says. */
static enum shared_found wait_for_other(struct wk_cache *cache, struct asking *a, struct shared *s, struct wk_cache_loaded *out, struct life *life)
{
    int64_t end = wk_mono_us() + (int64_t)cache->conf.wait_ms * 1000;
    enum shared_found found = SHARED_MISS;
    uint32_t pause = 2;

    count(cache->m.waits);
    while (found == SHARED_MISS && !s->has_lock && wk_mono_us() < end) {
        if (!wk_fiber_sleep(pause, NULL))
            break;
        pause = pause < 25 ? pause * 2 : pause;
        found = shared_get(cache, a->ask, &a->tags, s, out, life);
        if (found == SHARED_MISS && pause >= 25 && !shared_lock(cache, &a->tags, s)) /* its holder may have failed */
            found = SHARED_AWAY;
    }
    return found;
}

static bool lead(struct wk_cache *cache, struct asking *a, struct flight *f, struct wk_cache_loaded *out, struct wk_err *err)
{
    struct shared s;
    enum shared_found found = SHARED_AWAY;
    struct life life;

    if (!a->ask->is_local && cache->conf.redis) {
        shared_init(a->ask, &a->tags, &s);
        found = shared_get(cache, a->ask, &a->tags, &s, out, &life);
        if (found == SHARED_HIT && is_early(cache, wk_mono_us(), &life)) {
            found = SHARED_MISS;
            count(cache->m.refreshed);
        }
        if (found == SHARED_MISS && !shared_lock(cache, &a->tags, &s))
            found = SHARED_AWAY;
        if (found == SHARED_MISS && !s.has_lock)
            found = wait_for_other(cache, a, &s, out, &life);
    }
    if (found == SHARED_HIT) {
        count(cache->m.hits_l2);
        keep(cache, a, &f->cells, f->doubt, out, &life);
        return true;
    }
    if (found == SHARED_MISS)
        count(cache->m.misses_l2);
    return load(cache, a, f, &s, found == SHARED_MISS, out, err);
}

/* --- verbs --- */

static bool prepare(struct wk_cache *cache, const struct wk_cache_ask *ask, struct asking *a)
{
    size_t ns = strlen(ask->ns);

    a->ask = ask;
    a->has_old = false;
    a->tags.n = 0;
    if (ns > NS_MAX || ask->key_len > KEY_MAX || !ask->lifetime_ms)
        return false;
    memcpy(a->key_text, ask->ns, ns + 1);
    if (ask->key_len)
        memcpy(a->key_text + ns + 1, ask->key, ask->key_len);
    a->key = wk_l1_key(cache->l1, ask->tenant, a->key_text, ns + 1 + ask->key_len);
    return true;
}

/* An early refresh that fails costs nothing: what is kept is still good. */
static bool settle(const struct asking *a, bool ok, struct wk_cache_loaded *out)
{
    if (!ok && a->has_old)
        *out = a->old;
    return ok || a->has_old;
}

static bool miss(struct wk_cache *cache, struct asking *a, struct wk_cache_loaded *out, struct wk_err *err)
{
    for (;;) {
        struct flight *f = flight_find(cache, a);
        enum joined joined;
        bool ok;

        if (f && f->leader == wk_fiber_self()) /* its own loader asks for it again: it must not wait for itself */
            return a->ask->load(a->ask->load_arg, out, err);
        if (f && !flight_is_current(cache, f, a)) {
            flight_unlist(f);
            f = NULL;
        }
        if (f && a->has_old)
            return settle(a, false, out);
        if (!f) {
            if (!(f = flight_begin(cache, a)))
                return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "cache");
            ok = lead(cache, a, f, out, err);
            flight_end(f, ok, out, err);
            return settle(a, ok, out);
        }
        joined = flight_join(cache, f, a->ask, out, err);
        if (joined != ONCE_MORE)
            return joined == SERVED;
        if (look(cache, a, out, err) == GOOD)
            return true;
    }
}

bool wk_cache_fetch(struct wk_cache *cache, const struct wk_cache_ask *ask, struct wk_cache_loaded *out, struct wk_err *err)
{
    struct wk_err mine = {0};
    struct asking a;

    err = err ? err : &mine;
    (void)hear_is_told(cache, wk_mono_us()); /* before anything is begun: a change of it is doubt */
    if (!prepare(cache, ask, &a)) /* a key that is too long is not worth keeping */
        return ask->load(ask->load_arg, out, err);
    switch (look(cache, &a, out, err)) {
    case GOOD:
        count(cache->m.hits_l1);
        return true;
    case BROKEN:
        return false;
    case EARLY:
        count(cache->m.hits_l1);
        count(cache->m.refreshed);
        a.old = *out;
        a.has_old = true;
        break;
    case NOTHING:
        count(cache->m.misses_l1);
        break;
    }
    if (!tags_read(ask, &a.tags, err))
        return false;
    return miss(cache, &a, out, err);
}

void wk_cache_forget(struct wk_cache *cache, const struct wk_uuid *tenant, const char *pattern, const struct wk_uuid *id)
{
    bool ok = !cache->conf.redis || shared_forget(cache, tenant, pattern, id);

    if (!wk_share_has_heard(cache->conf.share, id)) {
        cell_change(cache, tenant, pattern);
        count(cache->m.forgot_own);
        if (ok)
            wk_share_heard(cache->conf.share, id);
    }
}

void wk_cache_doubt(struct wk_cache *cache)
{
    cache->doubt++;
    wk_l1_clear(cache->l1);
}

void wk_cache_show(struct wk_cache *cache)
{
    const struct wk_l1_stats *s = wk_l1_stats(cache->l1);

    wk_metric_set(cache->m.bytes, (int64_t)s->bytes);
    wk_metric_set(cache->m.entries, (int64_t)s->entries);
    wk_metric_add(cache->m.evictions, (int64_t)(s->evictions - cache->evictions_shown));
    cache->evictions_shown = s->evictions;
    if (wk_redis_is_up(cache->conf.redis))
        (void)shared_is_unbroken(cache);
}

static void name_metrics(struct wk_cache *cache)
{
    static const char hits[] = "wakala_cache_hits_total", misses[] = "wakala_cache_misses_total", refused[] = "wakala_cache_refused_total",
                      forgot[] = "wakala_cache_invalidations_total";
    char label[32];

    cache->m.hits_l1 = wk_metric(WK_COUNTER, hits, "level=\"l1\"", "served from memory (l1) or Redis (l2)");
    cache->m.hits_l2 = wk_metric(WK_COUNTER, hits, "level=\"l2\"", "served from memory (l1) or Redis (l2)");
    cache->m.misses_l1 = wk_metric(WK_COUNTER, misses, "level=\"l1\"", "not in memory (l1), not in Redis either (l2)");
    cache->m.misses_l2 = wk_metric(WK_COUNTER, misses, "level=\"l2\"", "not in memory (l1), not in Redis either (l2)");
    cache->m.loads = wk_metric(WK_COUNTER, "wakala_cache_loads_total", NULL, "loaders that were run");
    cache->m.load_failures = wk_metric(WK_COUNTER, "wakala_cache_load_failures_total", NULL, "loaders that failed");
    cache->m.coalesced = wk_metric(WK_COUNTER, "wakala_cache_coalesced_total", NULL, "callers that waited for another one's load");
    cache->m.waits = wk_metric(WK_COUNTER, "wakala_cache_waits_total", NULL, "loads that another worker was at already");
    cache->m.refreshed = wk_metric(WK_COUNTER, "wakala_cache_refreshes_total", NULL, "loads before the end of a lifetime");
    cache->m.refused_tag = wk_metric(WK_COUNTER, refused, "why=\"tag\"", "kept values that were not served");
    cache->m.refused_doubt = wk_metric(WK_COUNTER, refused, "why=\"doubt\"", "kept values that were not served");
    cache->m.refused_damaged = wk_metric(WK_COUNTER, refused, "why=\"damaged\"", "kept values that were not served");
    cache->m.forgot_own = wk_metric(WK_COUNTER, forgot, "from=\"call\"", "tags and patterns that were invalidated, by who told");
    cache->m.forgot_redis = wk_metric(WK_COUNTER, forgot, "from=\"redis\"", "tags and patterns that were invalidated, by who told");
    cache->m.forgot_log = wk_metric(WK_COUNTER, forgot, "from=\"log\"", "tags and patterns that were invalidated, by who told");
    cache->m.evictions = wk_metric(WK_COUNTER, "wakala_cache_evictions_total", NULL, "values pushed out of memory by others");
    (void)snprintf(label, sizeof label, "worker=\"%u\"", cache->conf.worker);
    cache->m.bytes = wk_metric(WK_GAUGE, "wakala_cache_bytes", label, "bytes of the cache in memory, overhead included");
    cache->m.entries = wk_metric(WK_GAUGE, "wakala_cache_entries", label, "values in memory");
}

struct wk_cache *wk_cache_create(const struct wk_cache_conf *conf, struct wk_err *err)
{
    struct wk_cache *cache = calloc(1, sizeof *cache);

    if (!cache || !(cache->l1 = wk_l1_create(&(struct wk_l1_conf){.max_bytes = conf->l1_max}, err))) {
        free(cache);
        wk_fail(err, WK_SYSTEM, "host.no_memory", "cache");
        return NULL;
    }
    cache->conf = *conf;
    (void)!getrandom(&cache->random, sizeof cache->random, 0);
    cache->random |= 1;
    name_metrics(cache);
    if (!hear_start(cache, err)) {
        wk_cache_destroy(cache);
        return NULL;
    }
    return cache;
}

void wk_cache_destroy(struct wk_cache *cache)
{
    if (!cache)
        return;
    hear_stop(cache);
    wk_l1_destroy(cache->l1);
    free(cache);
}
