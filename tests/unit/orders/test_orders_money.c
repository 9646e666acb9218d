/* Distances, fees, taxes, totals; the words people change a cart with; the cart as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>
#include <cmocka.h>
#include "cart.h"
#include "quote.h"

WK_HIDDEN const struct wk_host *wk_host;

static uint64_t seed = 20260301;
static uint64_t dice(uint64_t below) /* xorshift: the same numbers every run */
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

static void parts_always_sum_to_the_total(void **state)
{
    (void)state;
    for (int run = 0; run < 200000; run++) {
        struct quote_rules rules = {(int64_t)dice(5000), (int64_t)dice(2000), (int64_t)dice(5000), dice(3) ? 0 : (int64_t)dice(100000),
                                    (int64_t)dice(1000001)};
        struct quote_line lines[CART_LINES];
        size_t n = 1 + dice(CART_LINES);
        struct quote q;
        int64_t items = 0, tax = 0;

        for (size_t i = 0; i < n; i++)
            lines[i] = (struct quote_line){.price = (int64_t)dice(dice(2) ? 1000000001 : 5000), .quantity = 1 + (int64_t)dice(99)};
        assert_true(quote_make(&rules, lines, n, dice(2), (int64_t)dice(20000), &q));
        for (size_t i = 0; i < n; i++) {
            assert_true(lines[i].amount == lines[i].price * lines[i].quantity);
            /* half up, and never more than one unit off the exact value */
            assert_true(fabsl((long double)lines[i].tax - (long double)lines[i].amount * rules.tax_ppm / 1000000) <= 0.5L + 1e-9L);
            items += lines[i].amount;
            tax += lines[i].tax;
        }
        assert_true(q.subtotal == items && q.tax == tax && q.delivery_fee >= 0);
        assert_true(q.subtotal + q.delivery_fee + q.tax == q.total);
    }
}

static void amounts_out_of_range_are_refused(void **state)
{
    struct quote_rules rules = {0};
    struct quote q;
    struct quote_line l = {.price = WK_MONEY_MAX + 1, .quantity = 1};

    (void)state;
    assert_false(quote_make(&rules, &l, 1, false, 0, &q));
    l = (struct quote_line){.price = -1, .quantity = 1};
    assert_false(quote_make(&rules, &l, 1, false, 0, &q));
    l = (struct quote_line){.price = 1, .quantity = 0};
    assert_false(quote_make(&rules, &l, 1, false, 0, &q));
}

static void tax_rounds_half_up(void **state)
{
    (void)state;
    assert_true(quote_tax(10, 150000) == 2);   /* 1.5 */
    assert_true(quote_tax(3, 150000) == 0);    /* 0.45 */
    assert_true(quote_tax(1, 500000) == 1);    /* 0.5 */
    assert_true(quote_tax(1850, 150000) == 278); /* 277.5 */
    assert_true(quote_tax(0, 1000000) == 0);
}

static void fee_goes_by_started_kilometres(void **state)
{
    struct quote_rules r = {.fee_base = 1500, .fee_per_km = 500, .fee_included_m = 2000};
    static const struct {
        int64_t metres, fee;
    } table[] = {{0, 1500}, {2000, 1500}, {2001, 2000}, {3000, 2000}, {3001, 2500}, {14999, 8000}};

    (void)state;
    for (size_t i = 0; i < WK_COUNT(table); i++)
        assert_int_equal(quote_fee(&r, table[i].metres, 100), table[i].fee);
    r.fee_free_from = 10000;
    assert_int_equal(quote_fee(&r, 9000, 10000), 0);
    assert_int_equal(quote_fee(&r, 9000, 9999), 5000);
}

static void distances_are_those_of_a_map(void **state)
{
    static const struct {
        double a, b, c, d;
        int64_t metres;
    } table[] = {
        {-26.2386, 27.9081, -26.2386, 27.9081, 0},
        {0, 0, 0, 1, 111195}, /* one degree on the equator */
        {-26.2041, 28.0473, -33.9249, 18.4241, 1262000}, /* Johannesburg to Cape Town */
        {10, 179.99, 10, -179.99, 2190}, /* across the date line */
        {-90, 0, 90, 0, 20015115}, /* pole to pole */
    };

    (void)state;
    for (size_t i = 0; i < WK_COUNT(table); i++) {
        int64_t m = geo_metres(table[i].a, table[i].b, table[i].c, table[i].d);

        if (llabs(m - table[i].metres) > table[i].metres / 500 + 1)
            fail_msg("row %zu: %lld", i, (long long)m);
    }
    assert_true(geo_road(1000) == 1300 && geo_road(0) == 0 && geo_road(1) == 2);
    assert_true(geo_is_valid(-26.2, 28.04) && geo_is_valid(0, 9.4));
    assert_false(geo_is_valid(0, 0) || geo_is_valid(90.1, 0) || geo_is_valid(1, 180.5) || geo_is_valid(NAN, 1) || geo_is_valid(1, INFINITY));
}

static void quantities_are_read(void **state)
{
    static const struct {
        const char *text;
        int64_t n; /* -1: not a quantity */
    } table[] = {{"3", 3}, {" 12 ", 12}, {"Three", 3}, {"TEN!", 10}, {"0", 0}, {"999", 999}, {"1000", -1}, {"-1", -1}, {"2.5", -1},
                 {"half dozen", -1}, {"", -1}, {"3 breads", -1}, {"eleven", -1}, {"٣", -1},
                 {"a very long text that is certainly no number at all", -1}};

    (void)state;
    for (size_t i = 0; i < WK_COUNT(table); i++) {
        int64_t n = -1;

        if (!words_quantity(table[i].text, &n))
            n = -1;
        if (n != table[i].n)
            fail_msg("'%s' gave %lld", table[i].text, (long long)n);
    }
    assert_false(words_quantity(NULL, &(int64_t){0}));
}

static void cart_words_are_read(void **state)
{
    static const struct {
        const char *text;
        enum cart_command command;
        int64_t line, n;
    } table[] = {{"remove 1", CART_REMOVE, 1, 0}, {"Remove  12", CART_REMOVE, 12, 0}, {"1 x 3", CART_SET, 1, 3}, {"2x10", CART_SET, 2, 10},
                 {"2 × 4", CART_SET, 2, 4}, {"1 X 0", CART_SET, 1, 0}, {"clear", CART_CLEAR, 0, 0}, {"Empty cart", CART_CLEAR, 0, 0},
                 {"remove", CART_NONE, 0, 0}, {"remove bread", CART_NONE, 0, 0}, {"remove 0", CART_NONE, 0, 0}, {"0 x 1", CART_NONE, 0, 0},
                 {"1 x", CART_NONE, 0, 0}, {"x 3", CART_NONE, 0, 0}, {"1 x 3 x 2", CART_NONE, 0, 0}, {"2 milk", CART_NONE, 0, 0},
                 {"", CART_NONE, 0, 0}};

    (void)state;
    for (size_t i = 0; i < WK_COUNT(table); i++) {
        int64_t line = 0, n = 0;
        enum cart_command c = words_cart(table[i].text, &line, &n);

        if (c != table[i].command || (c != CART_NONE && c != CART_CLEAR && line != table[i].line) || (c == CART_SET && n != table[i].n))
            fail_msg("'%s' gave %d, %lld, %lld", table[i].text, (int)c, (long long)line, (long long)n);
    }
}

static struct wk_uuid any_id(void)
{
    struct wk_uuid id;

    for (int i = 0; i < 16; i++)
        id.b[i] = (uint8_t)dice(256);
    return id;
}

static void a_cart_survives_being_text(void **state)
{
    char head[CART_TEXT], lines[CART_TEXT];

    (void)state;
    for (int run = 0; run < 2000; run++) {
        struct cart cart = {.id = any_id(), .vendor = any_id()}, back;

        text_cut(cart.vendor_name, sizeof cart.vendor_name, "Mama Njeri’s Shop", 60);
        for (size_t n = dice(CART_LINES + 1); cart.n < n;) {
            struct cart_line l = {.variant = any_id(), .quantity = 1 + (int64_t)dice(99), .price = (int64_t)dice(1000000001)};

            /* the longest name that fits: four bytes a character */
            text_cut(l.name, sizeof l.name, "🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞🍞", 40);
            assert_true(cart_add(&cart, &l));
        }
        cart_write(&cart, head, lines);
        assert_true(strlen(head) < CART_TEXT && strlen(lines) < CART_TEXT);
        assert_true(cart_read(&back, head, lines));
        assert_memory_equal(&back.id, &cart.id, sizeof cart.id);
        assert_int_equal(back.n, cart.n);
        for (size_t i = 0; i < cart.n; i++) {
            assert_memory_equal(&back.lines[i].variant, &cart.lines[i].variant, sizeof(struct wk_uuid));
            assert_true(back.lines[i].quantity == cart.lines[i].quantity && back.lines[i].price == cart.lines[i].price);
            assert_string_equal(back.lines[i].name, cart.lines[i].name);
        }
        /* A damaged text is an empty cart, never a wrong one. */
        if (cart.n) {
            lines[dice(36)] = '!';
            assert_false(cart_read(&back, head, lines));
            assert_int_equal(back.n, 0);
        }
    }
}

static void lines_of_one_variant_are_one_line(void **state)
{
    struct cart cart = {0};
    struct cart_line l = {.variant = any_id(), .quantity = 60, .price = 10};

    (void)state;
    assert_true(cart_add(&cart, &l) && cart_add(&cart, &l));
    assert_int_equal(cart.n, 1);
    assert_int_equal(cart.lines[0].quantity, CART_QUANTITY_MAX);
    while (cart.n < CART_LINES) {
        l.variant = any_id();
        assert_true(cart_add(&cart, &l));
    }
    l.variant = any_id();
    assert_false(cart_add(&cart, &l));
    cart_remove(&cart, 0);
    assert_int_equal(cart.n, CART_LINES - 1);
    cart_remove(&cart, 99);
    assert_int_equal(cart.n, CART_LINES - 1);
}

static void cutting_never_halves_a_character(void **state)
{
    char out[8];

    (void)state;
    text_cut(out, sizeof out, "aé🍞bcdefgh", 4);
    assert_string_equal(out, "aé🍞");
    text_cut(out, sizeof out, "🍞🍞", 9);
    assert_string_equal(out, "🍞");
    text_cut(out, sizeof out, "a\tb\nc", 9);
    assert_string_equal(out, "a b c");
    text_cut(out, sizeof out, "\xF0\x9F", 9); /* broken input stays inside the buffer */
    assert_true(strlen(out) <= 2);
    text_cut(out, sizeof out, NULL, 9);
    assert_string_equal(out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_always_sum_to_the_total), cmocka_unit_test(amounts_out_of_range_are_refused),
        cmocka_unit_test(tax_rounds_half_up),            cmocka_unit_test(fee_goes_by_started_kilometres),
        cmocka_unit_test(distances_are_those_of_a_map),  cmocka_unit_test(quantities_are_read),
        cmocka_unit_test(cart_words_are_read),           cmocka_unit_test(a_cart_survives_being_text),
        cmocka_unit_test(lines_of_one_variant_are_one_line), cmocka_unit_test(cutting_never_halves_a_character),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
