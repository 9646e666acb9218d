/* nearest.c - the word somebody meant. */
#include "config/config.h"
#define WORD_MAX 63

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;

    return m < c ? m : c;
}

/* Damerau-Levenshtein in its optimal-alignment form: insert, delete, replace, swap of neighbours cost one each. */
static size_t distance(const char *a, size_t an, const char *b, size_t bn)
{
    size_t rows[3][WORD_MAX + 1], *before = rows[0], *last = rows[1], *row = rows[2], *spare;

    for (size_t j = 0; j <= bn; j++)
        last[j] = j;
    for (size_t i = 1; i <= an; i++) {
        row[0] = i;
        for (size_t j = 1; j <= bn; j++) {
            row[j] = min3(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < row[j])
                row[j] = before[j - 2] + 1;
        }
        spare = before;
        before = last;
        last = row;
        row = spare;
    }
    return last[bn];
}

const char *wk_nearest(const char *word, const char *const *candidates, size_t n)
{
    size_t len = strlen(word), best = SIZE_MAX;
    const char *found = NULL;

    if (!len || len > WORD_MAX)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        size_t other = strlen(candidates[i]), longer = other > len ? other : len, d;

        if (!other || other > WORD_MAX)
            continue;
        d = distance(word, len, candidates[i], other);
        if (d > 0 && d < best && d * 3 <= longer) {
            best = d;
            found = candidates[i];
        }
    }
    return found;
}
