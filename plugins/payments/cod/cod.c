/* cod - cash on delivery: nothing leaves the house, somebody's hand confirms. */
#include <wakala/plugin.h>
#include <wakala/service/payment_gateway.h>
#include "codes.h"

static const struct wk_setting settings[] = {
    WK_SETTING_INT("min_amount", "0", 0, 1000000000, WK_SCOPE_TENANT, "smallest order paid in cash, in minor units"),
    WK_SETTING_INT("max_amount", "200000", 1, 1000000000, WK_SCOPE_TENANT, "largest order paid in cash, in minor units"),
    {0},
};

static bool validate(struct wk_call *call, const char *account, const char *currency, int64_t amount, struct wk_err *err)
{
    const struct wk_tenant *tenant = wk_tenant(call);

    (void)account;
    if (!tenant || strcmp(tenant->currency, currency))
        return wk_fail(err, WK_BUSINESS, "cod.currency", "cash is taken in the tenant's currency, not in %s", currency);
    if (amount <= 0 || amount < wk_setting_int(call, "min_amount"))
        return wk_fail(err, WK_BUSINESS, "cod.too_little", "too little for cash on delivery");
    if (amount > wk_setting_int(call, "max_amount"))
        return wk_fail(err, WK_BUSINESS, "cod.too_much", "too much for cash on delivery");
    return true;
}

static enum wk_outcome start(struct wk_call *call, const struct wk_attempt *attempt, struct wk_started *started, struct wk_err *err)
{
    (void)call;
    (void)attempt;
    (void)err;
    started->next = WK_NEXT_NONE;
    return WK_PAY_OK;
}

static enum wk_outcome query(struct wk_call *call, const struct wk_attempt *attempt, struct wk_fact *fact, struct wk_err *err)
{
    (void)call;
    (void)err;
    fact->kind = WK_FACT_PENDING; /* only the hand that takes the cash knows more */
    fact->reference = attempt->reference;
    fact->event_key = attempt->reference;
    fact->amount = -1;
    fact->currency = attempt->currency;
    return WK_PAY_OK;
}

static enum wk_outcome cancel(struct wk_call *call, const struct wk_attempt *attempt, struct wk_err *err)
{
    (void)call;
    (void)attempt;
    (void)err;
    return WK_PAY_OK;
}

static enum wk_outcome refund(struct wk_call *call, const struct wk_attempt *attempt, const char *refund_reference, int64_t amount,
                              struct wk_fact *fact, struct wk_err *err)
{
    (void)call;
    (void)attempt;
    (void)refund_reference;
    (void)amount;
    (void)fact;
    (void)wk_fail(err, WK_BUSINESS, "cod.no_refund", "cash goes back from hand to hand, or through another way of paying");
    return WK_PAY_REJECTED;
}

static bool facts(struct wk_call *call, const char *account, const char *body, size_t len, struct wk_fact **list, size_t *n,
                  struct wk_err *err)
{
    (void)call;
    (void)account;
    (void)body;
    (void)len;
    (void)list;
    *n = 0;
    return wk_fail(err, WK_BUSINESS, "cod.no_webhook", "cash sends no webhooks");
}

static struct wk_payment_gateway service = {
    .head = {.size = sizeof service, .version = 1},
    .caps = WK_PAY_STAFF_CONFIRM | WK_PAY_OFFLINE,
    .title = "Cash on delivery",
    .validate = validate,
    .start = start,
    .query = query,
    .cancel = cancel,
    .refund = refund,
    .facts = facts,
};
static const struct wk_provide provides[] = {{WK_PAYMENT_GATEWAY, &service.head}, {0}};

WK_PLUGIN("cod", "1.0.0", .summary = "Cash on delivery", .settings = settings, .provides = provides, .errors = codes);
