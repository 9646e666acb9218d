/* fake.h - stands where the host and the other services would: memory, a clock, canned rows, a turn that records what nodes say and checks it
 * against the channel's limits. Include it once per test program. */
#ifndef ORDERS_TEST_FAKE_H
#define ORDERS_TEST_FAKE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <wakala/service/quota.h>
#include "nodes.h"

#define FAKE_KEYS 64
#define FAKE_SAID 64
struct fake_said {
    bool is_menu;
    char *text;
    size_t choices;
    char action[10][16], arg[10][200], node[10][8], title[10][160];
};
struct wk_call {
    int unused;
};
struct wk_turn {
    int unused;
};
struct wk_rows {
    size_t rows, columns;
    const char *const *cells;
    int64_t affected;
};
static struct {
    void *blocks[200000];
    size_t block_count;
    char *keys[FAKE_KEYS], *values[FAKE_KEYS];
    size_t key_count;
    struct fake_said said[FAKE_SAID];
    size_t said_count;
    const char *went; /* the node entered last */
    char statements[64][40]; /* names, in order */
    size_t statement_count;
    size_t events, pushes, timers;
    bool is_push;
    uint8_t last_id;
    int64_t now_us;
    /* canned answers */
    struct wk_rows order, lines, history, none, one;
    struct wk_variant variants[12];
    size_t variant_count;
    bool is_short; /* the next reservation fails */
    int64_t total_prepared, taken; /* of quota "orders" */
    struct wk_tenant tenant;
    struct wk_uuid user;
    int64_t tax_ppm;
} fake;
static struct wk_call the_call;
static struct wk_turn the_turn;

static void *fake_alloc(struct wk_call *call, size_t bytes)
{
    void *p = calloc(1, bytes ? bytes : 1);

    (void)call;
    assert_true(p && fake.block_count < WK_COUNT(fake.blocks));
    return fake.blocks[fake.block_count++] = p;
}
static const struct wk_tenant *fake_tenant(struct wk_call *call) { return (void)call, &fake.tenant; }
static int64_t fake_now(struct wk_call *call) { return (void)call, fake.now_us; }
static struct wk_uuid fake_new_id(struct wk_call *call)
{
    struct wk_uuid id = {{1, 0x90}};

    (void)call;
    id.b[15] = ++fake.last_id;
    return id;
}
static bool fake_random(struct wk_call *call, void *out, size_t bytes, struct wk_err *err)
{
    (void)call;
    (void)err;
    memset(out, 7, bytes);
    return true;
}
static void fake_log(struct wk_call *call, enum wk_level level, const char *text) { (void)call, (void)level, (void)text; }
static const char *fake_trace(struct wk_call *call) { return (void)call, ""; }
static const char *fake_setting_text(struct wk_call *call, const char *key) { return (void)call, (void)key, ""; }
static int64_t fake_setting_int(struct wk_call *call, const char *key)
{
    (void)call;
    return !strcmp(key, "fee_base")         ? 1500
           : !strcmp(key, "fee_per_km")     ? 500
           : !strcmp(key, "fee_included_m") ? 2000
           : !strcmp(key, "delivery_max_m") ? 15000
           : !strcmp(key, "tax_ppm")        ? fake.tax_ppm
           : !strcmp(key, "quote_ttl")      ? 900000
           : !strcmp(key, "prepare_minutes") ? 20
                                             : 0;
}
static const char *fake_secret(struct wk_call *call, const char *key, struct wk_err *err) { return (void)call, (void)key, (void)err, "key"; }

/* The database: rows by the statement's name; every statement is noted. */
static struct wk_rows *fake_rows(const struct wk_sql *sql)
{
    assert_true(fake.statement_count < WK_COUNT(fake.statements));
    (void)snprintf(fake.statements[fake.statement_count++], sizeof fake.statements[0], "%s", sql->name);
    if (!strncmp(sql->name, "order_by", 8) || !strncmp(sql->name, "order_live", 10))
        return &fake.order;
    if (!strcmp(sql->name, "order_lines"))
        return &fake.lines;
    if (!strcmp(sql->name, "order_history"))
        return &fake.history;
    if (!strcmp(sql->name, "order_next_number"))
        return &fake.one;
    fake.none.affected = 1;
    return &fake.none;
}
static bool fake_db_read(struct wk_call *call, const struct wk_sql *sql, const struct wk_arg *args, size_t n, struct wk_rows **rows, struct wk_err *err)
{
    (void)call, (void)args, (void)n, (void)err;
    *rows = fake_rows(sql);
    return true;
}
static bool fake_db_read_all(struct wk_call *call, struct wk_query *q, size_t n, struct wk_err *err)
{
    (void)call, (void)err;
    for (size_t i = 0; i < n; i++)
        q[i].rows = fake_rows(q[i].sql);
    return true;
}
static bool fake_db_write(struct wk_call *call, const struct wk_sql *sql, const struct wk_arg *args, size_t n, struct wk_rows **rows, struct wk_err *err)
{
    struct wk_rows *r = fake_rows(sql);

    (void)call, (void)args, (void)n, (void)err;
    if (rows)
        *rows = r;
    return true;
}
static bool fake_db_queue(struct wk_call *call, const struct wk_sql *sql, const struct wk_arg *args, size_t n, int64_t expect, const char *otherwise,
                          struct wk_err *err)
{
    (void)call, (void)args, (void)n, (void)expect, (void)otherwise, (void)err;
    (void)fake_rows(sql);
    return true;
}
static size_t fake_rows_count(const struct wk_rows *rows) { return rows->rows; }
static const char *fake_rows_text(const struct wk_rows *rows, size_t row, size_t column, size_t *len)
{
    const char *text = row < rows->rows && column < rows->columns ? rows->cells[row * rows->columns + column] : NULL;

    if (len)
        *len = text ? strlen(text) : 0;
    return text;
}
static int64_t fake_rows_affected(const struct wk_rows *rows) { return rows->affected; }
static bool fake_publish(struct wk_call *call, const char *type, const char *key, const char *json, size_t len, struct wk_err *err)
{
    (void)call, (void)type, (void)key, (void)err;
    assert_int_equal(strlen(json), len);
    fake.events++;
    return true;
}
static bool fake_schedule(struct wk_call *call, const char *key, const char *name, int64_t at, bool lazy, const char *type, const char *json, size_t len,
                          struct wk_err *err)
{
    (void)call, (void)key, (void)name, (void)at, (void)lazy, (void)type, (void)err;
    assert_int_equal(strlen(json), len);
    fake.timers++;
    return true;
}
static bool fake_unschedule(struct wk_call *call, const char *key, const char *name, struct wk_err *err)
{
    return (void)call, (void)key, (void)name, (void)err, true;
}
static void *fake_json_parse(struct wk_call *call, const char *text, size_t len, struct wk_err *err)
{
    (void)call, (void)text, (void)len, (void)err;
    return NULL;
}
static void fake_count(struct wk_plugin *plugin, struct wk_call *call, const char *metric, int64_t by) { (void)plugin, (void)call, (void)metric, (void)by; }

/* The turn. */
static size_t characters(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}
static void whole_utf8(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p;) {
        size_t len = *p < 0x80 ? 1 : *p >= 0xF0 ? 4 : *p >= 0xE0 ? 3 : 2;

        for (size_t i = 1; i < len; i++)
            assert_true((p[i] & 0xC0) == 0x80);
        p += len;
    }
}
static struct fake_said *record(const char *text, size_t most)
{
    struct fake_said *s = &fake.said[fake.said_count];

    assert_true(fake.said_count < FAKE_SAID);
    assert_non_null(text);
    if (!*text || characters(text) > most)
        fail_msg("a text of %zu characters: %s", characters(text), text);
    whole_utf8(text);
    memset(s, 0, sizeof *s);
    s->text = wk_strdup(&the_call, text);
    fake.said_count++;
    return s;
}
static const struct wk_uuid *turn_user(struct wk_turn *turn) { return (void)turn, &fake.user; }
static const char *turn_user_name(struct wk_turn *turn) { return (void)turn, "Amina"; }
static const char *turn_language(struct wk_turn *turn) { return (void)turn, "en"; }
static const char *turn_node(struct wk_turn *turn) { return (void)turn, fake.went; }
static bool turn_is_push(struct wk_turn *turn) { return (void)turn, fake.is_push; }
static bool turn_has_role(struct wk_turn *turn, const char *role) { return (void)turn, (void)role, true; }
static const char *turn_get(struct wk_turn *turn, const char *key)
{
    (void)turn;
    for (size_t i = 0; i < fake.key_count; i++)
        if (!strcmp(fake.keys[i], key))
            return fake.values[i];
    return NULL;
}
static bool turn_set(struct wk_call *call, struct wk_turn *turn, const char *key, const char *value, struct wk_err *err)
{
    size_t i = 0;

    (void)turn, (void)err;
    while (i < fake.key_count && strcmp(fake.keys[i], key))
        i++;
    if (i == fake.key_count) {
        assert_true(fake.key_count < FAKE_KEYS);
        fake.keys[fake.key_count++] = wk_strdup(call, key);
    }
    assert_true(!value || strlen(value) < 2048);
    fake.values[i] = value ? wk_strdup(call, value) : NULL;
    return true;
}
static bool turn_say(struct wk_call *call, struct wk_turn *turn, const char *text, struct wk_err *err)
{
    (void)call, (void)turn, (void)err;
    (void)record(text, 1024); /* it may be joined with a menu */
    return true;
}
static bool turn_menu(struct wk_call *call, struct wk_turn *turn, const char *text, const char *open_with, const struct wk_choice *c, size_t n,
                      struct wk_err *err)
{
    struct fake_said *s = record(text, 1024);

    (void)call, (void)turn, (void)err;
    assert_true(n >= 1 && n <= (open_with ? 10u : 3u));
    assert_true(!open_with || characters(open_with) <= 20);
    s->is_menu = true;
    s->choices = n;
    for (size_t i = 0; i < n; i++) {
        const char *arg = c[i].arg ? c[i].arg : "", *node = c[i].node ? c[i].node : fake.went ? fake.went : "";

        assert_true(c[i].action && *c[i].action && c[i].title && *c[i].title);
        whole_utf8(c[i].title);
        assert_true(strlen(node) + strlen(c[i].action) + strlen(arg) + 14 <= 200); /* the id with its separators and version */
        assert_true(!c[i].description || characters(c[i].description) <= 72);
        (void)snprintf(s->action[i], sizeof s->action[i], "%s", c[i].action);
        (void)snprintf(s->arg[i], sizeof s->arg[i], "%s", arg);
        (void)snprintf(s->node[i], sizeof s->node[i], "%s", node);
        (void)snprintf(s->title[i], sizeof s->title[i], "%s", c[i].title);
        for (size_t k = 0; k < i; k++) /* two options with one id cannot be told apart */
            assert_false(!strcmp(s->action[k], s->action[i]) && !strcmp(s->arg[k], s->arg[i]) && !strcmp(s->node[k], s->node[i]));
    }
    return true;
}
static bool turn_ask_location(struct wk_call *call, struct wk_turn *turn, const char *text, struct wk_err *err)
{
    return turn_say(call, turn, text, err);
}
static const struct wk_node *node_named(const char *name)
{
    static const struct wk_node *const tables[] = {nodes_cart, nodes_checkout, nodes_review, nodes_track, nodes_shop};

    for (size_t t = 0; t < WK_COUNT(tables); t++)
        for (const struct wk_node *n = tables[t]; n->name; n++)
            if (!strcmp(n->name, name))
                return n;
    return NULL;
}
static bool turn_go(struct wk_call *call, struct wk_turn *turn, const char *name, struct wk_err *err)
{
    const struct wk_node *node = node_named(name);
    static int depth;
    bool ok;

    fake.went = node ? node->name : name;
    if (!node) /* G2, C0, S1 ...: another plugin's */
        return true;
    assert_true(depth < 8);
    depth++;
    ok = node->show(call, turn, err);
    depth--;
    return ok;
}
static bool turn_stay(struct wk_turn *turn, const char *node)
{
    (void)turn;
    fake.went = node;
    return true;
}
static bool flow_push(struct wk_call *call, const struct wk_uuid *user, const char *node, const char *arg, struct wk_err *err)
{
    (void)call, (void)err;
    assert_true(!wk_uuid_is_nil(user) && node_named(node) && arg && *arg);
    fake.pushes++;
    return true;
}
static struct wk_flow fake_flow = {.head = {sizeof fake_flow, 1, NULL}, .user = turn_user, .user_name = turn_user_name, .language = turn_language,
                                   .node = turn_node, .is_push = turn_is_push, .has_role = turn_has_role, .get = turn_get, .set = turn_set,
                                   .say = turn_say, .menu = turn_menu, .ask_location = turn_ask_location, .go = turn_go, .stay = turn_stay,
                                   .push = flow_push};

static bool fake_variants(struct wk_call *call, const struct wk_uuid *ids, size_t n, struct wk_variant **found, size_t *found_n, struct wk_err *err)
{
    (void)err;
    *found = wk_alloc(call, (n + 1) * sizeof **found);
    *found_n = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < fake.variant_count; k++)
            if (wk_uuid_equal(&ids[i], &fake.variants[k].id))
                (*found)[(*found_n)++] = fake.variants[k];
    return true;
}
static bool fake_vendor(struct wk_call *call, const struct wk_uuid *id, struct wk_vendor *v, struct wk_err *err)
{
    (void)call, (void)err;
    *v = (struct wk_vendor){.size = sizeof *v, .is_open = true, .id = *id, .user = {{5}}, .name = "Shop", .phone = "", .address = "1 Long Street",
                            .latitude = -26.2386, .longitude = 27.9081};
    return true;
}
static bool fake_vendor_of_user(struct wk_call *call, const struct wk_uuid *user, struct wk_vendor *v, struct wk_err *err)
{
    static const struct wk_uuid vendor = {{9}};

    (void)user;
    return fake_vendor(call, &vendor, v, err);
}
static bool fake_reserve(struct wk_call *call, const struct wk_uuid *order, const struct wk_stock_line *lines, size_t n, int64_t expires,
                         struct wk_shortage *shortage, struct wk_err *err)
{
    (void)call, (void)order, (void)n, (void)expires;
    if (!fake.is_short)
        return true;
    fake.is_short = false;
    *shortage = (struct wk_shortage){.variant = lines[0].variant, .available = 1, .name = "Bread"};
    return wk_fail(err, WK_BUSINESS, "catalog.insufficient_stock", "only 1 left");
}
static bool fake_stock(struct wk_call *call, const struct wk_uuid *order, struct wk_err *err) { return (void)call, (void)order, (void)err, true; }
static struct wk_catalog fake_catalog = {.head = {sizeof fake_catalog, 1, NULL}, .variants = fake_variants, .vendor = fake_vendor,
                                         .vendor_of_user = fake_vendor_of_user, .reserve = fake_reserve, .release = fake_stock,
                                         .consume = fake_stock, .put_back = fake_stock};

static bool fake_methods(struct wk_call *call, int64_t amount, const char *currency, struct wk_pay_method **methods, size_t *n, struct wk_err *err)
{
    (void)amount, (void)currency, (void)err;
    *methods = wk_alloc(call, sizeof **methods);
    **methods = (struct wk_pay_method){"cod", "Cash on delivery", WK_PAY_STAFF_CONFIRM};
    *n = 1;
    return true;
}
static bool fake_prepare(struct wk_call *call, const struct wk_uuid *order, const char *gateway, int64_t amount, const char *currency,
                         struct wk_payment *payment, struct wk_err *err)
{
    (void)call, (void)gateway, (void)currency, (void)err;
    fake.total_prepared = amount;
    payment->id = *order;
    return true;
}
static bool fake_of_order(struct wk_call *call, const struct wk_uuid *order, struct wk_payment *payment, struct wk_err *err)
{
    (void)call, (void)order, (void)err;
    payment->status = "due";
    return true;
}
static bool fake_unpay(struct wk_call *call, const struct wk_uuid *order, struct wk_err *err) { return (void)call, (void)order, (void)err, true; }
static struct wk_payments fake_payments = {.head = {sizeof fake_payments, 1, NULL}, .methods = fake_methods, .prepare = fake_prepare,
                                           .of_order = fake_of_order, .cancel = fake_unpay};

static bool fake_take(struct wk_call *call, const char *quota, int64_t n, struct wk_err *err)
{
    (void)call, (void)err;
    assert_string_equal(quota, WK_QUOTA_ORDERS);
    fake.taken += n;
    return true;
}
static struct wk_quotas fake_quotas = {.head = {sizeof fake_quotas, 1, NULL}, .take = fake_take};
static size_t fake_service_names(const char *interface, const char **names, size_t max) { return (void)names, (void)max, !strcmp(interface, WK_QUOTA); }

static const void *fake_service(struct wk_call *call, const char *interface, const char *provider, struct wk_err *err)
{
    (void)call, (void)provider, (void)err;
    return !strcmp(interface, WK_QUOTA) ? (const void *)&fake_quotas : !strcmp(interface, WK_FLOW) ? (const void *)&fake_flow : !strcmp(interface, WK_CATALOG) ? (const void *)&fake_catalog : &fake_payments;
}
static void *fake_frame_enter(struct wk_call *call, const void *self) { return (void)call, (void)self, NULL; }
static void fake_frame_leave(struct wk_call *call, void *frame) { (void)call, (void)frame; }

static const struct wk_host fake_host = {
    .size = sizeof fake_host, .abi_major = 1, .alloc = fake_alloc, .tenant = fake_tenant, .now_us = fake_now, .random_bytes = fake_random,
    .new_id = fake_new_id, .log = fake_log, .trace_id = fake_trace, .setting_text = fake_setting_text, .setting_int = fake_setting_int,
    .secret = fake_secret, .db_read = fake_db_read, .db_read_all = fake_db_read_all, .db_write = fake_db_write, .db_queue = fake_db_queue,
    .rows_count = fake_rows_count, .rows_text = fake_rows_text, .rows_affected = fake_rows_affected, .publish = fake_publish,
    .schedule = fake_schedule, .unschedule = fake_unschedule, .service = fake_service, .service_names = fake_service_names, .frame_enter = fake_frame_enter,
    .frame_leave = fake_frame_leave, .json_parse = fake_json_parse, .count = fake_count,
};
WK_HIDDEN const struct wk_host *wk_host = &fake_host;

static int fake_setup(void **state)
{
    static const char *const number[] = {"1042"};

    (void)state;
    memset(&fake, 0, sizeof fake);
    fake.tenant = (struct wk_tenant){.size = sizeof fake.tenant, .name = "Demo", .currency = "ZAR", .currency_exponent = 2, .timezone = "UTC",
                                     .language = "en", .id_text = "", .tier = "basic", .status = "active"};
    fake.user.b[0] = 7;
    fake.now_us = INT64_C(1700000000000000);
    fake.one = (struct wk_rows){1, 1, number, 1};
    return 0;
}
static int fake_teardown(void **state)
{
    (void)state;
    while (fake.block_count)
        free(fake.blocks[--fake.block_count]);
    return 0;
}
#endif
