/* The scheduler's promises, each proved on the assembler switch and on ucontext. A fiber must not longjmp away, so
 * fibers only record and the loop's stack asserts. */
#include "fiber/ctx.h"
#include "fiber/fiber.h"

#include <event2/event.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct event_base *base;
static struct wk_sched *sched;

static void sched_open(struct wk_sched_conf conf)
{
    struct wk_err err = { 0 };

    sched = wk_sched_create(base, &conf, &err);
    if (!sched)
        fail_msg("%s", err.msg);
}

static void sched_close(void)
{
    assert_int_equal(wk_sched_live(sched), 0);
    wk_sched_destroy(sched);
    sched = NULL;
}

static int setup(void **state)
{
    (void)state;
    base = event_base_new();
    return base ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    event_base_free(base);
    return 0;
}

static struct wk_fiber *spawn(void (*fn)(void *), void *arg)
{
    struct wk_err err = { 0 };
    struct wk_fiber *fiber = wk_fiber_spawn(sched, "test", fn, arg, &err);

    if (!fiber)
        fail_msg("%s", err.msg);
    return fiber;
}

static void run(void) { assert_true(event_base_dispatch(base) >= 0); }

/* What a fiber saw. */
struct seen {
    enum wk_wake wake[4];
    int count;
    int64_t us[4]; /* how long each wait took */
    int64_t until;
};

static void note(struct seen *seen, int64_t until_us)
{
    int64_t start = wk_mono_us();

    seen->wake[seen->count] = wk_fiber_park("test", until_us);
    seen->us[seen->count++] = wk_mono_us() - start;
}

static void park_once(void *arg) { note(arg, 0); }
static void park_twice(void *arg)
{
    note(arg, 0);
    note(arg, 0);
}
static void park_until(void *arg)
{
    struct seen *seen = arg;
    note(seen, seen->until);
}

static void nothing_runs_before_the_loop_does(void **state)
{
    struct seen seen = { 0 };
    struct wk_fiber *fiber;

    (void)state;
    sched_open((struct wk_sched_conf){ 0 });
    fiber = spawn(park_once, &seen);
    assert_int_equal(wk_sched_live(sched), 1);
    assert_ptr_equal(wk_sched_of(fiber), sched);
    assert_null(wk_fiber_self());
    event_base_loop(base, EVLOOP_NONBLOCK);
    assert_int_equal(seen.count, 0); /* parked */
    wk_fiber_wake(fiber);
    wk_fiber_wake(fiber); /* the second changes nothing */
    assert_int_equal(seen.count, 0);
    run();
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.wake[0], WK_WAKE_READY);
    sched_close();
}

static void wake_self_then_park(void *arg)
{
    wk_fiber_wake(wk_fiber_self());
    note(arg, 0);
}

static void a_wake_before_the_park_is_not_lost(void **state)
{
    struct seen self = { 0 }, early = { 0 };

    (void)state;
    sched_open((struct wk_sched_conf){ 0 });
    spawn(wake_self_then_park, &self);
    wk_fiber_wake(spawn(park_once, &early)); /* woken before it ran at all */
    run();
    assert_int_equal(self.wake[0], WK_WAKE_READY);
    assert_int_equal(early.count, 1);
    assert_int_equal(early.wake[0], WK_WAKE_READY);
    sched_close();
}

static void one_wake_ends_one_wait(void **state)
{
    struct seen seen = { 0 };
    struct wk_fiber *fiber;

    (void)state;
    sched_open((struct wk_sched_conf){ 0 });
    fiber = spawn(park_twice, &seen);
    event_base_loop(base, EVLOOP_NONBLOCK);
    wk_fiber_wake(fiber);
    wk_fiber_wake(fiber);
    run();
    assert_int_equal(seen.count, 1);
    wk_fiber_wake(fiber);
    run();
    assert_int_equal(seen.count, 2);
    sched_close();
}

static void cancel_makes_this_and_later_waits_fail(void **state)
{
    struct seen seen = { 0 };
    struct wk_fiber *fiber;

    (void)state;
    sched_open((struct wk_sched_conf){ 0 });
    fiber = spawn(park_twice, &seen);
    event_base_loop(base, EVLOOP_NONBLOCK);
    assert_false(wk_fiber_is_cancelled(fiber));
    wk_fiber_cancel(fiber);
    assert_true(wk_fiber_is_cancelled(fiber));
    run();
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.wake[0], WK_WAKE_CANCELLED);
    assert_int_equal(seen.wake[1], WK_WAKE_CANCELLED);
    sched_close();
}

static void a_fiber_cancelled_before_it_ran_still_runs(void **state)
{
    struct seen seen = { 0 };

    (void)state;
    sched_open((struct wk_sched_conf){ 0 });
    wk_fiber_cancel(spawn(park_once, &seen));
    run();
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.wake[0], WK_WAKE_CANCELLED);
    sched_close();
}

static void what_was_handed_over_wins_over_a_cancel(void **state)
{
    struct seen before = { 0 }, after = { 0 };
    struct wk_fiber *a, *b;

    (void)state;
    sched_open((struct wk_sched_conf){ 0 });
    a = spawn(park_twice, &before);
    b = spawn(park_twice, &after);
    event_base_loop(base, EVLOOP_NONBLOCK);
    wk_fiber_wake(a);
    wk_fiber_cancel(a);
    wk_fiber_cancel(b);
    wk_fiber_wake(b);
    run();
    assert_int_equal(before.wake[0], WK_WAKE_READY);
    assert_int_equal(before.wake[1], WK_WAKE_CANCELLED);
    assert_int_equal(after.wake[0], WK_WAKE_READY);
    assert_int_equal(after.wake[1], WK_WAKE_CANCELLED);
    sched_close();
}

static void a_wait_ends_at_its_deadline_and_not_before(void **state)
{
    struct seen seen = { 0 };

    (void)state;
    sched_open((struct wk_sched_conf){ 0 });
    seen.until = wk_mono_us() + 20000;
    spawn(park_until, &seen);
    run();
    assert_int_equal(seen.wake[0], WK_WAKE_TIMEOUT);
    assert_true(wk_mono_us() >= seen.until);
    assert_true(seen.us[0] < 5000000);
    sched_close();
}

static void own_deadline(void *arg)
{
    wk_fiber_set_deadline(wk_fiber_self(), wk_mono_us() + 10000);
    note(arg, wk_mono_us() + 60000000);
    note(arg, 0);
    wk_fiber_wake(wk_fiber_self());
    note(arg, 0); /* even a wake does not help any more */
}

static void the_fibers_own_deadline_ends_every_wait(void **state)
{
    struct seen seen = { 0 };

    (void)state;
    sched_open((struct wk_sched_conf){ 0 });
    spawn(own_deadline, &seen);
    run();
    assert_int_equal(seen.count, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(seen.wake[i], WK_WAKE_TIMEOUT);
    assert_true(seen.us[0] >= 9000 && seen.us[0] < 10000000);
    sched_close();
}

static void a_deadline_set_from_outside_reaches_a_parked_fiber(void **state)
{
    struct seen sooner = { 0 }, later = { 0 };
    int64_t now = wk_mono_us();
    struct wk_fiber *a, *b;

    (void)state;
    sched_open((struct wk_sched_conf){ 0 });
    a = spawn(park_once, &sooner);
    b = spawn(park_once, &later);
    wk_fiber_set_deadline(a, now + 60000000);
    wk_fiber_set_deadline(b, now + 5000);
    event_base_loop(base, EVLOOP_NONBLOCK);
    wk_fiber_set_deadline(a, wk_mono_us() + 5000);
    wk_fiber_set_deadline(b, now + 40000); /* the armed timer fires early and must look again */
    assert_int_equal(wk_fiber_deadline(b), now + 40000);
    run();
    assert_int_equal(sooner.wake[0], WK_WAKE_TIMEOUT);
    assert_true(sooner.us[0] < 10000000);
    assert_int_equal(later.wake[0], WK_WAKE_TIMEOUT);
    assert_true(wk_mono_us() >= now + 40000);
    sched_close();
}

struct slept {
    bool ok[3];
    struct wk_err err[3];
};

static void sleeper(void *arg)
{
    struct slept *slept = arg;

    wk_fiber_wake(wk_fiber_self()); /* a stray wake must not shorten a sleep */
    slept->ok[0] = wk_fiber_sleep(10, &slept->err[0]);
    wk_fiber_set_deadline(wk_fiber_self(), wk_mono_us() + 5000);
    slept->ok[1] = wk_fiber_sleep(60000, &slept->err[1]);
    wk_fiber_cancel(wk_fiber_self());
    slept->ok[2] = wk_fiber_sleep(60000, &slept->err[2]);
}

static void sleep_says_why_it_was_cut_short(void **state)
{
    struct slept slept = { 0 };
    int64_t start = wk_mono_us();
    struct wk_err err = { 0 };

    (void)state;
    sched_open((struct wk_sched_conf){ 0 });
    spawn(sleeper, &slept);
    run();
    assert_true(slept.ok[0]);
    assert_true(wk_mono_us() - start >= 15000);
    assert_false(slept.ok[1]);
    assert_string_equal(slept.err[1].code, "call.deadline");
    assert_int_equal(slept.err[1].cls, WK_TRANSIENT);
    assert_false(slept.ok[2]);
    assert_string_equal(slept.err[2].code, "call.cancelled");
    assert_int_equal(slept.err[2].cls, WK_TRANSIENT);
    assert_false(wk_fiber_sleep(1, &err)); /* on the loop's stack */
    assert_string_equal(err.code, "fiber.none");
    sched_close();
}

static void the_cap_refuses_and_recovers(void **state)
{
    struct seen seen[3] = { 0 };
    struct wk_err err = { 0 };
    struct wk_fiber *first;

    (void)state;
    sched_open((struct wk_sched_conf){ .max_fibers = 2 });
    first = spawn(park_once, &seen[0]);
    wk_fiber_cancel(spawn(park_once, &seen[1]));
    assert_null(wk_fiber_spawn(sched, "third", park_once, &seen[2], &err));
    assert_string_equal(err.code, "fiber.limit");
    assert_int_equal(err.cls, WK_TRANSIENT);
    run();
    wk_fiber_wake(spawn(park_once, &seen[2]));
    wk_fiber_wake(first);
    run();
    assert_int_equal(seen[2].count, 1);
    sched_close();
}

enum { CROWD = 10000 };
static int cleanups;

static void count_and_free(char **block)
{
    free(*block);
    cleanups++;
}

static void member(void *arg)
{
    __attribute__((cleanup(count_and_free))) char *block = malloc(100);

    (void)arg;
    (void)block;
    (void)wk_fiber_park("crowd", 0);
}

static void ten_thousand_suspended_are_cancelled_without_a_leak(void **state)
{
    struct wk_fiber **crowd = calloc(CROWD, sizeof *crowd);

    (void)state;
    cleanups = 0;
    sched_open((struct wk_sched_conf){ .max_fibers = CROWD });
    for (int i = 0; i < CROWD; i++)
        crowd[i] = spawn(member, NULL);
    event_base_loop(base, EVLOOP_NONBLOCK);
    assert_int_equal(wk_sched_live(sched), CROWD);
    assert_int_equal(cleanups, 0);
    for (int i = 0; i < CROWD; i++)
        wk_fiber_cancel(crowd[i]);
    run();
    assert_int_equal(cleanups, CROWD);
    sched_close();
    free(crowd);
}

enum { RUNNERS = 8, LAPS = 8 };
static char track[RUNNERS * LAPS + 1];
static int tracked;

static void runner(void *arg)
{
    for (int lap = 0; lap < LAPS; lap++) {
        track[tracked++] = *(char *)arg;
        (void)wk_fiber_sleep(0, NULL);
    }
}

static void race(uint64_t seed, char out[sizeof track])
{
    static char names[] = "abcdefgh";

    memset(track, 0, sizeof track);
    tracked = 0;
    sched_open((struct wk_sched_conf){ .seed = seed });
    for (int i = 0; i < RUNNERS; i++)
        spawn(runner, &names[i]);
    run();
    sched_close();
    memcpy(out, track, sizeof track);
}

static void a_seed_names_one_schedule(void **state)
{
    char plain[sizeof track], once[sizeof track], again[sizeof track], other[sizeof track];

    (void)state;
    race(0, plain);
    race(7, once);
    race(7, again);
    race(8, other);
    assert_memory_equal(plain, "abcdefghabcdefgh", 16);
    assert_string_equal(once, again);
    assert_string_not_equal(once, other);
    assert_string_not_equal(once, plain);
}

static struct wk_fiber *players[2];
static int rounds, pipe_in;
static bool is_over;

static void player(void *arg)
{
    int me = *(int *)arg;

    while (!is_over && rounds < 100000 && players[!me]) {
        if (++rounds == 10 && write(pipe_in, "x", 1) != 1)
            break;
        wk_fiber_wake(players[!me]);
        (void)wk_fiber_park("ping-pong", 0);
    }
    players[me] = NULL; /* a fiber's pointer dies with its function */
    if (players[!me])
        wk_fiber_cancel(players[!me]);
}

static void on_pipe(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    is_over = true;
}

static void fibers_that_wake_each_other_do_not_starve_io(void **state)
{
    static int ids[] = { 0, 1 };
    struct event *readable;
    int fds[2];

    (void)state;
    is_over = false;
    rounds = 0;
    sched_open((struct wk_sched_conf){ 0 });
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pipe_in = fds[1];
    readable = event_new(base, fds[0], EV_READ, on_pipe, NULL);
    event_add(readable, NULL);
    players[0] = spawn(player, &ids[0]);
    players[1] = spawn(player, &ids[1]);
    run();
    assert_true(is_over);
    assert_in_range(rounds, 10, 20);
    event_free(readable);
    close(fds[0]);
    close(fds[1]);
    sched_close();
}

static struct wk_fiber_info shown[2];
static int shown_count;

static void show(const struct wk_fiber_info *info, void *arg)
{
    (void)arg;
    shown[shown_count++] = *info;
}

static void deep_park(void *arg)
{
    volatile char depth[20000];

    memset((char *)depth, 1, sizeof depth);
    note(arg, 0);
    depth[0] = depth[1];
}

static void operators_see_what_each_fiber_waits_for(void **state)
{
    struct seen seen = { 0 };
    struct wk_fiber *fiber;
    int64_t before = wk_mono_us();

    (void)state;
    shown_count = 0;
    sched_open((struct wk_sched_conf){ 0 });
    fiber = spawn(deep_park, &seen);
    wk_fiber_set_data(fiber, &seen);
    assert_ptr_equal(wk_fiber_data(fiber), &seen);
    wk_sched_each(sched, show, NULL);
    event_base_loop(base, EVLOOP_NONBLOCK);
    wk_sched_each(sched, show, NULL);
    assert_int_equal(shown_count, 2);
    assert_null(shown[0].reason);
    assert_string_equal(shown[1].name, "test");
    assert_string_equal(shown[1].reason, "test");
    assert_ptr_equal(shown[1].data, &seen);
    assert_true(shown[1].since_us >= before && shown[1].since_us <= wk_mono_us());
#if !defined(NDEBUG) && !defined(__SANITIZE_ADDRESS__)
    assert_in_range(shown[1].stack_high_bytes, 20000, 40000);
#endif
    wk_fiber_wake(fiber);
    run();
    sched_close();
}

static void dig(void *arg)
{
    volatile char depth[100000];

    memset((char *)depth, 0x55, sizeof depth);
    *(char *)arg = depth[99999];
}

static void pooled_stacks_are_reused_after_deep_calls(void **state)
{
    char out = 0;

    (void)state;
    sched_open((struct wk_sched_conf){ .pool = 2 });
    for (int i = 0; i < 100; i++) {
        for (int j = 0; j < 5; j++)
            spawn(dig, &out);
        run();
    }
    assert_int_equal(out, 0x55);
    sched_close();
}

static int use_ucontext(void **state)
{
    (void)state;
    wk_ctx = &wk_ctx_ucontext;
    return 0;
}

int main(void)
{
#define PROMISE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        PROMISE(nothing_runs_before_the_loop_does),
        PROMISE(a_wake_before_the_park_is_not_lost),
        PROMISE(one_wake_ends_one_wait),
        PROMISE(cancel_makes_this_and_later_waits_fail),
        PROMISE(a_fiber_cancelled_before_it_ran_still_runs),
        PROMISE(what_was_handed_over_wins_over_a_cancel),
        PROMISE(a_wait_ends_at_its_deadline_and_not_before),
        PROMISE(the_fibers_own_deadline_ends_every_wait),
        PROMISE(a_deadline_set_from_outside_reaches_a_parked_fiber),
        PROMISE(sleep_says_why_it_was_cut_short),
        PROMISE(the_cap_refuses_and_recovers),
        PROMISE(ten_thousand_suspended_are_cancelled_without_a_leak),
        PROMISE(a_seed_names_one_schedule),
        PROMISE(fibers_that_wake_each_other_do_not_starve_io),
        PROMISE(operators_see_what_each_fiber_waits_for),
        PROMISE(pooled_stacks_are_reused_after_deep_calls),
    };
    int failed = cmocka_run_group_tests_name(wk_ctx->name, tests, NULL, NULL);

    return failed + cmocka_run_group_tests_name("ucontext", tests, use_ucontext, NULL);
}
