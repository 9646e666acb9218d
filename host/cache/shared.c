/* shared.c - the second level: values, words and locks in Redis. All keys of a tenant carry {tenant}, so that one trip can ask for several also on a
 * cluster. A word is the version of a tag: random, so that one which was lost and made again fits no old value. */
#include "cache/internal.h"
#include "fiber/fiber.h"
#include "observe/metric.h"
#include "redis/redis.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_TTL_S = 7200, LOCK_MS = 5000, LAYOUT = 1 }; /* words outlive every value: cache.l2_ttl is at most an hour */
#define WORD_TTL "7200"
_Static_assert(WORD_TTL_S == 7200, "one number, two forms");

static const char give_back[] = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0";

void shared_init(const struct wk_cache_ask *ask, const struct tags *tags, struct shared *s)
{
    char tenant[WK_UUID_TEXT], hash[33];

    *s = (struct shared){.has_lock = false};
    (void)wk_uuid_text(ask->tenant, tenant);
    cache_hash(ask->key, ask->key_len, hash);
    (void)snprintf(s->key, sizeof s->key, "c:{%s}:%s:%d:%s", tenant, ask->ns, LAYOUT, hash);
    (void)snprintf(s->lock, sizeof s->lock, "l:{%s}:%s:%d:%s", tenant, ask->ns, LAYOUT, hash);
    for (unsigned i = 0; i < tags->n; i++)
        (void)snprintf(s->version[i], sizeof s->version[i], "v:{%s}:%s", tenant, tags->text[i]);
}

static uint64_t word_of(const struct wk_redis_reply *reply)
{
    uint64_t word = reply->type == WK_REDIS_TEXT && reply->len == 16 ? strtoull(reply->text, NULL, 16) : 0;

    return word;
}

static void word_text(struct wk_cache *cache, char out[20])
{
    uint64_t word;

    while (!(word = cache_random(cache)))
        ;
    (void)snprintf(out, 20, "%016" PRIx64, word);
}

static void finish(struct wk_redis_req *reqs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        wk_redis_reply_finish(&reqs[i].reply);
}

/* Redis was away since we last looked: others may have changed what we were not told of, so older values are not believed from now on. */
bool shared_is_unbroken(struct wk_cache *cache)
{
    uint64_t losses = wk_redis_stats(cache->conf.redis)->lost;

    if (losses == cache->losses)
        return true;
    cache->losses = losses;
    cache->trusted_us = wk_mono_us();
    return false;
}

/* Does the value fit the words, the server, the clock? *age_ms: how old it is. */
static bool is_good(struct wk_cache *cache, const struct shared *s, const struct tags *tags, const struct wk_cache_value *v, int64_t left_ms, int64_t *age_ms)
{
    int64_t since_ms = (cache->conf.now_us(cache->conf.now_arg) - v->loaded_us) / 1000, now = wk_mono_us();

    /* By Redis's clock and by the database's, whichever says older: a frozen server may have stored it long after it was sent. */
    *age_ms = (int64_t)v->ttl_ms - left_ms + v->delta_us / 1000 + 1;
    if (since_ms > *age_ms)
        *age_ms = since_ms;
    if (v->n_tags != tags->n || left_ms <= 0 || left_ms > (int64_t)v->ttl_ms)
        return false;
    for (unsigned i = 0; i < tags->n; i++)
        if (!s->words[i] || s->words[i] != v->words[i]) {
            wk_metric_add(cache->m.refused_tag, 1);
            return false;
        }
    if (v->epoch != wk_redis_epoch(cache->conf.redis, s->key) || now - *age_ms * 1000 < cache->trusted_us) {
        wk_metric_add(cache->m.refused_doubt, 1);
        return false;
    }
    return true;
}

static enum shared_found use(struct wk_cache *cache, const struct wk_cache_ask *ask, const struct tags *tags, const struct shared *s,
                             const struct wk_redis_reply *bytes, int64_t left_ms, struct wk_cache_loaded *out, struct life *life)
{
    struct wk_cache_value v;
    int64_t age_ms, lifetime = ask->lifetime_ms, negative = ask->negative_ms ? ask->negative_ms : cache->conf.negative_ttl_ms;
    void *copy;

    if (bytes->type != WK_REDIS_TEXT)
        return SHARED_MISS;
    if (!wk_cache_value_read(bytes->text, bytes->len, &v)) {
        wk_metric_add(cache->m.refused_damaged, 1);
        return SHARED_MISS;
    }
    if (!is_good(cache, s, tags, &v, left_ms, &age_ms))
        return SHARED_MISS;
    lifetime = v.is_none && negative < lifetime ? negative : lifetime;
    left_ms = left_ms < lifetime - age_ms ? left_ms : lifetime - age_ms;
    if (left_ms <= 0 || !(copy = ask->alloc(ask->alloc_arg, v.len + 1)))
        return SHARED_MISS;
    if (v.len)
        memcpy(copy, v.data, v.len);
    *out = (struct wk_cache_loaded){.data = copy, .len = v.len, .is_none = v.is_none};
    *life = (struct life){.born_us = wk_mono_us() - age_ms * 1000, .expiry_us = wk_mono_us() + left_ms * 1000, .delta_us = v.delta_us};
    return SHARED_HIT;
}

enum shared_found shared_get(struct wk_cache *cache, const struct wk_cache_ask *ask, const struct tags *tags, struct shared *s, struct wk_cache_loaded *out,
                             struct life *life)
{
    const char *get[WK_CACHE_TAGS + 2] = {"MGET", s->key}, *left[] = {"PTTL", s->key};
    struct wk_redis_req reqs[] = {{.argc = (int)tags->n + 2, .argv = get}, {.argc = 2, .argv = left}};
    enum shared_found found = SHARED_MISS;
    struct wk_redis_reply bytes;

    for (unsigned i = 0; i < tags->n; i++)
        get[i + 2] = s->version[i];
    if (!wk_redis_is_up(cache->conf.redis) || !wk_redis_cmds(cache->conf.redis, 0, s->key, reqs, 2, NULL))
        return SHARED_AWAY;
    for (unsigned i = 0; i < tags->n; i++) {
        struct wk_redis_reply word = wk_redis_at(&reqs[0].reply, i + 1);

        s->words[i] = word_of(&word);
    }
    bytes = wk_redis_at(&reqs[0].reply, 0);
    if (shared_is_unbroken(cache))
        found = use(cache, ask, tags, s, &bytes, reqs[1].reply.integer, out, life);
    finish(reqs, 2);
    return found;
}

bool shared_lock(struct wk_cache *cache, const struct tags *tags, struct shared *s)
{
    char words[WK_CACHE_TAGS][20], lock_ms[16];
    const char *make[WK_CACHE_TAGS][6], *again[WK_CACHE_TAGS + 1] = {"MGET"}, *lock[] = {"SET", s->lock, s->token, "NX", "PX", lock_ms};
    struct wk_redis_req reqs[WK_CACHE_TAGS + 2];
    size_t n = 0, made;

    word_text(cache, s->token);
    (void)snprintf(lock_ms, sizeof lock_ms, "%d", LOCK_MS);
    reqs[n++] = (struct wk_redis_req){.argc = 6, .argv = lock};
    for (unsigned i = 0; i < tags->n; i++) {
        again[i + 1] = s->version[i];
        if (s->words[i])
            continue;
        word_text(cache, words[i]);
        memcpy(make[i], (const char *[]){"SET", s->version[i], words[i], "NX", "EX", WORD_TTL}, sizeof make[i]);
        reqs[n++] = (struct wk_redis_req){.argc = 6, .argv = make[i]};
    }
    made = n;
    reqs[n++] = (struct wk_redis_req){.argc = (int)tags->n + 1, .argv = again};
    if (!wk_redis_cmds(cache->conf.redis, 0, s->key, reqs, n, NULL))
        return false;
    s->has_lock = reqs[0].reply.type == WK_REDIS_TEXT;
    for (unsigned i = 0; i < tags->n; i++) {
        struct wk_redis_reply word = wk_redis_at(&reqs[made].reply, i);

        s->words[i] = word_of(&word);
    }
    finish(reqs, n);
    return true;
}

void shared_put(struct wk_cache *cache, const struct tags *tags, struct shared *s, const struct wk_cache_loaded *value, uint32_t ttl_ms, int64_t delta_us,
                int64_t loaded_us)
{
    struct wk_cache_value v = {.is_none = value->is_none, .n_tags = (uint8_t)tags->n, .ttl_ms = ttl_ms, .loaded_us = loaded_us,
                               .delta_us = delta_us > INT32_MAX ? INT32_MAX : (uint32_t)delta_us, .epoch = wk_redis_epoch(cache->conf.redis, s->key),
                               .len = value->is_none ? 0 : value->len};
    const char *set[] = {"SET", s->key, NULL, "PX", NULL}, *unlock[] = {"EVAL", give_back, "1", s->lock, s->token};
    struct wk_redis_req reqs[2];
    size_t n = 0, head, len[5];
    uint8_t *bytes = NULL;
    char px[16];
    bool is_whole = ttl_ms > 0;

    memcpy(v.words, s->words, sizeof v.words);
    for (unsigned i = 0; i < tags->n; i++)
        is_whole = is_whole && s->words[i];
    if (is_whole && (bytes = malloc(WK_CACHE_HEAD + 8 * (size_t)v.n_tags + v.len))) {
        head = wk_cache_value_head(&v, bytes);
        if (v.len)
            memcpy(bytes + head, value->data, v.len);
        (void)snprintf(px, sizeof px, "%u", ttl_ms);
        set[2] = (const char *)bytes;
        set[4] = px;
        memcpy(len, (size_t[]){3, strlen(s->key), head + v.len, 2, strlen(px)}, sizeof len);
        reqs[n++] = (struct wk_redis_req){.argc = 5, .argv = set, .len = len};
    }
    if (s->has_lock)
        reqs[n++] = (struct wk_redis_req){.argc = 5, .argv = unlock};
    if (n && wk_redis_is_up(cache->conf.redis) && wk_redis_cmds(cache->conf.redis, 0, s->key, reqs, n, NULL))
        finish(reqs, n);
    s->has_lock = false;
    free(bytes);
}

bool shared_forget(struct wk_cache *cache, const struct wk_uuid *tenant, const char *pattern, const struct wk_uuid *id)
{
    char who[WK_UUID_TEXT], which[WK_UUID_TEXT], key[128], word[20], message[2 * WK_UUID_TEXT + TAG_MAX + 8];
    const char *set[] = {"SET", key, word, "EX", WORD_TTL}, *tell[] = {"PUBLISH", "wakala:cache", message};
    struct wk_redis_req reqs[] = {{.argc = 5, .argv = set}, {.argc = 3, .argv = tell}};
    bool ok;

    (void)snprintf(key, sizeof key, "v:{%s}:%s", wk_uuid_text(tenant, who), pattern);
    (void)snprintf(message, sizeof message, "%s %s %s", who, wk_uuid_text(id, which), pattern);
    word_text(cache, word);
    ok = wk_redis_is_up(cache->conf.redis) && wk_redis_cmds(cache->conf.redis, 0, key, reqs, 2, NULL);
    finish(reqs, 2);
    return ok;
}
