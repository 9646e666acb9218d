/* breaker.h - one target's circuit breaker: pure steps on its cell in shared memory. docs/design/guard.md.
 * Threads and processes: any; every step is atomic and leaves nothing locked when its process dies. Times: microseconds, monotonic. */
#ifndef WK_GUARD_BREAKER_H
#define WK_GUARD_BREAKER_H
#include "share/region.h"

enum wk_breaker_state { WK_BREAKER_CLOSED, WK_BREAKER_HALF_OPEN, WK_BREAKER_OPEN };
enum wk_outcome_class { /* of a call to a target */
    WK_CALL_UNREACHABLE, /* nothing left: name, connection, TLS */
    WK_CALL_TIMEOUT,
    WK_CALL_BROKEN,      /* reset, cut, no HTTP, 5xx, garbage */
    WK_CALL_GOOD,        /* an answer below 500 */
    WK_CALL_SAYS_NOTHING, /* cancelled, refused by ourselves */
};
enum wk_breaker_turn { WK_BREAKER_SAME, WK_BREAKER_OPENED, WK_BREAKER_CLOSED_AGAIN };
struct wk_breaker_conf {
    uint32_t failures;  /* in a row of one class; BROKEN: twice as many */
    uint32_t delay_ms, delay_max_ms;
};
struct wk_pass { /* of a call that was let through */
    struct wk_region_target *cell; /* NULL: not guarded */
    uint64_t word;
    int probe; /* -1: none */
};
/* May a call go? *wait_ms: when not, how long until it is worth asking. `share` and its own slot tell which probes' holders are dead; share may be NULL. */
bool wk_breaker_enter(struct wk_region_target *cell, const struct wk_share *share, int64_t now_us, struct wk_pass *pass, int64_t *wait_ms);
/* What became of it. Counts once; call it for every pass. */
enum wk_breaker_turn wk_breaker_leave(const struct wk_pass *pass, const struct wk_breaker_conf *conf, enum wk_outcome_class outcome, int64_t now_us);
/* The answer that was just GOOD for HTTP is nonsense for its reader: as BROKEN, and it does not break a row of its like. */
enum wk_breaker_turn wk_breaker_garbage(struct wk_region_target *cell, const struct wk_breaker_conf *conf, int64_t now_us);
int64_t wk_breaker_wait_ms(const struct wk_region_target *cell, const struct wk_share *share, int64_t now_us); /* as enter, taking nothing */
/* Somebody else found it failing: open for at least so long. False: it was already. */
bool wk_breaker_merge(struct wk_region_target *cell, int64_t open_for_ms, unsigned trips, int64_t now_us);
/* One more repeated call, within the budget of 3 and a tenth of the calls of ten seconds? Takes it. */
bool wk_breaker_may_retry(struct wk_region_target *cell, int64_t now_us);
/* For people. open_ms: what is left of it. */
enum wk_breaker_state wk_breaker_look(const struct wk_region_target *cell, int64_t now_us, int64_t *open_ms, unsigned *trips);
#endif
