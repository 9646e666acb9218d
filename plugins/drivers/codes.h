/* codes.h - what the dispatch and deliveries fail with.
 * What the columns mean: err.h. For the descriptor only; sdk/errors/check.py compares with the sources. */
#ifndef DRIVERS_CODES_H
#define DRIVERS_CODES_H
#include <wakala/err.h>

static const struct wk_error_type codes[] = {
    WK_ERROR_BUSINESS("delivery.not_found", 404, "There is no such delivery.", "No delivery of this order, or it is another tenant's."),
    WK_ERROR_BUSINESS("delivery.not_your_offer", 404, "That offer is not yours.", "An offer was made to another driver: nothing to do."),
    WK_ERROR_BUSINESS("delivery.offer_gone", 409, "That offer has expired or was taken by another driver. Your score is not affected.",
                      "The offer ran out or somebody was faster: nothing to do."),
    WK_ERROR_BUSINESS("delivery.order_gone", 409, "This order was closed meanwhile.",
                      "The order was cancelled or finished while the driver decided: nothing to do."),
    WK_ERROR_BUSINESS("driver.bad_event", 422, "This event is not complete.",
                      "An event that drivers listen to lacks an id: look at its publisher; wakala dead show has it."),
    WK_ERROR_BUSINESS("driver.not_approved", 403, "Your registration as a driver is not approved yet.", "Approve or decline the driver."),
    WK_ERROR_BUSINESS("driver.not_found", 404, "There is no such driver.", "The driver is not one of this tenant."),
    WK_ERROR_SYSTEM("driver.payload", "An event of the dispatch cannot be written as JSON: no memory, or a name that is no UTF-8."),
    {0},
};
#endif
