/* Turns as people live them: several messages, one after the other. */
#include "world.h"

static void first_contact_is_greeted_and_made_known(void **state)
{
    const struct fake_message *m;

    (void)state;
    says("hi");
    m = hears(WK_OUT_BUTTONS, "Hi Thandi! Mama's Shop here.");
    assert_non_null(strstr(m->text, "STOP to opt out"));
    assert_int_equal(m->options, 3);
    assert_string_equal(m->title[0], "Shop");
    assert_string_equal(m->title[1], "Track order");
    assert_string_equal(m->title[2], "More");
    assert_non_null(fake_ran("insert_user"));
    assert_string_equal(fake_ran("insert_alias")->arg[1], "27821230001");
    assert_non_null(fake_ran("insert_state"));
    assert_int_equal(fake_ran("insert_state")->expect, 1);
    assert_string_equal(row.state[5], "GREETING");
    says("hello");
    assert_null(strstr(hears(WK_OUT_BUTTONS, "Hi Thandi")->text, "STOP")); /* said once */
    assert_null(fake_ran("insert_user"));
}

static void a_talk_only_turn_reads_once(void **state)
{
    (void)state;
    says("hi");
    says("menu");
    for (size_t i = 0, reads = 0; i < fake.ran_count; i++) {
        reads += !fake.ran[i].is_queued;
        assert_in_range(reads, 1, 1);
    }
    assert_int_equal(fake.ran_count, 2); /* load, and the state that leaves with the commit */
}

static void buttons_lead_on_and_texts_join_the_menu(void **state)
{
    const struct fake_message *m;

    (void)state;
    says("hi");
    taps(id_of(0));
    m = hears(WK_OUT_LIST, "Welcome to A.\n\nPick one");
    at("A");
    assert_string_equal(m->button, "Products");
    assert_string_equal(m->title[0], "Bread white sliced extr…");
    assert_int_equal(utf8_length(m->title[0]), 24);
    assert_string_equal(m->description[0], "18.50");
    taps(id_of(1));
    hears(WK_OUT_TEXT, "Picked.");
    assert_string_equal(last_choice, "pick 2");
    assert_true(last_current);
    assert_non_null(strstr(row.state[8], "\"picked\":\"2\""));
}

static void typed_numbers_choose_and_two_make_plain_mode(void **state)
{
    const struct fake_message *m;

    (void)state;
    says("hi");
    says("1");
    hears(WK_OUT_LIST, "Pick one");
    says("two");
    assert_string_equal(last_choice, "pick 2");
    says("menu");
    m = hears(WK_OUT_TEXT, "1) Shop\n2) Track order\n3) More"); /* two in a row: buttons do not work for them */
    assert_int_equal(m->options, 0);
    says("1");
    hears(WK_OUT_TEXT, "1) Bread white sliced extra large 700g – 18.50");
    taps("G2|||1"); /* a tap shows that they do */
    hears(WK_OUT_BUTTONS, "Hi Thandi");
}

static void numbers_are_numbers_where_numbers_are_asked(void **state)
{
    (void)state;
    says("hi");
    says("1");
    says("3");
    hears(WK_OUT_TEXT, "How many?");
    at("N");
    says("2");
    assert_string_equal(last_heard, "2");
    hears(WK_OUT_TEXT, "Noted.");
}

static void an_old_menu_is_not_reached_by_number_after_leaving_it(void **state)
{
    (void)state;
    says("hi");
    says("1");
    says("4"); /* T: a text, no menu */
    at("T");
    assert_string_equal(row.state[9], "");
}

static void names_are_heard_as_they_are(void **state)
{
    (void)state;
    says("hi");
    taps("T|show||1");
    says("Home");
    assert_string_equal(last_heard, "Home");
    says("7");
    assert_string_equal(last_heard, "7");
    says("MENU");
    hears(WK_OUT_BUTTONS, "Hi Thandi");
    at("G2");
}

static void old_buttons_navigate_or_are_explained(void **state)
{
    char old_pick[256], old_nav[256];

    (void)state;
    says("hi");
    taps(id_of(0));
    fake_copy(old_pick, sizeof old_pick, id_of(1));
    fake_copy(old_nav, sizeof old_nav, id_of(2));
    says("menu");
    taps(old_nav); /* navigation: always */
    at("N");
    taps(old_pick); /* declined by the node */
    assert_false(last_current);
    hears(WK_OUT_TEXT, "That choice has expired. Here is where things are now:\n\nHow many?");
    taps("NOBODY|do||1");
    hears(WK_OUT_TEXT, "expired");
    assert_string_equal(row.state[10], "0"); /* no miss */
}

static void back_walks_the_nodes(void **state)
{
    (void)state;
    says("hi");
    taps(id_of(0));
    taps("N|||1");
    taps("PASS|show||1"); /* leads on to T by itself */
    at("T");
    says("back");
    at("N"); /* not PASS, which would lead on again */
    says("back");
    at("A");
    says("go back");
    at("G2");
    says("back");
    at("G2");
}

static void the_error_ladder_has_three_steps(void **state)
{
    const struct fake_message *m;

    (void)state;
    says("hi");
    taps(id_of(0));
    says("qwxyz");
    hears(WK_OUT_LIST, "Sorry, I didn't get that.\n\nWelcome to A.");
    says("qwxyz");
    m = hears(WK_OUT_TEXT, "1) Bread");
    assert_non_null(strstr(m->text, "MENU · HELP"));
    says("qwxyz");
    m = hears(WK_OUT_BUTTONS, "still don't understand");
    assert_string_equal(m->title[0], "Talk to a person");
    assert_string_equal(m->title[2], "Try again");
    says("3");
    hears(WK_OUT_LIST, "Pick one");
    assert_string_equal(row.state[10], "0");
}

static void what_cannot_be_read_is_no_miss(void **state)
{
    (void)state;
    says("hi");
    taps(id_of(0));
    sends(WK_MSG_STICKER);
    hears(WK_OUT_LIST, "I can't read that yet.\n\nWelcome to A.");
    assert_string_equal(row.state[10], "0");
    sends(WK_MSG_UNSUPPORTED);
    hears(WK_OUT_LIST, "I can't read that yet.");
    sends(WK_MSG_REACTION);
    assert_int_equal(fake.sent_count, 0);
    assert_null(fake_ran("update_state"));
    says("😀😀😀");
    hears(WK_OUT_LIST, "Sorry");
}

static void free_text_finds_intent_then_search(void **state)
{
    (void)state;
    says("I want to sell tomatoes"); /* first contact with a clear intent */
    at("V1");
    says("menu");
    says("do you have salt?");
    hears(WK_OUT_TEXT, "Found salt.");
    at("A");
    says("menu");
    says("I want to buy something");
    at("A");
    says("where is my order"); /* tracking: straight there */
    at("N");
    says("menu");
    taps("A|||1");
    says("I want to sell at my shop");
    hears(WK_OUT_BUTTONS, "Shall I take you to: Sell on Mama's Shop?");
    says("yes");
    at("V1");
}

static void busy_nodes_are_not_left_by_words(void **state)
{
    (void)state;
    says("hi");
    taps("B|||1");
    says("I want to sell at my shop");
    at("B");
    hears(WK_OUT_BUTTONS, "Sorry, I didn't get that.");
    says("salt");
    at("B");
    says("hello");
    hears(WK_OUT_BUTTONS, "Place the order?");
    says("YES");
    assert_string_equal(last_choice, "yes ");
    says("no");
    assert_string_equal(last_choice, "no ");
    says("Yes, place it!");
    assert_string_equal(last_choice, "yes ");
}

static void lists_longer_than_ten_are_paged_and_nothing_is_lost(void **state)
{
    const struct fake_message *m;

    (void)state;
    says("hi");
    taps("L|||1");
    m = hears(WK_OUT_LIST, "All of them");
    assert_int_equal(m->options, 10);
    assert_string_equal(m->title[8], "Item 9");
    assert_string_equal(m->title[9], "More ▸");
    says("10");
    m = hears(WK_OUT_LIST, "All of them");
    assert_string_equal(m->title[0], "Item 10");
    assert_string_equal(m->title[9], "More ▸");
    taps(id_of(9));
    m = hears(WK_OUT_LIST, "All of them");
    assert_int_equal(m->options, 5);
    assert_string_equal(m->title[4], "Item 23");
    says("5");
    assert_string_equal(last_choice, "pick Item 23");
}

static void stop_is_obeyed_once_and_twice(void **state)
{
    (void)state;
    says("hi");
    taps("B|||1");
    says("STOP");
    hears(WK_OUT_TEXT, "no more offers");
    at("B"); /* and checkout goes on */
    assert_string_not_equal(row.opted_out, "\1");
    assert_string_equal(row.muted, "f");
    says("stop");
    hears(WK_OUT_TEXT, "only answer when you write");
    assert_string_equal(row.muted, "t");
    says("start");
    assert_string_equal(row.opted_out, "\1");
    assert_string_equal(row.muted, "f");
    hears(WK_OUT_BUTTONS, "offers again");
}

static void silence_leads_back_to_the_welcome(void **state)
{
    (void)state;
    says("hi");
    taps(id_of(0));
    taps(id_of(0));
    fake.now += INT64_C(5) * 3600 * 1000000;
    says("qwxyz");
    hears(WK_OUT_BUTTONS, "Hi Thandi");
    at("G2");
    assert_non_null(strstr(row.state[8], "picked")); /* context stays */
}

static void a_failure_goes_to_the_host_as_it_is_and_is_told_when_it_is_for_good(void **state)
{
    struct wk_err err = {0}, weather = {.cls = WK_TRANSIENT, .code = "db.deadline", .msg = "SELECT secret"};
    struct wk_message m = {.type = WK_MSG_BUTTON_REPLY, .choice = "A|||1", .id = "wamid.fails"};

    (void)state;
    says("hi");
    node_fails = true;
    assert_int_equal(inbound(m, &err), WK_FAILED);
    assert_int_equal(err.cls, WK_BUSINESS);
    assert_string_equal(err.code, "shop.broken");
    m.failure = &err; /* the node is not run: it would fail again */
    assert_int_equal(inbound(m, &(struct wk_err){0}), WK_HANDLED);
    hears(WK_OUT_TEXT, "told: shop.broken");
    assert_null(strstr(fake.sent[fake.sent_count - 1].text, "Reference"));
    at("G2");
    m.failure = &weather;
    assert_int_equal(inbound(m, &(struct wk_err){0}), WK_HANDLED);
    hears(WK_OUT_TEXT, "told: db.deadline (Reference: 01234567)");
    assert_null(strstr(fake.sent[fake.sent_count - 1].text, "secret"));
}

static void nodes_that_enter_each_other_are_stopped(void **state)
{
    struct wk_err err = {0};
    struct wk_message m = {.type = WK_MSG_BUTTON_REPLY, .choice = "LOOP|||1", .id = "wamid.loop"};

    (void)state;
    assert_int_equal(inbound(m, &err), WK_FAILED);
    assert_string_equal(err.code, "flow.loop");
}

static void what_a_tenant_has_not_is_neither_shown_nor_entered(void **state)
{
    const struct fake_message *m;
    char old[256];

    (void)state;
    says("hi");
    fake_copy(old, sizeof old, id_of(0));
    taps(old); /* into the shop's node */
    fake.off = shop_plugin;
    says("menu");
    m = hears(WK_OUT_BUTTONS, "Hi Thandi");
    for (size_t i = 0; i < m->options; i++)
        assert_true(strcmp(m->title[i], "Shop") != 0 && strcmp(m->title[i], "Track order") != 0);
    taps(old);
    hears(WK_OUT_BUTTONS, "expired");
    at("G2");
    fake.off = NULL;
    says("menu");
    assert_string_equal(hears(WK_OUT_BUTTONS, "Hi Thandi")->title[0], "Shop");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(first_contact_is_greeted_and_made_known), CASE(a_talk_only_turn_reads_once),
        CASE(buttons_lead_on_and_texts_join_the_menu), CASE(typed_numbers_choose_and_two_make_plain_mode),
        CASE(numbers_are_numbers_where_numbers_are_asked), CASE(an_old_menu_is_not_reached_by_number_after_leaving_it),
        CASE(names_are_heard_as_they_are), CASE(old_buttons_navigate_or_are_explained), CASE(back_walks_the_nodes),
        CASE(the_error_ladder_has_three_steps), CASE(what_cannot_be_read_is_no_miss), CASE(free_text_finds_intent_then_search),
        CASE(busy_nodes_are_not_left_by_words), CASE(lists_longer_than_ten_are_paged_and_nothing_is_lost),
        CASE(stop_is_obeyed_once_and_twice), CASE(silence_leads_back_to_the_welcome),
        CASE(a_failure_goes_to_the_host_as_it_is_and_is_told_when_it_is_for_good), CASE(nodes_that_enter_each_other_are_stopped),
        CASE(what_a_tenant_has_not_is_neither_shown_nor_entered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
