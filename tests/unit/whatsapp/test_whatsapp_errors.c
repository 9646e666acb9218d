/* The table of error codes against the documented one, written down here a second time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <wakala/base.h>
#include "errors.h"

static const struct { enum wa_action action; int32_t codes[40]; size_t n; } facts[] = {
#define CODES(...) {__VA_ARGS__}, sizeof((int32_t[]){__VA_ARGS__}) / sizeof(int32_t)
    {WA_STOP, CODES(0, 3, 10, 190, 200, 201, 250, 298, 299, 131005, 368, 131031, 130497, 131042, 131037, 131045, 133010, 133005, 133006, 133007, 133008,
                    133009, 133015, 133016)},
    {WA_RETRY_ONCE, CODES(1)},
    {WA_RETRY, CODES(2, 131000, 131016, 133004)},
    {WA_SLOW, CODES(4, 80007, 130429, 613)},
    {WA_PAIR, CODES(131056)},
    {WA_PAUSE, CODES(131057)},
    {WA_WAIT, CODES(131048, 131064, 131049, 132015, 132068, 132069)},
    {WA_WINDOW, CODES(131047)},
    {WA_RETRY_TWICE, CODES(131053)},
    {WA_PERMANENT, CODES(130472, 131050, 130403, 131026, 131021, 131062, 33, 100, 131008, 131009, 131051, 135000, 131052, 131063, 134011, 131055, 134100,
                         134101, 134102, 132000, 132001, 132005, 132007, 132012, 132018, 132016)},
};

static void every_documented_code_has_its_class(void **state)
{
    size_t documented = 0, listed = 0;

    (void)state;
    for (size_t f = 0; f < WK_COUNT(facts); f++)
        for (size_t i = 0; i < facts[f].n; i++) {
            for (int status = 200; status < 600; status += 50) /* the status changes nothing about a known code */
                if (wa_error_action(status, facts[f].codes[i]) != facts[f].action)
                    fail_msg("code %d", facts[f].codes[i]);
            assert_string_not_equal(wa_error_meaning(facts[f].codes[i]), "unknown error");
            documented += facts[f].codes[i] < 200 || facts[f].codes[i] > 299;
        }
    for (size_t i = 0; i < wa_error_class_count; i++) { /* and no code is in the table that the facts do not have */
        const struct wa_error_class *c = &wa_error_classes[i];

        assert_true(c->first <= c->last);
        assert_true(!i || wa_error_classes[i - 1].last < c->first); /* sorted: it is searched by halves */
        assert_non_null(c->meaning);
        listed += c->first == 200 ? 0 : (size_t)(c->last - c->first + 1);
    }
    assert_int_equal(listed, documented);
}

static void without_a_known_code_the_status_decides(void **state)
{
    static const struct { int status; enum wa_action action; } rows[] = {
        {500, WA_RETRY}, {502, WA_RETRY}, {503, WA_RETRY}, {599, WA_RETRY}, {429, WA_SLOW}, {401, WA_STOP}, {403, WA_STOP},
        {400, WA_PERMANENT}, {404, WA_PERMANENT}, {413, WA_PERMANENT}, {302, WA_RETRY}};

    (void)state;
    for (size_t i = 0; i < WK_COUNT(rows); i++) {
        assert_int_equal(wa_error_action(rows[i].status, WA_NO_CODE), rows[i].action);
        assert_int_equal(wa_error_action(rows[i].status, 999999), rows[i].action);
    }
    assert_string_equal(wa_error_meaning(999999), "unknown error");
    assert_int_equal(wa_error_action(400, 199), WA_PERMANENT);
    assert_int_equal(wa_error_action(400, 300), WA_PERMANENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_documented_code_has_its_class),
        cmocka_unit_test(without_a_known_code_the_status_decides),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
