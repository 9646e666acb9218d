/* nodes.c - nodes keep only what was asked (words or shelf, and how far the list was turned): every page is read anew, so prices and stock
 * are today's. */
#include "nodes.h"

#include <wakala/plugin.h>

#include "catalog_db.h"
#include "query.h"
#include "texts.h"

#define PAGE 10         /* rows of a list; nine and "More" when there are further ones */
#define SHELVES 6
#define SHELF_MAX 120   /* bytes: a longer name does not fit an id */
#define FEW 5
#define KEY_VARIANT "variant"   /* contract with orders */
#define KEY_QUANTITY "quantity"
#define KEY_WORDS "catalog_words"
#define KEY_SHELF "catalog_shelf"
#define KEY_OFFSET "catalog_offset"

static bool no_memory(struct wk_err *err) { return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "shop"); }
static enum wk_verdict done(bool ok) { return ok ? WK_HANDLED : WK_FAILED; }

static const char *text(struct wk_call *call, struct wk_turn *turn, const char *key)
{
    return shop_text(wk_turn_language(call, turn), key);
}

/* A text with one "%s". The words were the person's own: shortened, and never a format. */
static const char *text_with(struct wk_call *call, struct wk_turn *turn, const char *key, const char *value)
{
    const char *format = text(call, turn, key), *at = strstr(format, "%s");

    return at ? wk_printf(call, "%.*s%s%s", (int)(at - format), format, value, at + 2) : format;
}

static const char *stock_word(struct wk_call *call, struct wk_turn *turn, int64_t available)
{
    const char *few = text(call, turn, "stock.few"), *at = strstr(few, "%lld");

    if (available <= 0)
        return text(call, turn, "stock.out");
    if (available > FEW || !at)
        return text(call, turn, "stock.in");
    return wk_printf(call, "%.*s%lld%s", (int)(at - few), few, (long long)available, at + 4);
}

static const char *price_text(struct wk_call *call, int64_t price)
{
    const struct wk_tenant *tenant = wk_tenant(call);

    return wk_money_text(call, price, tenant ? tenant->currency_exponent : 2);
}

static bool ask_for(struct wk_call *call, struct wk_turn *turn, const char *words, const char *shelf, const char *offset, struct wk_err *err)
{
    return wk_turn_set(call, turn, KEY_WORDS, words, err) && wk_turn_set(call, turn, KEY_SHELF, shelf, err) &&
           wk_turn_set(call, turn, KEY_OFFSET, offset, err);
}

static bool remember_quantity(struct wk_call *call, struct wk_turn *turn, int quantity, struct wk_err *err)
{
    char digits[16];

    (void)snprintf(digits, sizeof digits, "%d", quantity);
    return wk_turn_set(call, turn, KEY_QUANTITY, quantity ? digits : NULL, err);
}

/* The list itself. */

static bool row(struct wk_call *call, struct wk_turn *turn, const struct wk_variant *v, struct wk_choice *to)
{
    char *id = (char *)wk_alloc(call, WK_UUID_TEXT);
    const char *price = price_text(call, v->price), *stock = stock_word(call, turn, v->available);

    if (!id || !price || !stock)
        return false;
    *to = (struct wk_choice){.node = "C5", .action = "pick", .arg = wk_uuid_text(&v->id, id), .title = v->name,
                             .description = wk_printf(call, "%s · %s · %s", price, v->vendor_name, stock)};
    return to->description != NULL;
}

static bool show_list(struct wk_call *call, struct wk_turn *turn, const char *title, const struct wk_variant *found, size_t n,
                      int64_t offset, struct wk_err *err)
{
    struct wk_choice choices[PAGE];
    size_t shown = n > PAGE ? PAGE - 1 : n;
    const char *next = wk_printf(call, "%lld", (long long)offset + PAGE - 1);

    for (size_t i = 0; i < shown; i++)
        if (!row(call, turn, &found[i], &choices[i]))
            return no_memory(err);
    if (!title || !next)
        return no_memory(err);
    if (n > PAGE)
        choices[shown++] = (struct wk_choice){.node = "C5", .action = "more", .arg = next, .title = text(call, turn, "c5.more")};
    return wk_turn_menu(call, turn, title, text(call, turn, "c5.open"), choices, shown, err);
}

static bool c5_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    const char *words = wk_turn_get(call, turn, KEY_WORDS), *shelf = wk_turn_get(call, turn, KEY_SHELF),
               *at = wk_turn_get(call, turn, KEY_OFFSET), *title;
    int64_t offset = at ? strtoll(at, NULL, 10) : 0;
    struct wk_variant *found;
    size_t n;

    if (offset < 0 || offset > 100000)
        offset = 0;
    if (!(shelf ? shop_category(call, shelf, (uint32_t)offset, PAGE + 1, &found, &n, err)
                : shop_search(call, words ? words : "", (uint32_t)offset, PAGE + 1, &found, &n, err)))
        return false;
    if (!n)
        return wk_turn_say(call, turn, text(call, turn, "c5.gone"), err) && wk_turn_go(call, turn, "C0", err);
    title = shelf ? shelf : words && *words ? text_with(call, turn, "c5.found", words) : text(call, turn, "c5.all");
    return show_list(call, turn, title, found, n, offset, err);
}

static enum wk_verdict c5_choose(struct wk_call *call, struct wk_turn *turn, const char *action, const char *arg, bool is_current,
                                 struct wk_err *err)
{
    struct wk_uuid id;

    (void)is_current; /* looking at things is harmless, however old the list */
    if (!strcmp(action, "pick") && wk_uuid_parse(arg, &id))
        return done(wk_turn_set(call, turn, KEY_VARIANT, arg, err) && wk_turn_go(call, turn, "C6", err));
    if (!strcmp(action, "more"))
        return done(wk_turn_set(call, turn, KEY_OFFSET, arg, err) && wk_turn_go(call, turn, "C5", err));
    return WK_DECLINED;
}

/* Search. */

static bool say_none(struct wk_call *call, struct wk_turn *turn, const char *words, struct wk_err *err)
{
    const struct wk_choice choices[] = {{.node = "C0", .action = "", .title = text(call, turn, "c3.browse")},
                                        {.node = "C3", .action = "", .title = text(call, turn, "c3.again")},
                                        {.node = "S2", .action = "", .title = text(call, turn, "c3.person")}};
    const char *none = text_with(call, turn, "c3.none", words);

    return none ? wk_turn_menu(call, turn, none, NULL, choices, WK_COUNT(choices), err) : no_memory(err);
}

/* One page is read and shown at once: C5 is entered without reading it a second time. */
static bool find(struct wk_call *call, struct wk_turn *turn, const struct query *query, bool *is_found, struct wk_err *err)
{
    struct wk_variant *found;
    const char *title;
    size_t n;

    if (!shop_search(call, query->words, 0, PAGE + 1, &found, &n, err))
        return false;
    *is_found = n > 0;
    if (!n)
        return true;
    title = text_with(call, turn, "c5.found", query->words);
    return ask_for(call, turn, query->words, NULL, NULL, err) && remember_quantity(call, turn, query->quantity, err) &&
           (wk_turn_stay(call, turn, "C5") || wk_fail(err, WK_SYSTEM, "flow.unknown_node", "C5")) &&
           show_list(call, turn, title, found, n, 0, err);
}

static bool is_inside(const char *node) { return !strcmp(node, "C0") || !strcmp(node, "C5") || !strcmp(node, "C6"); }

enum wk_verdict shop_hear(struct wk_call *call, struct wk_turn *turn, const char *said, struct wk_err *err)
{
    struct query query;
    bool is_found;

    query_read(said, &query);
    if (strlen(query.words) < 3) /* "no" would find the noodles */
        return WK_DECLINED;
    if (!find(call, turn, &query, &is_found, err))
        return WK_FAILED;
    if (is_found)
        return WK_HANDLED;
    return is_inside(wk_flow_of(call)->node(turn)) ? done(say_none(call, turn, query.words, err)) : WK_DECLINED;
}

static bool c3_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    return wk_turn_say(call, turn, text(call, turn, "c3.ask"), err);
}

static enum wk_verdict c3_hear(struct wk_call *call, struct wk_turn *turn, const struct wk_message *message, struct wk_err *err)
{
    struct query query;
    bool is_found;

    if (!message->text)
        return WK_DECLINED;
    query_read(message->text, &query);
    if (strlen(query.words) < 2)
        return done(wk_turn_say(call, turn, text(call, turn, "c3.short"), err));
    if (!find(call, turn, &query, &is_found, err))
        return WK_FAILED;
    if (is_found)
        return WK_HANDLED;
    (void)wk_turn_stay(call, turn, "C0"); /* here everything typed is words to look for; there "1" is the first button */
    return done(say_none(call, turn, query.words, err));
}

/* Shelves. */

static bool c0_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    const char *shelves[SHELVES];
    struct wk_choice choices[SHELVES + 3];
    size_t found, n = 0;

    if (!shop_categories(call, shelves, SHELVES, &found, err))
        return false;
    for (size_t i = 0; i < found; i++)
        if (strlen(shelves[i]) <= SHELF_MAX)
            choices[n++] = (struct wk_choice){.action = "shelf", .arg = shelves[i], .title = shelves[i]};
    if (!n)
        choices[n++] = (struct wk_choice){.action = "shelf", .arg = "", .title = text(call, turn, "c5.open")};
    choices[n++] = (struct wk_choice){.node = "C3", .action = "", .title = text(call, turn, "c0.search")};
    choices[n++] = (struct wk_choice){.node = "C9", .action = "", .title = text(call, turn, "c0.cart")};
    return wk_turn_menu(call, turn, text(call, turn, "c0.text"), text(call, turn, "c0.open"), choices, n, err);
}

static enum wk_verdict c0_choose(struct wk_call *call, struct wk_turn *turn, const char *action, const char *arg, bool is_current,
                                 struct wk_err *err)
{
    (void)is_current;
    if (strcmp(action, "shelf") != 0)
        return WK_DECLINED;
    return done(ask_for(call, turn, NULL, *arg ? arg : NULL, NULL, err) && remember_quantity(call, turn, 0, err) &&
                wk_turn_go(call, turn, "C5", err));
}

/* The card. */

static bool card(struct wk_call *call, struct wk_turn *turn, const struct wk_variant *v, struct wk_err *err)
{
    char id[WK_UUID_TEXT];
    const char *price = price_text(call, v->price), *stock = stock_word(call, turn, v->available), *said;
    bool is_there = v->available > 0;
    const struct wk_choice choices[] = {
        {.node = "C6", .action = is_there ? "add" : "similar", .arg = wk_uuid_text(&v->id, id), .title = text(call, turn, is_there ? "c6.add" : "c6.similar")},
        {.node = "BACK", .action = "", .title = text(call, turn, "c6.back")},
        {.node = "C9", .action = "", .title = text(call, turn, "c6.cart")}};

    if (!price || !stock)
        return no_memory(err);
    said = wk_printf(call, "%s – %s\n%s%s%s · %s", v->name, price, v->short_description, *v->short_description ? "\n" : "", v->vendor_name, stock);
    return said ? wk_turn_menu(call, turn, said, NULL, choices, WK_COUNT(choices), err) : no_memory(err);
}

static bool c6_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    const char *chosen = wk_turn_get(call, turn, KEY_VARIANT);
    struct wk_variant *found = NULL;
    struct wk_uuid id;
    size_t n = 0;

    if (chosen && wk_uuid_parse(chosen, &id) && !shop_variants(call, &id, 1, &found, &n, err))
        return false;
    if (!n || !found[0].is_active)
        return wk_turn_say(call, turn, text(call, turn, "c6.gone"), err) && wk_turn_go(call, turn, "C0", err);
    return card(call, turn, &found[0], err);
}

static enum wk_verdict c6_similar(struct wk_call *call, struct wk_turn *turn, const struct wk_uuid *id, struct wk_err *err)
{
    struct wk_variant *found;
    const char *word = NULL;
    size_t n;

    if (!shop_variants(call, id, 1, &found, &n, err))
        return WK_FAILED;
    if (n)
        word = wk_strndup(call, found[0].name, strcspn(found[0].name, " ")); /* "Bread white 700g": other breads */
    return done(ask_for(call, turn, word, NULL, NULL, err) && wk_turn_go(call, turn, "C5", err));
}

static enum wk_verdict c6_choose(struct wk_call *call, struct wk_turn *turn, const char *action, const char *arg, bool is_current,
                                 struct wk_err *err)
{
    struct wk_uuid id;

    (void)is_current; /* price and stock are asked again by whoever takes it from here */
    if (!wk_uuid_parse(arg, &id))
        return WK_DECLINED;
    if (!strcmp(action, "add"))
        return done(wk_turn_set(call, turn, KEY_VARIANT, arg, err) && wk_turn_go(call, turn, "C8", err));
    return !strcmp(action, "similar") ? c6_similar(call, turn, &id, err) : WK_DECLINED;
}

const struct wk_node shop_nodes[] = {
    {.name = "C0", .state = WK_CUSTOMER_FLOW, .show = c0_show, .choose = c0_choose},
    {.name = "C3", .state = WK_CUSTOMER_FLOW, .expect = WK_EXPECT_TEXT, .show = c3_show, .hear = c3_hear},
    {.name = "C5", .state = WK_CUSTOMER_FLOW, .show = c5_show, .choose = c5_choose},
    {.name = "C6", .state = WK_CUSTOMER_FLOW, .show = c6_show, .choose = c6_choose},
    {.name = NULL},
};
const struct wk_entry shop_entries[] = {
    {.menu = "customer", .node = "C0", .action = "", .title = "Shop", .order = 10, .label = "CUSTOMER"},
    {.menu = NULL},
};
