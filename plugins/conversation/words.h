/* words.h - commands as whole messages (flows: MENU BACK CANCEL HELP CART TRACK LANGUAGE STOP START, and yes, no, hello). Pure. */
#ifndef CONVERSATION_WORDS_H
#define CONVERSATION_WORDS_H
#include <stdbool.h>
#include "lexicon.h"

/* What a folded whole message means, LEX_GREETING..LEX_NO, or -1. `is_strict`: only the command's own English name counts, for
 * places where people type names and addresses ("Home" is a landmark there, not the menu). */
int words_command(const char *folded, bool is_strict);
#endif
