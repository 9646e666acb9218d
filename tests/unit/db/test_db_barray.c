/* Arrays in PostgreSQL's binary form, byte by byte. */
#include "db/barray.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void is(struct barray *a, const char *hex)
{
    struct wk_arg arg = barray_arg(a);
    const uint8_t *p = arg.bytes;
    char got[512] = "";

    assert_int_equal(arg.type, WK_ARG_BYTES);
    for (size_t i = 0; i < arg.len; i++)
        (void)snprintf(got + 2 * i, 3, "%02x", p[i]);
    assert_string_equal(got, hex);
}

static void values_are_encoded_as_the_server_reads_them(void **state)
{
    struct barray a = {0};

    (void)state;
    barray_reset(&a, WK_OID_INT4);
    barray_int4(&a, 1), barray_int4(&a, -2);
    /* dimensions, has null, type, length, first index; then length and value of each */
    is(&a, "00000001" "00000000" "00000017" "00000002" "00000001" "00000004" "00000001" "00000004" "fffffffe");
    barray_reset(&a, WK_OID_INT2);
    barray_int2(&a, -1);
    is(&a, "00000001" "00000000" "00000015" "00000001" "00000001" "00000002" "ffff");
    barray_reset(&a, WK_OID_TEXT);
    barray_put(&a, "h\0i", 3), barray_null(&a), barray_put(&a, "", 0);
    is(&a, "00000001" "00000001" "00000019" "00000003" "00000001" "00000003" "680069" "ffffffff" "00000000");
    barray_reset(&a, WK_OID_TEXT); /* nothing is left of the one before */
    barray_put(&a, "x", 1);
    is(&a, "00000001" "00000000" "00000019" "00000001" "00000001" "00000001" "78");
    barray_finish(&a);
}

static void arrays_grow(void **state)
{
    struct barray a = {0};
    struct wk_arg arg;
    const char *p;

    (void)state;
    barray_reset(&a, WK_OID_BYTEA);
    for (int i = 0; i < 3000; i++) {
        char item[100];

        memset(item, i & 0x7f, sizeof item);
        barray_put(&a, item, (size_t)(i % 100));
    }
    arg = barray_arg(&a);
    p = (const char *)arg.bytes + BARRAY_HEAD;
    for (int i = 0; i < 3000; i++) {
        uint32_t len;

        memcpy(&len, p, 4);
        assert_int_equal(ntohl(len), i % 100);
        for (int k = 0; k < i % 100; k++)
            assert_int_equal(p[4 + k], i & 0x7f);
        p += 4 + i % 100;
    }
    assert_ptr_equal(p, (const char *)arg.bytes + arg.len);
    barray_finish(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(values_are_encoded_as_the_server_reads_them), cmocka_unit_test(arrays_grow)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
