/* guard.h - failures: what people see of them, what may be tried again, what waits, who is slowed down. docs/errors.md lists the codes. */
#ifndef WAKALA_GUARD_H
#define WAKALA_GUARD_H
#include <wakala/http.h>

/* What a person sees, by class: BUSINESS its code and text, SYSTEM and TRANSIENT "SYSTEM_ERROR" with a reference, SECURITY "FORBIDDEN"; another
 * tenant's id looks like nobody's. Never a cause. */
struct wk_told {
    uint32_t size;
    int32_t status;        /* as an HTTP answer */
    const char *code;      /* for programs */
    const char *text;      /* for people, in `language` where the catalogue has it, else English */
    const char *message;   /* what is wrong with what they sent, English; NULL: nothing to add */
    const char *reference; /* 8 hex digits, which begin the trace id of every log line of this call; NULL: BUSINESS */
};
/* `language` NULL: the tenant's. told->size set by the caller. Text lives as long as the call. Does not suspend, cannot fail. */
static inline void wk_error_told(struct wk_call *call, const struct wk_err *err, const char *language, struct wk_told *told)
{
    wk_host->error_told(call, err, language, told);
}

/* Trying again what is safe to repeat: `while (!(ok = ask(...)) && wk_retry(call, &retry, err));` with a retry that is zero but for size and target.
 * True after a pause (full jitter, 100 ms doubled, 5 s at most, never shorter than err->retry_after_ms): try again. False: that was it. At most three
 * tries, never past the call's deadline, only TRANSIENT, not inside a transaction, and within what all workers may repeat to the target. Suspends. */
struct wk_retry {
    uint32_t size, tries;
    const char *target; /* as in struct wk_fetch; NULL: the plugin's own budget */
};
static inline bool wk_retry(struct wk_call *call, struct wk_retry *retry, const struct wk_err *err) { return wk_host->retry(call, retry, err); }

/* Milliseconds until a wk_fetch() with this target may go: its breaker is open, or too many are under way. 0: now. Takes nothing, does not suspend. */
static inline int64_t wk_target_wait(struct wk_call *call, const char *target) { return wk_host->target_wait(call, target); }
/* The target's answer was HTTP and still nonsense: counts as a failure of it. Does not suspend. */
static inline void wk_target_garbage(struct wk_call *call, const char *target) { wk_host->target_garbage(call, target); }

/* A rate shared by all workers of this machine; the name is the plugin's and the tenant's own. Takes `cost` (<= burst) when it is free now: true. Else
 * false, and *wait_us says when it would be. Does not suspend. */
static inline bool wk_limit(struct wk_call *call, const char *name, double per_second, uint32_t burst, uint32_t cost, int64_t *wait_us)
{
    return wk_host->limit(call, name, per_second, burst, cost, 0, wait_us);
}
/* The same, taking a place up to max_wait_ms ahead: true: sleep *wait_us, then go. */
static inline bool wk_limit_reserve(struct wk_call *call, const char *name, double per_second, uint32_t burst, uint32_t cost, uint32_t max_wait_ms,
                                    int64_t *wait_us)
{
    return wk_host->limit(call, name, per_second, burst, cost, max_wait_ms, wait_us);
}
/* A rate over all hosts: this machine's cells first, then one trip to Redis by its clock, within redis.budget. While Redis is named and away (or the
 * call has a transaction) the host decides alone: with Redis away it gives out `share` percent of the rate, and was_cut_off is set: what guards codes
 * and passwords may refuse then. No Redis named: this host is all there is. True: taken. Suspends unless the call has a transaction; cannot fail. */
struct wk_quota { /* borrowed */
    uint32_t size;  /* sizeof */
    uint32_t burst; /* how much at once; 0: 1 */
    double per_second;
    const char *name; /* the plugin's and the tenant's own, at most 200 bytes */
    uint32_t cost;  /* at most burst; 0: 1 */
    uint32_t share; /* percent, 1 to 100; 0: 100 */
};
struct wk_quota_left {
    uint32_t size; /* set by the caller */
    uint32_t left; /* could be taken now */
    int64_t wait_us; /* until `cost` is free; 0 when it was taken */
    int64_t full_us; /* until all of the burst is there again */
    bool was_cut_off;
};
static inline bool wk_limit_cluster(struct wk_call *call, const struct wk_quota *quota, struct wk_quota_left *left)
{
    return wk_host->limit_cluster(call, quota, left);
}

/* Points against whoever misbehaves, forgotten by themselves; more than ten block for a while. key NULL: the principal's subject, the call's tenant, the
 * peer. No points, and no block, for an address once somebody is signed in, nor for anything on /webhooks/, health and key routes: false. */
enum wk_penalty_kind { WK_PENALTY_CREDENTIAL = 1, WK_PENALTY_TENANT, WK_PENALTY_ADDRESS };
static inline bool wk_penalty_add(struct wk_call *call, struct wk_http *http, enum wk_penalty_kind kind, const char *key, uint32_t points)
{
    return wk_host->penalty_add(call, http, kind, key, points);
}
/* Milliseconds that it is still blocked; 0: not. */
static inline int64_t wk_penalty_left(struct wk_call *call, struct wk_http *http, enum wk_penalty_kind kind, const char *key)
{
    return wk_host->penalty_left(call, http, kind, key);
}
#endif
