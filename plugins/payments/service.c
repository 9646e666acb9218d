/* service.c - payments/1: methods, prepare, start, settle, collect, of_order, cancel. */
#include "service.h"
#include <wakala/json.h>
#include <wakala/metric.h>
#include <wakala/setting.h>
#include "account.h"
#include "store.h"

#define GATEWAYS_MAX 16

static const struct wk_payment_gateway *gateway_of(struct wk_call *call, const char *name)
{
    const struct wk_payment_gateway *g = wk_service(call, WK_PAYMENT_GATEWAY, name, NULL);

    return g && wk_service_has(&g->head, offsetof(struct wk_payment_gateway, title) + sizeof g->title) ? g : NULL;
}

/* Is `name` one of the space-separated words of `list`? Its place through *at. */
static bool listed(const char *list, const char *name, size_t *at)
{
    size_t len = strlen(name), n = 0;

    for (const char *p = list; *p; n++) {
        size_t word = strcspn(p, " ,");

        if (word == len && !strncmp(p, name, len)) {
            *at = n;
            return true;
        }
        p += word;
        p += strspn(p, " ,");
    }
    return false;
}

bool payments_methods(struct wk_call *call, int64_t amount, const char *currency, struct wk_pay_method **methods, size_t *n,
                      struct wk_err *err)
{
    const char *names[GATEWAYS_MAX], *order = wk_setting_string(call, "methods"), *accounts = wk_setting_string(call, "accounts");
    char account[ACCOUNT_SIZE];
    size_t total = wk_service_names(WK_PAYMENT_GATEWAY, names, GATEWAYS_MAX), places[GATEWAYS_MAX];
    struct wk_pay_method *out = wk_alloc(call, GATEWAYS_MAX * sizeof *out);

    *n = 0;
    if (!(*methods = out))
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "methods of payment");
    for (size_t i = 0; i < total && i < GATEWAYS_MAX; i++) {
        const struct wk_payment_gateway *g = gateway_of(call, names[i]);
        size_t at = i, k;

        if (!g || (*order && !listed(order, names[i], &at)) || !wk_gateway_validate(call, names[i], account_of(accounts, names[i], account), currency, amount, NULL))
            continue;
        for (k = *n; k > 0 && places[k - 1] > at; k--) { /* the tenant's order */
            out[k] = out[k - 1];
            places[k] = places[k - 1];
        }
        out[k] = (struct wk_pay_method){.gateway = wk_strdup(call, names[i]), .title = g->title ? g->title : names[i], .caps = g->caps};
        places[k] = at;
        if (!out[k].gateway)
            return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "methods of payment");
        (*n)++;
    }
    return true;
}

/* Hand out as much of the struct as the caller knows. */
static void give(struct wk_payment *to, const struct wk_payment *from)
{
    size_t size;

    if (!to)
        return;
    size = to->size && to->size < sizeof *from ? to->size : sizeof *from;
    memcpy(to, from, size);
    to->size = (uint32_t)size;
}

bool payments_prepare(struct wk_call *call, const struct wk_uuid *order, const char *gateway, int64_t amount, const char *currency,
                      struct wk_payment *payment, struct wk_err *err)
{
    const struct wk_payment_gateway *g = gateway_of(call, gateway);
    const struct wk_tenant *tenant = wk_tenant(call);
    struct payment_row row = {0};
    struct wk_err why = {0};
    char reference[REFERENCE_SIZE], account[ACCOUNT_SIZE];

    if (!g || !tenant)
        return wk_fail(err, WK_BUSINESS, "payment.gateway_unavailable", "no gateway %s", gateway);
    (void)account_of(wk_setting_string(call, "accounts"), gateway, account);
    if (!wk_gateway_validate(call, gateway, account, currency, amount, &why))
        return wk_fail(err, WK_BUSINESS, "payment.gateway_unavailable", "%s: %s", gateway, why.msg);
    /* Ids follow from the order's: nothing is read, nothing waits, and preparing twice is preparing once. */
    row.p = (struct wk_payment){.size = sizeof row.p, .exponent = tenant->currency_exponent, .id = id_derive(order, "payment"), .order = *order,
                                .gateway = wk_strdup(call, gateway), .status = g->caps & WK_PAY_STAFF_CONFIRM ? "due" : "pending",
                                .amount = amount, .currency = wk_strdup(call, currency)};
    row.p.attempt = id_derive(&row.p.id, "attempt 1");
    row.account = account;
    reference_make(&tenant->id, &row.p.id, 1, reference);
    row.p.reference = wk_strdup(call, reference);
    if (!row.p.gateway || !row.p.currency || !row.p.reference)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "a payment");
    if (!store_prepare(call, &row, err))
        return false;
    give(payment, &row.p);
    wk_count(call, "prepared", 1);
    return true;
}

static void frozen(const struct payment_row *row, struct wk_attempt *attempt)
{
    *attempt = (struct wk_attempt){.size = sizeof *attempt, .exponent = row->p.exponent, .id = row->p.attempt, .payment = row->p.id,
                                   .reference = row->p.reference, .account = row->account, .amount = row->p.amount,
                                   .currency = row->p.currency, .description = "Order", .gateway_id = row->gateway_id};
}

bool payments_start(struct wk_call *call, const struct wk_uuid *payment, struct wk_started *started, struct wk_err *err)
{
    struct wk_started said = {.size = sizeof said};
    struct wk_attempt attempt;
    struct payment_row row;
    struct wk_err why = {0};
    enum wk_outcome outcome;
    size_t size = started->size && started->size < sizeof said ? started->size : sizeof said;

    if (!store_payment(call, payment, &row, err))
        return false;
    if (strcmp(row.p.status, "due") && strcmp(row.p.status, "pending"))
        return wk_fail(err, WK_BUSINESS, "payment.not_open", "the payment is %s", row.p.status);
    if (!strcmp(row.attempt_status, "started")) { /* the same link again, never a second one */
        said.next = row.next;
        said.url = row.next == WK_NEXT_REDIRECT ? row.reply : NULL;
        said.text = row.next == WK_NEXT_REDIRECT ? NULL : row.reply;
        said.gateway_id = row.gateway_id;
    } else {
        frozen(&row, &attempt);
        outcome = wk_gateway_start(call, row.p.gateway, &attempt, &said, &why);
        if (outcome == WK_PAY_UNKNOWN && !store_started(call, &row.p.attempt, "unknown", said.gateway_id, NULL, WK_NEXT_WAIT, err))
            return false;
        if (outcome == WK_PAY_REJECTED && !store_started(call, &row.p.attempt, "rejected", said.gateway_id, NULL, WK_NEXT_NONE, err))
            return false;
        if (outcome == WK_PAY_UNKNOWN) { /* it may have arrived: wait for the answer, never ask a second time */
            said = (struct wk_started){.size = sizeof said, .next = WK_NEXT_WAIT, .text = "We are asking for your payment link."};
        } else if (outcome != WK_PAY_OK) {
            return wk_fail(err, outcome == WK_PAY_NOT_SENT ? WK_TRANSIENT : WK_BUSINESS,
                           outcome == WK_PAY_NOT_SENT ? "payment.not_sent" : "payment.rejected", "%s: %s", row.p.gateway, why.msg);
        } else if (!store_started(call, &row.p.attempt, "started", said.gateway_id, said.url ? said.url : said.text, said.next, err)) {
            return false;
        }
    }
    said.size = (uint32_t)size;
    memcpy(started, &said, size);
    return true;
}

static bool announce(struct wk_call *call, const struct wk_payment *p, const char *previous, const char *status, const char *why,
                     int64_t collected, int64_t refund_due, struct wk_err *err)
{
    char id[WK_UUID_TEXT], order[WK_UUID_TEXT];
    json_t *payload = json_pack("{s:s,s:s,s:s,s:s,s:{s:s,s:I,s:I,s:I,s:s,s:s}}", "payment_id", wk_uuid_text(&p->id, id), "order_id",
                                wk_uuid_text(&p->order, order), "previous_status", previous, "new_status", status, "metadata", "gateway",
                                p->gateway, "amount", (json_int_t)p->amount, "collected", (json_int_t)collected, "refund_due",
                                (json_int_t)refund_due, "currency", p->currency, "reason", why);

    if (!payload)
        return wk_fail(err, WK_SYSTEM, "payment.payload", "payment.status_changed cannot be written");
    return wk_publish_json(call, "payment.status_changed", order, payload, err); /* key: the order, so that its events stay in order */
}

/* Money that must go back: whoever refunds (a job, a person) hears of it once, with the change that made it due. */
static bool refund_due(struct wk_call *call, const struct wk_payment *p, int64_t amount, const char *why, struct wk_err *err)
{
    char id[WK_UUID_TEXT], order[WK_UUID_TEXT];
    json_t *payload;

    if (amount <= 0)
        return true;
    payload = json_pack("{s:s,s:s,s:s,s:I,s:s,s:s}", "payment_id", wk_uuid_text(&p->id, id), "order_id", wk_uuid_text(&p->order, order),
                        "gateway", p->gateway, "amount", (json_int_t)amount, "currency", p->currency, "reason", why);
    wk_count(call, "refunds_due", 1);
    return payload ? wk_publish_json(call, "payment.refund_due", order, payload, err)
                   : wk_fail(err, WK_SYSTEM, "payment.payload", "payment.refund_due cannot be written");
}

static const char *const verdict_names[] = {[SETTLE_IGNORE] = "ignored", [SETTLE_APPLY] = "applied", [SETTLE_MISMATCH] = "mismatch"};

bool payments_settle(struct wk_call *call, const char *gateway, const char *account, const struct wk_fact *fact, struct wk_err *err)
{
    const struct wk_tenant *tenant = wk_tenant(call);
    struct payment_row row;
    struct settle what;
    struct wk_uuid entry = wk_new_id(call);
    bool found, fresh;

    if (!fact->event_key || !*fact->event_key || strlen(fact->event_key) > 200)
        return wk_fail(err, WK_SYSTEM, "payment.no_event_key", "%s gave a fact without a key", gateway);
    if (!tenant)
        return wk_fail(err, WK_SYSTEM, "payment.no_tenant", "a fact of %s settled by a call without a tenant", gateway);
    if (!store_lock(call, gateway, account, fact, &row, &found, err))
        return false;
    if (!found && fact->reference && reference_is_foreign(&tenant->id, fact->reference)) { /* whoever it is may not even learn whether it exists */
        wk_count(call, "foreign", 1);
        return wk_fail(err, WK_SECURITY, "payment.foreign_reference", "account %s of %s told of a payment of another tenant", account, gateway);
    }
    if (!found) { /* authentic but nobody's: kept, so that it can be matched; never guessed */
        wk_count(call, "orphans", 1);
        wk_log(call, WK_WARN, "a fact of %s fits no attempt", gateway);
        return store_event(call, gateway, account, NULL, fact, "orphan", fact->reason ? fact->reason : "", &fresh, err);
    }
    what = settle_decide(row.p.status, row.p.collected, row.p.amount, row.p.currency, wk_setting_bool(call, "test_account"), fact);
    if (!store_event(call, gateway, account, &row.p.id, fact, verdict_names[what.verdict], what.why, &fresh, err))
        return false;
    if (what.verdict == SETTLE_MISMATCH) {
        wk_count(call, "mismatches", 1);
        wk_log(call, WK_ERROR, "payment of %s: %s; recorded, nothing changed", gateway, what.why);
    }
    if (!fresh || what.verdict != SETTLE_APPLY)
        return true;
    if (!store_settle(call, &row, &what, &entry, err))
        return false;
    wk_count(call, "settled", 1);
    return announce(call, &row.p, row.p.status, what.status, what.why, row.p.collected + what.money,
                    row.refund_due + (what.money < 0 ? 0 : what.refund_due), err) &&
           refund_due(call, &row.p, what.money < 0 ? 0 : what.refund_due, what.why, err);
}

bool payments_collect(struct wk_call *call, const struct wk_uuid *order, const struct wk_uuid *collector, int64_t amount, const char *key,
                      struct wk_payment *payment, struct wk_err *err)
{
    struct wk_uuid entry = wk_new_id(call);
    struct payment_row row;
    bool won;

    if (amount <= 0 || amount > WK_MONEY_MAX)
        return wk_fail(err, WK_BUSINESS, "payment.amount_range", "an amount from 1 to %lld is needed", (long long)WK_MONEY_MAX);
    if (!key || !*key || strlen(key) > 200)
        return wk_fail(err, WK_SYSTEM, "payment.no_event_key", "a collection needs a key");
    if (!store_collect(call, order, collector, amount, key, &entry, &won, err) || !store_of_order(call, order, &row, err))
        return false;
    if (won && !announce(call, &row.p, "due", row.p.status, "", row.p.collected, 0, err))
        return false;
    if (!won && (!row.collect_key || strcmp(row.collect_key, key)))
        return wk_fail(err, WK_BUSINESS, "payment.not_due", "the payment is %s", row.p.status);
    if (won)
        wk_count(call, "collected", 1);
    give(payment, &row.p); /* also for the second tap: the first one's amount */
    return true;
}

bool payments_of_order(struct wk_call *call, const struct wk_uuid *order, struct wk_payment *payment, struct wk_err *err)
{
    struct payment_row row;

    if (!store_of_order(call, order, &row, err))
        return false;
    give(payment, &row.p);
    return true;
}

bool payments_cancel(struct wk_call *call, const struct wk_uuid *order, struct wk_err *err)
{
    struct payment_row row;
    const char *was;

    if (!store_cancel(call, order, &row, &was, err))
        return false;
    if (!*was)
        return true;
    if (row.p.collected > 0)
        return refund_due(call, &row.p, row.refund_due, "the order was cancelled", err);
    return announce(call, &row.p, was, "cancelled", "the order was cancelled", 0, 0, err);
}
