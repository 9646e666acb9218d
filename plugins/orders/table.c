#include "table.h"
#include <stdio.h>

#define S ACTOR(SYSTEM)
#define C ACTOR(CUSTOMER)
#define V ACTOR(VENDOR)
#define D ACTOR(DRIVER)
#define A ACTOR(ADMIN)
#define G ACTOR(GATEWAY)
#define DROP (EFFECT_RELEASE | EFFECT_UNPAY)

/* Every legal move and nothing else: a pair that is not here is refused. The README prints this table; a test compares. */
const struct order_edge order_edges[ORDER_EDGES] = {
    {ORDER_CREATED, ORDER_PAYMENT_PENDING, S, 0, 0, NULL, "pending"},
    {ORDER_CREATED, ORDER_CANCELLED, S | C, 0, DROP, NULL, NULL},
    {ORDER_PAYMENT_PENDING, ORDER_PAID, G, 0, 0, NULL, "paid"},
    {ORDER_PAYMENT_PENDING, ORDER_CONFIRMED, V | S, GUARD_COD, 0, NULL, NULL},
    {ORDER_PAYMENT_PENDING, ORDER_CANCELLED, C | S | V, GUARD_UNPAID, DROP, NULL, NULL},
    {ORDER_PAID, ORDER_CONFIRMED, V | S, 0, 0, NULL, NULL},
    {ORDER_PAID, ORDER_CANCELLED, V | S | C, 0, DROP, NULL, NULL},
    {ORDER_CONFIRMED, ORDER_PREPARING, V, 0, 0, NULL, NULL},
    {ORDER_CONFIRMED, ORDER_CANCELLED, V | C | A, 0, DROP, NULL, NULL},
    {ORDER_PREPARING, ORDER_READY, V, 0, 0, "searching", NULL},
    {ORDER_PREPARING, ORDER_CANCELLED, V | A, GUARD_REASON, DROP, NULL, NULL},
    {ORDER_READY, ORDER_ASSIGNED, D | V, GUARD_DELIVERY, 0, "assigned", NULL},
    {ORDER_READY, ORDER_DELIVERED, V, GUARD_PICKUP | GUARD_CASH, EFFECT_CONSUME, NULL, NULL},
    {ORDER_READY, ORDER_CANCELLED, V | A, 0, DROP, "failed", NULL},
    {ORDER_ASSIGNED, ORDER_IN_TRANSIT, D | V, 0, EFFECT_CONSUME, "in_transit", NULL},
    {ORDER_ASSIGNED, ORDER_READY, D | S | A, 0, 0, "searching", NULL},
    {ORDER_ASSIGNED, ORDER_CANCELLED, A | V, 0, DROP, "failed", NULL},
    {ORDER_IN_TRANSIT, ORDER_DELIVERED, D | A, GUARD_CASH, 0, "delivered", NULL},
    {ORDER_IN_TRANSIT, ORDER_READY, A | V, 0, EFFECT_PUT_BACK, "searching", NULL},
    {ORDER_IN_TRANSIT, ORDER_CANCELLED, A | V, 0, EFFECT_RESTOCK | EFFECT_UNPAY, "failed", NULL},
    {ORDER_CANCELLED, ORDER_REFUNDED, G | S, GUARD_PAID, 0, NULL, "refunded"},
    {ORDER_DELIVERED, ORDER_REFUNDED, V | A, GUARD_PAID, 0, NULL, "refunded"},
};

static const char *const state_names[ORDER_STATES] = {
    "CREATED", "PAYMENT_PENDING", "PAID", "CONFIRMED", "PREPARING", "READY_FOR_PICKUP", "ASSIGNED_TO_DRIVER", "IN_TRANSIT",
    "DELIVERED", "CANCELLED", "REFUNDED",
};
static const char *const actor_names[] = {"", "system", "customer", "vendor", "driver", "admin", "gateway"};
static const char *const guard_names[] = {"cash on delivery", "unpaid", "paid", "reason", "delivery", "pickup", "cash recorded"};
static const char *const effect_names[] = {"release", "consume", "put back", "restock if returned", "cancel payment"};

const char *order_state_name(enum order_state state)
{
    return (unsigned)state < ORDER_STATES ? state_names[state] : "";
}

bool order_state_parse(const char *name, enum order_state *state)
{
    for (int i = 0; name && i < ORDER_STATES; i++)
        if (!strcmp(name, state_names[i])) {
            *state = (enum order_state)i;
            return true;
        }
    return false;
}

const char *order_actor_name(enum wk_actor actor)
{
    return actor >= WK_ACTOR_SYSTEM && actor <= WK_ACTOR_GATEWAY ? actor_names[actor] : "";
}

const struct order_edge *order_edge_find(enum order_state from, enum order_state to)
{
    for (size_t i = 0; i < ORDER_EDGES; i++)
        if (order_edges[i].from == from && order_edges[i].to == to)
            return &order_edges[i];
    return NULL;
}

const char *order_state_words(enum order_state state, bool is_pickup)
{
    static const char *const words[ORDER_STATES] = {
        "placed", "waiting for the shop", "paid, waiting for the shop", "accepted", "being prepared", "ready, looking for a driver",
        "with a driver on the way to the shop", "on the way", "delivered", "cancelled", "refunded",
    };

    if (is_pickup && state == ORDER_READY)
        return "ready to collect";
    if (is_pickup && state == ORDER_DELIVERED)
        return "collected";
    return (unsigned)state < ORDER_STATES ? words[state] : "";
}

bool order_state_is_final(enum order_state state)
{
    return state == ORDER_DELIVERED || state == ORDER_CANCELLED || state == ORDER_REFUNDED;
}

/* "vendor, system" for the set bits; "-" for none. */
static void join_bits(char *out, size_t size, uint32_t bits, const char *const *names, size_t n)
{
    size_t used = 0;

    (void)snprintf(out, size, "-");
    for (size_t i = 0; i < n && used < size; i++)
        if (bits & (1u << i)) {
            int w = snprintf(out + used, size - used, "%s%s", used ? ", " : "", names[i]);

            used += w > 0 ? (size_t)w : 0;
        }
}

int order_edge_row(size_t n, char *out, size_t size)
{
    const struct order_edge *e = &order_edges[n];
    char actors[96], guards[96], effects[96];

    join_bits(actors, sizeof actors, e->actors, actor_names, WK_COUNT(actor_names));
    join_bits(guards, sizeof guards, e->guards, guard_names, WK_COUNT(guard_names));
    join_bits(effects, sizeof effects, e->effects, effect_names, WK_COUNT(effect_names));
    return snprintf(out, size, "| %zu | %s | %s | %s | %s | %s |", n + 1, state_names[e->from], state_names[e->to], actors, guards,
                    effects);
}
