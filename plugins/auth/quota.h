/* quota.h - accounts that count against the tenant's limit: staff, vendors and drivers (docs/design/access.md). */
#ifndef AUTH_QUOTA_H
#define AUTH_QUOTA_H
#include <wakala/service/quota.h>

/* A user's role goes from `was` (NULL: new) to `is` (NULL: gone). Queued, to be the last that is. limit.exceeded (BUSINESS) comes with the commit. */
static inline bool quota_move(struct wk_call *call, const char *was, const char *is, struct wk_err *err)
{
    static const char *const counted[] = {"staff", "vendor", "driver"};
    int64_t n = 0;

    for (size_t i = 0; i < WK_COUNT(counted); i++)
        n += (is && !strcmp(is, counted[i])) - (was && !strcmp(was, counted[i]));
    return !n || wk_quota_take(call, WK_QUOTA_USERS, n, err);
}
#endif
