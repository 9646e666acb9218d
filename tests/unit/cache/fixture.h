/* fixture.h - two hosts (a share each) in one process: workers 0 and 1 on the first, 2 on the second, each with its cache and its own client of one
 * Redis. get() asks on a fiber; the "table" is a number that loaders read slowly. */
#ifndef WK_TEST_CACHE_FIXTURE_H
#define WK_TEST_CACHE_FIXTURE_H
#include "cache/cache.h"
#include "fiber/fiber.h"
#include "redis/redis.h"
#include "redis/server.h"
#include "share/share.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>

enum { WORKERS = 3 };
static struct event_base *base;
static struct wk_sched *sched;
static struct wk_share *shares[2];
static struct wk_redis *clients[WORKERS];
static struct wk_cache *caches[WORKERS];
static struct test_redis server;
static const struct wk_uuid shop = {{1, 2, 3}}, other_shop = {{4, 5, 6}};
static int table, loads, fails, load_ms; /* what a loader reads, how often it was run, how often it is still to fail, how long it takes */
static bool is_empty, is_cancelling;
static uint32_t budget_ms; /* of Redis; long, because a busy machine is not what most tests are about */
static int64_t clock_us; /* the database's clock is this much ahead of ours */

TEST_REDIS_FN int64_t database_now(void *arg)
{
    (void)arg;
    return wk_mono_us() + clock_us;
}

TEST_REDIS_FN void open_caches(bool with_redis, struct wk_cache_conf conf)
{
    char servers[32];
    struct wk_err err = {0};

    (void)snprintf(servers, sizeof servers, "127.0.0.1:%d", server.port);
    for (int i = 0; i < WORKERS; i++) {
        clients[i] = with_redis ? wk_redis_create(base, sched, &(struct wk_redis_conf){.servers = servers, .budget_ms = budget_ms}, &err) : NULL;
        conf.sched = sched;
        conf.share = shares[i / 2];
        conf.redis = clients[i];
        conf.l1_max = conf.l1_max ? conf.l1_max : 4 << 20;
        conf.l1_ttl_ms = conf.l1_ttl_ms ? conf.l1_ttl_ms : 60000;
        conf.l2_ttl_ms = conf.l2_ttl_ms ? conf.l2_ttl_ms : 300000;
        conf.negative_ttl_ms = conf.negative_ttl_ms ? conf.negative_ttl_ms : 10000;
        conf.wait_ms = conf.wait_ms ? conf.wait_ms : 2000;
        conf.value_max = conf.value_max ? conf.value_max : 100000;
        conf.now_us = database_now;
        caches[i] = wk_cache_create(&conf, &err);
        if (!caches[i])
            fail_msg("%s: %s", err.code, err.msg);
    }
}

TEST_REDIS_FN int setup(void **state)
{
    (void)state;
    base = event_base_new();
    sched = wk_sched_create(base, NULL, NULL);
    shares[0] = wk_share_create(NULL);
    shares[1] = wk_share_create(NULL);
    table = loads = fails = load_ms = 0;
    is_empty = is_cancelling = false;
    clock_us = 0;
    budget_ms = 2000;
    return sched && shares[0] && shares[1] ? 0 : -1;
}

TEST_REDIS_FN int teardown(void **state)
{
    (void)state;
    for (int i = 0; i < WORKERS; i++) {
        wk_cache_destroy(caches[i]);
        wk_redis_destroy(clients[i]);
        caches[i] = NULL;
        clients[i] = NULL;
    }
    (void)event_base_loop(base, EVLOOP_NONBLOCK);
    while (wk_sched_live(sched))
        (void)event_base_loop(base, EVLOOP_ONCE);
    wk_sched_destroy(sched);
    wk_share_close(shares[0]);
    wk_share_close(shares[1]);
    event_base_free(base);
    return 0;
}

TEST_REDIS_FN void turn(int ms)
{
    struct timeval tick = {ms / 1000, ms % 1000 * 1000};

    (void)event_base_loopexit(base, &tick);
    (void)event_base_dispatch(base);
}

TEST_REDIS_FN void wait_until(bool (*condition)(void), int ms, const char *what)
{
    int64_t end = wk_mono_us() + (int64_t)ms * 1000;

    while (!condition()) {
        if (wk_mono_us() > end)
            fail_msg("not within %d ms: %s", ms, what);
        turn(2);
    }
}
TEST_REDIS_FN bool all_up(void) { return wk_redis_is_up(clients[0]) && wk_redis_is_up(clients[1]) && wk_redis_is_up(clients[2]); }
TEST_REDIS_FN bool all_down(void) { return !wk_redis_is_up(clients[0]) && !wk_redis_is_up(clients[1]) && !wk_redis_is_up(clients[2]); }

TEST_REDIS_FN bool all_listen(void) { return !strcmp(test_redis_cli(&server, "PUBSUB NUMSUB wakala:cache | tail -1"), "3"); }

TEST_REDIS_FN void open_with_redis(struct wk_cache_conf conf)
{
    (void)test_redis_cli(&server, "FLUSHALL");
    open_caches(true, conf);
    wait_until(all_up, 3000, "all are connected");
    wait_until(all_listen, 3000, "all listen");
    turn(5);
}

/* --- asking --- */

struct asked {
    int worker;
    const struct wk_uuid *tenant;
    const char *ns, *key, *tags;
    uint32_t lifetime_ms, negative_ms;
    bool is_local;
    struct wk_fiber *fiber;
    /* out */
    bool is_done, ok, is_none;
    int value;
    size_t len;
    struct wk_err err;
    char memory[8192];
    size_t used;
};

TEST_REDIS_FN void *alloc_answer(void *arg, size_t bytes)
{
    struct asked *a = arg;
    void *at = a->memory + a->used;

    if (bytes > sizeof a->memory - a->used)
        return NULL;
    a->used += (bytes + 7) & ~(size_t)7;
    return at;
}

TEST_REDIS_FN bool read_table(void *arg, struct wk_cache_loaded *out, struct wk_err *err)
{
    static char text[16][16];
    static unsigned next;
    char *to = text[next++ % 16];

    (void)arg;
    loads++;
    (void)snprintf(to, sizeof text[0], "%d", table); /* a slow reader: what it saw may be old when it is done */
    if (load_ms && !wk_fiber_sleep((uint32_t)load_ms, err))
        return false;
    if (fails > 0) {
        fails--;
        return wk_fail(err, is_cancelling ? WK_TRANSIENT : WK_BUSINESS, is_cancelling ? "call.cancelled" : "test.asked", "as asked");
    }
    *out = is_empty ? (struct wk_cache_loaded){.is_none = true} : (struct wk_cache_loaded){.data = to, .len = strlen(to)};
    return true;
}

TEST_REDIS_FN void ask_main(void *arg)
{
    struct asked *a = arg;
    struct wk_cache_ask ask = {.tenant = a->tenant ? a->tenant : &shop, .ns = a->ns ? a->ns : "test.things", .key = a->key ? a->key : "k",
                               .key_len = strlen(a->key ? a->key : "k"), .tags = a->tags, .lifetime_ms = a->lifetime_ms ? a->lifetime_ms : 60000,
                               .negative_ms = a->negative_ms, .is_local = a->is_local, .load = read_table, .alloc = alloc_answer, .alloc_arg = a};
    struct wk_cache_loaded out = {0};

    a->ok = wk_cache_fetch(caches[a->worker], &ask, &out, &a->err);
    a->is_none = out.is_none;
    a->len = out.len;
    a->value = a->ok && out.len ? atoi(out.data) : -1;
    a->is_done = true;
}
TEST_REDIS_FN void start(struct asked *a)
{
    a->fiber = wk_fiber_spawn(sched, "ask", ask_main, a, NULL);
    assert_non_null(a->fiber);
}
TEST_REDIS_FN void finish(struct asked *a)
{
    while (!a->is_done)
        (void)event_base_loop(base, EVLOOP_ONCE);
}
/* The number that worker's cache answers; -1: nothing there, -2: it failed. */
TEST_REDIS_FN int get_as(struct asked a)
{
    start(&a);
    finish(&a);
    return a.ok ? a.value : -2;
}
#define GET(w, ...) get_as((struct asked){.worker = (w), __VA_ARGS__})

/* --- changing --- */

struct change {
    int worker;
    const char *pattern;
    const struct wk_uuid *tenant;
    struct wk_uuid id;
    bool is_done;
};
TEST_REDIS_FN struct wk_uuid fresh_id(void)
{
    static uint8_t n;
    struct wk_uuid id = {{9, 9, 9, (uint8_t)getpid(), ++n}};

    return id;
}
TEST_REDIS_FN void change_main(void *arg)
{
    struct change *c = arg;

    wk_cache_forget(caches[c->worker], c->tenant, c->pattern, &c->id);
    c->is_done = true;
}
/* A commit by this worker that changes the table and forgets the pattern. */
TEST_REDIS_FN struct wk_uuid commit(int worker, const char *pattern)
{
    struct change c = {.worker = worker, .pattern = pattern, .tenant = &shop, .id = fresh_id()};

    table++;
    assert_non_null(wk_fiber_spawn(sched, "commit", change_main, &c, NULL));
    while (!c.is_done)
        (void)event_base_loop(base, EVLOOP_ONCE);
    return c.id;
}
#endif
