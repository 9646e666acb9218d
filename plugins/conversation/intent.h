/* intent.h - the built-in detector: counts words of the lexicon, clause by clause. Pure. */
#ifndef CONVERSATION_INTENT_H
#define CONVERSATION_INTENT_H
#include <wakala/service/intent.h>

#include "lexicon.h"

/* A phrase weighs 2, a word 1; score = points / 4, at most 1; margin = what the best has more than the second, the same way. Points inside a
 * negated clause do not count, but for tracking, whose complaints are made of negations ("has not arrived"). `language` is
 * the conversation's: it allows that language's stems and decides between languages that share a word. */
void intent_score(const char *text, const char *language, struct wk_intent *intent);
#endif
