/* till - a gateway that tells by itself: the buyer opens a link, the till posts what came of it. Built out of tree, from the installed SDK alone.
 * Its webhook is JSON, signed like Paystack's: x-till-signature is HMAC-SHA512 over the raw bytes, in hex, with the account's secret key. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <wakala/json.h>
#include <wakala/plugin.h>
#include <wakala/service/payment_gateway.h>

enum { DIGEST = 64, SECRET_MAX = 256 };

static const struct wk_setting settings[] = {
    WK_SETTING_SECRET("secret_key", WK_SCOPE_TENANT, "signs the till's webhooks; a tenant has its own"),
    {0},
};

/* --- webhooks, on the loop --- */

static bool read_hex(const char *text, size_t len, unsigned char out[DIGEST])
{
    if (!text || len != 2 * DIGEST)
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        int v = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;

        if (v < 0)
            return false;
        out[i / 2] = (unsigned char)(i % 2 ? out[i / 2] | v : v << 4);
    }
    return true;
}

static enum wk_authentic verify(const struct wk_webhook *hook, struct wk_err *err)
{
    unsigned char said[DIGEST], is[DIGEST];
    char secret[SECRET_MAX];
    unsigned n = 0;
    size_t len = 0;
    const char *header = hook->header(hook, "x-till-signature", &len);
    bool ok;

    if (!read_hex(header, len, said)) {
        (void)wk_fail(err, WK_SECURITY, "till.no_signature", "x-till-signature is missing or not 128 hex digits");
        return WK_FORGED;
    }
    if (!wk_webhook_secret(hook, "till", hook->app, "secret_key", secret, sizeof secret, err))
        return WK_FORGED;
    ok = HMAC(EVP_sha512(), secret, (int)strlen(secret), (const unsigned char *)hook->body, hook->body_len, is, &n) && n == DIGEST &&
         !CRYPTO_memcmp(said, is, DIGEST);
    OPENSSL_cleanse(secret, sizeof secret);
    if (!ok)
        (void)wk_fail(err, WK_SECURITY, "till.bad_signature", "the signature is not of this body and account");
    return ok ? WK_AUTHENTIC : WK_FORGED;
}

static struct wk_span text_of(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);

    return (struct wk_span){json_is_string(v) ? json_string_value(v) : "", json_is_string(v) ? json_string_length(v) : 0};
}

static bool split(const struct wk_webhook *hook, struct wk_split *to, struct wk_err *err)
{
    json_t *told = json_loadb(hook->body, hook->body_len, JSON_REJECT_DUPLICATES, NULL);
    struct wk_span id = text_of(told, "id");
    bool ok = id.len ? wk_gateway_keep(hook, to, "till", id, text_of(told, "reference"), 0)
                     : wk_fail(err, WK_BUSINESS, "till.envelope", "a webhook without an id");

    json_decref(told);
    return ok;
}

static const struct wk_inbox inboxes[] = {
    {.path = "/webhooks/payments/till/{account}", .channel = "till", .body_max = 64 * 1024, .verify = verify, .split = split},
    {0},
};

/* --- the gateway --- */

static bool validate(struct wk_call *call, const char *account, const char *currency, int64_t amount, struct wk_err *err)
{
    const struct wk_tenant *tenant = wk_tenant(call);

    (void)account;
    return (tenant && !strcmp(tenant->currency, currency) && amount > 0) ||
           wk_fail(err, WK_BUSINESS, "till.amount", "the till takes the shop's currency");
}

static enum wk_outcome start(struct wk_call *call, const struct wk_attempt *attempt, struct wk_started *started, struct wk_err *err)
{
    started->next = WK_NEXT_REDIRECT;
    started->url = wk_printf(call, "https://till.example/%s/%s", attempt->account, attempt->reference);
    if (started->url)
        return WK_PAY_OK;
    (void)wk_fail(err, WK_TRANSIENT, "call.memory_limit", "a link");
    return WK_PAY_NOT_SENT;
}

static enum wk_outcome query(struct wk_call *call, const struct wk_attempt *attempt, struct wk_fact *fact, struct wk_err *err)
{
    (void)call, (void)err;
    *fact = (struct wk_fact){.size = sizeof *fact, .kind = WK_FACT_PENDING, .reference = attempt->reference,
                             .event_key = attempt->reference, .amount = -1, .currency = attempt->currency};
    return WK_PAY_OK;
}

static bool facts(struct wk_call *call, const char *account, const char *body, size_t len, struct wk_fact **list, size_t *n,
                  struct wk_err *err)
{
    const json_t *told = wk_json_parse(call, body, len, err);
    struct wk_fact *fact = told ? wk_alloc(call, sizeof *fact) : NULL;
    const char *event = wk_json_string(told, "event", "");

    (void)account;
    if (!told)
        return false;
    if (!fact)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "a fact");
    *list = fact;
    *n = 1;
    *fact = (struct wk_fact){.size = sizeof *fact, .kind = !strcmp(event, "paid") ? WK_FACT_PAID : WK_FACT_FAILED,
                             .reference = wk_json_string(told, "reference", NULL), .event_key = wk_json_string(told, "id", NULL),
                             .amount = wk_json_int(told, "amount", -1), .currency = wk_json_string(told, "currency", NULL)};
    if (strcmp(event, "paid") != 0 && strcmp(event, "failed") != 0)
        *n = 0; /* nothing about money */
    return true;
}

static struct wk_payment_gateway service = {
    .head = {.size = sizeof service, .version = 1},
    .caps = WK_PAY_REDIRECT | WK_PAY_WEBHOOK | WK_PAY_FAIL_NOTIFIED,
    .title = "Pay at the till",
    .validate = validate,
    .start = start,
    .query = query,
    .facts = facts,
};
static const struct wk_provide provides[] = {{WK_PAYMENT_GATEWAY, &service.head}, {0}};

/* --- beside the money: who came to the shop's street --- */

static bool on_tenant(struct wk_call *call, const struct wk_event *event, struct wk_err *err)
{
    (void)err;
    wk_log(call, WK_INFO, "till is ready for %s (%s v%u)", wk_tenant(call)->name, event->key, event->version);
    return true;
}
static const struct wk_sub subscriptions[] = {{.name = "welcome", .pattern = "tenant.created", .from = WK_FROM_START, .run = on_tenant}, {0}};

static const struct wk_error_type errors[] = {
    WK_ERROR_BUSINESS("till.amount", 422, "The till takes the shop's own currency only.", "Offer another way of paying for this currency."),
    WK_ERROR_SECURITY("till.bad_signature", 401, "A webhook's signature is not of its body and account: is the account's secret the current one?"),
    WK_ERROR_BUSINESS("till.envelope", 422, "This is no webhook of a till.", "It has no id: kept in quarantine."),
    WK_ERROR_SECURITY("till.no_signature", 401, "A webhook came without x-till-signature: not from the till, or a proxy drops the header."),
    {0},
};

WK_PLUGIN("till", "1.0.0", .summary = "Pay at the till", .settings = settings, .provides = provides, .inboxes = inboxes, .errors = errors,
          .subscriptions = subscriptions);
