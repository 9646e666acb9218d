#include "nodes.h"

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

const char *km(struct wk_call *call, int64_t metres)
{
    const char *text = wk_printf(call, "%lld.%lld km", (long long)metres / 1000, (long long)metres % 1000 / 100);

    return text ? text : "?";
}

const char *courier(struct wk_call *call, const struct wk_driver *d)
{
    bool has_plate = d->plate && *d->plate;
    const char *text = wk_printf(call, "%s, %s%s%s", d->name, d->vehicle, has_plate ? ", " : "", has_plate ? d->plate : "");

    return text ? text : d->name;
}

const char *cut(struct wk_call *call, const char *text, size_t max_chars)
{
    char *copy = wk_strdup(call, text ? text : "");
    size_t chars = 0;

    for (char *p = copy; p && *p; p++) {
        if (((unsigned char)*p & 0xC0) != 0x80 && chars++ == max_chars) {
            *p = '\0';
            break;
        }
        if ((unsigned char)*p < 0x20)
            *p = ' ';
    }
    return copy ? copy : "";
}

bool node_id(struct wk_call *call, struct wk_turn *turn, const char *key, struct wk_uuid *id, const char **rest)
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

bool go_id(struct wk_call *call, struct wk_turn *turn, const char *key, const struct wk_uuid *id, const char *node, struct wk_err *err)
{
    char text[WK_UUID_TEXT];

    return wk_turn_set(call, turn, key, wk_uuid_text(id, text), err) && wk_turn_go(call, turn, node, err);
}

bool push_id(struct wk_call *call, const struct wk_uuid *user, const char *node, const struct wk_uuid *id, const char *more,
             struct wk_err *err)
{
    char text[WK_UUID_TEXT];
    const char *arg = wk_printf(call, "%s%s%s", wk_uuid_text(id, text), more && *more ? " " : "", more ? more : "");

    return arg ? wk_flow_push(call, user, node, arg, err) : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "a push");
}

bool push_shop(struct wk_call *call, const struct wk_uuid *vendor, const char *node, const struct wk_uuid *id, const char *more,
               struct wk_err *err)
{
    struct wk_vendor shop = {.size = sizeof shop};
    struct wk_err why = {0};

    if (!wk_catalog_vendor(call, vendor, &shop, &why))
        return why.cls == WK_BUSINESS || wk_fail(err, why.cls, why.code, "%s", why.msg);
    return wk_uuid_is_nil(&shop.user) || push_id(call, &shop.user, node, id, more, err);
}
