/* store.h - rows of payments. */
#ifndef PAYMENTS_STORE_H
#define PAYMENTS_STORE_H
#include <wakala/db.h>
#include "ledger.h"

struct payment_row {
    struct wk_payment p;
    const char *account, *collect_key;
    int64_t refund_due;
    /* the current attempt */
    unsigned attempt_n;
    const char *attempt_status, *gateway_id, *reply;
    enum wk_next next;
};
/* payment.not_found (BUSINESS). */
bool store_of_order(struct wk_call *call, const struct wk_uuid *order, struct payment_row *row, struct wk_err *err);
bool store_payment(struct wk_call *call, const struct wk_uuid *id, struct payment_row *row, struct wk_err *err);
/* By our reference, or by the gateway's id; the payment row is locked until the transaction ends. *found false: nobody's. */
bool store_lock(struct wk_call *call, const char *gateway, const char *account, const struct wk_fact *fact, struct payment_row *row,
                bool *found, struct wk_err *err);
/* Queued. A payment that exists with other facts fails the call: payment.order_has_payment. */
bool store_prepare(struct wk_call *call, const struct payment_row *row, struct wk_err *err);
/* The event, unless its key is known: *fresh false, and nothing may change. */
bool store_event(struct wk_call *call, const char *gateway, const char *account, const struct wk_uuid *payment, const struct wk_fact *fact,
                 const char *verdict, const char *reason, bool *fresh, struct wk_err *err);
/* The payment's new state, its attempt's, and the ledger entry; queued. */
bool store_settle(struct wk_call *call, const struct payment_row *row, const struct settle *what, const struct wk_uuid *entry,
                  struct wk_err *err);
/* due -> collected, short or over, with event and ledger, in one statement. *won false: it was not due. */
bool store_collect(struct wk_call *call, const struct wk_uuid *order, const struct wk_uuid *collector, int64_t amount, const char *key,
                   const struct wk_uuid *entry, bool *won, struct wk_err *err);
/* due, pending, failed -> cancelled; what was paid becomes due for refund. *was: status before, "" when nothing changed. */
bool store_cancel(struct wk_call *call, const struct wk_uuid *order, struct payment_row *after, const char **was, struct wk_err *err);
bool store_started(struct wk_call *call, const struct wk_uuid *attempt, const char *status, const char *gateway_id, const char *reply,
                   enum wk_next next, struct wk_err *err);
#endif
