/* service/quota.h - quota/1: what a tenant may have, counted in the transaction of the write that uses it. docs/design/tenants.md */
#ifndef WAKALA_SERVICE_QUOTA_H
#define WAKALA_SERVICE_QUOTA_H
#include <wakala/service.h>

#define WK_QUOTA "quota/1"
/* The quotas: products not deleted; orders placed in a calendar month of the tenant's zone; staff, vendor and driver accounts. */
#define WK_QUOTA_PRODUCTS "products"
#define WK_QUOTA_ORDERS "orders"
#define WK_QUOTA_USERS "users"
struct wk_quotas {
    struct wk_service_head head;
    bool (*take)(struct wk_call *call, const char *quota, int64_t n, struct wk_err *err);
    bool (*used)(struct wk_call *call, const char *quota, int64_t *used, int64_t *limit, struct wk_err *err);
};
/* Queued on the call: no trip, exact however many take at once, undone with the call. n < 0 gives back, and never fails. When less than n is left the
 * statement that waits next, or the commit, fails with limit.exceeded (BUSINESS), its message saying which limit and how to get more; with it the whole
 * call. Take it last, right before what is queued is sent: the row is locked from then to the commit. Without a provider nothing is limited. tenant.suspended
 * (BUSINESS): a suspended tenant gets no more of anything. tenants.quota (SYSTEM): no such quota. Does not suspend. */
static inline bool wk_quota_take(struct wk_call *call, const char *quota, int64_t n, struct wk_err *err)
{
    if (!wk_service_names(WK_QUOTA, NULL, 0))
        return true;
    WK_SERVICE_CALL(wk_quotas, WK_QUOTA, NULL, take, false, bool, call, err, call, quota, n, err);
}
/* How much of it is used (of orders: this month), and the limit. May suspend. Errors: service.missing, tenants.quota (SYSTEM), db.*. */
static inline bool wk_quota_used(struct wk_call *call, const char *quota, int64_t *used, int64_t *limit, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_quotas, WK_QUOTA, NULL, used, false, bool, call, err, call, quota, used, limit, err);
}
#endif
