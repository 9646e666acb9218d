/* nodes.h - what the dialogue nodes of this plugin share. Context keys of the conversation begin with "o."; every choice that changes an order
 * carries the order's (or cart's) id, so that an old button works on what it showed, whatever the context says by then. */
#ifndef ORDERS_NODES_H
#define ORDERS_NODES_H
#include <wakala/event.h>
#include <wakala/metric.h>
#include <wakala/service/catalog.h>
#include <wakala/service/flow.h>
#include <wakala/service/payments.h>
#include "move.h"

#define KEY_CART "o.cart"       /* cart id, shop */
#define KEY_LINES "o.lines"     /* the cart's lines */
#define KEY_PICK "o.pick"       /* C8: the variant asked about */
#define KEY_EDIT "o.line"       /* C9: the variant being edited */
#define KEY_HOW "o.how"         /* delivery | pickup */
#define KEY_SHOP "o.shop"       /* latitude longitude is_open */
#define KEY_WHERE "o.where"     /* latitude longitude road metres */
#define KEY_MARK "o.mark"       /* landmark */
#define KEY_QUOTE "o.quote"     /* quote id, expiry, parts */
#define KEY_PAY "o.pay"         /* gateway caps title */
#define KEY_NUMBER "o.number"   /* cart id, order number taken for it */
#define KEY_CHANGED "o.changed" /* "1": the review shows changes that must be accepted */
#define KEY_TRACK "o.t"         /* the order a customer looks at */
#define KEY_SEEN "o.seen"       /* order, version, time of the last refresh */
#define KEY_WHY "o.why"         /* C18: reason chosen */
#define KEY_SHOPORDER "o.v"     /* the order a shop looks at */

#define DONE(expr) ((expr) ? WK_HANDLED : WK_FAILED)

WK_PRINTF(4, 5) bool sayf(struct wk_call *call, struct wk_turn *turn, struct wk_err *err, const char *fmt, ...);
/* An amount of this tenant's currency as people read it. */
const char *amount(struct wk_call *call, int64_t minor);
/* The order a node is about: a push's argument, else the context key. *rest (may be NULL): what follows the id. */
bool node_order(struct wk_call *call, struct wk_turn *turn, const char *key, struct wk_uuid *id, const char **rest);
/* Keep the order in `key` and enter the node. */
bool go_order(struct wk_call *call, struct wk_turn *turn, const char *key, const struct wk_uuid *id, const char *node, struct wk_err *err);
bool cart_load(struct wk_call *call, struct wk_turn *turn, struct cart *cart);
bool cart_store(struct wk_call *call, struct wk_turn *turn, const struct cart *cart, struct wk_err *err);
bool cart_drop(struct wk_call *call, struct wk_turn *turn, struct wk_err *err);
/* "1) 2 x Bread - 36.00" and so on; the sum through *subtotal. */
const char *cart_text(struct wk_call *call, const struct cart *cart, int64_t *subtotal);
/* The tenant's rules for fees and tax. */
struct quote_rules quote_rules(struct wk_call *call);
/* Tell the shop's person; catalog.no_vendor when there is none. One trip. */
bool push_shop(struct wk_call *call, const struct wk_uuid *vendor, const char *node, const char *arg, struct wk_err *err);
bool push_order(struct wk_call *call, const struct wk_uuid *user, const char *node, const struct wk_uuid *order, const char *more,
                struct wk_err *err);

/* Timers of one order: "unpaid", "remind", "silent", "answer". Setting one again moves it. */
bool timer_set(struct wk_call *call, const struct wk_uuid *order, const char *what, int64_t at_us, struct wk_err *err);
bool timer_drop(struct wk_call *call, const struct wk_uuid *order, const char *what, struct wk_err *err);
/* Notes and coins, in the words of a message. What an order may do depends on is_cash, never on the gateway's name. */
static inline bool is_cod(const struct order_row *row) { return !strcmp(row->o.payment_method, "cod"); }
/* T2: the result after placing, also for a second tap. */
bool show_result(struct wk_call *call, struct wk_turn *turn, const struct order_row *row, struct wk_err *err);

extern const struct wk_node nodes_cart[], nodes_checkout[], nodes_review[], nodes_track[], nodes_shop[];
bool on_status(struct wk_call *call, const struct wk_event *event, struct wk_err *err);
bool on_payment(struct wk_call *call, const struct wk_event *event, struct wk_err *err);
bool on_timer(struct wk_call *call, const struct wk_event *event, struct wk_err *err);
#endif
