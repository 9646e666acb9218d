/* Nodes on a fake host: the way from a variant to an order, what is written on it, and every text under its limit with the longest data. */
#include "fake.h"

#define BREAD40 "🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞" /* 40 characters, 160 bytes */
static struct wk_err err;

static const struct fake_said *last(void)
{
    assert_true(fake.said_count > 0);
    return &fake.said[fake.said_count - 1];
}
static void go(const char *node)
{
    if (!turn_go(&the_call, &the_turn, node, &err))
        fail_msg("%s: %s %s", node, err.code, err.msg);
}
/* Tap the option of the last menu whose title begins so. */
static enum wk_verdict tap(const char *title)
{
    const struct fake_said *s = last();

    for (size_t i = 0; i < s->choices; i++)
        if (!strncmp(s->title[i], title, strlen(title))) {
            char action[16], arg[200];
            const struct wk_node *node = node_named(s->node[i]);

            (void)snprintf(action, sizeof action, "%s", s->action[i]);
            (void)snprintf(arg, sizeof arg, "%s", s->arg[i]);
            assert_non_null(node);
            return node->choose(&the_call, &the_turn, action, arg, true, &err);
        }
    fail_msg("no option %s in: %s", title, s->text);
    return WK_FAILED;
}
static enum wk_verdict hear(const char *text)
{
    struct wk_message m = {.size = sizeof m, .type = WK_MSG_TEXT, .text = text};
    const struct wk_node *node = node_named(fake.went);

    return node && node->hear ? node->hear(&the_call, &the_turn, &m, &err) : WK_DECLINED;
}
static enum wk_verdict pin(double latitude, double longitude)
{
    struct wk_message m = {.size = sizeof m, .type = WK_MSG_LOCATION, .latitude = latitude, .longitude = longitude};

    return node_named(fake.went)->hear(&the_call, &the_turn, &m, &err);
}
static size_t times(const char *statement)
{
    size_t n = 0;

    for (size_t i = 0; i < fake.statement_count; i++)
        n += !strcmp(fake.statements[i], statement);
    return n;
}
static void stock(size_t n, int64_t price, int64_t available, const char *name)
{
    fake.variant_count = n;
    for (size_t i = 0; i < n; i++)
        fake.variants[i] = (struct wk_variant){.size = sizeof fake.variants[0], .is_active = true, .id = {{2, (uint8_t)(i + 1)}}, .vendor = {{9}}, .name = name,
                                               .price = price, .available = available, .vendor_name = "Shop"};
}
static void want(size_t i, const char *quantity)
{
    char id[WK_UUID_TEXT];

    assert_true(turn_set(&the_call, &the_turn, "variant", wk_uuid_text(&fake.variants[i].id, id), &err));
    assert_true(turn_set(&the_call, &the_turn, "quantity", quantity, &err));
    go("C8");
}
static void to_review(void)
{
    assert_int_equal(tap("Checkout"), WK_HANDLED);
    assert_int_equal(tap("Delivery"), WK_HANDLED);
    assert_int_equal(pin(-26.25, 27.90), WK_HANDLED);
    assert_int_equal(hear("blue gate"), WK_HANDLED);
    assert_int_equal(tap("Cash"), WK_HANDLED);
    assert_string_equal(fake.went, "C15");
}

static void a_cart_becomes_one_order(void **state)
{
    char cart[200];

    (void)state;
    stock(1, 1850, 50, "Bread white 700g");
    want(0, NULL);
    assert_string_equal(last()->text, "Bread white 700g – 18.50\nHow many? (1-50)");
    assert_int_equal(hear("two"), WK_HANDLED);
    assert_non_null(strstr(last()->text, "1) 2 × Bread white 700g – 37.00"));
    to_review();
    assert_non_null(strstr(last()->text, "Total 52.00"));
    fake.statement_count = 0;
    (void)snprintf(cart, sizeof cart, "%s", last()->arg[0]);
    assert_non_null(strstr(turn_get(&the_turn, KEY_CART), cart)); /* the button carries the cart's id */
    assert_int_equal(tap("Place order"), WK_HANDLED);
    assert_string_equal(last()->text, "Order #1042 is with Shop. Keep 52.00 in cash ready.");
    assert_int_equal(fake.total_prepared, 5200);
    assert_int_equal(times("order_insert"), 1);
    assert_int_equal(fake.statement_count, 1); /* no number, no look-up: nothing else of ours is asked or written */
    assert_int_equal(fake.events, 2);          /* created, status_changed */
    assert_int_equal(fake.taken, 1);
    assert_null(turn_get(&the_turn, KEY_CART));
}

static void a_second_tap_finds_the_first_order(void **state)
{
    char cart[200];

    (void)state;
    stock(1, 1850, 50, "Bread");
    want(0, "1");
    to_review();
    (void)snprintf(cart, sizeof cart, "%s", last()->arg[0]);
    assert_int_equal(tap("Place order"), WK_HANDLED);
    fake.statement_count = 0;
    /* The cart is gone; its order is looked up, and there is none in this database: the choice has expired. Nothing is placed. */
    assert_int_equal(node_named("C15")->choose(&the_call, &the_turn, "place", cart, false, &err), WK_DECLINED);
    assert_int_equal(times("order_by_cart"), 1);
    assert_int_equal(times("order_insert"), 0);
}

static void a_changed_price_is_shown_and_must_be_accepted(void **state)
{
    (void)state;
    stock(1, 1800, 50, "Bread");
    want(0, "1");
    to_review();
    fake.variants[0].price = 1900;
    fake.statement_count = 0;
    assert_int_equal(tap("Place order"), WK_HANDLED);
    assert_string_equal(fake.said[fake.said_count - 2].text, "Bread: was 18.00, now 19.00.");
    assert_int_equal(times("order_insert"), 0);
    assert_string_equal(last()->title[0], "Accept");
    assert_int_equal(tap("Accept"), WK_HANDLED);
    assert_int_equal(times("order_insert"), 1);
    assert_int_equal(fake.total_prepared, 1900 + 1500);
}

static void goods_that_went_meanwhile_are_not_sold(void **state)
{
    (void)state;
    stock(2, 1800, 50, "Bread");
    want(0, "5");
    want(1, "1");
    to_review();
    fake.variants[0].available = 2;
    fake.variants[1].available = 0;
    assert_int_equal(tap("Place order"), WK_HANDLED);
    assert_int_equal(times("order_insert"), 0);
    assert_non_null(strstr(last()->text, "1) 2 × Bread – 36.00"));
    assert_null(strstr(last()->text, "2)"));
    /* Somebody is faster between the look and the reservation. */
    fake.is_short = true;
    assert_int_equal(tap("Accept"), WK_HANDLED);
    assert_int_equal(times("order_insert"), 0);
    assert_string_equal(fake.said[fake.said_count - 2].text, "Bread: only 1 left.");
    assert_int_equal(tap("Accept"), WK_HANDLED);
    assert_int_equal(times("order_insert"), 1);
    assert_int_equal(fake.total_prepared, 1800 + 1500);
}

static void quantities_stay_inside_the_stock(void **state)
{
    (void)state;
    stock(1, 100, 4, "Egg");
    want(0, "9");
    assert_string_equal(last()->text, "Only 4 left. Add 4?");
    assert_int_equal(tap("Add 4"), WK_HANDLED);
    assert_string_equal(fake.went, "C9");
    want(0, "1");
    assert_string_equal(fake.said[fake.said_count - 2].text, "Your cart already has all 4 that can be ordered.");
    assert_int_equal(hear("1 x 2"), WK_HANDLED);
    assert_non_null(strstr(last()->text, "1) 2 × Egg"));
    assert_int_equal(hear("remove 2"), WK_HANDLED); /* there is no line 2 */
    assert_non_null(strstr(last()->text, "1) 2 × Egg"));
    assert_int_equal(hear("remove 1"), WK_HANDLED);
    assert_string_equal(last()->text, "Your cart is empty.");
    assert_string_equal(fake.went, "C0");
    fake.variants[0].available = 0;
    want(0, "1");
    assert_string_equal(last()->text, "Egg is sold out just now.");
}

static void one_shop_per_cart(void **state)
{
    (void)state;
    stock(2, 100, 4, "Egg");
    fake.variants[1].vendor.b[0] = 8;
    fake.variants[1].vendor_name = "Other";
    want(0, "1");
    want(1, "2");
    assert_non_null(strstr(last()->text, "Your cart is from Shop"));
    assert_int_equal(tap("Keep this"), WK_HANDLED);
    assert_non_null(strstr(last()->text, "1) 1 × Egg"));
    want(1, "2");
    assert_int_equal(tap("Start new cart"), WK_HANDLED);
    assert_non_null(strstr(last()->text, "Your cart – Other\n1) 2 × Egg"));
}

static void addresses_are_pins_inside_the_area(void **state)
{
    static const double bad[][2] = {{0, 0}, {91, 0}, {-26, 181}};

    (void)state;
    stock(1, 100, 4, "Egg");
    want(0, "1");
    assert_int_equal(tap("Checkout"), WK_HANDLED);
    assert_int_equal(tap("Delivery"), WK_HANDLED);
    for (size_t i = 0; i < WK_COUNT(bad); i++) {
        assert_int_equal(pin(bad[i][0], bad[i][1]), WK_HANDLED);
        assert_string_equal(fake.went, "C11");
    }
    assert_int_equal(hear("12 Vilakazi Street"), WK_HANDLED);
    assert_string_equal(fake.went, "C11");
    assert_int_equal(pin(-26.9, 27.9), WK_HANDLED);
    assert_non_null(strstr(last()->text, "delivers up to 15 km"));
    assert_int_equal(tap("Collect instead"), WK_HANDLED);
    assert_string_equal(fake.went, "C14");
    assert_null(strstr(fake.said[fake.said_count - 2].text, "Delivery"));
}

/* The longest everything: twelve lines, names of 40 four-byte characters, the largest amounts. */
static void every_text_fits_its_limit(void **state)
{
    static const char *const states[] = {"CREATED", "PAYMENT_PENDING", "PAID", "CONFIRMED", "PREPARING", "READY_FOR_PICKUP", "ASSIGNED_TO_DRIVER",
                                         "IN_TRANSIT", "DELIVERED", "CANCELLED", "REFUNDED"};
    static const char *const shows[] = {"T1", "T2", "C18", "C18Y", "CANCEL", "V6", "V6R", "V6X", "V6L", "V7", "V7C", "V8", "V8C", "V8P"};
    const char *order[30] = {"01900000-0000-7000-8000-000000000001", "01900000-0000-7000-8000-000000000002", "4294967295", "9",
                             "07000000-0000-0000-0000-000000000000", BREAD40, "09000000-0000-0000-0000-000000000000", BREAD40, "", "", "pending",
                             "none", "cod", "delivery", "99000000000", "1000000000", "99000000000", "199000000000", "ZAR", "2", "-26.25", "27.9",
                             BREAD40 BREAD40 BREAD40 BREAD40 BREAD40, "1188", "999999", BREAD40 ", motorbike, ABC 123 GP", BREAD40, "1700000000000000", "23:59", "t"};
    const char *lines[48], *history[2 * 30];

    (void)state;
    fake.tax_ppm = 1000000;
    stock(12, 1000000000, 1000, BREAD40);
    for (size_t i = 0; i < 12; i++)
        want(i, "99");
    to_review();
    go("C9E");
    assert_int_equal(last()->choices, 10);
    assert_int_equal(tap(""), WK_HANDLED); /* the first row */
    for (size_t i = 0; i < 12; i++) {
        lines[4 * i] = BREAD40;
        lines[4 * i + 1] = "99";
        lines[4 * i + 2] = "1000000000";
        lines[4 * i + 3] = "99000000000";
    }
    for (size_t i = 0; i < 30; i++) { /* given back many times */
        history[2 * i] = states[i % 9];
        history[2 * i + 1] = "23:59";
    }
    fake.lines = (struct wk_rows){12, 4, lines, 0};
    fake.history = (struct wk_rows){30, 2, history, 0};
    fake.order = (struct wk_rows){1, 30, order, 0};
    assert_true(turn_set(&the_call, &the_turn, KEY_TRACK, order[0], &err) && turn_set(&the_call, &the_turn, KEY_SHOPORDER, order[0], &err));
    for (size_t p = 0; p < 4; p++)
        for (size_t s = 0; s < WK_COUNT(states); s++) {
            order[9] = states[s];
            order[13] = p & 1 ? "pickup" : "delivery";
            order[29] = p & 2 ? "t" : "f";
            for (size_t i = 0; i < WK_COUNT(shows); i++) {
                fake.said_count = fake.statement_count = 0;
                go(shows[i]);
                assert_true(fake.said_count > 0);
            }
            for (size_t t = 0; t < WK_COUNT(states); t++) { /* news of every state, pushed */
                char arg[80];

                (void)snprintf(arg, sizeof arg, "%s %s 1234", order[0], states[t]);
                fake.said_count = fake.statement_count = 0;
                fake.is_push = true;
                assert_true(turn_set(&the_call, &the_turn, "arg", arg, &err));
                go("T3");
                go("V8");
                fake.is_push = false;
                assert_true(fake.said_count > 0);
            }
        }
}

/* Somebody else's order answers like no order. */
static void strangers_learn_nothing(void **state)
{
    const char *order[30] = {"01900000-0000-7000-8000-000000000001", "01900000-0000-7000-8000-000000000002", "1042", "2",
                             "33000000-0000-0000-0000-000000000000", "Secret", "44000000-0000-0000-0000-000000000000", "Shop", "", "PAYMENT_PENDING",
                             "pending", "none", "cod", "delivery", "100", "0", "0", "100", "ZAR", "2", "-26.25", "27.9", "", "1", "0", "", "", "1", NULL, "t"};

    (void)state;
    fake.order = (struct wk_rows){1, 30, order, 0};
    fake.went = "T1";
    assert_int_equal(hear("#1042"), WK_HANDLED);
    assert_string_equal(last()->text, "I can't find order #1042.");
    assert_int_equal(node_named("T2")->choose(&the_call, &the_turn, "show", order[0], true, &err), WK_HANDLED);
    assert_string_equal(last()->text, "I can't find that order.");
    assert_int_equal(node_named("C18")->choose(&the_call, &the_turn, "yes", order[0], true, &err), WK_HANDLED);
    assert_string_equal(last()->text, "I can't find that order.");
    /* A shop acts on its own orders only. */
    assert_int_equal(node_named("V6")->choose(&the_call, &the_turn, "accept", order[0], true, &err), WK_DECLINED);
    assert_int_equal(node_named("V7")->choose(&the_call, &the_turn, "ready", order[0], true, &err), WK_DECLINED);
    assert_int_equal(times("order_change"), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fake_setup, fake_teardown)
    const struct CMUnitTest tests[] = {
        T(a_cart_becomes_one_order), T(a_second_tap_finds_the_first_order), T(a_changed_price_is_shown_and_must_be_accepted),
        T(goods_that_went_meanwhile_are_not_sold), T(quantities_stay_inside_the_stock), T(one_shop_per_cart),
        T(addresses_are_pins_inside_the_area), T(every_text_fits_its_limit), T(strangers_learn_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
