/* limit.h - rates and scores in shared memory: one time per name, by GCRA. docs/design/guard.md.
 * Threads and processes: any. Times: microseconds, monotonic. */
#ifndef WK_GUARD_LIMIT_H
#define WK_GUARD_LIMIT_H
#include "share/region.h"

/* One table: `n` cells (a power of two), found by hash. */
struct wk_limits {
    struct wk_region_limit *cell;
    size_t n;
};
/* A hash over several words of one name; 0 ends them. */
uint64_t wk_limit_key(const char *kind, const char *a, const char *b);
/* Take `cost` at interval_us each, `burst` of them at once, if the wait is at most max_wait_us: returns true and how long to wait before going on. Else
 * takes nothing: false and when it would be free. */
bool wk_limit_take(const struct wk_limits *limits, uint64_t key, int64_t interval_us, uint32_t burst, uint32_t cost, int64_t max_wait_us, int64_t now_us,
                   int64_t *wait_us);
/* Add to a score that is forgotten by itself, at most up to max_us of forgetting. */
void wk_limit_add(const struct wk_limits *limits, uint64_t key, int64_t add_us, int64_t max_us, int64_t now_us);
int64_t wk_limit_score(const struct wk_limits *limits, uint64_t key, int64_t now_us); /* microseconds until it is forgotten; 0: nothing is known */
#endif
