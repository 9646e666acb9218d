#include "texts.h"

#include <string.h>

static const struct text {
    const char *key, *en;
} texts[] = {
    {"c0.cart", "My cart"},
    {"c0.open", "Browse"},
    {"c0.search", "Search"},
    {"c0.text", "What are you looking for? Pick a shelf, or just type what you need."},
    {"c3.ask", "Type what you need, e.g. \"bread\" or \"2 milk\"."},
    {"c3.browse", "Browse"},
    {"c3.none", "I found nothing for \"%s\"."},
    {"c3.person", "Ask a person"},
    {"c3.short", "Please type at least two letters of what you need."},
    {"c3.again", "Try again"},
    {"c5.all", "This is what the shops have:"},
    {"c5.found", "This is what I found for \"%s\":"},
    {"c5.gone", "There is nothing here just now."},
    {"c5.more", "More ▸"},
    {"c5.open", "Products"},
    {"c6.add", "Add to cart"},
    {"c6.back", "Back"},
    {"c6.cart", "Cart"},
    {"c6.gone", "That product is not sold any more."},
    {"c6.similar", "Similar"},
    {"stock.few", "only %lld left"},
    {"stock.in", "in stock"},
    {"stock.out", "sold out"},
};

const char *shop_text(const char *language, const char *key)
{
    (void)language; /* one column so far */
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!strcmp(texts[i].key, key))
            return texts[i].en;
    return key;
}

const char *shop_text_key(size_t i, const char **text)
{
    if (i >= sizeof texts / sizeof *texts)
        return NULL;
    *text = texts[i].en;
    return texts[i].key;
}
