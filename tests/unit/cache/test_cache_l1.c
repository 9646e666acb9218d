/* L1 against a model: what comes out is what was last put in, or nothing; bytes and shares are kept whatever happens. */
#include "cache/l1.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

static struct wk_l1 *l1;
static struct wk_uuid tenants[8];

static void open_with(size_t bytes, unsigned percent)
{
    wk_l1_destroy(l1);
    l1 = wk_l1_create(&(struct wk_l1_conf){.max_bytes = bytes, .tenant_percent = percent}, NULL);
    assert_non_null(l1);
}
static int setup(void **state)
{
    (void)state;
    for (size_t i = 0; i < 8; i++)
        memset(tenants[i].b, (int)i + 1, sizeof tenants[i].b);
    return 0;
}
static int teardown(void **state)
{
    (void)state;
    wk_l1_destroy(l1);
    l1 = NULL;
    return 0;
}

static struct wk_l1_key key_of(unsigned tenant, unsigned n)
{
    static char text[4][32];
    static unsigned at;
    char *t = text[at++ % 4];
    int len = snprintf(t, sizeof text[0], "key-%u", n);

    return wk_l1_key(l1, &tenants[tenant], t, (size_t)len);
}
static void put(unsigned tenant, unsigned n, size_t len)
{
    struct wk_l1_key key = key_of(tenant, n);
    char *value = malloc(len + 1);

    memset(value, (int)(n & 0xff), len + 1);
    (void)wk_l1_put(l1, &key, value, len);
    free(value);
}
static bool has(unsigned tenant, unsigned n)
{
    struct wk_l1_key key = key_of(tenant, n);
    size_t len;
    const unsigned char *value = wk_l1_get(l1, &key, &len);

    return value && (!len || value[0] == (n & 0xff));
}
static void check(void)
{
    const char *what;

    if (!wk_l1_check(l1, &what))
        fail_msg("does not agree: %s", what);
}

static void what_was_put_comes_back(void **state)
{
    struct wk_l1_key a, b;
    size_t len;

    (void)state;
    open_with(1 << 20, 0);
    a = wk_l1_key(l1, &tenants[0], "a\0b", 3);
    b = wk_l1_key(l1, &tenants[0], "a\0c", 3);
    assert_null(wk_l1_get(l1, &a, &len));
    assert_true(wk_l1_put2(l1, &a, "head", 4, "-body", 5));
    assert_true(wk_l1_put(l1, &b, NULL, 0));
    assert_memory_equal(wk_l1_get(l1, &a, &len), "head-body", 9);
    assert_int_equal(len, 9);
    assert_int_equal((uintptr_t)wk_l1_get(l1, &a, &len) % 8, 0);
    assert_non_null(wk_l1_get(l1, &b, &len));
    assert_int_equal(len, 0);
    assert_true(wk_l1_put(l1, &a, "new", 3));
    assert_memory_equal(wk_l1_get(l1, &a, &len), "new", 3);
    assert_int_equal(wk_l1_stats(l1)->entries, 2);
    assert_true(wk_l1_drop(l1, &a));
    assert_false(wk_l1_drop(l1, &a));
    assert_null(wk_l1_get(l1, &a, &len));
    wk_l1_clear(l1);
    assert_null(wk_l1_get(l1, &b, &len));
    check();
}

static void the_same_key_of_two_tenants_is_two(void **state)
{
    (void)state;
    open_with(1 << 20, 0);
    put(0, 7, 100);
    assert_true(has(0, 7));
    assert_false(has(1, 7));
}

static void bytes_are_those_of_the_allocator(void **state)
{
    struct mallinfo2 before, after;
    size_t counted;

    (void)state;
    open_with(8 << 20, 100);
    before = mallinfo2();
    counted = wk_l1_stats(l1)->bytes;
    for (unsigned n = 0; n < 20000; n++)
        put(n % 8, n, 30 + n % 300);
    after = mallinfo2();
    counted = wk_l1_stats(l1)->bytes - counted;
#ifndef __SANITIZE_ADDRESS__ /* its allocator is not the one that mallinfo2 knows */
    assert_in_range(counted, (after.uordblks - before.uordblks) * 98 / 100, (after.uordblks - before.uordblks) * 102 / 100);
#endif
    (void)before, (void)after;
    assert_true(counted > 20000 * 180); /* not values alone */
    check();
}

static void a_tenant_has_at_most_a_quarter(void **state)
{
    (void)state;
    open_with(1 << 20, 0);
    for (unsigned n = 0; n < 300; n++)
        put(1, n, 500);
    for (unsigned n = 0; n < 50000; n++) {
        put(0, n, 200);
        assert_true(wk_l1_tenant_bytes(l1, &tenants[0]) <= (1 << 20) / 4);
    }
    for (unsigned n = 0; n < 300; n++)
        assert_true(has(1, n)); /* a neighbour's flood has cost nothing */
    assert_true(wk_l1_tenant_bytes(l1, &tenants[0]) > (1 << 20) / 5);
    check();
}

static void what_is_too_large_is_refused_and_the_old_value_gone(void **state)
{
    struct wk_l1_key key;
    char *big = calloc(1, 1 << 20);

    (void)state;
    open_with(1 << 20, 0);
    put(0, 1, 10);
    key = key_of(0, 1);
    assert_false(wk_l1_put(l1, &key, big, 1 << 20));
    assert_false(has(0, 1));
    assert_true(wk_l1_put(l1, &key, big, 20000));
    check();
    free(big);
}

static void a_scan_does_not_push_out_what_is_used(void **state)
{
    unsigned kept = 0;

    (void)state;
    open_with(1 << 20, 100);
    for (int round = 0; round < 5; round++)
        for (unsigned n = 0; n < 500; n++) {
            put(0, n, 500);
            (void)has(0, n), (void)has(0, n);
        }
    for (unsigned n = 1000; n < 50000; n++)
        put(1, n, 500);
    for (unsigned n = 0; n < 500; n++)
        kept += has(0, n);
    assert_true(kept > 480);
    check();
}

static void who_comes_back_soon_is_known(void **state)
{
    unsigned kept = 0;

    (void)state;
    open_with(1 << 20, 100);
    for (unsigned n = 0; n < 2500; n++)
        put(0, n, 500);
    for (unsigned n = 0; n < 100; n++) {
        assert_false(has(0, n)); /* passed through the small queue */
        put(0, n, 500);
    }
    assert_true(wk_l1_stats(l1)->ghosts > 60); /* a set of four fingerprints overflows now and then */
    for (unsigned n = 10000; n < 11200; n++)
        put(0, n, 500);
    for (unsigned n = 0; n < 100; n++)
        kept += has(0, n);
    assert_true(kept > 60); /* they went into the main queue at once */
    check();
}

/* --- model --- */

enum { KEYS = 600 };
struct model {
    uint32_t version; /* 0: not there */
    uint32_t len;
};
static void a_million_steps_agree_with_a_model(void **state)
{
    static struct model model[8][KEYS];
    static char value[4096];
    const char *wanted = getenv("WAKALA_TEST_SEED");
    unsigned seed = wanted ? (unsigned)strtoul(wanted, NULL, 10) : (unsigned)time(NULL);
    uint32_t version = 0;
    size_t hits = 0;

    (void)state;
    print_message("seed %u\n", seed);
    srand(seed);
    open_with(1 << 19, 0);
    memset(model, 0, sizeof model);
    for (int step = 0; step < 1000000; step++) {
        unsigned t = (unsigned)(rand() % 8), n = (unsigned)(rand() % KEYS) * (unsigned)(rand() % KEYS) / KEYS;
        struct wk_l1_key key = key_of(t, n);
        struct model *m = &model[t][n];
        int what = rand() % 100;
        size_t len;
        char *got;

        if (what < 30) {
            m->len = 4 + (uint32_t)(rand() % (rand() % 50 ? 300 : 4000));
            m->version = ++version;
            memcpy(value, &version, sizeof version);
            memset(value + 4, (int)(version & 0xff), m->len - 4);
            if (!wk_l1_put(l1, &key, value, m->len))
                fail_msg("step %d: %u bytes refused", step, m->len);
        } else if (what < 33) {
            bool was = wk_l1_drop(l1, &key);

            assert_true(!was || m->version);
            m->version = 0;
        } else if (what == 33 && rand() % 2000 == 0) {
            wk_l1_clear(l1);
            memset(model, 0, sizeof model);
        } else if ((got = wk_l1_get(l1, &key, &len))) {
            hits++;
            if (!m->version || len != m->len || memcmp(got, &m->version, 4) != 0 || (unsigned char)got[len - 1] != (len > 4 ? m->version & 0xff : m->version >> 24))
                fail_msg("step %d: what came out is not what was put in last", step);
        }
        if (step % 5000 == 0)
            check();
    }
    check();
    assert_true(hits > 100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_put_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_key_of_two_tenants_is_two, setup, teardown),
        cmocka_unit_test_setup_teardown(bytes_are_those_of_the_allocator, setup, teardown),
        cmocka_unit_test_setup_teardown(a_tenant_has_at_most_a_quarter, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_too_large_is_refused_and_the_old_value_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(a_scan_does_not_push_out_what_is_used, setup, teardown),
        cmocka_unit_test_setup_teardown(who_comes_back_soon_is_known, setup, teardown),
        cmocka_unit_test_setup_teardown(a_million_steps_agree_with_a_model, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
