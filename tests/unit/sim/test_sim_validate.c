/* What Meta refuses is refused: every limit just met and just passed, every shape that is wrong, with the code that Meta gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "validate.h"

#define HEAD "\"messaging_product\":\"whatsapp\",\"recipient_type\":\"individual\",\"to\":\"+27820000001\","
#define TEXT "{" HEAD "\"type\":\"text\",\"text\":{\"body\":\"@\"}}"
#define INTERACTIVE(rest) "{" HEAD "\"type\":\"interactive\",\"interactive\":{" rest "}}"
#define BODY "\"body\":{\"text\":\"Choose\"},"
#define REPLY(id, title) "{\"type\":\"reply\",\"reply\":{\"id\":\"" id "\",\"title\":\"" title "\"}}"
#define BUTTONS(list) INTERACTIVE("\"type\":\"button\"," BODY "\"action\":{\"buttons\":[" list "]}")
#define LIST(sections) INTERACTIVE("\"type\":\"list\"," BODY "\"action\":{\"button\":\"Open\",\"sections\":[" sections "]}")
#define ROW(id, title) "{\"id\":\"" id "\",\"title\":\"" title "\"}"
#define TEMPLATE(rest) "{" HEAD "\"type\":\"template\",\"template\":{\"name\":\"order_update\",\"language\":{\"code\":\"en_US\"}" rest "}}"

/* "@" becomes n characters: ä, so that bytes are not taken for characters. In ids "#" becomes n letters x. */
static char *fill(const char *form, size_t n)
{
    char *out = malloc(strlen(form) + 4 * n + 1), *p = out;

    assert_non_null(out);
    for (; *form; form++) {
        if (*form != '@' && *form != '#') {
            *p++ = *form;
            continue;
        }
        for (size_t i = 0; i < n; i++) {
            memcpy(p, *form == '@' ? "\xc3\xa4" : "x", *form == '@' ? 2 : 1);
            p += *form == '@' ? 2 : 1;
        }
    }
    *p = '\0';
    return out;
}

/* 0: accepted, else the code. */
static int verdict(const char *text, char *details, size_t size)
{
    json_error_t where;
    json_t *json = json_loads(text, 0, &where);
    struct sim_refusal no = {0};
    struct sim_send send;
    bool ok;

    if (!json)
        fail_msg("the test's own JSON is wrong at %d: %s in %.200s", where.position, where.text, text);
    ok = sim_validate(json, &send, &no);
    assert_true(ok || *no.details);
    if (details)
        (void)snprintf(details, size, "%s", ok ? "" : no.details);
    json_decref(json);
    return ok ? 0 : no.code;
}

static void expect(const char *text, int code)
{
    char details[240];
    int got = verdict(text, details, sizeof details);

    if (got != code)
        fail_msg("%d instead of %d (%s) for %.300s", got, code, details, text);
}

/* A field and how long it may be; `empty`: the code for nothing at all, 0 when that is allowed. */
static const struct limit {
    const char *form;
    size_t max;
    int over, empty;
} limits[] = {
    {TEXT, 4096, 100, 100},
    {"{" HEAD "\"type\":\"image\",\"image\":{\"link\":\"https://a.example/x.png\",\"caption\":\"@\"}}", 1024, 131009, 0},
    {"{" HEAD "\"type\":\"text\",\"text\":{\"body\":\"a\"},\"biz_opaque_callback_data\":\"@\"}", 512, 131009, 0},
    {INTERACTIVE("\"type\":\"button\",\"body\":{\"text\":\"@\"},\"action\":{\"buttons\":[" REPLY("a", "A") "]}"), 1024, 131009, 131009},
    {INTERACTIVE("\"type\":\"button\",\"header\":{\"type\":\"text\",\"text\":\"@\"}," BODY "\"action\":{\"buttons\":[" REPLY("a", "A") "]}"), 60,
     131009, 131009},
    {INTERACTIVE("\"type\":\"button\",\"footer\":{\"text\":\"@\"}," BODY "\"action\":{\"buttons\":[" REPLY("a", "A") "]}"), 60, 131009, 131009},
    {BUTTONS(REPLY("a", "@")), 20, 131009, 131009},
    {BUTTONS(REPLY("@", "A")), 256, 131009, 131009},
    {INTERACTIVE("\"type\":\"list\"," BODY "\"action\":{\"button\":\"@\",\"sections\":[{\"rows\":[" ROW("a", "A") "]}]}"), 20, 131009, 131009},
    {LIST("{\"title\":\"@\",\"rows\":[" ROW("a", "A") "]}"), 24, 131009, 0},
    {LIST("{\"title\":\"@\",\"rows\":[" ROW("a", "A") "]},{\"title\":\"B\",\"rows\":[" ROW("b", "B") "]}"), 24, 131009, 131009},
    {LIST("{\"rows\":[" ROW("@", "A") "]}"), 200, 131009, 131009},
    {LIST("{\"rows\":[" ROW("a", "@") "]}"), 24, 131009, 131009},
    {LIST("{\"rows\":[{\"id\":\"a\",\"title\":\"A\",\"description\":\"@\"}]}"), 72, 131009, 0},
    {INTERACTIVE("\"type\":\"cta_url\"," BODY "\"action\":{\"name\":\"cta_url\",\"parameters\":{\"display_text\":\"@\","
                 "\"url\":\"https://a.example/\"}}"), 20, 131009, 131009},
    {INTERACTIVE("\"type\":\"flow\"," BODY "\"action\":{\"name\":\"flow\",\"parameters\":{\"flow_message_version\":\"3\",\"flow_id\":\"1\","
                 "\"flow_cta\":\"@\"}}"), 20, 131009, 131009},
    {"{" HEAD "\"type\":\"template\",\"template\":{\"name\":\"#\",\"language\":{\"code\":\"en\"}}}", 512, 131009, 131009},
    {TEMPLATE(",\"components\":[{\"type\":\"header\",\"parameters\":[{\"type\":\"text\",\"text\":\"@\"}]}]"), 60, 131009, 131009},
    {TEMPLATE(",\"components\":[{\"type\":\"body\",\"parameters\":[{\"type\":\"text\",\"text\":\"@\"}]},{\"type\":\"footer\"}]"), 1024, 131009,
     131009},
    {TEMPLATE(",\"components\":[{\"type\":\"body\",\"parameters\":[{\"type\":\"text\",\"text\":\"@\"}]}]"), 32768, 131009, 131009},
    {"{" HEAD "\"context\":{\"message_id\":\"#\"},\"text\":{\"body\":\"a\"}}", 128, 131009, 131009},
};

static void each_text_may_be_as_long_as_meta_says_and_no_longer(void **state)
{
    (void)state;
    for (size_t i = 0; i < WK_COUNT(limits); i++) {
        char *most = fill(limits[i].form, limits[i].max), *more = fill(limits[i].form, limits[i].max + 1), *none = fill(limits[i].form, 0);

        expect(most, 0);
        expect(more, limits[i].over);
        expect(none, limits[i].empty);
        free(most);
        free(more);
        free(none);
    }
}

/* n items joined by commas; "%zu" in the form is the item's number. */
static char *repeat(const char *before, const char *form, size_t n, const char *after)
{
    size_t size = strlen(before) + strlen(after) + n * (strlen(form) + 40) + 1, at;
    char *out = malloc(size);
    const char *gap;

    assert_non_null(out);
    at = (size_t)snprintf(out, size, "%s", before);
    for (size_t i = 0; i < n; i++) {
        at += (size_t)snprintf(out + at, size - at, "%s", i ? "," : "");
        for (const char *p = form; *p; p = gap + 1) {
            gap = strchr(p, '%');
            if (!gap) {
                at += (size_t)snprintf(out + at, size - at, "%s", p);
                break;
            }
            at += (size_t)snprintf(out + at, size - at, "%.*s%zu", (int)(gap - p), p, i);
        }
    }
    (void)snprintf(out + at, size - at, "%s", after);
    return out;
}

static const struct count { /* "%" is the number of the item */
    const char *before, *form, *after;
    size_t min, max;
} counts[] = {
    {"{" HEAD "\"type\":\"interactive\",\"interactive\":{\"type\":\"button\"," BODY "\"action\":{\"buttons\":[", REPLY("i%", "T%"), "]}}}", 1, 3},
    {"{" HEAD "\"type\":\"interactive\",\"interactive\":{\"type\":\"list\"," BODY "\"action\":{\"button\":\"Open\",\"sections\":[{\"rows\":[",
     ROW("i%", "T"), "]}]}}}", 1, 10},
    {"{" HEAD "\"type\":\"interactive\",\"interactive\":{\"type\":\"list\"," BODY "\"action\":{\"button\":\"Open\",\"sections\":[",
     "{\"title\":\"S%\",\"rows\":[" ROW("i%", "T") "]}", "]}}}", 1, 10},
    {"{" HEAD "\"type\":\"interactive\",\"interactive\":{\"type\":\"product_list\",\"header\":{\"type\":\"text\",\"text\":\"H\"}," BODY
     "\"action\":{\"catalog_id\":\"1\",\"sections\":[{\"title\":\"S\",\"product_items\":[",
     "{\"product_retailer_id\":\"p%\"}", "]}]}}}", 1, 30},
    {"{" HEAD "\"type\":\"interactive\",\"interactive\":{\"type\":\"carousel\"," BODY "\"action\":{\"cards\":[",
     "{\"card_index\":%,\"type\":\"product\",\"action\":{\"catalog_id\":\"1\",\"product_retailer_id\":\"p%\"}}", "]}}}", 2, 10},
    {"{" HEAD "\"type\":\"contacts\",\"contacts\":[", "{\"name\":{\"formatted_name\":\"N%\"}}", "]}", 1, 257},
    {"{" HEAD "\"type\":\"template\",\"template\":{\"name\":\"n\",\"language\":{\"code\":\"en\"},\"components\":[",
     "{\"type\":\"button\",\"sub_type\":\"quick_reply\",\"index\":\"1\",\"parameters\":[{\"type\":\"payload\",\"payload\":\"p%\"}]}", "]}}", 0, 10},
};

static void each_list_may_hold_as_many_as_meta_says_and_no_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < WK_COUNT(counts); i++) {
        const struct count *c = &counts[i];
        char *least = repeat(c->before, c->form, c->min, c->after), *most = repeat(c->before, c->form, c->max, c->after);
        char *more = repeat(c->before, c->form, c->max + 1, c->after);

        expect(least, 0);
        expect(most, 0);
        expect(more, 131009);
        free(least);
        free(most);
        free(more);
        if (c->min) {
            char *less = repeat(c->before, c->form, c->min - 1, c->after);

            expect(less, 131009);
            free(less);
        }
    }
}

static void ten_rows_are_counted_over_all_sections(void **state)
{
    char *rows = repeat("", ROW("i%", "T"), 10, ""), text[4000];

    (void)state;
    (void)snprintf(text, sizeof text, LIST("{\"title\":\"A\",\"rows\":[%s]},{\"title\":\"B\",\"rows\":[" ROW("z", "Z") "]}"), rows);
    expect(text, 131009);
    free(rows);
}

static const struct shape {
    const char *text;
    int code;
} shapes[] = {
    /* the frame */
    {"{" HEAD "\"text\":{\"body\":\"type is text when nothing is said\"}}", 0},
    {"{\"to\":\"27820000001\",\"text\":{\"body\":\"a\"}}", 100},
    {"{\"messaging_product\":\"sms\",\"to\":\"27820000001\",\"text\":{\"body\":\"a\"}}", 100},
    {"{\"messaging_product\":\"whatsapp\",\"text\":{\"body\":\"a\"}}", 131008},
    {"{\"messaging_product\":\"whatsapp\",\"recipient_type\":\"crowd\",\"to\":\"27820000001\",\"text\":{\"body\":\"a\"}}", 100},
    {"{\"messaging_product\":\"whatsapp\",\"to\":\"27820000001\",\"text\":{\"body\":\"a\"}}", 0},
    {"{\"messaging_product\":\"whatsapp\",\"to\":27820000001,\"text\":{\"body\":\"a\"}}", 100},
    {"{\"messaging_product\":\"whatsapp\",\"to\":\"+27 82\",\"text\":{\"body\":\"a\"}}", 131009},
    {"{\"messaging_product\":\"whatsapp\",\"to\":\"1234\",\"text\":{\"body\":\"a\"}}", 131009},
    {"{\"messaging_product\":\"whatsapp\",\"to\":\"123456789012345\",\"text\":{\"body\":\"a\"}}", 0},
    {"{\"messaging_product\":\"whatsapp\",\"to\":\"1234567890123456\",\"text\":{\"body\":\"a\"}}", 131009},
    {"{\"messaging_product\":\"whatsapp\",\"to\":\"ZA.12345\",\"text\":{\"body\":\"a\"}}", 131009},
    {"{\"messaging_product\":\"whatsapp\",\"recipient\":\"ZA.12345\",\"text\":{\"body\":\"a\"}}", 0},
    {"{\"messaging_product\":\"whatsapp\",\"recipient\":\"ZA.ENT.12345\",\"text\":{\"body\":\"a\"}}", 0},
    {"{\"messaging_product\":\"whatsapp\",\"recipient\":\"ZA.1-2\",\"text\":{\"body\":\"a\"}}", 131009},
    {"{\"messaging_product\":\"whatsapp\",\"recipient\":\"27820000001\",\"text\":{\"body\":\"a\"}}", 131009},
    {"{" HEAD "\"type\":\"text\"}", 131008},
    {"{" HEAD "\"type\":\"text\",\"text\":\"a\"}", 100},
    {"{" HEAD "\"type\":\"text\",\"text\":{\"body\":7}}", 100},
    {"{" HEAD "\"type\":\"text\",\"text\":{\"body\":\"a\",\"preview_url\":\"yes\"}}", 100},
    {"{" HEAD "\"type\":\"text\",\"text\":{\"body\":\"a\",\"bold\":true}}", 100},
    {"{" HEAD "\"type\":\"text\",\"text\":{\"body\":\"a\"},\"image\":{\"id\":\"1\"}}", 100},
    {"{" HEAD "\"type\":\"text\",\"text\":{\"body\":\"a\"},\"colour\":\"red\"}", 100},
    {"{" HEAD "\"type\":\"hologram\"}", 131051},
    {"{" HEAD "\"context\":{},\"text\":{\"body\":\"a\"}}", 131008},
    {"[]", 100},
    /* receipts */
    {"{\"messaging_product\":\"whatsapp\",\"status\":\"read\",\"message_id\":\"wamid.x\"}", 0},
    {"{\"messaging_product\":\"whatsapp\",\"status\":\"read\",\"message_id\":\"wamid.x\",\"typing_indicator\":{\"type\":\"text\"}}", 0},
    {"{\"messaging_product\":\"whatsapp\",\"status\":\"read\",\"message_id\":\"wamid.x\",\"typing_indicator\":{\"type\":\"song\"}}", 131009},
    {"{\"messaging_product\":\"whatsapp\",\"status\":\"eaten\",\"message_id\":\"wamid.x\"}", 131009},
    {"{\"messaging_product\":\"whatsapp\",\"status\":\"read\"}", 131008},
    /* media */
    {"{" HEAD "\"type\":\"image\",\"image\":{\"id\":\"1\"}}", 0},
    {"{" HEAD "\"type\":\"image\",\"image\":{}}", 131008},
    {"{" HEAD "\"type\":\"image\",\"image\":{\"id\":\"1\",\"link\":\"https://a.example/\"}}", 100},
    {"{" HEAD "\"type\":\"image\",\"image\":{\"link\":\"ftp://a.example/\"}}", 131009},
    {"{" HEAD "\"type\":\"audio\",\"audio\":{\"id\":\"1\",\"voice\":true}}", 0},
    {"{" HEAD "\"type\":\"audio\",\"audio\":{\"id\":\"1\",\"caption\":\"a\"}}", 100},
    {"{" HEAD "\"type\":\"document\",\"document\":{\"id\":\"1\",\"filename\":\"a.pdf\"}}", 0},
    {"{" HEAD "\"type\":\"sticker\",\"sticker\":{\"id\":\"1\",\"filename\":\"a\"}}", 100},
    /* location, reaction */
    {"{" HEAD "\"type\":\"location\",\"location\":{\"latitude\":\"-90\",\"longitude\":180}}", 0},
    {"{" HEAD "\"type\":\"location\",\"location\":{\"latitude\":-90.001,\"longitude\":180}}", 131009},
    {"{" HEAD "\"type\":\"location\",\"location\":{\"latitude\":\"1\",\"longitude\":\"180.5\"}}", 131009},
    {"{" HEAD "\"type\":\"location\",\"location\":{\"latitude\":\"0x1\",\"longitude\":1}}", 131009},
    {"{" HEAD "\"type\":\"location\",\"location\":{\"latitude\":\"nan\",\"longitude\":1}}", 131009},
    {"{" HEAD "\"type\":\"location\",\"location\":{\"latitude\":\"\",\"longitude\":1}}", 131009},
    {"{" HEAD "\"type\":\"location\",\"location\":{\"longitude\":1}}", 131008},
    {"{" HEAD "\"type\":\"location\",\"location\":{\"latitude\":true,\"longitude\":1}}", 100},
    {"{" HEAD "\"type\":\"reaction\",\"reaction\":{\"message_id\":\"wamid.x\",\"emoji\":\"\"}}", 0},
    {"{" HEAD "\"type\":\"reaction\",\"reaction\":{\"emoji\":\"\"}}", 131008},
    {"{" HEAD "\"type\":\"contacts\",\"contacts\":[{\"name\":{}}]}", 131008},
    /* buttons and lists */
    {BUTTONS(REPLY("a", "A") "," REPLY("a", "B")), 131009},
    {BUTTONS(REPLY("a", "A") "," REPLY("b", "A")), 131009},
    {BUTTONS(REPLY(" a", "A")), 131009},
    {BUTTONS(REPLY("a ", "A")), 131009},
    {BUTTONS("{\"type\":\"call\",\"reply\":{\"id\":\"a\",\"title\":\"A\"}}"), 131009},
    {BUTTONS("{\"type\":\"reply\"}"), 131008},
    {LIST("{\"rows\":[" ROW("a", "A") "," ROW("a", "B") "]}"), 131009},
    {LIST("{\"rows\":[]}"), 131009},
    {LIST("{\"rows\":[" ROW("a", "A") "]},{\"title\":\"B\",\"rows\":[" ROW("b", "B") "]}"), 131008},
    {INTERACTIVE("\"type\":\"list\",\"header\":{\"type\":\"image\",\"image\":{\"id\":\"1\"}}," BODY
                 "\"action\":{\"button\":\"Open\",\"sections\":[{\"rows\":[" ROW("a", "A") "]}]}"), 131009},
    {INTERACTIVE("\"type\":\"button\",\"header\":{\"type\":\"image\",\"image\":{\"id\":\"1\"}}," BODY "\"action\":{\"buttons\":["
                 REPLY("a", "A") "]}"), 0},
    {INTERACTIVE("\"type\":\"button\",\"action\":{\"buttons\":[" REPLY("a", "A") "]}"), 131008},
    {INTERACTIVE("\"type\":\"button\"," BODY "\"action\":{\"buttons\":[" REPLY("a", "A") "],\"button\":\"Open\"}"), 100},
    {INTERACTIVE("\"type\":\"wheel\"," BODY "\"action\":{}"), 131009},
    /* the others */
    {INTERACTIVE("\"type\":\"location_request_message\"," BODY "\"action\":{\"name\":\"send_location\"}"), 0},
    {INTERACTIVE("\"type\":\"location_request_message\"," BODY "\"action\":{\"name\":\"send_pizza\"}"), 131009},
    {INTERACTIVE("\"type\":\"location_request_message\",\"footer\":{\"text\":\"f\"}," BODY "\"action\":{\"name\":\"send_location\"}"), 131009},
    {INTERACTIVE("\"type\":\"location_request_message\",\"header\":{\"type\":\"text\",\"text\":\"f\"}," BODY
                 "\"action\":{\"name\":\"send_location\"}"), 131009},
    {INTERACTIVE("\"type\":\"cta_url\"," BODY "\"action\":{\"name\":\"cta_url\",\"parameters\":{\"display_text\":\"A\",\"url\":\"javascript:1\"}}"),
     131009},
    {INTERACTIVE("\"type\":\"product\",\"action\":{\"catalog_id\":\"1\",\"product_retailer_id\":\"2\"}"), 0},
    {INTERACTIVE("\"type\":\"product\",\"header\":{\"type\":\"text\",\"text\":\"h\"},\"action\":{\"catalog_id\":\"1\",\"product_retailer_id\":\"2\"}"),
     131009},
    {INTERACTIVE("\"type\":\"product_list\"," BODY "\"action\":{\"catalog_id\":\"1\",\"sections\":[{\"product_items\":"
                 "[{\"product_retailer_id\":\"2\"}]}]}"), 131008},
    {INTERACTIVE("\"type\":\"carousel\"," BODY "\"action\":{\"cards\":[{\"action\":{\"catalog_id\":\"1\",\"product_retailer_id\":\"2\"}},"
                 "{\"action\":{\"catalog_id\":\"7\",\"product_retailer_id\":\"3\"}}]}"), 131009},
    {INTERACTIVE("\"type\":\"flow\"," BODY "\"action\":{\"name\":\"flow\",\"parameters\":{\"flow_message_version\":\"3\",\"flow_cta\":\"A\"}}"),
     131008},
    /* templates */
    {TEMPLATE(""), 0},
    {"{" HEAD "\"type\":\"template\",\"template\":{\"name\":\"Order\",\"language\":{\"code\":\"en\"}}}", 131009},
    {"{" HEAD "\"type\":\"template\",\"template\":{\"name\":\"order\"}}", 131008},
    {TEMPLATE(",\"components\":[{\"type\":\"button\",\"sub_type\":\"url\",\"index\":\"9\",\"parameters\":[{\"type\":\"text\",\"text\":\"a\"}]}]"), 0},
    {TEMPLATE(",\"components\":[{\"type\":\"button\",\"sub_type\":\"url\",\"index\":10,\"parameters\":[{\"type\":\"text\",\"text\":\"a\"}]}]"),
     131009},
    {TEMPLATE(",\"components\":[{\"type\":\"body\",\"parameters\":[{\"type\":\"song\",\"song\":\"a\"}]}]"), 131009},
};

static void wrong_shapes_get_the_code_that_meta_gives(void **state)
{
    (void)state;
    for (size_t i = 0; i < WK_COUNT(shapes); i++)
        expect(shapes[i].text, shapes[i].code);
}

static void what_is_known_about_a_good_message_is_handed_on(void **state)
{
    json_t *json = json_loads("{\"messaging_product\":\"whatsapp\",\"to\":\"+27820000001\",\"recipient\":\"ZA.1\",\"type\":\"template\","
                              "\"biz_opaque_callback_data\":\"out:1\",\"template\":{\"name\":\"a\",\"language\":{\"code\":\"en\"}}}", 0, NULL);
    struct sim_refusal no;
    struct sim_send send;

    (void)state;
    assert_true(sim_validate(json, &send, &no));
    assert_string_equal(send.phone, "27820000001"); /* `to` wins */
    assert_null(send.user_id);
    assert_string_equal(send.input, "+27820000001");
    assert_string_equal(send.callback, "out:1");
    assert_true(send.is_template);
    assert_false(send.is_receipt);
    json_decref(json);
}

static void errors_have_metas_shape(void **state)
{
    struct sim_refusal no;
    json_t *body;
    const char *type;
    int code;

    (void)state;
    assert_false(sim_refuse(&no, 131047, "too \"late\" by %d", 1));
    body = sim_refusal_body(&no, "Atrace");
    assert_int_equal(json_unpack(body, "{s:{s:s, s:i, s:{s:s}}}", "error", "type", &type, "code", &code, "error_data", "details", &type), 0);
    assert_int_equal(code, 131047);
    assert_string_equal(type, "too \"late\" by 1");
    assert_string_equal(json_string_value(json_object_get(json_object_get(body, "error"), "message")), "(#131047) Re-engagement message");
    assert_int_equal(sim_refusal_http(&no), 400);
    json_decref(body);
    (void)sim_refuse(&no, 190, "x");
    assert_int_equal(sim_refusal_http(&no), 401);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_text_may_be_as_long_as_meta_says_and_no_longer),
        cmocka_unit_test(each_list_may_hold_as_many_as_meta_says_and_no_more),
        cmocka_unit_test(ten_rows_are_counted_over_all_sections),
        cmocka_unit_test(wrong_shapes_get_the_code_that_meta_gives),
        cmocka_unit_test(what_is_known_about_a_good_message_is_handed_on),
        cmocka_unit_test(errors_have_metas_shape),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
