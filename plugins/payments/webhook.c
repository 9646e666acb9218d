/* webhook.c - a gateway's webhook, stored and verified: its gateway says what it means, and that is settled. */
#include <wakala/json.h>
#include "service.h"

/* All of its facts in one transaction, or none. */
bool payments_on_webhook(struct wk_call *call, const struct wk_event *event, struct wk_err *err)
{
    const json_t *payload = wk_json_parse(call, event->payload, event->payload_len, err), *body = json_object_get(payload, "body");
    const char *gateway = wk_json_string(payload, "gateway", ""), *account = wk_json_string(payload, "account", "");
    struct wk_fact *facts = NULL;
    size_t n = 0;

    if (!payload)
        return false;
    if (!*gateway || !*account || !json_is_string(body))
        return wk_fail(err, WK_BUSINESS, "payment.webhook", "a stored webhook without gateway, account or body");
    if (!wk_gateway_facts(call, gateway, account, json_string_value(body), json_string_length(body), &facts, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!payments_settle(call, gateway, account, &facts[i], err))
            return false;
    return true;
}
