/* tab - pay at month's end: the shop writes it down, whoever hands the goods over confirms. Built out of tree, from the installed SDK alone. */
#include <wakala/plugin.h>
#include <wakala/service/payment_gateway.h>

static const struct wk_setting settings[] = {
    WK_SETTING_INT("max_amount", "100000", 1, 1000000000, WK_SCOPE_TENANT, "largest order on the tab, in minor units"),
    WK_SETTING_BOOL("closed", "false", WK_SCOPE_TENANT, "take nothing new on the tab"),
    {0},
};

static const struct wk_error_type errors[] = {
    WK_ERROR_BUSINESS("tab.amount", 422, "This is too much for the tab.", "Above the setting max_amount."),
    WK_ERROR_BUSINESS("tab.closed", 422, "Nothing new goes on the tab right now.", "The setting closed is true."),
    WK_ERROR_BUSINESS("tab.currency", 422, "The tab is kept in the shop's currency.", "Offer another way of paying."),
    WK_ERROR_BUSINESS("tab.no_refund", 422, "It is struck from the tab instead.", "Strike it from the tab."),
    WK_ERROR_BUSINESS("tab.no_webhook", 422, "A tab sends no messages.", "A webhook came for the tab: look at who sent it."),
    {0},
};

static bool validate(struct wk_call *call, const char *account, const char *currency, int64_t amount, struct wk_err *err)
{
    const struct wk_tenant *tenant = wk_tenant(call);

    (void)account;
    if (wk_setting_bool(call, "closed"))
        return wk_fail(err, WK_BUSINESS, "tab.closed", "nothing new goes on the tab");
    if (!tenant || strcmp(tenant->currency, currency))
        return wk_fail(err, WK_BUSINESS, "tab.currency", "the tab is kept in the shop's currency");
    if (amount <= 0 || amount > wk_setting_int(call, "max_amount"))
        return wk_fail(err, WK_BUSINESS, "tab.amount", "the tab takes 1 to %lld", (long long)wk_setting_int(call, "max_amount"));
    return true;
}

static enum wk_outcome start(struct wk_call *call, const struct wk_attempt *attempt, struct wk_started *started, struct wk_err *err)
{
    (void)call, (void)attempt, (void)err;
    started->next = WK_NEXT_NONE;
    return WK_PAY_OK;
}

static enum wk_outcome query(struct wk_call *call, const struct wk_attempt *attempt, struct wk_fact *fact, struct wk_err *err)
{
    (void)call, (void)err;
    *fact = (struct wk_fact){.size = sizeof *fact, .kind = WK_FACT_PENDING, .reference = attempt->reference,
                             .event_key = attempt->reference, .amount = -1, .currency = attempt->currency};
    return WK_PAY_OK;
}

static enum wk_outcome cancel(struct wk_call *call, const struct wk_attempt *attempt, struct wk_err *err)
{
    (void)call, (void)attempt, (void)err;
    return WK_PAY_OK;
}

static enum wk_outcome refund(struct wk_call *call, const struct wk_attempt *attempt, const char *refund_reference, int64_t amount,
                              struct wk_fact *fact, struct wk_err *err)
{
    (void)call, (void)attempt, (void)refund_reference, (void)amount, (void)fact;
    (void)wk_fail(err, WK_BUSINESS, "tab.no_refund", "strike it from the tab instead");
    return WK_PAY_REJECTED;
}

static bool facts(struct wk_call *call, const char *account, const char *body, size_t len, struct wk_fact **list, size_t *n,
                  struct wk_err *err)
{
    (void)call, (void)account, (void)body, (void)len;
    *list = NULL;
    *n = 0;
    return wk_fail(err, WK_BUSINESS, "tab.no_webhook", "a tab sends no webhooks");
}

static struct wk_payment_gateway service = {
    .head = {.size = sizeof service, .version = 1},
    .caps = WK_PAY_STAFF_CONFIRM | WK_PAY_OFFLINE,
    .title = "Pay at month's end",
    .validate = validate,
    .start = start,
    .query = query,
    .cancel = cancel,
    .refund = refund,
    .facts = facts,
};
static const struct wk_provide provides[] = {{WK_PAYMENT_GATEWAY, &service.head}, {0}};

WK_PLUGIN("tab", "1.0.0", .summary = "Pay at month's end", .settings = settings, .provides = provides, .errors = errors);
