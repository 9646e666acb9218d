#include "query.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* English first; a few words of the other languages that stand before a thing. Never a word that could be the thing. */
static const char *const fillers[] = {
    "a", "an", "any", "anything", "are", "buy", "can", "could", "do", "does", "find", "for", "get", "give", "have", "hello", "hi", "how", "i",
    "id", "im", "is", "like", "looking", "me", "much", "my", "need", "of", "order", "please", "pls", "price", "sell", "send", "shop", "some", "the",
    "there", "to", "want", "wanna", "what", "whats", "where", "would", "you", "your", /* sw */ "bei", "gani", "kununua", "mna", "nataka",
    "naomba", "ya", /* pcm */ "una", "wan", "wetin", "dey", /* af */ "ek", "het", "julle", "koop", "wil", /* fr */ "avez", "acheter",
    "du", "des", "je", "le", "la", "les", "un", "une", "veux", "voudrais", "vous"};

static bool is_filler(const char *word, size_t len)
{
    for (size_t i = 0; i < sizeof fillers / sizeof *fillers; i++)
        if (strlen(fillers[i]) == len && !strncasecmp(fillers[i], word, len))
            return true;
    return false;
}

static bool is_gap(char c) { return c && strchr(" \t\r\n?!,.;:\"()", c); }

/* "2 ", "2x " at the front; the rest of the text. */
static const char *leading_number(const char *p, int *quantity)
{
    char *end;
    long n;

    if (!isdigit((unsigned char)*p))
        return p;
    n = strtol(p, &end, 10);
    if ((*end == 'x' || *end == 'X') && (end[1] == ' ' || isalpha((unsigned char)end[1])))
        end++;
    else if (*end != ' ')
        return p;
    if (n < 1 || n > 99 || !end[strspn(end, " \t\r\n?!,.;:")])
        return p;
    *quantity = (int)n;
    return end;
}

void query_read(const char *text, struct query *out)
{
    const char *p = text + strspn(text, " \t\r\n");
    size_t n = 0, limit = 0;
    bool has_word = false;

    memset(out, 0, sizeof *out);
    p = leading_number(p, &out->quantity);
    while (*p && limit < QUERY_MAX) {
        size_t gap = 0, len = 0, at;

        while (is_gap(p[gap]))
            gap++;
        p += gap;
        while (p[len] && !is_gap(p[len]))
            len++;
        if (!len)
            break;
        if (!has_word && !out->quantity && isdigit((unsigned char)*p)) { /* "I want 2 milk" */
            const char *rest = leading_number(p, &out->quantity);

            if (rest != p) {
                p = rest;
                continue;
            }
        }
        if (!is_filler(p, len)) {
            for (at = 0; at < len && limit < QUERY_MAX && n + 2 < sizeof out->words; at++) {
                limit += ((unsigned char)p[at] & 0xC0) != 0x80; /* characters, not bytes */
                if (!at && n)
                    out->words[n++] = ' ';
                out->words[n++] = p[at];
            }
            while (at < len && ((unsigned char)p[at] & 0xC0) == 0x80 && n + 1 < sizeof out->words)
                out->words[n++] = p[at++]; /* the rest of a character */
            has_word = true;
        }
        p += len;
    }
    out->words[n] = '\0';
}
