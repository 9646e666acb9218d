/* words.c - looked up in the lexicon by a plain walk: 500 rows are some microseconds, once per message. */
#include "words.h"

#include <string.h>

static const struct {
    const char *word;
    int means;
} strict[] = {
    {"menu", LEX_MENU}, {"back", LEX_BACK},   {"cancel", LEX_CANCEL},     {"help", LEX_HELP}, {"cart", LEX_CART},
    {"track", LEX_TRACK}, {"language", LEX_LANGUAGE}, {"stop", LEX_STOP}, {"unsubscribe", LEX_STOP},
};

int words_command(const char *folded, bool is_strict)
{
    if (!*folded)
        return -1;
    for (size_t i = 0; i < sizeof strict / sizeof *strict; i++)
        if (!strcmp(folded, strict[i].word))
            return strict[i].means;
    if (is_strict)
        return -1;
    for (size_t i = 0; i < lexicon_count; i++) {
        const struct lexeme *x = &lexicon[i];

        if (x->means >= LEX_GREETING && x->kind != KIND_CONTAINS && !strcmp(folded, x->text))
            return x->means;
    }
    return -1;
}
