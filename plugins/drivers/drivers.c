/* drivers - who brings it: the search for a driver, offers, deliveries, cash in hand. */
#include <wakala/plugin.h>
#include "codes.h"
#include "nodes.h"

static const struct wk_setting settings[] = {
    WK_SETTING_INT("radius_m", "5000", 100, 100000, WK_SCOPE_TENANT, "metres around the shop of the first round; then 1.5 and 2 times as far"),
    WK_SETTING_INT("offers_per_round", "5", 1, 20, WK_SCOPE_TENANT, "drivers asked at the same time"),
    WK_SETTING_INT("offers_per_driver", "2", 1, 10, WK_SCOPE_TENANT, "open offers a driver may have at the same time"),
    WK_SETTING_DURATION("offer_ttl", "5m", WK_SCOPE_TENANT, "how long an offer is open"),
    WK_SETTING_DURATION("position_fresh", "30m", WK_SCOPE_TENANT, "an older position gets no offers"),
    WK_SETTING_DURATION("search_again", "15m", WK_SCOPE_TENANT, "a shop that does not choose when nobody was found: search again after this"),
    WK_SETTING_DURATION("silent_ask", "10m", WK_SCOPE_TENANT, "a driver who accepted and is not heard of is asked after this"),
    WK_SETTING_DURATION("silent_take", "5m", WK_SCOPE_TENANT, "and loses the job this much later"),
    WK_SETTING_INT("pickup_minutes", "30", 1, 1440, WK_SCOPE_TENANT, "minutes at the shop and the door, before a delivery counts as late"),
    WK_SETTING_INT("weight_distance", "40", 0, 100, WK_SCOPE_TENANT, "weight of the distance in the score, percent"),
    WK_SETTING_INT("weight_availability", "30", 0, 100, WK_SCOPE_TENANT, "weight of free slots and idle time, percent"),
    WK_SETTING_INT("weight_performance", "20", 0, 100, WK_SCOPE_TENANT, "weight of the driver's record, percent"),
    WK_SETTING_INT("weight_cost", "10", 0, 100, WK_SCOPE_TENANT, "weight of what the driver costs, percent"),
    WK_SETTING_INT("pay_base", "1000", 0, 1000000000, WK_SCOPE_TENANT, "what a driver earns per job, in minor units"),
    WK_SETTING_INT("pay_per_km_pickup", "150", 0, 100000000, WK_SCOPE_TENANT, "added per kilometre to the shop"),
    WK_SETTING_INT("pay_per_km_trip", "400", 0, 100000000, WK_SCOPE_TENANT, "added per kilometre to the customer"),
    WK_SETTING_INT("pay_floor", "1500", 0, 1000000000, WK_SCOPE_TENANT, "no job earns less, in minor units"),
    WK_SETTING_INT("cash_limit", "500000", 1, 1000000000, WK_SCOPE_TENANT, "cash a driver may hold, in minor units"),
    {0},
};

static const struct wk_event_type events[] = {
    {.name = "driver.delivery_offer", .priority = WK_HIGH, .version = 1, .ttl_s = 300, .key = "driver id", .schema = "driver.delivery_offer.json",
     .summary = "A driver is offered a job"},
    {.name = "delivery.assigned", .priority = WK_NORMAL, .version = 1, .key = "order id", .schema = "delivery.assigned.json",
     .summary = "A driver has taken an order"},
    {.name = "drivers.search", .priority = WK_NORMAL, .version = 1, .key = "order id", .schema = "drivers.search.json",
     .summary = "Look (again) for a driver"},
    {.name = "drivers.round", .priority = WK_NORMAL, .version = 1, .key = "order id", .schema = "drivers.round.json",
     .summary = "A round of offers may be over"},
    {.name = "drivers.full", .priority = WK_NORMAL, .version = 1, .key = "driver id", .schema = "drivers.full.json",
     .summary = "A driver has no slot left"},
    {.name = "drivers.silent", .priority = WK_NORMAL, .version = 1, .key = "order id", .schema = "drivers.silent.json",
     .summary = "Time to see whether a driver is on the way"},
    {0},
};

static const struct wk_sub subscriptions[] = {
    {.name = "order", .pattern = "order.status_changed", .from = WK_FROM_NOW, .run = on_order},
    {.name = "search", .pattern = "drivers.search", .from = WK_FROM_NOW, .run = on_search},
    {.name = "round", .pattern = "drivers.round", .from = WK_FROM_NOW, .run = on_round},
    {.name = "full", .pattern = "drivers.full", .from = WK_FROM_NOW, .run = on_full},
    {.name = "silent", .pattern = "drivers.silent", .from = WK_FROM_NOW, .run = on_silent},
    {0},
};

static const struct wk_entry entries[] = {
    {.menu = "more", .node = "D0", .action = "open", .title = "Driver desk", .role = "driver", .order = 20, .label = "DRIVER"},
    {0},
};

static bool get(struct wk_call *call, const struct wk_uuid *driver, struct wk_driver *out, struct wk_err *err)
{
    struct driver_row row;
    bool found;
    size_t size = out->size && out->size < sizeof row.d ? out->size : sizeof row.d;

    if (!store_driver(call, driver, &row, &found, err))
        return false;
    if (!found)
        return wk_fail(err, WK_BUSINESS, "driver.not_found", "no such driver");
    memcpy(out, &row.d, size);
    out->size = (uint32_t)size;
    return true;
}

static bool delivery_of_order(struct wk_call *call, const struct wk_uuid *order, struct wk_delivery *delivery, struct wk_driver *driver,
                              struct wk_err *err)
{
    struct delivery_row row;
    bool found;

    if (!store_delivery_of_order(call, order, &row, &found, err))
        return false;
    if (!found)
        return wk_fail(err, WK_BUSINESS, "delivery.not_found", "no delivery of this order");
    if (delivery) {
        size_t size = delivery->size && delivery->size < sizeof row.v ? delivery->size : sizeof row.v;

        memcpy(delivery, &row.v, size);
        delivery->size = (uint32_t)size;
    }
    return !driver || get(call, &row.v.driver, driver, err);
}

static struct wk_drivers service = {
    .head = {.size = sizeof service, .version = 1},
    .get = get,
    .delivery_of_order = delivery_of_order,
    .dispatch = dispatch_start,
    .is_delivering = store_is_delivering,
};
static const struct wk_provide provides[] = {{WK_DRIVERS, &service.head}, {0}};

static bool drivers_open(struct wk_plugin *plugin, struct wk_err *err)
{
    return wk_flow_add(plugin, nodes_desk, entries, err) && wk_flow_add(plugin, nodes_offer, NULL, err) &&
           wk_flow_add(plugin, nodes_job, NULL, err);
}

WK_PLUGIN("drivers", "1.0.0", .summary = "Finding a driver, deliveries, cash in hand", .needs = "orders/1 catalog/1 payments/1 flow/1",
          .settings = settings, .events = events, .subscriptions = subscriptions, .provides = provides, .errors = codes,
          .open = drivers_open);
