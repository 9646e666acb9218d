/* Folding, numbers, ids, commands and the texts themselves: everything that needs no call. */
#include "fake_host.h"

#include "fold.h"
#include "ids.h"
#include "texts.h"
#include "utf8.h"
#include "words.h"

static void folded(const char *in, const char *out)
{
    char got[FOLD_MAX + 4];

    (void)fold_text(in, got, sizeof got);
    assert_string_equal(got, out);
}

static void folding_makes_one_word_of_all_spellings(void **state)
{
    (void)state;
    folded("MENU", "menu");
    folded("  Menú!! ", "menu");
    folded("menuuuuu", "menu");
    folded("Hello", "hello");            /* two letters stay two */
    folded("1000", "1000");              /* digits are no run */
    folded("don't", "dont");             /* apostrophes close up */
    folded("don’t", "dont");
    folded("A.B,C", "a b c");
    folded("Ｍｅｎｕ", "menu");           /* full width */
    folded("e\xCC\x81t\xC3\xA9", "ete"); /* combining and precomposed */
    folded("Œuf Straße Æble", "oeuf strasse aeble");
    folded("ÐþŁŊ", "dthln");
    folded("٣", "3");
    folded("👍👍 ok", "👍 👍 ok");
    folded("👍🏾", "👍");                // skin tone
    folded("", "");
    folded("!!! ...", "");
    folded("\xE2\x80\x8Fשלום\xE2\x80\x8E", "שלום"); /* direction marks go, letters stay */
    folded("ÉÉÉé", "e");
}

static void folding_is_bounded(void **state)
{
    char big[6000], got[FOLD_MAX + 4], tiny[4];

    (void)state;
    memset(big, 'a', sizeof big);
    for (size_t i = 0; i < sizeof big; i += 2)
        big[i] = 'b';
    big[sizeof big - 1] = '\0';
    assert_int_equal(fold_text(big, got, sizeof got), FOLD_MAX);
    assert_true(fold_text("abcdefgh", tiny, sizeof tiny) < sizeof tiny);
    (void)fold_text("\xF0\x9F", got, sizeof got); /* a cut character ends the text and nothing else */
}

static void only_plain_numbers_choose(void **state)
{
    static const struct {
        const char *text;
        int number;
    } rows[] = {
        {"3", 3},    {" 3 ", 3},  {"3.", 3},    {"3)", 3},   {"٣", 3},     {"3️⃣", 3},   {"three", 3}, {"Ten", 10}, {"12", 12},
        {"#3", -1},  {"-3", -1},  {"+3", -1},   {"3.5", -1}, {"3 5", -1}, {"3a", -1},   {"", -1},     {"two milk", -1},
        {"99999", -1}, {"0", 0},  {"３", 3},
    };

    (void)state;
    for (size_t i = 0; i < WK_COUNT(rows); i++)
        if (fold_number(rows[i].text) != rows[i].number)
            fail_msg("\"%s\" reads as %d, not %d", rows[i].text, fold_number(rows[i].text), rows[i].number);
}

static void ids_go_there_and_back(void **state)
{
    char text[ID_MAX + 1], long_arg[ID_MAX + 1];
    struct reply_id id;

    (void)state;
    assert_true(id_write(text, "C6", "add", "sku|81", 17));
    assert_string_equal(text, "C6|add|sku|81|17");
    assert_true(id_read(text, &id));
    assert_string_equal(id.node, "C6");
    assert_string_equal(id.action, "add");
    assert_string_equal(id.arg, "sku|81");
    assert_int_equal(id.version, 17);
    assert_true(id_write(text, "C9", "", "", 1) && id_read(text, &id));
    assert_string_equal(id.action, "");
    memset(long_arg, 'x', ID_MAX);
    long_arg[ID_MAX] = '\0';
    assert_false(id_write(text, "C6", "add", long_arg, 17));
    assert_false(id_write(text, "", "add", "", 17));
    assert_false(id_write(text, "C|6", "add", "", 17));
}

static void strange_ids_are_not_ours(void **state)
{
    static const char *const bad[] = {"", "hello", "a|b", "a|b|3", "|b||3", "a|b||", "a|b||x3", "a|b||-3", "a|b||3x",
                                      "a|b||9999999999999999999", "abcdefghijklmnopqrstuvwxyzabcdefgh|b||3"};
    struct reply_id id;

    (void)state;
    for (size_t i = 0; i < WK_COUNT(bad); i++)
        assert_false(id_read(bad[i], &id));
}

static void commands_are_whole_messages(void **state)
{
    (void)state;
    assert_int_equal(words_command("menu", false), LEX_MENU);
    assert_int_equal(words_command("menyu", false), LEX_MENU);
    assert_int_equal(words_command("go back", false), LEX_BACK);
    assert_int_equal(words_command("unsubscribe", true), LEX_STOP);
    assert_int_equal(words_command("agent", false), LEX_HELP);
    assert_int_equal(words_command("👋", false), LEX_GREETING);
    assert_int_equal(words_command("stop selling me bread", false), -1);
    assert_int_equal(words_command("cancel", false), LEX_CANCEL); /* never an opt-out word */
    assert_int_equal(words_command("", false), -1);
}

static void names_are_not_commands_where_names_are_typed(void **state)
{
    (void)state;
    assert_int_equal(words_command("home", false), LEX_MENU);
    assert_int_equal(words_command("home", true), -1);
    assert_int_equal(words_command("menu", true), LEX_MENU);
}

static void the_catalogue_for_translators_is_the_table(void **state)
{
    json_error_t why;
    json_t *file = json_load_file(TEST_SOURCE_DIR "/plugins/conversation/locale/en.json", 0, &why);
    const char *key, *text;
    size_t n = 0;

    (void)state;
    assert_non_null(file);
    for (; (key = text_key(n, &text)); n++) {
        assert_non_null(json_object_get(file, key));
        assert_string_equal(json_string_value(json_object_get(file, key)), text);
    }
    assert_int_equal(json_object_size(file), n);
    json_decref(file);
}

static void titles_fit_their_buttons(void **state)
{
    static const char *const buttons[] = {"g2.more", "g3.person", "i1.no", "i1.yes", "menu.main", "menu.open", "miss.again", "p1.start", "p1.stop"};

    (void)state;
    for (size_t i = 0; i < WK_COUNT(buttons); i++)
        assert_in_range(utf8_length(text_of("en", buttons[i])), 1, 20);
    assert_in_range(utf8_length(text_of("en", "menu.more")), 1, 24);
    assert_string_equal(text_of("en", "no.such"), "no.such");
}

static void placeholders_are_replaced_once(void **state)
{
    (void)state;
    fake_start();
    assert_string_equal(text_fill(&fake.call, "en", "g2.hello", "name", "{tenant}", "tenant", "Shop", NULL),
                        "Hi {tenant}! Shop here. What would you like to do?");
    assert_string_equal(text_replace(&fake.call, "a {b} c {", (const char *const[]){"x", "y", NULL}), "a {b} c {");
    fake_call_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folding_makes_one_word_of_all_spellings),
        cmocka_unit_test(folding_is_bounded),
        cmocka_unit_test(only_plain_numbers_choose),
        cmocka_unit_test(ids_go_there_and_back),
        cmocka_unit_test(strange_ids_are_not_ours),
        cmocka_unit_test(commands_are_whole_messages),
        cmocka_unit_test(names_are_not_commands_where_names_are_typed),
        cmocka_unit_test(the_catalogue_for_translators_is_the_table),
        cmocka_unit_test(titles_fit_their_buttons),
        cmocka_unit_test(placeholders_are_replaced_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
