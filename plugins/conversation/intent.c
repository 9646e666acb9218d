/* intent.c - first version: no stemming, no typo tolerance. */
#include "intent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fold.h"

#define CLAUSES 16
#define LABELS (LEX_TRACKING + 1)

static const char *const labels[LABELS] = {"VENDOR", "CUSTOMER", "DRIVER", "TRACKING"};
static const char *const codes[LANG_COUNT] = {"en", "sw", "pcm", "zu", "af", "fr"};

struct tally {
    int points[LABELS];
    int language[LANG_COUNT];
};
struct clause {
    char words[FOLD_MAX + 2]; /* folded, a space at both ends; consumed words are overwritten by '#' */
    struct tally tally;       /* dropped when the clause is negated */
};

static int language_of(const char *code)
{
    for (int i = 0; code && i < LANG_COUNT; i++)
        if (!strcmp(codes[i], code))
            return i;
    return LANG_ANY;
}

/* Where the entry stands in the clause: start and length of the words it takes; NULL: nowhere. */
static char *find(char *words, const struct lexeme *x, size_t *len)
{
    size_t n = strlen(x->text);

    for (char *p = words; (p = strstr(p, x->text)); p++) {
        bool begins = p > words && p[-1] == ' ', ends = p[n] == ' ';
        char *from = p, *to = p + n;

        if (x->kind == KIND_PREFIX || x->kind == KIND_CONTAINS) {
            if (x->kind == KIND_PREFIX && !begins)
                continue;
            while (from > words && from[-1] != ' ')
                from--;
            while (*to && *to != ' ')
                to++;
        } else if (!begins || !ends) {
            continue;
        }
        *len = (size_t)(to - from);
        return from;
    }
    return NULL;
}

static bool contains_negation(const char *phrase)
{
    char padded[96];
    size_t len;

    (void)snprintf(padded, sizeof padded, " %s ", phrase);
    for (size_t i = 0; i < lexicon_count; i++)
        if (lexicon[i].means == LEX_NEGATION && lexicon[i].kind == KIND_WORD && find(padded, &lexicon[i], &len))
            return true;
    return false;
}

/* Two entries with the same text and meaning are one piece of evidence, for several languages. */
static void credit(struct tally *to, const struct lexeme *x, int points)
{
    to->points[x->means] += points;
    for (size_t i = 0; i < lexicon_count; i++)
        if (lexicon[i].means == x->means && lexicon[i].language < LANG_COUNT && !strcmp(lexicon[i].text, x->text))
            to->language[lexicon[i].language] += points;
}

static void count_entry(struct clause *c, struct tally *sure, const struct lexeme *x)
{
    size_t len;
    char *at;

    while ((at = find(c->words, x, &len))) {
        bool is_sure = x->means == LEX_TRACKING || (x->kind == KIND_PHRASE && contains_negation(x->text));

        credit(is_sure ? sure : &c->tally, x, x->kind == KIND_PHRASE ? 2 : 1);
        memset(at, '#', len);
    }
}

static void count_kind(struct clause *c, struct tally *sure, enum lexeme_kind kind, int language)
{
    for (size_t i = 0; i < lexicon_count; i++) {
        const struct lexeme *x = &lexicon[i];

        if (x->means < LABELS && x->kind == kind && (kind != KIND_CONTAINS || x->language == language))
            count_entry(c, sure, x);
    }
}

static int longer_first(const void *a, const void *b)
{
    size_t x = strlen((*(const struct lexeme *const *)a)->text), y = strlen((*(const struct lexeme *const *)b)->text);

    return (x < y) - (x > y);
}

/* Longest first, and before the words: what a phrase has taken is no word any more ("where can i buy" is not "where"). */
static void count_phrases(struct clause *c, struct tally *sure)
{
    static const struct lexeme *phrases[256]; /* sorted at the first use; one thread */
    static size_t count;

    if (!count) {
        for (size_t i = 0; i < lexicon_count && count < sizeof phrases / sizeof *phrases; i++)
            if (lexicon[i].means < LABELS && lexicon[i].kind == KIND_PHRASE)
                phrases[count++] = &lexicon[i];
        qsort(phrases, count, sizeof *phrases, longer_first);
    }
    for (size_t i = 0; i < count; i++)
        count_entry(c, sure, phrases[i]);
}

static bool is_negated(struct clause *c)
{
    size_t len;

    for (size_t i = 0; i < lexicon_count; i++)
        if (lexicon[i].means == LEX_NEGATION && find(c->words, &lexicon[i], &len))
            return true;
    return false;
}

static void count_clause(const char *text, size_t len, int language, struct tally *total)
{
    struct clause c = {.words = " "};
    char raw[FOLD_MAX + 1];
    size_t n;

    (void)snprintf(raw, sizeof raw, "%.*s", (int)(len < FOLD_MAX ? len : FOLD_MAX), text);
    n = fold_text(raw, c.words + 1, FOLD_MAX);
    memcpy(c.words + 1 + n, " ", 2);
    count_phrases(&c, total);
    count_kind(&c, total, KIND_WORD, language);
    count_kind(&c, total, KIND_CONTAINS, language);
    count_kind(&c, total, KIND_EMOJI, language);
    if (is_negated(&c))
        return;
    for (int i = 0; i < LABELS; i++)
        total->points[i] += c.tally.points[i];
    for (int i = 0; i < LANG_COUNT; i++)
        total->language[i] += c.tally.language[i];
}

/* The end of the clause that begins here, and where the next one begins: punctuation, or "but" in five languages. */
static const char *clause_end(const char *p, const char **next)
{
    static const char *const buts[] = {" but ", " lakini ", " kodwa ", " mais ", " maar "};
    const char *end = p + strcspn(p, ",.;:!?\n"), *after = *end ? end + 1 : end;

    for (size_t i = 0; i < sizeof buts / sizeof *buts; i++) {
        const char *at = strcasestr(p, buts[i]);

        if (at && at < end) {
            end = at;
            after = at + strlen(buts[i]) - 1;
        }
    }
    *next = after;
    return end;
}

void intent_score(const char *text, const char *language, struct wk_intent *intent)
{
    struct tally total = {{0}, {0}};
    int own = language_of(language), best = 0, second = 0, spoken = LANG_ANY;
    const char *p = text;

    for (int i = 0; i < CLAUSES && *p && p < text + strnlen(text, FOLD_MAX); i++) {
        const char *next, *end = clause_end(p, &next);

        count_clause(p, (size_t)(end - p), own, &total);
        p = next;
    }
    for (int i = 1; i < LABELS; i++)
        best = total.points[i] > total.points[best] ? i : best;
    for (int i = 0; i < LABELS; i++)
        second = i != best && total.points[i] > second ? total.points[i] : second;
    for (int i = 0; i < LANG_COUNT; i++)
        if (total.language[i] && (spoken == LANG_ANY || total.language[i] > total.language[spoken] ||
                                  (total.language[i] == total.language[spoken] && i == own)))
            spoken = i;
    int points = total.points[best], margin = points - second;

    *intent = (struct wk_intent){.size = sizeof *intent, .label = margin > 0 ? labels[best] : "UNKNOWN",
                                 .score = margin > 0 ? (points < 4 ? points / 4.0 : 1) : 0,
                                 .margin = margin < 4 ? margin / 4.0 : 1, .language = spoken == LANG_ANY ? NULL : codes[spoken]};
}
