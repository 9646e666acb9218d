/* guard.h - what a worker's calls to the outside pass: bulkheads, the target's breaker; and limits, retry budgets, penalties. docs/design/guard.md.
 * Cells are shared by all workers of the machine (without a share: private, for unit tests); calls under way are counted in this process.
 * Threads: the loop's. Nothing here suspends. */
#ifndef WK_GUARD_H
#define WK_GUARD_H
#include <stdio.h>
#include <wakala/guard.h>
#include "guard/breaker.h"
#include "guard/limit.h"

struct wk_guard;
struct wk_guard_conf { /* 0: the default in brackets */
    struct wk_share *share;
    uint32_t target_calls, calls; /* under way at once, in this process [32, 128] */
    struct wk_breaker_conf breaker; /* [5 failures, 5 s, 60 s] */
    uint32_t alert_interval_ms;   /* between two of one kind [60 s] */
    int64_t (*now_us)(void);      /* [the monotonic clock] */
    /* Told when this process opens a breaker or closes it again: for the log, and for other machines. */
    void (*turned)(void *arg, const char *target, enum wk_breaker_turn turn, int64_t open_ms, unsigned trips, const char *cause);
    void *arg;
};
struct wk_guard *wk_guard_create(const struct wk_guard_conf *conf, struct wk_err *err);
void wk_guard_destroy(struct wk_guard *guard); /* NULL allowed */

struct wk_ticket { /* of a call under way */
    struct wk_pass pass;
    int target; /* place in the table; -1: there was no room for it */
    bool is_uncounted; /* the breaker alone: somebody else bounds how many are under way */
};
/* "https://host:port" of a URL into out; false: not one. */
bool wk_guard_origin(const char *url, char *out, size_t size);
/* False: err says target.open, target.full, target.all_full (TRANSIENT), with retry_after_ms. True: leave with the same ticket, whatever happens. */
bool wk_guard_enter(struct wk_guard *guard, const char *target, bool is_named, struct wk_ticket *ticket, struct wk_err *err);
/* The breaker alone, for servers behind the gateway: their pool bounds how many are under way. target.open (TRANSIENT). */
bool wk_guard_admit(struct wk_guard *guard, const char *target, struct wk_ticket *ticket, struct wk_err *err);
void wk_guard_leave(struct wk_guard *guard, const struct wk_ticket *ticket, enum wk_outcome_class outcome);
int64_t wk_guard_wait_ms(struct wk_guard *guard, const char *target); /* 0: a call may go */
void wk_guard_garbage(struct wk_guard *guard, const char *target);    /* the last answer was good for HTTP and nonsense for its reader */
bool wk_guard_may_retry(struct wk_guard *guard, const char *target);
/* What another machine has published: `target` is open for so long. Opens or prolongs, never closes. */
void wk_guard_merge(struct wk_guard *guard, const char *target, int64_t open_for_ms, unsigned trips);

int64_t wk_guard_alert_interval_us(const struct wk_guard *guard); /* NULL: the default */

/* wk_limit() and wk_limit_reserve() of the SDK; `owner` and `tenant` belong to the name. */
bool wk_guard_limit(struct wk_guard *guard, const char *owner, const char *tenant, const char *name, double per_second, uint32_t burst, uint32_t cost,
                    uint32_t max_wait_ms, int64_t *wait_us);
struct wk_limits wk_guard_limits(const struct wk_guard *guard); /* the cells it counts in, for cluster.c */
int64_t wk_guard_now_us(const struct wk_guard *guard);

/* Penalties: points, forgotten one per WK_PENALTY_POINT_MS; above WK_PENALTY_FREE they block. `path` is the request's: nothing is counted where a
 * signature alone decides (webhooks, health, keys), and no address once somebody is signed in. False: the rule forbids it. */
enum { WK_PENALTY_POINT_MS = 6000, WK_PENALTY_FREE = 10, WK_PENALTY_MAX_MS = 15 * 60 * 1000 };
bool wk_guard_penalty_add(struct wk_guard *guard, enum wk_penalty_kind kind, const char *key, const char *path, bool is_signed_in, uint32_t points);
int64_t wk_guard_penalty_left_ms(struct wk_guard *guard, enum wk_penalty_kind kind, const char *key, const char *path, bool is_signed_in);
#endif
