/* fiber.h - straight-line code on one event loop: stacks, scheduler, deadlines, cancellation.
 * A fiber belongs to the loop that made it and never migrates. Only the loop resumes fibers: whoever
 * completes something calls wk_fiber_wake(), one deferred event drains the ready queue.
 * Threads: the loop's thread only. Facts and traps: docs/design/fibers.md. */
#ifndef WK_FIBER_H
#define WK_FIBER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wakala/err.h>

struct event_base;
struct wk_fiber;
struct wk_sched;

enum wk_wake {
    WK_WAKE_READY,     /* somebody called wk_fiber_wake() */
    WK_WAKE_TIMEOUT,   /* the wait's or the fiber's deadline passed */
    WK_WAKE_CANCELLED, /* wk_fiber_cancel(): every later wait returns this at once */
};

struct wk_sched_conf {
    size_t stack_bytes; /* usable stack of a fiber; 0 = 256 KiB (1 MiB under ASan) */
    uint32_t max_fibers; /* cap of live fibers; 0 = 10,000, never above 20,000 */
    uint32_t pool;       /* idle stacks kept; 0 = 256 */
    uint64_t seed;       /* not 0: shuffle the ready queue with this seed (tests) */
};

struct wk_sched *wk_sched_create(struct event_base *base, const struct wk_sched_conf *conf, struct wk_err *err);
void wk_sched_destroy(struct wk_sched *sched); /* NULL allowed; no fiber may be alive */
uint32_t wk_sched_live(const struct wk_sched *sched);
struct wk_sched *wk_sched_of(const struct wk_fiber *fiber);

/* Start fn(arg) on a fiber of its own at the next drain of the ready queue. `name` must outlive the fiber (static
 * or owned by arg). NULL at the cap (class TRANSIENT, code fiber.limit) or without memory. */
struct wk_fiber *wk_fiber_spawn(struct wk_sched *sched, const char *name, void (*fn)(void *arg), void *arg,
                                struct wk_err *err);
struct wk_fiber *wk_fiber_self(void); /* the running fiber, NULL on the loop's stack */
const char *wk_fiber_name(const struct wk_fiber *fiber);

/* Park the running fiber until woken, cancelled, or `until_us` (monotonic clock, wk_mono_us(); 0 = only the fiber's
 * own deadline). `reason` is static text, shown to operators. A wake that came before the park is not lost: one
 * pending wake is remembered. Must not be called on the loop's stack. */
enum wk_wake wk_fiber_park(const char *reason, int64_t until_us);
/* The same for the rare wait that must not be cut short (a thread still uses the fiber's memory): deadline and cancel wait too. */
void wk_fiber_park_shielded(const char *reason);
void wk_fiber_wake(struct wk_fiber *fiber);   /* idempotent until the fiber runs again; wins over a timeout or cancel
                                               * that the fiber has not seen yet, so what was handed over has an owner */
void wk_fiber_cancel(struct wk_fiber *fiber); /* marks and wakes; the fiber unwinds by itself */
bool wk_fiber_is_cancelled(const struct wk_fiber *fiber);
void wk_fiber_set_deadline(struct wk_fiber *fiber, int64_t until_us); /* monotonic; 0 = none; waits after it time out */
int64_t wk_fiber_deadline(const struct wk_fiber *fiber);
/* Park for `ms`; false and err (call.cancelled / call.deadline, TRANSIENT) when cut short. */
bool wk_fiber_sleep(uint32_t ms, struct wk_err *err);
/* Translate a wake that is not READY into err; true for READY. */
bool wk_fiber_wake_ok(enum wk_wake wake, const char *what, struct wk_err *err);

/* One slot for the owner of the fiber (the host puts its struct wk_call there). */
void wk_fiber_set_data(struct wk_fiber *fiber, void *data);
void *wk_fiber_data(const struct wk_fiber *fiber);
size_t wk_fiber_stack_high(const struct wk_fiber *fiber); /* deepest use so far in bytes; dev builds only, else 0 */

/* Told at every park (leave) and when the fiber runs again (enter), with its data slot; not called while the slot is NULL. The host moves
 * blame in and out of shared memory with it. NULL: nobody. */
void wk_sched_on_switch(struct wk_sched *sched, void (*leave)(void *data), void (*enter)(void *data));

/* What every live fiber is doing: name, why parked (NULL = ready or running), since when (monotonic us). */
struct wk_fiber_info {
    const char *name, *reason;
    int64_t since_us;
    size_t stack_high_bytes; /* only measured in dev builds, else 0 */
    void *data;
};
void wk_sched_each(struct wk_sched *sched, void (*visit)(const struct wk_fiber_info *info, void *arg), void *arg);

/* Install the SIGSEGV handler (sigaltstack) that tells a stack overflow from other faults. `report` runs in the handler:
 * async-signal-safe code only; `fiber_data` is the running fiber's (NULL on the loop's stack), whatever the fault. Afterwards
 * the action that was there before follows: the default one, or a sanitizer's report. Call once per process. */
void wk_fiber_guard_install(void (*report)(int sig, bool is_overflow, void *fiber_data));

int64_t wk_mono_us(void); /* CLOCK_MONOTONIC in microseconds: I/O deadlines only, never decides business time */
#endif
