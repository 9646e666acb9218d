/* nodes_track.c - T1 which order, T2 where it is, T3 one line per change, C18 cancelling. */
#include <wakala/setting.h>
#include "nodes.h"

/* Read the order if the asker is its customer; somebody else's order answers like no order at all. */
static bool own_order(struct wk_call *call, struct wk_turn *turn, const struct wk_uuid *id, struct order_row *row, bool *found,
                      struct wk_err *err)
{
    struct wk_err why = {0};

    *found = store_order(call, id, row, &why) && wk_uuid_equal(&row->o.customer, wk_turn_user(call, turn));
    if (!*found && why.cls && !wk_err_is(&why, "order.not_found"))
        return wk_fail(err, why.cls, why.code, "%s", why.msg);
    return true;
}

static bool t1_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    const struct wk_choice none[] = {{.action = "shop", .title = "Shop"}, {.action = "menu", .title = "Menu"}};
    struct wk_choice c[10];
    struct order_row *rows;
    size_t n;

    if (!store_live_of_customer(call, wk_turn_user(call, turn), &rows, &n, err))
        return false;
    if (!n)
        return wk_turn_menu(call, turn, "No open orders.", NULL, none, WK_COUNT(none), err);
    if (n == 1)
        return go_order(call, turn, KEY_TRACK, &rows[0].o.id, "T2", err);
    for (size_t i = 0; i < n; i++) {
        char id[WK_UUID_TEXT];

        c[i] = (struct wk_choice){.action = "open", .arg = wk_strdup(call, wk_uuid_text(&rows[i].o.id, id)),
                                  .title = wk_printf(call, "#%u – %s", rows[i].o.number, amount(call, rows[i].o.total)),
                                  .description = order_state_words(rows[i].state, !strcmp(rows[i].o.fulfilment, "pickup"))};
        if (!c[i].arg || !c[i].title)
            return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "T1");
    }
    return wk_turn_menu(call, turn, "Which order?", "Choose", c, n, err);
}

static enum wk_verdict t1_choose(struct wk_call *call, struct wk_turn *turn, const char *action, const char *arg, bool is_current,
                                 struct wk_err *err)
{
    struct wk_uuid id;

    (void)is_current;
    if (!strcmp(action, "shop"))
        return DONE(wk_turn_go(call, turn, "C0", err));
    if (!strcmp(action, "menu"))
        return DONE(wk_turn_go(call, turn, "G2", err));
    if (!strcmp(action, "show"))
        return DONE(wk_turn_go(call, turn, "T1", err));
    if (strcmp(action, "open") || !wk_uuid_parse(arg, &id))
        return WK_DECLINED;
    return DONE(go_order(call, turn, KEY_TRACK, &id, "T2", err));
}

/* "#1042": the order when the asker is party to it. */
static enum wk_verdict t1_hear(struct wk_call *call, struct wk_turn *turn, const struct wk_message *message, struct wk_err *err)
{
    struct order_row row;
    struct wk_err why = {0};
    const char *text = message->text;
    char *end;
    long long number;

    if (!text || *text++ != '#')
        return WK_DECLINED;
    number = strtoll(text, &end, 10);
    if (end == text || *end || number < 1 || number > UINT32_MAX)
        return WK_DECLINED;
    if (!store_order_of_number(call, number, &row, &why) && !wk_err_is(&why, "order.not_found"))
        return DONE(wk_fail(err, why.cls, why.code, "%s", why.msg));
    if (why.cls || !wk_uuid_equal(&row.o.customer, wk_turn_user(call, turn)))
        return DONE(sayf(call, turn, err, "I can't find order #%lld.", number));
    return DONE(go_order(call, turn, KEY_TRACK, &row.o.id, "T2", err));
}

static const char *when(const struct order_step *steps, size_t n, enum order_state state)
{
    const char *at = NULL;

    for (size_t i = 0; i < n; i++) /* the last time it got there: a job given back is ready twice */
        if (!strcmp(steps[i].status, order_state_name(state)))
            at = steps[i].at;
    return at;
}

/* ✓ done, ● now, ○ next. */
static const char *timeline(struct wk_call *call, const struct order_row *row, const struct order_step *steps, size_t n)
{
    static const struct {
        enum order_state state;
        const char *title;
        bool pickup, delivery;
    } stages[] = {
        {ORDER_CREATED, "Placed", true, true},    {ORDER_CONFIRMED, "Accepted", true, true},   {ORDER_PREPARING, "Being prepared", true, true},
        {ORDER_READY, "Ready", true, true},       {ORDER_ASSIGNED, "Driver found", false, true}, {ORDER_IN_TRANSIT, "On the way", false, true},
        {ORDER_DELIVERED, "Delivered", true, true},
    };
    bool is_pickup = !strcmp(row->o.fulfilment, "pickup"), is_over = row->state == ORDER_CANCELLED || row->state == ORDER_REFUNDED;
    enum order_state now = row->state == ORDER_PAYMENT_PENDING || row->state == ORDER_PAID ? ORDER_CREATED : row->state;
    char text[768];
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < WK_COUNT(stages); i++) {
        const char *at = when(steps, n, stages[i].state);
        bool is_done = at && (is_over || stages[i].state < now);
        int w;

        if (!(is_pickup ? stages[i].pickup : stages[i].delivery) || (is_over && !at))
            continue;
        w = snprintf(text + used, sizeof text - used, "%s %s%s%s\n", stages[i].state == now ? "●" : is_done ? "✓" : "○",
                     is_pickup && stages[i].state == ORDER_DELIVERED ? "Collected" : stages[i].title,
                     at && (is_done || stages[i].state == now) ? " " : "", at && (is_done || stages[i].state == now) ? at : "");
        used += w > 0 && (size_t)w < sizeof text - used ? (size_t)w : 0;
    }
    if (is_over)
        return wk_printf(call, "%s● %s%s%s\n", text, row->state == ORDER_CANCELLED ? "Cancelled" : "Refunded",
                         row->reason && *row->reason ? ": " : "", row->reason ? row->reason : "");
    return wk_strdup(call, text);
}

static bool can_ask_cancel(enum order_state s) { return s <= ORDER_PREPARING; }

static bool wants_pin(const struct order_row *row)
{
    return row->state == ORDER_IN_TRANSIT || (row->state == ORDER_READY && !strcmp(row->o.fulfilment, "pickup"));
}

static bool t2_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    struct wk_choice c[3];
    struct order_row row;
    struct order_step *steps;
    struct wk_uuid id;
    char text[WK_UUID_TEXT];
    const char *line, *body, *ready;
    size_t n, k = 0;

    if (!node_order(call, turn, KEY_TRACK, &id, NULL))
        return wk_turn_go(call, turn, "T1", err);
    if (!store_order_steps(call, &id, &row, &steps, &n, err))
        return false;
    if (!wk_uuid_equal(&row.o.customer, wk_turn_user(call, turn)))
        return wk_turn_say(call, turn, "I can't find that order.", err);
    (void)wk_uuid_text(&id, text);
    if (can_ask_cancel(row.state))
        c[k++] = (struct wk_choice){.action = "ask", .arg = text, .title = "Cancel order", .node = "C18"};
    else if (wants_pin(&row))
        c[k++] = (struct wk_choice){.action = "pin", .arg = text, .title = "New PIN", .node = "T2"};
    if (!order_state_is_final(row.state))
        c[k++] = (struct wk_choice){.action = "refresh", .arg = text, .title = "Refresh", .node = "T2"};
    c[k++] = (struct wk_choice){.action = "help", .arg = text, .title = "Help", .node = "T2"};
    line = timeline(call, &row, steps, n);
    ready = row.ready_at && row.state < ORDER_READY ? wk_printf(call, "Ready about %s\n", row.ready_at) : "";
    body = line && ready ? wk_printf(call, "Order #%u – %s\n%s%s%s%sTotal %s%s", row.o.number, row.vendor_name, line, ready,
                                     row.courier && *row.courier ? row.courier : "", row.courier && *row.courier ? "\n" : "",
                                     amount(call, row.o.total), !is_cod(&row) ? "" : ", cash")
                         : NULL;
    return body ? wk_turn_menu(call, turn, body, NULL, c, k, err) : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "T2");
}

/* At most one look a minute, unless something changed. */
static bool is_early(struct wk_call *call, struct wk_turn *turn, const struct order_row *row, struct wk_err *err, bool *early)
{
    const char *seen = wk_turn_get(call, turn, KEY_SEEN), *text;
    char id[WK_UUID_TEXT], own[WK_UUID_TEXT];
    long long version, at;
    int64_t now = wk_now(call);

    *early = seen && sscanf(seen, "%36s %lld %lld", id, &version, &at) == 3 && !strcmp(id, wk_uuid_text(&row->o.id, own)) &&
             version == row->version && now - at < INT64_C(60000000);
    if (*early)
        return true;
    text = wk_printf(call, "%s %lld %lld", wk_uuid_text(&row->o.id, own), (long long)row->version, (long long)now);
    return text ? wk_turn_set(call, turn, KEY_SEEN, text, err) : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "T2");
}

static bool help(struct wk_call *call, struct wk_turn *turn, const struct order_row *row, struct wk_err *err)
{
    struct wk_err none = {0};

    if (wk_turn_go(call, turn, "S1", &none))
        return true;
    if (none.cls == WK_TRANSIENT)
        return wk_fail(err, none.cls, none.code, "%s", none.msg);
    return sayf(call, turn, err, "Please tell the shop about order #%u, or reply MENU.", row->o.number); /* no support node here */
}

static enum wk_verdict t2_choose(struct wk_call *call, struct wk_turn *turn, const char *action, const char *arg, bool is_current,
                                 struct wk_err *err)
{
    struct order_row row;
    struct wk_uuid id;
    char pin[CODE_SIZE];
    bool found, early;

    (void)is_current; /* looking is always allowed; a PIN is checked against the order's state */
    if (!wk_uuid_parse(arg, &id))
        return strcmp(action, "show") ? WK_DECLINED : DONE(wk_turn_go(call, turn, "T1", err));
    if (!own_order(call, turn, &id, &row, &found, err))
        return WK_FAILED;
    if (!found)
        return DONE(wk_turn_say(call, turn, "I can't find that order.", err));
    if (!strcmp(action, "show"))
        return DONE(go_order(call, turn, KEY_TRACK, &id, "T2", err));
    if (!strcmp(action, "refresh")) {
        if (!is_early(call, turn, &row, err, &early))
            return WK_FAILED;
        return early ? DONE(sayf(call, turn, err, "No news in the last minute: order #%u is %s.", row.o.number,
                                 order_state_words(row.state, !strcmp(row.o.fulfilment, "pickup"))))
                     : DONE(go_order(call, turn, KEY_TRACK, &id, "T2", err));
    }
    if (!strcmp(action, "help"))
        return DONE(help(call, turn, &row, err));
    if (strcmp(action, "pin") || !wants_pin(&row))
        return WK_DECLINED;
    return DONE(code_make(call, &id, "delivery", pin, err) &&
                sayf(call, turn, err, "Your new PIN for order #%u is %s. The old one no longer works.", row.o.number, pin));
}

/* One line per change: the argument says what happened, the order says the rest. "<order> <STATE> [PIN]". */
static bool t3_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    struct wk_choice c[] = {{.action = "show", .title = "Track order", .node = "T2"}};
    struct order_row row;
    struct wk_uuid id;
    enum order_state state;
    const char *rest, *text = NULL, *courier;
    char name[24] = "", pin[CODE_SIZE] = "", arg[WK_UUID_TEXT];
    bool is_pickup;

    if (!node_order(call, turn, KEY_TRACK, &id, &rest))
        return wk_turn_go(call, turn, "T1", err);
    (void)sscanf(rest, "%23s %7s", name, pin);
    if (!order_state_parse(name, &state))
        return wk_turn_go(call, turn, "T2", err);
    if (!store_order(call, &id, &row, err))
        return false;
    is_pickup = !strcmp(row.o.fulfilment, "pickup");
    courier = row.courier && *row.courier ? row.courier : "A driver";
    c[0].arg = wk_uuid_text(&id, arg);
    switch (state) {
    case ORDER_PAID:
        text = wk_printf(call, "Payment received. %s has your order #%u.", row.vendor_name, row.o.number);
        break;
    case ORDER_CONFIRMED:
        text = wk_printf(call, "%s accepted your order #%u.", row.vendor_name, row.o.number);
        break;
    case ORDER_PREPARING:
        text = wk_printf(call, "%s is preparing your order #%u.", row.vendor_name, row.o.number);
        break;
    case ORDER_READY:
        text = is_pickup ? wk_printf(call, "Order #%u is ready to collect at %s. Your PIN is %s: say it when you have your goods.",
                                     row.o.number, row.vendor_name, pin)
                         : wk_printf(call, "Order #%u is ready. We are finding a driver.", row.o.number);
        break;
    case ORDER_ASSIGNED:
        text = wk_printf(call, "%s is picking up your order #%u.", courier, row.o.number);
        break;
    case ORDER_IN_TRANSIT:
        text = wk_printf(call, "%s is on the way with order #%u. Your PIN is %s: give it to the driver only when you have your goods.%s%s%s",
                         courier, row.o.number, pin, !is_cod(&row) ? "" : " Please have ",
                         !is_cod(&row) ? "" : amount(call, row.o.total),
                         !is_cod(&row) ? "" : " in cash ready.");
        break;
    case ORDER_DELIVERED:
        text = wk_printf(call, "Order #%u is %s. Thank you, and enjoy!", row.o.number, is_pickup ? "collected" : "delivered");
        break;
    case ORDER_CANCELLED:
        text = wk_printf(call, "Order #%u was cancelled%s%s.%s", row.o.number, row.reason && *row.reason ? ": " : "",
                         row.reason ? row.reason : "", strcmp(row.o.payment_status, "paid") ? "" : " Your money will be refunded.");
        break;
    default:
        text = wk_printf(call, "Order #%u is %s.", row.o.number, order_state_words(state, is_pickup));
    }
    if (!text)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "T3");
    return order_state_is_final(state) ? wk_turn_say(call, turn, text, err) : wk_turn_menu(call, turn, text, NULL, c, 1, err);
}

static const struct {
    const char *code, *title;
} why_table[] = {
    {"mind", "Changed my mind"}, {"slow", "Too slow"}, {"wrong", "Wrong item"}, {"price", "Price"}, {"other", "Other"},
};

static bool c18_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    struct wk_choice c[WK_COUNT(why_table)];
    struct wk_uuid id;
    char order[WK_UUID_TEXT];

    if (!node_order(call, turn, KEY_TRACK, &id, NULL))
        return wk_turn_go(call, turn, "T1", err);
    (void)wk_uuid_text(&id, order);
    for (size_t i = 0; i < WK_COUNT(c); i++) {
        c[i] = (struct wk_choice){.action = "why", .title = why_table[i].title};
        c[i].arg = wk_printf(call, "%s %s", order, why_table[i].code);
        if (!c[i].arg)
            return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "C18");
    }
    return wk_turn_menu(call, turn, "Why would you like to cancel?", "Choose", c, WK_COUNT(c), err);
}

static bool c18y_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    struct wk_choice c[] = {{.action = "yes", .title = "Yes, cancel", .node = "C18"}, {.action = "keep", .title = "Keep it", .node = "C18"}};
    struct wk_uuid id;
    char order[WK_UUID_TEXT];

    if (!node_order(call, turn, KEY_TRACK, &id, NULL))
        return wk_turn_go(call, turn, "T1", err);
    c[0].arg = c[1].arg = wk_uuid_text(&id, order);
    return wk_turn_menu(call, turn, "Cancel this order?", NULL, c, WK_COUNT(c), err);
}

static bool cancel(struct wk_call *call, struct wk_turn *turn, struct order_row *row, struct wk_err *err)
{
    const char *why = wk_turn_get(call, turn, KEY_WHY);
    struct wk_move move = {.size = sizeof move, .actor = WK_ACTOR_CUSTOMER, .order = row->o.id, .actor_id = wk_turn_user(call, turn),
                           .to = "CANCELLED", .reason = why && *why ? why : "customer"};
    bool was_paid = !strcmp(row->o.payment_status, "paid");
    char id[WK_UUID_TEXT];
    struct wk_err no = {0};

    if (row->state == ORDER_PREPARING)
        return push_shop(call, &row->o.vendor, "V7C", wk_uuid_text(&row->o.id, id), err) &&
               timer_set(call, &row->o.id, "answer", wk_now(call) + wk_setting_ms(call, "cancel_answer") * 1000, err) &&
               wk_turn_say(call, turn, "The shop already started. I'll ask them.", err);
    if (order_move(call, row, &move, &no))
        return sayf(call, turn, err, "Order #%u is cancelled.%s", row->o.number,
                    was_paid ? " Your money will be refunded, usually within 5 working days." : "") &&
               wk_turn_stay(call, turn, "T1");
    if (!wk_err_is(&no, "order.invalid_transition"))
        return wk_fail(err, no.cls, no.code, "%s", no.msg);
    return wk_turn_say(call, turn, "It is too late to cancel this order.", err) && go_order(call, turn, KEY_TRACK, &row->o.id, "T2", err);
}

static enum wk_verdict c18_choose(struct wk_call *call, struct wk_turn *turn, const char *action, const char *arg, bool is_current,
                                  struct wk_err *err)
{
    struct order_row row;
    struct wk_uuid id;
    char order[WK_UUID_TEXT] = "";
    bool found;

    (void)is_current; /* the order's state decides */
    if (strlen(arg) < 36)
        return WK_DECLINED;
    memcpy(order, arg, 36);
    if (!wk_uuid_parse(order, &id))
        return WK_DECLINED;
    if (!own_order(call, turn, &id, &row, &found, err))
        return WK_FAILED;
    if (!found)
        return DONE(wk_turn_say(call, turn, "I can't find that order.", err));
    if (!can_ask_cancel(row.state) || !strcmp(action, "keep"))
        return DONE((!strcmp(action, "keep") || wk_turn_say(call, turn, "It is too late to cancel this order.", err)) &&
                    go_order(call, turn, KEY_TRACK, &id, "T2", err));
    if (!strcmp(action, "ask"))
        return DONE(go_order(call, turn, KEY_TRACK, &id, "C18", err));
    if (!strcmp(action, "why")) {
        for (size_t i = 0; i < WK_COUNT(why_table); i++)
            if (arg[36] == ' ' && !strcmp(arg + 37, why_table[i].code))
                return DONE(wk_turn_set(call, turn, KEY_WHY, why_table[i].title, err) && go_order(call, turn, KEY_TRACK, &id, "C18Y", err));
        return WK_DECLINED;
    }
    return strcmp(action, "yes") ? WK_DECLINED : DONE(cancel(call, turn, &row, err));
}

/* CANCEL: the word, said anywhere. Which of the running orders, or only the step somebody is in? */
static bool cancel_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    struct wk_choice c[10];
    struct order_row *rows;
    size_t n, k = 0;

    if (!store_live_of_customer(call, wk_turn_user(call, turn), &rows, &n, err))
        return false;
    for (size_t i = 0; i < n && k < 8; i++) {
        char id[WK_UUID_TEXT];

        if (!can_ask_cancel(rows[i].state))
            continue;
        c[k] = (struct wk_choice){.action = "ask", .node = "C18", .arg = wk_strdup(call, wk_uuid_text(&rows[i].o.id, id)),
                                  .title = wk_printf(call, "Cancel order #%u", rows[i].o.number)};
        if (!c[k].arg || !c[k].title)
            return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "CANCEL");
        k++;
    }
    if (!k)
        return wk_turn_say(call, turn, "OK, I stopped that.", err) && wk_turn_go(call, turn, "G2", err);
    c[k] = (struct wk_choice){.action = "step", .title = "Just this step"};
    c[k + 1] = (struct wk_choice){.action = "nothing", .title = "Nothing"};
    return wk_turn_menu(call, turn, "What shall I cancel?", k > 1 ? "Choose" : NULL, c, k + 2, err);
}

static enum wk_verdict cancel_choose(struct wk_call *call, struct wk_turn *turn, const char *action, const char *arg, bool is_current,
                                     struct wk_err *err)
{
    (void)arg;
    (void)is_current;
    if (!strcmp(action, "step"))
        return DONE(wk_turn_say(call, turn, "OK, I stopped that.", err) && wk_turn_go(call, turn, "G2", err));
    return strcmp(action, "nothing") ? WK_DECLINED : DONE(wk_turn_go(call, turn, "BACK", err));
}

const struct wk_node nodes_track[] = {
    {.name = "CANCEL", .state = WK_ORDER_TRACKING, .show = cancel_show, .choose = cancel_choose},
    {.name = "T1", .state = WK_ORDER_TRACKING, .show = t1_show, .choose = t1_choose, .hear = t1_hear},
    {.name = "T2", .state = WK_ORDER_TRACKING, .show = t2_show, .choose = t2_choose, .hear = t1_hear},
    {.name = "T3", .state = WK_ORDER_TRACKING, .show = t3_show},
    {.name = "C18", .state = WK_ORDER_TRACKING, .show = c18_show, .choose = c18_choose},
    {.name = "C18Y", .state = WK_ORDER_TRACKING, .show = c18y_show, .choose = c18_choose},
    {0},
};
