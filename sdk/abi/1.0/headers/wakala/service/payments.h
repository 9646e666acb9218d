/* service/payments.h - payments/1: prepare (in the order's transaction), start (no transaction), settle (one function for webhook, poll, redirect
 * and cash). Outcomes, amounts and the ledger are decided in the core, never in a gateway. */
#ifndef WAKALA_SERVICE_PAYMENTS_H
#define WAKALA_SERVICE_PAYMENTS_H
#include <wakala/service.h>
#include <wakala/service/payment_gateway.h>

/* Results lie in the call's memory; amounts are minor units. Errors beside those named: db.* (db.h). */
#define WK_PAYMENTS "payments/1"
struct wk_pay_method {
    const char *gateway; /* "cod" */
    const char *title;   /* "Cash on delivery" */
    uint64_t caps;
};
struct wk_payment {
    uint32_t size;
    uint32_t exponent;
    struct wk_uuid id, order, attempt;
    const char *gateway, *reference, *status; /* due pending paid collected remitted reconciled failed cancelled refunded short over */
    int64_t amount, collected;
    const char *currency;
};
struct wk_payments {
    struct wk_service_head head;
    bool (*methods)(struct wk_call *call, int64_t amount, const char *currency, struct wk_pay_method **methods, size_t *n, struct wk_err *err);
    bool (*prepare)(struct wk_call *call, const struct wk_uuid *order, const char *gateway, int64_t amount, const char *currency,
                    struct wk_payment *payment, struct wk_err *err);
    bool (*start)(struct wk_call *call, const struct wk_uuid *payment, struct wk_started *started, struct wk_err *err);
    bool (*settle)(struct wk_call *call, const char *gateway, const char *account, const struct wk_fact *fact, struct wk_err *err);
    bool (*collect)(struct wk_call *call, const struct wk_uuid *order, const struct wk_uuid *collector, int64_t amount, const char *key,
                    struct wk_payment *payment, struct wk_err *err);
    bool (*of_order)(struct wk_call *call, const struct wk_uuid *order, struct wk_payment *payment, struct wk_err *err);
    bool (*cancel)(struct wk_call *call, const struct wk_uuid *order, struct wk_err *err);
};
/* What a buyer may pay this amount with, in the tenant's order; a method whose gateway is out is hidden. Does not suspend. */
static inline bool wk_payments_methods(struct wk_call *call, int64_t amount, const char *currency, struct wk_pay_method **methods, size_t *n,
                                       struct wk_err *err)
{
    WK_SERVICE_CALL(wk_payments, WK_PAYMENTS, NULL, methods, false, bool, call, err, call, amount, currency, methods, n, err);
}
/* Payment and attempt rows with their reference, in the caller's transaction; idempotent per order. payment.gateway_unavailable
 * (BUSINESS) names why. Queued: does not suspend. */
static inline bool wk_payments_prepare(struct wk_call *call, const struct wk_uuid *order, const char *gateway, int64_t amount,
                                       const char *currency, struct wk_payment *payment, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_payments, WK_PAYMENTS, NULL, prepare, false, bool, call, err, call, order, gateway, amount, currency, payment, err);
}
/* Ask the gateway to begin; outside any transaction. Suspends. payment.not_found, payment.not_open, payment.rejected (BUSINESS), payment.not_sent
 * (TRANSIENT). A second start gives the first one's link. */
static inline bool wk_payments_start(struct wk_call *call, const struct wk_uuid *payment, struct wk_started *started, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_payments, WK_PAYMENTS, NULL, start, false, bool, call, err, call, payment, started, err);
}
/* One lock per payment, compare-and-set, ledger, payment.status_changed; duplicates and late facts change only what they should. Suspends, in the
 * caller's transaction. payment.no_event_key (SYSTEM). */
static inline bool wk_payments_settle(struct wk_call *call, const char *gateway, const char *account, const struct wk_fact *fact,
                                      struct wk_err *err)
{
    WK_SERVICE_CALL(wk_payments, WK_PAYMENTS, NULL, settle, false, bool, call, err, call, gateway, account, fact, err);
}
/* Cash in a driver's or clerk's hand, in the caller's transaction; idempotent by key. A different amount is kept as short or over.
 * Suspends. payment.amount_range, payment.not_due (BUSINESS). */
static inline bool wk_payments_collect(struct wk_call *call, const struct wk_uuid *order, const struct wk_uuid *collector, int64_t amount,
                                       const char *key, struct wk_payment *payment, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_payments, WK_PAYMENTS, NULL, collect, false, bool, call, err, call, order, collector, amount, key, payment, err);
}
/* payment.not_found (BUSINESS). Suspends. */
static inline bool wk_payments_of_order(struct wk_call *call, const struct wk_uuid *order, struct wk_payment *payment, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_payments, WK_PAYMENTS, NULL, of_order, false, bool, call, err, call, order, payment, err);
}
/* The order will not happen: open attempts are cancelled, money that came is due back, in the caller's transaction. Suspends. */
static inline bool wk_payments_cancel(struct wk_call *call, const struct wk_uuid *order, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_payments, WK_PAYMENTS, NULL, cancel, false, bool, call, err, call, order, err);
}
#endif
