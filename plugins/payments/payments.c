/* payments - the core of money: one payment per order, attempts, facts, the ledger. Gateways only translate. */
#include <wakala/plugin.h>
#include "codes.h"
#include "account.h"
#include "service.h"

static const struct wk_setting settings[] = {
    {.key = "methods", .type = WK_TYPE_STRING, .scope = WK_SCOPE_TENANT, .fallback = "", .min = 0, .max = 200,
     .help = "gateways offered to buyers, in this order, separated by spaces; empty: all enabled ones"},
    {.key = "accounts", .type = WK_TYPE_STRING, .scope = WK_SCOPE_TENANT, .fallback = "", .min = 0, .max = 1000,
     .help = "account that new payments of a gateway use: gateway=account, separated by spaces; one that is not named: default"},
    WK_SETTING_BOOL("test_account", "false", WK_SCOPE_TENANT, "accept a gateway's test money (never on a live shop)"),
    {0},
};

static const struct wk_event_type events[] = {
    {.name = "payment.status_changed", .priority = WK_HIGH, .version = 1, .key = "order id", .schema = "payment.status_changed.json",
     .summary = "A payment changed its state"},
    {.name = "payment.refund_due", .priority = WK_NORMAL, .version = 1, .key = "order id", .schema = "payment.refund_due.json",
     .summary = "Money has come in that must go back"},
    {.name = WK_PAYMENT_WEBHOOK, .priority = WK_HIGH, .version = 1, .key = "reference, or the gateway's id of the webhook",
     .schema = "payment.webhook.json", .summary = "A gateway's webhook was verified and stored"},
    {0},
};

static const struct wk_sub subscriptions[] = {
    {.name = "webhook", .pattern = WK_PAYMENT_WEBHOOK, .from = WK_FROM_START, .run = payments_on_webhook},
    {0},
};

static struct wk_payments service = {
    .head = {.size = sizeof service, .version = 1},
    .methods = payments_methods,
    .prepare = payments_prepare,
    .start = payments_start,
    .settle = payments_settle,
    .collect = payments_collect,
    .of_order = payments_of_order,
    .cancel = payments_cancel,
};
static const struct wk_provide provides[] = {{WK_PAYMENTS, &service.head}, {0}};

static bool payments_open(struct wk_plugin *plugin, struct wk_err *err)
{
    return accounts_check(wk_plugin_setting_string(plugin, "accounts"), err);
}

WK_PLUGIN("payments", "1.0.0", .summary = "Payments, attempts, facts and the ledger", .settings = settings, .events = events,
          .subscriptions = subscriptions, .needs = "payment_gateway/1?", .provides = provides, .errors = codes, .open = payments_open);
