/* abi-pay - built from the frozen headers of 1.0 and loaded by every later 1.x: a service that others call, and a caller of it. */
#include <wakala/plugin.h>
#include <wakala/service/payment_gateway.h>

static const struct wk_setting settings[] = {
    WK_SETTING_INT("max_amount", "1000", 1, 1000000000, WK_SCOPE_TENANT, "largest amount, in minor units"),
    {0},
};

static bool validate(struct wk_call *call, const char *account, const char *currency, int64_t amount, struct wk_err *err)
{
    (void)account;
    if (strcmp(wk_tenant(call)->currency, currency) || amount <= 0 || amount > wk_setting_int(call, "max_amount"))
        return wk_fail(err, WK_BUSINESS, "abi-pay.amount", "1 to %lld", (long long)wk_setting_int(call, "max_amount"));
    return true;
}

static enum wk_outcome start(struct wk_call *call, const struct wk_attempt *attempt, struct wk_started *started, struct wk_err *err)
{
    (void)err;
    started->next = WK_NEXT_INSTRUCT;
    started->text = wk_printf(call, "pay %lld as %s", (long long)attempt->amount, attempt->reference);
    return WK_PAY_OK;
}

static enum wk_outcome query(struct wk_call *call, const struct wk_attempt *attempt, struct wk_fact *fact, struct wk_err *err)
{
    (void)call, (void)err;
    *fact = (struct wk_fact){.size = sizeof *fact, .kind = WK_FACT_PAID, .reference = attempt->reference, .event_key = attempt->reference,
                             .amount = attempt->amount, .currency = attempt->currency};
    return WK_PAY_OK;
}

static struct wk_payment_gateway service = {
    .head = {.size = sizeof service, .version = 1},
    .caps = WK_PAY_OFFLINE | WK_PAY_POLL_BY_REF,
    .title = "ABI 1.0",
    .validate = validate,
    .start = start,
    .query = query,
};
static const struct wk_provide provides[] = {{WK_PAYMENT_GATEWAY, &service.head}, {0}};

/* GET /abi/pay/{amount}?tenant=UUID: the gateway as another plugin meets it: by name, through the wrappers. */
static bool pay(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const char *amount = wk_http_param(http, "amount"), *tenant = wk_http_query(http, "tenant"), *names[8], *text;
    struct wk_attempt attempt = {.size = sizeof attempt, .reference = "R1", .account = "default", .amount = strtoll(amount, NULL, 10)};
    struct wk_started started = {.size = sizeof started};
    struct wk_fact fact = {.size = sizeof fact};
    size_t n = wk_service_names(WK_PAYMENT_GATEWAY, names, WK_COUNT(names));
    struct wk_err missing = {0};
    struct wk_uuid id;

    if (!tenant || !wk_uuid_parse(tenant, &id) || !wk_enter_tenant(call, &id, err))
        return wk_fail(err, WK_BUSINESS, "abi-pay.tenant", "tenant: a UUID");
    attempt.currency = wk_tenant(call)->currency;
    if (!wk_gateway_validate(call, "abi-pay", attempt.account, attempt.currency, attempt.amount, err))
        return false;
    if (wk_gateway_start(call, "abi-pay", &attempt, &started, err) != WK_PAY_OK ||
        wk_gateway_query(call, "abi-pay", &attempt, &fact, err) != WK_PAY_OK)
        return false;
    /* Not provided: the wrapper says so instead of calling into nothing. */
    if (wk_gateway_cancel(call, "abi-pay", &attempt, &missing) != WK_PAY_NOT_SENT || !wk_err_is(&missing, "service.too_old"))
        return wk_fail(err, WK_SYSTEM, "abi-pay.cancelled", "a function that is not there was called");
    text = wk_printf(call, "%zu %s; %s; %d %lld\n", n, n ? names[0] : "", started.text, (int)fact.kind, (long long)fact.amount);
    return wk_http_reply(http, 200, "text/plain", text, strlen(text), err);
}
static const struct wk_route routes[] = {{.method = WK_GET, .path = "/abi/pay/{amount}", .permission = WK_PUBLIC, .run = pay}, {0}};

WK_PLUGIN("abi-pay", "1.0.0", .summary = "ABI 1.0: a gateway", .settings = settings, .routes = routes, .provides = provides);
