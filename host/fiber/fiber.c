/* fiber.c - the scheduler: docs/design/fibers.md. A fiber's own struct sits on top of its stack, so that spawn allocates
 * nothing once the pool is warm. */
#include "fiber/fiber.h"
#include "fiber/ctx.h"
#include "fiber/fault.h"
#include "fiber/guard.h"
#include "fiber/stack.h"

#include <assert.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <time.h>

#ifdef WK_ASAN
#include <sanitizer/common_interface_defs.h>
#else /* same calls, no effect */
#define __sanitizer_start_switch_fiber(save, low, bytes) ((void)(low), (void)(bytes))
#define __sanitizer_finish_switch_fiber(saved, low, bytes) ((void)0)
#endif

#ifdef WK_ASAN
#define STACK_BYTES ((size_t)1 << 20) /* its red zones make frames several times larger */
#else
#define STACK_BYTES ((size_t)256 << 10)
#endif
enum {
    STACK_BYTES_MIN = 16 << 10,
    FIBERS_DEFAULT = 10000,
    FIBERS_MAX = 20000, /* two map areas each, and vm.max_map_count is 65,530 */
    POOL_DEFAULT = 256,
};

enum state {
    NEW, /* queued, has not run yet */
    RUNNING,
    PARKED,
    QUEUED, /* woken, not yet resumed */
    DONE,
};

struct wk_fiber {
    struct wk_sched *sched;
    void *sp;
    void *fake_stack; /* AddressSanitizer's, while parked */
    struct wk_stack stack;
    LIST_ENTRY(wk_fiber) live;
    const char *name;
    void (*fn)(void *arg);
    void *arg;
    void *data;
    enum state state;
    enum wk_wake wake; /* what park() will return */
    bool has_wake;     /* a wake came while not parked */
    bool is_cancelled;
    const char *reason;
    int64_t since_us, until_us, deadline_us;
    int64_t armed_us; /* when the timer fires; 0 = not armed */
    struct event timer;
};

struct wk_sched {
    struct event_base *base;
    struct event drain;
    bool is_drain_due, is_draining;
    uint32_t live_count, max_fibers, ready_count;
    struct wk_fiber **ready, **batch; /* being filled, being run: max_fibers each, for a fiber is queued at most once */
    LIST_HEAD(, wk_fiber) live;
    struct wk_stack_pool pool;
    uint64_t random; /* 0 = first in, first out */
    void (*on_leave)(void *data), (*on_enter)(void *data);
    void *loop_sp, *loop_fake_stack;
    const void *loop_low;
    size_t loop_bytes;
};

static _Thread_local struct wk_fiber *running;

int64_t wk_mono_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Ready queue. */

/* From outside, activate the drain in this turn of the loop. From inside, go once through the kernel first: libevent
 * runs an event that activates itself again before it polls, and fibers that wake each other would starve I/O. */
static void drain_soon(struct wk_sched *sched)
{
    static const struct timeval now = { 0, 0 };

    if (sched->is_drain_due)
        return;
    sched->is_drain_due = true;
    if (!sched->is_draining || event_add(&sched->drain, &now) != 0)
        event_active(&sched->drain, EV_TIMEOUT, 0);
}

static void make_ready(struct wk_fiber *fiber, enum state state, enum wk_wake wake)
{
    struct wk_sched *sched = fiber->sched;

    fiber->state = state;
    fiber->wake = wake;
    fiber->reason = NULL;
    fiber->since_us = wk_mono_us();
    sched->ready[sched->ready_count++] = fiber;
    drain_soon(sched);
}

static uint64_t random_next(uint64_t *state) /* splitmix64 */
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void shuffle(struct wk_sched *sched, struct wk_fiber **list, uint32_t count)
{
    for (uint32_t i = count; i > 1; i--) {
        uint32_t j = (uint32_t)(random_next(&sched->random) % i);
        struct wk_fiber *swapped = list[i - 1];

        list[i - 1] = list[j];
        list[j] = swapped;
    }
}

/* Switching. */

static void fiber_end(struct wk_fiber *fiber)
{
    struct wk_sched *sched = fiber->sched;

    if (fiber->armed_us)
        (void)event_del(&fiber->timer);
    LIST_REMOVE(fiber, live);
    sched->live_count--;
    wk_stack_give(&sched->pool, fiber->stack);
}

static void fiber_resume(struct wk_fiber *fiber)
{
    struct wk_sched *sched = fiber->sched;

    fiber->state = RUNNING;
    running = fiber;
    __sanitizer_start_switch_fiber(&sched->loop_fake_stack, fiber->stack.low, fiber->stack.bytes);
    wk_ctx->swap(&sched->loop_sp, fiber->sp);
    __sanitizer_finish_switch_fiber(sched->loop_fake_stack, NULL, NULL);
    running = NULL;
    if (fiber->state == DONE)
        fiber_end(fiber);
}

static void fiber_suspend(struct wk_fiber *fiber)
{
    struct wk_sched *sched = fiber->sched;

    if (sched->on_leave && fiber->data)
        sched->on_leave(fiber->data);
    __sanitizer_start_switch_fiber(&fiber->fake_stack, sched->loop_low, sched->loop_bytes);
    wk_ctx->swap(&fiber->sp, sched->loop_sp);
    __sanitizer_finish_switch_fiber(fiber->fake_stack, &sched->loop_low, &sched->loop_bytes);
    if (sched->on_enter && fiber->data)
        sched->on_enter(fiber->data);
}

void wk_sched_on_switch(struct wk_sched *sched, void (*leave)(void *data), void (*enter)(void *data))
{
    sched->on_leave = leave;
    sched->on_enter = enter;
}

static void fiber_main(void *arg)
{
    struct wk_fiber *fiber = arg;
    struct wk_sched *sched = fiber->sched;

    __sanitizer_finish_switch_fiber(NULL, &sched->loop_low, &sched->loop_bytes);
    fiber->fn(fiber->arg);
    fiber->state = DONE;
    __sanitizer_start_switch_fiber(NULL, sched->loop_low, sched->loop_bytes); /* NULL: this stack is finished */
    wk_ctx->swap(&fiber->sp, sched->loop_sp);
    abort();
}

/* Only what was ready when the drain began: what it makes ready waits for the next turn. */
static void on_drain(evutil_socket_t fd, short what, void *arg)
{
    struct wk_sched *sched = arg;
    struct wk_fiber **batch = sched->ready;
    uint32_t count = sched->ready_count;

    (void)fd;
    (void)what;
    sched->ready = sched->batch;
    sched->batch = batch;
    sched->ready_count = 0;
    sched->is_drain_due = false;
    sched->is_draining = true;
    if (sched->random)
        shuffle(sched, batch, count);
    for (uint32_t i = 0; i < count; i++)
        fiber_resume(batch[i]);
    sched->is_draining = false;
}

/* Deadlines. */

static int64_t due_us(const struct wk_fiber *fiber) /* 0 = never */
{
    if (!fiber->until_us || (fiber->deadline_us && fiber->deadline_us < fiber->until_us))
        return fiber->deadline_us;
    return fiber->until_us;
}

/* The timer stays armed over wakes: most waits end long before the call's deadline, and the next one finds it set. A
 * timer that fires too early looks again. */
static bool timer_arm(struct wk_fiber *fiber, int64_t now_us)
{
    int64_t due = due_us(fiber);
    int64_t left = due > now_us ? due - now_us : 0;
    struct timeval wait = { .tv_sec = left / 1000000, .tv_usec = left % 1000000 };

    if (!due || (fiber->armed_us && fiber->armed_us <= due))
        return true;
    if (event_add(&fiber->timer, &wait) != 0)
        return false;
    fiber->armed_us = due;
    return true;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct wk_fiber *fiber = arg;
    int64_t now = wk_mono_us(), due = due_us(fiber);

    (void)fd;
    (void)what;
    fiber->armed_us = 0;
    if (fiber->state != PARKED || !due)
        return;
    if (now >= due || !timer_arm(fiber, now))
        make_ready(fiber, QUEUED, WK_WAKE_TIMEOUT);
}

void wk_fiber_set_deadline(struct wk_fiber *fiber, int64_t until_us)
{
    fiber->deadline_us = until_us;
    if (fiber->state == PARKED && !timer_arm(fiber, wk_mono_us()))
        make_ready(fiber, QUEUED, WK_WAKE_TIMEOUT);
}

int64_t wk_fiber_deadline(const struct wk_fiber *fiber) { return fiber->deadline_us; }

/* Waiting and waking. */

/* Reasons not to wait at all. */
static bool ends_at_once(struct wk_fiber *fiber, int64_t now_us, enum wk_wake *wake)
{
    bool had_wake = fiber->has_wake;

    fiber->has_wake = false; /* it was for this wait, however the wait ends */
    if (fiber->is_cancelled)
        *wake = WK_WAKE_CANCELLED;
    else if (fiber->deadline_us && fiber->deadline_us <= now_us)
        *wake = WK_WAKE_TIMEOUT;
    else if (had_wake)
        *wake = WK_WAKE_READY;
    else
        return false;
    return true;
}

enum wk_wake wk_fiber_park(const char *reason, int64_t until_us)
{
    struct wk_fiber *fiber = running;
    int64_t now = wk_mono_us();
    enum wk_wake wake;

    assert(fiber && "a wait on the loop's stack");
    if (!fiber)
        return WK_WAKE_CANCELLED;
    wk_fault_point(reason);
    if (ends_at_once(fiber, now, &wake))
        return wake;
    fiber->until_us = until_us;
    if (until_us && until_us <= now) { /* still gives the others a turn */
        make_ready(fiber, QUEUED, WK_WAKE_TIMEOUT);
    } else {
        if (!timer_arm(fiber, now))
            return WK_WAKE_TIMEOUT; /* no memory for the timer: better no wait than one without end */
        fiber->state = PARKED;
        fiber->reason = reason;
        fiber->since_us = now;
    }
    fiber_suspend(fiber);
    return fiber->wake;
}

void wk_fiber_park_shielded(const char *reason)
{
    struct wk_fiber *fiber = running;
    int64_t deadline = fiber->deadline_us;
    bool was_cancelled = fiber->is_cancelled;

    fiber->deadline_us = 0;
    fiber->is_cancelled = false;
    while (wk_fiber_park(reason, 0) == WK_WAKE_CANCELLED) {
        was_cancelled = true;
        fiber->is_cancelled = false;
    }
    fiber->deadline_us = deadline;
    fiber->is_cancelled = fiber->is_cancelled || was_cancelled;
}

/* A wake wins over a timeout or a cancel that is queued already: whatever the waker handed over has an owner. */
void wk_fiber_wake(struct wk_fiber *fiber)
{
    if (fiber->state == PARKED)
        make_ready(fiber, QUEUED, WK_WAKE_READY);
    else if (fiber->state == QUEUED)
        fiber->wake = WK_WAKE_READY;
    else
        fiber->has_wake = true;
}

void wk_fiber_cancel(struct wk_fiber *fiber)
{
    fiber->is_cancelled = true;
    if (fiber->state == PARKED)
        make_ready(fiber, QUEUED, WK_WAKE_CANCELLED);
}

bool wk_fiber_is_cancelled(const struct wk_fiber *fiber) { return fiber->is_cancelled; }

bool wk_fiber_wake_ok(enum wk_wake wake, const char *what, struct wk_err *err)
{
    switch (wake) {
    case WK_WAKE_READY:
        return true;
    case WK_WAKE_TIMEOUT:
        return wk_fail(err, WK_TRANSIENT, "call.deadline", "%s: no time left", what);
    case WK_WAKE_CANCELLED:
        break;
    }
    return wk_fail(err, WK_TRANSIENT, "call.cancelled", "%s: the call was cancelled", what);
}

bool wk_fiber_sleep(uint32_t ms, struct wk_err *err)
{
    int64_t until = wk_mono_us() + (int64_t)ms * 1000;
    enum wk_wake wake;

    if (!running)
        return wk_fail(err, WK_SYSTEM, "fiber.none", "sleep: only a fiber can wait");
    do
        wake = wk_fiber_park("sleep", until);
    while (wake == WK_WAKE_READY && wk_mono_us() < until); /* a stray wake of an earlier wait */
    if (wake == WK_WAKE_TIMEOUT && wk_mono_us() >= until)
        wake = WK_WAKE_READY;
    return wk_fiber_wake_ok(wake, "sleep", err);
}

/* Fibers. */

struct wk_fiber *wk_fiber_spawn(struct wk_sched *sched, const char *name, void (*fn)(void *arg), void *arg,
                                struct wk_err *err)
{
    struct wk_stack stack;
    struct wk_fiber *fiber;
    char *top;

    if (sched->live_count >= sched->max_fibers) {
        wk_fail(err, WK_TRANSIENT, "fiber.limit", "%s: %u fibers are alive", name, sched->live_count);
        return NULL;
    }
    if (!wk_stack_take(&sched->pool, &stack, err))
        return NULL;
    top = (char *)((uintptr_t)(stack.low + stack.bytes - sizeof *fiber) & ~(uintptr_t)63);
    fiber = (struct wk_fiber *)top;
    *fiber = (struct wk_fiber){ .sched = sched, .stack = stack, .name = name, .fn = fn, .arg = arg };
    (void)evtimer_assign(&fiber->timer, sched->base, on_timer, fiber);
    fiber->sp = wk_ctx->prepare(stack.low, top, fiber_main, fiber);
    LIST_INSERT_HEAD(&sched->live, fiber, live);
    sched->live_count++;
    make_ready(fiber, NEW, WK_WAKE_READY);
    return fiber;
}

struct wk_fiber *wk_fiber_self(void) { return running; }
const char *wk_fiber_name(const struct wk_fiber *fiber) { return fiber->name; }
struct wk_sched *wk_sched_of(const struct wk_fiber *fiber) { return fiber->sched; }
void wk_fiber_set_data(struct wk_fiber *fiber, void *data) { fiber->data = data; }
void *wk_fiber_data(const struct wk_fiber *fiber) { return fiber->data; }
size_t wk_fiber_stack_high(const struct wk_fiber *fiber) { return wk_stack_high_bytes(&fiber->stack); }

void *wk_fiber_at_fault(const void *addr, const void *sp, bool *is_overflow)
{
    *is_overflow = running && wk_stack_is_overflow(&running->stack, addr, sp);
    return running ? running->data : NULL;
}

/* The scheduler as a whole. */

struct wk_sched *wk_sched_create(struct event_base *base, const struct wk_sched_conf *conf, struct wk_err *err)
{
    static const struct wk_sched_conf defaults;
    const struct wk_sched_conf *c = conf ? conf : &defaults;
    size_t stack_bytes = c->stack_bytes ? c->stack_bytes : STACK_BYTES;
    struct wk_sched *sched = calloc(1, sizeof *sched);

    if (!sched) {
        wk_fail(err, WK_SYSTEM, "host.no_memory", "scheduler");
        return NULL;
    }
    sched->base = base;
    sched->random = c->seed;
    sched->max_fibers = c->max_fibers ? c->max_fibers : FIBERS_DEFAULT;
    if (sched->max_fibers > FIBERS_MAX)
        sched->max_fibers = FIBERS_MAX;
    if (stack_bytes < STACK_BYTES_MIN)
        stack_bytes = STACK_BYTES_MIN;
    stack_bytes = (stack_bytes + 4095) & ~(size_t)4095;
    LIST_INIT(&sched->live);
    (void)evtimer_assign(&sched->drain, base, on_drain, sched);
    sched->ready = calloc(sched->max_fibers, sizeof *sched->ready);
    sched->batch = calloc(sched->max_fibers, sizeof *sched->batch);
    if (!sched->ready || !sched->batch) {
        wk_fail(err, WK_SYSTEM, "host.no_memory", "queue of %u fibers", sched->max_fibers);
        wk_sched_destroy(sched);
        return NULL;
    }
    if (!wk_stack_pool_init(&sched->pool, stack_bytes, c->pool ? c->pool : POOL_DEFAULT, err)) {
        wk_sched_destroy(sched);
        return NULL;
    }
    return sched;
}

void wk_sched_destroy(struct wk_sched *sched)
{
    if (!sched)
        return;
    assert(sched->live_count == 0);
    if (sched->live_count)
        return; /* a leak is better than freeing stacks under suspended code */
    (void)event_del(&sched->drain);
    wk_stack_pool_finish(&sched->pool);
    free(sched->ready);
    free(sched->batch);
    free(sched);
}

uint32_t wk_sched_live(const struct wk_sched *sched) { return sched->live_count; }

void wk_sched_each(struct wk_sched *sched, void (*visit)(const struct wk_fiber_info *info, void *arg), void *arg)
{
    struct wk_fiber *fiber, *next;

    for (fiber = LIST_FIRST(&sched->live); fiber; fiber = next) {
        struct wk_fiber_info info = { fiber->name, fiber->reason, fiber->since_us, wk_stack_high_bytes(&fiber->stack),
                                      fiber->data };

        next = LIST_NEXT(fiber, live); /* a visit may wake or cancel */
        visit(&info, arg);
    }
}
