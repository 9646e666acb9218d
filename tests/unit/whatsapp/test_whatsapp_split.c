/* The splitter: the public samples, then everything a body can be that they are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <jansson.h>
#include <openssl/sha.h>
#include "fake_host.h"
#include "split.h"

#define WRAP(changes) "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"21\",\"changes\":[" changes "]}]}"
#define META "\"metadata\":{\"display_phone_number\":\"1555\",\"phone_number_id\":\"11\"}"
#define MESSAGES(list) WRAP("{\"field\":\"messages\",\"value\":{" META ",\"messages\":[" list "]}}")
#define STATUSES(list) WRAP("{\"field\":\"messages\",\"value\":{" META ",\"statuses\":[" list "]}}")
#define TEXT(id, from) "{\"id\":\"" id "\",\"from\":\"" from "\",\"timestamp\":\"1767225610\",\"type\":\"text\",\"text\":{\"body\":\"hi\"}}"

static struct fake_items items;
static struct wk_err err;

static int setup(void **state)
{
    (void)state;
    fake_reset();
    fake_items_init(&items);
    memset(&err, 0, sizeof err);
    return 0;
}
static int teardown(void **state)
{
    (void)state;
    fake_items_free(&items);
    return 0;
}

/* The body lies in memory of exactly its size, so that the sanitizer sees a read beyond it. */
static bool split_bytes(const char *body, size_t len)
{
    char *exact = malloc(len ? len : 1);
    bool ok;

    memcpy(exact, body, len);
    fake_items_free(&items);
    fake_items_init(&items);
    ok = wa_split_body(exact, len, &items.to, &err);
    free(exact);
    return ok;
}
static bool split(const char *body) { return split_bytes(body, strlen(body)); }
static const struct fake_item *only(enum wk_item_kind kind)
{
    assert_int_equal(items.count, 1);
    if (items.all[0].item.kind == WK_ITEM_BAD && kind != WK_ITEM_BAD)
        fail_msg("bad: %s", items.all[0].item.why);
    assert_int_equal(items.all[0].item.kind, kind);
    return &items.all[0];
}

static const struct sample {
    const char *file;
    size_t bytes, messages, statuses, others;
} samples[] = {
    {"01-text", 581, 1, 0, 0}, {"02-text-product-enquiry", 1442, 1, 0, 0}, {"03-text-ctwa-referral", 1668, 1, 0, 0},
    {"04-image", 1401, 1, 0, 0}, {"05-audio-voice", 1246, 1, 0, 0}, {"06-document-video-sticker", 2450, 3, 0, 0},
    {"07-location", 1402, 1, 0, 0}, {"08-contacts", 1826, 1, 0, 0}, {"09-interactive-button-reply", 1407, 1, 0, 0},
    {"10-interactive-list-reply", 1458, 1, 0, 0}, {"11-interactive-nfm-reply", 1526, 1, 0, 0},
    {"12-button-template-quick-reply", 1301, 1, 0, 0}, {"13-order", 1639, 1, 0, 0}, {"14-reaction", 1179, 1, 0, 0},
    {"15-system-changed-number", 906, 1, 0, 0}, {"16-unsupported", 1454, 1, 0, 0}, {"17-status-sent-delivered", 2431, 0, 2, 0},
    {"18-status-failed", 1308, 0, 1, 0}, {"19-text-username-no-phone", 1068, 1, 0, 0}, {"20-template-status-update", 721, 0, 0, 1},
};

static char *read_sample(size_t i, size_t *len)
{
    char path[200];

    (void)snprintf(path, sizeof path, "tests/samples/whatsapp/%s.json", samples[i].file);
    return fake_read(path, len);
}
static size_t count_kind(enum wk_item_kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < items.count; i++)
        n += items.all[i].item.kind == kind;
    return n;
}

static void every_sample_gives_its_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < WK_COUNT(samples); i++) {
        size_t len;
        char *body = read_sample(i, &len);

        assert_int_equal(len, samples[i].bytes);
        assert_true(split_bytes(body, len));
        assert_int_equal(count_kind(WK_ITEM_MESSAGE), samples[i].messages);
        assert_int_equal(count_kind(WK_ITEM_STATUS), samples[i].statuses);
        assert_int_equal(count_kind(WK_ITEM_OTHER), samples[i].others);
        assert_int_equal(count_kind(WK_ITEM_BAD), 0);
        for (size_t k = 0; k < items.count; k++) {
            char *payload = fake_payload(&items.all[k]); /* what the host stores is JSON without repeated members */
            json_t *json = json_loads(payload, JSON_REJECT_DUPLICATES, NULL);

            assert_non_null(json);
            if (items.all[k].item.kind == WK_ITEM_MESSAGE) {
                assert_true(json_is_object(json_object_get(json, "message")));
                assert_int_equal(json_integer_value(json_object_get(json, "timestamp")), items.all[k].item.at_s);
                assert_string_equal(json_string_value(json_object_get(json_object_get(json, "metadata"), "phone_number_id")),
                                    items.all[k].address);
                assert_int_equal(json_object_get(json, "contact") != NULL, strcmp(samples[i].file, "15-system-changed-number") != 0);
            }
            json_decref(json);
            free(payload);
        }
        free(body);
    }
}

static void a_text_message_in_detail(void **state)
{
    const struct fake_item *i;
    size_t len;
    char *body = read_sample(0, &len);

    (void)state;
    assert_true(split_bytes(body, len));
    free(body);
    i = only(WK_ITEM_MESSAGE);
    assert_string_equal(i->item.event_type, "whatsapp.incoming");
    assert_string_equal(i->address, "110000000000001");
    assert_string_equal(i->account, "210000000000001");
    assert_string_equal(i->dedupe, "wamid.HBgLMTIwMjU1NTAxMDEVAgASGBQzQTYyN0E1MUFBMkRBNEIxOTQ0OAA=");
    assert_string_equal(i->key, "US.70010000000000000001");
    assert_int_equal(i->item.at_s, 1767225610);
}

static void statuses_carry_rank_callback_and_error(void **state)
{
    size_t len;
    char *body = read_sample(16, &len);

    (void)state;
    assert_true(split_bytes(body, len));
    free(body);
    assert_int_equal(items.count, 2);
    assert_int_equal(items.all[0].item.rank, 1);
    assert_int_equal(items.all[1].item.rank, 2);
    assert_string_equal(items.all[1].callback, "out:7f3a");
    assert_string_equal(items.all[1].message_id, "wamid.HBgLMTIwMjU1NTAxMDEVAgARGBIyRDZEQkVGOTdEQkVFQTBEN0QA");
    assert_string_equal(items.all[1].dedupe, "wamid.HBgLMTIwMjU1NTAxMDEVAgARGBIyRDZEQkVGOTdEQkVFQTBEN0QA:delivered");
    assert_string_equal(items.all[1].key, "US.70010000000000000001");
    body = read_sample(17, &len);
    assert_true(split_bytes(body, len));
    free(body);
    assert_int_equal(only(WK_ITEM_STATUS)->item.rank, 0);
    assert_int_equal(items.all[0].item.error_code, 131047);
    assert_string_equal(items.all[0].key, "447700900102");

    assert_true(split(STATUSES("{\"id\":\"w\",\"status\":\"read\",\"recipient_participant_id\":\"27\",\"recipient_type\":\"group\"},"
                               "{\"id\":\"w\",\"status\":\"played\"},{\"id\":\"w\",\"status\":\"vanished\"}")));
    assert_int_equal(items.count, 3);
    assert_string_equal(items.all[0].dedupe, "w:read:27");
    assert_int_equal(items.all[0].item.rank, 3);
    assert_int_equal(items.all[1].item.rank, 4);
    assert_int_equal(items.all[2].item.kind, WK_ITEM_OTHER); /* a word of next year is kept and moves nothing */
    assert_string_equal(items.all[2].dedupe, "w:vanished");
}

static void another_apps_callback_data_is_not_ours(void **state)
{
    char body[2000], callback[600];

    (void)state;
    memset(callback, 'c', sizeof callback);
    callback[513] = '\0';
    (void)snprintf(body, sizeof body, STATUSES("{\"id\":\"w\",\"status\":\"sent\",\"biz_opaque_callback_data\":\"%s\"}"), callback);
    assert_true(split(body));
    assert_string_equal(only(WK_ITEM_STATUS)->callback, "");
    callback[512] = '\0';
    (void)snprintf(body, sizeof body, STATUSES("{\"id\":\"w\",\"status\":\"sent\",\"biz_opaque_callback_data\":\"%s\"}"), callback);
    assert_true(split(body));
    assert_int_equal(strlen(only(WK_ITEM_STATUS)->callback), 512);
    assert_true(split(STATUSES("{\"id\":\"w\",\"status\":\"sent\",\"biz_opaque_callback_data\":{\"a\":1}}")));
    assert_string_equal(only(WK_ITEM_STATUS)->callback, "");
}

static void order_of_members_does_not_matter(void **state)
{
    (void)state;
    assert_true(split("{\"entry\":[{\"changes\":[{\"value\":{\"messages\":[" TEXT("m1", "27") "],\"contacts\":[{\"wa_id\":\"27\"}]," META
                      "},\"field\":\"messages\"}],\"id\":\"21\"}],\"object\":\"whatsapp_business_account\"}"));
    assert_string_equal(only(WK_ITEM_MESSAGE)->address, "11");
    assert_string_equal(items.all[0].account, "21");
    assert_string_equal(items.all[0].item.payload_name[1], "contact");
}

static void each_change_has_its_own_number(void **state)
{
    (void)state;
    assert_true(split("{\"object\":\"whatsapp_business_account\",\"entry\":["
                      "{\"id\":\"A\",\"changes\":[{\"field\":\"messages\",\"value\":{\"metadata\":{\"phone_number_id\":\"1\"},\"messages\":["
                      TEXT("a", "27") "]}},{\"field\":\"messages\",\"value\":{\"metadata\":{\"phone_number_id\":\"2\"},\"messages\":["
                      TEXT("b", "28") "]}}]},{\"id\":\"B\",\"changes\":[{\"field\":\"messages\",\"value\":{\"metadata\":{\"phone_number_id\":3},"
                      "\"messages\":[" TEXT("c", "29") "]}}]}]}"));
    assert_int_equal(items.count, 3);
    assert_string_equal(items.all[0].address, "1");
    assert_string_equal(items.all[1].address, "2");
    assert_string_equal(items.all[1].account, "A");
    assert_string_equal(items.all[2].address, "3");
    assert_string_equal(items.all[2].account, "B");
}

static void one_bad_update_does_not_sink_its_batch(void **state)
{
    static const char *const bad[] = {"5", "\"text\"", "null", "[]", "{}", "{\"from\":\"27\"}", "{\"id\":7,\"from\":\"27\"}",
                                      "{\"id\":\"\",\"from\":\"27\"}", "{\"id\":\"x\"}", "{\"id\":\"x\",\"from\":[]}",
                                      "{\"id\":\"a\\u0000b\",\"from\":\"27\"}", "{\"id\":\"a\\ud800b\",\"from\":\"27\"}",
                                      "{\"id\":\"a\\nb\",\"from\":\"27\"}"};

    (void)state;
    for (size_t i = 0; i < WK_COUNT(bad); i++) {
        char body[2000];

        (void)snprintf(body, sizeof body, MESSAGES(TEXT("m1", "27") ",%s," TEXT("m2", "27")), bad[i]);
        assert_true(split(body));
        assert_int_equal(items.count, 3);
        assert_int_equal(items.all[0].item.kind, WK_ITEM_MESSAGE);
        assert_int_equal(items.all[1].item.kind, WK_ITEM_BAD);
        assert_non_null(items.all[1].item.why);
        assert_string_equal(items.all[1].payload[0], bad[i]); /* whole, for the person who looks */
        assert_string_equal(items.all[2].dedupe, "m2");
    }
}

static void shapes_that_are_bad_as_a_whole_change(void **state)
{
    static const char *const bad[] = {
        "7", "{}", "{\"field\":\"messages\"}", "{\"field\":\"messages\",\"value\":null}", "{\"field\":\"messages\",\"value\":7}",
        "{\"field\":7,\"value\":{}}", "{\"value\":{}}", "{\"field\":\"messages\",\"value\":{\"messages\":[" TEXT("m", "27") "]}}",
        "{\"field\":\"messages\",\"value\":{\"metadata\":[],\"messages\":[" TEXT("m", "27") "]}}",
        "{\"field\":\"messages\",\"value\":{" META ",\"messages\":{}}}", "{\"field\":\"messages\",\"value\":{" META ",\"statuses\":\"x\"}}",
    };

    (void)state;
    for (size_t i = 0; i < WK_COUNT(bad); i++) {
        char body[2000];

        (void)snprintf(body, sizeof body, WRAP("%s,{\"field\":\"messages\",\"value\":{" META ",\"messages\":[" TEXT("ok", "27") "]}}"), bad[i]);
        assert_true(split(body));
        assert_int_equal(items.count, 2);
        assert_int_equal(items.all[0].item.kind, WK_ITEM_BAD);
        assert_string_equal(items.all[1].dedupe, "ok");
    }
    assert_true(split("{\"object\":\"whatsapp_business_account\",\"entry\":[7,{\"id\":\"1\"},{\"id\":\"1\",\"changes\":7}]}"));
    assert_int_equal(items.count, 3);
    assert_int_equal(count_kind(WK_ITEM_BAD), 3);
}

static void ids_are_read_as_meant_and_bounded(void **state)
{
    char body[4000], id[300];

    (void)state;
    assert_true(split(MESSAGES("{\"\\u0069d\":\"w\\u00e4\\/\\ud83d\\ude00\",\"from\":\"+2\\u0037\"}")));
    assert_string_equal(only(WK_ITEM_MESSAGE)->dedupe, "w\xc3\xa4/\xf0\x9f\x98\x80");
    assert_string_equal(items.all[0].key, "27");
    memset(id, 'i', sizeof id);
    id[256] = '\0';
    (void)snprintf(body, sizeof body, MESSAGES("{\"id\":\"%s\",\"from\":\"27\"}"), id);
    assert_true(split(body));
    assert_int_equal(strlen(only(WK_ITEM_MESSAGE)->dedupe), 256);
    id[256] = 'i', id[257] = '\0';
    (void)snprintf(body, sizeof body, MESSAGES("{\"id\":\"%s\",\"from\":\"27\"}"), id);
    assert_true(split(body));
    (void)only(WK_ITEM_BAD);
    id[201] = '\0';
    (void)snprintf(body, sizeof body, MESSAGES("{\"id\":\"m\",\"from_user_id\":\"%s\",\"from\":\"27\"}"), id);
    assert_true(split(body));
    assert_string_equal(only(WK_ITEM_MESSAGE)->key, "27"); /* too long to be a key: the phone is */
}

static void last_of_two_equal_members_wins(void **state)
{
    (void)state;
    assert_true(split(MESSAGES("{\"id\":\"one\",\"from\":\"27\",\"id\":\"two\"}")));
    assert_string_equal(only(WK_ITEM_MESSAGE)->dedupe, "two");
    assert_true(split(WRAP("{\"field\":\"messages\",\"value\":{" META ",\"messages\":[" TEXT("a", "27") "],\"messages\":[" TEXT("b", "27") ","
                           TEXT("c", "27") "]}}")));
    assert_int_equal(items.count, 2);
    assert_string_equal(items.all[0].dedupe, "b");
    assert_true(split(WRAP("{\"field\":\"x\",\"value\":{" META ",\"messages\":[" TEXT("a", "27") "]},\"field\":\"messages\",\"value\":{"
                           "\"metadata\":{\"phone_number_id\":\"99\"},\"statuses\":[{\"id\":\"s\",\"status\":\"sent\"}]}}")));
    assert_string_equal(only(WK_ITEM_STATUS)->address, "99");
    assert_true(split(WRAP("{\"field\":\"messages\",\"value\":{\"metadata\":{\"phone_number_id\":\"1\"},\"metadata\":{},\"messages\":["
                           TEXT("a", "27") "]}}")));
    (void)only(WK_ITEM_BAD);
}

static void contacts_are_matched_to_their_sender(void **state)
{
    (void)state;
    assert_true(split(WRAP("{\"field\":\"messages\",\"value\":{" META ",\"contacts\":[{\"wa_id\":\"1\"},{\"wa_id\":\"2\"},{\"user_id\":\"ZA.3\"}],"
                           "\"messages\":[" TEXT("b", "2") ",{\"id\":\"c\",\"from_user_id\":\"ZA.3\"}," TEXT("a", "1") "," TEXT("d", "9") "]}}")));
    assert_int_equal(items.count, 4);
    assert_string_equal(items.all[0].payload[1], "{\"wa_id\":\"2\"}");
    assert_string_equal(items.all[1].payload[1], "{\"user_id\":\"ZA.3\"}");
    assert_string_equal(items.all[2].payload[1], "{\"wa_id\":\"1\"}");
    assert_string_equal(items.all[3].item.payload_name[1], "metadata"); /* nobody's: better none than a wrong name */
    /* wa_id and number may differ (Brazil); an only contact is the sender's, unless its user id says no */
    assert_true(split(WRAP("{\"field\":\"messages\",\"value\":{" META ",\"contacts\":[{\"wa_id\":\"5511\"}],\"messages\":[" TEXT("a", "55911") "]}}")));
    assert_string_equal(only(WK_ITEM_MESSAGE)->payload[1], "{\"wa_id\":\"5511\"}");
    assert_true(split(WRAP("{\"field\":\"messages\",\"value\":{" META ",\"contacts\":[{\"user_id\":\"ZA.1\"}],\"messages\":["
                           "{\"id\":\"a\",\"from_user_id\":\"ZA.2\"}]}}")));
    assert_string_equal(only(WK_ITEM_MESSAGE)->item.payload_name[1], "metadata");
    /* a system message is about somebody, not from them */
    assert_true(split(WRAP("{\"field\":\"messages\",\"value\":{" META ",\"contacts\":[{\"wa_id\":\"27\"}],\"messages\":[{\"id\":\"a\",\"from\":\"27\","
                           "\"type\":\"system\"}]}}")));
    assert_string_equal(only(WK_ITEM_MESSAGE)->item.payload_name[1], "metadata");
    /* a sender only the contact knows */
    assert_true(split(WRAP("{\"field\":\"messages\",\"value\":{" META ",\"contacts\":[{\"user_id\":\"ZA.1\"}],\"messages\":[{\"id\":\"a\"}]}}")));
    assert_string_equal(only(WK_ITEM_MESSAGE)->key, "ZA.1");
}

static void times_of_all_spellings(void **state)
{
    static const struct { const char *text; int64_t at; } times[] = {
        {"\"1767225610\"", 1767225610}, {"1767225610", 1767225610}, {"1767225610123", 1767225610}, {"\"1767225610123\"", 1767225610},
        {"\"soon\"", 0}, {"null", 0}, {"-5", 0}, {"1e9", 0}, {"99999999999999999999999", 0}, {"{}", 0}};

    (void)state;
    for (size_t i = 0; i < WK_COUNT(times); i++) {
        char body[1000];

        (void)snprintf(body, sizeof body, MESSAGES("{\"id\":\"m\",\"from\":\"27\",\"timestamp\":%s}"), times[i].text);
        assert_true(split(body));
        assert_int_equal(only(WK_ITEM_MESSAGE)->item.at_s, times[i].at);
        assert_string_equal(items.all[0].item.payload_name[2], "timestamp");
        assert_string_equal(items.all[0].payload[2], times[i].at ? "1767225610" : "null");
    }
}

static void other_fields_are_kept_under_a_stable_key(void **state)
{
    static const char *const fields[] = {"message_template_status_update", "phone_number_quality_update", "account_update", "security",
                                         "user_preferences", "user_id_update", "history", "something_new"};
    char first[600];

    (void)state;
    for (size_t i = 0; i < WK_COUNT(fields); i++) {
        char body[1000];

        (void)snprintf(body, sizeof body,
                       "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"21\",\"time\":1767225820,\"changes\":[{\"field\":\"%s\","
                       "\"value\":{\"event\":\"E\",\"a\":[1,2]}}]}]}", fields[i]);
        assert_true(split(body));
        assert_string_equal(only(WK_ITEM_OTHER)->key, "21");
        assert_int_equal(items.all[0].item.at_s, 1767225820);
        assert_string_equal(items.all[0].payload[1], "{\"event\":\"E\",\"a\":[1,2]}");
    }
    /* the key: account, field, SHA-256 of the raw value, time */
    (void)snprintf(first, sizeof first, "%s", items.all[0].dedupe);
    {
        unsigned char sum[32];
        char want[200];
        int n = snprintf(want, sizeof want, "21:something_new:");

        SHA256((const unsigned char *)"{\"event\":\"E\",\"a\":[1,2]}", 23, sum);
        for (int i = 0; i < 32; i++)
            n += snprintf(want + n, sizeof want - (size_t)n, "%02x", sum[i]);
        (void)snprintf(want + n, sizeof want - (size_t)n, ":1767225820");
        assert_string_equal(first, want);
    }
    /* a partner's event is the customer's */
    assert_true(split(WRAP("{\"field\":\"account_update\",\"value\":{\"event\":\"PARTNER_ADDED\",\"waba_info\":{\"waba_id\":\"77\"}}}")));
    assert_string_equal(only(WK_ITEM_OTHER)->account, "77");
    assert_true(split(WRAP("{\"field\":\"account_update\",\"value\":{\"event\":\"DISABLED_UPDATE\",\"waba_info\":{\"waba_id\":\"77\"}}}")));
    assert_string_equal(only(WK_ITEM_OTHER)->account, "21");
    /* errors beside a message are an update of their own; a change with nothing is kept */
    assert_true(split(WRAP("{\"field\":\"messages\",\"value\":{" META ",\"messages\":[" TEXT("m", "27") "],\"errors\":[{\"code\":1}]}}")));
    assert_int_equal(items.count, 2);
    assert_int_equal(items.all[1].item.kind, WK_ITEM_OTHER);
    assert_string_equal(items.all[1].payload[1], "[{\"code\":1}]");
    assert_true(split(WRAP("{\"field\":\"messages\",\"value\":{" META "}}")));
    (void)only(WK_ITEM_OTHER);
    /* nobody's */
    assert_true(split("{\"object\":\"whatsapp_business_account\",\"entry\":[{\"changes\":[{\"field\":\"x\",\"value\":{}}]}]}"));
    (void)only(WK_ITEM_BAD);
}

static void echoes_go_one_by_one(void **state)
{
    (void)state;
    assert_true(split(WRAP("{\"field\":\"smb_message_echoes\",\"value\":{" META ",\"message_echoes\":[{\"id\":\"e1\",\"to\":\"27\",\"timestamp\":\"5\"},"
                           "{\"to\":\"27\"},{\"id\":\"e2\"}]}}")));
    assert_int_equal(items.count, 3);
    assert_string_equal(items.all[0].dedupe, "e1");
    assert_string_equal(items.all[0].address, "11");
    assert_int_equal(items.all[0].item.at_s, 5);
    assert_int_equal(items.all[1].item.kind, WK_ITEM_BAD);
    assert_string_equal(items.all[2].dedupe, "e2");
}

static void what_is_no_envelope_is_refused_whole(void **state)
{
    static const struct { const char *body, *code; } bodies[] = {
        {"", "whatsapp.not_json"}, {" ", "whatsapp.not_json"}, {"hello", "whatsapp.not_json"}, {"[]", "whatsapp.not_envelope"},
        {"{}", "whatsapp.not_envelope"}, {"null", "whatsapp.not_envelope"}, {"{\"object\":\"page\",\"entry\":[]}", "whatsapp.not_envelope"},
        {"{\"object\":\"whatsapp_business_account\"}", "whatsapp.not_envelope"},
        {"{\"object\":\"whatsapp_business_account\",\"entry\":{}}", "whatsapp.not_envelope"},
        {"\xef\xbb\xbf{}", "whatsapp.not_json"}, {MESSAGES(TEXT("a", "1")) "x", "whatsapp.not_json"},
        {MESSAGES(TEXT("a", "1")) "{}", "whatsapp.not_json"}, {MESSAGES(TEXT("a", "1") ","), "whatsapp.not_json"},
        {MESSAGES(TEXT("a", "1") ",{\"id\":01}"), "whatsapp.not_json"}, {MESSAGES("{\"a\":\"\x01\"}"), "whatsapp.not_json"},
        {MESSAGES("{\"a\":\"\\x\"}"), "whatsapp.not_json"}, {MESSAGES("{\"a\":\"\\u12g4\"}"), "whatsapp.not_json"},
        {MESSAGES("{a:1}"), "whatsapp.not_json"}, {MESSAGES("{\"a\" 1}"), "whatsapp.not_json"}, {MESSAGES("{\"a\":1 \"b\":2}"), "whatsapp.not_json"},
        {MESSAGES("tru"), "whatsapp.not_json"}, {MESSAGES("NaN"), "whatsapp.not_json"}, {MESSAGES("+1"), "whatsapp.not_json"},
        {MESSAGES(".5"), "whatsapp.not_json"}, {MESSAGES("1."), "whatsapp.not_json"}, {MESSAGES("1e"), "whatsapp.not_json"}, {MESSAGES("-"), "whatsapp.not_json"},
        {MESSAGES("'x'"), "whatsapp.not_json"}, {MESSAGES("/**/1"), "whatsapp.not_json"},
    };

    (void)state;
    for (size_t i = 0; i < WK_COUNT(bodies); i++) {
        if (split(bodies[i].body))
            fail_msg("taken: %s", bodies[i].body);
        assert_string_equal(err.code, bodies[i].code);
        assert_int_equal(items.count, 0); /* never half of a body */
    }
}

static void bad_utf8_is_refused_and_good_is_not(void **state)
{
    static const char *const bad[] = {"\x80", "\xc0\xaf", "\xc1\xbf", "\xc3", "\xe0\x9f\xbf", "\xe2\x82", "\xed\xa0\x80", "\xed\xbf\xbf",
                                      "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xfe", "a\xf0\x9f\x98"};
    static const char *const good[] = {"\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf",
                                       "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "\x7f", "abcdefg\xc3\xa4hijklmnop"};
    char body[1000];

    (void)state;
    for (size_t i = 0; i < WK_COUNT(bad); i++) {
        (void)snprintf(body, sizeof body, MESSAGES("{\"id\":\"m\",\"from\":\"27\",\"t\":\"%s\"}"), bad[i]);
        assert_false(split(body));
        (void)snprintf(body, sizeof body, MESSAGES("{\"id\":\"m\",\"from\":\"27\",\"%s\":1}"), bad[i]); /* in names too */
        assert_false(split(body));
    }
    for (size_t i = 0; i < WK_COUNT(good); i++) {
        (void)snprintf(body, sizeof body, MESSAGES("{\"id\":\"m\",\"from\":\"27\",\"t\":\"%s\"}"), good[i]);
        assert_true(split(body));
    }
    assert_true(split(MESSAGES("{\"id\":\"m\",\"from\":\"27\",\"t\":\"\\ud800 \\u0000 \\udfff\\ud83d\"}")));
    (void)only(WK_ITEM_MESSAGE);
}

static void depth_is_bounded(void **state)
{
    char *body = malloc(40000);

    (void)state;
    for (size_t extra = 0; extra < 10001; extra += extra < 70 ? 1 : 9931) { /* 0..70, then 10,001 */
        size_t n = (size_t)sprintf(body, "%s", "{\"object\":\"whatsapp_business_account\",\"entry\":[],\"deep\":");

        memset(body + n, '[', extra);
        memset(body + n + extra, ']', extra);
        n += 2 * extra;
        n += (size_t)sprintf(body + n, "%s}", extra ? "" : "0");
        assert_int_equal(split_bytes(body, n), extra + 1 <= 64);
    }
    for (size_t extra = 60; extra < 70; extra++) { /* objects count like arrays */
        size_t n = (size_t)sprintf(body, "%s", "{\"object\":\"whatsapp_business_account\",\"entry\":[],\"deep\":");

        for (size_t i = 0; i < extra; i++)
            n += (size_t)sprintf(body + n, "{\"a\":");
        n += (size_t)sprintf(body + n, "0");
        for (size_t i = 0; i <= extra; i++)
            body[n++] = '}';
        assert_int_equal(split_bytes(body, n), extra + 1 <= 64);
    }
    for (size_t n = 0; n < 10000; n++)
        memcpy(body + 4 * n, n % 2 ? "{\"a\"" : "[[[[", 4);
    assert_false(split_bytes(body, 40000));
    free(body);
}

static void every_truncation_of_every_sample_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < WK_COUNT(samples); i++) {
        size_t len;
        char *body = read_sample(i, &len);

        for (size_t cut = 0; cut < len; cut++) {
            assert_false(split_bytes(body, cut));
            assert_int_equal(items.count, 0);
        }
        free(body);
    }
}

/* One byte changed at a time: never a crash, and never more or other updates than a sound body could have. */
static void every_changed_byte_is_survived(void **state)
{
    static const char hostile[] = {'"', '\\', '{', '}', '[', ']', ',', ':', '\0', '\x80', '\xff', '0', 'u'};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        size_t len;
        char *body = read_sample(i * 8, &len);

        for (size_t at = 0; at < len; at++)
            for (size_t h = 0; h < sizeof hostile; h++) {
                char was = body[at];

                body[at] = hostile[h];
                (void)split_bytes(body, len);
                assert_true(items.count <= 4);
                body[at] = was;
            }
        free(body);
    }
}

static void a_full_receiver_stops_the_split(void **state)
{
    struct fake_items few;

    (void)state;
    fake_items_init(&few);
    few.stop_at = 1;
    assert_false(wa_split_body(MESSAGES(TEXT("a", "1") "," TEXT("b", "1") "," TEXT("c", "1")),
                               strlen(MESSAGES(TEXT("a", "1") "," TEXT("b", "1") "," TEXT("c", "1"))), &few.to, &err));
    assert_string_equal(err.code, "whatsapp.inbox_full");
    assert_int_equal(err.cls, WK_TRANSIENT);
    assert_int_equal(few.count, 1);
    fake_items_free(&few);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_sample_gives_its_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(a_text_message_in_detail, setup, teardown),
        cmocka_unit_test_setup_teardown(statuses_carry_rank_callback_and_error, setup, teardown),
        cmocka_unit_test_setup_teardown(another_apps_callback_data_is_not_ours, setup, teardown),
        cmocka_unit_test_setup_teardown(order_of_members_does_not_matter, setup, teardown),
        cmocka_unit_test_setup_teardown(each_change_has_its_own_number, setup, teardown),
        cmocka_unit_test_setup_teardown(one_bad_update_does_not_sink_its_batch, setup, teardown),
        cmocka_unit_test_setup_teardown(shapes_that_are_bad_as_a_whole_change, setup, teardown),
        cmocka_unit_test_setup_teardown(ids_are_read_as_meant_and_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(last_of_two_equal_members_wins, setup, teardown),
        cmocka_unit_test_setup_teardown(contacts_are_matched_to_their_sender, setup, teardown),
        cmocka_unit_test_setup_teardown(times_of_all_spellings, setup, teardown),
        cmocka_unit_test_setup_teardown(other_fields_are_kept_under_a_stable_key, setup, teardown),
        cmocka_unit_test_setup_teardown(echoes_go_one_by_one, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_envelope_is_refused_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_utf8_is_refused_and_good_is_not, setup, teardown),
        cmocka_unit_test_setup_teardown(depth_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(every_truncation_of_every_sample_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(every_changed_byte_is_survived, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_receiver_stops_the_split, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
