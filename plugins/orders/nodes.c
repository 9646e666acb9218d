#include "nodes.h"
#include <wakala/setting.h>

bool sayf(struct wk_call *call, struct wk_turn *turn, struct wk_err *err, const char *fmt, ...)
{
    char text[4096];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return wk_turn_say(call, turn, text, err);
}

const char *amount(struct wk_call *call, int64_t minor)
{
    const struct wk_tenant *t = wk_tenant(call);
    const char *text = wk_money_text(call, minor, t ? t->currency_exponent : 2);

    return text ? text : "?";
}

bool node_order(struct wk_call *call, struct wk_turn *turn, const char *key, struct wk_uuid *id, const char **rest)
{
    const char *text = wk_turn_get(call, turn, wk_turn_is_push(call, turn) ? "arg" : key);
    char head[WK_UUID_TEXT];

    if (rest)
        *rest = "";
    if (!text || strlen(text) < sizeof head - 1)
        return false;
    memcpy(head, text, sizeof head - 1);
    head[sizeof head - 1] = '\0';
    if (rest && text[sizeof head - 1] == ' ')
        *rest = text + sizeof head;
    return wk_uuid_parse(head, id);
}

bool go_order(struct wk_call *call, struct wk_turn *turn, const char *key, const struct wk_uuid *id, const char *node, struct wk_err *err)
{
    char text[WK_UUID_TEXT];

    return wk_turn_set(call, turn, key, wk_uuid_text(id, text), err) && wk_turn_go(call, turn, node, err);
}

bool cart_load(struct wk_call *call, struct wk_turn *turn, struct cart *cart)
{
    return cart_read(cart, wk_turn_get(call, turn, KEY_CART), wk_turn_get(call, turn, KEY_LINES)) && cart->n > 0;
}

bool cart_store(struct wk_call *call, struct wk_turn *turn, const struct cart *cart, struct wk_err *err)
{
    char head[CART_TEXT], lines[CART_TEXT];

    if (!cart->n)
        return cart_drop(call, turn, err);
    cart_write(cart, head, lines);
    return wk_turn_set(call, turn, KEY_CART, head, err) && wk_turn_set(call, turn, KEY_LINES, lines, err);
}

bool cart_drop(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    static const char *const keys[] = {KEY_CART, KEY_LINES, KEY_PICK, KEY_EDIT, KEY_HOW, KEY_SHOP, KEY_WHERE, KEY_MARK, KEY_QUOTE,
                                       KEY_PAY, KEY_NUMBER, KEY_CHANGED};

    for (size_t i = 0; i < WK_COUNT(keys); i++)
        if (wk_turn_get(call, turn, keys[i]) && !wk_turn_set(call, turn, keys[i], NULL, err))
            return false;
    return true;
}

const char *cart_text(struct wk_call *call, const struct cart *cart, int64_t *subtotal)
{
    char text[CART_LINES * 200]; /* a line: its number, quantity, a name of CART_NAME bytes, an amount */
    size_t used = 0;

    text[0] = '\0';
    *subtotal = 0;
    for (size_t i = 0; i < cart->n; i++) {
        const struct cart_line *l = &cart->lines[i];
        int64_t sum = l->price * l->quantity; /* both bounded when they were read */
        char name[CART_NAME + 1];
        int w;

        text_cut(name, sizeof name, l->name, 32);
        *subtotal += sum;
        w = snprintf(text + used, sizeof text - used, "%s%zu) %lld × %s – %s", i ? "\n" : "", i + 1, (long long)l->quantity, name,
                     amount(call, sum));
        if (w < 0 || (size_t)w >= sizeof text - used)
            return NULL; /* a line never shows half */
        used += (size_t)w;
    }
    return wk_strdup(call, text);
}

struct quote_rules quote_rules(struct wk_call *call)
{
    return (struct quote_rules){
        .fee_base = wk_setting_int(call, "fee_base"),
        .fee_per_km = wk_setting_int(call, "fee_per_km"),
        .fee_included_m = wk_setting_int(call, "fee_included_m"),
        .fee_free_from = wk_setting_int(call, "fee_free_from"),
        .tax_ppm = wk_setting_int(call, "tax_ppm"),
    };
}

bool push_order(struct wk_call *call, const struct wk_uuid *user, const char *node, const struct wk_uuid *order, const char *more,
                struct wk_err *err)
{
    char id[WK_UUID_TEXT];
    const char *arg = wk_printf(call, "%s%s%s", wk_uuid_text(order, id), more && *more ? " " : "", more ? more : "");

    return arg ? wk_flow_push(call, user, node, arg, err) : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "a push");
}

bool push_shop(struct wk_call *call, const struct wk_uuid *vendor, const char *node, const char *arg, struct wk_err *err)
{
    struct wk_vendor shop = {.size = sizeof shop};

    if (!wk_catalog_vendor(call, vendor, &shop, err))
        return false;
    if (wk_uuid_is_nil(&shop.user))
        return wk_fail(err, WK_BUSINESS, "order.shop_without_person", "nobody answers for this shop in chat");
    return wk_flow_push(call, &shop.user, node, arg, err);
}

bool timer_set(struct wk_call *call, const struct wk_uuid *order, const char *what, int64_t at_us, struct wk_err *err)
{
    char id[WK_UUID_TEXT];
    const char *json = wk_printf(call, "{\"order_id\":\"%s\",\"what\":\"%s\"}", wk_uuid_text(order, id), what);

    return json ? wk_schedule(call, id, what, at_us, "orders.timer", json, strlen(json), err)
                : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "a timer");
}

bool timer_drop(struct wk_call *call, const struct wk_uuid *order, const char *what, struct wk_err *err)
{
    char id[WK_UUID_TEXT];

    return wk_unschedule(call, wk_uuid_text(order, id), what, err);
}
