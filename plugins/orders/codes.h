/* codes.h - what orders fail with.
 * What the columns mean: err.h. For the descriptor only; sdk/errors/check.py compares with the sources. */
#ifndef ORDERS_CODES_H
#define ORDERS_CODES_H
#include <wakala/err.h>

static const struct wk_error_type codes[] = {
    WK_ERROR_BUSINESS("order.amount_range", 422, "The amount of this order is out of range.",
                      "Prices or quantities add up to more than can be paid: check the products' prices."),
    WK_ERROR_BUSINESS("order.bad_event", 422, "This event is not complete.",
                      "An event that orders listen to lacks an id or names an unknown state: look at its publisher; wakala dead show has it."),
    WK_ERROR_SYSTEM("order.bad_metadata", "A plugin moves an order with metadata that is no JSON object: repair the plugin."),
    WK_ERROR_SYSTEM("order.bad_state", "A plugin names an order state that is not there, or a row has one: was the database changed by hand?"),
    WK_ERROR_SYSTEM("order.code_hash", "A pickup code or PIN cannot be hashed, or its row is damaged: issue a new code."),
    WK_ERROR_BUSINESS("order.code_locked", 403, "There were too many wrong codes. Please ask for a new one.",
                      "The shop or the customer asks for a new code."),
    WK_ERROR_BUSINESS("order.code_lost", 409, "There is a newer code already.", "A second code was made at the same time: use the newest."),
    WK_ERROR_BUSINESS("order.invalid_transition", 409, "That is not possible for this order any more.",
                      "The order has moved on: read its state and choose again. The log says from which state to which."),
    WK_ERROR_SYSTEM("order.lines", "An order's lines cannot be written as JSON: no memory, or a name that is no UTF-8."),
    WK_ERROR_BUSINESS("order.no_code", 404, "There is no code for this order yet.",
                      "The code is made when the order is ready: try again in a moment."),
    WK_ERROR_SYSTEM("order.no_number", "The counter of order numbers gave none: is the tenant's row in orders_counter there?"),
    WK_ERROR_BUSINESS("order.no_place", 422, "Please add an address first.", "The cart has no address: ask for it."),
    WK_ERROR_BUSINESS("order.not_found", 404, "There is no such order.", "The order is not one of this tenant, or not this person's."),
    WK_ERROR_SYSTEM("order.payload", "order.created cannot be written as JSON: no memory, or a name that is no UTF-8."),
    WK_ERROR_BUSINESS("order.shop_without_person", 422, "This shop can't take orders right now.",
                      "Nobody answers for this shop in chat: give somebody the role vendor for it."),
    WK_ERROR_BUSINESS("order.wrong_code", 403, "That code is wrong.", "The person tries again; after five wrong codes it is locked."),
    {0},
};
#endif
