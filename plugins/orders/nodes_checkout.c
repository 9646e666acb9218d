/* nodes_checkout.c - C10 how, C11 where, C12 landmark, C13 quote, C14 payment. The answers stay in the context until the order is placed. */
#include <strings.h>
#include <wakala/setting.h>
#include "nodes_checkout.h"

static bool remember(struct wk_call *call, struct wk_turn *turn, const char *key, const char *text, struct wk_err *err)
{
    return text ? wk_turn_set(call, turn, key, text, err) : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "%s", key);
}

bool checkout_shop(struct wk_call *call, struct wk_turn *turn, double *latitude, double *longitude, bool *is_open)
{
    const char *text = wk_turn_get(call, turn, KEY_SHOP);
    int open = 0;

    if (!text || sscanf(text, "%lf %lf %d", latitude, longitude, &open) != 3)
        return false;
    *is_open = open != 0;
    return true;
}

bool checkout_where(struct wk_call *call, struct wk_turn *turn, double *latitude, double *longitude, int64_t *road_m)
{
    const char *text = wk_turn_get(call, turn, KEY_WHERE);
    long long m;

    if (!text || sscanf(text, "%lf %lf %lld", latitude, longitude, &m) != 3 || !geo_is_valid(*latitude, *longitude) || m < 0)
        return false;
    *road_m = m;
    return true;
}

static bool c10_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    const struct wk_choice c[] = {
        {.action = "delivery", .title = "Delivery"}, {.action = "pickup", .title = "I'll collect"}, {.action = "back", .title = "Back"}};
    const struct wk_choice closed[] = {{.action = "back", .title = "Back"}};
    struct wk_vendor shop = {.size = sizeof shop};
    struct cart cart;

    if (!cart_load(call, turn, &cart))
        return wk_turn_go(call, turn, "C9", err);
    if (!wk_catalog_vendor(call, &cart.vendor, &shop, err))
        return false;
    if (!remember(call, turn, KEY_SHOP, wk_printf(call, "%.7f %.7f %d", shop.latitude, shop.longitude, shop.is_open), err))
        return false;
    if (!shop.is_open)
        return wk_turn_menu(call, turn, "The shop is closed just now. Your cart is kept.", NULL, closed, 1, err);
    return wk_turn_menu(call, turn, "Delivery or pickup?", NULL, c, WK_COUNT(c), err);
}

static enum wk_verdict c10_choose(struct wk_call *call, struct wk_turn *turn, const char *action, const char *arg, bool is_current,
                                  struct wk_err *err)
{
    bool is_delivery = !strcmp(action, "delivery");

    (void)arg;
    (void)is_current; /* nothing is final before C15 */
    if (!strcmp(action, "back"))
        return DONE(wk_turn_go(call, turn, "C9", err));
    if (!is_delivery && strcmp(action, "pickup"))
        return WK_DECLINED;
    if (!wk_turn_set(call, turn, KEY_HOW, action, err) || !wk_turn_set(call, turn, KEY_QUOTE, NULL, err))
        return WK_FAILED;
    return DONE(wk_turn_go(call, turn, is_delivery ? "C11" : "C13", err));
}

static bool c11_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    return wk_turn_ask_location(call, turn, "Tap to send your location pin.", err);
}

static bool too_far(struct wk_call *call, struct wk_turn *turn, int64_t road_m, struct wk_err *err)
{
    const struct wk_choice c[] = {{.action = "collect", .title = "Collect instead"}, {.action = "again", .title = "Other address"},
                                  {.action = "menu", .title = "Menu"}};
    const char *text = wk_printf(call, "That is %lld.%lld km away; this shop delivers up to %lld km.", (long long)road_m / 1000,
                                 (long long)road_m % 1000 / 100, (long long)wk_setting_int(call, "delivery_max_m") / 1000);

    return text ? wk_turn_menu(call, turn, text, NULL, c, WK_COUNT(c), err) : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "C11");
}

static enum wk_verdict c11_hear(struct wk_call *call, struct wk_turn *turn, const struct wk_message *message, struct wk_err *err)
{
    double lat, lon;
    int64_t road;
    bool is_open;

    if (message->type != WK_MSG_LOCATION) {
        if (message->type != WK_MSG_TEXT)
            return WK_DECLINED;
        return DONE(wk_turn_say(call, turn,
                                "I can't read addresses yet, I need a pin.\n1. Tap the button below (or 📎 and Location).\n"
                                "2. Choose Send your current location.", err) &&
                    wk_turn_go(call, turn, "C11", err));
    }
    if (!geo_is_valid(message->latitude, message->longitude))
        return DONE(wk_turn_say(call, turn, "That pin has no place in it. Please try once more.", err) && wk_turn_go(call, turn, "C11", err));
    if (!checkout_shop(call, turn, &lat, &lon, &is_open))
        return DONE(wk_turn_go(call, turn, "C10", err));
    road = geo_road(geo_metres(lat, lon, message->latitude, message->longitude));
    if (road > wk_setting_int(call, "delivery_max_m"))
        return DONE(too_far(call, turn, road, err));
    return DONE(remember(call, turn, KEY_WHERE, wk_printf(call, "%.7f %.7f %lld", message->latitude, message->longitude, (long long)road), err) &&
                wk_turn_set(call, turn, KEY_QUOTE, NULL, err) && wk_turn_go(call, turn, "C12", err));
}

static enum wk_verdict c11_choose(struct wk_call *call, struct wk_turn *turn, const char *action, const char *arg, bool is_current,
                                  struct wk_err *err)
{
    (void)arg;
    (void)is_current;
    if (!strcmp(action, "collect"))
        return DONE(wk_turn_set(call, turn, KEY_HOW, "pickup", err) && wk_turn_set(call, turn, KEY_QUOTE, NULL, err) &&
                    wk_turn_go(call, turn, "C13", err));
    if (!strcmp(action, "again"))
        return DONE(wk_turn_go(call, turn, "C11", err));
    if (!strcmp(action, "menu"))
        return DONE(wk_turn_go(call, turn, "G2", err));
    return WK_DECLINED;
}

static bool c12_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    return wk_turn_say(call, turn, "Any landmark or house number? Reply SKIP if none.", err);
}

static enum wk_verdict c12_hear(struct wk_call *call, struct wk_turn *turn, const struct wk_message *message, struct wk_err *err)
{
    char cut[801], longer[805];

    if (!message->text || !*message->text)
        return WK_DECLINED;
    text_cut(cut, sizeof cut, message->text, 200);
    text_cut(longer, sizeof longer, message->text, 201);
    if (strcmp(cut, longer))
        return DONE(wk_turn_say(call, turn, "Please keep it under 200 characters.", err));
    return DONE(wk_turn_set(call, turn, KEY_MARK, strcasecmp(cut, "skip") ? cut : "", err) && wk_turn_go(call, turn, "C13", err));
}

bool checkout_quote(struct wk_call *call, struct wk_turn *turn, const struct cart *cart, struct quote_line *lines, struct quote *quote,
                    struct wk_err *err)
{
    struct quote_rules rules = quote_rules(call);
    const char *how = wk_turn_get(call, turn, KEY_HOW);
    double lat, lon;
    int64_t road = 0;
    bool is_delivery = !how || strcmp(how, "pickup") != 0;

    if (is_delivery && !checkout_where(call, turn, &lat, &lon, &road))
        return wk_fail(err, WK_BUSINESS, "order.no_place", "the cart has no address yet");
    for (size_t i = 0; i < cart->n; i++)
        lines[i] = (struct quote_line){.price = cart->lines[i].price, .quantity = cart->lines[i].quantity};
    return quote_make(&rules, lines, cart->n, is_delivery, road, quote) ||
           wk_fail(err, WK_BUSINESS, "order.amount_range", "the amount is out of range");
}

/* "<id> <expires> <fee> <total>": what the customer was told, and until when the fee holds. */
bool checkout_keep_quote(struct wk_call *call, struct wk_turn *turn, const struct quote *quote, struct wk_err *err)
{
    struct wk_uuid id = wk_new_id(call);
    char text[WK_UUID_TEXT];

    return remember(call, turn, KEY_QUOTE,
                    wk_printf(call, "%s %lld %lld %lld", wk_uuid_text(&id, text),
                              (long long)(wk_now(call) + wk_setting_ms(call, "quote_ttl") * 1000), (long long)quote->delivery_fee,
                              (long long)quote->total), err);
}

bool checkout_kept_quote(struct wk_call *call, struct wk_turn *turn, struct kept_quote *kept)
{
    const char *text = wk_turn_get(call, turn, KEY_QUOTE);
    long long expires, fee, total;

    if (!text || sscanf(text, "%*36s %lld %lld %lld", &expires, &fee, &total) != 3)
        return false;
    *kept = (struct kept_quote){expires, fee, total};
    return true;
}

static bool c13_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    struct quote_line lines[CART_LINES];
    struct quote q;
    struct cart cart;
    double lat, lon;
    int64_t road = 0, minutes = wk_setting_int(call, "prepare_minutes");
    const char *how = wk_turn_get(call, turn, KEY_HOW), *tax;
    struct wk_err why = {0};

    if (!cart_load(call, turn, &cart))
        return wk_turn_go(call, turn, "C9", err);
    if (!checkout_quote(call, turn, &cart, lines, &q, &why))
        return wk_err_is(&why, "order.no_place") ? wk_turn_go(call, turn, "C10", err)
                                                 : wk_fail(err, why.cls, why.code, "%s", why.msg);
    if (!checkout_keep_quote(call, turn, &q, err))
        return false;
    tax = q.tax ? wk_printf(call, " Tax %s.", amount(call, q.tax)) : "";
    if (how && !strcmp(how, "pickup"))
        return sayf(call, turn, err, "Items %s.%s Total %s. Ready to collect in about %lld min.", amount(call, q.subtotal), tax,
                    amount(call, q.total), (long long)minutes) &&
               wk_turn_go(call, turn, "C14", err);
    (void)checkout_where(call, turn, &lat, &lon, &road);
    minutes += (road + 332) / 333; /* 20 km/h through town */
    return sayf(call, turn, err, "Delivery %lld.%lld km: %s. Items %s.%s Total %s. Ready in about %lld min.", (long long)road / 1000,
                (long long)road % 1000 / 100, amount(call, q.delivery_fee), amount(call, q.subtotal), tax ? tax : "",
                amount(call, q.total), (long long)minutes) &&
           wk_turn_go(call, turn, "C14", err);
}

static bool c14_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    const struct wk_tenant *t = wk_tenant(call);
    const struct wk_choice none[] = {{.action = "back", .title = "Back to cart"}};
    struct wk_pay_method *methods;
    struct wk_choice c[10];
    struct kept_quote kept;
    size_t n;

    if (!checkout_kept_quote(call, turn, &kept))
        return wk_turn_go(call, turn, "C13", err);
    if (!wk_payments_methods(call, kept.total, t ? t->currency : "", &methods, &n, err))
        return false;
    if (!n)
        return wk_turn_menu(call, turn, "No way of paying can take this amount just now.", NULL, none, 1, err);
    if (n > WK_COUNT(c))
        n = WK_COUNT(c);
    for (size_t i = 0; i < n; i++)
        c[i] = (struct wk_choice){.action = "pay", .arg = methods[i].gateway, .title = methods[i].title};
    return wk_turn_menu(call, turn, "How would you like to pay?", n > 3 ? "Choose" : NULL, c, n, err);
}

bool checkout_method(struct wk_call *call, int64_t total, const char *gateway, struct wk_pay_method *method, bool *found, struct wk_err *err)
{
    const struct wk_tenant *t = wk_tenant(call);
    struct wk_pay_method *methods;
    size_t n;

    *found = false;
    if (!wk_payments_methods(call, total, t ? t->currency : "", &methods, &n, err))
        return false;
    for (size_t i = 0; i < n && !*found; i++)
        if (!strcmp(methods[i].gateway, gateway)) {
            *method = methods[i];
            *found = true;
        }
    return true;
}

static enum wk_verdict c14_choose(struct wk_call *call, struct wk_turn *turn, const char *action, const char *arg, bool is_current,
                                  struct wk_err *err)
{
    struct wk_pay_method method;
    struct kept_quote kept;
    bool found;

    (void)is_current;
    if (!strcmp(action, "back"))
        return DONE(wk_turn_go(call, turn, "C9", err));
    if (strcmp(action, "pay") || !checkout_kept_quote(call, turn, &kept))
        return WK_DECLINED;
    if (!checkout_method(call, kept.total, arg, &method, &found, err))
        return WK_FAILED;
    if (!found)
        return DONE(wk_turn_say(call, turn, "That way of paying is not available for this order.", err) &&
                    wk_turn_go(call, turn, "C14", err));
    return DONE(remember(call, turn, KEY_PAY, wk_printf(call, "%s %s", method.gateway, method.title), err) &&
                wk_turn_set(call, turn, KEY_CHANGED, NULL, err) && wk_turn_go(call, turn, "C15", err));
}

const struct wk_node nodes_checkout[] = {
    {.name = "C10", .state = WK_CUSTOMER_FLOW, .show = c10_show, .choose = c10_choose},
    {.name = "C11", .state = WK_CUSTOMER_FLOW, .expect = WK_EXPECT_LOCATION, .is_busy = true, .show = c11_show, .choose = c11_choose,
     .hear = c11_hear},
    {.name = "C12", .state = WK_CUSTOMER_FLOW, .expect = WK_EXPECT_TEXT, .is_busy = true, .show = c12_show, .hear = c12_hear},
    {.name = "C13", .state = WK_CUSTOMER_FLOW, .is_busy = true, .show = c13_show},
    {.name = "C14", .state = WK_CUSTOMER_FLOW, .is_busy = true, .show = c14_show, .choose = c14_choose},
    {0},
};
