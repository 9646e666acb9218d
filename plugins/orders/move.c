#include "move.h"
#include <wakala/json.h>
#include <wakala/metric.h>
#include <wakala/service/catalog.h>
#include <wakala/service/payments.h>

/* True in metadata: the goods are back in the shop. */
static bool says_returned(struct wk_call *call, const char *metadata)
{
    const json_t *m = metadata ? wk_json_parse(call, metadata, strlen(metadata), NULL) : NULL;

    return json_is_true(json_object_get(m, "goods_returned"));
}

static const char *courier_of(struct wk_call *call, const char *metadata)
{
    const json_t *m = metadata ? wk_json_parse(call, metadata, strlen(metadata), NULL) : NULL;
    const char *text = wk_json_string(m, "courier", NULL);

    return text ? wk_strdup(call, text) : NULL;
}

bool order_announce(struct wk_call *call, const struct order_row *row, const char *previous, enum wk_actor actor, const char *reason,
                    const char *metadata, struct wk_err *err)
{
    json_t *payload = json_object(), *more = json_object();
    const json_t *given = metadata ? wk_json_parse(call, metadata, strlen(metadata), err) : NULL;
    char id[WK_UUID_TEXT], vendor[WK_UUID_TEXT], customer[WK_UUID_TEXT];

    if (metadata && !json_is_object(given)) {
        json_decref(payload);
        json_decref(more);
        return wk_fail(err, WK_SYSTEM, "order.bad_metadata", "metadata is no JSON object");
    }
    if (given)
        (void)json_object_update(more, (json_t *)(uintptr_t)given);
    (void)json_object_set_new(more, "number", json_integer(row->o.number));
    (void)json_object_set_new(more, "version", json_integer((json_int_t)row->version));
    (void)json_object_set_new(more, "fulfilment", json_string(row->o.fulfilment));
    (void)json_object_set_new(more, "payment_method", json_string(row->o.payment_method));
    (void)json_object_set_new(more, "vendor_id", json_string(wk_uuid_text(&row->o.vendor, vendor)));
    (void)json_object_set_new(more, "customer_id", json_string(wk_uuid_text(&row->o.customer, customer)));
    (void)json_object_set_new(more, "actor", json_string(order_actor_name(actor)));
    if (reason && *reason)
        (void)json_object_set_new(more, "reason", json_string(reason));
    (void)json_object_set_new(payload, "order_id", json_string(wk_uuid_text(&row->o.id, id)));
    (void)json_object_set_new(payload, "previous_status", json_string(previous));
    (void)json_object_set_new(payload, "new_status", json_string(row->o.status));
    (void)json_object_set_new(payload, "metadata", more);
    return wk_publish_json(call, "order.status_changed", id, payload, err);
}

static bool refuse(struct wk_err *err, enum order_state from, const char *to, const char *why)
{
    return wk_fail(err, WK_BUSINESS, "order.invalid_transition", "InvalidStateTransition: %s to %s: %s", order_state_name(from), to, why);
}

/* Is cash on delivery written down? Amounts that differ are kept as short or over, and do not stop the hand-over. */
static bool cash_is_recorded(struct wk_call *call, const struct wk_uuid *order, bool *recorded, struct wk_err *err)
{
    struct wk_payment payment = {.size = sizeof payment};

    if (!wk_payments_of_order(call, order, &payment, err))
        return false;
    *recorded = !strcmp(payment.status, "collected") || !strcmp(payment.status, "short") || !strcmp(payment.status, "over") ||
                !strcmp(payment.status, "paid");
    return true;
}

/* NULL: go ahead; else why not. */
static const char *guard(const struct order_edge *edge, const struct order_row *row, const struct wk_move *move)
{
    bool is_pickup = !strcmp(row->o.fulfilment, "pickup");
    bool is_paid = !strcmp(row->o.payment_status, "paid") || !strcmp(row->o.payment_status, "partially_refunded");

    if (move->actor < WK_ACTOR_SYSTEM || move->actor > WK_ACTOR_GATEWAY || !(edge->actors & (1u << move->actor)))
        return "not yours to do";
    if ((edge->guards & GUARD_COD) && !row->o.is_cash)
        return "it is not paid yet";
    if ((edge->guards & GUARD_UNPAID) && is_paid)
        return "it is paid";
    if ((edge->guards & GUARD_PAID) && !is_paid)
        return "nothing was paid";
    if ((edge->guards & GUARD_REASON) && !(move->reason && *move->reason))
        return "a reason is needed";
    if ((edge->guards & GUARD_DELIVERY) && is_pickup)
        return "the customer collects it";
    if ((edge->guards & GUARD_PICKUP) && !is_pickup)
        return "a driver delivers it";
    return NULL;
}

/* After the order's row, in the global lock order: stock, then payment. */
static bool effects(struct wk_call *call, const struct order_edge *edge, const struct wk_uuid *order, const struct wk_move *move,
                    struct wk_err *err)
{
    bool is_back = (edge->effects & EFFECT_RESTOCK) && says_returned(call, move->metadata);

    if ((edge->effects & EFFECT_CONSUME) && !wk_catalog_consume(call, order, err))
        return false;
    if (((edge->effects & EFFECT_PUT_BACK) || is_back) && !wk_catalog_put_back(call, order, err))
        return false;
    if (((edge->effects & EFFECT_RELEASE) || is_back) && !wk_catalog_release(call, order, err))
        return false;
    return !(edge->effects & EFFECT_UNPAY) || wk_payments_cancel(call, order, err);
}

bool order_move(struct wk_call *call, struct order_row *row, const struct wk_move *move, struct wk_err *err)
{
    struct wk_uuid id = row->o.id;

    for (int lost = 0; lost < 4; lost++) { /* each loss means that somebody else's move won: look again */
        enum order_state from = row->state, to;
        const struct order_edge *edge;
        struct order_change change;
        const char *why;
        bool ok = true, is_delivery = strcmp(row->o.fulfilment, "pickup") != 0;

        if (!order_state_parse(move->to, &to))
            return wk_fail(err, WK_SYSTEM, "order.bad_state", "no state %s", move->to);
        if (!(edge = order_edge_find(from, to)))
            return refuse(err, from, move->to, "there is no such move");
        if ((why = guard(edge, row, move)))
            return refuse(err, from, move->to, why);
        if ((edge->guards & GUARD_CASH) && row->o.is_cash) {
            if (!cash_is_recorded(call, &id, &ok, err))
                return false;
            if (!ok)
                return refuse(err, from, move->to, "the cash is not recorded");
        }
        change = (struct order_change){.from = from, .to = to, .actor = move->actor, .actor_id = move->actor_id, .reason = move->reason,
                                       .courier = to == ORDER_ASSIGNED ? courier_of(call, move->metadata) : NULL,
                                       .delivery_status = is_delivery ? edge->delivery : NULL, .payment_status = edge->payment};
        if (from == ORDER_ASSIGNED && to == ORDER_READY)
            change.courier = "";
        if (to == ORDER_DELIVERED && row->o.is_cash)
            change.payment_status = "paid";
        if (!store_change(call, &id, &change, &ok, err))
            return false;
        if (ok) {
            const char *previous = order_state_name(from);

            row->state = to;
            row->o.status = order_state_name(to);
            row->version++;
            row->reason = move->reason ? move->reason : row->reason;
            row->courier = change.courier ? change.courier : row->courier;
            row->o.delivery_status = change.delivery_status ? change.delivery_status : row->o.delivery_status;
            row->o.payment_status = change.payment_status ? change.payment_status : row->o.payment_status;
            wk_count(call, "moves", 1);
            return effects(call, edge, &id, move, err) &&
                   order_announce(call, row, previous, move->actor, move->reason, move->metadata, err);
        }
        if (!store_order(call, &id, row, err))
            return false;
    }
    return wk_fail(err, WK_TRANSIENT, "db.conflict", "the order moves too fast");
}

bool orders_get(struct wk_call *call, const struct wk_uuid *id, struct wk_order *order, struct wk_err *err)
{
    struct order_row row;
    size_t size = order->size && order->size < sizeof *order ? order->size : sizeof *order;

    if (!store_order(call, id, &row, err))
        return false;
    memcpy(order, &row.o, size);
    order->size = (uint32_t)size;
    return true;
}

bool orders_move(struct wk_call *call, const struct wk_move *move, struct wk_order *after, struct wk_err *err)
{
    struct order_row row;

    if (!store_order(call, &move->order, &row, err) || !order_move(call, &row, move, err))
        return false;
    if (after) {
        size_t size = after->size && after->size < sizeof *after ? after->size : sizeof *after;

        memcpy(after, &row.o, size);
        after->size = (uint32_t)size;
    }
    return true;
}
