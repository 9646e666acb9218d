/* nodes_offer.c - D4 an offer, and what a shop decides when nobody drives (V9) or the customer refuses (V9R). */
#include <wakala/json.h>
#include <wakala/setting.h>
#include "nodes.h"

static const char *offer_text(struct wk_call *call, const struct offer_row *o)
{
    const char *cash = o->p.cash_due ? wk_printf(call, " Collect %s in cash.", amount(call, o->p.cash_due)) : "";
    const char *mark = cut(call, o->p.landmark, 40);

    return cash ? wk_printf(call, "Pickup %s (%s away) → %s (%s). You earn %s.%s Expires %s.", o->p.vendor_name,
                            km(call, place_road(o->distance_m)), *mark ? mark : "the customer", km(call, o->p.trip_m), amount(call, o->fee),
                            cash, o->expires)
                : NULL;
}

/* Why an offer is not open any more, in words that blame nobody. */
static bool say_closed(struct wk_call *call, struct wk_turn *turn, const struct offer_row *o, struct wk_err *err)
{
    if (!strcmp(o->status, "ACCEPTED") || !strcmp(o->status, "GIVEN_BACK"))
        return wk_turn_go(call, turn, "D0J", err);
    if (!strcmp(o->status, "DECLINED"))
        return wk_turn_say(call, turn, "You declined this one.", err);
    if (!strcmp(o->status, "REJECTED") || !strcmp(o->p.status, "ASSIGNED"))
        return wk_turn_say(call, turn, "Taken by another driver – your score is not affected.", err);
    if (!strcmp(o->status, "WITHDRAWN"))
        return wk_turn_say(call, turn, "This job is no longer there.", err);
    return sayf(call, turn, err, "Offer closed at %s.", o->expires);
}

static bool d4_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    struct wk_choice c[] = {{.action = "accept", .title = "Accept"}, {.action = "decline", .title = "Decline"}, {.action = "map", .title = "Map"}};
    struct offer_row o;
    struct wk_uuid id;
    char text[WK_UUID_TEXT];
    const char *say;
    bool found;

    if (!node_id(call, turn, KEY_OFFER, &id, NULL))
        return wk_turn_go(call, turn, "D0", err);
    if (!store_offer(call, &id, wk_turn_user(call, turn), &o, &found, err))
        return false;
    if (!found || (!o.is_open && wk_turn_is_push(call, turn))) /* closed before it was even shown: say nothing */
        return found || wk_turn_say(call, turn, "This job is no longer there.", err);
    if (!o.is_open)
        return say_closed(call, turn, &o, err);
    for (size_t i = 0; i < WK_COUNT(c); i++)
        c[i].arg = wk_uuid_text(&id, text);
    say = offer_text(call, &o);
    return say ? wk_turn_menu(call, turn, say, NULL, c, WK_COUNT(c), err) : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "D4");
}

static bool announce(struct wk_call *call, const struct delivery_row *job, struct wk_err *err)
{
    char driver[WK_UUID_TEXT], customer[WK_UUID_TEXT], id[WK_UUID_TEXT], order[WK_UUID_TEXT];
    json_t *payload = json_pack("{s:s,s:s,s:{s:s,s:s,s:I,s:I,s:s}}", "driver_id", wk_uuid_text(&job->v.driver, driver), "customer_id",
                                wk_uuid_text(&job->p.customer, customer), "delivery", "delivery_id", wk_uuid_text(&job->v.id, id),
                                "order_id", wk_uuid_text(&job->v.order, order), "fee", (json_int_t)job->v.fee, "cash_due",
                                (json_int_t)job->v.cash_due, "status", job->v.status);

    return payload ? wk_publish_json(call, "delivery.assigned", order, payload, err)
                   : wk_fail(err, WK_SYSTEM, "driver.payload", "delivery.assigned cannot be written");
}

static const char *move_facts(struct wk_call *call, const struct wk_driver *d)
{
    char id[WK_UUID_TEXT];
    json_t *facts = json_pack("{s:s,s:s}", "courier", courier(call, d), "driver_id", wk_uuid_text(&d->id, id));

    return facts ? wk_json_text(call, facts, NULL) : NULL;
}

/* After the delivery row is there: events, the watch over a silent driver, the driver's next step. */
static bool assigned(struct wk_call *call, struct wk_turn *turn, const struct dispatch_row *p, const struct wk_driver *d,
                     const struct wk_uuid *delivery, int64_t fee, struct wk_err *err)
{
    struct delivery_row job = {.p = *p, .d = *d, .cash_collected = -1,
                               .v = {.size = sizeof job.v, .id = *delivery, .order = p->order, .driver = d->id, .status = "ASSIGNED",
                                     .fee = fee, .cash_due = p->cash_due}};
    char id[WK_UUID_TEXT], order[WK_UUID_TEXT];

    (void)wk_uuid_text(&p->order, order);
    return announce(call, &job, err) && wk_unschedule(call, order, "round", err) && wk_unschedule(call, order, "again", err) &&
           follow_watch(call, &job, 1, err) && wk_turn_set(call, turn, KEY_JOB, wk_uuid_text(delivery, id), err) &&
           wk_turn_stay(call, turn, "D5") && show_job(call, turn, &job, err);
}

/* One transaction, rows in the order of docs: order, search, offer, driver. */
static enum wk_verdict accept(struct wk_call *call, struct wk_turn *turn, const struct offer_row *o, struct wk_err *err)
{
    struct wk_move move = {.size = sizeof move, .actor = WK_ACTOR_DRIVER, .order = o->order, .actor_id = &o->driver, .to = "ASSIGNED_TO_DRIVER"};
    struct wk_uuid delivery = wk_new_id(call);
    int64_t due_s = wk_setting_int(call, "pickup_minutes") * 60 + (o->p.trip_m + place_road(o->distance_m)) * 10 / 55; /* 20 km/h */
    struct driver_row driver;
    struct wk_err no = {0};
    bool won, is_full, found;
    char id[WK_UUID_TEXT];
    const char *json;

    if (!store_driver(call, &o->driver, &driver, &found, err))
        return WK_FAILED;
    if (!found || !(move.metadata = move_facts(call, &driver.d)))
        return DONE(wk_fail(err, WK_TRANSIENT, "call.memory_limit", "D4"));
    if (!wk_orders_move(call, &move, NULL, &no)) {
        if (wk_err_is(&no, "order.invalid_transition")) /* nothing is written: the answer can be said */
            return DONE(wk_turn_say(call, turn, "Taken by another driver – your score is not affected.", err));
        return DONE(wk_fail(err, no.cls, no.code, "%s", no.msg));
    }
    if (!store_accept(call, o, &delivery, due_s, &won, &is_full, err))
        return WK_FAILED;
    if (!won) /* expired, withdrawn or full in this very moment: all is rolled back, and the next try finds out which */
        return DONE(wk_fail(err, WK_TRANSIENT, "db.conflict", "the offer changed while it was accepted"));
    wk_count(call, "accepted", 1);
    if (is_full) {
        json = wk_printf(call, "{\"driver_id\":\"%s\"}", wk_uuid_text(&o->driver, id));
        if (!json || !wk_publish(call, "drivers.full", id, json, strlen(json), err))
            return WK_FAILED;
    }
    return DONE(assigned(call, turn, &o->p, &driver.d, &delivery, o->fee, err));
}

static enum wk_verdict d4_choose(struct wk_call *call, struct wk_turn *turn, const char *action, const char *arg, bool is_current,
                                 struct wk_err *err)
{
    struct offer_row o;
    struct wk_uuid id;
    bool found, declined;

    (void)is_current; /* the offer's own state and the database's clock decide */
    if (!wk_uuid_parse(arg, &id))
        return WK_DECLINED;
    if (!store_offer(call, &id, wk_turn_user(call, turn), &o, &found, err))
        return WK_FAILED;
    if (!found)
        return WK_DECLINED;
    if (!strcmp(action, "map"))
        return DONE(sayf(call, turn, err, "Shop: https://maps.google.com/?q=%.5f,%.5f\nTo: https://maps.google.com/?q=%.3f,%.3f", o.p.latitude,
                         o.p.longitude, o.p.to_latitude, o.p.to_longitude)); /* the customer's door only roughly, until the job is taken */
    if (!o.is_open)
        return DONE(say_closed(call, turn, &o, err));
    if (!strcmp(action, "decline")) {
        if (!store_decline(call, &id, &o.driver, &declined, err))
            return WK_FAILED;
        return DONE((!declined || dispatch_round_may_end(call, &o.order, o.p.search, o.round, err)) &&
                    wk_turn_say(call, turn, "OK, declined.", err));
    }
    if (strcmp(action, "accept"))
        return WK_DECLINED;
    if (!o.has_slot)
        return DONE(wk_turn_say(call, turn, "You have as many jobs as you can carry. Finish one first.", err));
    return accept(call, turn, &o, err);
}

/* V9: the shop, when nobody was found. */
static bool v9_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    struct wk_choice c[] = {{.action = "keep", .title = "Keep searching"}, {.action = "self", .title = "I'll deliver"},
                            {.action = "cancel", .title = "Cancel order"}};
    struct dispatch_row p;
    struct wk_uuid id;
    char text[WK_UUID_TEXT];
    const char *say;
    bool found;

    if (!node_id(call, turn, KEY_ORDER, &id, NULL))
        return wk_turn_go(call, turn, "G2", err);
    if (!store_dispatch(call, &id, &p, &found, err))
        return false;
    if (!found || strcmp(p.status, "EXHAUSTED"))
        return wk_turn_is_push(call, turn) || wk_turn_say(call, turn, "That has been settled.", err);
    for (size_t i = 0; i < WK_COUNT(c); i++)
        c[i].arg = wk_uuid_text(&id, text);
    say = wk_printf(call, "No driver took order #%lld yet. What shall we do?", (long long)p.number);
    return say ? wk_turn_menu(call, turn, say, NULL, c, WK_COUNT(c), err) : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "V9");
}

/* The search of an order whose shop this person answers for. */
static bool shop_search(struct wk_call *call, struct wk_turn *turn, const struct wk_uuid *order, struct dispatch_row *p, bool *found,
                        struct wk_err *err)
{
    struct wk_vendor shop = {.size = sizeof shop};
    struct wk_err why = {0};

    *found = false;
    if (!wk_catalog_vendor_of_user(call, wk_turn_user(call, turn), &shop, &why))
        return why.cls == WK_BUSINESS || wk_fail(err, why.cls, why.code, "%s", why.msg);
    return store_dispatch(call, order, p, found, err) && ((*found = *found && wk_uuid_equal(&p->vendor, &shop.id)), true);
}

static enum wk_verdict self_deliver(struct wk_call *call, struct wk_turn *turn, const struct dispatch_row *p, struct wk_err *err)
{
    struct wk_driver d = {.size = sizeof d, .id = wk_new_id(call), .user = *wk_turn_user(call, turn), .name = p->vendor_name, .vehicle = "own",
                          .plate = ""};
    struct wk_move move = {.size = sizeof move, .actor = WK_ACTOR_VENDOR, .order = p->order, .actor_id = wk_turn_user(call, turn),
                           .to = "ASSIGNED_TO_DRIVER"};
    struct wk_uuid delivery = wk_new_id(call);
    struct driver_row known;
    struct wk_err no = {0};
    bool won, found;

    if (!store_driver_of_user(call, &d.user, 0, &known, &found, err))
        return WK_FAILED;
    if (found) /* the shop's person drives, too */
        d.id = known.d.id;
    if (!(move.metadata = move_facts(call, &d)))
        return DONE(wk_fail(err, WK_TRANSIENT, "call.memory_limit", "V9"));
    if (!wk_orders_move(call, &move, NULL, &no))
        return DONE(wk_err_is(&no, "order.invalid_transition") ? wk_turn_say(call, turn, "A driver has it by now.", err)
                                                               : wk_fail(err, no.cls, no.code, "%s", no.msg));
    if (!store_self_delivery(call, &p->order, &d.user, d.name, &d.id, &delivery, 3600, &won, err))
        return WK_FAILED;
    if (!won)
        return DONE(wk_fail(err, WK_TRANSIENT, "db.conflict", "the search changed meanwhile"));
    return DONE(assigned(call, turn, p, &d, &delivery, 0, err));
}

static enum wk_verdict shop_ends(struct wk_call *call, struct wk_turn *turn, const struct dispatch_row *p, const char *reason,
                                 const char *metadata, struct wk_err *err)
{
    struct wk_move move = {.size = sizeof move, .actor = WK_ACTOR_VENDOR, .order = p->order, .actor_id = wk_turn_user(call, turn),
                           .to = "CANCELLED", .reason = reason, .metadata = metadata};
    struct wk_err no = {0};

    if (wk_orders_move(call, &move, NULL, &no))
        return DONE(sayf(call, turn, err, "Order #%lld is cancelled. The customer is told.", (long long)p->number));
    return DONE(wk_err_is(&no, "order.invalid_transition") ? wk_turn_say(call, turn, "That is not possible any more.", err)
                                                           : wk_fail(err, no.cls, no.code, "%s", no.msg));
}

static enum wk_verdict v9_choose(struct wk_call *call, struct wk_turn *turn, const char *action, const char *arg, bool is_current,
                                 struct wk_err *err)
{
    struct dispatch_row p;
    struct wk_uuid id;
    bool found;

    (void)is_current;
    if (!wk_uuid_parse(arg, &id))
        return WK_DECLINED;
    if (!shop_search(call, turn, &id, &p, &found, err))
        return WK_FAILED;
    if (!found)
        return WK_DECLINED;
    if (!strcmp(action, "keep"))
        return DONE(dispatch_ask(call, &id, err) && wk_turn_say(call, turn, "OK, I keep searching.", err));
    if (!strcmp(action, "self"))
        return self_deliver(call, turn, &p, err);
    return strcmp(action, "cancel") ? WK_DECLINED : shop_ends(call, turn, &p, "no driver was found", NULL, err);
}

/* V9R: pushed when a driver could not deliver. "<order> <what happened>". */
static bool v9r_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    struct wk_choice c[] = {{.action = "back", .title = "Goods are back"}, {.action = "lost", .title = "Goods are lost"},
                            {.action = "again", .title = "Driver tries again"}};
    struct dispatch_row p;
    struct wk_uuid id;
    char text[WK_UUID_TEXT];
    const char *say, *what;
    bool found;

    if (!node_id(call, turn, KEY_ORDER, &id, &what))
        return wk_turn_go(call, turn, "G2", err);
    if (!store_dispatch(call, &id, &p, &found, err))
        return false;
    if (!found)
        return wk_turn_say(call, turn, "That has been settled.", err);
    for (size_t i = 0; i < WK_COUNT(c); i++)
        c[i].arg = wk_uuid_text(&id, text);
    say = wk_printf(call, "Order #%lld could not be delivered: %.100s. The driver has the goods. What happened to them?", (long long)p.number,
                    *what ? what : "the driver reports a problem");
    return say ? wk_turn_menu(call, turn, say, NULL, c, WK_COUNT(c), err) : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "V9R");
}

static enum wk_verdict v9r_choose(struct wk_call *call, struct wk_turn *turn, const char *action, const char *arg, bool is_current,
                                  struct wk_err *err)
{
    struct delivery_row job;
    struct dispatch_row p;
    struct wk_uuid id;
    bool found;

    (void)is_current;
    if (!wk_uuid_parse(arg, &id))
        return WK_DECLINED;
    if (!shop_search(call, turn, &id, &p, &found, err))
        return WK_FAILED;
    if (!found)
        return WK_DECLINED;
    if (!strcmp(action, "back"))
        return shop_ends(call, turn, &p, "it could not be delivered", "{\"goods_returned\":true}", err);
    if (!strcmp(action, "lost"))
        return shop_ends(call, turn, &p, "it could not be delivered", NULL, err);
    if (strcmp(action, "again"))
        return WK_DECLINED;
    if (!store_delivery_of_order(call, &id, &job, &found, err))
        return WK_FAILED;
    return DONE((!found || push_id(call, &job.d.user, "D7", &job.v.id, NULL, err)) && wk_turn_say(call, turn, "OK, the driver tries again.", err));
}

const struct wk_node nodes_offer[] = {
    {.name = "D4", .state = WK_DRIVER_FLOW, .is_busy = true, .show = d4_show, .choose = d4_choose},
    {.name = "V9", .state = WK_VENDOR_FLOW, .show = v9_show, .choose = v9_choose},
    {.name = "V9R", .state = WK_VENDOR_FLOW, .show = v9r_show, .choose = v9r_choose},
    {0},
};
