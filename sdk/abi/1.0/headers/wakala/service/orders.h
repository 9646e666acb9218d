/* service/orders.h - orders/1: the order, its 11 states and 22 moves. Plugins above (drivers) move orders only through here. */
#ifndef WAKALA_SERVICE_ORDERS_H
#define WAKALA_SERVICE_ORDERS_H
#include <wakala/service.h>

#define WK_ORDERS "orders/1"
/* States are text in the database and on the wire: CREATED PAYMENT_PENDING PAID CONFIRMED PREPARING READY_FOR_PICKUP ASSIGNED_TO_DRIVER
 * IN_TRANSIT DELIVERED CANCELLED REFUNDED. */
struct wk_order {
    uint32_t size;
    uint32_t number; /* what people say: #1042 */
    struct wk_uuid id, customer, vendor, payment;
    const char *status, *payment_status, *delivery_status;
    const char *payment_method;   /* "cod", "paystack" ... */
    const char *fulfilment;       /* delivery | pickup */
    int64_t subtotal, delivery_fee, tax, total; /* minor units; the shown parts sum to total */
    const char *currency;
    double latitude, longitude;   /* where to */
    const char *landmark;
    const char *customer_name;
    int64_t created_us;           /* database clock */
    bool is_cash; /* whoever hands the goods over confirms the money: a gateway with WK_PAY_STAFF_CONFIRM */
};
enum wk_actor { WK_ACTOR_SYSTEM = 1, WK_ACTOR_CUSTOMER, WK_ACTOR_VENDOR, WK_ACTOR_DRIVER, WK_ACTOR_ADMIN, WK_ACTOR_GATEWAY };
struct wk_move {
    uint32_t size;
    enum wk_actor actor;
    struct wk_uuid order;
    const struct wk_uuid *actor_id; /* user or driver; NULL for the system */
    const char *to;                 /* the state wanted */
    const char *reason;             /* NULL: none */
    const char *metadata;           /* JSON object for order.status_changed; NULL: {} */
};
struct wk_orders {
    struct wk_service_head head;
    bool (*get)(struct wk_call *call, const struct wk_uuid *id, struct wk_order *order, struct wk_err *err);
    bool (*move)(struct wk_call *call, const struct wk_move *move, struct wk_order *after, struct wk_err *err);
    bool (*check_code)(struct wk_call *call, const struct wk_uuid *id, const char *kind, const char *code, uint32_t *tries_left,
                       struct wk_err *err);
};
/* order.not_found (BUSINESS). Inside a transaction the row is read as that transaction sees it. May suspend. */
static inline bool wk_orders_get(struct wk_call *call, const struct wk_uuid *id, struct wk_order *order, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_orders, WK_ORDERS, NULL, get, false, bool, call, err, call, id, order, err);
}
/* One move of the table, in the caller's transaction: compare-and-set on the row, history, stock and payment effects, order.status_changed.
 * order.invalid_transition (BUSINESS) names from and to when the pair, the actor or the guard says no. Suspends. */
static inline bool wk_orders_move(struct wk_call *call, const struct wk_move *move, struct wk_order *after, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_orders, WK_ORDERS, NULL, move, false, bool, call, err, call, move, after, err);
}
/* kind "pickup" (4 characters, shop to driver) or "delivery" (4-digit PIN, customer to driver). True: *tries_left is UINT32_MAX when the code is
 * right; else it was wrong or is locked, err says which (order.wrong_code, order.code_locked), *tries_left how many of the five tries are
 * left, and the failed try is written: the caller must let it be committed. False: nothing can be said. Suspends. */
static inline bool wk_orders_check_code(struct wk_call *call, const struct wk_uuid *id, const char *kind, const char *code,
                                        uint32_t *tries_left, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_orders, WK_ORDERS, NULL, check_code, false, bool, call, err, call, id, kind, code, tries_left, err);
}
#endif
