/* dispatch.c - finding a driver: rounds of offers to the best, a wider circle each time, then the shop is asked. */
#include <wakala/json.h>
#include <wakala/setting.h>
#include "nodes.h"

#define ROUNDS_MAX 3
#define CANDIDATES_MAX 200 /* the nearest; scored, and the best of them are asked */
#define OFFERS_MAX 20

/* 5 km, then 7.5, then 10. */
static int64_t radius(struct wk_call *call, int64_t tries)
{
    int64_t first = wk_setting_int(call, "radius_m");

    return tries <= 1 ? first : tries == 2 ? first * 3 / 2 : first * 2;
}

static const char *order_key(const struct wk_uuid *order, char out[WK_UUID_TEXT]) { return wk_uuid_text(order, out); }

static const char *round_json(struct wk_call *call, const struct wk_uuid *order, int64_t search, int64_t round, bool early)
{
    char id[WK_UUID_TEXT];

    return wk_printf(call, "{\"order_id\":\"%s\",\"search\":%lld,\"round\":%lld,\"early\":%s}", order_key(order, id), (long long)search,
                     (long long)round, early ? "true" : "false");
}

bool dispatch_ask(struct wk_call *call, const struct wk_uuid *order, struct wk_err *err)
{
    char id[WK_UUID_TEXT];
    const char *json = wk_printf(call, "{\"order_id\":\"%s\"}", order_key(order, id));

    return json ? wk_publish(call, "drivers.search", id, json, strlen(json), err) : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "a search");
}

bool dispatch_round_may_end(struct wk_call *call, const struct wk_uuid *order, int64_t search, int64_t round, struct wk_err *err)
{
    char id[WK_UUID_TEXT];
    const char *json = round_json(call, order, search, round, true);

    return json ? wk_publish(call, "drivers.round", order_key(order, id), json, strlen(json), err)
                : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "a round");
}

/* The candidates of one circle, scored, best first. */
static bool candidates(struct wk_call *call, const struct dispatch_row *p, int64_t tries, struct candidate **list, size_t *n,
                       struct wk_err *err)
{
    struct pay_rules pay = {wk_setting_int(call, "pay_base"), wk_setting_int(call, "pay_per_km_pickup"), wk_setting_int(call, "pay_per_km_trip"),
                            wk_setting_int(call, "pay_floor")};
    struct weights weights = {wk_setting_int(call, "weight_distance"), wk_setting_int(call, "weight_availability"),
                              wk_setting_int(call, "weight_performance"), wk_setting_int(call, "weight_cost")};
    struct record mean;
    int64_t r = radius(call, tries);

    if (!store_candidates(call, p, r, wk_setting_ms(call, "position_fresh"), wk_setting_int(call, "cash_limit"),
                          wk_setting_int(call, "offers_per_driver"), CANDIDATES_MAX, list, n, err))
        return false;
    if (!*n)
        return true;
    if (!store_mean(call, &mean, err))
        return false;
    for (size_t i = 0; i < *n; i++)
        (*list)[i].fee = pay_of(&pay, (*list)[i].distance_m, p->trip_m);
    score_all(*list, *n, r, &mean, &weights);
    return true;
}

static bool announce(struct wk_call *call, const struct dispatch_row *p, const struct candidate *c, const struct wk_uuid *offer,
                     int64_t ttl_ms, struct wk_err *err)
{
    char driver[WK_UUID_TEXT], id[WK_UUID_TEXT], order[WK_UUID_TEXT];
    json_t *payload = json_pack("{s:s,s:s,s:{s:s,s:I,s:s,s:I,s:I,s:I},s:I,s:I}", "driver_id", wk_uuid_text(&c->id, driver), "offer_id",
                                wk_uuid_text(offer, id), "order", "order_id", order_key(&p->order, order), "number",
                                (json_int_t)p->number, "shop", p->vendor_name, "to_shop_m", (json_int_t)c->distance_m, "trip_m",
                                (json_int_t)p->trip_m, "cash_due", (json_int_t)p->cash_due, "fee", (json_int_t)c->fee, "expires_in",
                                (json_int_t)(ttl_ms / 1000));

    if (!payload)
        return wk_fail(err, WK_SYSTEM, "driver.payload", "driver.delivery_offer cannot be written");
    return wk_publish_json(call, "driver.delivery_offer", driver, payload, err) && push_id(call, &c->user, "D4", offer, NULL, err);
}

/* Offers to the best of the list, and the timer that ends the round. */
static bool offer_round(struct wk_call *call, const struct dispatch_row *p, struct candidate *list, size_t n, struct wk_err *err)
{
    struct wk_uuid ids[OFFERS_MAX];
    size_t most = (size_t)wk_setting_int(call, "offers_per_round");
    int64_t ttl = wk_setting_ms(call, "offer_ttl");
    const char *json = round_json(call, &p->order, p->search, p->round, false);
    char id[WK_UUID_TEXT];

    n = n > most ? most : n;
    n = n > OFFERS_MAX ? OFFERS_MAX : n;
    for (size_t i = 0; i < n; i++)
        ids[i] = wk_new_id(call);
    if (!json)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "a round");
    if (!store_search_state(call, &p->order, "OPEN", p->tries, err) || !store_offers(call, p, list, ids, n, ttl, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!announce(call, p, &list[i], &ids[i], ttl, err))
            return false;
    wk_count(call, "offers", (int64_t)n);
    return wk_schedule(call, order_key(&p->order, id), "round", wk_now(call) + ttl * 1000, "drivers.round", json, strlen(json), err);
}

/* Nobody in any circle: the shop chooses, and without an answer the search begins again. Never READY for ever. */
static bool exhausted(struct wk_call *call, const struct dispatch_row *p, struct wk_err *err)
{
    char id[WK_UUID_TEXT];
    const char *json = wk_printf(call, "{\"order_id\":\"%s\"}", order_key(&p->order, id));

    wk_count(call, "no_driver", 1);
    if (!json)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "a search");
    if (!store_search_state(call, &p->order, "EXHAUSTED", p->tries, err) || !wk_unschedule(call, id, "round", err) ||
        !wk_schedule(call, id, "again", wk_now(call) + wk_setting_ms(call, "search_again") * 1000, "drivers.search", json, strlen(json), err))
        return false;
    return push_shop(call, &p->vendor, "V9", &p->order, NULL, err);
}

/* This round, or the next one that finds somebody. */
static bool run_rounds(struct wk_call *call, struct dispatch_row *p, struct wk_err *err)
{
    struct candidate *list;
    size_t n;

    for (; p->tries <= ROUNDS_MAX; p->tries++) {
        if (!candidates(call, p, p->tries, &list, &n, err))
            return false;
        if (n)
            return offer_round(call, p, list, n, err);
    }
    p->tries = ROUNDS_MAX;
    return exhausted(call, p, err);
}

static bool describe(struct wk_call *call, const struct wk_order *o, struct dispatch_row *p, struct wk_err *err)
{
    struct wk_vendor shop = {.size = sizeof shop};

    if (!wk_catalog_vendor(call, &o->vendor, &shop, err))
        return false;
    *p = (struct dispatch_row){
        .order = o->id, .vendor = o->vendor, .customer = o->customer, .number = o->number,
        .cash_due = o->is_cash && strcmp(o->payment_status, "paid") ? o->total : 0,
        .vendor_name = shop.name ? shop.name : "the shop", .vendor_address = shop.address ? shop.address : "",
        .customer_name = o->customer_name ? o->customer_name : "", .landmark = o->landmark ? o->landmark : "",
        .latitude = shop.latitude, .longitude = shop.longitude, .to_latitude = o->latitude, .to_longitude = o->longitude,
        .trip_m = place_road(place_metres(shop.latitude, shop.longitude, o->latitude, o->longitude)),
    };
    return true;
}

bool dispatch_start(struct wk_call *call, const struct wk_uuid *order, struct wk_err *err)
{
    struct wk_order o = {.size = sizeof o};
    struct dispatch_row p;
    bool begun;

    if (!wk_orders_get(call, order, &o, err))
        return false;
    if (strcmp(o.status, "READY_FOR_PICKUP") || strcmp(o.fulfilment, "delivery")) /* cancelled or taken in the meantime */
        return true;
    if (!describe(call, &o, &p, err) || !store_search_begin(call, &p, &begun, err))
        return false;
    return !begun || run_rounds(call, &p, err);
}

static bool event_order(struct wk_call *call, const struct wk_event *event, const json_t **payload, struct wk_uuid *id, struct wk_err *err)
{
    *payload = wk_json_parse(call, event->payload, event->payload_len, err);
    return *payload && (wk_uuid_parse(wk_json_string(*payload, "order_id", ""), id) ||
                        wk_fail(err, WK_BUSINESS, "driver.bad_event", "%s without order_id", event->type));
}

bool on_search(struct wk_call *call, const struct wk_event *event, struct wk_err *err)
{
    const json_t *payload;
    struct wk_uuid order;

    return event_order(call, event, &payload, &order, err) && dispatch_start(call, &order, err);
}

bool on_round(struct wk_call *call, const struct wk_event *event, struct wk_err *err)
{
    struct wk_order o = {.size = sizeof o};
    struct dispatch_row p;
    const json_t *payload;
    struct wk_uuid order;
    bool ended, found;

    if (!event_order(call, event, &payload, &order, err) ||
        !store_round_end(call, &order, wk_json_int(payload, "search", 0), wk_json_int(payload, "round", 0),
                         json_is_true(json_object_get(payload, "early")), &ended, err))
        return false;
    if (!ended) /* taken, cancelled, or another round by now */
        return true;
    if (!wk_orders_get(call, &order, &o, err) || !store_dispatch(call, &order, &p, &found, err))
        return false;
    if (!found || strcmp(o.status, "READY_FOR_PICKUP"))
        return store_close(call, &order, err);
    return run_rounds(call, &p, err);
}

/* A driver has no slot left: the other offers go, and rounds that have nobody left to wait for end. */
bool on_full(struct wk_call *call, const struct wk_event *event, struct wk_err *err)
{
    const json_t *payload = wk_json_parse(call, event->payload, event->payload_len, err);
    struct wk_rows *rows;
    struct wk_uuid driver, order;

    if (!payload)
        return false;
    if (!wk_uuid_parse(wk_json_string(payload, "driver_id", ""), &driver))
        return wk_fail(err, WK_BUSINESS, "driver.bad_event", "%s without driver_id", event->type);
    if (!store_withdraw_full(call, &driver, &rows, err))
        return false;
    for (size_t i = 0; i < wk_rows_count(rows); i++) {
        order = wk_rows_id(rows, i, 0);
        if (!dispatch_round_may_end(call, &order, wk_rows_int(rows, i, 1), wk_rows_int(rows, i, 2), err))
            return false;
    }
    return true;
}
