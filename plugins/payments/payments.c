/* payments - the core of money: one payment per order, attempts, facts, the ledger. Gateways only translate. */
#include <wakala/plugin.h>
#include "service.h"

static const struct wk_setting settings[] = {
    {.key = "methods", .type = WK_TYPE_STRING, .scope = WK_SCOPE_TENANT, .fallback = "", .min = 0, .max = 200,
     .help = "gateways offered to buyers, in this order, separated by spaces; empty: all enabled ones"},
    WK_SETTING_BOOL("test_account", "false", WK_SCOPE_TENANT, "accept a gateway's test money (never on a live shop)"),
    {0},
};

static const struct wk_event_type events[] = {
    {.name = "payment.status_changed", .priority = WK_HIGH, .version = 1, .key = "order id", .schema = "payment.status_changed.json",
     .summary = "A payment changed its state"},
    {.name = "payment.refund_due", .priority = WK_NORMAL, .version = 1, .key = "order id", .schema = "payment.refund_due.json",
     .summary = "Money has come in that must go back"},
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

WK_PLUGIN("payments", "1.0.0", .summary = "Payments, attempts, facts and the ledger", .settings = settings, .events = events,
          .needs = "payment_gateway/1?", .provides = provides);
