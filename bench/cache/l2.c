/* l2 - Redis as the second level: how long a fetch takes that finds its value there, one after the other on an idle server.
 *
 *     l2 SOCKET      "l2 P50 P99" and "bare P50 P99" in microseconds: through the cache; and one MGET of as many keys with plain blocking hiredis */
#include "cache/cache.h"
#include "fiber/fiber.h"
#include "redis/redis.h"
#include "share/share.h"

#include <event2/event.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 3000, LEN = 400 };
static const struct wk_uuid tenant = {{1}};
static struct wk_cache *caches[2];
static struct wk_redis *redis;
static double took[ROUNDS], bare[ROUNDS];
static unsigned loads;
static struct event_base *base;

static int64_t now_us(void *arg)
{
    (void)arg;
    return wk_mono_us();
}
static bool load(void *arg, struct wk_cache_loaded *out, struct wk_err *err)
{
    static char value[LEN];

    (void)arg, (void)err;
    loads++;
    *out = (struct wk_cache_loaded){.data = value, .len = sizeof value};
    return true;
}
static void *answer(void *arg, size_t bytes)
{
    static char memory[4096];

    (void)arg;
    return bytes <= sizeof memory ? memory : NULL;
}
static bool fetch(struct wk_cache *cache, int n)
{
    char key[32];
    struct wk_cache_ask ask = {.tenant = &tenant, .ns = "bench.things", .key = key, .key_len = (size_t)snprintf(key, sizeof key, "%d", n), .tags = "a",
                               .lifetime_ms = 300000, .load = load, .alloc = answer};
    struct wk_cache_loaded out;
    struct wk_err err = {0};

    return wk_cache_fetch(cache, &ask, &out, &err);
}

/* The first cache fills Redis, the second has never seen a value: every fetch of it is a trip. In turns with the bare client. */
static void measure(void *arg)
{
    const char *socket = arg;
    redisContext *c = redisConnectUnix(socket);

    for (int i = 0; i < ROUNDS; i++)
        (void)fetch(caches[0], i);
    loads = 0;
    for (int i = 0; i < ROUNDS; i++) {
        int64_t before = wk_mono_us();

        (void)fetch(caches[1], i);
        took[i] = (double)(wk_mono_us() - before);
        before = wk_mono_us();
        freeReplyObject(redisCommand(c, "MGET x%d v:{x}:* v:{x}:bench.things:* v:{x}:a", i));
        bare[i] = (double)(wk_mono_us() - before);
    }
    redisFree(c);
    (void)event_base_loopbreak(base);
}

static int compare(const void *a, const void *b) { return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b); }

int main(int argc, char **argv)
{
    struct wk_err err = {0};
    struct wk_sched *sched;
    struct wk_cache_conf conf = {.l1_max = 16 << 20, .l1_ttl_ms = 60000, .l2_ttl_ms = 300000, .negative_ttl_ms = 10000, .wait_ms = 500, .value_max = 1 << 20,
                                 .now_us = now_us};

    if (argc != 2)
        return fprintf(stderr, "usage: l2 SOCKET\n"), 2;
    base = event_base_new();
    sched = wk_sched_create(base, NULL, &err);
    redis = sched ? wk_redis_create(base, sched, &(struct wk_redis_conf){.servers = argv[1]}, &err) : NULL;
    conf.sched = sched;
    conf.share = wk_share_create(&err);
    conf.redis = redis;
    caches[0] = redis ? wk_cache_create(&conf, &err) : NULL;
    caches[1] = redis ? wk_cache_create(&conf, &err) : NULL;
    if (!caches[0] || !caches[1])
        return fprintf(stderr, "l2: %s\n", err.msg), 1;
    for (int i = 0; i < 2000 && !wk_redis_is_up(redis); i++) {
        (void)event_base_loopexit(base, &(struct timeval){0, 1000});
        (void)event_base_dispatch(base);
    }
    (void)event_base_loopexit(base, &(struct timeval){0, 200000});
    (void)event_base_dispatch(base);
    if (!wk_fiber_spawn(sched, "bench", measure, argv[1], &err))
        return fprintf(stderr, "l2: %s\n", err.msg), 1;
    (void)event_base_dispatch(base);
    if (loads > ROUNDS / 100)
        return fprintf(stderr, "l2: %u of %d were loaded, not found\n", loads, ROUNDS), 1;
    qsort(took, ROUNDS, sizeof *took, compare);
    qsort(bare, ROUNDS, sizeof *bare, compare);
    printf("l2 %.0f %.0f\nbare %.0f %.0f\n", took[ROUNDS / 2], took[ROUNDS * 99 / 100], bare[ROUNDS / 2], bare[ROUNDS * 99 / 100]);
    return 0;
}
