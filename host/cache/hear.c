/* hear.c - how a worker learns what others have changed: Redis tells, the log shows; and when nobody would tell, doubt. */
#include "cache/internal.h"
#include "fiber/fiber.h"
#include "observe/metric.h"
#include "redis/redis.h"
#include "share/share.h"

#include <stdlib.h>
#include <string.h>

enum { SILENT_US = 2000000, HOLD_MS = 20 };

/* "<tenant> <event id> <pattern>" */
static void on_message(struct wk_cache *cache, const char *data, size_t len)
{
    char text[2 * WK_UUID_TEXT + TAG_MAX + 8];
    struct wk_uuid tenant, id;
    const char *pattern = text + 2 * WK_UUID_TEXT;

    if (len >= sizeof text || len <= 2 * WK_UUID_TEXT || memchr(data, '\0', len))
        return;
    memcpy(text, data, len);
    text[len] = '\0';
    text[WK_UUID_TEXT - 1] = text[2 * WK_UUID_TEXT - 1] = '\0';
    if (!wk_uuid_parse(text, &tenant) || !wk_uuid_parse(text + WK_UUID_TEXT, &id) || !wk_cache_is_pattern(pattern) ||
        wk_share_has_heard(cache->conf.share, &id))
        return;
    cell_change(cache, &tenant, pattern);
    wk_share_heard(cache->conf.share, &id);
    wk_metric_add(cache->m.forgot_redis, 1);
}

static void on_heard(void *arg, const char *channel, const char *data, size_t len)
{
    struct wk_cache *cache = arg;

    (void)channel;
    if (data) {
        on_message(cache, data, len);
        return;
    }
    cache->is_listening = len > 0;
    (void)shared_is_unbroken(cache);
    if (!cache->is_listening)
        wk_cache_doubt(cache);
}

/* Every log has been read just now, of whatever server. */
static bool is_read(const struct wk_cache *cache, int64_t now_us)
{
    for (unsigned i = 0; i < cache->conf.logs; i++)
        if (now_us - wk_share_log_read_us(cache->conf.share, i) >= SILENT_US)
            return false;
    return true;
}

bool hear_is_told(struct wk_cache *cache, int64_t now_us)
{
    bool is_told = cache->is_listening || is_read(cache, now_us);

    if (is_told != cache->was_told)
        cache->doubt++; /* neither what was kept before a silence counts, nor what was kept in it. The map is not emptied here: a value of it is in use */
    cache->was_told = is_told;
    return is_told;
}

/* --- what the log shows --- */

static void repeat(struct wk_cache *cache, const struct rumor *r)
{
    bool ok;

    if (wk_share_has_heard(cache->conf.share, &r->id))
        return;
    /* Nobody of this machine was told of it by Redis: perhaps nobody told Redis. */
    ok = shared_forget(cache, &r->tenant, r->pattern, &r->id);
    cell_change(cache, &r->tenant, r->pattern);
    if (ok)
        wk_share_heard(cache->conf.share, &r->id);
    wk_metric_add(cache->m.forgot_log, 1);
}

static void tell(void *arg)
{
    struct wk_cache *cache = arg;

    while (!cache->is_closing && cache->rumor_count) {
        struct rumor r;

        (void)wk_fiber_sleep(HOLD_MS, NULL); /* who committed it is telling just now */
        while (cache->rumor_count) {
            r = cache->rumors[cache->rumor_first];
            cache->rumor_first = (cache->rumor_first + 1) % TOLD_MAX;
            cache->rumor_count--;
            repeat(cache, &r);
        }
    }
    cache->teller = NULL;
}

void wk_cache_seen(struct wk_cache *cache, const struct wk_uuid *tenant, const char *pattern, const struct wk_uuid *id)
{
    struct rumor *r;

    if (!wk_cache_is_pattern(pattern) || wk_share_has_heard(cache->conf.share, id))
        return;
    if (!cache->conf.redis) {
        cell_change(cache, tenant, pattern);
        wk_share_heard(cache->conf.share, id);
        wk_metric_add(cache->m.forgot_log, 1);
        return;
    }
    cell_change(cache, tenant, pattern); /* at once, and once more when Redis knows */
    if (cache->rumor_count == TOLD_MAX) { /* more than can be repeated: what Redis has so far is not believed any more */
        cache->trusted_us = wk_mono_us();
        return;
    }
    r = &cache->rumors[(cache->rumor_first + cache->rumor_count++) % TOLD_MAX];
    *r = (struct rumor){.tenant = *tenant, .id = *id};
    memcpy(r->pattern, pattern, strlen(pattern) + 1);
    if (!cache->teller)
        cache->teller = wk_fiber_spawn(cache->conf.sched, "cache.tell", tell, cache, NULL);
}

bool hear_start(struct wk_cache *cache, struct wk_err *err)
{
    if (!cache->conf.redis)
        return true;
    cache->rumors = calloc(TOLD_MAX, sizeof *cache->rumors);
    if (!cache->rumors)
        return wk_fail(err, WK_SYSTEM, "host.no_memory", "cache");
    cache->sub = wk_redis_subscribe(cache->conf.redis, "wakala:cache", false, on_heard, cache, err);
    return cache->sub != NULL;
}

void hear_stop(struct wk_cache *cache)
{
    cache->is_closing = true;
    wk_redis_unsubscribe(cache->sub);
    free(cache->rumors);
    cache->rumors = NULL;
    cache->rumor_count = 0;
}
