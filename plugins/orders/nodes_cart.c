/* nodes_cart.c - C8 quantity, C9 cart and its editing. Nothing here writes to the database. */
#include "nodes.h"

/* C8 remembers what it asks about: "<variant> <vendor> <available> <price>\n<shop>\n<name>". */
struct pick {
    struct cart_line line;
    struct wk_uuid vendor;
    int64_t available;
    char shop[61];
};

static bool pick_store(struct wk_call *call, struct wk_turn *turn, const struct pick *p, struct wk_err *err)
{
    char a[WK_UUID_TEXT], b[WK_UUID_TEXT];
    const char *text = wk_printf(call, "%s %s %lld %lld\n%s\n%s", wk_uuid_text(&p->line.variant, a), wk_uuid_text(&p->vendor, b),
                                 (long long)p->available, (long long)p->line.price, p->shop, p->line.name);

    return text ? wk_turn_set(call, turn, KEY_PICK, text, err) : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "C8");
}

static bool pick_load(struct wk_call *call, struct wk_turn *turn, struct pick *p)
{
    const char *text = wk_turn_get(call, turn, KEY_PICK), *shop, *name;
    char a[WK_UUID_TEXT], b[WK_UUID_TEXT], one_line[61];
    long long available, price;

    memset(p, 0, sizeof *p);
    if (!text || sscanf(text, "%36s %36s %lld %lld", a, b, &available, &price) != 4 || !wk_uuid_parse(a, &p->line.variant) ||
        !wk_uuid_parse(b, &p->vendor) || !(shop = strchr(text, '\n')) || !(name = strchr(shop + 1, '\n')))
        return false;
    p->available = available;
    p->line.price = price;
    (void)snprintf(one_line, sizeof one_line, "%.*s", (int)(name - shop - 1), shop + 1);
    text_cut(p->shop, sizeof p->shop, one_line, 60);
    text_cut(p->line.name, sizeof p->line.name, name + 1, 40);
    return true;
}

static int64_t most(const struct pick *p) { return p->available < CART_QUANTITY_MAX ? p->available : CART_QUANTITY_MAX; }

static bool choice_arg(struct wk_call *call, const struct pick *p, int64_t n, const char **arg)
{
    char id[WK_UUID_TEXT];

    *arg = wk_printf(call, "%s:%lld", wk_uuid_text(&p->line.variant, id), (long long)n);
    return *arg != NULL;
}

static bool sold_out(struct wk_call *call, struct wk_turn *turn, const char *name, struct wk_err *err)
{
    const struct wk_choice c[] = {{.action = "shop", .title = "Keep shopping"}, {.action = "cart", .title = "My cart"}};
    const char *text = wk_printf(call, "%s is sold out just now.", name);

    return text ? wk_turn_menu(call, turn, text, NULL, c, WK_COUNT(c), err) : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "C8");
}

static bool only_left(struct wk_call *call, struct wk_turn *turn, const struct pick *p, int64_t k, struct wk_err *err)
{
    struct wk_choice c[] = {{.action = "n"}, {.action = "other", .title = "Other"}};
    const char *text = wk_printf(call, "Only %lld left. Add %lld?", (long long)k, (long long)k);

    c[0].title = wk_printf(call, "Add %lld", (long long)k);
    if (!text || !c[0].title || !choice_arg(call, p, k, &c[0].arg))
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "C8");
    return wk_turn_menu(call, turn, text, NULL, c, WK_COUNT(c), err);
}

static bool other_shop(struct wk_call *call, struct wk_turn *turn, const struct cart *cart, const struct pick *p, int64_t n,
                       struct wk_err *err)
{
    struct wk_choice c[] = {{.action = "swap", .title = "Start new cart"}, {.action = "cart", .title = "Keep this"}};
    const char *text = wk_printf(call, "Your cart is from %s. One order comes from one shop. Start a new cart with %s?", cart->vendor_name,
                                 p->shop);

    if (!text || !choice_arg(call, p, n, &c[0].arg))
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "C8");
    return wk_turn_menu(call, turn, text, NULL, c, WK_COUNT(c), err);
}

/* Put n of the pick into the cart and show the cart, or say what is in the way. */
static bool add(struct wk_call *call, struct wk_turn *turn, const struct pick *p, int64_t n, struct wk_err *err)
{
    struct cart cart;
    struct cart_line line = p->line;
    bool has_cart = cart_load(call, turn, &cart);
    size_t at = has_cart ? cart_find(&cart, &p->line.variant) : 0;
    int64_t already = has_cart && at < cart.n ? cart.lines[at].quantity : 0, room = most(p) - already;

    if (p->available <= 0)
        return sold_out(call, turn, p->line.name, err);
    if (has_cart && !wk_uuid_equal(&cart.vendor, &p->vendor))
        return other_shop(call, turn, &cart, p, n, err);
    if (room <= 0)
        return sayf(call, turn, err, "Your cart already has all %lld that can be ordered.", (long long)already) &&
               wk_turn_go(call, turn, "C9", err);
    if (n > room)
        return only_left(call, turn, p, room, err);
    if (!has_cart) {
        cart.id = wk_new_id(call);
        cart.vendor = p->vendor;
        (void)snprintf(cart.vendor_name, sizeof cart.vendor_name, "%s", p->shop);
    }
    line.quantity = n;
    if (!cart_add(&cart, &line))
        return sayf(call, turn, err, "A cart holds %d different items. Please order these first.", CART_LINES) &&
               wk_turn_go(call, turn, "C9", err);
    return cart_store(call, turn, &cart, err) && wk_turn_set(call, turn, KEY_PICK, NULL, err) && wk_turn_go(call, turn, "C9", err);
}

/* What the catalog says about a variant now. False with *found NULL: it is gone. */
static bool read_variant(struct wk_call *call, const struct wk_uuid *id, struct pick *p, bool *found, struct wk_err *err)
{
    struct wk_variant *v;
    size_t n;

    if (!wk_catalog_variants(call, id, 1, &v, &n, err))
        return false;
    *found = n == 1 && v->is_active && v->price >= 0 && v->price <= WK_MONEY_MAX;
    memset(p, 0, sizeof *p);
    if (!*found)
        return true;
    p->line.variant = *id;
    p->line.price = v->price;
    p->available = v->available;
    p->vendor = v->vendor;
    text_cut(p->line.name, sizeof p->line.name, v->name, 40);
    text_cut(p->shop, sizeof p->shop, v->vendor_name, 60);
    return true;
}

static bool c8_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    static const char *const titles[] = {"1", "2", "3"};
    const char *variant = wk_turn_get(call, turn, "variant"), *asked = wk_turn_get(call, turn, "quantity"), *text;
    struct wk_choice c[3];
    struct wk_uuid id;
    struct pick p;
    int64_t n;
    bool found, is_asked = asked && words_quantity(asked, &n) && n >= 1; /* n lives in the call's words: read before it is dropped */
    size_t buttons;

    if (!variant || !wk_uuid_parse(variant, &id))
        return wk_turn_go(call, turn, "C9", err);
    if (asked && !wk_turn_set(call, turn, "quantity", NULL, err))
        return false;
    if (!read_variant(call, &id, &p, &found, err))
        return false;
    if (!found || p.available <= 0)
        return sold_out(call, turn, found ? p.line.name : "That item", err);
    if (!pick_store(call, turn, &p, err))
        return false;
    if (is_asked)
        return add(call, turn, &p, n, err);
    buttons = most(&p) < 3 ? (size_t)most(&p) : 3;
    for (size_t i = 0; i < buttons; i++) {
        c[i] = (struct wk_choice){.action = "n", .title = titles[i]};
        if (!choice_arg(call, &p, (int64_t)i + 1, &c[i].arg))
            return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "C8");
    }
    text = wk_printf(call, "%s – %s\nHow many? (1-%lld)", p.line.name, amount(call, p.line.price), (long long)most(&p));
    return text ? wk_turn_menu(call, turn, text, NULL, c, buttons, err) : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "C8");
}

/* "<variant>:<n>" of a button; the context's pick when it is the same variant, else the catalog is asked again. */
static bool pick_of(struct wk_call *call, struct wk_turn *turn, const char *arg, struct pick *p, int64_t *n, bool *found, struct wk_err *err)
{
    struct wk_uuid id;
    char text[WK_UUID_TEXT];

    *found = false;
    if (strlen(arg) < 38 || arg[36] != ':' || !words_quantity(arg + 37, n) || *n < 1)
        return true;
    memcpy(text, arg, 36);
    text[36] = '\0';
    if (!wk_uuid_parse(text, &id))
        return true;
    if (pick_load(call, turn, p) && wk_uuid_equal(&p->line.variant, &id)) {
        *found = true;
        return true;
    }
    return read_variant(call, &id, p, found, err) && (!*found || pick_store(call, turn, p, err));
}

static enum wk_verdict c8_choose(struct wk_call *call, struct wk_turn *turn, const char *action, const char *arg, bool is_current,
                                 struct wk_err *err)
{
    struct pick p;
    bool found;
    int64_t n;

    (void)is_current; /* adding to the cart is checked again when the order is placed */
    if (!strcmp(action, "shop"))
        return DONE(wk_turn_go(call, turn, "C0", err));
    if (!strcmp(action, "cart"))
        return DONE(wk_turn_go(call, turn, "C9", err));
    if (!strcmp(action, "other"))
        return DONE(wk_turn_go(call, turn, "C8", err));
    if (strcmp(action, "n") && strcmp(action, "swap"))
        return WK_DECLINED;
    if (!pick_of(call, turn, arg, &p, &n, &found, err))
        return WK_FAILED;
    if (!found)
        return WK_DECLINED;
    if (!strcmp(action, "swap") && (!wk_turn_set(call, turn, KEY_CART, NULL, err) || !wk_turn_set(call, turn, KEY_LINES, NULL, err)))
        return WK_FAILED;
    return DONE(add(call, turn, &p, n, err));
}

static enum wk_verdict c8_hear(struct wk_call *call, struct wk_turn *turn, const struct wk_message *message, struct wk_err *err)
{
    struct pick p;
    int64_t n;

    if (!message->text || !words_quantity(message->text, &n) || !pick_load(call, turn, &p))
        return WK_DECLINED;
    if (n < 1)
        return DONE(sayf(call, turn, err, "Please send a number from 1 to %lld.", (long long)most(&p)));
    return DONE(add(call, turn, &p, n, err));
}

static bool c9_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    const struct wk_choice c[] = {
        {.action = "checkout", .title = "Checkout"}, {.action = "edit", .title = "Edit"}, {.action = "shop", .title = "Keep shopping"}};
    struct cart cart;
    int64_t subtotal;
    const char *lines, *text;

    if (!cart_load(call, turn, &cart))
        return wk_turn_say(call, turn, "Your cart is empty.", err) && wk_turn_go(call, turn, "C0", err);
    lines = cart_text(call, &cart, &subtotal);
    text = lines ? wk_printf(call, "Your cart – %s\n%s\nSubtotal %s", cart.vendor_name, lines, amount(call, subtotal)) : NULL;
    return text ? wk_turn_menu(call, turn, text, NULL, c, WK_COUNT(c), err) : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "C9");
}

/* Set line `at` (0-based) to n; 0 removes it. */
static bool set_line(struct wk_call *call, struct wk_turn *turn, struct cart *cart, size_t at, int64_t n, struct wk_err *err)
{
    if (n > CART_QUANTITY_MAX)
        return sayf(call, turn, err, "At most %d of one item in an order.", CART_QUANTITY_MAX);
    if (n <= 0)
        cart_remove(cart, at);
    else
        cart->lines[at].quantity = n;
    return cart_store(call, turn, cart, err) && wk_turn_go(call, turn, "C9", err);
}

static enum wk_verdict c9_choose(struct wk_call *call, struct wk_turn *turn, const char *action, const char *arg, bool is_current,
                                 struct wk_err *err)
{
    (void)arg;
    (void)is_current; /* navigation only */
    if (!strcmp(action, "checkout"))
        return DONE(wk_turn_go(call, turn, "C10", err));
    if (!strcmp(action, "edit"))
        return DONE(wk_turn_go(call, turn, "C9E", err));
    if (!strcmp(action, "shop"))
        return DONE(wk_turn_go(call, turn, "C0", err));
    if (!strcmp(action, "show"))
        return DONE(wk_turn_go(call, turn, "C9", err));
    return WK_DECLINED;
}

static enum wk_verdict c9_hear(struct wk_call *call, struct wk_turn *turn, const struct wk_message *message, struct wk_err *err)
{
    struct cart cart;
    int64_t line = 0, n = 0;
    enum cart_command command = message->text ? words_cart(message->text, &line, &n) : CART_NONE;

    if (command == CART_NONE || !cart_load(call, turn, &cart))
        return WK_DECLINED;
    if (command == CART_CLEAR)
        return DONE(cart_drop(call, turn, err) && wk_turn_go(call, turn, "C9", err));
    if (line > (int64_t)cart.n)
        return DONE(sayf(call, turn, err, "Your cart has %zu lines.", cart.n) && wk_turn_go(call, turn, "C9", err));
    return DONE(set_line(call, turn, &cart, (size_t)line - 1, command == CART_REMOVE ? 0 : n, err));
}

/* C9E: which line. */
static bool c9e_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    struct wk_choice c[10];
    struct cart cart;
    size_t n;

    if (!cart_load(call, turn, &cart))
        return wk_turn_go(call, turn, "C9", err);
    n = cart.n <= 10 ? cart.n : 9; /* more than a list holds: the rest is edited by its number */
    for (size_t i = 0; i < n; i++) {
        char id[WK_UUID_TEXT];

        c[i] = (struct wk_choice){.action = "line", .title = wk_strdup(call, cart.lines[i].name),
                                  .arg = wk_strdup(call, wk_uuid_text(&cart.lines[i].variant, id)),
                                  .description = wk_printf(call, "%lld × %s", (long long)cart.lines[i].quantity,
                                                           amount(call, cart.lines[i].price))};
        if (!c[i].title || !c[i].arg || !c[i].description)
            return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "C9");
    }
    if (n < cart.n)
        c[n++] = (struct wk_choice){.action = "back", .title = "More ▸", .description = "Reply remove 12 or 12 x 3 in the cart"};
    return wk_turn_menu(call, turn, "Which item?", "Choose", c, n, err);
}

static enum wk_verdict c9e_choose(struct wk_call *call, struct wk_turn *turn, const char *action, const char *arg, bool is_current,
                                  struct wk_err *err)
{
    struct wk_uuid id;
    struct cart cart;
    size_t at;

    (void)is_current;
    if (!strcmp(action, "back"))
        return DONE(wk_turn_go(call, turn, "C9", err));
    if (!cart_load(call, turn, &cart) || !wk_uuid_parse(arg, &id) || (at = cart_find(&cart, &id)) == cart.n)
        return WK_DECLINED;
    if (!strcmp(action, "line"))
        return DONE(wk_turn_set(call, turn, KEY_EDIT, arg, err) && wk_turn_go(call, turn, "C9L", err));
    if (!strcmp(action, "change"))
        return DONE(wk_turn_set(call, turn, KEY_EDIT, arg, err) && wk_turn_go(call, turn, "C9Q", err));
    if (!strcmp(action, "remove"))
        return DONE(set_line(call, turn, &cart, at, 0, err));
    return WK_DECLINED;
}

static bool edited(struct wk_call *call, struct wk_turn *turn, struct cart *cart, size_t *at)
{
    const char *arg = wk_turn_get(call, turn, KEY_EDIT);
    struct wk_uuid id;

    return cart_load(call, turn, cart) && arg && wk_uuid_parse(arg, &id) && (*at = cart_find(cart, &id)) < cart->n;
}

static bool c9l_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    struct cart cart;
    size_t at;
    char id[WK_UUID_TEXT];
    const char *text;

    if (!edited(call, turn, &cart, &at))
        return wk_turn_go(call, turn, "C9", err);
    (void)wk_uuid_text(&cart.lines[at].variant, id);
    text = wk_printf(call, "%lld × %s", (long long)cart.lines[at].quantity, cart.lines[at].name);
    if (!text)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "C9");
    return wk_turn_menu(call, turn, text, NULL,
                        (const struct wk_choice[]){{.action = "change", .arg = id, .title = "Change qty", .node = "C9E"},
                                                   {.action = "remove", .arg = id, .title = "Remove", .node = "C9E"},
                                                   {.action = "back", .title = "Back", .node = "C9E"}},
                        3, err);
}

static bool c9q_show(struct wk_call *call, struct wk_turn *turn, struct wk_err *err)
{
    struct cart cart;
    size_t at;

    if (!edited(call, turn, &cart, &at))
        return wk_turn_go(call, turn, "C9", err);
    return sayf(call, turn, err, "How many of %s? (1-%d, 0 removes it)", cart.lines[at].name, CART_QUANTITY_MAX);
}

static enum wk_verdict c9q_hear(struct wk_call *call, struct wk_turn *turn, const struct wk_message *message, struct wk_err *err)
{
    struct cart cart;
    size_t at;
    int64_t n;

    if (!message->text || !words_quantity(message->text, &n) || !edited(call, turn, &cart, &at))
        return WK_DECLINED;
    return DONE(set_line(call, turn, &cart, at, n, err));
}

const struct wk_node nodes_cart[] = {
    {.name = "C8", .state = WK_CUSTOMER_FLOW, .expect = WK_EXPECT_NUMBER, .show = c8_show, .choose = c8_choose, .hear = c8_hear},
    {.name = "C9", .state = WK_CUSTOMER_FLOW, .show = c9_show, .choose = c9_choose, .hear = c9_hear},
    {.name = "C9E", .state = WK_CUSTOMER_FLOW, .show = c9e_show, .choose = c9e_choose, .hear = c9_hear},
    {.name = "C9L", .state = WK_CUSTOMER_FLOW, .show = c9l_show, .choose = c9e_choose, .hear = c9_hear},
    {.name = "C9Q", .state = WK_CUSTOMER_FLOW, .expect = WK_EXPECT_NUMBER, .show = c9q_show, .hear = c9q_hear},
    {0},
};
