/* nodes_shop.c - the shop's side: V6 a new order, V7 making it, V8 handing it over, V8C and V8P a customer who collects. */
#include <wakala/setting.h>
#include "nodes.h"

/* The order when the asker answers for its shop. */
static bool shop_order(struct wk_call *call, struct wk_turn *turn, const struct wk_uuid *id, struct order_row *row, bool *found,
                       struct wk_err *err)
{
    struct wk_vendor shop = {.size = sizeof shop};
    struct wk_err why = {0};

    *found = wk_catalog_vendor_of_user(call, wk_turn_user(call, turn), &shop, &why) && store_order(call, id, row, &why) &&
             wk_uuid_equal(&row->o.vendor, &shop.id);
    if (!*found && why.cls && why.cls != WK_BUSINESS)
        return wk_fail(err, why.cls, why.code, "%s", why.msg);
    return true;
}

static bool is_waiting(const struct order_row *row)
{
    return row->state == ORDER_PAID || (row->state == ORDER_PAYMENT_PENDING && row->o.is_cash);
}

/* What a shop can do with an order in its state; text and at most three buttons. */
static bool show_state(struct wk_call *call, struct wk_turn *turn, const struct order_row *row, struct wk_err *err)
{
    struct wk_choice c[3];
    char id[WK_UUID_TEXT];
    bool is_pickup = !strcmp(row->o.fulfilment, "pickup");
    const char *more = "", *text;
    size_t n = 0;

    (void)wk_uuid_text(&row->o.id, id);
#define BUTTON(what, words) c[n++] = (struct wk_choice){.action = what, .arg = id, .title = words, .node = "V7"}
    switch (row->state) {
    case ORDER_CONFIRMED:
        BUTTON("start", "Start preparing");
        BUTTON("ready", "Ready");
        BUTTON("problem", "Problem");
        break;
    case ORDER_PREPARING:
        BUTTON("ready", "Ready");
        BUTTON("problem", "Problem");
        break;
    case ORDER_READY:
        more = is_pickup ? "\nTap Collected when the customer is here." : "";
        if (is_pickup)
            BUTTON("collected", "Collected");
        BUTTON("problem", "Problem");
        break;
    case ORDER_ASSIGNED:
        more = "\nGive the goods only to who knows the pickup code.";
        BUTTON("handed", "Handed over");
        BUTTON("code", "New code");
        BUTTON("problem", "Problem");
        break;
    default:
        break;
    }
#undef BUTTON
    text = wk_printf(call, "Order #%u – %s – %s.%s%s%s%s%s", row->o.number, amount(call, row->o.total),
                     order_state_words(row->state, is_pickup), row->courier && *row->courier ? "\n" : "", row->courier ? row->courier : "",
                     row->state == ORDER_CANCELLED && row->reason && *row->reason ? "\nReason: " : "",
                     row->state == ORDER_CANCELLED && row->reason ? row->reason : "", more);
    if (!text)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "V7");
    return n ? wk_turn_menu(call, turn, text, NULL, c, n, err) : wk_turn_say(call, turn, text, err);
}

static const char *lines_text(struct wk_call *call, const struct order_line_row *lines, size_t n)
{
    char text[CART_LINES * 160], name[CART_NAME + 1];
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        int w;

        text_cut(name, sizeof name, lines[i].name, 32);
        w = snprintf(text + used, sizeof text - used, "\n%lld × %s", (long long)lines[i].quantity, name);
        if (w < 0 || (size_t)w >= sizeof text - used)
            return NULL; /* a line never shows half */
        used += (size_t)w;
    }
    return wk_strdup(call, text);
}

static bool v6_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    struct wk_choice c[] = {{.action = "accept", .title = "Accept"}, {.action = "reject", .title = "Reject"},
                            {.action = "details", .title = "Details"}};
    struct order_line_row *lines;
    struct order_row row;
    struct wk_uuid id;
    char order[WK_UUID_TEXT];
    const char *rest, *text, *list, *km;
    size_t n;

    if (!node_order(call, turn, KEY_SHOPORDER, &id, &rest))
        return wk_turn_go(call, turn, "V6L", err);
    if (!store_order_lines(call, &id, &row, &lines, &n, err))
        return false;
    if (!is_waiting(&row))
        return show_state(call, turn, &row, err);
    for (size_t i = 0; i < WK_COUNT(c); i++)
        c[i].arg = wk_uuid_text(&id, order);
    list = lines_text(call, lines, n);
    km = !strcmp(row.o.fulfilment, "pickup")
             ? "collected by the customer"
             : wk_printf(call, "%lld.%lld km", (long long)row.distance_m / 1000, (long long)row.distance_m % 1000 / 100);
    text = list && km ? wk_printf(call, "%sNew order #%u – %s – %lld item%s – %s%s%s", !strcmp(rest, "remind") ? "Still waiting: " : "",
                                  row.o.number, amount(call, row.o.total), (long long)row.items, row.items == 1 ? "" : "s", km,
                                  !row.o.is_cash ? " – paid" : is_cod(&row) ? " – cash" : " – not paid yet", list)
                      : NULL;
    return text ? wk_turn_menu(call, turn, text, NULL, c, WK_COUNT(c), err) : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "V6");
}

static bool details(struct wk_call *call, struct wk_turn *turn, const struct wk_uuid *id, struct wk_err *err)
{
    struct order_line_row *lines;
    struct order_row row;
    size_t n;
    const char *list;
    char order[WK_UUID_TEXT], mark[161];
    struct wk_choice c[] = {{.action = "accept", .title = "Accept", .node = "V6"}, {.action = "reject", .title = "Reject", .node = "V6"}};

    if (!store_order_lines(call, id, &row, &lines, &n, err))
        return false;
    if (!(list = lines_text(call, lines, n)))
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "V6");
    c[0].arg = c[1].arg = wk_uuid_text(id, order);
    text_cut(mark, sizeof mark, row.o.landmark, 40);
    list = wk_printf(call, "Order #%u for %s%s\nItems %s, delivery %s, tax %s\nTotal %s%s%s", row.o.number,
                     row.o.customer_name && *row.o.customer_name ? row.o.customer_name : "a customer", list, amount(call, row.o.subtotal),
                     amount(call, row.o.delivery_fee), amount(call, row.o.tax), amount(call, row.o.total), *mark ? "\nTo: " : "", mark);
    if (!list)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "V6");
    return is_waiting(&row) ? wk_turn_menu(call, turn, list, NULL, c, 2, err) : wk_turn_say(call, turn, list, err);
}

/* One move by the shop; when the state says no, the state is shown instead of an error. *moved (may be NULL) tells which. */
static bool shop_move(struct wk_call *call, struct wk_turn *turn, struct order_row *row, const char *to, const char *reason, bool *moved,
                      struct wk_err *err)
{
    struct wk_move move = {.size = sizeof move, .actor = WK_ACTOR_VENDOR, .order = row->o.id, .actor_id = wk_turn_user(call, turn),
                           .to = to, .reason = reason};
    struct wk_err no = {0};

    *moved = order_move(call, row, &move, &no);
    if (*moved)
        return true;
    if (!wk_err_is(&no, "order.invalid_transition"))
        return wk_fail(err, no.cls, no.code, "%s", no.msg);
    return wk_turn_say(call, turn, "That is not possible any more. Here is where things are:", err) && show_state(call, turn, row, err);
}

static enum wk_verdict v6_choose(struct wk_call *call, struct wk_turn *turn, const char *action, const char *arg, bool is_current,
                                 struct wk_err *err)
{
    struct order_row row;
    struct wk_uuid id;
    bool found, moved;

    (void)is_current; /* each move is checked against the order's state */
    if (!wk_uuid_parse(arg, &id))
        return WK_DECLINED;
    if (!shop_order(call, turn, &id, &row, &found, err))
        return WK_FAILED;
    if (!found)
        return WK_DECLINED;
    if (!strcmp(action, "details"))
        return DONE(details(call, turn, &id, err));
    if (!is_waiting(&row)) /* accepted already: a second tap answers where it is */
        return DONE(go_order(call, turn, KEY_SHOPORDER, &id, "V7", err));
    if (!strcmp(action, "reject"))
        return DONE(go_order(call, turn, KEY_SHOPORDER, &id, "V6X", err));
    if (strcmp(action, "accept"))
        return WK_DECLINED;
    if (!shop_move(call, turn, &row, "CONFIRMED", NULL, &moved, err))
        return WK_FAILED;
    return moved ? DONE(go_order(call, turn, KEY_SHOPORDER, &id, "V6R", err)) : WK_HANDLED;
}

static bool v6r_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    struct wk_choice c[] = {{.action = "10", .title = "10 min"}, {.action = "20", .title = "20 min"}, {.action = "40", .title = "40 min"}};
    struct wk_uuid id;
    char order[WK_UUID_TEXT];

    if (!node_order(call, turn, KEY_SHOPORDER, &id, NULL))
        return wk_turn_go(call, turn, "V6L", err);
    for (size_t i = 0; i < WK_COUNT(c); i++)
        c[i].arg = wk_uuid_text(&id, order);
    return wk_turn_menu(call, turn, "Accepted. Ready in?", NULL, c, WK_COUNT(c), err);
}

static enum wk_verdict v6r_choose(struct wk_call *call, struct wk_turn *turn, const char *action, const char *arg, bool is_current,
                                  struct wk_err *err)
{
    struct order_row row;
    struct wk_uuid id;
    long minutes = strtol(action, NULL, 10);
    bool found;

    (void)is_current;
    if (!wk_uuid_parse(arg, &id) || (minutes != 10 && minutes != 20 && minutes != 40))
        return WK_DECLINED;
    if (!shop_order(call, turn, &id, &row, &found, err))
        return WK_FAILED;
    if (!found)
        return WK_DECLINED;
    if ((row.state == ORDER_CONFIRMED || row.state == ORDER_PREPARING) && !store_ready_in(call, &id, minutes, err))
        return WK_FAILED;
    return DONE(go_order(call, turn, KEY_SHOPORDER, &id, "V7", err));
}

static const struct {
    const char *code, *title, *reason;
} reject_table[] = {
    {"stock", "Out of stock", "out of stock"}, {"closed", "Closed", "the shop is closed"}, {"far", "Too far", "too far"},
    {"other", "Other", "the shop cannot do it"},
};

/* V6X: why not, for a new order and for one that has begun (V7's Problem). */
static bool v6x_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    struct wk_choice c[WK_COUNT(reject_table) + 1];
    struct wk_uuid id;
    char order[WK_UUID_TEXT];
    size_t n = 0;

    if (!node_order(call, turn, KEY_SHOPORDER, &id, NULL))
        return wk_turn_go(call, turn, "V6L", err);
    (void)wk_uuid_text(&id, order);
    for (; n < WK_COUNT(reject_table); n++)
        c[n] = (struct wk_choice){.action = reject_table[n].code, .arg = order, .title = reject_table[n].title,
                                  .description = "Cancels the order"};
    c[n++] = (struct wk_choice){.action = "keep", .arg = order, .title = "Keep the order"};
    return wk_turn_menu(call, turn, "What is wrong?", "Choose", c, n, err);
}

static enum wk_verdict v6x_choose(struct wk_call *call, struct wk_turn *turn, const char *action, const char *arg, bool is_current,
                                  struct wk_err *err)
{
    struct order_row row;
    struct wk_uuid id;
    bool found, moved;

    (void)is_current;
    if (!wk_uuid_parse(arg, &id))
        return WK_DECLINED;
    if (!shop_order(call, turn, &id, &row, &found, err))
        return WK_FAILED;
    if (!found)
        return WK_DECLINED;
    if (!strcmp(action, "keep"))
        return DONE(go_order(call, turn, KEY_SHOPORDER, &id, is_waiting(&row) ? "V6" : "V7", err));
    for (size_t i = 0; i < WK_COUNT(reject_table); i++)
        if (!strcmp(action, reject_table[i].code)) {
            if (!shop_move(call, turn, &row, "CANCELLED", reject_table[i].reason, &moved, err))
                return WK_FAILED;
            return moved ? DONE(sayf(call, turn, err, "Order #%u is cancelled. The customer is told.", row.o.number) &&
                                wk_turn_stay(call, turn, "V6L"))
                         : WK_HANDLED;
        }
    return WK_DECLINED;
}

static bool v7_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    struct order_row row;
    struct wk_uuid id;

    if (!node_order(call, turn, KEY_SHOPORDER, &id, NULL))
        return wk_turn_go(call, turn, "V6L", err);
    if (!store_order(call, &id, &row, err))
        return false;
    return is_waiting(&row) && !wk_turn_is_push(call, turn) ? wk_turn_go(call, turn, "V6", err) : show_state(call, turn, &row, err);
}

/* V8: pushed with the code when a driver has taken the job. "<order> <code>". */
static bool v8_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    struct wk_choice c[] = {{.action = "handed", .title = "Handed over", .node = "V7"}, {.action = "code", .title = "New code", .node = "V7"}};
    struct order_row row;
    struct wk_uuid id;
    char order[WK_UUID_TEXT];
    const char *code, *text;

    if (!node_order(call, turn, KEY_SHOPORDER, &id, &code) || !*code)
        return wk_turn_go(call, turn, "V7", err);
    if (!store_order(call, &id, &row, err))
        return false;
    c[0].arg = c[1].arg = wk_uuid_text(&id, order);
    text = wk_printf(call, "%s collects order #%u.\nPickup code: %.7s\nGive it with the goods.",
                     row.courier && *row.courier ? row.courier : "A driver", row.o.number, code);
    return text ? wk_turn_menu(call, turn, text, NULL, c, WK_COUNT(c), err) : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "V8");
}

static bool make_ready(struct wk_call *call, struct wk_turn *turn, struct order_row *row, bool *moved, struct wk_err *err)
{
    *moved = true; /* a shop that skips "start" has still prepared it: both moves, in order */
    if (row->state == ORDER_CONFIRMED && !shop_move(call, turn, row, "PREPARING", NULL, moved, err))
        return false;
    return !*moved || shop_move(call, turn, row, "READY_FOR_PICKUP", NULL, moved, err);
}

static bool collected(struct wk_call *call, struct wk_turn *turn, const struct order_row *row, struct wk_err *err)
{
    struct wk_payment payment = {.size = sizeof payment};

    if (row->o.is_cash) {
        if (!wk_payments_of_order(call, &row->o.id, &payment, err))
            return false;
        if (!strcmp(payment.status, "due"))
            return go_order(call, turn, KEY_SHOPORDER, &row->o.id, "V8C", err);
    }
    return go_order(call, turn, KEY_SHOPORDER, &row->o.id, "V8P", err);
}

static bool new_code(struct wk_call *call, struct wk_turn *turn, const struct order_row *row, struct wk_err *err)
{
    char code[CODE_SIZE];

    return code_make(call, &row->o.id, "pickup", code, err) &&
           sayf(call, turn, err, "New pickup code for order #%u: %s. The old one no longer works.", row->o.number, code);
}

static enum wk_verdict v7_choose(struct wk_call *call, struct wk_turn *turn, const char *action, const char *arg, bool is_current,
                                 struct wk_err *err)
{
    struct order_row row;
    struct wk_uuid id;
    bool found, moved = false;

    (void)is_current;
    if (!wk_uuid_parse(arg, &id))
        return WK_DECLINED;
    if (!shop_order(call, turn, &id, &row, &found, err))
        return WK_FAILED;
    if (!found)
        return WK_DECLINED;
    if (!strcmp(action, "problem") && !order_state_is_final(row.state))
        return DONE(go_order(call, turn, KEY_SHOPORDER, &id, "V6X", err));
    if (!strcmp(action, "collected") && row.state == ORDER_READY && !strcmp(row.o.fulfilment, "pickup"))
        return DONE(collected(call, turn, &row, err));
    if (!strcmp(action, "code") && row.state == ORDER_ASSIGNED)
        return DONE(new_code(call, turn, &row, err));
    if (!strcmp(action, "start")) {
        if (!shop_move(call, turn, &row, "PREPARING", NULL, &moved, err))
            return WK_FAILED;
    } else if (!strcmp(action, "ready")) {
        if (!make_ready(call, turn, &row, &moved, err))
            return WK_FAILED;
    } else if (!strcmp(action, "handed")) {
        if (!shop_move(call, turn, &row, "IN_TRANSIT", NULL, &moved, err))
            return WK_FAILED;
    } else { /* an old button of a state that has passed */
        return DONE(go_order(call, turn, KEY_SHOPORDER, &id, "V7", err));
    }
    return moved ? DONE(go_order(call, turn, KEY_SHOPORDER, &id, "V7", err)) : WK_HANDLED;
}

/* V7C: the customer of an order in the making asks to cancel. */
static bool v7c_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    struct wk_choice c[] = {{.action = "yes", .title = "Cancel order"}, {.action = "no", .title = "Keep going"}};
    struct order_row row;
    struct wk_uuid id;
    char order[WK_UUID_TEXT];
    const char *text;

    if (!node_order(call, turn, KEY_SHOPORDER, &id, NULL))
        return wk_turn_go(call, turn, "V6L", err);
    if (!store_order(call, &id, &row, err))
        return false;
    c[0].arg = c[1].arg = wk_uuid_text(&id, order);
    text = wk_printf(call, "The customer asks to cancel order #%u. Without an answer it goes on.", row.o.number);
    return text ? wk_turn_menu(call, turn, text, NULL, c, WK_COUNT(c), err) : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "V7C");
}

static enum wk_verdict v7c_choose(struct wk_call *call, struct wk_turn *turn, const char *action, const char *arg, bool is_current,
                                  struct wk_err *err)
{
    struct order_row row;
    struct wk_uuid id;
    bool found, moved = false;

    (void)is_current;
    if (!wk_uuid_parse(arg, &id) || (strcmp(action, "yes") && strcmp(action, "no")))
        return WK_DECLINED;
    if (!shop_order(call, turn, &id, &row, &found, err))
        return WK_FAILED;
    if (!found)
        return WK_DECLINED;
    if (!timer_drop(call, &id, "answer", err))
        return WK_FAILED;
    if (!strcmp(action, "no"))
        return DONE(push_order(call, &row.o.customer, "T2", &id, NULL, err) && go_order(call, turn, KEY_SHOPORDER, &id, "V7", err));
    if (!shop_move(call, turn, &row, "CANCELLED", "cancelled at your wish", &moved, err))
        return WK_FAILED;
    return moved ? DONE(sayf(call, turn, err, "Order #%u is cancelled.", row.o.number)) : WK_HANDLED;
}

/* V8C: cash before the PIN, each in a turn of its own. */
static bool v8c_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    struct wk_choice c[] = {{.action = "yes", .title = "Yes"}, {.action = "no", .title = "Not yet"}};
    struct order_row row;
    struct wk_uuid id;
    char order[WK_UUID_TEXT];
    const char *text;

    if (!node_order(call, turn, KEY_SHOPORDER, &id, NULL))
        return wk_turn_go(call, turn, "V6L", err);
    if (!store_order(call, &id, &row, err))
        return false;
    c[0].arg = c[1].arg = wk_uuid_text(&id, order);
    text = wk_printf(call, "Order #%u: received %s?", row.o.number, amount(call, row.o.total));
    return text ? wk_turn_menu(call, turn, text, NULL, c, WK_COUNT(c), err) : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "V8C");
}

static enum wk_verdict v8c_choose(struct wk_call *call, struct wk_turn *turn, const char *action, const char *arg, bool is_current,
                                  struct wk_err *err)
{
    struct wk_payment payment = {.size = sizeof payment};
    struct order_row row;
    struct wk_uuid id;
    const char *key;
    bool found;

    (void)is_current;
    if (!wk_uuid_parse(arg, &id))
        return WK_DECLINED;
    if (!shop_order(call, turn, &id, &row, &found, err))
        return WK_FAILED;
    if (!found || strcmp(action, "yes") || row.state != ORDER_READY || strcmp(row.o.fulfilment, "pickup"))
        return found ? DONE(go_order(call, turn, KEY_SHOPORDER, &id, "V7", err)) : WK_DECLINED;
    key = wk_printf(call, "shop-%s", arg);
    if (!key || !wk_payments_collect(call, &id, wk_turn_user(call, turn), row.o.total, key, &payment, err))
        return WK_FAILED;
    return DONE(go_order(call, turn, KEY_SHOPORDER, &id, "V8P", err));
}

static bool v8p_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    return wk_turn_say(call, turn, "Enter the customer's 4-digit PIN.", err);
}

static enum wk_verdict v8p_hear(struct wk_call *call, struct wk_turn *turn, const struct wk_message *message, struct wk_err *err)
{
    struct order_row row;
    struct wk_uuid id;
    struct wk_err wrong = {0};
    char pin[CODE_SIZE];
    uint32_t left;
    bool found, moved;

    if (!message->text || !code_fold(message->text, pin) || strlen(pin) != 4 || strspn(pin, "0123456789") != 4 ||
        !node_order(call, turn, KEY_SHOPORDER, &id, NULL))
        return WK_DECLINED; /* words are no try */
    if (!shop_order(call, turn, &id, &row, &found, err))
        return WK_FAILED;
    if (!found)
        return WK_DECLINED;
    if (row.state != ORDER_READY)
        return DONE(wk_turn_go(call, turn, "V7", err));
    if (!code_check(call, &id, "delivery", pin, &left, &wrong))
        return DONE(wk_fail(err, wrong.cls, wrong.code, "%s", wrong.msg));
    if (left != CODE_RIGHT)
        return DONE(left ? sayf(call, turn, err, "That PIN is wrong. %u tries left.", left)
                         : wk_turn_say(call, turn, "Too many wrong PINs. The customer can get a new one under Track order.", err));
    if (!shop_move(call, turn, &row, "DELIVERED", NULL, &moved, err))
        return WK_FAILED;
    return moved ? DONE(sayf(call, turn, err, "Order #%u is handed over. Thank you!", row.o.number) && wk_turn_stay(call, turn, "V6L"))
                 : WK_HANDLED;
}

/* V6L: the shop's running orders. */
static bool v6l_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    struct wk_vendor shop = {.size = sizeof shop};
    struct wk_choice c[10];
    struct order_row *rows;
    struct wk_err why = {0};
    size_t n;

    if (!wk_catalog_vendor_of_user(call, wk_turn_user(call, turn), &shop, &why))
        return wk_err_is(&why, "catalog.no_vendor") ? wk_turn_say(call, turn, "You have no shop here yet.", err)
                                                    : wk_fail(err, why.cls, why.code, "%s", why.msg);
    if (!store_live_of_vendor(call, &shop.id, &rows, &n, err))
        return false;
    if (!n)
        return wk_turn_say(call, turn, "No open orders just now. I'll tell you when one comes in.", err);
    for (size_t i = 0; i < n; i++) {
        char id[WK_UUID_TEXT];

        c[i] = (struct wk_choice){.action = "open", .arg = wk_strdup(call, wk_uuid_text(&rows[i].o.id, id)),
                                  .title = wk_printf(call, "#%u – %s", rows[i].o.number, amount(call, rows[i].o.total)),
                                  .description = order_state_words(rows[i].state, !strcmp(rows[i].o.fulfilment, "pickup"))};
        if (!c[i].arg || !c[i].title)
            return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "V6L");
    }
    return wk_turn_menu(call, turn, "Your open orders", "Choose", c, n, err);
}

static enum wk_verdict v6l_choose(struct wk_call *call, struct wk_turn *turn, const char *action, const char *arg, bool is_current,
                                  struct wk_err *err)
{
    struct order_row row;
    struct wk_uuid id;
    bool found;

    (void)is_current;
    if (!strcmp(action, "show"))
        return DONE(wk_turn_go(call, turn, "V6L", err));
    if (strcmp(action, "open") || !wk_uuid_parse(arg, &id))
        return WK_DECLINED;
    if (!shop_order(call, turn, &id, &row, &found, err))
        return WK_FAILED;
    return found ? DONE(go_order(call, turn, KEY_SHOPORDER, &id, "V7", err)) : WK_DECLINED;
}

const struct wk_node nodes_shop[] = {
    {.name = "V6", .state = WK_VENDOR_FLOW, .is_busy = true, .show = v6_show, .choose = v6_choose},
    {.name = "V6R", .state = WK_VENDOR_FLOW, .is_busy = true, .show = v6r_show, .choose = v6r_choose},
    {.name = "V6X", .state = WK_VENDOR_FLOW, .is_busy = true, .show = v6x_show, .choose = v6x_choose},
    {.name = "V6L", .state = WK_VENDOR_FLOW, .show = v6l_show, .choose = v6l_choose},
    {.name = "V7", .state = WK_VENDOR_FLOW, .show = v7_show, .choose = v7_choose},
    {.name = "V7C", .state = WK_VENDOR_FLOW, .show = v7c_show, .choose = v7c_choose},
    {.name = "V8", .state = WK_VENDOR_FLOW, .show = v8_show, .choose = v7_choose},
    {.name = "V8C", .state = WK_VENDOR_FLOW, .is_busy = true, .show = v8c_show, .choose = v8c_choose},
    {.name = "V8P", .state = WK_VENDOR_FLOW, .expect = WK_EXPECT_PIN, .is_busy = true, .show = v8p_show, .hear = v8p_hear},
    {0},
};
