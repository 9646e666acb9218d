/* The parts that count and sign: pair and number limits, signatures against the published samples, rules, numbers, webhook shapes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "limits.h"
#include "rules.h"
#include "shapes.h"
#include "sign.h"

#define SECOND INT64_C(1000000)
#define T0 (INT64_C(1767225600) * SECOND)

static bool pair_takes(struct sim_limits *limits, const char *address, const char *person, int64_t now)
{
    int code = sim_limits_take(limits, address, person, 0, true, now);

    assert_true(!code || code == 131056);
    return !code;
}

static void a_pair_has_45_at_once_and_then_one_in_six_seconds(void **state)
{
    WK_AUTO(sim_limits) limits = sim_limits_create();
    int64_t now = T0;

    (void)state;
    for (int i = 0; i < SIM_PAIR_BURST; i++)
        assert_true(pair_takes(limits, "100", "27820000001", now));
    assert_false(pair_takes(limits, "100", "27820000001", now));
    assert_true(pair_takes(limits, "100", "27820000002", now)); /* others are not concerned */
    assert_true(pair_takes(limits, "101", "27820000001", now));
    assert_false(pair_takes(limits, "100", "27820000001", now + 5 * SECOND));
    for (int i = 1; i <= 20; i++) {
        assert_true(pair_takes(limits, "100", "27820000001", now + i * SIM_PAIR_US));
        assert_false(pair_takes(limits, "100", "27820000001", now + i * SIM_PAIR_US + SECOND));
    }
    now += 20 * SIM_PAIR_US + SIM_PAIR_BURST * SIM_PAIR_US; /* all repaid: the burst is back */
    for (int i = 0; i < SIM_PAIR_BURST; i++)
        assert_true(pair_takes(limits, "100", "27820000001", now));
    assert_false(pair_takes(limits, "100", "27820000001", now));
}

static void a_number_has_its_rate_and_no_more(void **state)
{
    WK_AUTO(sim_limits) limits = sim_limits_create();
    int taken = 0;

    (void)state;
    for (int ms = 0; ms < 10000; ms++)
        taken += !sim_limits_take(limits, "100", "27820000001", 80, false, T0 + ms * INT64_C(1000));
    assert_in_range(taken, 800, 880); /* 10 s at 80, and the second it may run ahead */
    for (int i = 0; i < 1000; i++)
        assert_int_equal(sim_limits_take(limits, "101", "27820000001", 0, false, T0), 0);
}

static void a_refused_message_takes_nothing(void **state)
{
    WK_AUTO(sim_limits) limits = sim_limits_create();
    int64_t now = T0;

    (void)state;
    for (int i = 0; i < 80; i++) /* all that the number may, to two others */
        assert_int_equal(sim_limits_take(limits, "100", i % 2 ? "27820000002" : "27820000003", 80, true, now), 0);
    for (int i = 0; i < 200; i++)
        assert_int_equal(sim_limits_take(limits, "100", "27820000001", 80, true, now), 130429);
    now += 10 * SECOND;
    for (int i = 0; i < SIM_PAIR_BURST; i++) /* the number was refused; the pair has all of its burst */
        assert_int_equal(sim_limits_take(limits, "100", "27820000001", 80, true, now), 0);
    for (int i = 0; i < 200; i++)
        assert_int_equal(sim_limits_take(limits, "100", "27820000001", 80, true, now), 131056);
    assert_int_equal(sim_limits_take(limits, "100", "27820000004", 80, true, now), 0); /* the pair was refused; the number has its rate */
    assert_int_equal(sim_limits_take(limits, "100", "27820000001", 80, false, now), 0); /* pairs are not counted when nobody asks */
}

static void what_comes_in_uses_up_the_number_too(void **state)
{
    WK_AUTO(sim_limits) limits = sim_limits_create();

    (void)state;
    for (int i = 0; i < 40; i++)
        sim_number_heard(limits, "100", 80, T0);
    for (int i = 0; i < 40; i++)
        assert_int_equal(sim_limits_take(limits, "100", "27820000001", 80, true, T0), 0);
    assert_int_equal(sim_limits_take(limits, "100", "27820000001", 80, true, T0), 130429);
    assert_int_equal(sim_limits_take(limits, "101", "27820000001", 80, true, T0), 0); /* of that number only */
    for (int i = 0; i < 10000; i++) /* people are never refused; what they overdraw is a second's worth at most */
        sim_number_heard(limits, "100", 80, T0);
    assert_int_equal(sim_limits_take(limits, "100", "27820000002", 80, true, T0 + SECOND / 80), 0);
    for (int i = 0; i < 1000; i++)
        sim_number_heard(limits, "102", 0, T0);
    assert_int_equal(sim_limits_take(limits, "102", "27820000002", 0, true, T0), 0);
}

static void many_pairs_are_counted_apart_and_forgotten_when_paid(void **state)
{
    WK_AUTO(sim_limits) limits = sim_limits_create();
    char person[24];

    (void)state;
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 20000; i++) {
            (void)snprintf(person, sizeof person, "2782%07d", i);
            assert_int_equal(sim_limits_take(limits, "100", person, 0, true, T0 + round * INT64_C(3600) * SECOND), 0);
        }
}

static char *read_file(const char *path, size_t *len)
{
    char full[512], *text = malloc(1 << 20);
    FILE *f;

    (void)snprintf(full, sizeof full, "%s/tests/samples/whatsapp/%s", TEST_SOURCE_DIR, path);
    f = fopen(full, "rb");
    if (!f || !text)
        fail_msg("%s cannot be read", full);
    *len = fread(text, 1, 1 << 20, f);
    (void)fclose(f);
    text[*len] = '\0';
    return text;
}

static void signatures_are_those_of_the_published_samples(void **state)
{
    static const struct {
        const char *file, *hmac;
    } samples[] = {
        {"01-text.json", "8531c262a047bb2d88cf8121ad129e7422129eedb10f9c0f76c125b4e8110cb2"},
        {"09-interactive-button-reply.json", "4b5777fbf55b9b0a63ab7c3bcad2fe4d90f6c1efb081ae42429882feeefd3bd6"},
        {"17-status-sent-delivered.json", "c23c93616b685a37dbd22dd1589888b39cb1d0dc092239cf4e8e04fa7fbbd834"},
        {"19-text-username-no-phone.json", "be30f8711dbadd3b1d78b828ad1de2781f2d4b7e0e0431ad3744de3a023b245f"},
    };

    (void)state;
    for (size_t i = 0; i < WK_COUNT(samples); i++) {
        size_t len;
        char *text = read_file(samples[i].file, &len), signature[SIM_SIGNATURE_SIZE];

        assert_true(sim_sign("test-app-secret", text, len, signature));
        assert_memory_equal(signature, "sha256=", 7);
        assert_string_equal(signature + 7, samples[i].hmac);
        assert_true(sim_sign("another-secret", text, len, signature));
        assert_string_not_equal(signature + 7, samples[i].hmac);
        free(text);
    }
}

static void text_on_the_wire_is_ascii_as_meta_escapes_it(void **state)
{
    json_t *json = json_pack("{s:s}", "a", "\xc3\xa4/\xf0\x9f\x91\x8d \\u00C4\"");
    char *text = sim_wire_text(json);

    (void)state;
    assert_string_equal(text, "{\"a\":\"\\u00e4\\/\\ud83d\\udc4d \\\\u00C4\\\"\"}"); /* an escaped backslash begins no escape */
    free(text);
    json_decref(json);
}

static void message_ids_have_the_layout_of_the_samples(void **state)
{
    static const uint8_t inbound[SIM_WAMID_RANDOM] = {0x3a, 0x62, 0x7a, 0x51, 0xaa, 0x2d, 0xa4, 0xb1, 0x94, 0x48};
    static const uint8_t outbound[SIM_WAMID_RANDOM] = {0x2d, 0x6d, 0xbe, 0xf9, 0x7d, 0xbe, 0xea, 0x0d, 0x7d, 0};
    char id[SIM_WAMID_SIZE], person[160];

    (void)state;
    assert_string_equal(sim_wamid("12025550101", true, inbound, id), "wamid.HBgLMTIwMjU1NTAxMDEVAgASGBQzQTYyN0E1MUFBMkRBNEIxOTQ0OAA=");
    assert_string_equal(sim_wamid("12025550101", false, outbound, id), "wamid.HBgLMTIwMjU1NTAxMDEVAgARGBIyRDZEQkVGOTdEQkVFQTBEN0QA");
    memset(person, '7', sizeof person - 1);
    person[sizeof person - 1] = '\0';
    assert_in_range(strlen(sim_wamid(person, true, inbound, id)), 20, 128);
}

/* --- rules --- */

static bool apply(struct sim_rules *rules, const char *text, char *why, size_t size)
{
    json_t *json = json_loads(text, 0, NULL);
    bool ok;

    assert_non_null(json);
    ok = sim_rules_apply(rules, json, why, size);
    json_decref(json);
    return ok;
}

static void rules_are_taken_over_shown_and_refused_by_name(void **state)
{
    static const struct {
        const char *text, *word;
    } bad[] = {
        {"{\"duplicates\":2}", "duplicates"}, {"{\"duplicate\":0}", "1 to 20"}, {"{\"duplicate\":\"2\"}", "duplicate"},
        {"{\"delay_ms\":[5,1]}", "delay_ms"}, {"{\"delay_ms\":[0,3600001]}", "delay_ms"}, {"{\"delay_ms\":[1]}", "delay_ms"},
        {"{\"statuses\":\"maybe\"}", "shuffled"}, {"{\"errors\":[{\"code\":77}]}", "77"}, {"{\"errors\":[{}]}", "code"},
        {"{\"errors\":[{\"code\":131056,\"to\":\"x\"}]}", "errors.to"}, {"{\"errors\":[{\"code\":131056,\"who\":\"x\"}]}", "who"},
        {"{\"reply_loss\":{\"how\":\"magic\"}}", "silence"}, {"{\"slow_ms\":25001}", "slow_ms"}, {"{\"reorder\":1}", "reorder"}, {"[]", "object"},
    };
    struct sim_rules rules = {0}, same;
    char why[300], *one, *two;
    json_t *json;

    (void)state;
    sim_rules_init(&rules);
    assert_true(apply(&rules, "{\"duplicate\":2,\"delay_ms\":[0,30000],\"reorder\":true,\"status_delay_ms\":[0,500],\"statuses\":\"shuffled\","
                              "\"errors\":[{\"code\":131056,\"times\":2,\"to\":\"+27820000001\"},{\"code\":131026,\"by_status\":true,\"http\":500}],"
                              "\"mix_with_other_tenants\":true,\"reply_loss\":{\"times\":1,\"how\":\"500\"},\"slow_ms\":7,\"seed\":9}", why, sizeof why));
    assert_int_equal(rules.delay_ms[1], 30000);
    assert_true(apply(&rules, "{\"duplicate\":3}", why, sizeof why)); /* the rest stays */
    assert_true(rules.reorder && rules.mix && rules.duplicate == 3);
    for (size_t i = 0; i < WK_COUNT(bad); i++) {
        same = rules;
        assert_false(apply(&rules, bad[i].text, why, sizeof why));
        if (!strstr(why, bad[i].word))
            fail_msg("\"%s\" does not speak of %s", why, bad[i].word);
        assert_memory_equal(&same, &rules, sizeof rules);
    }
    one = json_dumps(json = sim_rules_json(&rules), 0);
    sim_rules_init(&same);
    assert_true(sim_rules_apply(&same, json, why, sizeof why)); /* what is shown can be said again */
    json_decref(json);
    two = json_dumps(json = sim_rules_json(&same), 0);
    json_decref(json);
    assert_string_equal(one, two);
    free(one);
    free(two);
}

static void errors_on_demand_are_counted_down_for_whom_they_name(void **state)
{
    struct sim_rules rules = {0};
    char why[300];

    (void)state;
    sim_rules_init(&rules);
    assert_true(apply(&rules, "{\"errors\":[{\"code\":131056,\"times\":2,\"to\":\"27820000001\"},{\"code\":131000}],\"reply_loss\":{\"times\":1}}", why,
                      sizeof why));
    assert_int_equal(sim_rules_take_error(&rules, "27820000001", NULL)->code, 131056);
    assert_int_equal(sim_rules_take_error(&rules, "27820000002", NULL)->code, 131000);
    assert_null(sim_rules_take_error(&rules, "27820000002", NULL));
    assert_int_equal(sim_rules_take_error(&rules, "27820000001", "ZA.1")->code, 131056);
    assert_null(sim_rules_take_error(&rules, "27820000001", "ZA.1"));
    assert_true(sim_rules_take_loss(&rules));
    assert_false(sim_rules_take_loss(&rules));
}

static void draws_stay_in_range_and_repeat_with_a_seed(void **state)
{
    const int64_t range[] = {5, 9};
    struct sim_rules a = {0}, b = {0};
    char why[300];
    bool seen[10] = {false};

    (void)state;
    sim_rules_init(&a);
    sim_rules_init(&b);
    assert_true(apply(&a, "{\"seed\":42}", why, sizeof why) && apply(&b, "{\"seed\":42}", why, sizeof why));
    sim_rules_seed(&a, 1); /* a named seed stays */
    for (int i = 0; i < 1000; i++) {
        int64_t n = sim_rules_draw(&a, range);

        assert_in_range(n, 5, 9);
        assert_int_equal(n, sim_rules_draw(&b, range));
        seen[n] = true;
    }
    assert_true(seen[5] && seen[6] && seen[7] && seen[8] && seen[9]);
}

/* --- numbers and shapes --- */

static void numbers_are_listed_or_any(void **state)
{
    static const char *const bad[] = {"", "100000000000001", "1:2:3", "100000000000001:21:155500000011111111", "x:y:z", "*:", "*:21:15550000001",
                                      "100000000000001:21:15550000001x"};
    struct wk_err err;
    struct sim_number n;
    WK_AUTO(sim_numbers) some = sim_numbers_create("100000000000001:21:15550000001  100000000000002:22:15550000002", &err);
    WK_AUTO(sim_numbers) any = sim_numbers_create("100000000000001:21:15550000001 *:29", &err);

    (void)state;
    assert_true(some && any);
    assert_true(sim_numbers_find(some, "100000000000002", &n));
    assert_string_equal(n.account, "22");
    assert_false(sim_numbers_find(some, "100000000000003", &n));
    assert_string_equal(sim_numbers_other(some, "21")->id, "100000000000002");
    assert_null(sim_numbers_other(any, "21"));
    assert_true(sim_numbers_find(any, "100000000000003", &n));
    assert_string_equal(n.account, "29");
    assert_false(sim_numbers_find(any, "abc", &n));
    for (size_t i = 0; i < WK_COUNT(bad); i++)
        if (sim_numbers_create(bad[i], &err))
            fail_msg("\"%s\" was taken for numbers", bad[i]);
}

/* The sample file, rebuilt from its parts. */
static void webhooks_look_like_the_published_samples(void **state)
{
    const struct sim_number number = {"110000000000001", "210000000000001", "15550100001"};
    const struct sim_person amina = {"12025550101", "US.70010000000000000001", "Amina Dlamini"};
    json_t *content = json_pack("{s:{s:s}}", "text", "body", "Hi, do you still have the blue mug?");
    json_t *contact = sim_contact(&amina);
    json_t *text = sim_message(&amina, "wamid.HBgLMTIwMjU1NTAxMDEVAgASGBQzQTYyN0E1MUFBMkRBNEIxOTQ0OAA=", 1767225610, "text", content);
    json_t *sent = sim_status(&amina, "wamid.HBgLMTIwMjU1NTAxMDEVAgARGBIyRDZEQkVGOTdEQkVFQTBEN0QA", "sent", 1767225691, "out:7f3a");
    struct sim_update one = {&number, false, contact, text}, two = {&number, true, contact, sent};
    json_t *first = sim_envelope(&one, 1), *second = sim_envelope(&two, 1), *sample, *part;
    char *wire = sim_wire_text(first), *file;
    size_t len;

    (void)state;
    file = read_file("01-text.json", &len);
    assert_string_equal(wire, file); /* to the byte: this sample is in wire form */
    free(file);
    file = read_file("17-status-sent-delivered.json", &len);
    sample = json_loadb(file, len, 0, NULL);
    part = json_array_get(json_object_get(json_array_get(json_object_get(sample, "entry"), 0), "changes"), 0);
    assert_true(json_equal(json_array_get(json_object_get(json_array_get(json_object_get(second, "entry"), 0), "changes"), 0), part));
    json_decref(sample);
    free(file);
    free(wire);
    json_decref(first);
    json_decref(second);
    json_decref(text);
    json_decref(sent);
    json_decref(contact);
    json_decref(content);
}

static void failed_statuses_look_like_the_published_sample(void **state)
{
    const struct sim_number number = {"110000000000001", "210000000000001", "15550100001"};
    const struct sim_person farid = {"447700900102", "GB.1", "Farid"};
    struct sim_refusal no;
    json_t *status, *envelope, *sample;
    struct sim_update update = {&number, true, NULL, NULL};
    size_t len;
    char *file = read_file("18-status-failed.json", &len);

    (void)state;
    (void)sim_refuse(&no, 131047, "Message failed to send because more than 24 hours have passed since the customer last replied to this number.");
    status = sim_status_failed(&farid, "wamid.HBgMNDQ3NzAwOTAwMTAyFQIAERgSNUMyMzY1MDFDMzA3NjQ3NjhCAA==", 1767225800, "out:7f3b", &no);
    update.body = status;
    envelope = sim_envelope(&update, 1);
    sample = json_loadb(file, len, 0, NULL);
    assert_true(json_equal(envelope, sample));
    json_decref(sample);
    json_decref(envelope);
    json_decref(status);
    free(file);
}

static void one_post_may_carry_several_numbers_and_accounts(void **state)
{
    const struct sim_number a = {"1001", "21", "15550000001"}, b = {"1002", "22", "15550000002"};
    const struct sim_person p = {"27820000001", NULL, "Amina"}, q = {NULL, "ZA.9", "Ben"};
    json_t *empty = json_object(), *cp = sim_contact(&p), *cq = sim_contact(&q);
    json_t *m1 = sim_message(&p, "wamid.1", 1, "text", empty), *m2 = sim_message(&q, "wamid.2", 1, "text", empty);
    struct sim_update updates[] = {{&a, false, cp, m1}, {&b, false, cp, m1}, {&a, false, cq, m2}, {&a, false, cp, m1}, {&a, true, NULL, m1}};
    json_t *envelope = sim_envelope(updates, WK_COUNT(updates)), *entries = json_object_get(envelope, "entry"), *changes, *value;

    (void)state;
    assert_int_equal(json_array_size(entries), 2);
    changes = json_object_get(json_array_get(entries, 0), "changes");
    assert_int_equal(json_array_size(changes), 2); /* three messages, one status */
    value = json_object_get(json_array_get(changes, 0), "value");
    assert_int_equal(json_array_size(json_object_get(value, "messages")), 3);
    assert_int_equal(json_array_size(json_object_get(value, "contacts")), 2); /* each person once */
    assert_null(json_object_get(json_array_get(json_object_get(value, "messages"), 1), "from")); /* hidden behind a user name */
    assert_null(json_object_get(json_object_get(json_array_get(changes, 1), "value"), "contacts"));
    json_decref(envelope);
    json_decref(m1);
    json_decref(m2);
    json_decref(cp);
    json_decref(cq);
    json_decref(empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pair_has_45_at_once_and_then_one_in_six_seconds),
        cmocka_unit_test(a_number_has_its_rate_and_no_more),
        cmocka_unit_test(a_refused_message_takes_nothing),
        cmocka_unit_test(what_comes_in_uses_up_the_number_too),
        cmocka_unit_test(many_pairs_are_counted_apart_and_forgotten_when_paid),
        cmocka_unit_test(signatures_are_those_of_the_published_samples),
        cmocka_unit_test(text_on_the_wire_is_ascii_as_meta_escapes_it),
        cmocka_unit_test(message_ids_have_the_layout_of_the_samples),
        cmocka_unit_test(rules_are_taken_over_shown_and_refused_by_name),
        cmocka_unit_test(errors_on_demand_are_counted_down_for_whom_they_name),
        cmocka_unit_test(draws_stay_in_range_and_repeat_with_a_seed),
        cmocka_unit_test(numbers_are_listed_or_any),
        cmocka_unit_test(webhooks_look_like_the_published_samples),
        cmocka_unit_test(failed_statuses_look_like_the_published_sample),
        cmocka_unit_test(one_post_may_carry_several_numbers_and_accounts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
