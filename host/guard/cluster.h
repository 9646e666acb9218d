/* cluster.h - rates over all hosts, wk_limit_cluster() of the SDK. docs/design/guard.md. Threads: the loop's. */
#ifndef WK_GUARD_CLUSTER_H
#define WK_GUARD_CLUSTER_H
#include "guard/guard.h"

struct wk_redis;
/* `redis` NULL: none is named. Parks the fiber for Redis's budget at most, and only if it may_wait. */
bool wk_guard_limit_cluster(struct wk_guard *guard, struct wk_redis *redis, bool may_wait, const char *owner, const char *tenant, const struct wk_quota *quota,
                            struct wk_quota_left *left);
int64_t wk_quota_interval_us(double per_second); /* between two, at least 1 */
#endif
