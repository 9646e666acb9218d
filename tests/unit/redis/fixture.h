/* fixture.h - a loop with fibers and a client of a server's; run() does a test's body on a fiber, wait_until() turns the loop. */
#ifndef WK_TEST_REDIS_FIXTURE_H
#define WK_TEST_REDIS_FIXTURE_H
#include "fiber/fiber.h"
#include "redis/redis.h"
#include "server.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>

static struct event_base *base;
static struct wk_sched *sched;
static struct wk_redis *redis;
static char servers[256];
static int downs, ups;
static uint32_t budget_ms; /* long, because a busy machine is not what most tests are about */

TEST_REDIS_FN void on_state(void *arg, bool is_up, const struct wk_err *err)
{
    (void)arg;
    (void)err;
    *(is_up ? &ups : &downs) += 1;
}

TEST_REDIS_FN int loop_setup(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    base = event_base_new();
    sched = wk_sched_create(base, NULL, NULL);
    redis = NULL;
    ups = downs = 0;
    budget_ms = 1000;
    return sched ? 0 : -1;
}

TEST_REDIS_FN int loop_teardown(void **state)
{
    (void)state;
    wk_redis_destroy(redis);
    redis = NULL;
    (void)event_base_loop(base, EVLOOP_NONBLOCK); /* what was freed inside its own callback */
    wk_sched_destroy(sched);
    event_base_free(base);
    return 0;
}

TEST_REDIS_FN void wait_until(bool (*condition)(void), int ms, const char *what)
{
    int64_t end = wk_mono_us() + (int64_t)ms * 1000;

    while (!condition()) {
        struct timeval tick = {0, 2000};

        if (wk_mono_us() > end)
            fail_msg("not within %d ms: %s", ms, what);
        (void)event_base_loopexit(base, &tick);
        (void)event_base_dispatch(base);
    }
}

TEST_REDIS_FN bool is_up(void) { return wk_redis_is_up(redis); }
TEST_REDIS_FN bool is_down(void) { return !wk_redis_is_up(redis); }

TEST_REDIS_FN void connect_with(struct wk_redis_conf conf)
{
    struct wk_err err = {0};

    conf.on_state = on_state;
    conf.budget_ms = budget_ms;
    redis = wk_redis_create(base, sched, &conf, &err);
    if (!redis)
        fail_msg("%s: %s", err.code, err.msg);
}

TEST_REDIS_FN void connect_to(const struct test_redis *server)
{
    (void)snprintf(servers, sizeof servers, "127.0.0.1:%d", server->port);
    connect_with((struct wk_redis_conf){.servers = servers, .password = server->password});
    wait_until(is_up, 3000, "the client is connected");
}

struct body {
    void (*fn)(void);
    bool is_done;
};
TEST_REDIS_FN void body_main(void *arg)
{
    struct body *b = arg;

    b->fn();
    b->is_done = true;
}
TEST_REDIS_FN void run(void (*fn)(void))
{
    struct body b = {.fn = fn};

    assert_non_null(wk_fiber_spawn(sched, "test", body_main, &b, NULL));
    while (!b.is_done)
        (void)event_base_loop(base, EVLOOP_ONCE);
}

/* On a fiber: the text that a command of words answers, "" for nil, a number as digits; NULL and `why` when it failed. */
static struct wk_err why;
TEST_REDIS_FN const char *ask(const char *key, int n, const char **words)
{
    static char text[4096];
    struct wk_redis_reply reply;

    memset(&why, 0, sizeof why);
    if (!wk_redis_cmd(redis, 0, &reply, &why, key, n, words, NULL))
        return NULL;
    if (reply.type == WK_REDIS_INTEGER)
        (void)snprintf(text, sizeof text, "%lld", (long long)reply.integer);
    else
        (void)snprintf(text, sizeof text, "%s", reply.text ? reply.text : "");
    wk_redis_reply_finish(&reply);
    return text;
}
#define ASK(key, ...) ask(key, (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)), (const char *[]){__VA_ARGS__})
#endif
