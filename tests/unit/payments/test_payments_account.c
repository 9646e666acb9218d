/* The setting `accounts`: which account of a gateway new payments use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "account.h"
#include "ledger.h"

WK_HIDDEN const struct wk_host *wk_host;

static void is_account(const char *setting, const char *gateway, const char *wanted)
{
    char out[ACCOUNT_SIZE];

    assert_string_equal(account_of(setting, gateway, out), wanted);
}

static void the_named_one_else_default(void **state)
{
    (void)state;
    is_account("", "till", "default");
    is_account("till=a", "till", "a");
    is_account("  ozow=o-1   till=a.b_c  ", "till", "a.b_c");
    is_account("tillx=a xtill=b till=c", "till", "c"); /* a part is not the whole */
    is_account("till=a till=b", "till", "a");
    is_account("till=x=y", "till", "x=y");
    is_account("till", "till", "default"); /* a tenant's own value is not checked before: what is no pair is not there */
    is_account("till= ozow=b", "till", "default");
    is_account("=a", "", "default");
}

static void lengths_have_a_limit(void **state)
{
    char fits[ACCOUNT_SIZE + 8] = "till=", out[ACCOUNT_SIZE];

    (void)state;
    memset(fits + 5, 'x', ACCOUNT_SIZE - 1);
    assert_int_equal(strlen(account_of(fits, "till", out)), ACCOUNT_SIZE - 1);
    assert_true(accounts_check(fits, NULL));
    fits[5 + ACCOUNT_SIZE - 1] = 'x';
    assert_string_equal(account_of(fits, "till", out), "default");
    assert_false(accounts_check(fits, NULL));
}

static void what_is_no_pair_is_named(void **state)
{
    static const char *const bad[] = {"till", "till=", "=a", "ozow=1 till", "till a"};
    struct wk_err err = {0};

    (void)state;
    assert_true(accounts_check("", &err));
    assert_true(accounts_check("   ", &err));
    assert_true(accounts_check("till=a ozow=b", &err));
    for (size_t i = 0; i < WK_COUNT(bad); i++) {
        if (accounts_check(bad[i], &err))
            fail_msg("%s was taken", bad[i]);
        assert_string_equal(err.code, "payment.accounts");
        assert_int_equal(err.cls, WK_SYSTEM);
    }
    assert_false(accounts_check("ozow=1 tell", &err));
    assert_non_null(strstr(err.msg, "\"tell\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_named_one_else_default), cmocka_unit_test(lengths_have_a_limit),
                                       cmocka_unit_test(what_is_no_pair_is_named)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
