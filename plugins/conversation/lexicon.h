/* lexicon.h - the word table behind commands and the built-in intent detector. Read only. */
#ifndef CONVERSATION_LEXICON_H
#define CONVERSATION_LEXICON_H
#include <stddef.h>
#include <stdint.h>

enum lexeme_means {
    LEX_VENDOR, LEX_CUSTOMER, LEX_DRIVER, LEX_TRACKING, LEX_NEGATION, /* looked for inside a text */
    LEX_GREETING, LEX_MENU, LEX_BACK, LEX_CANCEL, LEX_HELP, LEX_CART, LEX_TRACK, LEX_LANGUAGE, LEX_STOP, LEX_START, LEX_YES, LEX_NO,
    LEX_MEANINGS, /* whole messages only */
};
enum lexeme_language { LANG_EN, LANG_SW, LANG_PCM, LANG_ZU, LANG_AF, LANG_FR, LANG_ANY, LANG_COUNT = LANG_ANY };
enum lexeme_kind {
    KIND_WORD,
    KIND_PHRASE,   /* words in a row */
    KIND_PREFIX,   /* a word begins with it */
    KIND_CONTAINS, /* a word contains it: Bantu stems; only in a conversation of that language */
    KIND_EMOJI,
};
struct lexeme {
    uint8_t means, language, kind;
    const char *text;
};
extern const struct lexeme lexicon[];
extern const size_t lexicon_count;
#endif
