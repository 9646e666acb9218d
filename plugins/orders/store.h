/* store.h - the order's rows: reading them, making them, the compare-and-set. The only file with the order's SQL. */
#ifndef ORDERS_STORE_H
#define ORDERS_STORE_H
#include <wakala/db.h>
#include "cart.h"
#include "quote.h"
#include "table.h"

struct order_row {
    struct wk_order o;
    enum order_state state;
    struct wk_uuid cart;
    int64_t version, items, distance_m;
    uint32_t exponent;
    const char *vendor_name, *courier, *reason;
    const char *ready_at; /* "12:40" in the tenant's zone; NULL: not promised */
};
struct order_line_row {
    const char *name;
    int64_t quantity, price, amount;
};
struct order_step {
    const char *status, *at; /* "12:01" in the tenant's zone */
};

/* order.not_found (BUSINESS). Each is one trip. */
bool store_order(struct wk_call *call, const struct wk_uuid *id, struct order_row *row, struct wk_err *err);
bool store_order_of_cart(struct wk_call *call, const struct wk_uuid *cart, struct order_row *row, struct wk_err *err);
bool store_order_of_number(struct wk_call *call, int64_t number, struct order_row *row, struct wk_err *err);
/* The order with its lines, in one trip. */
bool store_order_lines(struct wk_call *call, const struct wk_uuid *id, struct order_row *row, struct order_line_row **lines, size_t *n,
                       struct wk_err *err);
/* The order with its history, in one trip. */
bool store_order_steps(struct wk_call *call, const struct wk_uuid *id, struct order_row *row, struct order_step **steps, size_t *n,
                       struct wk_err *err);
/* Running orders of a person or of a shop, oldest first, at most 10. */
bool store_live_of_customer(struct wk_call *call, const struct wk_uuid *customer, struct order_row **rows, size_t *n, struct wk_err *err);
bool store_live_of_vendor(struct wk_call *call, const struct wk_uuid *vendor, struct order_row **rows, size_t *n, struct wk_err *err);

/* The tenant's next order number. Opens the transaction and holds the counter until it ends. */
bool store_next_number(struct wk_call *call, int64_t *number, struct wk_err *err);
/* Order, lines and the first two history rows, queued: no trip. A second order of the same cart fails the call: order.cart_placed. */
bool store_insert(struct wk_call *call, const struct order_row *row, const struct cart *cart, const struct quote_line *amounts,
                  struct wk_err *err);

struct order_change { /* NULL: as it was */
    enum order_state from, to;
    enum wk_actor actor;
    const struct wk_uuid *actor_id;
    const char *reason, *courier, *delivery_status, *payment_status;
};
/* UPDATE ... WHERE status = from, and its history row; *won false when somebody else moved the order first. */
bool store_change(struct wk_call *call, const struct wk_uuid *id, const struct order_change *change, bool *won, struct wk_err *err);
bool store_payment_status(struct wk_call *call, const struct wk_uuid *id, const char *status, struct wk_err *err);
bool store_ready_in(struct wk_call *call, const struct wk_uuid *id, int64_t minutes, struct wk_err *err);
#endif
