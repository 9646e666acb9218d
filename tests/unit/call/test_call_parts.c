/* What a call is made of, without a database: lanes, ids, memory, defers, frames, JSON from outside, threads, secrets of its tenant. */
#include "call/call.h"
#include "db/lane.h"
#include "call/offload.h"
#include "fiber/fiber.h"
#include "plugin/loader.h"

#include <event2/event.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>
#include <wakala/json.h>
#include <wakala/task.h>

/* --- lanes: computed by a second implementation; they may never change, events of one key would change their lane --- */

static void lanes_are_frozen(void **state)
{
    static const char long_key[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                                   "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    static const struct {
        const char *tenant, *key;
        size_t len;
        unsigned lane;
    } v[] = {{"00000000-0000-0000-0000-000000000000", "", 0, 35}, {"00000000-0000-0000-0000-000000000000", "a", 1, 37},
             {"ffffffff-ffff-ffff-ffff-ffffffffffff", "27820000001", 11, 52}, {"018f2c3e-7b1a-7c00-8000-0123456789ab", "27820000001", 11, 31},
             {"018f2c3e-7b1a-7c00-8000-0123456789ab", "27820000002", 11, 15}, {"018f2c3e-7b1a-7c00-8000-0123456789ab", "order-7f", 8, 16},
             {"f47ac10b-58cc-4372-a567-0e02b2c3d479", "k\0" "0", 3, 30},
             {"f47ac10b-58cc-4372-a567-0e02b2c3d479", "\xd0\xba\xd0\xbb\xd1\x8e\xd1\x87", 8, 12},
             {"f47ac10b-58cc-4372-a567-0e02b2c3d479", long_key, 200, 39}};

    (void)state;
    for (size_t i = 0; i < WK_COUNT(v); i++) {
        struct wk_uuid id;

        assert_true(wk_uuid_parse(v[i].tenant, &id));
        assert_int_equal(wk_lane_of(&id, v[i].key, v[i].len), v[i].lane);
    }
}

static void lanes_are_even(void **state)
{
    unsigned hits[WK_LANES] = {0};
    struct wk_uuid id = {{1, 2, 3}};
    char key[32];

    (void)state;
    for (int i = 0; i < 64000; i++) {
        int n = snprintf(key, sizeof key, "2782%07d", i);

        hits[wk_lane_of(&id, key, (size_t)n)]++;
    }
    for (int i = 0; i < WK_LANES; i++)
        assert_in_range(hits[i], 850, 1150);
}

static void ids_tell_their_time_and_differ(void **state)
{
    struct wk_uuid a, b;
    int64_t us = INT64_C(1767225610123456);

    (void)state;
    wk_uuid7(us, &a);
    wk_uuid7(us, &b);
    assert_false(wk_uuid_equal(&a, &b));
    assert_int_equal(a.b[6] >> 4, 7);
    assert_int_equal(a.b[8] >> 6, 2);
    for (int64_t ms = us / 1000, i = 5; i >= 0; i--, ms >>= 8)
        assert_int_equal(a.b[i], ms & 0xff);
    wk_uuid7(us + 1000, &b);
    assert_true(memcmp(&a, &b, 6) < 0); /* later sorts later */
    wk_uuid7(us + INT64_C(86400000000) * 20000, &b);
    assert_true(memcmp(&a, &b, 6) < 0);
}

/* --- memory --- */

static char order[16];
static struct wk_arena *again;
static void note(void *arg)
{
    size_t n = strlen(order);

    order[n] = *(char *)arg;
    order[n + 1] = '\0';
    if (*(char *)arg == 'b')
        assert_true(wk_arena_defer(again, note, "x"));
}

static void defers_run_last_first_and_may_defer(void **state)
{
    struct wk_arena arena;

    (void)state;
    wk_arena_init(&arena, 4096);
    again = &arena;
    order[0] = '\0';
    assert_true(wk_arena_defer(&arena, note, "a") && wk_arena_defer(&arena, note, "b") && wk_arena_defer(&arena, note, "c"));
    wk_arena_finish(&arena);
    assert_string_equal(order, "cbxa");
}

static void memory_is_zeroed_aligned_and_limited(void **state)
{
    struct wk_arena arena;
    size_t total = 0;

    (void)state;
    wk_arena_init(&arena, 1 << 20);
    for (size_t n = 1; n < 9000; n += 37) {
        unsigned char *p = wk_arena_alloc(&arena, n);

        if (!p) {
            assert_true(total + n + 16 > (1u << 20));
            break;
        }
        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xee, n);
        total += n;
    }
    assert_true(total <= 1 << 20);
    assert_null(wk_arena_alloc(&arena, 1 << 20));
    assert_null(wk_arena_alloc(&arena, SIZE_MAX)); /* rounding up must not wrap */
    assert_null(wk_arena_alloc(&arena, SIZE_MAX - 8));
    wk_arena_finish(&arena);
    assert_null(wk_arena_copy(&(struct wk_arena){.limit = 3}, "four", 4));
}

/* --- on a fiber --- */

static struct wk_engine engine;
static bool is_done;
static void (*body)(struct wk_call *call);
static struct wk_err err;

static void fiber_main(void *arg)
{
    struct wk_call_spec spec = {.hook = "test", .deadline_ms = 5000};
    struct wk_call call;

    (void)arg;
    assert_true(wk_call_init(&call, &engine, &spec, &err));
    body(&call);
    wk_call_finish(&call);
    is_done = true;
}
static void run(void (*fn)(struct wk_call *call))
{
    engine = (struct wk_engine){.base = event_base_new(), .call_memory_max = 1 << 20};
    engine.sched = wk_sched_create(engine.base, NULL, &err);
    engine.directory = wk_directory_create(&err);
    engine.offload = wk_offload_create(engine.base, 2, 2, &err);
    body = fn;
    is_done = false;
    assert_non_null(wk_fiber_spawn(engine.sched, "test", fiber_main, NULL, &err));
    while (!is_done)
        (void)event_base_loop(engine.base, EVLOOP_ONCE);
    wk_offload_destroy(engine.offload);
    wk_directory_destroy(engine.directory);
    wk_sched_destroy(engine.sched);
    event_base_free(engine.base);
}

static void many_services(struct wk_call *call)
{
    static struct wk_plugin a = {.magic = WK_PLUGIN_MAGIC, .name = "a"}, b = {.magic = WK_PLUGIN_MAGIC, .name = "b"};
    size_t before = call->arena.used;
    void *deep[40];

    for (int i = 0; i < 1000000; i++) {
        void *outer = wk_host->frame_enter(call, &a), *inner = wk_host->frame_enter(call, &b);

        assert_ptr_equal(wk_call_plugin(call), &b);
        wk_host->frame_leave(call, inner);
        assert_ptr_equal(wk_call_plugin(call), &a);
        wk_host->frame_leave(call, outer);
    }
    assert_null(wk_call_plugin(call));
    assert_int_equal(call->arena.used, before);
    for (size_t i = 0; i < WK_COUNT(deep); i++)
        deep[i] = wk_host->frame_enter(call, i % 2 ? &a : &b);
    for (size_t i = WK_COUNT(deep); i-- > 0;) {
        assert_ptr_equal(wk_call_plugin(call), i % 2 ? &a : &b);
        wk_host->frame_leave(call, deep[i]);
    }
    deep[0] = wk_host->frame_enter(call, &a);
    deep[1] = wk_host->frame_enter(call, NULL); /* a provider that is no plugin */
    wk_host->frame_leave(call, deep[1]);
    assert_ptr_equal(wk_call_plugin(call), &a); /* still who it was */
    wk_host->frame_leave(call, deep[0]);
}
static void a_million_service_calls_cost_no_memory(void **state)
{
    (void)state;
    run(many_services);
}

static bool parses(struct wk_call *call, const char *text, size_t len, const char *code)
{
    err = (struct wk_err){0};
    bool ok = wk_json_parse(call, text, len, &err) != NULL;

    if (!ok)
        assert_string_equal(err.code, code);
    return ok;
}
static void json_bodies(struct wk_call *call)
{
    static const char quoted[] = "[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[\"]"; /* in a string it is no nesting */
    char deep[400];

    for (int n = 60; n <= 70; n++) {
        memset(deep, '[', (size_t)n);
        memset(deep + n, ']', (size_t)n);
        assert_int_equal(parses(call, deep, (size_t)(2 * n), "json.depth"), n <= 64);
    }
    assert_true(parses(call, quoted, strlen(quoted), ""));
    assert_true(parses(call, "7", 1, ""));
    assert_false(parses(call, "{\"a\":1,\"a\":2}", 13, "json.syntax"));
    assert_false(parses(call, "\"a\\u0000b\"", 10, "json.syntax"));
    assert_false(parses(call, "\"\\ud800\"", 8, "json.syntax"));
    assert_false(parses(call, "\"\xff\"", 3, "json.syntax"));
    assert_false(parses(call, "", 0, "json.syntax"));
    assert_false(parses(call, "[1] [2]", 7, "json.syntax"));
    assert_false(parses(call, "\"\\", 2, "json.syntax")); /* ends inside an escape */
    assert_int_equal(err.cls, WK_BUSINESS);
}
static void json_from_outside_is_bounded(void **state)
{
    (void)state;
    run(json_bodies);
}

static pthread_t seen_thread;
static void elsewhere(void *arg)
{
    seen_thread = pthread_self();
    *(int *)arg = 42;
}
static void one_task(struct wk_call *call)
{
    int n = 0;

    assert_true(wk_offload(call, elsewhere, &n, &err));
    assert_int_equal(n, 42);
    assert_false(pthread_equal(seen_thread, pthread_self()));
    assert_true(wk_sleep(call, 1, &err));
}
static void work_goes_to_a_thread_and_back(void **state)
{
    (void)state;
    run(one_task);
}

static void slow(void *arg)
{
    struct timespec t = {.tv_nsec = 200000000};

    (void)arg;
    (void)nanosleep(&t, NULL);
}
static unsigned finished, refused;
static void task_main(void *arg)
{
    struct wk_err mine = {0};

    (void)arg;
    wk_fiber_set_deadline(wk_fiber_self(), wk_mono_us() + 20000); /* passes while the thread works: the fiber must wait all the same */
    if (wk_offload_run(engine.offload, slow, NULL, &mine))
        finished++;
    else
        refused += wk_err_is(&mine, "task.busy");
}
static void crowd(struct wk_call *call)
{
    finished = refused = 0;
    for (int i = 0; i < 5; i++)
        assert_non_null(wk_fiber_spawn(engine.sched, "task", task_main, NULL, &err));
    while (finished + refused < 5)
        assert_true(wk_sleep(call, 10, &err));
    assert_int_equal(finished, 2);
    assert_int_equal(refused, 3);
}
static void a_full_queue_of_tasks_is_told_and_no_deadline_takes_a_task_away(void **state)
{
    (void)state;
    run(crowd);
}

static bool tried(struct wk_call *call, struct wk_retry *retry, enum wk_class cls, const char *code, uint32_t after_ms)
{
    struct wk_err why = {.cls = cls, .code = code, .retry_after_ms = after_ms};

    return wk_retry(call, retry, &why);
}
static void try_again(struct wk_call *call)
{
    struct wk_retry retry = {.size = sizeof retry}, other = retry;
    int64_t began = wk_mono_us();

    assert_true(tried(call, &retry, WK_TRANSIENT, "http.not_sent", 0));
    assert_true(tried(call, &retry, WK_TRANSIENT, "http.not_sent", 0));
    assert_false(tried(call, &retry, WK_TRANSIENT, "http.not_sent", 0)); /* three tries */
    assert_int_equal(retry.tries, 3);
    assert_true(wk_mono_us() - began < 600000); /* pauses of at most 100 and 200 ms */
    assert_false(tried(call, &other, WK_BUSINESS, "order.not_found", 0));
    other.tries = 0;
    assert_false(tried(call, &other, WK_SYSTEM, "db.statement", 0));
    other.tries = 0;
    assert_false(tried(call, &other, WK_TRANSIENT, "target.open", 0)); /* nobody asks it anyway */
    other.tries = 0;
    assert_false(tried(call, &other, WK_TRANSIENT, "t.busy", 6000)); /* longer than a call should wait */
    other.tries = 0;
    began = wk_mono_us();
    assert_true(tried(call, &other, WK_TRANSIENT, "t.busy", 300));
    assert_true(wk_mono_us() - began >= 300000); /* never before it was asked to */
    other.tries = 0;
    call->until_us = wk_mono_us() + 200000;
    began = wk_mono_us();
    assert_false(tried(call, &other, WK_TRANSIENT, "t.busy", 300)); /* the deadline would pass: at once, not at its end */
    assert_true(wk_mono_us() - began < 100000);
}
static void tries_are_three_and_keep_the_deadline(void **state)
{
    (void)state;
    run(try_again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lanes_are_frozen),
        cmocka_unit_test(lanes_are_even),
        cmocka_unit_test(ids_tell_their_time_and_differ),
        cmocka_unit_test(defers_run_last_first_and_may_defer),
        cmocka_unit_test(memory_is_zeroed_aligned_and_limited),
        cmocka_unit_test(a_million_service_calls_cost_no_memory),
        cmocka_unit_test(json_from_outside_is_bounded),
        cmocka_unit_test(work_goes_to_a_thread_and_back),
        cmocka_unit_test(tries_are_three_and_keep_the_deadline),
        cmocka_unit_test(a_full_queue_of_tasks_is_told_and_no_deadline_takes_a_task_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
