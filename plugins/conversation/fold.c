/* fold.c - one small table per block of letters; anything else passes unchanged. ICU does this for every script; until it is a
 * dependency, Latin-1 and Latin Extended-A cover the six languages. */
#include "fold.h"

#include <string.h>

#include "utf8.h"

/* Base letters of U+00C0..U+00FF and U+0100..U+017F; '?' = two letters or none, handled apart. */
static const char latin1[] = "aaaaaa?ceeeeiiiidnooooo ouuuuy??aaaaaa?ceeeeiiiidnooooo ouuuuy?y";
static const char latin_a[] = "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii??jjkkkllllllllllnnnnnnnnnoooooo??rrrrrrssssssss"
                              "ttttttuuuuuuuuuuuuwwyyyzzzzzzs";
_Static_assert(sizeof latin1 - 1 == 64 && sizeof latin_a - 1 == 128, "one letter per code point");

static bool is_dropped(uint32_t c)
{
    return (c >= 0x300 && c <= 0x36F) || c == '\'' || c == 0x2019 || c == 0x2018 || c == '`' || c == 0xB4 || /* marks, apostrophes */
           c == 0xAD || (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x2069) ||
           c == 0xFEFF || (c >= 0xFE00 && c <= 0xFE0F) || c == 0x20E3 || (c >= 0x1F3FB && c <= 0x1F3FF); /* invisible, skin tones */
}

static bool is_space_like(uint32_t c)
{
    if (c < 0x80)
        return !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
    return (c >= 0x80 && c <= 0xBF && c != 0xAA && c != 0xB5 && c != 0xBA) || c == 0xD7 || c == 0xF7 ||
           (c >= 0x2000 && c <= 0x206F) || (c >= 0x3000 && c <= 0x303F) || c == 0x060C || c == 0x061B || c == 0x061F || c == 0x06D4 ||
           c == 0x1680 || c == 0xFFFD;
}

static uint32_t narrow(uint32_t c)
{
    static const uint32_t zeros[] = {0x0660, 0x06F0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0BE6, 0x0C66, 0x0E50, 0xFF10};

    for (size_t i = 0; i < sizeof zeros / sizeof *zeros; i++)
        if (c >= zeros[i] && c <= zeros[i] + 9)
            return '0' + (c - zeros[i]);
    return c >= 0xFF01 && c <= 0xFF5E ? c - 0xFEE0 : c;
}

/* The folded letters of one code point into out; returns how many bytes. */
static size_t letters(uint32_t c, char out[4])
{
    char base = 0;

    if (c >= 'A' && c <= 'Z')
        base = (char)(c + 32);
    else if (c >= 0xC0 && c <= 0xFF)
        base = latin1[c - 0xC0];
    else if (c >= 0x100 && c <= 0x17F)
        base = latin_a[c - 0x100];
    else if ((c >= 0x391 && c <= 0x3A9) || (c >= 0x410 && c <= 0x42F))
        return utf8_put(out, c + 32);
    else if (c >= 0x400 && c <= 0x40F)
        return utf8_put(out, c + 80);
    if (base == '?') {
        const char *two = c == 0xC6 || c == 0xE6 ? "ae" : c == 0xDF ? "ss" : c == 0x152 || c == 0x153 ? "oe" : "ij";

        if (c == 0xDE || c == 0xFE)
            two = "th";
        memcpy(out, two, 2);
        return 2;
    }
    if (base && base != ' ') {
        out[0] = base;
        return 1;
    }
    return utf8_put(out, c);
}

static bool is_emoji(uint32_t c) { return (c >= 0x2600 && c <= 0x27BF) || c >= 0x1F000; }
static bool repeats(uint32_t c) { return !(c >= '0' && c <= '9') && !is_emoji(c); } /* "1000" stays a thousand */

size_t fold_text(const char *text, char *out, size_t out_size)
{
    size_t n = 0, run_at = 0;
    uint32_t last = 0, run = 0;
    bool gap = false;

    for (const char *p = text; (size_t)(p - text) < FOLD_MAX;) {
        uint32_t c = narrow(utf8_next(&p));
        char piece[4];
        size_t len;

        if (!c)
            break;
        if (is_dropped(c))
            continue;
        if (is_space_like(c)) {
            gap = true;
            last = 0;
            continue;
        }
        if (is_emoji(c) || is_emoji(last))
            gap = true;
        len = letters(c, piece);
        if (len == 1)
            c = (unsigned char)piece[0]; /* case and accents do not end a run */
        if (c == last && !gap && repeats(c)) {
            if (++run >= 3) {
                n = run_at + len; /* keep the first of the run */
                continue;
            }
        } else {
            run = 1;
            run_at = n + (gap && n ? 1 : 0);
        }
        if (n + len + 2 > out_size)
            break;
        if (gap && n)
            out[n++] = ' ';
        gap = false;
        last = c;
        memcpy(out + n, piece, len);
        n += len;
    }
    out[n] = '\0';
    return n;
}

static int digits(const char *text)
{
    const char *p = text;
    int value = -1;
    uint32_t c;

    do
        c = narrow(utf8_next(&p));
    while (c == ' ' || c == '\n' || c == '\t' || c == 0xA0 || (c && is_dropped(c)));
    for (; c >= '0' && c <= '9'; c = narrow(utf8_next(&p))) {
        value = (value < 0 ? 0 : value * 10) + (int)(c - '0');
        if (value > 9999)
            return -1;
        while (*p && is_dropped(utf8_next(&(const char *){p}))) /* the rest of a keycap emoji */
            (void)utf8_next(&p);
    }
    if (c == '.' || c == ')')
        c = narrow(utf8_next(&p));
    while (c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == 0xA0)
        c = narrow(utf8_next(&p));
    return c ? -1 : value;
}

int fold_number(const char *text)
{
    static const char *const words[] = {"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"};
    char folded[32];
    int value = digits(text);

    if (value >= 0 || strlen(text) > 24)
        return value;
    (void)fold_text(text, folded, sizeof folded);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(folded, words[i]))
            return (int)i + 1;
    return -1;
}
