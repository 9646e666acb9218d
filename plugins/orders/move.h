/* move.h - the one way an order changes its state, and the codes that prove who holds the goods. */
#ifndef ORDERS_MOVE_H
#define ORDERS_MOVE_H
#include "store.h"

/* As wk_orders_move, for a caller that has read the row already. On success *row is the order afterwards. */
bool order_move(struct wk_call *call, struct order_row *row, const struct wk_move *move, struct wk_err *err);
/* Queue order.status_changed. `metadata` is a JSON object or NULL. */
bool order_announce(struct wk_call *call, const struct order_row *row, const char *previous, enum wk_actor actor, const char *reason,
                    const char *metadata, struct wk_err *err);

#define CODE_SIZE 8
#define CODE_TRIES 5
/* No 0 O 1 I L 5 S 2 Z 8 B: said over a counter and read off a small screen. No vowels: CART and MENU are commands. */
#define CODE_ALPHABET "34679CDFGHJKMNPQRTVWXY"
#define CODE_RIGHT UINT32_MAX /* what *tries_left says for the right code */
/* Make a new code of `kind` ("pickup", "delivery"); the old one ends. Queued; the clear text goes to `out`, to be shown to one person. */
bool code_make(struct wk_call *call, const struct wk_uuid *order, const char *kind, char out[CODE_SIZE], struct wk_err *err);
bool code_check(struct wk_call *call, const struct wk_uuid *order, const char *kind, const char *typed, uint32_t *tries_left,
                struct wk_err *err);
/* Upper case without spaces and dashes, look-alikes folded ("o" is 0's place taken by nothing: they are not in the alphabet); pure. */
bool code_fold(const char *typed, char out[CODE_SIZE]);
/* HMAC-SHA256(key, salt | order | kind | code); pure. */
bool code_hash(const char *key, const uint8_t salt[16], const struct wk_uuid *order, const char *kind, const char *code, uint8_t out[32]);

/* The service's three functions. */
bool orders_get(struct wk_call *call, const struct wk_uuid *id, struct wk_order *order, struct wk_err *err);
bool orders_move(struct wk_call *call, const struct wk_move *move, struct wk_order *after, struct wk_err *err);
#endif
