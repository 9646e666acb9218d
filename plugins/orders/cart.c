#include "cart.h"
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

void text_cut(char *out, size_t size, const char *text, size_t max_chars)
{
    size_t o = 0, chars = 0;

    for (const unsigned char *p = (const unsigned char *)(text ? text : ""); *p; chars++) {
        size_t len = *p < 0x80 ? 1 : *p >= 0xF0 ? 4 : *p >= 0xE0 ? 3 : 2;

        for (size_t i = 1; i < len; i++) /* a broken sequence ends where it breaks */
            if ((p[i] & 0xC0) != 0x80)
                len = i;
        if (chars == max_chars || o + len >= size)
            break;
        if (len == 1 && (*p < 0x20 || *p == 0x7F))
            out[o++] = ' ';
        else
            for (size_t i = 0; i < len; i++)
                out[o++] = (char)p[i];
        p += len;
    }
    out[o] = '\0';
}

/* Copies up to `stop` or the end into out; returns where it stopped, after the stop byte. NULL: it did not fit. */
static const char *take(const char *p, char stop, char *out, size_t size)
{
    size_t n = 0;

    while (*p && *p != stop) {
        if (n + 1 >= size)
            return NULL;
        out[n++] = *p++;
    }
    out[n] = '\0';
    return *p ? p + 1 : p;
}

static bool take_number(const char **p, char stop, int64_t max, int64_t *out)
{
    char text[24], *end;

    *p = take(*p, stop, text, sizeof text);
    if (!*p || !text[0])
        return false;
    *out = strtoll(text, &end, 10);
    return !*end && *out >= 0 && *out <= max;
}

static bool read_line(const char **p, struct cart_line *line)
{
    char id[WK_UUID_TEXT];

    *p = take(*p, '\t', id, sizeof id);
    if (!*p || !wk_uuid_parse(id, &line->variant) || !take_number(p, '\t', CART_QUANTITY_MAX, &line->quantity) ||
        !take_number(p, '\t', INT64_C(1000000000), &line->price) || line->quantity < 1)
        return false;
    *p = take(*p, '\n', line->name, sizeof line->name);
    return *p != NULL;
}

bool cart_read(struct cart *cart, const char *head, const char *lines)
{
    char id[WK_UUID_TEXT], vendor[WK_UUID_TEXT];

    memset(cart, 0, sizeof *cart);
    if (!head || !*head)
        return true;
    head = take(head, ' ', id, sizeof id);
    head = head ? take(head, ' ', vendor, sizeof vendor) : NULL;
    if (!head || !wk_uuid_parse(id, &cart->id) || !wk_uuid_parse(vendor, &cart->vendor))
        goto damaged;
    text_cut(cart->vendor_name, sizeof cart->vendor_name, head, 60);
    for (const char *p = lines ? lines : ""; *p; cart->n++)
        if (cart->n == CART_LINES || !read_line(&p, &cart->lines[cart->n]))
            goto damaged;
    return true;
damaged:
    memset(cart, 0, sizeof *cart);
    return false;
}

void cart_write(const struct cart *cart, char *head, char *lines)
{
    char a[WK_UUID_TEXT], b[WK_UUID_TEXT];
    size_t used = 0;

    (void)snprintf(head, CART_TEXT, "%s %s %s", wk_uuid_text(&cart->id, a), wk_uuid_text(&cart->vendor, b), cart->vendor_name);
    lines[0] = '\0';
    for (size_t i = 0; i < cart->n; i++) {
        const struct cart_line *l = &cart->lines[i];
        int w = snprintf(lines + used, CART_TEXT - used, "%s\t%lld\t%lld\t%s\n", wk_uuid_text(&l->variant, a), (long long)l->quantity,
                         (long long)l->price, l->name);

        used += (size_t)w; /* 12 x (36 + 2 + 10 + 100 + 4) < CART_TEXT */
    }
}
_Static_assert(CART_LINES * (36 + 2 + 10 + CART_NAME + 4) < CART_TEXT, "a full cart fits one context value");

size_t cart_find(const struct cart *cart, const struct wk_uuid *variant)
{
    size_t i = 0;

    while (i < cart->n && !wk_uuid_equal(&cart->lines[i].variant, variant))
        i++;
    return i;
}

bool cart_add(struct cart *cart, const struct cart_line *line)
{
    size_t i = cart_find(cart, &line->variant);

    if (i == cart->n) {
        if (cart->n == CART_LINES)
            return false;
        cart->lines[cart->n++] = *line;
        return true;
    }
    cart->lines[i].quantity += line->quantity;
    if (cart->lines[i].quantity > CART_QUANTITY_MAX)
        cart->lines[i].quantity = CART_QUANTITY_MAX;
    cart->lines[i].price = line->price;
    return true;
}

void cart_remove(struct cart *cart, size_t at)
{
    if (at >= cart->n)
        return;
    memmove(&cart->lines[at], &cart->lines[at + 1], (cart->n - at - 1) * sizeof cart->lines[0]);
    cart->n--;
}

int64_t cart_items(const struct cart *cart)
{
    int64_t items = 0;

    for (size_t i = 0; i < cart->n; i++)
        items += cart->lines[i].quantity;
    return items;
}

/* Lower case, single spaces, no ends, "×" as x; false when it does not fit. */
static bool fold(const char *text, char *out, size_t size)
{
    size_t o = 0;

    for (const char *p = text ? text : ""; *p; p++) {
        char c = *p;

        if ((unsigned char)c == 0xC3 && (unsigned char)p[1] == 0x97) {
            c = 'x';
            p++;
        }
        if (c == '\t' || c == '\n' || c == '\r')
            c = ' ';
        if (c == ' ' && (!o || out[o - 1] == ' '))
            continue;
        if (o + 1 >= size)
            return false;
        out[o++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    while (o && (out[o - 1] == ' ' || out[o - 1] == '.' || out[o - 1] == '!'))
        o--;
    out[o] = '\0';
    return true;
}

static bool digits(const char **p, int64_t *out)
{
    const char *s = *p;

    *out = 0;
    while (*s >= '0' && *s <= '9' && s - *p < 3)
        *out = *out * 10 + (*s++ - '0');
    if (s == *p || (*s >= '0' && *s <= '9'))
        return false;
    *p = s;
    return true;
}

bool words_quantity(const char *text, int64_t *quantity)
{
    static const char *const words[] = {"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"};
    char t[32];
    const char *p = t;

    if (!fold(text, t, sizeof t))
        return false;
    for (size_t i = 0; i < WK_COUNT(words); i++)
        if (!strcmp(t, words[i])) {
            *quantity = (int64_t)i + 1;
            return true;
        }
    return digits(&p, quantity) && !*p;
}

enum cart_command words_cart(const char *text, int64_t *line, int64_t *quantity)
{
    char t[48];
    const char *p = t;

    if (!fold(text, t, sizeof t))
        return CART_NONE;
    if (!strcmp(t, "clear") || !strcmp(t, "empty") || !strcmp(t, "empty cart") || !strcmp(t, "clear cart"))
        return CART_CLEAR;
    if (!strncmp(t, "remove ", 7)) {
        p = t + 7;
        return digits(&p, line) && !*p && *line >= 1 ? CART_REMOVE : CART_NONE;
    }
    if (!digits(&p, line) || *line < 1)
        return CART_NONE;
    while (*p == ' ')
        p++;
    if (*p++ != 'x')
        return CART_NONE;
    while (*p == ' ')
        p++;
    return digits(&p, quantity) && !*p ? CART_SET : CART_NONE;
}
