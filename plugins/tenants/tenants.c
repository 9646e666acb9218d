/* tenants - what a tenant may have, how long, and what it still does when it is suspended. docs/design/tenants.md */
#include <wakala/plugin.h>
#include <wakala/tenancy.h>
#include "closed.h"
#include "codes.h"
#include "quota.h"
#include "rest.h"

#define TIER(key, def, of) WK_SETTING_INT(key, def, 0, 1000000000, WK_SCOPE_HOST, of)
#define OWN(key, of) WK_SETTING_INT(key, "-1", -1, 1000000000, WK_SCOPE_TENANT, of " of a tenant, instead of its tier's; -1: its tier's")
static const struct wk_setting settings[] = {
    TIER("max_products_basic", "200", "products, not counting deleted ones, of a tenant of tier basic"),
    TIER("max_products_premium", "5000", "products of a tenant of tier premium"),
    TIER("max_products_enterprise", "200000", "products of a tenant of tier enterprise"),
    TIER("max_orders_basic", "1000", "orders placed in a calendar month, tier basic"),
    TIER("max_orders_premium", "20000", "orders placed in a calendar month, tier premium"),
    TIER("max_orders_enterprise", "1000000", "orders placed in a calendar month, tier enterprise"),
    TIER("max_users_basic", "10", "staff, vendor and driver accounts, tier basic"),
    TIER("max_users_premium", "100", "staff, vendor and driver accounts, tier premium"),
    TIER("max_users_enterprise", "5000", "staff, vendor and driver accounts, tier enterprise"),
    OWN("max_products", "products"),
    OWN("max_orders", "orders a month"),
    OWN("max_users", "accounts"),
    WK_SETTING_STRING("suspended_notice", "This shop is taking a break and can't answer right now. Orders that are on their way will still arrive.", WK_SCOPE_TENANT,
                      "what people read, once a day, when they write to a suspended tenant; empty: nothing"),
    {0},
};

static struct wk_quotas quotas = {
    .head = {.size = sizeof quotas, .version = 1},
    .take = quota_take,
    .used = quota_used,
};
static const struct wk_provide provides[] = {{WK_QUOTA, &quotas.head}, {0}};

/* The timer may come late, or after somebody has paid: the host looks. */
static bool on_trial_ended(struct wk_call *call, const struct wk_event *event, struct wk_err *err)
{
    const char *answer;

    (void)event;
    return wk_tenancy(call, WK_TENANCY_TRIAL_END, &wk_tenant(call)->id, NULL, &answer, err);
}

static const struct wk_sub subscriptions[] = {
    {.name = "trial", .pattern = "tenant.trial_ended", .from = WK_FROM_START, .run = on_trial_ended},
    {.name = "resumed", .pattern = "tenant.resumed", .from = WK_FROM_NOW, .run = closed_on_resumed},
    {0},
};
static const struct wk_route routes[] = {
    {WK_POST, "/v1/tenants", WK_PERM("tenants.write"), rest_create, 0, 0, 0},
    {WK_GET, "/v1/tenants", WK_PERM("tenants.read"), rest_list, 0, 0, 0},
    {WK_GET, "/v1/tenants/{tenant}", WK_PERM("tenants.read"), rest_get, 0, 0, 0},
    {WK_PATCH, "/v1/tenants/{tenant}", WK_PERM("tenants.write"), rest_change, 0, 0, 0},
    {WK_DELETE, "/v1/tenants/{tenant}", WK_PERM("tenants.write"), rest_delete, 0, 0, 0},
    {WK_POST, "/v1/tenants/{tenant}/suspend", WK_PERM("tenants.write"), rest_suspend, 0, 0, 0},
    {WK_POST, "/v1/tenants/{tenant}/resume", WK_PERM("tenants.write"), rest_resume, 0, 0, 0},
    {WK_POST, "/v1/tenants/{tenant}/undelete", WK_PERM("tenants.write"), rest_undelete, 0, 0, 0},
    {WK_GET, "/v1/tenant", WK_AUTHENTICATED, rest_own, WK_ROUTE_ALWAYS, 0, 0}, /* it says why everything else is refused */
    {WK_GET, "/v1/tenant/missed", WK_PERM("conversations.read"), rest_missed, 0, 0, 0},
    {0},
};
static const struct wk_filter filters[] = {
    {.name = "suspended", .phase = WK_PHASE_TENANT, .priority = 100, .before = closed_on_request}, /* behind who enters the principal's tenant */
    {0},
};

WK_PLUGIN("tenants", "1.0.0", .summary = "What a tenant may have, its trial, and what it still does when it is suspended", .settings = settings,
          .provides = provides, .errors = codes, .subscriptions = subscriptions, .routes = routes, .filters = filters, .on_message = closed_on_message,
          .message_priority = -100);
