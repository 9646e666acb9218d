/* orders - cart, checkout, the order's 11 states and what people hear of them. */
#include <wakala/plugin.h>
#include "codes.h"
#include "nodes.h"

static const struct wk_setting settings[] = {
    WK_SETTING_INT("fee_base", "1500", 0, 1000000000, WK_SCOPE_TENANT, "delivery fee up to the included distance, in minor units"),
    WK_SETTING_INT("fee_per_km", "500", 0, 1000000000, WK_SCOPE_TENANT, "added per started kilometre beyond it, in minor units"),
    WK_SETTING_INT("fee_included_m", "2000", 0, 1000000, WK_SCOPE_TENANT, "metres by road that fee_base covers"),
    WK_SETTING_INT("fee_free_from", "0", 0, 1000000000, WK_SCOPE_TENANT, "items worth this much are delivered free, in minor units; 0: never"),
    WK_SETTING_INT("delivery_max_m", "15000", 100, 1000000, WK_SCOPE_TENANT, "longest delivery, metres by road"),
    WK_SETTING_INT("tax_ppm", "0", 0, 1000000, WK_SCOPE_TENANT, "tax on items, parts per million, on top of their price (150000 is 15 %)"),
    WK_SETTING_INT("prepare_minutes", "20", 1, 1440, WK_SCOPE_TENANT, "minutes a shop usually needs, for the estimate"),
    WK_SETTING_DURATION("quote_ttl", "15m", WK_SCOPE_TENANT, "how long a quoted delivery fee holds"),
    WK_SETTING_DURATION("payment_ttl", "30m", WK_SCOPE_TENANT, "how long an unpaid online order keeps its stock"),
    WK_SETTING_DURATION("vendor_remind", "3m", WK_SCOPE_TENANT, "a shop that has not answered an order is reminded after this"),
    WK_SETTING_DURATION("vendor_silent", "10m", WK_SCOPE_TENANT, "and the order is cancelled after this"),
    WK_SETTING_DURATION("cancel_answer", "10m", WK_SCOPE_TENANT, "how long a shop may think about a late wish to cancel"),
    WK_SETTING_BOOL("auto_accept", "false", WK_SCOPE_TENANT, "accept every order without asking the shop"),
    WK_SETTING_SECRET("code_key", WK_SCOPE_HOST, "key of the hashes of pickup codes and PINs; without it they are only salted"),
    {0},
};

static const struct wk_event_type events[] = {
    {.name = "order.created", .priority = WK_NORMAL, .version = 1, .key = "order id", .schema = "order.created.json",
     .summary = "An order was placed"},
    {.name = "order.status_changed", .priority = WK_NORMAL, .version = 1, .key = "order id", .schema = "order.status_changed.json",
     .summary = "An order made one of its 22 moves"},
    {.name = "orders.timer", .priority = WK_NORMAL, .version = 1, .key = "order id", .schema = "orders.timer.json",
     .summary = "Time to look at an order again"},
    {0},
};

static const struct wk_sub subscriptions[] = {
    {.name = "tell", .pattern = "order.status_changed", .from = WK_FROM_NOW, .run = on_status},
    {.name = "money", .pattern = "payment.status_changed", .from = WK_FROM_NOW, .run = on_payment},
    {.name = "timer", .pattern = "orders.timer", .from = WK_FROM_NOW, .run = on_timer},
    {0},
};

static const struct wk_entry entries[] = {
    {.menu = "customer", .node = "T1", .action = "show", .title = "Track order", .order = 30, .label = "TRACKING"},
    {.menu = "customer", .node = "C9", .action = "show", .title = "My cart", .order = 40},
    {.menu = "more", .node = "V6L", .action = "show", .title = "Shop orders", .role = "vendor", .order = 10, .label = "VENDOR"},
    {0},
};

static struct wk_orders service = {
    .head = {.size = sizeof service, .version = 1},
    .get = orders_get,
    .move = orders_move,
    .check_code = code_check,
};
static const struct wk_provide provides[] = {{WK_ORDERS, &service.head}, {0}};

static bool orders_open(struct wk_plugin *plugin, struct wk_err *err)
{
    return wk_flow_add(plugin, nodes_cart, entries, err) && wk_flow_add(plugin, nodes_checkout, NULL, err) &&
           wk_flow_add(plugin, nodes_review, NULL, err) && wk_flow_add(plugin, nodes_track, NULL, err) &&
           wk_flow_add(plugin, nodes_shop, NULL, err);
}

WK_PLUGIN("orders", "1.0.0", .summary = "Cart, checkout, orders and their 22 moves", .needs = "catalog/1 payments/1 flow/1 quota/1?",
          .settings = settings, .events = events, .subscriptions = subscriptions, .provides = provides, .errors = codes,
          .open = orders_open);
