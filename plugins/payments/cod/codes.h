/* codes.h - what cash on delivery fails with.
 * What the columns mean: err.h. For the descriptor only; sdk/errors/check.py compares with the sources. */
#ifndef COD_CODES_H
#define COD_CODES_H
#include <wakala/err.h>

static const struct wk_error_type codes[] = {
    WK_ERROR_BUSINESS("cod.currency", 422, "Cash is only taken in the shop's own currency.", "Offer another way of paying for this currency."),
    WK_ERROR_BUSINESS("cod.no_refund", 422, "Cash goes back from hand to hand.", "Refund by hand, or through another way of paying."),
    WK_ERROR_BUSINESS("cod.no_webhook", 422, "Cash sends no messages.", "A webhook came for cash: nothing sends one, look at who did."),
    WK_ERROR_BUSINESS("cod.too_little", 422, "This is too little for cash on delivery.", "Below the setting min_amount."),
    WK_ERROR_BUSINESS("cod.too_much", 422, "This is too much for cash on delivery. Please choose another way of paying.",
                      "Above the setting max_amount."),
    {0},
};
#endif
