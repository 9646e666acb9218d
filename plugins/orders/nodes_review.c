/* nodes_review.c - C15 review, placing the order, C16 pay link, C17 result.
 *
 * Placing takes two statements that wait besides the turn's load and save: prices and stock are read, then the stock is reserved (which opens
 * the transaction). Order, lines, history, payment and events are queued and leave with the commit. The order's number is taken when the
 * review is shown, so that the answer can name it without waiting for the insert. */
#include <wakala/json.h>
#include <wakala/service/quota.h>
#include <wakala/setting.h>
#include "nodes_checkout.h"

#define PAYMENT_WORDS 60

/* The gateway and its title as C14 kept them. */
static bool chosen_method(struct wk_call *call, struct wk_turn *turn, char gateway[32], char title[PAYMENT_WORDS])
{
    const char *text = wk_turn_get(call, turn, KEY_PAY), *space = text ? strchr(text, ' ') : NULL;

    if (!space || space - text >= 32)
        return false;
    memcpy(gateway, text, (size_t)(space - text));
    gateway[space - text] = '\0';
    text_cut(title, PAYMENT_WORDS, space + 1, 40);
    return true;
}

/* The number taken for this cart; taken now when there is none yet. */
static bool number_of(struct wk_call *call, struct wk_turn *turn, const struct cart *cart, int64_t *number, struct wk_err *err)
{
    const char *kept = wk_turn_get(call, turn, KEY_NUMBER), *text;
    char id[WK_UUID_TEXT], own[WK_UUID_TEXT];
    long long n;

    (void)wk_uuid_text(&cart->id, own);
    if (kept && sscanf(kept, "%36s %lld", id, &n) == 2 && !strcmp(id, own)) {
        *number = n;
        return true;
    }
    if (!store_next_number(call, number, err))
        return false;
    text = wk_printf(call, "%s %lld", own, (long long)*number);
    return text ? wk_turn_set(call, turn, KEY_NUMBER, text, err) : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "C15");
}

static const char *summary(struct wk_call *call, struct wk_turn *turn, const struct cart *cart, const struct quote *q, const char *pay)
{
    const char *how = wk_turn_get(call, turn, KEY_HOW), *mark = wk_turn_get(call, turn, KEY_MARK);
    bool is_pickup = how && !strcmp(how, "pickup"), has_mark = mark && *mark && !is_pickup;
    int64_t subtotal;
    const char *lines = cart_text(call, cart, &subtotal), *fee, *tax;
    char place[161];

    text_cut(place, sizeof place, mark, 40);
    fee = is_pickup ? "You collect it" : wk_printf(call, "Delivery %s", amount(call, q->delivery_fee));
    tax = q->tax ? wk_printf(call, "\nTax %s", amount(call, q->tax)) : "";
    return !lines || !fee || !tax ? NULL
                                  : wk_printf(call, "%s\n%s\nItems %s\n%s%s\nTotal %s\n%s%s%s", cart->vendor_name, lines,
                                              amount(call, q->subtotal), fee, tax, amount(call, q->total), pay,
                                              has_mark ? "\nTo: your pin, " : "", has_mark ? place : "");
}

static bool c15_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    struct quote_line lines[CART_LINES];
    struct quote q;
    struct cart cart;
    struct wk_choice c[] = {{.action = "place", .title = "Place order"}, {.action = "change", .title = "Change"},
                            {.action = "cancel", .title = "Cancel"}};
    char gateway[32], title[PAYMENT_WORDS], id[WK_UUID_TEXT];
    const char *text, *changed = wk_turn_get(call, turn, KEY_CHANGED);
    struct wk_err why = {0};
    int64_t number;

    if (!cart_load(call, turn, &cart))
        return wk_turn_go(call, turn, "C9", err);
    if (!chosen_method(call, turn, gateway, title))
        return wk_turn_go(call, turn, "C13", err);
    if (!checkout_quote(call, turn, &cart, lines, &q, &why))
        return wk_err_is(&why, "order.no_place") ? wk_turn_go(call, turn, "C10", err)
                                                 : wk_fail(err, why.cls, why.code, "%s", why.msg);
    if (!checkout_keep_quote(call, turn, &q, err) || !number_of(call, turn, &cart, &number, err))
        return false;
    c[0].arg = wk_uuid_text(&cart.id, id);
    if (changed && *changed == '1') {
        c[0].title = "Accept";
        c[1].title = "Edit";
    }
    text = summary(call, turn, &cart, &q, title);
    return text ? wk_turn_menu(call, turn, text, NULL, c, WK_COUNT(c), err) : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "C15");
}

/* Bring the cart up to what the catalog says now. Says each difference; *changed when there was one. */
static bool refresh(struct wk_call *call, struct wk_turn *turn, struct cart *cart, bool *changed, struct wk_err *err)
{
    struct wk_uuid ids[CART_LINES];
    struct wk_variant *found;
    size_t n, wanted = cart->n;

    for (size_t i = 0; i < wanted; i++)
        ids[i] = cart->lines[i].variant;
    if (!wk_catalog_variants(call, ids, wanted, &found, &n, err))
        return false;
    *changed = false;
    for (size_t i = 0; i < cart->n;) {
        struct cart_line *l = &cart->lines[i];
        const struct wk_variant *v = NULL;

        for (size_t k = 0; k < n && !v; k++)
            v = wk_uuid_equal(&found[k].id, &l->variant) ? &found[k] : NULL;
        if (!v || !v->is_active || v->available <= 0 || !wk_uuid_equal(&v->vendor, &cart->vendor) || v->price < 0 ||
            v->price > WK_MONEY_MAX) {
            *changed = true;
            if (!sayf(call, turn, err, "%s is sold out; I took it off.", l->name))
                return false;
            cart_remove(cart, i);
            continue;
        }
        if (v->price != l->price) {
            *changed = true;
            if (!sayf(call, turn, err, "%s: was %s, now %s.", l->name, amount(call, l->price), amount(call, v->price)))
                return false;
            l->price = v->price;
        }
        if (v->available < l->quantity) {
            *changed = true;
            if (!sayf(call, turn, err, "%s: only %lld left.", l->name, (long long)v->available))
                return false;
            l->quantity = v->available;
        }
        i++;
    }
    return true;
}

static bool show_changes(struct wk_call *call, struct wk_turn *turn, const struct cart *cart, struct wk_err *err)
{
    if (!cart_store(call, turn, cart, err))
        return false;
    if (!cart->n)
        return wk_turn_go(call, turn, "C9", err);
    return wk_turn_set(call, turn, KEY_CHANGED, "1", err) && wk_turn_go(call, turn, "C15", err);
}

/* Somebody was faster between the reading of the stock and its reservation. Nothing else is written yet; release undoes what a half-done
 * reservation may have left. */
static bool short_of(struct wk_call *call, struct wk_turn *turn, struct cart *cart, const struct wk_uuid *order,
                     const struct wk_shortage *shortage, struct wk_err *err)
{
    size_t at = cart_find(cart, &shortage->variant);

    if (!wk_catalog_release(call, order, err))
        return false;
    if (at == cart->n)
        return sayf(call, turn, err, "Something in your cart just sold out.") && wk_turn_go(call, turn, "C9", err);
    if (!sayf(call, turn, err, "%s: only %lld left.", cart->lines[at].name, (long long)(shortage->available > 0 ? shortage->available : 0)))
        return false;
    if (shortage->available > 0)
        cart->lines[at].quantity = shortage->available;
    else
        cart_remove(cart, at);
    return show_changes(call, turn, cart, err);
}

static bool announce(struct wk_call *call, const struct order_row *row, struct wk_err *err)
{
    char id[WK_UUID_TEXT], vendor[WK_UUID_TEXT], customer[WK_UUID_TEXT];
    json_t *payload = json_pack("{s:s,s:I,s:s,s:I,s:s,s:s,s:s,s:s,s:I}", "order_id", wk_uuid_text(&row->o.id, id), "total",
                                (json_int_t)row->o.total, "currency", row->o.currency, "number", (json_int_t)row->o.number, "vendor_id",
                                wk_uuid_text(&row->o.vendor, vendor), "customer_id", wk_uuid_text(&row->o.customer, customer),
                                "payment_method", row->o.payment_method, "fulfilment", row->o.fulfilment, "items",
                                (json_int_t)row->items);

    if (!payload)
        return wk_fail(err, WK_SYSTEM, "order.payload", "order.created cannot be written");
    return wk_publish_json(call, "order.created", id, payload, err) &&
           order_announce(call, row, "CREATED", WK_ACTOR_SYSTEM, NULL, NULL, err);
}

/* The order as it will be, from cart, quote and context. */
static void draw_up(struct wk_call *call, struct wk_turn *turn, const struct cart *cart, const struct quote *q,
                    const struct wk_pay_method *method, struct order_row *row)
{
    const struct wk_tenant *t = wk_tenant(call);
    const char *how = wk_turn_get(call, turn, KEY_HOW), *mark = wk_turn_get(call, turn, KEY_MARK);
    const char *name = wk_turn_user_name(call, turn);
    bool is_pickup = how && !strcmp(how, "pickup");

    memset(row, 0, sizeof *row);
    row->o = (struct wk_order){.size = sizeof row->o, .id = wk_new_id(call), .customer = *wk_turn_user(call, turn), .vendor = cart->vendor,
                               .status = "PAYMENT_PENDING", .payment_status = "pending", .delivery_status = "none",
                               .payment_method = method->gateway, .is_cash = (method->caps & WK_PAY_STAFF_CONFIRM) != 0,
                               .fulfilment = is_pickup ? "pickup" : "delivery", .subtotal = q->subtotal,
                               .delivery_fee = q->delivery_fee, .tax = q->tax, .total = q->total, .currency = t ? t->currency : "",
                               .landmark = mark && !is_pickup ? wk_strdup(call, mark) : "", .customer_name = name ? name : "",
                               .created_us = wk_now(call)};
    if (!is_pickup)
        (void)checkout_where(call, turn, &row->o.latitude, &row->o.longitude, &row->distance_m);
    row->cart = cart->id;
    row->state = ORDER_PAYMENT_PENDING;
    row->version = 2;
    row->items = cart_items(cart);
    row->exponent = t ? t->currency_exponent : 2;
    row->vendor_name = wk_strdup(call, cart->vendor_name);
    row->courier = row->reason = "";
}

/* Everything below happens in one transaction, or not at all. */
static enum wk_verdict commit_order(struct wk_call *call, struct wk_turn *turn, struct cart *cart, struct order_row *row,
                                    const struct quote_line *lines, struct wk_err *err)
{
    struct wk_stock_line stock[CART_LINES];
    struct wk_shortage shortage = {0};
    struct wk_payment payment = {.size = sizeof payment};
    struct wk_err why = {0};
    int64_t expires = row->o.is_cash ? 0 : wk_now(call) + wk_setting_ms(call, "payment_ttl") * 1000;

    for (size_t i = 0; i < cart->n; i++)
        stock[i] = (struct wk_stock_line){cart->lines[i].variant, cart->lines[i].quantity};
    if (!wk_catalog_reserve(call, &row->o.id, stock, cart->n, expires, &shortage, &why)) {
        if (wk_err_is(&why, "catalog.insufficient_stock"))
            return DONE(short_of(call, turn, cart, &row->o.id, &shortage, err));
        (void)wk_fail(err, why.cls, why.code, "%s", why.msg);
        return WK_FAILED;
    }
    if (!wk_payments_prepare(call, &row->o.id, row->o.payment_method, row->o.total, row->o.currency, &payment, err))
        return WK_FAILED;
    row->o.payment = payment.id;
    if (!store_insert(call, row, cart, lines, err) || !announce(call, row, err) || !cart_drop(call, turn, err))
        return WK_FAILED;
    if (!row->o.is_cash && (!timer_set(call, &row->o.id, "unpaid", expires, err) ||
                      !push_order(call, &row->o.customer, "C16", &row->o.id, NULL, err))) /* the gateway is asked after the commit */
        return WK_FAILED;
    wk_count(call, "placed", 1);
    return DONE(wk_quota_take(call, WK_QUOTA_ORDERS, 1, err) && show_result(call, turn, row, err));
}

static enum wk_verdict place(struct wk_call *call, struct wk_turn *turn, struct cart *cart, struct wk_err *err)
{
    struct quote_line lines[CART_LINES];
    struct wk_pay_method method;
    struct order_row row;
    struct kept_quote kept;
    struct quote q;
    struct wk_err why = {0};
    char gateway[32], title[PAYMENT_WORDS];
    bool changed, found;
    int64_t number;

    if (!chosen_method(call, turn, gateway, title) || !checkout_kept_quote(call, turn, &kept))
        return DONE(wk_turn_go(call, turn, "C13", err));
    if (!refresh(call, turn, cart, &changed, err))
        return WK_FAILED;
    if (changed)
        return DONE(show_changes(call, turn, cart, err));
    if (!checkout_quote(call, turn, cart, lines, &q, &why))
        return wk_err_is(&why, "order.no_place") ? DONE(wk_turn_go(call, turn, "C10", err))
                                                 : DONE(wk_fail(err, why.cls, why.code, "%s", why.msg));
    if (q.delivery_fee != kept.fee && kept.expires_us > wk_now(call)) { /* the fee holds for as long as the quote does */
        q.total += kept.fee - q.delivery_fee;
        q.delivery_fee = kept.fee;
    }
    if (q.total != kept.total)
        return DONE(sayf(call, turn, err, "The total was %s, now %s.", amount(call, kept.total), amount(call, q.total)) &&
                    show_changes(call, turn, cart, err));
    if (!checkout_method(call, q.total, gateway, &method, &found, err))
        return WK_FAILED;
    if (!found)
        return DONE(wk_turn_say(call, turn, "That way of paying is not available just now.", err) && wk_turn_go(call, turn, "C14", err));
    if (!number_of(call, turn, cart, &number, err)) /* already taken by C15: no trip */
        return WK_FAILED;
    draw_up(call, turn, cart, &q, &method, &row);
    row.o.number = (uint32_t)number;
    return commit_order(call, turn, cart, &row, lines, err);
}

static enum wk_verdict c15_choose(struct wk_call *call, struct wk_turn *turn, const char *action, const char *arg, bool is_current,
                                  struct wk_err *err)
{
    struct order_row row;
    struct wk_uuid id;
    struct cart cart;
    struct wk_err why = {0};

    (void)is_current; /* the cart id in the button decides, not the age of the menu */
    if (!strcmp(action, "change"))
        return DONE(wk_turn_go(call, turn, "C9", err));
    if (!strcmp(action, "cancel"))
        return DONE(wk_turn_say(call, turn, "Nothing was ordered. Your cart is kept.", err) && wk_turn_go(call, turn, "G2", err));
    if (strcmp(action, "place") || !wk_uuid_parse(arg, &id))
        return WK_DECLINED;
    if (cart_load(call, turn, &cart) && wk_uuid_equal(&cart.id, &id))
        return place(call, turn, &cart, err);
    /* A second tap: the cart became an order already, and that is the answer. */
    if (!store_order_of_cart(call, &id, &row, &why)) {
        if (wk_err_is(&why, "order.not_found"))
            return WK_DECLINED;
        return DONE(wk_fail(err, why.cls, why.code, "%s", why.msg));
    }
    if (!wk_uuid_equal(&row.o.customer, wk_turn_user(call, turn)))
        return WK_DECLINED;
    return DONE(show_result(call, turn, &row, err));
}

/* "Pay at month's end: 52.00.": the gateway's own words. */
static const char *paid_later(struct wk_call *call, const struct order_row *row)
{
    struct wk_pay_method method;
    bool found;

    if (!checkout_method(call, row->o.total, row->o.payment_method, &method, &found, NULL) || !found)
        return wk_printf(call, "You owe %s.", amount(call, row->o.total));
    return wk_printf(call, "%s: %s.", method.title, amount(call, row->o.total));
}

bool show_result(struct wk_call *call, struct wk_turn *turn, const struct order_row *row, struct wk_err *err)
{
    struct wk_choice c[] = {{.action = "show", .title = "Track order", .node = "T2"},
                            {.action = "ask", .title = "Cancel order", .node = "C18"}};
    char id[WK_UUID_TEXT];
    const char *money, *text;

    (void)wk_uuid_text(&row->o.id, id);
    c[0].arg = c[1].arg = id;
    if (!row->o.is_cash)
        money = "Your payment link follows.";
    else if (!is_cod(row))
        money = paid_later(call, row);
    else if (!strcmp(row->o.fulfilment, "pickup"))
        money = wk_printf(call, "Bring %s in cash.", amount(call, row->o.total));
    else
        money = wk_printf(call, "Keep %s in cash ready.", amount(call, row->o.total));
    text = money ? wk_printf(call, "Order #%u is with %s. %s", row->o.number, row->vendor_name, money) : NULL;
    if (!text)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "C17");
    return wk_turn_set(call, turn, KEY_TRACK, id, err) && wk_turn_stay(call, turn, "T2") &&
           wk_turn_menu(call, turn, text, NULL, c, order_state_is_final(row->state) ? 1 : 2, err);
}

/* C16 is pushed after the order's commit: asking a gateway is not for a transaction. */
static bool c16_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    struct wk_started started = {.size = sizeof started};
    struct order_row row;
    struct wk_uuid id;
    struct wk_choice c[] = {{.action = "show", .title = "I've paid", .node = "T2"}, {.action = "ask", .title = "Cancel order", .node = "C18"}};
    char text[WK_UUID_TEXT];
    const char *say;

    if (!node_order(call, turn, KEY_TRACK, &id, NULL) || !store_order(call, &id, &row, err))
        return false;
    if (row.state != ORDER_PAYMENT_PENDING || row.o.is_cash)
        return wk_turn_is_push(call, turn) || wk_turn_go(call, turn, "T2", err);
    if (!wk_payments_start(call, &row.o.payment, &started, err))
        return false;
    c[0].arg = c[1].arg = wk_uuid_text(&id, text);
    say = wk_printf(call, "Pay %s for order #%u.\n%s", amount(call, row.o.total), row.o.number,
                    started.url ? started.url : started.text ? started.text : "We are asking for your payment link.");
    return say ? wk_turn_menu(call, turn, say, NULL, c, WK_COUNT(c), err) : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "C16");
}

const struct wk_node nodes_review[] = {
    {.name = "C15", .state = WK_CUSTOMER_FLOW, .is_busy = true, .show = c15_show, .choose = c15_choose},
    {.name = "C16", .state = WK_CUSTOMER_FLOW, .is_busy = true, .show = c16_show},
    {0},
};
