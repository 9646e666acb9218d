/* service/payment_gateway.h - payment_gateway/1: a gateway translates, nothing else. It owns no tables, picks no state, holds no clock: the
 * core gives it the attempt and the account's settings, it returns facts. The provider's name is the gateway's name. */
#ifndef WAKALA_SERVICE_PAYMENT_GATEWAY_H
#define WAKALA_SERVICE_PAYMENT_GATEWAY_H
#include <stdlib.h>
#include <wakala/http.h>
#include <wakala/inbox.h>
#include <wakala/service.h>

#define WK_PAYMENT_GATEWAY "payment_gateway/1"
enum wk_gateway_caps {
    WK_PAY_REDIRECT = 1 << 0,      /* the buyer opens a link */
    WK_PAY_PUSH = 1 << 1,          /* a prompt on the buyer's phone */
    WK_PAY_OFFLINE = 1 << 2,       /* instructions; money comes later */
    WK_PAY_STAFF_CONFIRM = 1 << 3, /* a driver or clerk says it was paid: cash */
    WK_PAY_WEBHOOK = 1 << 4,       /* tells by itself: facts() */
    WK_PAY_POLL_BY_REF = 1 << 5,   /* query() works with our reference ... */
    WK_PAY_POLL_BY_GATEWAY_ID = 1 << 6, /* ... or only with the gateway's id */
    WK_PAY_REFUND = 1 << 7,         /* all of it ... */
    WK_PAY_PARTIAL_REFUND = 1 << 8, /* ... or a part ... */
    WK_PAY_MULTI_REFUND = 1 << 9,   /* ... or several parts */
    WK_PAY_CANCEL = 1 << 10,        /* an open attempt can be called off */
    WK_PAY_DUP_SAFE_BY_REF = 1 << 11, /* sending the same reference twice is harmless */
    WK_PAY_FAIL_NOTIFIED = 1 << 12,   /* a failure is told by webhook too */
    WK_PAY_TEST_MODE = 1 << 13,       /* knows test money: wk_fact.is_test */
};
enum wk_outcome { /* what a call to a gateway came to */
    WK_PAY_OK = 1,
    WK_PAY_REJECTED, /* a definite no */
    WK_PAY_NOT_SENT, /* nothing left: safe to try again or elsewhere */
    WK_PAY_UNKNOWN,  /* it left, no answer: poll; never a second charge */
};
enum wk_next { /* what the buyer does now: nothing, open url, wait for a prompt, follow text */
    WK_NEXT_NONE = 1, WK_NEXT_REDIRECT, WK_NEXT_WAIT, WK_NEXT_INSTRUCT };
struct wk_attempt { /* frozen before any call */
    uint32_t size;
    uint32_t exponent;
    struct wk_uuid id, payment;
    const char *reference;  /* ours, unique at the gateway */
    const char *account;    /* gateway account id */
    int64_t amount;         /* minor units */
    const char *currency;
    const char *description;
    const char *payer_phone, *payer_email; /* may be NULL */
    const char *gateway_id; /* the gateway's id once known */
    const char *return_url, *webhook_url;
};
enum wk_fact_kind { WK_FACT_PENDING = 1, WK_FACT_PAID, WK_FACT_FAILED, WK_FACT_CANCELLED, WK_FACT_EXPIRED, WK_FACT_REFUNDED,
                    WK_FACT_REFUND_FAILED, WK_FACT_DISPUTED };
struct wk_fact { /* what a gateway (or a driver with cash) says happened. Comes in arrays: frozen whole */
    uint32_t size;
    enum wk_fact_kind kind;
    const char *reference;   /* ours; NULL when only gateway_id is known */
    const char *gateway_id;
    const char *event_key;   /* unique per account: a second fact with it changes nothing */
    int64_t amount;          /* minor units; -1: not told */
    const char *currency;
    bool is_test;
    const char *reason;
};
struct wk_started { /* made by the core; texts live as long as the call */
    uint32_t size;
    enum wk_next next;
    const char *url;  /* REDIRECT */
    const char *text; /* WAIT, INSTRUCT */
    const char *gateway_id;
    int64_t expires_us; /* 0: unknown */
};
struct wk_payment_gateway {
    struct wk_service_head head;
    uint64_t caps;
    const char *title; /* what a buyer reads: "Cash on delivery" */
    bool (*validate)(struct wk_call *call, const char *account, const char *currency, int64_t amount, struct wk_err *err);
    enum wk_outcome (*start)(struct wk_call *call, const struct wk_attempt *attempt, struct wk_started *started, struct wk_err *err);
    enum wk_outcome (*query)(struct wk_call *call, const struct wk_attempt *attempt, struct wk_fact *fact, struct wk_err *err);
    enum wk_outcome (*cancel)(struct wk_call *call, const struct wk_attempt *attempt, struct wk_err *err);
    enum wk_outcome (*refund)(struct wk_call *call, const struct wk_attempt *attempt, const char *refund_reference, int64_t amount,
                              struct wk_fact *fact, struct wk_err *err);
    /* A stored, verified webhook body to facts (0..n, in the call's memory). Never suspends. What it refuses is a dead letter. */
    bool (*facts)(struct wk_call *call, const char *account, const char *body, size_t len, struct wk_fact **facts, size_t *n,
                  struct wk_err *err);
};
/* Can this account take this amount? payment.* (BUSINESS) says why not. Does not call out. */
static inline bool wk_gateway_validate(struct wk_call *call, const char *gateway, const char *account, const char *currency,
                                       int64_t amount, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_payment_gateway, WK_PAYMENT_GATEWAY, gateway, validate, false, bool, call, err, call, account, currency, amount, err);
}
/* The four below suspend and run with no transaction open; 20 s each. */
static inline enum wk_outcome wk_gateway_start(struct wk_call *call, const char *gateway, const struct wk_attempt *attempt,
                                               struct wk_started *started, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_payment_gateway, WK_PAYMENT_GATEWAY, gateway, start, WK_PAY_NOT_SENT, enum wk_outcome, call, err, call, attempt,
                    started, err);
}
static inline enum wk_outcome wk_gateway_query(struct wk_call *call, const char *gateway, const struct wk_attempt *attempt,
                                               struct wk_fact *fact, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_payment_gateway, WK_PAYMENT_GATEWAY, gateway, query, WK_PAY_NOT_SENT, enum wk_outcome, call, err, call, attempt, fact,
                    err);
}
static inline enum wk_outcome wk_gateway_cancel(struct wk_call *call, const char *gateway, const struct wk_attempt *attempt, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_payment_gateway, WK_PAYMENT_GATEWAY, gateway, cancel, WK_PAY_NOT_SENT, enum wk_outcome, call, err, call, attempt, err);
}
static inline enum wk_outcome wk_gateway_refund(struct wk_call *call, const char *gateway, const struct wk_attempt *attempt,
                                                const char *refund_reference, int64_t amount, struct wk_fact *fact, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_payment_gateway, WK_PAYMENT_GATEWAY, gateway, refund, WK_PAY_NOT_SENT, enum wk_outcome, call, err, call, attempt,
                    refund_reference, amount, fact, err);
}
/* For the core, when a stored webhook is read. False: the body is not the gateway's. Does not suspend. */
static inline bool wk_gateway_facts(struct wk_call *call, const char *gateway, const char *account, const char *body, size_t len,
                                    struct wk_fact **facts, size_t *n, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_payment_gateway, WK_PAYMENT_GATEWAY, gateway, facts, false, bool, call, err, call, account, body, len, facts, n, err);
}

/* Webhooks. A gateway declares an inbox of its own (inbox.h): path "/webhooks/payments/<gateway>/{account}", channel = its name. Its verify() checks the
 * raw bytes with the account's secret (wk_webhook_secret), its split() finds the gateway's id of what is told and calls wk_gateway_keep() for it. The host
 * stores that once, for the tenant whose account it is (`wakala tenant address add TENANT GATEWAY ACCOUNT`), and answers 200; plugin payments then asks
 * facts() and settles. The event: {gateway, account, body}, key: the reference. */
#define WK_PAYMENT_WEBHOOK "payment.webhook"
/* `text` as a JSON string; `out` has room for 6 * len + 2 bytes. Returns the length written. */
static inline size_t wk_gateway_quote(const char *text, size_t len, char *out)
{
    static const char hex[] = "0123456789abcdef";
    size_t n = 0;

    out[n++] = '"';
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c < 0x20) {
            memcpy(out + n, "\\u00", 4);
            out[n + 4] = hex[c >> 4];
            out[n + 5] = hex[c & 15];
            n += 6;
            continue;
        }
        if (c == '"' || c == '\\')
            out[n++] = '\\';
        out[n++] = text[i];
    }
    out[n++] = '"';
    return n;
}
/* In split(): hand the whole body over. `event_key` is the gateway's own id of it, the same each time it is sent (<= 512 bytes); `reference` orders the
 * webhooks of one payment (<= 200 bytes; empty: by event_key); at_s as in struct wk_item. False: no memory, return false. Body and texts are copied. */
static inline bool wk_gateway_keep(const struct wk_webhook *hook, struct wk_split *to, const char *gateway, struct wk_span event_key,
                                   struct wk_span reference, int64_t at_s)
{
    size_t account = strlen(hook->app), name = strlen(gateway);
    bool is_text = !hook->body_len || !memchr(hook->body, 0, hook->body_len);
    char *text = (char *)malloc(6 * (name + account + hook->body_len) + 6), *end = text;
    struct wk_item item;
    bool ok;

    if (!text)
        return false;
    memset(&item, 0, sizeof item);
    item.size = sizeof item;
    item.kind = is_text ? WK_ITEM_MESSAGE : WK_ITEM_BAD;
    item.why = is_text ? NULL : "a body with NUL bytes";
    item.event_type = WK_PAYMENT_WEBHOOK;
    item.address.data = hook->app;
    item.address.len = account;
    item.dedupe = event_key;
    item.key = reference.len ? reference : event_key;
    item.at_s = at_s;
    if (is_text) { /* the first place stays empty: what is nobody's then goes to quarantine as it came, not as JSON */
        item.payload_name[1] = "gateway";
        item.payload[1].data = end;
        end += item.payload[1].len = wk_gateway_quote(gateway, name, end);
        item.payload_name[2] = "account";
        item.payload[2].data = end;
        end += item.payload[2].len = wk_gateway_quote(hook->app, account, end);
        item.payload_name[3] = "body";
        item.payload[3].data = end;
        item.payload[3].len = wk_gateway_quote(hook->body, hook->body_len, end);
    }
    ok = to->add(to, &item);
    free(text);
    return ok;
}
#endif
