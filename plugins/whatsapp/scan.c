/* scan.c - see scan.h. The plain bytes of strings go eight at a time: they are most of every body. */
#include "scan.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EACH(byte) (0x0101010101010101ull * (uint8_t)(byte))

enum { KEY_MAX = 64 }; /* no member we look for has a longer name */

const char *wa_scan_fail(struct wa_scan *s, const char *p, const char *why)
{
    s->stop = p;
    s->why = why;
    return NULL;
}

static inline const char *skip_space(const char *p, const char *end)
{
    uint64_t word;

    if (p < end && (unsigned char)*p > ' ') /* compact bodies: no space at all */
        return p;
    for (;;) {
        while (end - p >= 8 && (memcpy(&word, p, 8), word == EACH(' '))) /* indented ones: mostly this */
            p += 8;
        if (p == end || (*p != ' ' && *p != '\n' && *p != '\r' && *p != '\t'))
            return p;
        p++;
    }
}

/* The first byte that is a quote, a backslash, a control character or not ASCII. In each mask a borrow only travels upwards from a byte that is
 * itself a hit, so the lowest set bit is exact. */
static inline const char *skip_plain(const char *p, const char *end)
{
    while (end - p >= 8) {
        uint64_t word, quote, slash, hit;

        memcpy(&word, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
#endif
        quote = word ^ EACH('"');
        slash = word ^ EACH('\\');
        hit = (((quote - EACH(1)) & ~quote) | ((slash - EACH(1)) & ~slash) | ((word - EACH(0x20)) & ~word) | word) & EACH(0x80);
        if (hit)
            return p + (__builtin_ctzll(hit) >> 3);
        p += 8;
    }
    while (p < end && (unsigned char)*p >= 0x20 && (unsigned char)*p < 0x80 && *p != '"' && *p != '\\')
        p++;
    return p;
}

/* One UTF-8 sequence of two to four bytes, by the table of RFC 3629. */
static const char *scan_utf8(struct wa_scan *s, const char *p)
{
    const unsigned char *b = (const unsigned char *)p;
    size_t left = (size_t)(s->end - p), n;
    unsigned char low = 0x80, high = 0xbf; /* bounds of the second byte */

    if (b[0] >= 0xc2 && b[0] <= 0xdf) {
        n = 2;
    } else if (b[0] >= 0xe0 && b[0] <= 0xef) {
        n = 3;
        low = b[0] == 0xe0 ? 0xa0 : 0x80;
        high = b[0] == 0xed ? 0x9f : 0xbf;
    } else if (b[0] >= 0xf0 && b[0] <= 0xf4) {
        n = 4;
        low = b[0] == 0xf0 ? 0x90 : 0x80;
        high = b[0] == 0xf4 ? 0x8f : 0xbf;
    } else {
        return wa_scan_fail(s, p, "invalid UTF-8");
    }
    if (left < n || b[1] < low || b[1] > high)
        return wa_scan_fail(s, p, "invalid UTF-8");
    for (size_t i = 2; i < n; i++)
        if ((b[i] & 0xc0) != 0x80)
            return wa_scan_fail(s, p, "invalid UTF-8");
    return p + n;
}

/* Four hex digits; -1 when there are none. */
static int hex4(const char *p, const char *end)
{
    int value = 0;

    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;

        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

static bool is_high_half(int unit) { return unit >= 0xd800 && unit <= 0xdbff; }
static bool is_low_half(int unit) { return unit >= 0xdc00 && unit <= 0xdfff; }

static const char *scan_escape(struct wa_scan *s, const char *p, uint8_t *flags) /* p at the backslash */
{
    int unit;

    *flags |= WA_ESCAPED;
    if (s->end - p < 2)
        return wa_scan_fail(s, p, "truncated");
    switch (p[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return p + 2;
    case 'u':
        break;
    default:
        return wa_scan_fail(s, p, "unknown escape");
    }
    unit = hex4(p + 2, s->end);
    if (unit < 0)
        return wa_scan_fail(s, p, "\\u needs four hex digits");
    p += 6;
    if (unit == 0 || is_low_half(unit)) {
        *flags |= WA_ODD;
    } else if (is_high_half(unit)) {
        if (s->end - p >= 6 && p[0] == '\\' && p[1] == 'u' && is_low_half(hex4(p + 2, s->end)))
            return p + 6;
        *flags |= WA_ODD; /* what follows is read for itself */
    }
    return p;
}

/* p behind the opening quote; returns the closing one. */
static const char *scan_string(struct wa_scan *s, const char *p, uint8_t *flags)
{
    for (;;) {
        p = skip_plain(p, s->end);
        if (p == s->end)
            return wa_scan_fail(s, p, "truncated");
        if (*p == '"')
            return p;
        if (*p == '\\')
            p = scan_escape(s, p, flags);
        else if ((unsigned char)*p < 0x20)
            return wa_scan_fail(s, p, "control character in a string");
        else
            p = scan_utf8(s, p);
        if (!p)
            return NULL;
    }
}

static inline bool is_digit(const char *p, const char *end) { return p < end && *p >= '0' && *p <= '9'; }

static const char *scan_number(struct wa_scan *s, const char *p)
{
    const char *end = s->end;

    if (*p == '-')
        p++;
    if (!is_digit(p, end))
        return wa_scan_fail(s, p, "not a value");
    if (*p == '0')
        p++;
    else
        while (is_digit(p, end))
            p++;
    if (p < end && *p == '.') {
        p++;
        if (!is_digit(p, end))
            return wa_scan_fail(s, p, "not a number");
        while (is_digit(p, end))
            p++;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < end && (*p == '+' || *p == '-'))
            p++;
        if (!is_digit(p, end))
            return wa_scan_fail(s, p, "not a number");
        while (is_digit(p, end))
            p++;
    }
    return p;
}

static const char *scan_word(struct wa_scan *s, const char *p, const char *word, size_t len)
{
    return (size_t)(s->end - p) >= len && !memcmp(p, word, len) ? p + len : wa_scan_fail(s, p, "not a value");
}

/* Which of the fields a name is; n: none. */
static size_t find_field(const struct wa_field *fields, size_t n, const char *name, size_t len, uint8_t flags)
{
    char plain[KEY_MAX * 6];
    size_t i;

    if (flags) {
        struct wa_ref ref = {.at = name, .len = (uint32_t)len, .kind = WA_STRING, .flags = flags};

        if (len > sizeof plain)
            return n;
        len = wa_unescape(&ref, plain);
        name = plain;
    }
    for (i = 0; i < n; i++)
        if (fields[i].len == len && !memcmp(fields[i].name, name, len))
            break;
    return i;
}

/* An object's members; p behind '{'. */
static const char *scan_members(struct wa_scan *s, const char *p, unsigned depth, const struct wa_field *fields, size_t n,
                                struct wa_ref *refs, void *owner)
{
    p = skip_space(p, s->end);
    if (p < s->end && *p == '}')
        return p + 1;
    for (;;) {
        struct wa_ref other, *ref = &other;
        const char *name, *close;
        uint8_t flags = 0;
        size_t i = n;

        if (p == s->end || *p != '"')
            return wa_scan_fail(s, p, p == s->end ? "truncated" : "a member needs a name");
        name = p + 1;
        close = scan_string(s, name, &flags);
        if (!close)
            return NULL;
        if (n)
            i = find_field(fields, n, name, (size_t)(close - name), flags);
        p = skip_space(close + 1, s->end);
        if (p == s->end || *p != ':')
            return wa_scan_fail(s, p, p == s->end ? "truncated" : "a name needs a colon");
        p = skip_space(p + 1, s->end);
        if (i < n)
            ref = &refs[i];
        p = i < n && fields[i].visit ? fields[i].visit(s, p, depth, owner, ref) : wa_scan_value(s, p, depth, ref);
        if (!p)
            return NULL;
        p = skip_space(p, s->end);
        if (p == s->end)
            return wa_scan_fail(s, p, "truncated");
        if (*p == '}')
            return p + 1;
        if (*p != ',')
            return wa_scan_fail(s, p, "members need a comma between them");
        p = skip_space(p + 1, s->end);
    }
}

/* An array's elements; p behind '['. */
static const char *scan_elements(struct wa_scan *s, const char *p, unsigned depth, wa_visit element, void *owner)
{
    p = skip_space(p, s->end);
    if (p < s->end && *p == ']')
        return p + 1;
    for (;;) {
        struct wa_ref ref;

        p = element ? element(s, p, depth, owner, &ref) : wa_scan_value(s, p, depth, &ref);
        if (!p)
            return NULL;
        p = skip_space(p, s->end);
        if (p == s->end)
            return wa_scan_fail(s, p, "truncated");
        if (*p == ']')
            return p + 1;
        if (*p != ',')
            return wa_scan_fail(s, p, "elements need a comma between them");
        p = skip_space(p + 1, s->end);
    }
}

/* What all containers share: the depth, and where the whole is. */
static const char *container_done(const char *from, const char *to, enum wa_kind kind, struct wa_ref *ref)
{
    if (to)
        *ref = (struct wa_ref){.at = from, .len = (uint32_t)(to - from), .kind = (uint8_t)kind};
    return to;
}

const char *wa_scan_value(struct wa_scan *s, const char *p, unsigned depth, struct wa_ref *ref)
{
    const char *from = p;
    uint8_t flags = 0;

    if (p == s->end)
        return wa_scan_fail(s, p, "truncated");
    switch (*p) {
    case '"':
        p = scan_string(s, p + 1, &flags);
        if (!p)
            return NULL;
        *ref = (struct wa_ref){.at = from + 1, .len = (uint32_t)(p - from - 1), .kind = WA_STRING, .flags = flags};
        return p + 1;
    case '{':
        if (depth >= WA_DEPTH)
            return wa_scan_fail(s, p, "too deep");
        return container_done(from, scan_members(s, p + 1, depth + 1, NULL, 0, NULL, NULL), WA_OBJECT, ref);
    case '[':
        if (depth >= WA_DEPTH)
            return wa_scan_fail(s, p, "too deep");
        return container_done(from, scan_elements(s, p + 1, depth + 1, NULL, NULL), WA_ARRAY, ref);
    case 't':
        return container_done(from, scan_word(s, p, "true", 4), WA_TRUE, ref);
    case 'f':
        return container_done(from, scan_word(s, p, "false", 5), WA_FALSE, ref);
    case 'n':
        return container_done(from, scan_word(s, p, "null", 4), WA_NULL, ref);
    default:
        return container_done(from, scan_number(s, p), WA_NUMBER, ref);
    }
}

const char *wa_scan_record(struct wa_scan *s, const char *p, unsigned depth, const struct wa_field *fields, size_t n,
                           struct wa_ref *refs, void *owner, struct wa_ref *ref)
{
    if (p == s->end || *p != '{')
        return wa_scan_value(s, p, depth, ref);
    if (depth >= WA_DEPTH)
        return wa_scan_fail(s, p, "too deep");
    return container_done(p, scan_members(s, p + 1, depth + 1, fields, n, refs, owner), WA_OBJECT, ref);
}

const char *wa_scan_list(struct wa_scan *s, const char *p, unsigned depth, wa_visit element, void *owner, struct wa_ref *ref)
{
    if (p == s->end || *p != '[')
        return wa_scan_value(s, p, depth, ref);
    if (depth >= WA_DEPTH)
        return wa_scan_fail(s, p, "too deep");
    return container_done(p, scan_elements(s, p + 1, depth + 1, element, owner), WA_ARRAY, ref);
}

bool wa_scan_text(struct wa_scan *s, const char *text, size_t len, wa_visit visit, void *owner, struct wa_ref *ref)
{
    const char *p;

    *s = (struct wa_scan){.end = text + len};
    if (len > UINT32_MAX / 2)
        return wa_scan_fail(s, text, "too long") != NULL;
    p = skip_space(text, s->end);
    p = visit ? visit(s, p, 0, owner, ref) : wa_scan_value(s, p, 0, ref);
    if (!p)
        return false;
    p = skip_space(p, s->end);
    return p == s->end || wa_scan_fail(s, p, "more than one value");
}

bool wa_members(const struct wa_ref *object, const struct wa_field *fields, size_t n, struct wa_ref *refs)
{
    struct wa_scan s;
    struct wa_ref whole;

    memset(refs, 0, n * sizeof *refs);
    if (object->kind != WA_OBJECT)
        return false;
    s = (struct wa_scan){.end = object->at + object->len};
    return wa_scan_record(&s, object->at, 0, fields, n, refs, NULL, &whole) != NULL;
}

struct wa_ref wa_member(const struct wa_ref *object, const char *name)
{
    const struct wa_field field = {.name = name, .len = (uint32_t)strlen(name)};
    struct wa_ref ref;

    return wa_members(object, &field, 1, &ref) ? ref : (struct wa_ref){0};
}

struct wa_ref wa_first(const struct wa_ref *array)
{
    struct wa_ref ref = {0};

    if (array->kind == WA_ARRAY) {
        struct wa_scan s = {.end = array->at + array->len};
        const char *p = skip_space(array->at + 1, s.end);

        if (*p != ']' && !wa_scan_value(&s, p, 1, &ref))
            return (struct wa_ref){0};
    }
    return ref;
}

static size_t put_utf8(char *out, unsigned c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

/* The character of a \u escape at p; moves p behind all of it. */
static unsigned read_unit(const char **p, const char *end)
{
    int unit = hex4(*p + 2, end), low;

    *p += 6;
    if (unit <= 0 || is_low_half(unit))
        return 0xfffd;
    if (!is_high_half(unit))
        return (unsigned)unit;
    if (end - *p < 6 || (*p)[0] != '\\' || (*p)[1] != 'u' || !is_low_half(low = hex4(*p + 2, end)))
        return 0xfffd;
    *p += 6;
    return 0x10000u + ((unsigned)(unit - 0xd800) << 10) + (unsigned)(low - 0xdc00);
}

size_t wa_unescape(const struct wa_ref *string, char *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *p = string->at, *end = p + string->len;
    char *q = out;

    if (!(string->flags & WA_ESCAPED)) {
        memcpy(out, p, string->len);
        return string->len;
    }
    while (p < end) {
        const char *slash = memchr(p, '\\', (size_t)(end - p));
        size_t plain = (size_t)((slash ? slash : end) - p);

        memcpy(q, p, plain);
        q += plain;
        p += plain;
        if (!slash)
            break;
        if (p[1] == 'u') {
            q += put_utf8(q, read_unit(&p, end));
        } else {
            *q++ = to[strchr(from, p[1]) - from];
            p += 2;
        }
    }
    return (size_t)(q - out);
}

bool wa_is(const struct wa_ref *string, const char *text)
{
    struct wa_ref other = {.at = text, .len = (uint32_t)strlen(text), .kind = WA_STRING};

    return wa_same(string, &other);
}

bool wa_same(const struct wa_ref *a, const struct wa_ref *b)
{
    char left[1024], right[1024];
    size_t n;

    if (a->kind != WA_STRING || b->kind != WA_STRING)
        return false;
    if (!a->flags && !b->flags)
        return a->len == b->len && !memcmp(a->at, b->at, a->len);
    if (a->len > sizeof left || b->len > sizeof right) /* longer than any id */
        return false;
    n = wa_unescape(a, left);
    return n == wa_unescape(b, right) && !memcmp(left, right, n);
}

bool wa_integer(const struct wa_ref *value, int64_t *out)
{
    const char *p, *end;
    int64_t n = 0;
    bool is_negative;

    if ((value->kind != WA_NUMBER && value->kind != WA_STRING) || !value->len)
        return false;
    p = value->at;
    end = p + value->len;
    is_negative = *p == '-';
    p += is_negative;
    if (p == end || end - p > 18)
        return false;
    for (; p < end; p++) {
        if (*p < '0' || *p > '9')
            return false;
        n = n * 10 + (*p - '0');
    }
    *out = is_negative ? -n : n;
    return true;
}

bool wa_real(const struct wa_ref *value, double *out)
{
    char text[64], *rest;
    double n;

    if ((value->kind != WA_NUMBER && value->kind != WA_STRING) || !value->len || value->len >= sizeof text)
        return false;
    memcpy(text, value->at, value->len);
    text[value->len] = '\0';
    if (strspn(text, "+-.0123456789eE") != value->len) /* no "nan", no "0x1p3" */
        return false;
    n = strtod(text, &rest);
    if (*rest || !isfinite(n))
        return false;
    *out = n;
    return true;
}
