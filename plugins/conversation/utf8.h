/* utf8.h - code points of texts that the channel has already checked to be UTF-8. Pure. */
#ifndef CONVERSATION_UTF8_H
#define CONVERSATION_UTF8_H
#include <stddef.h>
#include <stdint.h>

/* The code point at *p, which moves behind it; 0 at the end. A broken byte reads as U+FFFD, so that a loop always ends. */
static inline uint32_t utf8_next(const char **p)
{
    const unsigned char *s = (const unsigned char *)*p;
    uint32_t c = s[0];
    int more = c < 0x80 ? 0 : c >= 0xC2 && c < 0xE0 ? 1 : (c & 0xF0) == 0xE0 ? 2 : c >= 0xF0 && c < 0xF5 ? 3 : -1;

    if (!c)
        return 0;
    if (more < 0) {
        ++*p;
        return 0xFFFD;
    }
    c = more == 0 ? c : more == 1 ? c & 0x1F : more == 2 ? c & 0x0F : c & 0x07;
    for (int i = 1; i <= more; i++) {
        if ((s[i] & 0xC0) != 0x80) {
            *p += i;
            return 0xFFFD;
        }
        c = c << 6 | (s[i] & 0x3F);
    }
    *p += more + 1;
    return c;
}

/* Write `c` at out (up to 4 bytes, no NUL); returns how many. */
static inline size_t utf8_put(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

/* Characters, as the channel's limits count them. */
static inline size_t utf8_length(const char *text)
{
    size_t n = 0;

    while (utf8_next(&text))
        n++;
    return n;
}

/* Bytes that the first `chars` characters take. */
static inline size_t utf8_bytes(const char *text, size_t chars)
{
    const char *p = text;

    for (size_t i = 0; i < chars && utf8_next(&p); i++)
        ;
    return (size_t)(p - text);
}

/* The longest cut of at most `bytes` bytes that ends on a character boundary. */
static inline size_t utf8_floor(const char *text, size_t len, size_t bytes)
{
    if (len <= bytes)
        return len;
    while (bytes && ((unsigned char)text[bytes] & 0xC0) == 0x80)
        bytes--;
    return bytes;
}
#endif
