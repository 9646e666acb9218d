/* What people see of an error: class by class, listed or not, in whose language; never a cause. No database is needed. */
#include "call/told.h"
#include "observe/metric.h"
#include "plugin/registry_data.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static struct wk_engine engine; /* no registry: the host's own codes */
static struct wk_call call;

static int setup(void **state)
{
    (void)state;
    memset(&call, 0, sizeof call);
    call.engine = &engine;
    wk_arena_init(&call.arena, 1 << 16);
    (void)snprintf(call.trace.trace_id, sizeof call.trace.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
    return 0;
}
static int teardown(void **state)
{
    (void)state;
    wk_arena_finish(&call.arena);
    return 0;
}

static struct wk_told tell(enum wk_class cls, const char *code)
{
    struct wk_err err = {.cls = cls, .code = code, .msg = "cause: SELECT secret FROM row 4711"};
    struct wk_told told = {.size = sizeof told};

    wk_call_error_told(&call, &err, NULL, &told);
    if (told.text)
        assert_null(strstr(told.text, "cause"));
    return told;
}

static void every_code_is_told_by_its_class(void **state)
{
    size_t n = wk_host_errors(NULL);
    struct wk_error_hook *all = calloc(n, sizeof *all);

    (void)state;
    assert_true(n > 100);
    (void)wk_host_errors(all);
    for (size_t i = 0; i < n; i++) {
        const struct wk_error_type *t = all[i].type;
        struct wk_told told = tell(t->cls, t->code);

        assert_int_equal(told.status, t->status);
        if (t->cls == WK_BUSINESS) {
            assert_string_equal(told.code, t->code);
            assert_string_equal(told.text, t->text);
            assert_null(told.reference);
            assert_int_equal(told.message != NULL, t->flags & WK_ERROR_MESSAGE);
        } else if (t->cls == WK_SECURITY) {
            assert_string_equal(told.code, t->status == 404 ? "tenant.unknown" : "FORBIDDEN");
            assert_string_equal(told.text, t->status == 404 ? "There is nothing here." : "Access denied");
            assert_int_equal(told.reference != NULL, t->status != 404);
            assert_null(told.message);
        } else {
            assert_string_equal(told.code, "SYSTEM_ERROR");
            assert_string_equal(told.text, "We're experiencing technical difficulties. Please try again later.");
            assert_string_equal(told.reference, "4bf92f35");
            assert_int_equal(told.status, t->cls == WK_TRANSIENT ? 503 : 500);
            assert_null(told.message);
        }
    }
    free(all);
}

static void anothers_tenant_and_nobodys_look_the_same(void **state)
{
    struct wk_told anothers = tell(WK_SECURITY, "tenant.foreign"), nobodys = tell(WK_BUSINESS, "tenant.unknown");

    (void)state;
    assert_memory_equal(&anothers, &nobodys, sizeof nobodys);
}

static int64_t unlisted(void) { return wk_metric_value(wk_metric(WK_COUNTER, "wakala_errors_unlisted_total", NULL, "")); }

static void what_nobody_lists_is_told_by_its_class_and_counted(void **state)
{
    int64_t before = unlisted();
    struct wk_told told;

    (void)state;
    told = tell(WK_BUSINESS, "old.rule"); /* of a plugin from before the catalogue: its own message is all there is */
    assert_int_equal(told.status, 422);
    assert_string_equal(told.code, "old.rule");
    assert_string_equal(told.message, "cause: SELECT secret FROM row 4711");
    assert_int_equal(tell(WK_TRANSIENT, "old.weather").status, 503);
    assert_int_equal(tell(WK_SECURITY, "old.attack").status, 403);
    assert_string_equal(tell(WK_SYSTEM, "old.bug").code, "SYSTEM_ERROR");
    assert_int_equal(unlisted() - before, 4);
    assert_int_equal(tell(WK_SYSTEM, "db.unique").status, 500); /* listed, but not as this */
    assert_int_equal(unlisted() - before, 5);
    assert_int_equal(tell(WK_BUSINESS, "db.unique").status, 409);
    assert_int_equal(tell(WK_OK, NULL).status, 500); /* a hook that failed and said nothing */
    assert_int_equal(unlisted() - before, 5);
}

static void a_shorter_struct_is_not_overrun(void **state)
{
    struct {
        struct wk_told told;
        char after[8];
    } kept;
    struct wk_err err = {.cls = WK_SYSTEM, .code = "db.statement"};

    (void)state;
    memset(&kept, 0x55, sizeof kept);
    kept.told.size = offsetof(struct wk_told, text);
    wk_call_error_told(&call, &err, NULL, &kept.told);
    assert_string_equal(kept.told.code, "SYSTEM_ERROR");
    assert_int_equal(*(unsigned char *)&kept.told.text, 0x55);
}

static void languages_are_taken_from_the_header_in_its_order(void **state)
{
    struct wk_err err = {.cls = WK_SYSTEM, .code = "db.statement"};

    (void)state;
    assert_null(wk_told_language(&call, &err, NULL));
    assert_null(wk_told_language(&call, &err, ""));
    assert_null(wk_told_language(&call, &err, "sw, zu;q=0.5"));
    assert_string_equal(wk_told_language(&call, &err, "sw;q=0.9, EN-za;q=0.8"), "en");
    assert_null(wk_told_language(&call, &err, ",,;;,en0123456789abcdef-x, "));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_code_is_told_by_its_class), CASE(anothers_tenant_and_nobodys_look_the_same),
        CASE(what_nobody_lists_is_told_by_its_class_and_counted), CASE(a_shorter_struct_is_not_overrun),
        CASE(languages_are_taken_from_the_header_in_its_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
