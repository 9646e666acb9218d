/* Generated webhooks: any order of members, any spelling, many tenants, up to Meta's 1000 updates and 3 MB; what goes in comes out, in order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <jansson.h>
#include "fake_host.h"
#include "split.h"

enum { UPDATES = 1000 };
static struct expected {
    enum wk_item_kind kind;
    char address[40], account[40], dedupe[300], key[80], contact[80];
    int64_t at_s;
} want[4 * UPDATES];
static size_t wanted;
static struct fake_items items;
static struct wk_err err;
static uint64_t seed;

static unsigned dice(unsigned sides) /* xorshift: the same run for the same seed, everywhere */
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 20) % sides;
}

static int setup(void **state)
{
    (void)state;
    fake_reset();
    wanted = 0;
    return 0;
}
static int teardown(void **state)
{
    (void)state;
    fake_items_free(&items);
    return 0;
}

/* The same members in another order; takes over the reference. */
static json_t *shuffled(json_t *object)
{
    const char *names[32];
    size_t n = 0;
    json_t *out = json_object();
    void *i;

    for (i = json_object_iter(object); i; i = json_object_iter_next(object, i))
        names[n++] = json_object_iter_key(i);
    while (n) {
        unsigned k = dice((unsigned)n);

        json_object_set(out, names[k], json_object_get(object, names[k]));
        names[k] = names[--n];
    }
    json_decref(object);
    return out;
}

static const char *const odd_texts[] = {"plain", "quote \" slash / back \\", "tab\tline\n", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "", "[{]},:\"",
                                        "\"messages\":[{\"id\":\"not an id\"}]"};

static json_t *id_text(char *out, size_t size, const char *kind, unsigned serial)
{
    static const char *const tails[] = {"", "=", "\xc3\xa9", "/+", "\"", "\\", "\xf0\x9f\x91\x8d"};

    (void)snprintf(out, size, "wamid.%s%u%s", kind, serial, tails[dice(WK_COUNT(tails))]);
    return json_string(out);
}

static void add_message(json_t *messages, json_t *contacts, struct expected *e, unsigned serial)
{
    char from[40], user[40];
    bool has_user = dice(2), has_phone = !has_user || dice(2);
    json_t *m = json_object(), *c = json_object();

    (void)snprintf(from, sizeof from, "2711%07u", serial);
    (void)snprintf(user, sizeof user, "ZA.%u", serial);
    e->kind = WK_ITEM_MESSAGE;
    e->at_s = 1767225600 + (int64_t)serial;
    json_object_set_new(m, "id", id_text(e->dedupe, sizeof e->dedupe, "m", serial));
    if (has_user)
        json_object_set_new(m, "from_user_id", json_string(user)), json_object_set_new(c, "user_id", json_string(user));
    if (has_phone)
        json_object_set_new(m, "from", json_string(from)), json_object_set_new(c, "wa_id", json_string(from));
    (void)snprintf(e->key, sizeof e->key, "%s", has_user ? user : from);
    (void)snprintf(e->contact, sizeof e->contact, "name%u", serial);
    json_object_set_new(c, "profile", json_pack("{s:s}", "name", e->contact));
    json_object_set_new(m, "timestamp", dice(2) ? json_sprintf("%lld", (long long)e->at_s) : json_integer(e->at_s * (dice(2) ? 1000 : 1)));
    json_object_set_new(m, "type", json_string("text"));
    json_object_set_new(m, "text", json_pack("{s:s}", "body", odd_texts[dice(WK_COUNT(odd_texts))]));
    if (dice(3) == 0) /* nested members with the names that count outside */
        json_object_set_new(m, "context", json_pack("{s:s, s:s, s:[s], s:{s:s}}", "id", "wamid.other", "from", "0", "messages", "x", "metadata",
                                                    "phone_number_id", "666"));
    json_array_append_new(messages, shuffled(m));
    json_array_insert_new(contacts, dice((unsigned)json_array_size(contacts) + 1), shuffled(c));
}

static void add_status(json_t *statuses, struct expected *e, unsigned serial)
{
    static const char *const words[] = {"sent", "delivered", "read", "played", "failed"};
    const char *word = words[dice(WK_COUNT(words))];
    char id[200];
    json_t *s = json_object();

    e->kind = WK_ITEM_STATUS;
    e->at_s = 1767225600 + (int64_t)serial;
    json_object_set_new(s, "id", id_text(id, sizeof id, "s", serial));
    (void)snprintf(e->dedupe, sizeof e->dedupe, "%s:%s", id, word);
    (void)snprintf(e->key, sizeof e->key, "2711%07u", serial);
    json_object_set_new(s, "status", json_string(word));
    json_object_set_new(s, "recipient_id", json_string(e->key));
    json_object_set_new(s, "timestamp", json_sprintf("%lld", (long long)e->at_s));
    json_object_set_new(s, "errors", json_pack("[{s:i}]", "code", 131047));
    json_array_append_new(statuses, shuffled(s));
}

/* One change with up to `most` updates; what must come of it goes to want[]. */
static json_t *make_change(const char *account, unsigned *left, unsigned most)
{
    json_t *messages = json_array(), *statuses = json_array(), *contacts = json_array(), *value = json_object();
    unsigned n = 1 + dice(most), kind = dice(3); /* messages, statuses, both */
    char address[40];

    (void)snprintf(address, sizeof address, "11000000000%u", dice(9));
    for (int round = 0; round < 2; round++) /* messages come out before statuses */
        for (unsigned i = 0; i < n && *left; i++) {
            struct expected *e = &want[wanted];

            if ((round == 0 && kind == 1) || (round == 1 && kind == 0))
                break;
            *e = (struct expected){0};
            (void)snprintf(e->address, sizeof e->address, "%s", address);
            (void)snprintf(e->account, sizeof e->account, "%s", account);
            if (round == 0)
                add_message(messages, contacts, e, (unsigned)wanted);
            else
                add_status(statuses, e, (unsigned)wanted);
            wanted++;
            (*left)--;
        }
    if (!json_array_size(messages) && !json_array_size(statuses)) { /* nothing left to give: do not make an empty change */
        json_decref(messages), json_decref(statuses), json_decref(contacts), json_decref(value);
        return NULL;
    }
    json_object_set_new(value, "messaging_product", json_string("whatsapp"));
    json_object_set_new(value, "metadata", shuffled(json_pack("{s:s, s:s}", "display_phone_number", "1555", "phone_number_id", address)));
    json_object_set_new(value, "contacts", contacts);
    json_object_set_new(value, "messages", messages);
    json_object_set_new(value, "statuses", statuses);
    return shuffled(json_pack("{s:o, s:s}", "value", shuffled(value), "field", "messages"));
}

static char *make_body(unsigned updates, unsigned per_change, size_t flags)
{
    json_t *entries = json_array(), *root;
    unsigned left = updates;
    char *text;

    for (unsigned tenant = 0; left; tenant++) {
        json_t *changes = json_array();
        char account[40];

        (void)snprintf(account, sizeof account, "2100%u", tenant);
        for (unsigned c = 1 + dice(4); c && left; c--) {
            json_t *change = make_change(account, &left, per_change);

            if (change)
                json_array_append_new(changes, change);
        }
        json_array_append_new(entries, shuffled(json_pack("{s:s, s:o}", "id", account, "changes", changes)));
    }
    root = shuffled(json_pack("{s:o, s:s}", "entry", entries, "object", "whatsapp_business_account"));
    text = json_dumps(root, flags);
    json_decref(root);
    return text;
}

static void check_items(void)
{
    assert_int_equal(items.count, wanted);
    for (size_t i = 0; i < wanted; i++) {
        const struct fake_item *is = &items.all[i];

        if (is->item.kind != want[i].kind)
            fail_msg("update %zu: kind %d, %s", i, is->item.kind, is->item.why ? is->item.why : "");
        assert_string_equal(is->address, want[i].address);
        assert_string_equal(is->account, want[i].account);
        assert_string_equal(is->dedupe, want[i].dedupe);
        assert_string_equal(is->key, want[i].key);
        assert_int_equal(is->item.at_s, want[i].at_s);
        if (want[i].kind == WK_ITEM_MESSAGE) {
            json_t *contact = json_loads(is->payload[1], 0, NULL);

            assert_string_equal(is->item.payload_name[1], "contact");
            assert_string_equal(json_string_value(json_object_get(json_object_get(contact, "profile"), "name")), want[i].contact);
            json_decref(contact);
        } else {
            assert_int_equal(is->item.error_code, 131047);
        }
    }
}

static void generated_batches_come_out_whole_and_in_order(void **state)
{
    static const size_t spellings[] = {JSON_COMPACT, JSON_ENSURE_ASCII, JSON_INDENT(2), JSON_INDENT(5) | JSON_ENSURE_ASCII, JSON_ESCAPE_SLASH};

    (void)state;
    for (unsigned round = 0; round < 200; round++) {
        char *body;

        seed = 0x9e3779b97f4a7c15u + round;
        wanted = 0;
        body = make_body(1 + dice(60), 1 + dice(12), spellings[round % WK_COUNT(spellings)]);
        fake_items_free(&items);
        fake_items_init(&items);
        if (!wa_split_body(body, strlen(body), &items.to, &err))
            fail_msg("round %u: %s", round, err.msg);
        check_items();
        free(body);
    }
}

static void a_thousand_updates_in_one_webhook(void **state)
{
    char *body;

    (void)state;
    for (unsigned per_change = 1; per_change <= 1000; per_change *= 10) {
        seed = per_change + 99;
        wanted = 0;
        body = make_body(UPDATES, per_change, JSON_COMPACT | JSON_ENSURE_ASCII);
        fake_items_free(&items);
        fake_items_init(&items);
        assert_true(wa_split_body(body, strlen(body), &items.to, &err));
        assert_int_equal(wanted, UPDATES);
        check_items();
        free(body);
    }
}

static void three_megabytes_in_one_webhook(void **state)
{
    size_t cap = 3 * 1024 * 1024, n;
    char *body = malloc(cap + 10);

    (void)state;
    n = (size_t)sprintf(body, "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"1\",\"changes\":[{\"field\":\"messages\",\"value\":{"
                              "\"metadata\":{\"phone_number_id\":\"2\"},\"messages\":[");
    for (unsigned i = 0; i < 740; i++)
        n += (size_t)sprintf(body + n, "%s{\"id\":\"m%u\",\"from\":\"27\",\"type\":\"text\",\"text\":{\"body\":\"%*s\"}}", i ? "," : "", i, 4096, "\\u00e4");
    n += (size_t)sprintf(body + n, "]}}]}]}");
    memset(body + n, ' ', cap - n); /* to the last byte that the inbox takes */
    fake_items_init(&items);
    assert_true(wa_split_body(body, cap, &items.to, &err));
    assert_int_equal(items.count, 740);
    assert_string_equal(items.all[739].dedupe, "m739");
    free(body);
}

static void too_many_updates_are_refused_whole(void **state)
{
    char *body = malloc(400000);

    (void)state;
    for (int over = 0; over < 2; over++) {
        size_t n = (size_t)sprintf(body, "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"1\",\"changes\":[{\"field\":\"messages\",\"value\":{"
                                         "\"metadata\":{\"phone_number_id\":\"2\"},\"messages\":[");

        for (int i = 0; i < 2000 + over; i++)
            n += (size_t)sprintf(body + n, "%s{\"id\":\"m%d\",\"from\":\"27\"}", i ? "," : "", i);
        n += (size_t)sprintf(body + n, "]}}]}]}");
        fake_items_free(&items);
        fake_items_init(&items);
        assert_int_equal(wa_split_body(body, n, &items.to, &err), !over);
        assert_int_equal(items.count, over ? 0 : 2000);
    }
    assert_string_equal(err.code, "whatsapp.too_many_updates");
    free(body);
}

/* The longest of everything that is unescaped or put together, in every update: the splitter's own memory is enough. */
static void the_splitters_memory_is_enough(void **state)
{
    enum { STATUSES = 2000 };
    char *body = malloc((size_t)STATUSES * 10000), id[8][4000];
    static const size_t lens[] = {256, 200, 512, 200};
    size_t n;

    (void)state;
    for (size_t k = 0; k < WK_COUNT(lens); k++)
        for (size_t i = 0; i < lens[k]; i++)
            memcpy(id[k] + 6 * i, "\\u0061", 7);
    n = (size_t)sprintf(body, "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"1\",\"changes\":[{\"field\":\"messages\",\"value\":{"
                              "\"metadata\":{\"phone_number_id\":\"\\u0032\"},\"statuses\":[");
    for (int i = 0; i < STATUSES; i++)
        n += (size_t)sprintf(body + n, "%s{\"id\":\"%s\",\"status\":\"\\u0073ent\",\"recipient_participant_id\":\"%s\",\"biz_opaque_callback_data\":\"%s\","
                                       "\"recipient_user_id\":\"%s\"}", i ? "," : "", id[0], id[1], id[2], id[3]);
    n += (size_t)sprintf(body + n, "]}}]}]}");
    fake_items_init(&items);
    assert_true(wa_split_body(body, n, &items.to, &err));
    assert_int_equal(items.count, STATUSES);
    for (size_t i = 0; i < STATUSES; i++) {
        assert_int_equal(items.all[i].item.kind, WK_ITEM_STATUS);
        assert_int_equal(strlen(items.all[i].dedupe), 256 + 1 + 4 + 1 + 200);
        assert_int_equal(strlen(items.all[i].callback), 512);
        assert_int_equal(strlen(items.all[i].key), 200);
    }
    free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(generated_batches_come_out_whole_and_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(a_thousand_updates_in_one_webhook, setup, teardown),
        cmocka_unit_test_setup_teardown(three_megabytes_in_one_webhook, setup, teardown),
        cmocka_unit_test_setup_teardown(too_many_updates_are_refused_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(the_splitters_memory_is_enough, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
