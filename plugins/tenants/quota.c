/* quota.c - one row per quota and period, changed by one conditional statement: two that take the last one wait for each other on the row, and the
 * second sees what the first left. */
#include "quota.h"
#include <wakala/db.h>
#include <wakala/setting.h>

/* $2 is the month's format for what begins anew each month in the tenant's zone ($3), else ''. */
#define PERIOD "coalesce(to_char(wakala.now() AT TIME ZONE $3::text, $2::text), '')" /* to_char with '' is NULL */
WK_SQL(take,
       "WITH q AS (INSERT INTO tenants_quota AS t (quota, period, used) SELECT $1::text, " PERIOD ", greatest($4::bigint, 0) WHERE $4::bigint <= $5::bigint "
       "ON CONFLICT (tenant_id, quota, period) DO UPDATE SET used = greatest(t.used + $4::bigint, 0) "
       "WHERE $4::bigint < 0 OR t.used + $4::bigint <= $5::bigint RETURNING 1) "
       "SELECT wakala.expect((SELECT count(*) FROM q), 1, $6::text)");
WK_SQL(used_now, "SELECT used FROM tenants_quota WHERE quota = $1::text AND period = " PERIOD);

enum { TIERS = 3 };
static const char *const tiers[TIERS] = {"basic", "premium", "enterprise"};
static const struct kind {
    const char *name, *limit, *key; /* the limit's name for people; its setting */
    const char *tier_key[TIERS];
    const char *period, *each;
} kinds[] = {
    {WK_QUOTA_PRODUCTS, "maxProducts", "max_products", {"max_products_basic", "max_products_premium", "max_products_enterprise"}, "", ""},
    {WK_QUOTA_ORDERS, "maxOrders", "max_orders", {"max_orders_basic", "max_orders_premium", "max_orders_enterprise"}, "YYYY-MM", " a month"},
    {WK_QUOTA_USERS, "maxUsers", "max_users", {"max_users_basic", "max_users_premium", "max_users_enterprise"}, "", ""},
};

static const struct kind *kind_of(const char *quota, struct wk_err *err)
{
    for (size_t i = 0; i < WK_COUNT(kinds); i++)
        if (!strcmp(kinds[i].name, quota))
            return &kinds[i];
    (void)wk_fail(err, WK_SYSTEM, "tenants.quota", "there is no quota %s: products, orders, users", quota);
    return NULL;
}

static size_t tier_of(const struct wk_tenant *tenant)
{
    size_t i = 0;

    while (i < TIERS - 1 && strcmp(tiers[i], tenant->tier) != 0)
        i++;
    return i;
}

/* The tenant's own, else its tier's. */
static int64_t limit_of(struct wk_call *call, const struct kind *kind, size_t tier)
{
    int64_t own = wk_setting_int(call, kind->key);

    return own >= 0 ? own : wk_setting_int(call, kind->tier_key[tier]);
}

/* "limit.exceeded: maxOrders: ...": what wakala.expect() raises. */
static const char *refusal(struct wk_call *call, const char *code, const struct kind *kind, size_t tier, int64_t limit)
{
    for (size_t i = tier + 1; i < TIERS; i++) {
        long long more = (long long)wk_setting_int(call, kind->tier_key[i]);

        if (more > limit)
            return wk_printf(call, "%s: %s: %lld %s%s are the limit of this account (%s); %s has %lld: ask for the larger tier", code, kind->limit,
                             (long long)limit, kind->name, kind->each, tiers[tier], tiers[i], more);
    }
    return wk_printf(call, "%s: %s: %lld %s%s are the limit of this account (%s): ask for more", code, kind->limit, (long long)limit, kind->name,
                     kind->each, tiers[tier]);
}

static bool find(struct wk_call *call, const char *quota, const struct kind **kind, const struct wk_tenant **tenant, struct wk_err *err)
{
    *tenant = wk_tenant(call);
    *kind = kind_of(quota, err);
    return *kind && (*tenant || wk_fail(err, WK_SYSTEM, "tenants.quota", "%s is counted in a call without a tenant", quota));
}

bool quota_take(struct wk_call *call, const char *quota, int64_t n, struct wk_err *err)
{
    const struct wk_tenant *tenant;
    const struct kind *kind;
    const char *otherwise;
    int64_t limit;
    size_t tier;

    if (!find(call, quota, &kind, &tenant, err))
        return false;
    if (n > 0 && !strcmp(tenant->status, "suspended"))
        return wk_fail(err, WK_BUSINESS, "tenant.suspended", "a suspended tenant gets no more %s", kind->name);
    tier = tier_of(tenant);
    limit = limit_of(call, kind, tier);
    otherwise = refusal(call, "limit.exceeded", kind, tier, limit);
    if (!otherwise)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "a quota");
    return wk_db_queue(call, &take,
                       WK_ARGS(wk_text(kind->name), wk_text(kind->period), wk_text(tenant->timezone), wk_int(n), wk_int(n < 0 ? n : limit),
                               wk_text(otherwise)), -1, NULL, err);
}

bool quota_used(struct wk_call *call, const char *quota, int64_t *used, int64_t *limit, struct wk_err *err)
{
    const struct wk_tenant *tenant;
    const struct kind *kind;
    struct wk_rows *rows;

    if (!find(call, quota, &kind, &tenant, err) ||
        !wk_db_read(call, &used_now, WK_ARGS(wk_text(kind->name), wk_text(kind->period), wk_text(tenant->timezone)), &rows, err))
        return false;
    *used = wk_rows_int(rows, 0, 0);
    *limit = limit_of(call, kind, tier_of(tenant));
    return true;
}
