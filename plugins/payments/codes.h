/* codes.h - what payments fail with, and what every gateway may.
 * What the columns mean: err.h. For the descriptor only; sdk/errors/check.py compares with the sources. */
#ifndef PAYMENTS_CODES_H
#define PAYMENTS_CODES_H
#include <wakala/err.h>

static const struct wk_error_type codes[] = {
    WK_ERROR_SYSTEM("payment.accounts", "The setting accounts is no list of gateway=account: see docs/plugins.md."),
    WK_ERROR_BUSINESS("payment.amount_range", 422, "This amount can't be paid.", "The amount is zero, negative, or above what is accepted."),
    WK_ERROR_SECURITY("payment.foreign_reference", 403,
                      "A gateway account told of another tenant's payment: two tenants share an account, or somebody tries. Look at both."),
    WK_ERROR_BUSINESS("payment.gateway_unavailable", 503,
                      "This way of paying is not available right now. Please choose another one or try again later.",
                      "No gateway can take the method: enable one, or wait for its breaker (wakala status). The reservation lives on."),
    WK_ERROR_SYSTEM("payment.no_event_key", "A gateway gave a fact without a key, so it could be booked twice: repair the gateway's plugin."),
    WK_ERROR_SYSTEM("payment.no_tenant", "A fact was settled by a call without a tenant: enter the tenant first."),
    WK_ERROR_BUSINESS("payment.not_due", 409, "This payment is not due.", "The payment is in a state in which no cash is collected."),
    WK_ERROR_BUSINESS("payment.not_found", 404, "There is no such payment.", "The payment is not one of this tenant."),
    WK_ERROR_BUSINESS("payment.not_open", 409, "This payment is closed already.", "The payment is paid, cancelled or expired: start a new one."),
    WK_ERROR_TRANSIENT("payment.not_sent", "The gateway was not reached, nothing was started: tried again."),
    WK_ERROR_SYSTEM("payment.payload", "An event of a payment cannot be written as JSON: no memory, or a name that is no UTF-8."),
    WK_ERROR_BUSINESS("payment.rejected", 422, "The payment was declined. Please try another way of paying.",
                      "The gateway refused to start the payment: the log has its reason."),
    WK_ERROR_BUSINESS("payment.webhook", 422, "This event is not complete.",
                      "A stored webhook lacks gateway, account or body: wakala dead show has it."),
    WK_ERROR_SECURITY("payment.webhook_forged", 401,
                      "A gateway's webhook has a wrong or missing signature: is the account's secret the current one? Else somebody tries."),
    {0},
};
#endif
