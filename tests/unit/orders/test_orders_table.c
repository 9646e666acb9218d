/* The 121 pairs of states against the table, the table against the README, guards and actors one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "move.h"

WK_HIDDEN const struct wk_host *wk_host;

/* Written out by hand, apart from the code's table: row is from, a letter stands for each state one may move to. */
static const char *const letters = "CYDFPRATLXZ"; /* Created paYment paiD conFirmed Preparing Ready Assigned inTransit deLivered cancelled(X) refunded(Z) */
static const char *const legal[ORDER_STATES] = {
    "YX", /* CREATED */
    "DFX", /* PAYMENT_PENDING */
    "FX", /* PAID */
    "PX", /* CONFIRMED */
    "RX", /* PREPARING */
    "ALX", /* READY_FOR_PICKUP */
    "TRX", /* ASSIGNED_TO_DRIVER */
    "LRX", /* IN_TRANSIT */
    "Z", /* DELIVERED */
    "Z", /* CANCELLED */
    "", /* REFUNDED */
};

static void every_pair_is_as_written(void **state)
{
    size_t moves = 0;

    (void)state;
    for (int from = 0; from < ORDER_STATES; from++)
        for (int to = 0; to < ORDER_STATES; to++) {
            bool expected = strchr(legal[from], letters[to]) != NULL;
            const struct order_edge *edge = order_edge_find((enum order_state)from, (enum order_state)to);

            if ((edge != NULL) != expected)
                fail_msg("%s to %s is %s", order_state_name((enum order_state)from), order_state_name((enum order_state)to),
                         edge ? "allowed" : "refused");
            moves += edge != NULL;
        }
    assert_int_equal(moves, ORDER_EDGES);
}

static void no_edge_twice_and_each_has_an_actor(void **state)
{
    (void)state;
    for (size_t i = 0; i < ORDER_EDGES; i++) {
        assert_ptr_equal(order_edge_find(order_edges[i].from, order_edges[i].to), &order_edges[i]);
        assert_true(order_edges[i].actors != 0);
        assert_true(order_edges[i].actors < 1u << (WK_ACTOR_GATEWAY + 1) && !(order_edges[i].actors & 1u));
    }
}

static void names_go_both_ways(void **state)
{
    enum order_state s;

    (void)state;
    for (int i = 0; i < ORDER_STATES; i++) {
        assert_true(order_state_parse(order_state_name((enum order_state)i), &s));
        assert_int_equal(s, i);
        assert_true(*order_state_words(s, false) && *order_state_words(s, true));
    }
    assert_false(order_state_parse("created", &s));
    assert_false(order_state_parse("", &s));
    assert_false(order_state_parse(NULL, &s));
}

static void only_the_gateway_says_paid(void **state)
{
    (void)state;
    for (size_t i = 0; i < ORDER_EDGES; i++)
        if (order_edges[i].to == ORDER_PAID)
            assert_int_equal(order_edges[i].actors, ACTOR(GATEWAY));
}

/* Stock: each way through the table takes the goods at most once, and an end without hand-over has given them back. */
static void stock_is_taken_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < ORDER_EDGES; i++) {
        const struct order_edge *e = &order_edges[i];
        bool has_goods_left = e->from == ORDER_IN_TRANSIT; /* already out of the shop */

        assert_int_equal(!!(e->effects & EFFECT_CONSUME),
                         e->to == ORDER_IN_TRANSIT || (e->from == ORDER_READY && e->to == ORDER_DELIVERED));
        if (e->to == ORDER_CANCELLED) {
            assert_int_equal(!!(e->effects & EFFECT_RELEASE), !has_goods_left);
            assert_int_equal(!!(e->effects & EFFECT_RESTOCK), has_goods_left);
            assert_true(e->effects & EFFECT_UNPAY);
        }
        if (e->effects & EFFECT_PUT_BACK)
            assert_true(has_goods_left && e->to == ORDER_READY);
    }
}

static void final_states_are_left_only_by_a_refund(void **state)
{
    (void)state;
    for (size_t i = 0; i < ORDER_EDGES; i++)
        if (order_state_is_final(order_edges[i].from))
            assert_int_equal(order_edges[i].to, ORDER_REFUNDED);
}

static void the_readme_prints_this_table(void **state)
{
    FILE *f = fopen(TEST_SOURCE_DIR "/plugins/orders/README.md", "r");
    char line[512], row[512];
    size_t n = 0;

    (void)state;
    assert_non_null(f);
    while (n < ORDER_EDGES && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        assert_true(order_edge_row(n, row, sizeof row) < (int)sizeof row);
        if (!strcmp(line, row))
            n++;
    }
    (void)fclose(f);
    if (n < ORDER_EDGES)
        fail_msg("plugins/orders/README.md lacks, after row %zu: %s", n, row);
}

/* The conversation understands these everywhere, also where a code is awaited: who types such a code is led away from it. */
static void no_code_is_a_command(void **state)
{
    static const char *const commands[] = {"MENU", "BACK", "HELP", "CART", "STOP"};

    (void)state;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strspn(commands[i], CODE_ALPHABET) == strlen(commands[i]))
            fail_msg("%s may be a pickup code", commands[i]);
}

static void codes_are_folded_and_hashed(void **state)
{
    static const uint8_t salt[16] = {1, 2, 3}, salt2[16] = {1, 2, 4};
    struct wk_uuid a = {{1}}, b = {{2}};
    uint8_t h1[32], h2[32];
    char out[CODE_SIZE];

    (void)state;
    assert_true(code_fold(" 7k-m p ", out));
    assert_string_equal(out, "7KMP");
    assert_false(code_fold("", out));
    assert_false(code_fold("12345678", out));
    assert_false(code_fold("12é4", out));
    assert_true(code_hash("key", salt, &a, "pickup", "7KMP", h1));
    assert_true(code_hash("key", salt, &a, "pickup", "7KMP", h2));
    assert_memory_equal(h1, h2, 32);
    /* Every ingredient counts. */
    assert_true(code_hash("kez", salt, &a, "pickup", "7KMP", h2) && memcmp(h1, h2, 32));
    assert_true(code_hash("key", salt2, &a, "pickup", "7KMP", h2) && memcmp(h1, h2, 32));
    assert_true(code_hash("key", salt, &b, "pickup", "7KMP", h2) && memcmp(h1, h2, 32));
    assert_true(code_hash("key", salt, &a, "delivery", "7KMP", h2) && memcmp(h1, h2, 32));
    assert_true(code_hash("key", salt, &a, "pickup", "7KMQ", h2) && memcmp(h1, h2, 32));
    assert_true(code_hash("", salt, &a, "pickup", "7KMP", h2) && memcmp(h1, h2, 32));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_is_as_written),
        cmocka_unit_test(no_edge_twice_and_each_has_an_actor),
        cmocka_unit_test(names_go_both_ways),
        cmocka_unit_test(only_the_gateway_says_paid),
        cmocka_unit_test(stock_is_taken_once),
        cmocka_unit_test(final_states_are_left_only_by_a_refund),
        cmocka_unit_test(the_readme_prints_this_table),
        cmocka_unit_test(no_code_is_a_command),
        cmocka_unit_test(codes_are_folded_and_hashed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
