/* What a fact about money does in every state of a payment; references and derived ids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "ledger.h"

WK_HIDDEN const struct wk_host *wk_host;

static const char *const states[] = {"due", "pending", "paid", "collected", "short", "over", "remitted", "reconciled", "failed", "cancelled", "refunded"};

static struct settle decide(const char *status, int64_t collected, enum wk_fact_kind kind, int64_t amount)
{
    struct wk_fact f = {.size = sizeof f, .kind = kind, .amount = amount, .currency = "ZAR", .event_key = "k"};

    return settle_decide(status, collected, 5500, "ZAR", false, &f);
}

static void money_that_came_is_always_recorded(void **state)
{
    (void)state;
    for (size_t i = 0; i < WK_COUNT(states); i++) {
        struct settle s = decide(states[i], 0, WK_FACT_PAID, 5500);
        bool was_open = !strcmp(states[i], "due") || !strcmp(states[i], "pending") || !strcmp(states[i], "failed");

        assert_int_equal(s.verdict, SETTLE_APPLY);
        assert_int_equal(s.money, 5500);
        assert_int_equal(s.refund_due, was_open ? 0 : 5500); /* nothing was due any more: all of it goes back */
        if (was_open)
            assert_string_equal(s.status, "paid");
    }
    assert_string_equal(decide("cancelled", 0, WK_FACT_PAID, 5500).status, "paid");
    assert_string_equal(decide("collected", 5500, WK_FACT_PAID, 5500).status, "collected");
}

static void amounts_that_differ_are_kept_and_not_fulfilled(void **state)
{
    struct settle s;

    (void)state;
    s = decide("pending", 0, WK_FACT_PAID, 5000);
    assert_string_equal(s.status, "short");
    assert_int_equal(s.refund_due, 0);
    s = decide("pending", 0, WK_FACT_PAID, 6000);
    assert_string_equal(s.status, "over");
    assert_int_equal(s.money, 6000);
    assert_int_equal(s.refund_due, 500);
    assert_int_equal(decide("pending", 0, WK_FACT_PAID, -1).money, 5500); /* not told: the frozen amount */
    assert_int_equal(decide("pending", 0, WK_FACT_PAID, 0).verdict, SETTLE_MISMATCH);
}

static void foreign_currency_and_test_money_change_nothing(void **state)
{
    struct wk_fact f = {.size = sizeof f, .kind = WK_FACT_PAID, .amount = 5500, .currency = "NGN"};

    (void)state;
    assert_int_equal(settle_decide("pending", 0, 5500, "ZAR", false, &f).verdict, SETTLE_MISMATCH);
    f.currency = "ZAR";
    f.is_test = true;
    assert_int_equal(settle_decide("pending", 0, 5500, "ZAR", false, &f).verdict, SETTLE_MISMATCH);
    assert_int_equal(settle_decide("pending", 0, 5500, "ZAR", true, &f).verdict, SETTLE_APPLY);
}

static void no_failure_undoes_a_success(void **state)
{
    static const enum wk_fact_kind bad[] = {WK_FACT_FAILED, WK_FACT_CANCELLED, WK_FACT_EXPIRED, WK_FACT_PENDING, WK_FACT_REFUND_FAILED,
                                            WK_FACT_DISPUTED};

    (void)state;
    for (size_t i = 0; i < WK_COUNT(states); i++)
        for (size_t k = 0; k < WK_COUNT(bad); k++) {
            struct settle s = decide(states[i], 5500, bad[k], 5500);
            bool may = k < 3 && (!strcmp(states[i], "due") || !strcmp(states[i], "pending"));

            assert_int_equal(s.verdict, may ? SETTLE_APPLY : SETTLE_IGNORE);
            if (may)
                assert_true(!strcmp(s.status, "failed") && s.money == 0);
        }
}

static void refunds_never_exceed_what_came(void **state)
{
    (void)state;
    assert_string_equal(decide("paid", 5500, WK_FACT_REFUNDED, 5500).status, "refunded");
    assert_int_equal(decide("paid", 5500, WK_FACT_REFUNDED, 5500).money, -5500);
    assert_string_equal(decide("paid", 5500, WK_FACT_REFUNDED, 500).status, "paid");
    assert_int_equal(decide("paid", 5500, WK_FACT_REFUNDED, 5501).verdict, SETTLE_MISMATCH);
    assert_int_equal(decide("pending", 0, WK_FACT_REFUNDED, 5500).verdict, SETTLE_IGNORE);
    assert_int_equal(decide("refunded", 0, WK_FACT_REFUNDED, 1).verdict, SETTLE_IGNORE);
}

static void cash_is_collected_short_or_over(void **state)
{
    (void)state;
    assert_string_equal(collect_status(5500, 5500), "collected");
    assert_string_equal(collect_status(5500, 5499), "short");
    assert_string_equal(collect_status(5500, 5501), "over");
}

static void references_are_stable_short_and_checked(void **state)
{
    struct wk_uuid tenant = {{0xAA, 1, 2, 3}}, other = {{0xAB, 1, 2, 3}}, payment = {{1, 0x90, 7}}, next = {{1, 0x90, 8}};
    char a[REFERENCE_SIZE], b[REFERENCE_SIZE];

    (void)state;
    reference_make(&tenant, &payment, 1, a);
    reference_make(&tenant, &payment, 1, b);
    assert_string_equal(a, b);
    assert_true(strlen(a) <= 50 && strspn(a, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(a));
    assert_true(reference_check(&tenant, a));
    assert_false(reference_check(&other, a));
    assert_true(reference_is_foreign(&other, a));
    assert_false(reference_is_foreign(&tenant, a));
    reference_make(&tenant, &payment, 2, b);
    assert_string_not_equal(a, b);
    reference_make(&tenant, &next, 1, b);
    assert_string_not_equal(a, b);
    for (size_t i = 0; a[i]; i++) { /* no single wrong letter passes */
        char was = a[i];

        a[i] = was == 'x' ? 'y' : 'x';
        assert_false(reference_check(&tenant, a) || reference_is_foreign(&other, a));
        a[i] = was;
    }
    assert_false(reference_check(&tenant, "") || reference_check(&tenant, "wkaa010000-"));
    assert_false(reference_is_foreign(&tenant, "") || reference_is_foreign(&tenant, "wkab010000-") || reference_is_foreign(&tenant, "INV-2024-000000000000000000000000000000000001"));
}

static void derived_ids_are_stable_and_apart(void **state)
{
    struct wk_uuid order = {{1, 2, 3, 4, 5, 6, 0x70, 8, 0x80, 10, 11, 12, 13, 14, 15, 16}};
    struct wk_uuid p = id_derive(&order, "payment"), q = id_derive(&order, "payment"), a = id_derive(&p, "attempt 1");

    (void)state;
    assert_memory_equal(&p, &q, sizeof p);
    assert_true(memcmp(&p, &order, sizeof p) && memcmp(&a, &p, sizeof p) && memcmp(&a, &order, sizeof p));
    assert_int_equal(p.b[6] >> 4, 8); /* RFC 9562 version 8, variant 2 */
    assert_int_equal(p.b[8] >> 6, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(money_that_came_is_always_recorded),
        cmocka_unit_test(amounts_that_differ_are_kept_and_not_fulfilled),
        cmocka_unit_test(foreign_currency_and_test_money_change_nothing),
        cmocka_unit_test(no_failure_undoes_a_success),
        cmocka_unit_test(refunds_never_exceed_what_came),
        cmocka_unit_test(cash_is_collected_short_or_over),
        cmocka_unit_test(references_are_stable_short_and_checked),
        cmocka_unit_test(derived_ids_are_stable_and_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
