/* base.h - words that every other header uses: visibility, cleanup, ids, spans.
 * Plain C11, no state, nothing here suspends. */
#ifndef WAKALA_BASE_H
#define WAKALA_BASE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Plugins are built with -fvisibility=hidden: what the host looks up is exported, all else stays inside. */
#define WK_EXPORT __attribute__((visibility("default")))
#define WK_HIDDEN __attribute__((visibility("hidden")))
/* Positions (from 1) of a format and of its first argument: the compiler checks them. */
#define WK_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define WK_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Scope-bound ownership: WK_AUTO(wk_thing) t = ...; calls wk_thing_destroy(t) on every way out. */
#define WK_AUTO(type) __attribute__((cleanup(type##_cleanup))) struct type *
#define WK_DEFINE_AUTO(type)                                                                                           \
    static inline void type##_cleanup(struct type **p) { type##_destroy(*p); }
/* Take the pointer out of a WK_AUTO variable: ownership leaves, nothing is destroyed. */
#define wk_steal(p) __extension__({ __typeof__(p) stolen_ = (p); (p) = NULL; stolen_; })

struct wk_uuid {
    uint8_t b[16];
}; /* RFC 9562, network order; all zero means "none" */
#define WK_UUID_TEXT 37 /* bytes of the text form with its NUL */

static inline bool wk_uuid_is_nil(const struct wk_uuid *id)
{
    static const struct wk_uuid nil;
    return memcmp(id, &nil, sizeof nil) == 0;
}
static inline bool wk_uuid_equal(const struct wk_uuid *a, const struct wk_uuid *b) { return !memcmp(a, b, sizeof *a); }

/* Lower-case text form into out (WK_UUID_TEXT bytes); returns out. */
static inline char *wk_uuid_text(const struct wk_uuid *id, char out[WK_UUID_TEXT])
{
    static const char hex[] = "0123456789abcdef";
    char *p = out;

    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *p++ = '-';
        *p++ = hex[id->b[i] >> 4];
        *p++ = hex[id->b[i] & 15];
    }
    *p = '\0';
    return out;
}

/* Reads exactly the 36-character form, either case; false leaves *out alone. */
static inline bool wk_uuid_parse(const char *text, struct wk_uuid *out)
{
    struct wk_uuid id;
    int n = 0;

    for (int i = 0; i < 36; i++) {
        char c = text[i];
        int v = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (c != '-')
                return false;
            continue;
        }
        if (v < 0)
            return false;
        id.b[n / 2] = (uint8_t)(n % 2 ? id.b[n / 2] | v : v << 4);
        n++;
    }
    if (text[36] != '\0')
        return false;
    *out = id;
    return true;
}

/* Bytes that belong to somebody else, valid as long as the text at the function says. Not NUL-terminated; data may be NULL only when len is 0. */
struct wk_span {
    const char *data;
    size_t len;
};
#endif
