/* cart.h - the cart as it lies in the conversation's context, and the words people change it with. Pure.
 *
 * It lives in the context because the context is loaded and saved with every turn anyway: showing and changing a cart costs no trip to the
 * database. Its bounds keep it inside one context value (2 KiB). The cart's id is the order's idempotency anchor. */
#ifndef ORDERS_CART_H
#define ORDERS_CART_H
#include <wakala/base.h>

#define CART_LINES 12
#define CART_QUANTITY_MAX 99
#define CART_NAME 100 /* bytes of a line's name; 40 characters */
#define CART_TEXT 2048

struct cart_line {
    struct wk_uuid variant;
    int64_t quantity, price; /* the price as last shown */
    char name[CART_NAME + 1];
};
struct cart {
    struct wk_uuid id, vendor;
    char vendor_name[61];
    size_t n;
    struct cart_line lines[CART_LINES];
};

/* From the two context values (either may be NULL); a damaged text gives an empty cart and false. */
bool cart_read(struct cart *cart, const char *head, const char *lines);
/* Into two texts of CART_TEXT bytes. */
void cart_write(const struct cart *cart, char *head, char *lines);
/* Copies at most `max_chars` characters and `size - 1` bytes, never half a character, without control characters. */
void text_cut(char *out, size_t size, const char *text, size_t max_chars);
/* Adds to the line of that variant or makes one. False: the cart is full. */
bool cart_add(struct cart *cart, const struct cart_line *line);
void cart_remove(struct cart *cart, size_t at);
/* The line of a variant; cart->n when there is none. */
size_t cart_find(const struct cart *cart, const struct wk_uuid *variant);
int64_t cart_items(const struct cart *cart);

/* "3", "three": 1..999 (0 is read too); false for everything else. */
bool words_quantity(const char *text, int64_t *quantity);
enum cart_command { CART_NONE = 0, CART_REMOVE, CART_SET, CART_CLEAR };
/* "remove 1", "1 x 3", "1x3", "clear". `line` counts from 1. */
enum cart_command words_cart(const char *text, int64_t *line, int64_t *quantity);
#endif
