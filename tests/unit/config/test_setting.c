/* One value against one schema row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>
#include "config/config.h"
#include "config/settings.h"

static const struct wk_setting rows[] = {
    {.key = "text", .type = WK_TYPE_STRING, .min = 2, .max = 5, .fallback = "abc", .help = "h"},
    {.key = "int", .type = WK_TYPE_INT, .min = 1, .max = 64, .fallback = "2", .help = "h"},
    {.key = "any", .type = WK_TYPE_INT, .fallback = "0", .help = "h"},
    {.key = "debt", .type = WK_TYPE_INT, .min = -5, .max = 0, .fallback = "0", .help = "h"},
    {.key = "bool", .type = WK_TYPE_BOOL, .fallback = "true", .help = "h"},
    {.key = "time", .type = WK_TYPE_DURATION, .min = 1000, .max = 3600000, .fallback = "30s", .help = "h"},
    {.key = "size", .type = WK_TYPE_SIZE, .min = 1, .fallback = "1k", .help = "h"},
    {.key = "one", .type = WK_TYPE_CHOICE, .choices = "low|mid|high", .fallback = "mid", .help = "h"},
    {0},
};

static const struct wk_setting *row(const char *key)
{
    const struct wk_setting *s = rows;

    while (strcmp(s->key, key) != 0)
        s++;
    return s;
}

static void values_are_read_in_their_unit(void **state)
{
    static const struct {
        const char *key, *text;
        int64_t number;
    } good[] = {
        {"text", "ab", 0}, {"text", "abcde", 0}, {"int", "1", 1}, {"int", "64", 64}, {"any", "-9223372036854775808", INT64_MIN},
        {"debt", "-5", -5}, {"debt", "0", 0}, {"bool", "true", 1}, {"bool", "false", 0}, {"time", "1s", 1000}, {"time", "1000ms", 1000},
        {"time", "2m", 120000}, {"time", "1h", 3600000}, {"size", "1", 1}, {"size", "64k", 65536}, {"size", "3M", 3 << 20},
        {"size", "1G", 1 << 30}, {"one", "low", 0}, {"one", "high", 2},
    };

    (void)state;
    for (size_t i = 0; i < WK_COUNT(good); i++) {
        struct wk_err err = {0};
        int64_t number = -1;

        if (!wk_setting_parse(row(good[i].key), good[i].text, &number, &err))
            fail_msg("%s = %s: %s", good[i].key, good[i].text, err.msg);
        assert_int_equal(number, good[i].number);
    }
}

static void bad_values_say_what_is_allowed(void **state)
{
    static const struct {
        const char *key, *text, *says;
    } bad[] = {
        {"text", "a", "text: is too short; allowed: text in quotes, 2 to 5 characters"},
        {"text", "abcdef", "is too long"},
        {"text", "a\nb", "control character"},
        {"int", "0", "int: is too small; allowed: a whole number from 1 to 64"},
        {"int", "65", "is too large"},
        {"int", "5x", "\"5x\" is not a whole number"},
        {"int", "", "is not a whole number"},
        {"int", " 5", "is not a whole number"},
        {"int", "+5", "is not a whole number"},
        {"any", "9223372036854775808", "is not a whole number"},
        {"debt", "1", "is too large"},
        {"debt", "-6", "is too small"},
        {"bool", "yes", "neither true nor false"},
        {"time", "30", "\"30\" is not a duration with its unit"},
        {"time", "30 s", "not a duration"},
        {"time", "-1s", "not a duration"},
        {"time", "1w", "not a duration"},
        {"time", "106751991168d", "not a duration"}, /* overflows 64 bits of milliseconds */
        {"time", "2h", "is too large; allowed: a duration in quotes, such as \"500ms\" \"30s\" \"10m\" \"24h\" \"8d\" from 1s to 1h"},
        {"size", "0", "is too small"},
        {"size", "1kB", "not a size"},
        {"size", "9999999999G", "not a size"},
        {"one", "mi", "\"mi\" is not one of the choices; allowed: one of low, mid, high"},
        {"one", "low|mid", "not one of the choices"},
        {"one", "", "not one of the choices"},
    };

    (void)state;
    for (size_t i = 0; i < WK_COUNT(bad); i++) {
        struct wk_err err = {0};

        if (wk_setting_parse(row(bad[i].key), bad[i].text, NULL, &err) || !strstr(err.msg, bad[i].says))
            fail_msg("%s = \"%s\": %s", bad[i].key, bad[i].text, err.msg);
        assert_string_equal(err.code, "setting.invalid");
        assert_int_equal(err.cls, WK_BUSINESS);
    }
}

static void a_schema_is_checked_before_its_values(void **state)
{
    static const struct {
        struct wk_setting table[3];
        const char *says;
    } bad[] = {
        {{{.key = "Upper", .type = WK_TYPE_STRING, .help = "h"}}, "has only a-z"},
        {{{.key = "a.b", .type = WK_TYPE_STRING, .help = "h"}}, "has only a-z"},
        {{{.key = "", .type = WK_TYPE_STRING, .help = "h"}}, "has only a-z"},
        {{{.key = "enabled", .type = WK_TYPE_BOOL, .fallback = "true", .help = "h"}}, "belongs to the host"},
        {{{.key = "a", .type = 99, .help = "h"}}, "unknown type"},
        {{{.key = "a", .type = WK_TYPE_STRING, .scope = 7, .help = "h"}}, "unknown scope"},
        {{{.key = "a", .type = WK_TYPE_CHOICE, .fallback = "x", .help = "h"}}, "without choices"},
        {{{.key = "a", .type = WK_TYPE_INT, .fallback = "1", .min = 5, .max = 2, .help = "h"}}, "min is above max"},
        {{{.key = "a", .type = WK_TYPE_INT, .fallback = "1"}}, "no help"},
        {{{.key = "a", .type = WK_TYPE_SECRET, .fallback = "x", .help = "h"}}, "a secret has no default"},
        {{{.key = "a", .type = WK_TYPE_INT, .fallback = "1", .flags = WK_REQUIRED, .help = "h"}}, "required and with a default"},
        {{{.key = "a", .type = WK_TYPE_INT, .help = "h"}}, "neither a default nor required"},
        {{{.key = "a", .type = WK_TYPE_INT, .fallback = "99", .min = 1, .max = 9, .help = "h"}}, "its default is too large"},
        {{{.key = "a", .type = WK_TYPE_STRING, .help = "h"}, {.key = "a", .type = WK_TYPE_STRING, .help = "h"}}, "stands twice"},
    };
    struct wk_err err = {0};

    (void)state;
    assert_true(wk_schema_check(rows, &err));
    assert_true(wk_schema_check(NULL, &err));
    for (size_t i = 0; i < WK_COUNT(bad); i++)
        if (wk_schema_check(bad[i].table, &err) || !strstr(err.msg, bad[i].says))
            fail_msg("row %zu should say \"%s\": %s", i, bad[i].says, err.msg);
}

static void a_slip_of_the_keyboard_is_found(void **state)
{
    static const char *const words[] = {"workers", "listen", "log_level", "run_dir", "cache_dir"};
    static const struct {
        const char *typed, *meant;
    } slips[] = {
        {"worker", "workers"},  {"wrokers", "workers"},  {"loglevel", "log_level"}, {"log_levle", "log_level"}, {"listn", "listen"},
        {"rundir", "run_dir"},  {"cachedir", "cache_dir"}, {"colour", NULL},        {"x", NULL},                {"", NULL},
        {"workers", NULL}, /* the word itself is no slip */
    };

    (void)state;
    for (size_t i = 0; i < WK_COUNT(slips); i++) {
        const char *found = wk_nearest(slips[i].typed, words, WK_COUNT(words));

        if (!slips[i].meant ? found != NULL : !found || strcmp(found, slips[i].meant) != 0)
            fail_msg("%s: %s", slips[i].typed, found ? found : "(nothing)");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_read_in_their_unit),
        cmocka_unit_test(bad_values_say_what_is_allowed),
        cmocka_unit_test(a_schema_is_checked_before_its_values),
        cmocka_unit_test(a_slip_of_the_keyboard_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
