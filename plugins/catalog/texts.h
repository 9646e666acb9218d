/* texts.h - what the shop's nodes say, by key; locale/en.json is the same list for translators. Pure. */
#ifndef CATALOG_TEXTS_H
#define CATALOG_TEXTS_H
#include <stddef.h>

/* English so far; the key itself when nobody has it, so that a slip shows. Static. */
const char *shop_text(const char *language, const char *key);
const char *shop_text_key(size_t i, const char **text); /* for the test; NULL behind the last */
#endif
