/* Every limit of the Graph API from both sides, and what goes on the wire. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <jansson.h>
#include "compose.h"
#include "fake_host.h"

static struct wk_err err;
static json_t *out; /* the last body */

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
    json_decref(out);
    out = NULL;
    fake_end();
    return 0;
}

static bool compose_to(const char *to, struct wk_outgoing m)
{
    const char *json = NULL;

    m.size = sizeof m;
    json_decref(out);
    out = NULL;
    memset(&err, 0, sizeof err);
    if (!wa_compose(fake_begin(), to, &m, &json, &err)) {
        assert_null(json);
        assert_non_null(err.code);
        return false;
    }
    out = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(out);
    return true;
}
static bool compose(struct wk_outgoing m) { return compose_to("27115550100", m); }

static const char *at(const char *path) /* "interactive.action.buttons.0.reply.id" */
{
    char copy[200], *save, *word;
    const json_t *v = out;

    (void)snprintf(copy, sizeof copy, "%s", path);
    for (word = strtok_r(copy, ".", &save); word; word = strtok_r(NULL, ".", &save))
        v = json_is_array(v) ? json_array_get(v, strtoul(word, NULL, 10)) : json_object_get(v, word);
    return json_string_value(v);
}

/* n characters of three bytes each: a limit in bytes would show. */
static const char *wide(size_t n)
{
    static char bank[4][40000];
    static unsigned next;
    char *text = bank[next++ % 4];

    for (size_t i = 0; i < n; i++)
        memcpy(text + 3 * i, "\xe2\x82\xac", 3);
    text[3 * n] = '\0';
    return text;
}
static const char *plain(size_t n)
{
    static char bank[4][5000];
    static unsigned next;
    char *text = bank[next++ % 4];

    memset(text, 'a', n);
    text[n] = '\0';
    return text;
}
static const char *url(size_t n)
{
    static char text[5000];

    memset(text, 'a', n);
    memcpy(text, "https://", 8);
    text[n] = '\0';
    return text;
}

/* --- the limits: each row builds a message with something of size n --- */
static struct wk_option options[16];
static const char *parameters[200];

static struct wk_outgoing buttons(size_t n)
{
    static char ids[16][8], titles[16][8];

    for (size_t i = 0; i < WK_COUNT(options); i++) {
        (void)snprintf(ids[i], 8, "id%zu", i);
        (void)snprintf(titles[i], 8, "t%zu", i);
        options[i] = (struct wk_option){.id = ids[i], .title = titles[i]};
    }
    return (struct wk_outgoing){.type = WK_OUT_BUTTONS, .text = "b", .options = options, .option_count = n};
}
static struct wk_outgoing list(size_t n)
{
    struct wk_outgoing m = buttons(n);

    m.type = WK_OUT_LIST;
    m.button = "Open";
    return m;
}
static struct wk_outgoing link_to(void) { return (struct wk_outgoing){.type = WK_OUT_LINK, .text = "b", .button = "Open", .url = "https://a"}; }
static struct wk_outgoing template_of(size_t n)
{
    for (size_t i = 0; i < WK_COUNT(parameters); i++)
        parameters[i] = "p";
    return (struct wk_outgoing){.type = WK_OUT_TEMPLATE, .template_name = "t", .template_language = "en", .parameters = parameters, .parameter_count = n};
}

#define ROW(name, message, change)                                                                                     \
    static struct wk_outgoing name(size_t n)                                                                           \
    {                                                                                                                  \
        struct wk_outgoing m = message;                                                                                \
        change;                                                                                                        \
        return m;                                                                                                      \
    }
ROW(text_body, ((struct wk_outgoing){.type = WK_OUT_TEXT}), m.text = wide(n))
ROW(button_body, buttons(1), m.text = wide(n))
ROW(button_header, buttons(1), m.header = wide(n))
ROW(button_footer, buttons(1), m.footer = wide(n))
ROW(button_title, buttons(1), options[0].title = wide(n))
ROW(button_id, buttons(1), options[0].id = plain(n))
ROW(list_body, list(1), m.text = wide(n))
ROW(list_header, list(1), m.header = wide(n))
ROW(list_footer, list(1), m.footer = wide(n))
ROW(list_button, list(1), m.button = wide(n))
ROW(row_title, list(1), options[0].title = wide(n))
ROW(row_id, list(1), options[0].id = plain(n))
ROW(row_description, list(1), options[0].description = wide(n))
ROW(section_title, list(1), options[0].section = wide(n))
ROW(request_body, ((struct wk_outgoing){.type = WK_OUT_LOCATION_REQUEST}), m.text = wide(n))
ROW(link_body, link_to(), m.text = wide(n))
ROW(link_header, link_to(), m.header = wide(n))
ROW(link_footer, link_to(), m.footer = wide(n))
ROW(link_button, link_to(), m.button = wide(n))
ROW(link_url, link_to(), m.url = url(n))
ROW(caption, ((struct wk_outgoing){.type = WK_OUT_IMAGE, .url = "https://a"}), m.text = wide(n))
ROW(image_url, ((struct wk_outgoing){.type = WK_OUT_IMAGE}), m.url = url(n))
ROW(place_name, ((struct wk_outgoing){.type = WK_OUT_LOCATION}), m.place_name = wide(n))
ROW(place_address, ((struct wk_outgoing){.type = WK_OUT_LOCATION}), m.place_address = wide(n))
ROW(template_name, template_of(0), m.template_name = plain(n))
ROW(template_language, template_of(0), m.template_language = plain(n))
ROW(template_parameter, template_of(2), parameters[1] = wide(n))
ROW(reply_to, ((struct wk_outgoing){.type = WK_OUT_TEXT, .text = "t"}), m.reply_to = plain(n))

static const struct limit {
    struct wk_outgoing (*make)(size_t n);
    size_t most;
    const char *field, *code;
} limits[] = {
    {text_body, 4096, "text", "message.too_long"},
    {buttons, 3, "options", "message.too_many"},
    {button_body, 1024, "text", "message.too_long"},
    {button_header, 60, "header", "message.too_long"},
    {button_footer, 60, "footer", "message.too_long"},
    {button_title, 20, "options.title", "message.too_long"},
    {button_id, 256, "options.id", "message.too_long"},
    {list, 10, "options", "message.too_many"},
    {list_body, 1024, "text", "message.too_long"},
    {list_header, 60, "header", "message.too_long"},
    {list_footer, 60, "footer", "message.too_long"},
    {list_button, 20, "button", "message.too_long"},
    {row_title, 24, "options.title", "message.too_long"},
    {row_id, 200, "options.id", "message.too_long"},
    {row_description, 72, "options.description", "message.too_long"},
    {section_title, 24, "options.section", "message.too_long"},
    {request_body, 1024, "text", "message.too_long"},
    {link_body, 1024, "text", "message.too_long"},
    {link_header, 60, "header", "message.too_long"},
    {link_footer, 60, "footer", "message.too_long"},
    {link_button, 20, "button", "message.too_long"},
    {link_url, 2000, "url", "message.too_long"},
    {caption, 1024, "text", "message.too_long"},
    {image_url, 2000, "url", "message.too_long"},
    {place_name, 1000, "place_name", "message.too_long"},
    {place_address, 1000, "place_address", "message.too_long"},
    {template_name, 512, "template_name", "message.too_long"},
    {template_language, 16, "template_language", "message.too_long"},
    {template_parameter, 1024, "parameters", "message.too_long"},
    {template_of, 100, "parameters", "message.too_many"},
    {reply_to, 256, "reply_to", "message.too_long"},
};

static void just_under_is_taken_just_over_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < WK_COUNT(limits); i++) {
        char want[60], max[30];

        if (!compose(limits[i].make(limits[i].most)))
            fail_msg("row %zu (%s): %s", i, limits[i].field, err.msg);
        assert_false(compose(limits[i].make(limits[i].most + 1)));
        assert_string_equal(err.code, limits[i].code);
        assert_int_equal(err.cls, WK_BUSINESS);
        (void)snprintf(want, sizeof want, "%s: %zu", limits[i].field, limits[i].most + 1);
        assert_memory_equal(err.msg, want, strlen(want)); /* field and actual ... */
        (void)snprintf(max, sizeof max, "at most %zu", limits[i].most);
        assert_non_null(strstr(err.msg, max)); /* ... and limit */
    }
}

static void every_wrong_shape_is_refused(void **state)
{
    const struct wk_outgoing text = {.type = WK_OUT_TEXT, .text = "t"};
    struct wk_outgoing rows[64];
    size_t n = 0;

    (void)state;
#define WRONG(from, change) (rows[n] = (from), (change), n++)
    rows[n++] = (struct wk_outgoing){.type = 0};
    rows[n++] = (struct wk_outgoing){.type = 99};
    rows[n++] = (struct wk_outgoing){.type = WK_OUT_TEXT};
    WRONG(text, rows[n].text = "");
    WRONG(text, rows[n].text = "bad \xc3");
    WRONG(text, rows[n].text = "\xed\xa0\x80");
    WRONG(text, rows[n].header = "h");
    WRONG(text, rows[n].footer = "f");
    WRONG(text, rows[n].option_count = 1); /* counted, not there */
    WRONG(buttons(1), rows[n].option_count = 0);
    WRONG(buttons(1), rows[n].text = NULL);
    WRONG(list(1), rows[n].button = NULL);
    WRONG(link_to(), rows[n].url = "ftp://a");
    WRONG(link_to(), rows[n].url = "https://a b");
    WRONG(link_to(), rows[n].url = NULL);
    WRONG(link_to(), rows[n].button = "");
    rows[n++] = (struct wk_outgoing){.type = WK_OUT_LOCATION, .latitude = 90.001};
    rows[n++] = (struct wk_outgoing){.type = WK_OUT_LOCATION, .longitude = -180.001};
    rows[n++] = (struct wk_outgoing){.type = WK_OUT_LOCATION, .latitude = NAN};
    rows[n++] = (struct wk_outgoing){.type = WK_OUT_LOCATION, .text = "lost"};
    WRONG(template_of(0), rows[n].template_name = "Order");
    WRONG(template_of(0), rows[n].template_name = NULL);
    WRONG(template_of(0), rows[n].template_language = "en-US");
    WRONG(template_of(0), rows[n].text = "lost");
    for (size_t i = 0; i < n; i++) {
        if (compose(rows[i]))
            fail_msg("row %zu was taken", i);
        assert_string_equal(err.code, "message.shape");
        assert_int_equal(err.cls, WK_BUSINESS);
    }
    /* options among themselves */
    {
        struct wk_outgoing m = buttons(2);

        options[1].id = "id0";
        assert_false(compose(m));
        m = buttons(2), options[1].title = "t0";
        assert_false(compose(m));
        m = list(2), options[1].title = "t0"; /* rows may share a title */
        assert_true(compose(m));
        m = buttons(1), options[0].id = " id";
        assert_false(compose(m));
        m = buttons(1), options[0].id = "id ";
        assert_false(compose(m));
        m = buttons(1), options[0].title = NULL;
        assert_false(compose(m));
        m = list(3), options[1].section = "S"; /* two sections, the first without a title */
        assert_false(compose(m));
        assert_string_equal(err.code, "message.shape");
        m = template_of(1), parameters[0] = "";
        assert_false(compose(m));
    }
}

static void who_gets_it(void **state)
{
    static const char *const wrong[] = {"", "1234", "1234567890123456", "+", "27 11", "27115550100x", "us.1", "US.", "US.1-2", "USA.1", "US.ENT.", NULL};
    const struct wk_outgoing text = {.type = WK_OUT_TEXT, .text = "t"};

    (void)state;
    assert_true(compose_to("27115550100", text));
    assert_string_equal(at("to"), "+27115550100");
    assert_null(at("recipient"));
    assert_true(compose_to("+27115550100", text));
    assert_string_equal(at("to"), "+27115550100");
    assert_true(compose_to("US.70010000000000000001", text));
    assert_string_equal(at("recipient"), "US.70010000000000000001");
    assert_null(at("to"));
    assert_true(compose_to("US.ENT.70010000000000000001", text));
    assert_string_equal(at("recipient"), "US.ENT.70010000000000000001");
    for (size_t i = 0; i < WK_COUNT(wrong); i++) {
        assert_false(compose_to(wrong[i], text));
        assert_string_equal(err.code, "message.shape");
        assert_memory_equal(err.msg, "to:", 3);
    }
}

static void each_type_on_the_wire(void **state)
{
    struct wk_outgoing m;

    (void)state;
    assert_true(compose((struct wk_outgoing){.type = WK_OUT_TEXT, .text = "a \"b\"\n\xf0\x9f\x98\x80", .reply_to = "wamid.1"}));
    assert_string_equal(at("messaging_product"), "whatsapp");
    assert_string_equal(at("recipient_type"), "individual");
    assert_string_equal(at("type"), "text");
    assert_string_equal(at("text.body"), "a \"b\"\n\xf0\x9f\x98\x80");
    assert_true(json_is_false(json_object_get(json_object_get(out, "text"), "preview_url")));
    assert_string_equal(at("context.message_id"), "wamid.1");
    m = buttons(3), m.header = "H", m.footer = "F";
    assert_true(compose(m));
    assert_string_equal(at("type"), "interactive");
    assert_string_equal(at("interactive.type"), "button");
    assert_string_equal(at("interactive.header.type"), "text");
    assert_string_equal(at("interactive.header.text"), "H");
    assert_string_equal(at("interactive.body.text"), "b");
    assert_string_equal(at("interactive.footer.text"), "F");
    assert_string_equal(at("interactive.action.buttons.2.type"), "reply");
    assert_string_equal(at("interactive.action.buttons.2.reply.id"), "id2");
    assert_string_equal(at("interactive.action.buttons.2.reply.title"), "t2");
    assert_null(at("context.message_id"));
    m = list(4), options[0].section = "One", options[2].section = "Two", options[3].section = "Two", options[1].description = "D";
    assert_true(compose(m));
    assert_string_equal(at("interactive.type"), "list");
    assert_string_equal(at("interactive.action.button"), "Open");
    assert_string_equal(at("interactive.action.sections.0.title"), "One");
    assert_string_equal(at("interactive.action.sections.0.rows.1.id"), "id1"); /* NULL: the same section as before */
    assert_string_equal(at("interactive.action.sections.0.rows.1.description"), "D");
    assert_null(at("interactive.action.sections.0.rows.0.description"));
    assert_string_equal(at("interactive.action.sections.1.title"), "Two");
    assert_string_equal(at("interactive.action.sections.1.rows.1.id"), "id3");
    m = list(2);
    assert_true(compose(m));
    assert_null(at("interactive.action.sections.0.title")); /* one section needs none */
    assert_true(compose((struct wk_outgoing){.type = WK_OUT_LOCATION_REQUEST, .text = "Where?"}));
    assert_string_equal(at("interactive.type"), "location_request_message");
    assert_string_equal(at("interactive.action.name"), "send_location");
    assert_true(compose(link_to()));
    assert_string_equal(at("interactive.type"), "cta_url");
    assert_string_equal(at("interactive.action.parameters.display_text"), "Open");
    assert_string_equal(at("interactive.action.parameters.url"), "https://a");
    assert_true(compose((struct wk_outgoing){.type = WK_OUT_IMAGE, .url = "https://a/b.jpg", .text = "c"}));
    assert_string_equal(at("image.link"), "https://a/b.jpg");
    assert_string_equal(at("image.caption"), "c");
    assert_true(compose((struct wk_outgoing){.type = WK_OUT_LOCATION, .latitude = -33.9, .longitude = 18.4, .place_name = "n", .place_address = "a"}));
    assert_string_equal(at("location.latitude"), "-33.9000000");
    assert_string_equal(at("location.longitude"), "18.4000000");
    assert_string_equal(at("location.name"), "n");
    assert_string_equal(at("location.address"), "a");
    m = template_of(2), m.template_language = "pt_BR", parameters[1] = "second";
    assert_true(compose(m));
    assert_string_equal(at("template.name"), "t");
    assert_string_equal(at("template.language.code"), "pt_BR");
    assert_string_equal(at("template.components.0.type"), "body");
    assert_string_equal(at("template.components.0.parameters.1.text"), "second");
    assert_true(compose(template_of(0)));
    assert_null(json_object_get(json_object_get(out, "template"), "components"));
}

static void an_older_struct_is_refused(void **state)
{
    struct wk_outgoing m = {.size = 8, .type = WK_OUT_TEXT, .text = "t"};
    const char *json = NULL;

    (void)state;
    assert_false(wa_compose(fake_begin(), "27115550100", &m, &json, &err));
    assert_int_equal(err.cls, WK_SYSTEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(just_under_is_taken_just_over_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(every_wrong_shape_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(who_gets_it, setup, teardown),
        cmocka_unit_test_setup_teardown(each_type_on_the_wire, setup, teardown),
        cmocka_unit_test_setup_teardown(an_older_struct_is_refused, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
