/* scan.c - one look over a conf file before libconfig gets it.
 * libconfig 1.5 wraps numbers past 32 bits silently (99999999999 reads as 1215752191), cuts strings at \x00, follows @include
 * and nests without limit. All four would make a setting mean something else than what stands there. */
#include <errno.h>
#include <stdlib.h>
#include "config/raw.h"

struct scan {
    const char *path, *at, *end;
    int line, depth;
    struct wk_problems *problems;
    bool is_ok;
};

static bool refuse(struct scan *s, const char *why)
{
    wk_problems_at(s->problems, s->path, s->line, "%s", why);
    return s->is_ok = false;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '*';
}
static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static void skip_line(struct scan *s)
{
    while (s->at < s->end && *s->at != '\n')
        s->at++;
}

static void skip_comment(struct scan *s)
{
    for (s->at += 2; s->at < s->end; s->at++) {
        if (*s->at == '\n')
            s->line++;
        if (*s->at == '*' && s->at + 1 < s->end && s->at[1] == '/') {
            s->at += 2;
            return;
        }
    }
}

static void skip_string(struct scan *s)
{
    int start = s->line;

    for (s->at++; s->at < s->end; s->at++) {
        if (*s->at == '\n')
            s->line++;
        if (*s->at == '"') {
            s->at++;
            return;
        }
        if (*s->at != '\\' || s->at + 1 >= s->end)
            continue;
        if (s->end - s->at >= 4 && !memcmp(s->at, "\\x00", 4))
            (void)refuse(s, "a string may not hold a zero byte (\\x00)");
        s->at++;
        if (*s->at == '\n')
            s->line++;
    }
    s->line = start;
    (void)refuse(s, "a string begins here and never ends: close it with a quote");
}

/* A number must be what it says: 32 bits, or 64 with the suffix L. */
static void take_number(struct scan *s)
{
    char digits[72];
    size_t n = 0;
    char *rest;
    bool is_hex;
    long long value;

    while (s->at < s->end && (is_word(*s->at) || *s->at == '.' || *s->at == '+')) {
        if (n < sizeof digits - 1)
            digits[n++] = *s->at;
        s->at++;
    }
    digits[n] = '\0';
    is_hex = n > 2 && digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
    if (strchr(digits, '.') || (!is_hex && strpbrk(digits, "eE")))
        return; /* a float: no setting is one, the type check says so */
    errno = 0;
    value = strtoll(digits, &rest, is_hex ? 16 : 10);
    if (errno == ERANGE)
        (void)refuse(s, "this number does not fit 64 bits");
    else if (*rest != 'L' && (value > INT32_MAX || value < INT32_MIN))
        (void)refuse(s, "a number past 2147483647 needs the suffix L, as in 3000000000L");
}

static void take_char(struct scan *s)
{
    char c = *s->at;

    if (c == '\n')
        s->line++;
    else if (c == '\0')
        (void)refuse(s, "the file holds a zero byte: it is not text");
    else if ((c == '{' || c == '(' || c == '[') && ++s->depth > WK_RAW_DEPTH_MAX)
        (void)refuse(s, "groups and lists are nested too deeply (8 at most)");
    else if ((c == '}' || c == ')' || c == ']') && s->depth > 0)
        s->depth--;
    else if (c == '@')
        (void)refuse(s, "@include is not supported: each plugin has its own file in wakala.d, the rest belongs here");
    s->at++;
}

bool wk_scan(const char *path, const char *text, size_t len, struct wk_problems *problems)
{
    struct scan s = {.path = path, .at = text, .end = text + len, .line = 1, .problems = problems, .is_ok = true};

    while (s.at < s.end && s.is_ok) {
        char c = *s.at, next = s.at + 1 < s.end ? s.at[1] : '\0';

        if (c == '#' || (c == '/' && next == '/'))
            skip_line(&s);
        else if (c == '/' && next == '*')
            skip_comment(&s);
        else if (c == '"')
            skip_string(&s);
        else if (is_digit(c) || ((c == '-' || c == '+') && is_digit(next)))
            take_number(&s);
        else if (is_word(c))
            while (s.at < s.end && is_word(*s.at))
                s.at++;
        else
            take_char(&s);
    }
    return s.is_ok;
}
