/* guarded.h - guard.h of the SDK: tries, limits and penalties of a call. */
#ifndef WK_GUARDED_H
#define WK_GUARDED_H
#include "call/call.h"

bool wk_call_retry(struct wk_call *call, struct wk_retry *retry, const struct wk_err *why);
int64_t wk_call_target_wait(struct wk_call *call, const char *target);
void wk_call_target_garbage(struct wk_call *call, const char *target);
bool wk_call_limit(struct wk_call *call, const char *name, double per_second, uint32_t burst, uint32_t cost, uint32_t max_wait_ms, int64_t *wait_us);
bool wk_call_limit_cluster(struct wk_call *call, const struct wk_quota *quota, struct wk_quota_left *left);
bool wk_call_penalty_add(struct wk_call *call, struct wk_http *http, int kind, const char *key, uint32_t points);
int64_t wk_call_penalty_left(struct wk_call *call, struct wk_http *http, int kind, const char *key);
#endif
