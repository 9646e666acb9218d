/* table.h - the 11 states of an order and the 22 moves between them: data, and nothing else. Pure; no call, no memory. */
#ifndef ORDERS_TABLE_H
#define ORDERS_TABLE_H
#include <wakala/service/orders.h>

enum order_state {
    ORDER_CREATED, ORDER_PAYMENT_PENDING, ORDER_PAID, ORDER_CONFIRMED, ORDER_PREPARING, ORDER_READY, ORDER_ASSIGNED, ORDER_IN_TRANSIT,
    ORDER_DELIVERED, ORDER_CANCELLED, ORDER_REFUNDED, ORDER_STATES
};
enum order_guard {
    GUARD_COD = 1 << 0,      /* is_cash: paid when the goods are handed over */
    GUARD_UNPAID = 1 << 1,   /* nothing was paid yet */
    GUARD_PAID = 1 << 2,     /* something was paid */
    GUARD_REASON = 1 << 3,   /* a reason is given */
    GUARD_DELIVERY = 1 << 4, /* a driver brings it */
    GUARD_PICKUP = 1 << 5,   /* the customer collects it */
    GUARD_CASH = 1 << 6,     /* is_cash: the amount is recorded */
};
enum order_effect {
    EFFECT_RELEASE = 1 << 0,  /* the reservation ends */
    EFFECT_CONSUME = 1 << 1,  /* the goods left the shop */
    EFFECT_PUT_BACK = 1 << 2, /* the goods are in the shop again, still reserved */
    EFFECT_RESTOCK = 1 << 3,  /* put back and release, when metadata says "goods_returned": true */
    EFFECT_UNPAY = 1 << 4,    /* open attempts end; what was paid becomes a refund */
};
#define ACTOR(a) (1u << WK_ACTOR_##a)

struct order_edge {
    enum order_state from, to;
    uint32_t actors; /* ACTOR(...) bits */
    uint32_t guards, effects;
    const char *delivery; /* delivery_status of a delivery order afterwards; NULL: as it was */
    const char *payment;  /* payment_status afterwards; NULL: as it was */
};
#define ORDER_EDGES 22
extern const struct order_edge order_edges[ORDER_EDGES];

const char *order_state_name(enum order_state state);
/* False for a word that is no state. */
bool order_state_parse(const char *name, enum order_state *state);
const char *order_actor_name(enum wk_actor actor);
/* NULL: there is no such move. */
const struct order_edge *order_edge_find(enum order_state from, enum order_state to);
/* What is said to people: "on the way". */
const char *order_state_words(enum order_state state, bool is_pickup);
/* No move but a refund leaves it. */
bool order_state_is_final(enum order_state state);
/* One row of the README's table of moves, number n from 0; returns what snprintf does. */
int order_edge_row(size_t n, char *out, size_t size);
#endif
