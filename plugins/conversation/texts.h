/* texts.h - what the conversation itself says, by key and language. locale/en.json is the same list for translators; a test holds
 * both together. Pure. */
#ifndef CONVERSATION_TEXTS_H
#define CONVERSATION_TEXTS_H
#include <wakala/call.h>

struct text_language {
    const char *code, *name; /* "en", "English" */
};
/* Languages that are shipped. */
const struct text_language *text_languages(size_t *n);
bool text_has_language(const char *code);
/* The text of a key, in English when the language lacks it; the key itself when nobody has it, so that a slip shows. Static. */
const char *text_of(const char *language, const char *key);
/* The same with {name} replaced, in the call's memory: text_fill(call, "en", "g2.hello", "name", name, "tenant", tenant, NULL). */
__attribute__((sentinel)) const char *text_fill(struct wk_call *call, const char *language, const char *key, ...);
/* Replace every {tenant} and the like in any text; pairs as above, as an array ending in NULL. */
const char *text_replace(struct wk_call *call, const char *text, const char *const *pairs);
/* Every key with its English text, for the test; NULL behind the last. */
const char *text_key(size_t i, const char **text);
#endif
