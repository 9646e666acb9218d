/* The built-in detector: evidence, negation, mixed languages. */
#include "fake_host.h"

#include "fold.h"
#include "intent.h"

static void labels(const char *text, const char *language, const char *label)
{
    struct wk_intent intent;

    intent_score(text, language, &intent);
    if (strcmp(intent.label, label) != 0)
        fail_msg("\"%s\" is %s (%.2f, margin %.2f), not %s", text, intent.label, intent.score, intent.margin, label);
    assert_true(intent.score >= 0 && intent.score <= 1 && intent.margin >= 0 && intent.margin <= intent.score + 1e-9 + (intent.score == 0));
}

static void words_and_phrases_tell(void **state)
{
    (void)state;
    labels("I want to sell my tomatoes", "en", "VENDOR");
    labels("do you have salt?", "en", "CUSTOMER");
    labels("where is my order", "en", "TRACKING");
    labels("Where can I buy bread", "en", "CUSTOMER"); /* the phrase takes "where" along */
    labels("I am a driver with a motorbike", "en", "DRIVER");
    labels("nataka kuuza bidhaa zangu", "sw", "VENDOR");
    labels("mna chumvi?", "sw", "CUSTOMER");
    labels("où est ma commande", "fr", "TRACKING");
    labels("ek wil koop", "af", "CUSTOMER");
    labels("i wan sell my goods", "pcm", "VENDOR");
    labels("📦?", "en", "TRACKING");
    labels("the weather is nice", "en", "UNKNOWN");
    labels("", "en", "UNKNOWN");
    labels("wakala", "en", "UNKNOWN");
}

static void negated_clauses_do_not_count(void **state)
{
    (void)state;
    labels("Siuzi, nanunua. Nataka kununua", "sw", "CUSTOMER");
    labels("I don't want to sell, I want to buy", "en", "CUSTOMER");
    labels("I am not selling but buying", "en", "CUSTOMER");
    labels("je ne vends pas, je veux acheter", "fr", "CUSTOMER");
    labels("I do not want to buy", "en", "UNKNOWN");
    labels("my order has not arrived", "en", "TRACKING"); /* this complaint is made of a negation */
}

static void stems_count_in_their_language_only(void **state)
{
    (void)state;
    labels("ngiyadayisa", "zu", "VENDOR");
    labels("ngiyadayisa", "en", "UNKNOWN");
}

static void language_is_that_of_the_evidence(void **state)
{
    struct wk_intent intent;

    (void)state;
    intent_score("nataka kununua chumvi", "en", &intent);
    assert_string_equal(intent.language, "sw");
    intent_score("sell", "pcm", &intent); /* in both: the conversation's own wins */
    assert_string_equal(intent.language, "pcm");
    intent_score("xyz", "en", &intent);
    assert_null(intent.language);
}

static void entries_are_folded_and_unique(void **state)
{
    char got[FOLD_MAX + 4];

    (void)state;
    for (size_t i = 0; i < lexicon_count; i++) {
        (void)fold_text(lexicon[i].text, got, sizeof got);
        assert_string_equal(got, lexicon[i].text);
        assert_true(lexicon[i].means < LEX_MEANINGS && strcmp(lexicon[i].text, "wakala") != 0);
        for (size_t k = i + 1; k < lexicon_count; k++)
            assert_false(lexicon[i].means == lexicon[k].means && lexicon[i].language == lexicon[k].language &&
                         lexicon[i].kind == lexicon[k].kind && !strcmp(lexicon[i].text, lexicon[k].text));
    }
}

static void long_and_odd_texts_end(void **state)
{
    static char big[20000];
    struct wk_intent intent;

    (void)state;
    for (size_t i = 0; i + 5 < sizeof big; i += 5)
        memcpy(big + i, "sell ", 5);
    intent_score(big, "en", &intent);
    assert_string_equal(intent.label, "VENDOR");
    memset(big, ',', sizeof big - 1);
    intent_score(big, NULL, &intent);
    assert_string_equal(intent.label, "UNKNOWN");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_and_phrases_tell),
        cmocka_unit_test(negated_clauses_do_not_count),
        cmocka_unit_test(stems_count_in_their_language_only),
        cmocka_unit_test(language_is_that_of_the_evidence),
        cmocka_unit_test(entries_are_folded_and_unique),
        cmocka_unit_test(long_and_odd_texts_end),
    };

    (void)fake_start;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
