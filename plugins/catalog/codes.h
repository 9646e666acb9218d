/* codes.h - what the catalog fails with.
 * What the columns mean: err.h. For the descriptor only; sdk/errors/check.py compares with the sources. */
#ifndef CATALOG_CODES_H
#define CATALOG_CODES_H
#include <wakala/err.h>

static const struct wk_error_type codes[] = {
    WK_ERROR_BUSINESS("catalog.bad_lines", 422, "This order can't be reserved: its quantities are not valid.",
                      "A caller asks for no line, too many lines, or a quantity below 1."),
    WK_ERROR_BUSINESS("catalog.insufficient_stock", 409, "There is not enough of that left.",
                      "Somebody else was faster: show what is left and let the buyer choose again."),
    WK_ERROR_BUSINESS("catalog.invalid_product", 422, "This product's details are not valid.",
                      "A product lacks its name or price, or a value is out of range: correct what the seller or the import sent."),
    WK_ERROR_BUSINESS("catalog.no_vendor", 404, "There is no such shop.", "The person answers for no shop, or the shop was closed."),
    {0},
};
#endif
