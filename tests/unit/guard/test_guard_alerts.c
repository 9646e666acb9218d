/* Alerts: counted whole over processes, told once each interval by one of them, given back when they cannot be told; and backtraces, once a minute. */
#include "guard/alerts.h"
#include "observe/backtrace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define S INT64_C(1000000)
static struct wk_share *share;

static int setup(void **state)
{
    struct wk_err err;

    (void)state;
    share = wk_share_create(&err);
    return share ? 0 : -1;
}
static int teardown(void **state)
{
    (void)state;
    wk_share_close(share);
    return 0;
}

static void the_first_at_once_then_a_count_per_interval(void **state)
{
    struct wk_alert alert;
    int64_t now = wk_share_mono_us();

    (void)state;
    assert_false(wk_alert_take(share, 60 * S, now, &alert));
    wk_alert_raise(share, WK_SEVERITY_ERROR, "orders", "db.statement");
    assert_true(wk_alert_take(share, 60 * S, now, &alert));
    assert_string_equal(alert.service, "orders");
    assert_string_equal(alert.error, "db.statement");
    assert_int_equal(alert.count, 1);
    for (int i = 0; i < 7; i++)
        wk_alert_raise(share, WK_SEVERITY_CRITICAL, "orders", "db.statement");
    wk_alert_raise(share, WK_SEVERITY_WARNING, "orders", "event.expired"); /* another kind */
    assert_true(wk_alert_take(share, 60 * S, now + 59 * S, &alert));
    assert_string_equal(alert.error, "event.expired");
    assert_false(wk_alert_take(share, 60 * S, now + 59 * S, &alert));
    assert_true(wk_alert_take(share, 60 * S, now + 60 * S, &alert));
    assert_int_equal(alert.count, 7);
    assert_string_equal(wk_severity_name(alert.severity), "critical");
    assert_false(wk_alert_take(share, 60 * S, now + 600 * S, &alert)); /* nothing new */
    wk_alert_raise(NULL, WK_SEVERITY_ERROR, "x", "y");
}

static void what_could_not_be_told_is_counted_again(void **state)
{
    struct wk_alert alert;
    int64_t now = wk_share_mono_us();

    (void)state;
    wk_alert_raise(share, WK_SEVERITY_ERROR, "orders", "db.statement");
    assert_true(wk_alert_take(share, 60 * S, now, &alert));
    wk_alert_return(share, &alert, now + 5 * S);
    wk_alert_raise(share, WK_SEVERITY_ERROR, "orders", "db.statement");
    assert_false(wk_alert_take(share, 60 * S, now + 4 * S, &alert));
    assert_true(wk_alert_take(share, 60 * S, now + 5 * S, &alert));
    assert_int_equal(alert.count, 2);
}

static void long_words_are_cut_and_many_kinds_are_bounded(void **state)
{
    char text[400];
    struct wk_alert alert;
    int64_t now = wk_share_mono_us();
    unsigned told = 0;

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    wk_alert_raise(share, WK_SEVERITY_ERROR, text, text);
    wk_alert_raise(share, WK_SEVERITY_ERROR, text, text);
    assert_true(wk_alert_take(share, S, now, &alert));
    assert_int_equal(strlen(alert.service), 47);
    assert_int_equal(alert.count, 2);
    for (int i = 0; i < 5000; i++) {
        (void)snprintf(text, sizeof text, "kind %d", i);
        wk_alert_raise(share, WK_SEVERITY_ERROR, "flood", text);
    }
    while (wk_alert_take(share, S, now, &alert))
        told++;
    assert_in_range(told, 200, WK_REGION_ALERTS);
}

/* Four processes raise, four tell: the sum is what was raised. */
static void processes_lose_and_double_nothing(void **state)
{
    enum { WORKERS = 4, EACH = 5000 };
    int pipes[2];
    uint32_t sum = 0, part;

    (void)state;
    assert_int_equal(pipe(pipes), 0);
    for (int w = 0; w < WORKERS; w++)
        if (!fork()) {
            struct wk_alert alert;
            uint32_t told = 0;

            for (int i = 0; i < EACH; i++) {
                wk_alert_raise(share, WK_SEVERITY_ERROR, "orders", i % 2 ? "a.b" : "c.d");
                while (i % 16 == 0 && wk_alert_take(share, 0, wk_share_mono_us(), &alert))
                    told += alert.count;
            }
            if (write(pipes[1], &told, sizeof told) != sizeof told)
                _exit(1);
            _exit(0);
        }
    for (int w = 0; w < WORKERS; w++) {
        struct wk_alert alert;
        int status;

        assert_int_equal(read(pipes[0], &part, sizeof part), sizeof part);
        sum += part;
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
        while (w == WORKERS - 1 && wk_alert_take(share, 0, wk_share_mono_us(), &alert))
            sum += alert.count;
    }
    assert_int_equal(sum, WORKERS * EACH);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
}

static void a_backtrace_names_who_failed_once_a_minute(void **state)
{
    char text[1024];

    (void)state;
    assert_false(wk_backtrace_of("a.b", text, sizeof text));
    wk_backtrace_note("a.b");
    wk_backtrace_note("c.d");
    assert_true(wk_backtrace_of("a.b", text, sizeof text));
    assert_non_null(strstr(text, "test_guard_alerts"));
    assert_non_null(strstr(text, " < "));
    assert_false(wk_backtrace_of("a.b", text, sizeof text)); /* told */
    wk_backtrace_note("a.b");
    assert_false(wk_backtrace_of("a.b", text, sizeof text)); /* within the minute: not looked at again */
    assert_true(wk_backtrace_of("c.d", text, 100)); /* what does not fit is left out whole */
    assert_true(strlen(text) < 100 && (text[strlen(text) - 1] == ']' || text[strlen(text) - 1] == ')'));
    for (int i = 0; i < 200; i++) { /* more codes than are remembered: the oldest make room */
        static char codes[200][8];

        (void)snprintf(codes[i], sizeof codes[i], "x.%d", i);
        wk_backtrace_note(codes[i]);
    }
    assert_true(wk_backtrace_of("x.199", text, sizeof text));
    assert_false(wk_backtrace_of("x.0", text, sizeof text));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_first_at_once_then_a_count_per_interval), CASE(what_could_not_be_told_is_counted_again), CASE(long_words_are_cut_and_many_kinds_are_bounded),
        CASE(processes_lose_and_double_nothing), CASE(a_backtrace_names_who_failed_once_a_minute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
