/* Secrets at rest: what was sealed opens in its place with its key, and nowhere else. */
#include "tenant/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static uint8_t key[WK_SECRET_KEY] = {1, 2, 3}, other_key[WK_SECRET_KEY] = {1, 2, 4};
static const struct wk_uuid a = {{1}}, b = {{2}};
static struct wk_err err;

static bool opens(const uint8_t *k, const struct wk_uuid *t, const char *plugin, const char *name, const uint8_t *sealed, size_t len)
{
    char clear[WK_SECRET_MAX + 64];

    err = (struct wk_err){0};
    if (wk_secret_open(k, t, plugin, name, sealed, len, clear, &err)) {
        assert_string_equal(clear, "sk_live_123");
        return true;
    }
    assert_string_equal(err.code, "secret.forged");
    assert_int_equal(err.cls, WK_SECURITY);
    assert_null(strstr(err.msg, "sk_live"));
    return false;
}

static void a_secret_opens_only_in_its_place(void **state)
{
    uint8_t sealed[64], twice[64];
    size_t len = wk_secret_seal(key, &a, "paystack", "key", "sk_live_123", 11, sealed, &err);

    (void)state;
    assert_int_equal(len, 11 + WK_SECRET_EXTRA);
    assert_true(opens(key, &a, "paystack", "key", sealed, len));
    assert_false(opens(other_key, &a, "paystack", "key", sealed, len));
    assert_false(opens(key, &b, "paystack", "key", sealed, len));   /* a row moved to another tenant */
    assert_false(opens(key, &a, "ozow", "key", sealed, len));       /* to another plugin */
    assert_false(opens(key, &a, "paystack", "key2", sealed, len));  /* to another name */
    assert_false(opens(key, &a, "paystackk", "ey", sealed, len));   /* the same letters, cut elsewhere */
    for (size_t i = 0; i < len; i++) {
        sealed[i] ^= 0x40;
        assert_false(opens(key, &a, "paystack", "key", sealed, len));
        sealed[i] ^= 0x40;
    }
    for (size_t n = 0; n < len; n++)
        assert_false(opens(key, &a, "paystack", "key", sealed, n));
    assert_int_equal(wk_secret_seal(key, &a, "paystack", "key", "sk_live_123", 11, twice, &err), len);
    assert_memory_not_equal(sealed, twice, 12); /* never the same nonce */
}

static void sizes_have_a_limit(void **state)
{
    static char text[WK_SECRET_MAX + 2], clear[WK_SECRET_MAX + 2];
    static uint8_t sealed[sizeof text + WK_SECRET_EXTRA];
    size_t len;

    (void)state;
    memset(text, 'x', sizeof text - 1);
    assert_int_equal(wk_secret_seal(key, &a, "p", "k", text, WK_SECRET_MAX + 1, sealed, &err), 0);
    assert_string_equal(err.code, "secret.seal");
    len = wk_secret_seal(key, &a, "p", "k", text, WK_SECRET_MAX, sealed, &err);
    assert_true(wk_secret_open(key, &a, "p", "k", sealed, len, clear, &err));
    assert_int_equal(strlen(clear), WK_SECRET_MAX);
    len = wk_secret_seal(key, &a, "p", "k", "", 0, sealed, &err);
    assert_true(wk_secret_open(key, &a, "p", "k", sealed, len, clear, &err));
    assert_string_equal(clear, "");
}

static void a_key_is_64_hex_digits(void **state)
{
    static const char *const bad[] = {NULL, "", "00", "zz00000000000000000000000000000000000000000000000000000000000000",
                                      "000000000000000000000000000000000000000000000000000000000000000",
                                      "00000000000000000000000000000000000000000000000000000000000000000",
                                      "0 000000000000000000000000000000000000000000000000000000000000000", " 000000000000000000000000000000000000000000000000000000000000000",
                                      "+100000000000000000000000000000000000000000000000000000000000000", "0x00000000000000000000000000000000000000000000000000000000000000"};
    uint8_t got[WK_SECRET_KEY];

    (void)state;
    assert_true(wk_secret_key_parse("000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F", got, &err));
    for (size_t i = 0; i < sizeof got; i++)
        assert_int_equal(got[i], i);
    for (size_t i = 0; i < WK_COUNT(bad); i++) {
        if (wk_secret_key_parse(bad[i], got, &err))
            fail_msg("%s was taken", bad[i]);
        assert_string_equal(err.code, "secret.key");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_secret_opens_only_in_its_place), cmocka_unit_test(sizes_have_a_limit),
                                       cmocka_unit_test(a_key_is_64_hex_digits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
