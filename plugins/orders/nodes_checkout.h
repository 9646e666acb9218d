/* nodes_checkout.h - what C15 needs of the answers that C10 to C14 collected. */
#ifndef ORDERS_NODES_CHECKOUT_H
#define ORDERS_NODES_CHECKOUT_H
#include "nodes.h"

struct kept_quote { /* what the customer was told */
    int64_t expires_us, fee, total;
};
bool checkout_shop(struct wk_call *call, struct wk_turn *turn, double *latitude, double *longitude, bool *is_open);
bool checkout_where(struct wk_call *call, struct wk_turn *turn, double *latitude, double *longitude, int64_t *road_m);
/* The parts for this cart by today's rules; `lines` has room for CART_LINES. order.no_place without an address. */
bool checkout_quote(struct wk_call *call, struct wk_turn *turn, const struct cart *cart, struct quote_line *lines, struct quote *quote,
                    struct wk_err *err);
bool checkout_keep_quote(struct wk_call *call, struct wk_turn *turn, const struct quote *quote, struct wk_err *err);
bool checkout_kept_quote(struct wk_call *call, struct wk_turn *turn, struct kept_quote *kept);
/* The method when it may take this amount now. */
bool checkout_method(struct wk_call *call, int64_t total, const char *gateway, struct wk_pay_method *method, bool *found, struct wk_err *err);
#endif
