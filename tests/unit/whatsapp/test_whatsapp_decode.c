/* Every inbound type to struct wk_message: the samples through the splitter, then shapes that lack something. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "decode.h"
#include "fake_host.h"
#include "split.h"

static struct wk_err err;
static struct wk_message m;

static int setup(void **state)
{
    (void)state;
    fake_reset();
    memset(&err, 0, sizeof err);
    return 0;
}
static int teardown(void **state)
{
    (void)state;
    fake_end();
    return 0;
}

static bool decode(const char *payload, const char *key)
{
    char *exact = malloc(strlen(payload) + 1);
    struct wk_event event = {.size = sizeof event, .type = "whatsapp.incoming", .key = key, .payload = exact, .payload_len = strlen(payload)};
    bool ok;

    strcpy(exact, payload);
    ok = wa_decode(fake_begin(), &event, &m, &err);
    free(exact); /* what the message points to is its own */
    return ok;
}
/* A message with these members after id, from and timestamp. */
static const struct wk_message *of(const char *members)
{
    char payload[9000];

    (void)snprintf(payload, sizeof payload,
                   "{\"message\":{\"id\":\"w1\",\"from\":\"27115550100\",\"timestamp\":\"1767225610\"%s%s},\"contact\":{\"profile\":{\"name\":\"Amina\"},"
                   "\"wa_id\":\"27115550100\"},\"metadata\":{\"phone_number_id\":\"11\"},\"timestamp\":1767225610}", *members ? "," : "", members);
    assert_true(decode(payload, "27115550100"));
    return &m;
}

static void sample(const char *file, size_t n) /* the n-th message of a sample, the way it goes in the host */
{
    char path[200], *body, *payload;
    struct fake_items items;
    size_t len;

    (void)snprintf(path, sizeof path, "tests/samples/whatsapp/%s.json", file);
    body = fake_read(path, &len);
    fake_items_init(&items);
    assert_true(wa_split_body(body, len, &items.to, &err));
    assert_true(n < items.count);
    payload = fake_payload(&items.all[n]);
    assert_true(decode(payload, items.all[n].key));
    assert_string_equal(m.channel, "whatsapp");
    assert_string_equal(m.id, items.all[n].dedupe);
    assert_string_equal(m.address, items.all[n].address);
    assert_string_equal(m.user_key, items.all[n].key);
    assert_int_equal(m.at_us, items.all[n].item.at_s * 1000000);
    assert_int_equal(m.raw_len, strlen(m.raw));
    assert_string_equal(m.raw, items.all[n].payload[0]);
    free(payload);
    free(body);
    fake_items_free(&items);
}

static void the_samples_are_read_whole(void **state)
{
    (void)state;
    sample("01-text", 0);
    assert_int_equal(m.type, WK_MSG_TEXT);
    assert_string_equal(m.text, "Hi, do you still have the blue mug?");
    assert_string_equal(m.name, "Amina Dlamini");
    assert_string_equal(m.phone, "12025550101");
    assert_string_equal(m.user_id, "US.70010000000000000001");
    assert_string_equal(m.user_key, "US.70010000000000000001");
    sample("02-text-product-enquiry", 0);
    assert_int_equal(m.type, WK_MSG_TEXT);
    assert_non_null(m.context_id);
    sample("03-text-ctwa-referral", 0);
    assert_int_equal(m.type, WK_MSG_TEXT);
    sample("04-image", 0);
    assert_int_equal(m.type, WK_MSG_IMAGE);
    assert_non_null(m.media_id);
    assert_string_equal(m.media_type, "image/jpeg");
    assert_non_null(m.media_sha256);
    assert_non_null(m.text);
    sample("05-audio-voice", 0);
    assert_int_equal(m.type, WK_MSG_AUDIO);
    assert_null(m.text);
    sample("06-document-video-sticker", 0);
    assert_int_equal(m.type, WK_MSG_DOCUMENT);
    assert_string_equal(m.file_name, "comprovante n\xc2\xba 12.pdf");
    assert_string_equal(m.media_id, "410000000000003");
    assert_string_equal(m.text, "Proof of payment");
    sample("06-document-video-sticker", 1);
    assert_int_equal(m.type, WK_MSG_VIDEO);
    assert_null(m.context_id); /* forwarded is not an answer */
    sample("06-document-video-sticker", 2);
    assert_int_equal(m.type, WK_MSG_STICKER);
    sample("07-location", 0);
    assert_int_equal(m.type, WK_MSG_LOCATION);
    assert_true(m.latitude != 0 && m.longitude != 0);
    sample("08-contacts", 0);
    assert_int_equal(m.type, WK_MSG_CONTACTS);
    assert_string_equal(m.text, "Luc\xc3\xad" "a G\xc3\xb3mez");
    assert_string_equal(m.name, "Bo Lindqvist"); /* who sent the card, not who is on it */
    sample("09-interactive-button-reply", 0);
    assert_int_equal(m.type, WK_MSG_BUTTON_REPLY);
    assert_non_null(m.choice);
    assert_non_null(m.text);
    sample("10-interactive-list-reply", 0);
    assert_int_equal(m.type, WK_MSG_LIST_REPLY);
    assert_non_null(m.choice);
    sample("11-interactive-nfm-reply", 0);
    assert_int_equal(m.type, WK_MSG_FLOW_REPLY);
    assert_string_equal(m.choice, "{\"flow_token\": \"ord-1042\", \"street\": \"12 Kruisstraat\", \"city\": \"Utrecht\", \"gift\": true}");
    assert_string_equal(m.text, "Sent");
    sample("12-button-template-quick-reply", 0);
    assert_int_equal(m.type, WK_MSG_TEMPLATE_BUTTON);
    assert_non_null(m.choice);
    sample("13-order", 0);
    assert_int_equal(m.type, WK_MSG_ORDER);
    assert_string_equal(m.text, "Please gift wrap");
    sample("14-reaction", 0);
    assert_int_equal(m.type, WK_MSG_REACTION);
    assert_string_equal(m.text, "\xf0\x9f\x91\x8d");
    assert_string_equal(m.context_id, "wamid.HBgMNDQ3NzAwOTAwMTAyFQIAERgSMTVFMUQ5NzU0RjE0NzIxMzJFAA==");
    sample("15-system-changed-number", 0);
    assert_int_equal(m.type, WK_MSG_SYSTEM);
    assert_string_equal(m.phone, "12025550104"); /* the old one; the new one is in raw */
    assert_null(m.name);
    sample("16-unsupported", 0);
    assert_int_equal(m.type, WK_MSG_UNSUPPORTED);
    sample("19-text-username-no-phone", 0);
    assert_int_equal(m.type, WK_MSG_TEXT);
    assert_null(m.phone);
    assert_string_equal(m.user_id, "AE.70010000000000000006");
    assert_string_equal(m.name, "Farid");
}

static void the_types_no_sample_has(void **state)
{
    (void)state;
    assert_int_equal(of("\"type\":\"edit\",\"edit\":{\"original_message_id\":\"w0\",\"message\":{\"type\":\"text\",\"text\":{\"body\":\"better\"},"
                        "\"context\":{\"id\":\"w9\"}}}")->type, WK_MSG_EDIT);
    assert_string_equal(m.text, "better");
    assert_string_equal(m.context_id, "w0");
    assert_int_equal(of("\"type\":\"edit\",\"edit\":{\"original_message_id\":\"w0\",\"message\":{\"type\":\"image\",\"image\":{\"id\":\"1\","
                        "\"caption\":\"c\"}}}")->type, WK_MSG_EDIT);
    assert_string_equal(m.text, "c");
    assert_int_equal(of("\"type\":\"revoke\",\"revoke\":{\"original_message_id\":\"w0\"}")->type, WK_MSG_REVOKE);
    assert_string_equal(m.context_id, "w0");
    assert_int_equal(of("\"type\":\"unknown\",\"errors\":[{\"code\":131051}]")->type, WK_MSG_UNSUPPORTED);
    assert_int_equal(of("\"type\":\"system\",\"system\":{\"type\":\"user_changed_user_id\",\"user_id\":\"US.2\",\"body\":\"b\"}")->type, WK_MSG_SYSTEM);
    assert_int_equal(of("\"type\":\"reaction\",\"reaction\":{\"message_id\":\"w0\"}")->type, WK_MSG_REACTION);
    assert_string_equal(m.text, ""); /* taken back */
    assert_int_equal(of("\"type\":\"reaction\",\"reaction\":{\"message_id\":\"w0\",\"emoji\":\"\"}")->type, WK_MSG_REACTION);
    assert_string_equal(m.text, "");
    assert_int_equal(of("\"type\":\"contacts\",\"contacts\":[{\"origin\":\"contact_request\",\"phones\":[{\"phone\":\"+27\"}]}]")->type, WK_MSG_CONTACTS);
    assert_null(m.text);
    assert_int_equal(of("\"type\":\"location\",\"location\":{\"latitude\":\"-33.9\",\"longitude\":\"18.4\",\"name\":\"n\",\"address\":\"a\"}")->type,
                     WK_MSG_LOCATION);
    assert_true(m.latitude < -33.89 && m.latitude > -33.91);
    assert_string_equal(m.place_name, "n");
    assert_string_equal(m.place_address, "a");
    assert_int_equal(of("\"type\":\"button\",\"button\":{\"text\":\"Yes\"}")->type, WK_MSG_TEMPLATE_BUTTON);
    assert_string_equal(m.text, "Yes");
    assert_int_equal(of("\"text\":{\"body\":\"typeless\"}")->type, WK_MSG_TEXT); /* type can be missing */
    assert_string_equal(m.text, "typeless");
}

static void what_lacks_its_object_is_unknown_and_nothing_else(void **state)
{
    static const char *const rows[] = {
        "", "\"type\":\"interactive\"", "\"type\":\"interactive\",\"interactive\":{\"type\":\"button_reply\"}", "\"type\":\"text\"", "\"type\":\"text\",\"text\":5",
        "\"type\":\"text\",\"text\":{\"body\":5}", "\"type\":\"image\",\"image\":{}", "\"type\":\"image\",\"image\":{\"caption\":\"c\"}", "\"type\":\"location\",\"location\":{}",
        "\"type\":\"location\",\"location\":{\"latitude\":91,\"longitude\":0}", "\"type\":\"location\",\"location\":{\"latitude\":\"nan\",\"longitude\":0}",
        "\"type\":\"location\",\"location\":{\"latitude\":1e999,\"longitude\":0}", "\"type\":\"contacts\",\"contacts\":[]", "\"type\":\"contacts\"",
        "\"type\":\"order\",\"order\":{}", "\"type\":\"reaction\",\"reaction\":{\"emoji\":\"x\"}", "\"type\":\"system\"", "\"type\":\"button\"", "\"type\":\"edit\",\"edit\":{}",
        "\"type\":\"revoke\"", "\"type\":\"hologram\",\"hologram\":{\"id\":\"1\"}", "\"type\":7", "\"type\":\"interactive\",\"interactive\":{\"type\":\"nfm_reply\",\"nfm_reply\":{}}",
        "\"type\":\"interactive\",\"interactive\":{\"button_reply\":{\"title\":\"t\"}}",
    };

    (void)state;
    for (size_t i = 0; i < WK_COUNT(rows); i++) {
        if (of(rows[i])->type != WK_MSG_UNKNOWN)
            fail_msg("%s is type %d", rows[i], m.type);
        assert_null(m.text);
        assert_null(m.choice);
        assert_null(m.media_id);
        assert_string_equal(m.id, "w1"); /* still a message of somebody */
        assert_string_equal(m.user_key, "27115550100");
        assert_string_equal(m.name, "Amina");
    }
}

static void odd_characters_become_the_replacement_character(void **state)
{
    (void)state;
    assert_string_equal(of("\"type\":\"text\",\"text\":{\"body\":\"a\\u0000b\\ud800c\\udc00\\ud83d\\ude00\"}")->text,
                        "a\xef\xbf\xbd" "b\xef\xbf\xbd" "c\xef\xbf\xbd\xf0\x9f\x98\x80");
    assert_string_equal(of("\"type\":\"text\",\"text\":{\"body\":\"\\ud83d\\ud83d\\ude00\"}")->text, "\xef\xbf\xbd\xf0\x9f\x98\x80");
    assert_string_equal(of("\"type\":\"text\",\"text\":{\"body\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\u20ac\"}")->text,
                        "\"\\/\b\f\n\r\t\xc3\xa4\xe2\x82\xac");
    assert_int_equal(of("\"type\":\"interactive\",\"interactive\":{\"button_reply\":{\"id\":\"a\\u0000b\",\"title\":\"t\"}}")->type, WK_MSG_UNKNOWN);
}

static void long_texts_are_cut_between_characters(void **state)
{
    char *text = malloc(60000), *payload = malloc(70000);

    (void)state;
    for (int i = 0; i < 4097; i++)
        memcpy(text + 3 * i, "\xe2\x82\xac", 3);
    text[3 * 4097] = '\0';
    sprintf(payload, "{\"message\":{\"id\":\"w\",\"type\":\"text\",\"text\":{\"body\":\"%s\"}}}", text);
    assert_true(decode(payload, "k"));
    assert_int_equal(strlen(m.text), 3 * 4096);
    assert_memory_equal(m.text, text, 3 * 4096);
    text[3 * 4096] = '\0';
    sprintf(payload, "{\"message\":{\"id\":\"w\",\"type\":\"text\",\"text\":{\"body\":\"%s\"}}}", text);
    assert_true(decode(payload, "k"));
    assert_int_equal(strlen(m.text), 3 * 4096);
    memset(text, 'n', 300);
    text[300] = '\0';
    sprintf(payload, "{\"message\":{\"id\":\"w\"},\"contact\":{\"profile\":{\"name\":\"%s\"}}}", text);
    assert_true(decode(payload, "k"));
    assert_int_equal(strlen(m.name), 256);
    free(text);
    free(payload);
}

static void who_it_is(void **state)
{
    (void)state;
    assert_true(decode("{\"message\":{\"id\":\"w\",\"from\":\"US.123\",\"from_user_id\":\"US.123\"},\"contact\":{\"wa_id\":\"12025550101\"}}", "US.123"));
    assert_string_equal(m.phone, "12025550101"); /* the id repeated in from is no phone */
    assert_true(decode("{\"message\":{\"id\":\"w\",\"from\":\"US.123\"}}", "US.123"));
    assert_null(m.phone);
    assert_string_equal(m.user_key, "US.123");
    assert_true(decode("{\"message\":{\"id\":\"w\",\"from\":\"+12025550101\"}}", ""));
    assert_string_equal(m.phone, "12025550101");
    assert_string_equal(m.user_key, "12025550101");
    assert_true(decode("{\"message\":{\"id\":\"w\"},\"contact\":{\"user_id\":\"ZA.1\",\"profile\":{\"username\":\"@f\"}},\"metadata\":{\"phone_number_id\":11}}", NULL));
    assert_string_equal(m.user_key, "ZA.1");
    assert_string_equal(m.name, "@f");
    assert_string_equal(m.address, "11");
    assert_true(decode("{\"message\":{\"id\":\"w\",\"timestamp\":1767225610123}}", "k"));
    assert_int_equal(m.at_us, INT64_C(1767225610123000));
}

static void what_is_no_payload_is_refused(void **state)
{
    static const char *const rows[] = {"", "x", "[]", "{}", "{\"message\":7}", "{\"message\":{}", "{\"message\":{}}x"};

    (void)state;
    for (size_t i = 0; i < WK_COUNT(rows); i++) {
        assert_false(decode(rows[i], "k"));
        assert_string_equal(err.code, "whatsapp.bad_payload");
        assert_int_equal(err.cls, WK_BUSINESS);
    }
    assert_true(decode("{\"message\":{\"id\":\"w\",\"big\":123456789012345678901234567890,\"id\":\"w2\"}}", "k")); /* jansson would not */
    assert_string_equal(m.id, "w2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_samples_are_read_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(the_types_no_sample_has, setup, teardown),
        cmocka_unit_test_setup_teardown(what_lacks_its_object_is_unknown_and_nothing_else, setup, teardown),
        cmocka_unit_test_setup_teardown(odd_characters_become_the_replacement_character, setup, teardown),
        cmocka_unit_test_setup_teardown(long_texts_are_cut_between_characters, setup, teardown),
        cmocka_unit_test_setup_teardown(who_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_payload_is_refused, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
