/* world.h - a small shop of nodes and one conversation whose row is kept from message to message, on the fake host.
 * Include it in one .c per program. */
#ifndef CONVERSATION_WORLD_H
#define CONVERSATION_WORLD_H
#include "fake_host.h"

#include <wakala/service/notify.h>

#include "ids.h"
#include "registry.h"
#include "store.h"
#include "turn.h"
#include "utf8.h"

extern const struct wk_plugin_desc wakala_plugin;

/* The one conversation's row, as the statements left it. */
static struct {
    bool has_user, has_state, has_bsuid_alias;
    char user[64], name[128], language[8], roles[64], opted_out[32], muted[4];
    char bsuid[64], phone[64];
    char state[20][4096];
    int64_t version;
    bool other_has_phone; /* the phone leads to somebody else, who has an id of their own */
} row;

static void apply(const struct fake_statement *s)
{
    if (!strcmp(s->name, "insert_user") || !strcmp(s->name, "update_user")) {
        row.has_user = true;
        fake_copy(row.user, sizeof row.user, s->arg[0]);
        fake_copy(row.name, sizeof row.name, s->arg[1]);
        fake_copy(row.language, sizeof row.language, s->arg[2]);
        fake_copy(row.opted_out, sizeof row.opted_out, s->arg[3]);
        fake_copy(row.muted, sizeof row.muted, s->arg[4]);
    } else if (!strcmp(s->name, "insert_alias") || !strcmp(s->name, "move_alias")) {
        fake_copy(!strcmp(s->arg[0], "bsuid") ? row.bsuid : row.phone, sizeof row.bsuid, s->arg[1]);
    } else if (!strcmp(s->name, "insert_state") || !strcmp(s->name, "update_state")) {
        row.has_state = true;
        for (size_t i = 0; i < s->args; i++)
            fake_copy(row.state[i], sizeof row.state[i], s->arg[i]);
        row.version = strtoll(s->arg[1], NULL, 10) + 1;
    } else if (!strcmp(s->name, "grant_role")) {
        fake_copy(row.roles, sizeof row.roles, strcmp(s->arg[2], "t") ? "" : s->arg[1]);
    }
}

static const char *sql_value(const char *text) { return !strcmp(text, "\1") ? NULL : text; }

/* Columns in the order of store.c. */
static void fill(struct wk_rows *rows, size_t r)
{
    static char version[32];
    const char **c = rows->cell[r];

    (void)snprintf(version, sizeof version, "%lld", (long long)row.version);
    c[0] = row.user, c[1] = sql_value(row.name), c[2] = row.language, c[3] = row.roles, c[4] = *row.opted_out ? sql_value(row.opted_out) : NULL;
    c[5] = row.muted;
    if (!row.has_state)
        return;
    for (int i = 0; i < 3; i++)
        c[6 + i] = row.state[2 + i];
    c[9] = row.state[6], c[10] = row.state[7], c[11] = row.state[8], c[12] = row.state[9], c[13] = row.state[10], c[14] = row.state[11];
    c[15] = row.state[12], c[16] = row.state[13], c[17] = version, c[18] = sql_value(row.state[14]);
}

static struct wk_rows *answer(const char *statement, const struct wk_arg *args, size_t n)
{
    static struct wk_rows rows;

    memset(&rows, 0, sizeof rows);
    if (!strcmp(statement, "load_message")) {
        assert_int_equal(n, 2);
        if (*row.bsuid && args[0].type == WK_ARG_TEXT && !strcmp(args[0].text, row.bsuid)) {
            fill(&rows, rows.count);
            rows.cell[rows.count][19] = "bsuid", rows.cell[rows.count++][20] = "t";
        }
        if (row.other_has_phone && args[1].type == WK_ARG_TEXT) {
            rows.cell[rows.count][0] = "0f000000-0000-0000-0000-0000000000ff";
            rows.cell[rows.count][19] = "phone", rows.cell[rows.count++][20] = "t";
        } else if (*row.phone && args[1].type == WK_ARG_TEXT && !strcmp(args[1].text, row.phone)) {
            fill(&rows, rows.count);
            rows.cell[rows.count][19] = "phone", rows.cell[rows.count++][20] = *row.bsuid ? "t" : "f";
        }
    } else if (!strcmp(statement, "load_user") && row.has_user) {
        fill(&rows, 0);
        rows.cell[0][19] = row.phone;
        rows.count = 1;
    } else if (!strcmp(statement, "insert_notice")) {
        static int told;

        rows.count = told++ == 0; /* told once */
        rows.cell[0][0] = "1";
    }
    return rows.count ? &rows : NULL;
}

/* A small shop: A is a list, N wants a number, T a name, B is a busy question, L a list of 23, P shows what a push says. */
static char last_heard[256], last_choice[128];
static bool last_current, node_fails;

static bool a_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    const struct wk_choice c[] = {{.action = "pick", .arg = "1", .title = "Bread white sliced extra large 700g", .description = "18.50"},
                                  {.action = "pick", .arg = "2", .title = "Milk"},
                                  {.node = "N", .action = "", .title = "Quantity"},
                                  {.node = "T", .action = "show", .title = "Name"}};

    return !node_fails ? wk_turn_say(call, turn, "Welcome to A.", err) && wk_turn_menu(call, turn, "Pick one", "Products", c, WK_COUNT(c), err)
                       : wk_fail(err, WK_BUSINESS, "shop.broken", "no");
}
static enum wk_verdict a_choose(struct wk_call *call, struct wk_turn *turn, const char *action, const char *arg, bool is_current,
                                struct wk_err *err)
{
    (void)snprintf(last_choice, sizeof last_choice, "%s %s", action, arg);
    last_current = is_current;
    if (strcmp(action, "pick") != 0 || (!is_current && !strcmp(arg, "2")))
        return WK_DECLINED;
    return wk_turn_set(call, turn, "picked", arg, err) && wk_turn_say(call, turn, "Picked.", err) ? WK_HANDLED : WK_FAILED;
}
static enum wk_verdict keep(struct wk_call *call, struct wk_turn *turn, const struct wk_message *message, struct wk_err *err)
{
    if (!message->text)
        return WK_DECLINED;
    (void)snprintf(last_heard, sizeof last_heard, "%s", message->text);
    return wk_turn_say(call, turn, "Noted.", err) ? WK_HANDLED : WK_FAILED;
}
static bool n_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err) { return wk_turn_say(call, turn, "How many?", err); }
static bool t_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err) { return wk_turn_say(call, turn, "What name?", err); }
static bool b_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    const struct wk_choice c[] = {{.action = "yes", .title = "Yes, place it"}, {.action = "no", .title = "No"}};

    return wk_turn_menu(call, turn, "Place the order?", NULL, c, WK_COUNT(c), err);
}
static bool l_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    struct wk_choice c[23];
    char title[23][16];

    for (size_t i = 0; i < WK_COUNT(c); i++) {
        (void)snprintf(title[i], sizeof title[i], "Item %zu", i + 1);
        c[i] = (struct wk_choice){.action = "pick", .arg = title[i], .title = title[i], .description = "d"};
    }
    return wk_turn_menu(call, turn, "All of them", "Items", c, WK_COUNT(c), err);
}
static bool p_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    const struct wk_choice c[] = {{.action = "accept", .arg = wk_turn_get(call, turn, "arg"), .title = "Accept"},
                                  {.action = "reject", .arg = wk_turn_get(call, turn, "arg"), .title = "Reject"}};

    assert_true(wk_turn_is_push(call, turn));
    return wk_turn_menu(call, turn, "New order", NULL, c, WK_COUNT(c), err);
}
static bool pass_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    return wk_turn_say(call, turn, "Passing.", err) && wk_turn_go(call, turn, "T", err);
}
static bool loop_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err) { return wk_turn_go(call, turn, "LOOP", err); }

static const struct wk_node shop[] = {
    {.name = "A", .state = WK_CUSTOMER_FLOW, .show = a_show, .choose = a_choose},
    {.name = "N", .state = WK_CUSTOMER_FLOW, .expect = WK_EXPECT_NUMBER, .show = n_show, .hear = keep},
    {.name = "T", .state = WK_CUSTOMER_FLOW, .expect = WK_EXPECT_TEXT, .show = t_show, .hear = keep},
    {.name = "B", .state = WK_CUSTOMER_FLOW, .is_busy = true, .show = b_show, .choose = a_choose},
    {.name = "L", .state = WK_CUSTOMER_FLOW, .show = l_show, .choose = a_choose},
    {.name = "P", .state = WK_VENDOR_FLOW, .show = p_show, .choose = a_choose},
    {.name = "PASS", .state = WK_CUSTOMER_FLOW, .show = pass_show},
    {.name = "LOOP", .state = WK_CUSTOMER_FLOW, .show = loop_show},
    {.name = "V1", .state = WK_VENDOR_FLOW, .show = t_show},
    {.name = NULL},
};
static const struct wk_entry entries[] = {
    {.menu = "customer", .node = "A", .action = "show", .title = "Shop", .order = 10, .label = "CUSTOMER"},
    {.menu = "customer", .node = "N", .action = "show", .title = "Track order", .order = 20, .label = "TRACKING"},
    {.menu = "more", .node = "V1", .title = "Sell on {tenant}", .order = 10, .label = "VENDOR"},
    {.menu = "vendor", .node = "V1", .title = "My shop", .order = 5, .role = "vendor"},
    {.menu = NULL},
};
static enum wk_verdict search(struct wk_call *call, struct wk_turn *turn, const char *text, struct wk_err *err)
{
    if (!strstr(text, "salt"))
        return WK_DECLINED;
    return wk_turn_stay(call, turn, "A") && wk_turn_say(call, turn, "Found salt.", err) ? WK_HANDLED : WK_FAILED;
}

static struct wk_plugin *const conversation_plugin = (struct wk_plugin *)(uintptr_t)0x10, *const shop_plugin = (struct wk_plugin *)(uintptr_t)0x20;
static unsigned message_ids;

static int begin(void **state)
{
    (void)state;
    fake_start();
    memset(&row, 0, sizeof row);
    memset(last_heard, 0, sizeof last_heard);
    node_fails = false;
    fake.answer = answer;
    fake.plugins[0] = &wakala_plugin;
    fake.setting[0][0] = "idle_after", fake.setting[0][1] = "14400000";
    fake.setting[1][0] = "default_channel", fake.setting[1][1] = "whatsapp";
    assert_true(wakala_plugin.open(conversation_plugin, NULL));
    assert_true(wk_flow_add(shop_plugin, shop, entries, NULL));
    assert_true(wk_flow_set_search(shop_plugin, search, NULL));
    return 0;
}
static int end(void **state)
{
    (void)state;
    wakala_plugin.close(conversation_plugin);
    fake_call_end();
    return 0;
}

static inline enum wk_verdict inbound(struct wk_message m, struct wk_err *err)
{
    char id[32];
    enum wk_verdict verdict;

    fake_forget();
    (void)snprintf(id, sizeof id, "wamid.%u", message_ids);
    m.size = sizeof m;
    m.channel = "whatsapp", m.address = "1000", m.at_us = fake.now;
    m.id = m.id ? m.id : id;
    if (!m.user_key)
        m.user_key = m.phone = "27821230001", m.name = "Thandi";
    verdict = wakala_plugin.on_message(&fake.call, &m, err);
    if (verdict == WK_HANDLED)
        for (size_t i = 0; i < fake.ran_count; i++)
            if (fake.ran[i].is_queued)
                apply(&fake.ran[i]);
    fake.now += 1000000;
    fake_call_end();
    return verdict;
}
static inline void says(const char *text)
{
    struct wk_err err = {0};

    message_ids++;
    if (inbound((struct wk_message){.type = WK_MSG_TEXT, .text = text}, &err) != WK_HANDLED)
        fail_msg("\"%s\": %s %s", text, err.code, err.msg);
}
static inline void taps(const char *id)
{
    struct wk_err err = {0};

    message_ids++;
    if (inbound((struct wk_message){.type = WK_MSG_BUTTON_REPLY, .choice = id, .text = "title"}, &err) != WK_HANDLED)
        fail_msg("%s: %s %s", id, err.code, err.msg);
}
static inline void sends(enum wk_message_type type)
{
    message_ids++;
    assert_int_equal(inbound((struct wk_message){.type = type}, NULL), WK_HANDLED);
}
/* The only answer; its text contains this. */
static inline const struct fake_message *hears(enum wk_outgoing_type type, const char *part)
{
    assert_int_equal(fake.sent_count, 1);
    if (fake.sent[0].type != type || !strstr(fake.sent[0].text, part))
        fail_msg("heard type %d \"%s\", not type %d \"%s\"", (int)fake.sent[0].type, fake.sent[0].text, (int)type, part);
    return &fake.sent[0];
}
static inline const char *node(void) { return row.state[6]; }
static inline void at(const char *name) { assert_string_equal(node(), name); }
static inline const char *id_of(size_t i)
{
    static char copy[256];

    fake_copy(copy, sizeof copy, fake.sent[0].id[i]);
    return copy;
}
#endif
