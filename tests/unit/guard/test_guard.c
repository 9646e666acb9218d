/* What a worker's call passes: bulkheads, the table of targets, retry budgets, penalties and where they do not fall. */
#include "guard/guard.h"
#include "guard/targets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define S INT64_C(1000000)
static struct wk_guard *guard;
static struct wk_err err;
static int64_t now;
static struct {
    char target[80], cause[32];
    enum wk_breaker_turn turn;
    int64_t open_ms;
    unsigned times;
} told;

static int64_t clock_us(void) { return now; }
static void turned(void *arg, const char *target, enum wk_breaker_turn turn, int64_t open_ms, unsigned trips, const char *cause)
{
    (void)arg, (void)trips;
    (void)snprintf(told.target, sizeof told.target, "%s", target);
    (void)snprintf(told.cause, sizeof told.cause, "%s", cause);
    told.turn = turn;
    told.open_ms = open_ms;
    told.times++;
}
static int setup(void **state)
{
    struct wk_guard_conf conf = {.target_calls = 4, .calls = 6, .breaker = {.failures = 3}, .now_us = clock_us, .turned = turned};

    (void)state;
    now = 1000 * S;
    memset(&told, 0, sizeof told);
    guard = wk_guard_create(&conf, &err);
    return guard ? 0 : -1;
}
static int teardown(void **state)
{
    (void)state;
    wk_guard_destroy(guard);
    return 0;
}

static void a_slow_target_takes_its_part_and_no_more(void **state)
{
    struct wk_ticket slow[4], other[2], more;

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_true(wk_guard_enter(guard, "slow", true, &slow[i], &err));
    assert_false(wk_guard_enter(guard, "slow", true, &more, &err));
    assert_string_equal(err.code, "target.full");
    assert_int_equal(err.cls, WK_TRANSIENT);
    assert_int_equal(err.retry_after_ms, 1000);
    assert_true(wk_guard_wait_ms(guard, "slow") > 0);
    assert_int_equal(wk_guard_wait_ms(guard, "other"), 0);
    for (int i = 0; i < 2; i++)
        assert_true(wk_guard_enter(guard, "other", true, &other[i], &err)); /* goes on beside it */
    assert_false(wk_guard_enter(guard, "third", true, &more, &err));
    assert_string_equal(err.code, "target.all_full");
    assert_true(wk_guard_wait_ms(guard, "third") > 0);
    wk_guard_leave(guard, &slow[0], WK_CALL_GOOD);
    assert_true(wk_guard_enter(guard, "third", true, &more, &err));
    wk_guard_leave(guard, &more, WK_CALL_SAYS_NOTHING);
    for (int i = 1; i < 4; i++)
        wk_guard_leave(guard, &slow[i], WK_CALL_GOOD);
    for (int i = 0; i < 2; i++)
        wk_guard_leave(guard, &other[i], WK_CALL_GOOD);
    for (int i = 0; i < 4; i++)
        assert_true(wk_guard_enter(guard, "slow", true, &slow[i], &err)); /* all came back */
}

static void fail_times(const char *target, int n, enum wk_outcome_class outcome)
{
    for (int i = 0; i < n; i++) {
        struct wk_ticket t;

        assert_true(wk_guard_enter(guard, target, true, &t, &err));
        wk_guard_leave(guard, &t, outcome);
    }
}

static void an_open_target_is_refused_told_once_and_heals(void **state)
{
    struct wk_ticket t;

    (void)state;
    fail_times("pay", 3, WK_CALL_TIMEOUT);
    assert_int_equal(told.times, 1);
    assert_int_equal(told.turn, WK_BREAKER_OPENED);
    assert_string_equal(told.target, "pay");
    assert_string_equal(told.cause, "timed out");
    assert_false(wk_guard_enter(guard, "pay", true, &t, &err));
    assert_string_equal(err.code, "target.open");
    assert_in_range(err.retry_after_ms, 3750, 6250);
    assert_int_equal(wk_guard_wait_ms(guard, "pay"), err.retry_after_ms);
    fail_times("other", 1, WK_CALL_GOOD);
    now += 7 * S;
    fail_times("pay", 3, WK_CALL_GOOD);
    assert_int_equal(told.times, 2);
    assert_int_equal(told.turn, WK_BREAKER_CLOSED_AGAIN);
}

static void nonsense(int n)
{
    for (int i = 0; i < n; i++) {
        fail_times("gibberish", 1, WK_CALL_GOOD); /* says HTTP; its reader knows better */
        wk_guard_garbage(guard, "gibberish");
    }
}

static void garbage_counts_as_broken(void **state)
{
    struct wk_ticket t;

    (void)state;
    nonsense(5);
    fail_times("gibberish", 2, WK_CALL_GOOD); /* really good ones begin the row again */
    now += 10 * S;
    nonsense(5);
    assert_int_equal(told.times, 0);
    nonsense(1);
    assert_false(wk_guard_enter(guard, "gibberish", true, &t, &err));
    assert_string_equal(told.cause, "broken answers");
    now += 7 * S;
    nonsense(1); /* a probe: open again, for longer */
    assert_int_equal(told.times, 2);
    assert_int_equal(told.turn, WK_BREAKER_OPENED);
    assert_in_range(told.open_ms, 7500, 12500);
}

static void news_are_merged_but_not_believed_for_ever(void **state)
{
    struct wk_ticket t;

    (void)state;
    wk_guard_merge(guard, "pay", INT64_MAX / 4, 200);
    assert_false(wk_guard_enter(guard, "pay", true, &t, &err));
    assert_true(err.retry_after_ms <= 120000);
    assert_int_equal(told.times, 0); /* we did not open it: nothing to publish */
    now += 121 * S;
    assert_true(wk_guard_enter(guard, "pay", true, &t, &err));
}

static void targets_make_room_when_they_are_at_rest(void **state)
{
    struct wk_ticket t;
    char name[32];
    int unguarded = 0;

    (void)state;
    fail_times("pay", 3, WK_CALL_TIMEOUT); /* open: never given away */
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(name, sizeof name, "https://h%d.example", i);
        assert_true(wk_guard_enter(guard, name, false, &t, &err)); /* without room it goes all the same */
        unguarded += t.target < 0;
        wk_guard_leave(guard, &t, WK_CALL_GOOD);
    }
    assert_true(unguarded > 600);
    now += 3 * S;
    assert_false(wk_guard_enter(guard, "pay", true, &t, &err));
    now += 601 * S;
    unguarded = 0;
    for (int i = 1000; i < 1100; i++) {
        (void)snprintf(name, sizeof name, "https://h%d.example", i);
        assert_true(wk_guard_enter(guard, name, false, &t, &err));
        unguarded += t.target < 0;
        wk_guard_leave(guard, &t, WK_CALL_GOOD);
    }
    assert_int_equal(unguarded, 0);
}

static void origins_are_read_from_urls(void **state)
{
    static const struct {
        const char *url, *origin; /* NULL: refused */
    } t[] = {
        {"https://Graph.Facebook.com/v23.0/1/messages", "https://graph.facebook.com"}, {"http://127.0.0.1:8180", "http://127.0.0.1:8180"},
        {"https://user:secret@pay.example/x@y", "https://pay.example"}, {"HTTPS://a.example?x=1", "https://a.example"}, {"http://[::1]:80/", "http://[::1]:80"},
        {"ftp://a.example/", NULL}, {"a.example/", NULL}, {"https:///x", NULL}, {"https://user@/x", NULL}, {"", NULL},
    };
    char out[40];

    (void)state;
    for (size_t i = 0; i < WK_COUNT(t); i++) {
        bool ok = wk_guard_origin(t[i].url, out, sizeof out);

        assert_int_equal(ok, t[i].origin != NULL);
        if (ok)
            assert_string_equal(out, t[i].origin);
    }
    assert_false(wk_guard_origin("https://a-name-that-is-longer-than-there-is-room-for.example/", out, sizeof out));
}

static void limits_belong_to_plugin_tenant_and_name(void **state)
{
    int64_t wait;

    (void)state;
    assert_true(wk_guard_limit(guard, "whatsapp", "t1", "11", 2, 1, 1, 0, &wait));
    assert_false(wk_guard_limit(guard, "whatsapp", "t1", "11", 2, 1, 1, 0, &wait));
    assert_int_equal(wait, 500000);
    assert_true(wk_guard_limit(guard, "whatsapp", "t1", "12", 2, 1, 1, 0, &wait));
    assert_true(wk_guard_limit(guard, "whatsapp", "t2", "11", 2, 1, 1, 0, &wait));
    assert_true(wk_guard_limit(guard, "other", "t1", "11", 2, 1, 1, 0, &wait));
    assert_true(wk_guard_limit(guard, "p", "", "none", 0, 1, 1, 0, &wait));
    assert_false(wk_guard_limit(guard, "p", "", "none", 0, 1, 1, 60000, &wait)); /* no rate: once */
}

static int64_t left(enum wk_penalty_kind kind, const char *key, const char *path) { return wk_guard_penalty_left_ms(guard, kind, key, path, false); }

static void ten_points_are_free_then_it_is_blocked_until_they_are_forgotten(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++)
        assert_true(wk_guard_penalty_add(guard, WK_PENALTY_ADDRESS, "192.0.2.1", "/v1/login", false, 1));
    assert_int_equal(left(WK_PENALTY_ADDRESS, "192.0.2.1", "/v1/login"), 0);
    assert_true(wk_guard_penalty_add(guard, WK_PENALTY_ADDRESS, "192.0.2.1", "/v1/login", false, 2));
    assert_int_equal(left(WK_PENALTY_ADDRESS, "192.0.2.1", "/v1/login"), 12000);
    assert_int_equal(left(WK_PENALTY_ADDRESS, "192.0.2.2", "/v1/login"), 0);
    assert_int_equal(left(WK_PENALTY_CREDENTIAL, "192.0.2.1", "/v1/login"), 0); /* another kind of thing */
    now += 12 * S;
    assert_int_equal(left(WK_PENALTY_ADDRESS, "192.0.2.1", "/v1/login"), 0);
    for (int i = 0; i < 10000; i++)
        (void)wk_guard_penalty_add(guard, WK_PENALTY_CREDENTIAL, "key-7", "/v1/orders", true, 50);
    assert_int_equal(left(WK_PENALTY_CREDENTIAL, "key-7", "/v1/orders"), WK_PENALTY_MAX_MS); /* never for ever */
}

static void where_a_signature_decides_nobody_is_punished(void **state)
{
    static const char *const exempt[] = {"/webhooks/whatsapp", "/webhooks/payments/paystack/acct-1", "/webhooks", "/healthz", "/readyz", "/metrics",
                                         "/.well-known/jwks.json", "/webhooks?x=1"};
    static const enum wk_penalty_kind kinds[] = {WK_PENALTY_CREDENTIAL, WK_PENALTY_TENANT, WK_PENALTY_ADDRESS};

    (void)state;
    for (size_t k = 0; k < WK_COUNT(kinds); k++) {
        for (int i = 0; i < 100; i++)
            (void)wk_guard_penalty_add(guard, kinds[k], "x", "/v1/orders", false, 1);
        assert_true(left(kinds[k], "x", "/v1/orders") > 0);
        for (size_t i = 0; i < WK_COUNT(exempt); i++) {
            assert_false(wk_guard_penalty_add(guard, kinds[k], "y", exempt[i], false, 100));
            assert_int_equal(left(kinds[k], "x", exempt[i]), 0); /* not even with points from elsewhere */
        }
        assert_int_equal(left(kinds[k], "y", "/v1/orders"), 0);
    }
    assert_true(left(WK_PENALTY_ADDRESS, "x", "/webhooksx") > 0); /* only these, not what begins like them */
    /* many people share an address: once one of them is signed in, it is the credential that counts */
    assert_int_equal(wk_guard_penalty_left_ms(guard, WK_PENALTY_ADDRESS, "x", "/v1/orders", true), 0);
    assert_false(wk_guard_penalty_add(guard, WK_PENALTY_ADDRESS, "z", "/v1/orders", true, 5));
    assert_false(wk_guard_penalty_add(guard, WK_PENALTY_CREDENTIAL, NULL, "/v1/orders", true, 5));
    assert_false(wk_guard_penalty_add(guard, (enum wk_penalty_kind)9, "z", "/v1/orders", true, 5));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_slow_target_takes_its_part_and_no_more), CASE(an_open_target_is_refused_told_once_and_heals), CASE(garbage_counts_as_broken),
        CASE(news_are_merged_but_not_believed_for_ever), CASE(targets_make_room_when_they_are_at_rest), CASE(origins_are_read_from_urls),
        CASE(limits_belong_to_plugin_tenant_and_name), CASE(ten_points_are_free_then_it_is_blocked_until_they_are_forgotten),
        CASE(where_a_signature_decides_nobody_is_punished),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
