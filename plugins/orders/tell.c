/* tell.c - what follows a change of an order: the shop and the customer are told, codes are made, timers set. Subscriptions, so that the move
 * itself stays short; each runs after the move's commit, in the order of the order's events. */
#include <wakala/json.h>
#include <wakala/setting.h>
#include "nodes.h"

static bool event_order(struct wk_call *call, const struct wk_event *event, const json_t **payload, struct wk_uuid *id, struct wk_err *err)
{
    *payload = wk_json_parse(call, event->payload, event->payload_len, err);
    return *payload && (wk_uuid_parse(wk_json_string(*payload, "order_id", ""), id) ||
                        wk_fail(err, WK_BUSINESS, "order.bad_event", "%s without order_id", event->type));
}

/* To the shop's person. A shop without one must not stop the rest: the silence timer then cancels the order. */
static bool tell_shop(struct wk_call *call, const struct order_row *row, const char *node, const char *more, struct wk_err *err)
{
    char id[WK_UUID_TEXT];
    const char *arg = wk_printf(call, "%s%s%s", wk_uuid_text(&row->o.id, id), *more ? " " : "", more);
    struct wk_err why = {0};

    if (!arg)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "a push");
    if (push_shop(call, &row->o.vendor, node, arg, &why))
        return true;
    if (why.cls != WK_BUSINESS)
        return wk_fail(err, why.cls, why.code, "%s", why.msg);
    wk_log(call, WK_WARN, "order #%u: the shop could not be told (%s)", row->o.number, why.code);
    return true;
}

static bool tell_customer(struct wk_call *call, const struct order_row *row, const char *state, const char *pin, struct wk_err *err)
{
    const char *more = wk_printf(call, "%s%s%s", state, *pin ? " " : "", pin);

    return more ? push_order(call, &row->o.customer, "T3", &row->o.id, more, err) : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "a push");
}

/* The shop has an order to answer. */
static bool shop_asked(struct wk_call *call, struct order_row *row, struct wk_err *err)
{
    struct wk_move move = {.size = sizeof move, .actor = WK_ACTOR_SYSTEM, .order = row->o.id, .to = "CONFIRMED", .reason = "auto-accept"};
    int64_t now = wk_now(call);

    if (wk_setting_bool(call, "auto_accept"))
        return order_move(call, row, &move, err);
    return tell_shop(call, row, "V6", "", err) &&
           timer_set(call, &row->o.id, "remind", now + wk_setting_ms(call, "vendor_remind") * 1000, err) &&
           timer_set(call, &row->o.id, "silent", now + wk_setting_ms(call, "vendor_silent") * 1000, err);
}

static bool no_more_waiting(struct wk_call *call, const struct wk_uuid *id, struct wk_err *err)
{
    return timer_drop(call, id, "remind", err) && timer_drop(call, id, "silent", err) && timer_drop(call, id, "unpaid", err) &&
           timer_drop(call, id, "answer", err);
}

static bool order_assigned(struct wk_call *call, const struct order_row *row, struct wk_err *err)
{
    char code[CODE_SIZE];

    return code_make(call, &row->o.id, "pickup", code, err) && tell_shop(call, row, "V8", code, err) &&
           tell_customer(call, row, row->o.status, "", err);
}

static bool with_pin(struct wk_call *call, const struct order_row *row, struct wk_err *err)
{
    char pin[CODE_SIZE];

    return code_make(call, &row->o.id, "delivery", pin, err) && tell_customer(call, row, row->o.status, pin, err);
}

static bool order_over(struct wk_call *call, const struct order_row *row, const char *actor, struct wk_err *err)
{
    if (!no_more_waiting(call, &row->o.id, err))
        return false;
    if (strcmp(actor, "customer") && !tell_customer(call, row, row->o.status, "", err)) /* who cancelled has been answered */
        return false;
    return !strcmp(actor, "vendor") || tell_shop(call, row, "V7", "", err);
}

bool on_status(struct wk_call *call, const struct wk_event *event, struct wk_err *err)
{
    struct order_row row;
    struct wk_uuid id;
    enum order_state state;
    const json_t *payload, *more;
    bool is_now, is_pickup;

    if (!event_order(call, event, &payload, &id, err) || !store_order(call, &id, &row, err))
        return false;
    if (!order_state_parse(wk_json_string(payload, "new_status", ""), &state))
        return wk_fail(err, WK_BUSINESS, "order.bad_event", "unknown state");
    more = json_object_get(payload, "metadata");
    is_now = wk_json_int(more, "version", 0) == row.version; /* it may have moved on: then a later event asks and makes codes */
    is_pickup = !strcmp(row.o.fulfilment, "pickup");
    switch (state) {
    case ORDER_PAYMENT_PENDING:
        return !is_now || !row.o.is_cash || shop_asked(call, &row, err);
    case ORDER_PAID:
        return tell_customer(call, &row, "PAID", "", err) && (!is_now || shop_asked(call, &row, err));
    case ORDER_CONFIRMED:
        return no_more_waiting(call, &id, err) && (!is_now || tell_customer(call, &row, "CONFIRMED", "", err));
    case ORDER_PREPARING: /* a step that has passed already is not news */
        return !is_now || tell_customer(call, &row, "PREPARING", "", err);
    case ORDER_READY:
        if (!is_pickup) {
            const char *from = wk_json_string(payload, "previous_status", "");

            return !is_now || (tell_customer(call, &row, "READY_FOR_PICKUP", "", err) &&
                               (!strcmp(from, "PREPARING") || tell_shop(call, &row, "V7", "", err)));
        }
        return !is_now || with_pin(call, &row, err);
    case ORDER_ASSIGNED:
        return !is_now || order_assigned(call, &row, err);
    case ORDER_IN_TRANSIT:
        return !is_now || with_pin(call, &row, err);
    case ORDER_DELIVERED:
        return no_more_waiting(call, &id, err) && tell_customer(call, &row, "DELIVERED", "", err);
    case ORDER_CANCELLED:
        return order_over(call, &row, wk_json_string(more, "actor", ""), err);
    case ORDER_REFUNDED:
        return tell_customer(call, &row, "REFUNDED", "", err);
    default:
        return true;
    }
}

/* Money moved: the order follows. What the order cannot follow (late money for a cancelled order) is payments' to refund. */
bool on_payment(struct wk_call *call, const struct wk_event *event, struct wk_err *err)
{
    struct wk_move move = {.size = sizeof move, .actor = WK_ACTOR_GATEWAY};
    struct order_row row;
    struct wk_uuid id;
    struct wk_err no = {0};
    const json_t *payload;
    const char *status;

    if (!event_order(call, event, &payload, &id, err) || !store_order(call, &id, &row, err))
        return false;
    status = wk_json_string(payload, "new_status", "");
    move.order = id;
    if (!strcmp(status, "collected") || !strcmp(status, "short") || !strcmp(status, "over")) {
        if (!row.o.is_cash) /* an online amount that differs is held for a person */
            return true;
        return !strcmp(row.o.payment_status, "paid") || store_payment_status(call, &id, "paid", err);
    }
    if (!strcmp(status, "paid"))
        move.to = "PAID";
    else if (!strcmp(status, "refunded"))
        move.to = "REFUNDED";
    else
        return true;
    if (order_move(call, &row, &move, &no))
        return true;
    if (!wk_err_is(&no, "order.invalid_transition"))
        return wk_fail(err, no.cls, no.code, "%s", no.msg);
    wk_log(call, WK_WARN, "order #%u is %s and stays so: its payment became %s", row.o.number, row.o.status, status);
    return true;
}

static bool cancel_silent(struct wk_call *call, struct order_row *row, const char *reason, struct wk_err *err)
{
    struct wk_move move = {.size = sizeof move, .actor = WK_ACTOR_SYSTEM, .order = row->o.id, .to = "CANCELLED", .reason = reason};
    struct wk_err no = {0};

    if (order_move(call, row, &move, &no) || wk_err_is(&no, "order.invalid_transition")) /* answered in the last moment */
        return true;
    return wk_fail(err, no.cls, no.code, "%s", no.msg);
}

/* A timer only wakes: the order's state decides what is left to do. */
bool on_timer(struct wk_call *call, const struct wk_event *event, struct wk_err *err)
{
    struct order_row row;
    struct wk_uuid id;
    const json_t *payload;
    const char *what;
    bool waits;

    if (!event_order(call, event, &payload, &id, err) || !store_order(call, &id, &row, err))
        return false;
    what = wk_json_string(payload, "what", "");
    waits = row.state == ORDER_PAID || (row.state == ORDER_PAYMENT_PENDING && row.o.is_cash);
    if (!strcmp(what, "remind"))
        return !waits || tell_shop(call, &row, "V6", "remind", err);
    if (!strcmp(what, "silent"))
        return !waits || cancel_silent(call, &row, "the shop did not answer", err);
    if (!strcmp(what, "unpaid"))
        return row.state != ORDER_PAYMENT_PENDING || row.o.is_cash || cancel_silent(call, &row, "it was not paid in time", err);
    if (!strcmp(what, "answer"))
        return row.state != ORDER_PREPARING || push_order(call, &row.o.customer, "T2", &id, NULL, err);
    return true;
}
