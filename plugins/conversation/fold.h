/* fold.h - the normal form of what people type, so that "MENÚ!!", "menuuu" and "menu" are one word. Pure.
 *
 * Lower case, diacritics off (Latin letters), full-width forms narrowed, digits of other scripts to 0-9, letters repeated three
 * times or more to one, apostrophes dropped, other punctuation to a space, emoji kept as words of their own. */
#ifndef CONVERSATION_FOLD_H
#define CONVERSATION_FOLD_H
#include <stdbool.h>
#include <stddef.h>

#define FOLD_MAX 1024 /* bytes looked at and written: commands and intents are in the first words */

/* Fold at most FOLD_MAX bytes of text into out (out_size > 0); single spaces between words, none at the ends. Returns the length. */
size_t fold_text(const char *text, char *out, size_t out_size);
/* A whole message that is a menu number: "3", "3.", "3)", " ٣ ", "3️⃣" or a digit word ("three"). Not "#3", "-3", "3.5". -1: no. */
int fold_number(const char *text);
#endif
