/* Pushes and notices, who a message is from, and what plugins may register. */
#include "world.h"

/* Pushes. */

static bool run_push(const char *json, struct wk_err *err)
{
    struct wk_event event = {.size = sizeof event, .type = "conversation.push", .payload = json, .payload_len = strlen(json)};
    bool ok;

    fake_forget();
    ok = wakala_plugin.subscriptions[0].run(&fake.call, &event, err);
    for (size_t i = 0; ok && i < fake.ran_count; i++)
        if (fake.ran[i].is_queued)
            apply(&fake.ran[i]);
    fake_call_end();
    return ok;
}

static void a_push_is_said_and_moves_nobody(void **state)
{
    struct wk_uuid user;
    char json[512];

    (void)state;
    says("hi");
    taps("N|||1");
    assert_true(wk_uuid_parse(row.user, &user));
    fake_forget();
    assert_true(wk_flow_push(&fake.call, &user, "P", "order-7", NULL));
    assert_string_equal(fake.events[0].type, "conversation.push");
    assert_string_equal(fake.events[0].key, row.user);
    fake_copy(json, sizeof json, fake.events[0].json);
    assert_true(run_push(json, NULL));
    hears(WK_OUT_BUTTONS, "New order");
    assert_false(fake.sent[0].is_reply);
    assert_string_equal(fake.sent[0].to, "whatsapp/1000/27821230001");
    at("N");
    says("menu");
    assert_true(run_push(json, NULL));
    says("1"); /* the newest menu counts */
    assert_string_equal(last_choice, "accept order-7");
    assert_true(last_current);
    at("G2");
    assert_false(wk_flow_push(&fake.call, &user, "NOBODY", "", NULL));
}

static void muted_people_are_not_pushed(void **state)
{
    char json[128];

    (void)state;
    says("hi");
    says("stop");
    says("stop");
    (void)snprintf(json, sizeof json, "{\"user\":\"%s\",\"node\":\"P\",\"arg\":\"x\"}", row.user);
    assert_true(run_push(json, NULL));
    assert_int_equal(fake.sent_count, 0);
}

static void a_notice_is_told_once_and_by_template_outside_the_window(void **state)
{
    struct wk_notice notice = {.size = sizeof notice, .text = "Your order is ready.", .dedup = "ready-7"};
    char json[1024];

    (void)state;
    says("hi");
    assert_true(wk_uuid_parse(row.user, &notice.user));
    fake_forget();
    assert_true(wk_flow_tell(&fake.call, &notice, NULL));
    fake_copy(json, sizeof json, fake.events[0].json);
    assert_true(run_push(json, NULL));
    hears(WK_OUT_TEXT, "Your order is ready.");
    assert_true(run_push(json, NULL));
    assert_int_equal(fake.sent_count, 0);
    notice.dedup = NULL, notice.template_name = "order_ready";
    fake_forget();
    assert_true(wk_flow_tell(&fake.call, &notice, NULL));
    fake_copy(json, sizeof json, fake.events[0].json);
    fake.now += INT64_C(25) * 3600 * 1000000;
    assert_true(run_push(json, NULL));
    hears(WK_OUT_TEMPLATE, "");
    assert_string_equal(fake.sent[0].template_name, "order_ready");
    assert_string_equal(fake.sent[0].parameter, "Your order is ready.");
}

static void a_person_is_asked_for_once_an_hour(void **state)
{
    (void)state;
    says("hi");
    says("help");
    taps("S2|||1");
    hears(WK_OUT_TEXT, "I have told the team");
    assert_string_equal(fake.events[0].type, "system.error");
    assert_null(strstr(fake.events[0].json, "2782"));
    sends(WK_MSG_STICKER);
    hears(WK_OUT_TEXT, "The team knows");
    assert_int_equal(fake.event_count, 0);
}

/* Who wrote? */

static enum wk_verdict from(const char *bsuid, const char *phone)
{
    message_ids++;
    return inbound((struct wk_message){.type = WK_MSG_TEXT, .text = "hi", .user_key = bsuid ? bsuid : phone, .user_id = bsuid, .phone = phone}, NULL);
}

static void both_names_of_a_person_are_linked(void **state)
{
    char user[64];

    (void)state;
    assert_int_equal(from(NULL, "27821230001"), WK_HANDLED);
    fake_copy(user, sizeof user, row.user);
    assert_int_equal(from("ZA.1", "27821230001"), WK_HANDLED);
    assert_string_equal(fake_ran("insert_alias")->arg[0], "bsuid");
    assert_string_equal(fake_ran("insert_alias")->arg[2], user);
    assert_int_equal(from("ZA.1", NULL), WK_HANDLED); /* now without a phone */
    assert_string_equal(fake_ran("update_state")->arg[0], user);
}

static void a_number_that_changed_hands_shows_nothing_of_its_old_owner(void **state)
{
    (void)state;
    row.other_has_phone = true;
    assert_int_equal(from("ZA.2", "27821230001"), WK_HANDLED);
    assert_string_not_equal(fake_ran("insert_user")->arg[0], "0f000000-0000-0000-0000-0000000000ff");
    assert_string_equal(fake_ran("move_alias")->arg[1], "27821230001");
    assert_string_equal(fake_ran("move_alias")->arg[2], fake_ran("insert_user")->arg[0]);
}

static void roles_show_their_desks(void **state)
{
    struct wk_uuid user;

    (void)state;
    says("hi");
    assert_true(wk_uuid_parse(row.user, &user));
    fake_forget();
    assert_true(wk_flow_grant_role(&fake.call, &user, "vendor", true, NULL));
    apply(fake_ran("grant_role"));
    says("menu");
    assert_string_equal(hears(WK_OUT_BUTTONS, "Hi Thandi")->title[0], "My shop");
    taps("G3|||1");
    assert_string_equal(hears(WK_OUT_LIST, "What else")->title[0], "Track order");
    assert_false(wk_flow_grant_role(&fake.call, &user, "Bad Role", true, NULL));
    assert_true(roles_has("vendor driver", "driver") && !roles_has("superdriver", "driver") && !roles_has("driver", ""));
}

static void names_from_outside_are_cleaned(void **state)
{
    (void)state;
    message_ids++;
    assert_int_equal(inbound((struct wk_message){.type = WK_MSG_TEXT, .text = "hi", .user_key = "ZA.9", .user_id = "ZA.9", .name = "\x01{tenant}\nBob"}, NULL), WK_HANDLED);
    assert_string_equal(fake_ran("insert_user")->arg[1], "tenantBob");
}

static void two_plugins_may_not_bring_one_node(void **state)
{
    static const struct wk_node again[] = {{.name = "A", .show = a_show}, {.name = NULL}};
    static const struct wk_node bad[] = {{.name = "a|b", .show = a_show}, {.name = NULL}};
    struct wk_err err = {0};

    (void)state;
    assert_false(wk_flow_add(shop_plugin, again, NULL, &err));
    assert_string_equal(err.code, "flow.duplicate_node");
    assert_false(wk_flow_add(shop_plugin, bad, NULL, &err));
    assert_string_equal(err.code, "flow.bad_node");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_push_is_said_and_moves_nobody), CASE(muted_people_are_not_pushed),
        CASE(a_notice_is_told_once_and_by_template_outside_the_window), CASE(a_person_is_asked_for_once_an_hour),
        CASE(both_names_of_a_person_are_linked), CASE(a_number_that_changed_hands_shows_nothing_of_its_old_owner),
        CASE(roles_show_their_desks), CASE(names_from_outside_are_cleaned), CASE(two_plugins_may_not_bring_one_node),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
