/* A customer among the shelves: the catalog's nodes under the real conversation, both on their real tables. */
#include "pg_host.h"

#include <wakala/service/catalog.h>

#include "catalog/catalog_db.h"
#include "catalog/nodes.h"
#include "catalog/query.h"
#include "catalog/texts.h"
#include "conversation/utf8.h"

extern const struct wk_plugin_desc wakala_plugin; /* the conversation */

static char added[256]; /* what reached orders' C8 */
static bool c8_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    const char *quantity = wk_turn_get(call, turn, "quantity");

    (void)snprintf(added, sizeof added, "%s x %s", wk_turn_get(call, turn, "variant"), quantity ? quantity : "?");
    return wk_turn_say(call, turn, "How many?", err);
}
static const struct wk_node orders_nodes[] = {{.name = "C8", .state = WK_CUSTOMER_FLOW, .expect = WK_EXPECT_NUMBER, .show = c8_show}, {.name = NULL}};

static int begin(void **state)
{
    struct wk_plugin *catalog = (struct wk_plugin *)(uintptr_t)0x20;

    (void)state;
    pg_host_start();
    fake.plugins[0] = &wakala_plugin;
    fake.setting[0][0] = "idle_after", fake.setting[0][1] = "14400000";
    *added = '\0';
    assert_true(wakala_plugin.open((struct wk_plugin *)(uintptr_t)0x10, NULL));
    assert_true(wk_flow_add(catalog, shop_nodes, shop_entries, NULL) && wk_flow_set_search(catalog, shop_hear, NULL));
    assert_true(wk_flow_add(catalog, orders_nodes, NULL, NULL));
    pg_must(pg_conn,
            "INSERT INTO catalog_vendor (id, user_id, name, latitude, longitude) VALUES "
            "('cccccccc-0000-0000-0000-000000000001', 'eeeeeeee-0000-0000-0000-000000000001', 'Mama Njeri', -26.2, 28.0),"
            "('cccccccc-0000-0000-0000-000000000002', 'eeeeeeee-0000-0000-0000-000000000002', 'Paused', 0, 0);"
            "UPDATE catalog_vendor SET is_open = false WHERE name = 'Paused';"
            "INSERT INTO catalog_product (id, vendor_id, name, short_description, category) VALUES "
            "('dddddddd-0000-0000-0000-000000000001', 'cccccccc-0000-0000-0000-000000000001', 'Bread white 700g', 'Baked today', 'Bakery'),"
            "('dddddddd-0000-0000-0000-000000000002', 'cccccccc-0000-0000-0000-000000000001', 'Crème fraîche', '', 'Dairy'),"
            "('dddddddd-0000-0000-0000-000000000003', 'cccccccc-0000-0000-0000-000000000001', 'Salt', 'For bread and soup', 'Bakery'),"
            "('dddddddd-0000-0000-0000-000000000004', 'cccccccc-0000-0000-0000-000000000002', 'Bread of a paused shop', '', 'Bakery');"
            "INSERT INTO catalog_product (vendor_id, name, category) SELECT 'cccccccc-0000-0000-0000-000000000001', 'Apple kind ' || n, 'Fruit' "
            "FROM generate_series(10, 34) n;"
            "INSERT INTO catalog_variant (product_id, price, on_hand) SELECT id, 1850, 100 FROM catalog_product WHERE name <> 'Salt';"
            "INSERT INTO catalog_variant (id, product_id, name, price, on_hand) VALUES "
            "('aaaaaaaa-0000-0000-0000-000000000001', 'dddddddd-0000-0000-0000-000000000003', 'Small', 900, 0),"
            "('aaaaaaaa-0000-0000-0000-000000000002', 'dddddddd-0000-0000-0000-000000000003', 'Large', 1900, 3)");
    return 0;
}
static int end(void **state)
{
    (void)state;
    wakala_plugin.close(NULL);
    pg_host_end();
    return 0;
}

static void inbound(struct wk_message m)
{
    struct wk_err err = {0};

    fake_forget();
    pg_trips = 0;
    m.size = sizeof m;
    m.channel = "whatsapp", m.address = "1000", m.user_key = m.phone = "27821230001", m.name = "Thandi", m.id = "wamid.1";
    if (wakala_plugin.on_message(&fake.call, &m, &err) != WK_HANDLED)
        fail_msg("%s: %s", err.code, err.msg);
    assert_true(pg_commit());
    fake.now += 1000000;
}
static void says(const char *text) { inbound((struct wk_message){.type = WK_MSG_TEXT, .text = text}); }
static void taps(size_t i)
{
    char id[256];

    fake_copy(id, sizeof id, fake.sent[0].id[i]);
    inbound((struct wk_message){.type = WK_MSG_LIST_REPLY, .choice = id});
}
static const struct fake_message *hears(enum wk_outgoing_type type, const char *part)
{
    assert_int_equal(fake.sent_count, 1);
    if (fake.sent[0].type != type || !strstr(fake.sent[0].text, part))
        fail_msg("heard type %d \"%s\", not type %d \"%s\"", (int)fake.sent[0].type, fake.sent[0].text, (int)type, part);
    return &fake.sent[0];
}

static void shelves_lead_to_a_card_and_on_to_the_cart(void **state)
{
    const struct fake_message *m;

    (void)state;
    says("hi");
    assert_int_equal(pg_trips, 1);
    taps(0);
    m = hears(WK_OUT_LIST, "What are you looking for?");
    assert_string_equal(m->title[0], "Fruit"); /* the fullest first */
    assert_string_equal(m->title[1], "Bakery");
    assert_string_equal(m->title[m->options - 2], "Search");
    taps(1);
    m = hears(WK_OUT_LIST, "Bakery");
    assert_int_equal(m->options, 3); /* the paused shop's bread is not there */
    assert_string_equal(m->title[0], "Bread white 700g");
    assert_string_equal(m->description[0], "18.50 · Mama Njeri · in stock");
    assert_string_equal(m->title[1], "Salt - Small");
    assert_string_equal(m->description[1], "9.00 · Mama Njeri · sold out");
    assert_string_equal(m->description[2], "19.00 · Mama Njeri · only 3 left");
    taps(2);
    m = hears(WK_OUT_BUTTONS, "Salt - Large – 19.00\nFor bread and soup\nMama Njeri · only 3 left");
    assert_string_equal(m->title[0], "Add to cart");
    says("back");
    hears(WK_OUT_LIST, "Bakery");
    taps(2);
    taps(0);
    assert_string_equal(added, "aaaaaaaa-0000-0000-0000-000000000002 x ?");
    assert_string_equal(pg_value("SELECT node || ' ' || stack || ' ' || state FROM conversation_state"), "C8 G2 C0 C5 C6 CUSTOMER_FLOW");
}

static void what_is_typed_is_searched(void **state)
{
    (void)state;
    says("hi");
    says("do you have salt?");
    hears(WK_OUT_LIST, "This is what I found for \"salt\":");
    assert_string_equal(fake.sent[0].title[0], "Salt - Large"); /* in stock before sold out */
    assert_int_equal(pg_trips, 2);                              /* and the commit: three */
    says("2 bread");
    hears(WK_OUT_LIST, "\"bread\"");
    assert_string_equal(fake.sent[0].title[0], "Bread white 700g"); /* a name counts more than a description */
    taps(0);
    taps(0);
    assert_non_null(strstr(added, " x 2"));
    says("menu");
    says("creme");
    hears(WK_OUT_LIST, "creme");
    assert_string_equal(fake.sent[0].title[0], "Crème fraîche");
    says("menu");
    says("bred"); /* looks alike */
    hears(WK_OUT_LIST, "bred");
}

static void nothing_found_is_said_so_inside_the_shop(void **state)
{
    (void)state;
    says("hi");
    says("qwxyzk");
    hears(WK_OUT_BUTTONS, "Sorry, I didn't get that.");
    says("shop");
    says("qwxyzk");
    hears(WK_OUT_BUTTONS, "I found nothing for \"qwxyzk\".");
    says("try again");
    hears(WK_OUT_TEXT, "Type what you need");
    says("zzzyyy");
    hears(WK_OUT_BUTTONS, "I found nothing for \"zzzyyy\".");
    says("1"); /* a number is a button again */
    hears(WK_OUT_LIST, "What are you looking for?");
}

static void long_lists_are_turned_by_pages(void **state)
{
    (void)state;
    says("hi");
    says("apple");
    assert_string_equal(fake.sent[0].title[8], "Apple kind 18");
    assert_string_equal(fake.sent[0].title[9], "More ▸");
    taps(9);
    assert_string_equal(fake.sent[0].title[0], "Apple kind 19");
    says("10");
    assert_int_equal(fake.sent[0].options, 7);
    assert_string_equal(fake.sent[0].title[6], "Apple kind 34");
}

static void a_product_that_is_gone_is_said_so(void **state)
{
    char id[256];

    (void)state;
    says("hi");
    says("salt");
    fake_copy(id, sizeof id, fake.sent[0].id[0]);
    pg_must(pg_conn, "UPDATE catalog_product SET status = 'deleted' WHERE name = 'Salt'");
    inbound((struct wk_message){.type = WK_MSG_LIST_REPLY, .choice = id});
    hears(WK_OUT_LIST, "That product is not sold any more.");
}

static void sold_out_offers_others(void **state)
{
    (void)state;
    says("hi");
    says("salt small");
    taps(1);
    assert_string_equal(hears(WK_OUT_BUTTONS, "sold out")->title[0], "Similar");
    taps(0);
    hears(WK_OUT_LIST, "\"Salt\"");
}

static void the_service_answers_in_the_order_asked(void **state)
{
    struct wk_uuid ids[3], user;
    struct wk_variant *found;
    struct wk_vendor shop;
    struct wk_err err = {0};
    size_t n;

    (void)state;
    assert_true(wk_uuid_parse("aaaaaaaa-0000-0000-0000-000000000002", &ids[0]) && wk_uuid_parse("aaaaaaaa-0000-0000-0000-0000000000ff", &ids[1]) &&
                wk_uuid_parse("aaaaaaaa-0000-0000-0000-000000000001", &ids[2]));
    assert_true(shop_variants(&fake.call, ids, 3, &found, &n, &err));
    assert_int_equal(n, 2);
    assert_true(wk_uuid_equal(&found[0].id, &ids[0]) && wk_uuid_equal(&found[1].id, &ids[2]));
    assert_int_equal(found[0].price, 1900);
    assert_int_equal(found[0].available, 3);
    assert_true(shop_variants(&fake.call, NULL, 0, &found, &n, &err));
    assert_int_equal(n, 0);
    assert_true(shop_search(&fake.call, "", 0, 5, &found, &n, &err));
    assert_int_equal(n, 5);
    assert_string_equal(found[0].name, "Apple kind 10");
    for (size_t i = 0; i < 3; i++) /* hostile words are only words */
        assert_true(shop_search(&fake.call, ((const char *const[]){"a' | !b & (c:* <-> 'd", "::: \\ % _ ''", "\xF0\x9F\x8D\x9E"})[i], 0, 5, &found, &n, &err));
    assert_true(wk_uuid_parse("eeeeeeee-0000-0000-0000-000000000001", &user));
    assert_true(shop_vendor_of_user(&fake.call, &user, &shop, &err));
    assert_string_equal(shop.name, "Mama Njeri");
    assert_true(shop.is_open);
    pg_must(pg_conn, "UPDATE catalog_vendor SET opens_at = (now() AT TIME ZONE 'Africa/Johannesburg' + '1 hour')::time, "
                     "closes_at = (now() AT TIME ZONE 'Africa/Johannesburg' + '2 hours')::time");
    assert_true(shop_vendor(&fake.call, &shop.id, &shop, &err));
    assert_false(shop.is_open);
    assert_false(shop_vendor(&fake.call, &ids[0], &shop, &err));
    assert_string_equal(err.code, "catalog.no_vendor");
}

static void another_tenant_finds_nothing(void **state)
{
    struct wk_variant *found;
    struct wk_err err = {0};
    size_t n;

    (void)state;
    PQfinish(pg_conn);
    pg_conn = pg_open(OTHER_TENANT);
    assert_true(shop_search(&fake.call, "salt", 0, 5, &found, &n, &err));
    assert_int_equal(n, 0);
    pg_must(pg_conn, "RESET app.tenant");
    assert_true(shop_search(&fake.call, "salt", 0, 5, &found, &n, &err));
    assert_int_equal(n, 0);
}

static void a_conversation_that_moved_on_is_not_overwritten(void **state)
{
    struct wk_message m = {.size = sizeof m, .type = WK_MSG_TEXT, .text = "menu", .id = "wamid.9", .channel = "whatsapp", .address = "1000",
                           .user_key = "27821230001", .phone = "27821230001"};

    (void)state;
    says("hi");
    pg_meanwhile = "UPDATE conversation_state SET version = version + 1";
    assert_int_equal(wakala_plugin.on_message(&fake.call, &m, NULL), WK_HANDLED);
    assert_false(pg_commit()); /* the host runs the hook again */
    assert_int_equal(wakala_plugin.on_message(&fake.call, &m, NULL), WK_HANDLED);
    assert_true(pg_commit());
    assert_string_equal(pg_value("SELECT version FROM conversation_state"), "3");
}

static void roles_and_users_are_kept(void **state)
{
    struct wk_uuid user, again;
    struct wk_err err = {0};

    (void)state;
    assert_true(wk_flow_find_user(&fake.call, "+27830000002", "Sipho", &user, &err) && pg_commit());
    assert_true(wk_flow_find_user(&fake.call, "27830000002", NULL, &again, &err) && pg_commit());
    assert_true(wk_uuid_equal(&user, &again));
    for (int i = 0; i < 2; i++) {
        assert_true(wk_flow_grant_role(&fake.call, &user, "vendor", true, &err));
        assert_true(wk_flow_grant_role(&fake.call, &user, "driver", true, &err) && pg_commit());
    }
    assert_string_equal(pg_value("SELECT roles FROM conversation_user"), "vendor driver");
    assert_true(wk_flow_grant_role(&fake.call, &user, "vendor", false, &err) && pg_commit());
    assert_string_equal(pg_value("SELECT roles FROM conversation_user"), "driver");
    memset(&user, 9, sizeof user);
    assert_true(wk_flow_grant_role(&fake.call, &user, "vendor", true, &err));
    assert_false(pg_commit()); /* nobody */
}

static void a_push_reaches_somebody_who_never_wrote(void **state)
{
    struct wk_uuid user;
    struct wk_err err = {0};
    char json[256], id[WK_UUID_TEXT];
    struct wk_event event = {.size = sizeof event, .payload = json};

    (void)state;
    says("hi"); /* a customer: now the tenant's address is known */
    assert_true(wk_flow_find_user(&fake.call, "27830000002", "Sipho", &user, &err) && pg_commit());
    event.payload_len = (size_t)snprintf(json, sizeof json, "{\"user\":\"%s\",\"node\":\"NOTICE\",\"arg\":\"Hello\",\"dedup\":\"d1\"}", wk_uuid_text(&user, id));
    for (int i = 0; i < 2; i++) {
        fake_forget();
        assert_true(wakala_plugin.subscriptions[0].run(&fake.call, &event, &err) && pg_commit());
        assert_int_equal(fake.sent_count, i == 0);
    }
    assert_string_equal(pg_value("SELECT address || ' ' || user_key || ' ' || version FROM conversation_state WHERE last_inbound_at IS NULL"),
                        "1000 27830000002 1");
}

static void every_statement_can_be_prepared(void **state)
{
    size_t n = 0;

    (void)state;
    for (const struct wk_sql *const *s = wakala_plugin.sql_begin; s < wakala_plugin.sql_end; s++, n++) {
        PGresult *result = PQprepare(pg_conn, (*s)->name, (*s)->text, 0, NULL);

        if (PQresultStatus(result) != PGRES_COMMAND_OK)
            fail_msg("%s: %s", (*s)->name, PQerrorMessage(pg_conn));
        PQclear(result);
    }
    assert_true(n > 20);
}

static void reads_as(const char *said, int quantity, const char *words)
{
    struct query query;

    query_read(said, &query);
    if (query.quantity != quantity || strcmp(query.words, words))
        fail_msg("\"%s\" reads as %d of \"%s\", not %d of \"%s\"", said, query.quantity, query.words, quantity, words);
}
static void questions_are_boiled_down_to_things(void **state)
{
    char big[3000];
    struct query query;

    (void)state;
    reads_as("2 milk", 2, "milk");
    reads_as("2x milk", 2, "milk");
    reads_as("3 x", 3, "x");
    reads_as("I want 2 white breads please", 2, "white breads");
    reads_as("mna chumvi?", 0, "chumvi");
    reads_as("how much is the bread?", 0, "bread");
    reads_as("7up", 0, "7up");
    reads_as("2", 0, "2");
    reads_as("100 nails", 0, "100 nails");
    reads_as("milk 2", 0, "milk 2");
    reads_as("do you have", 0, "");
    reads_as("", 0, "");
    reads_as("  ???  ", 0, "");
    for (size_t i = 0; i < sizeof big - 1; i += 2)
        memcpy(big + i, "é", 2);
    big[sizeof big - 2] = '\0';
    query_read(big, &query);
    assert_int_equal(utf8_length(query.words), QUERY_MAX);
}

static void the_catalogue_for_translators_is_the_table(void **state)
{
    json_error_t why;
    json_t *file = json_load_file(TEST_SOURCE_DIR "/plugins/catalog/locale/en.json", 0, &why);
    const char *key, *text;
    size_t n = 0;

    (void)state;
    assert_non_null(file);
    for (; (key = shop_text_key(n, &text)); n++) {
        assert_non_null(json_object_get(file, key));
        assert_string_equal(json_string_value(json_object_get(file, key)), text);
    }
    assert_int_equal(json_object_size(file), n);
    json_decref(file);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(shelves_lead_to_a_card_and_on_to_the_cart), CASE(what_is_typed_is_searched), CASE(nothing_found_is_said_so_inside_the_shop),
        CASE(long_lists_are_turned_by_pages), CASE(a_product_that_is_gone_is_said_so), CASE(sold_out_offers_others),
        CASE(the_service_answers_in_the_order_asked), CASE(another_tenant_finds_nothing), CASE(a_conversation_that_moved_on_is_not_overwritten),
        CASE(roles_and_users_are_kept), CASE(a_push_reaches_somebody_who_never_wrote), CASE(every_statement_can_be_prepared),
        cmocka_unit_test(questions_are_boiled_down_to_things), cmocka_unit_test(the_catalogue_for_translators_is_the_table),
    };

    return cmocka_run_group_tests(tests, pg_group_setup, pg_group_teardown);
}
