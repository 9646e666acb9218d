/* service.h - the functions of payments/1, and what hears of stored webhooks. */
#ifndef PAYMENTS_SERVICE_IMPL_H
#define PAYMENTS_SERVICE_IMPL_H
#include <wakala/event.h>
#include <wakala/money.h>
#include <wakala/service/payments.h>

bool payments_methods(struct wk_call *call, int64_t amount, const char *currency, struct wk_pay_method **methods, size_t *n,
                      struct wk_err *err);
bool payments_prepare(struct wk_call *call, const struct wk_uuid *order, const char *gateway, int64_t amount, const char *currency,
                      struct wk_payment *payment, struct wk_err *err);
bool payments_start(struct wk_call *call, const struct wk_uuid *payment, struct wk_started *started, struct wk_err *err);
bool payments_settle(struct wk_call *call, const char *gateway, const char *account, const struct wk_fact *fact, struct wk_err *err);
bool payments_collect(struct wk_call *call, const struct wk_uuid *order, const struct wk_uuid *collector, int64_t amount, const char *key,
                      struct wk_payment *payment, struct wk_err *err);
bool payments_of_order(struct wk_call *call, const struct wk_uuid *order, struct wk_payment *payment, struct wk_err *err);
bool payments_cancel(struct wk_call *call, const struct wk_uuid *order, struct wk_err *err);
/* Subscriber of payment.webhook. */
bool payments_on_webhook(struct wk_call *call, const struct wk_event *event, struct wk_err *err);
#endif
