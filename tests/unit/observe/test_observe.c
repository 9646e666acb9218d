/* Logs stay JSON whatever goes in, never block, and count what they drop; metrics survive a crash; traces are read strictly. */
#include "observe/log.h"
#include "observe/metric.h"
#include "observe/trace.h"
#include "share/share.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[64], file[96];

static int make_dir(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof dir, "/tmp/wk-observe-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    (void)snprintf(file, sizeof file, "%s/log", dir);
    return 0;
}
static int drop_dir(void **state)
{
    char old[128];

    (void)state;
    wk_log_close();
    (void)snprintf(old, sizeof old, "%s.1", file);
    (void)unlink(old);
    (void)unlink(file);
    return rmdir(dir);
}

/* The n-th line (from 0) as JSON; NULL past the end. The caller decrefs. */
static json_t *line_of(const char *path, size_t n)
{
    FILE *f = fopen(path, "re");
    char text[8192];
    json_t *found = NULL;

    assert_non_null(f);
    while (fgets(text, sizeof text, f))
        if (!n--) {
            json_error_t error;

            found = json_loads(text, 0, &error);
            if (!found)
                fail_msg("not JSON: %s: %s", error.text, text);
            break;
        }
    (void)fclose(f);
    return found;
}
static const char *member(const json_t *object, const char *key) { return json_string_value(json_object_get(object, key)); }

static void a_line_has_all_fields(void **state)
{
    struct wk_err err = {0};
    struct wk_log_fields f = {.plugin = "orders", .hook = "on_http", .tenant = "t-1", .trace_id = "abc", .span_id = "d",
                              .request_id = "r-9", .err = &err};
    json_t *j;

    (void)state;
    (void)wk_fail(&err, WK_TRANSIENT, "db.gone", "a \"quoted\"\nreason");
    assert_true(wk_log_open(file, WK_INFO, NULL));
    wk_log_line(WK_DEBUG, NULL, "not shown");
    wk_log_line(WK_WARN, &f, "it %s", "failed");
    j = line_of(file, 0);
    assert_string_equal(member(j, "level"), "warn");
    assert_string_equal(member(j, "msg"), "it failed");
    assert_string_equal(member(j, "plugin"), "orders");
    assert_string_equal(member(j, "tenant"), "t-1");
    assert_string_equal(member(j, "request_id"), "r-9");
    assert_string_equal(member(json_object_get(j, "err"), "class"), "transient");
    assert_string_equal(member(json_object_get(j, "err"), "message"), "a \"quoted\"\nreason");
    assert_int_equal(strlen(member(j, "ts")), 24);
    assert_int_equal(member(j, "ts")[10], 'T');
    assert_int_equal(member(j, "ts")[23], 'Z');
    json_decref(j);
}

static void anything_stays_one_json_line(void **state)
{
    char text[6000];
    struct wk_log_fields f = {.plugin = text, .hook = text, .tenant = text, .trace_id = text, .request_id = text};
    unsigned seed = 7;

    (void)state;
    assert_true(wk_log_open(file, WK_DEBUG, NULL));
    for (size_t round = 0; round < 300; round++) {
        size_t len = (size_t)rand_r(&seed) % sizeof text;
        json_t *j;

        for (size_t i = 0; i < len; i++)
            text[i] = (char)(1 + rand_r(&seed) % 255);
        text[len < sizeof text ? len : sizeof text - 1] = '\0';
        assert_int_equal(truncate(file, 0), 0);
        wk_log_line(WK_INFO, &f, "%zu %s", round, text);
        j = line_of(file, 0);
        assert_non_null(j);
        json_decref(j);
        j = line_of(file, 1);
        assert_null(j);
    }
}

static void control_characters_never_reach_a_terminal(void **state)
{
    char out[256];
    const char *in = "a\x1b[31m\x7f\xc2\x9b\xff\xed\xa0\x80\xc3\xa9";

    (void)state;
    (void)wk_log_escape(out, sizeof out, in, strlen(in));
    assert_string_equal(out, "a\\u001b[31m\\u007f\\u009b\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xc3\xa9");
    assert_int_equal(wk_log_escape(out, 4, "\xc3\xa9\xc3\xa9", 4), 2); /* whole characters only */
}

static void a_flood_is_counted_not_written(void **state)
{
    uint64_t before = wk_log_stats()->suppressed;
    json_t *j;

    (void)state;
    assert_true(wk_log_open(file, WK_INFO, NULL));
    for (int i = 0; i < 1000; i++)
        wk_log_line(WK_WARN, NULL, "connection %d lost", i);
    assert_true(wk_log_stats()->suppressed - before >= 970); /* a second may have passed in between */
    wk_log_close();
    j = line_of(file, 10);
    assert_non_null(j);
    assert_non_null(strstr(member(j, "msg"), "more lines like: connection 0 lost"));
    json_decref(j);
}

static void reopen_follows_logrotate(void **state)
{
    char old[128];
    json_t *j;

    (void)state;
    (void)snprintf(old, sizeof old, "%s.1", file);
    assert_true(wk_log_open(file, WK_INFO, NULL));
    wk_log_line(WK_INFO, NULL, "first");
    assert_int_equal(rename(file, old), 0);
    wk_log_reopen();
    wk_log_line(WK_INFO, NULL, "second");
    j = line_of(file, 0);
    assert_string_equal(member(j, "msg"), "second");
    json_decref(j);
}

static void a_stuck_pipe_drops_and_counts(void **state)
{
    uint64_t dropped = wk_log_stats()->dropped;
    int keep;

    (void)state;
    assert_int_equal(mkfifo(file, 0600), 0);
    keep = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(wk_log_open(file, WK_INFO, NULL));
    (void)alarm(20); /* a blocking write would hang here for ever */
    for (int i = 0; i < 500; i++)
        wk_log_line(WK_INFO, NULL, "%c%c %0512d", 'a' + i % 26, 'a' + i / 26, 0);
    (void)alarm(0);
    assert_true(wk_log_stats()->dropped - dropped > 100);
    (void)close(keep);
}

/* stderr is not ours to make non-blocking: a service manager that stops reading must not stop us. */
static void a_stuck_stderr_drops_and_counts(void **state)
{
    int fds[2], status;
    pid_t pid;

    (void)state;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pid = fork();
    if (!pid) {
        (void)dup2(fds[1], STDERR_FILENO);
        if (!wk_log_open(NULL, WK_INFO, NULL))
            _exit(1);
        (void)alarm(10);
        for (int i = 0; i < 500; i++)
            wk_log_line(WK_INFO, NULL, "%c%c %0512d", 'a' + i % 26, 'a' + i / 26, 0);
        _exit(wk_log_stats()->dropped > 100 ? 0 : 2);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

static void a_bad_path_is_said(void **state)
{
    struct wk_err err;

    (void)state;
    assert_false(wk_log_open("/nowhere/at/all", WK_INFO, &err));
    assert_string_equal(err.code, "log.open");
}

static void masks(void **state)
{
    char out[32];

    (void)state;
    assert_string_equal(wk_mask_text(out, sizeof out, "12025550101"), "*******0101");
    assert_string_equal(wk_mask_text(out, sizeof out, "12345678"), "********");
    assert_string_equal(wk_mask_text(out, sizeof out, ""), "");
    assert_string_equal(wk_mask_text(out, 4, "12025550101"), "***");
}

/* --- metrics ------------------------------------------------------------------------------------------------------------- */

static int make_share(void **state)
{
    *state = wk_share_create(NULL);
    return *state ? 0 : -1;
}
static int drop_share(void **state)
{
    wk_share_close(*state);
    return 0;
}

static void a_count_survives_its_worker(void **state)
{
    struct wk_metric *m = wk_metric(WK_COUNTER, "wakala_t_total", "plugin=\"x\"", "T.");
    int status;
    pid_t pid = fork();

    if (!pid) {
        struct wk_share *mine = wk_share_open(dup(wk_share_fd(*state)), 0, NULL);

        if (!mine)
            _exit(1);
        wk_metric_add(wk_metric(WK_COUNTER, "wakala_t_total", "plugin=\"x\"", "T."), 41);
        (void)kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    wk_metric_add(m, 1);
    wk_metric_add(m, -5); /* a counter never falls */
    assert_int_equal(wk_metric_value(m), 42);
}

static void text_is_grouped_and_cumulative(void **state)
{
    struct wk_metric *h = wk_metric(WK_HISTOGRAM, "wakala_a_seconds", "k=\"v\"", "How long.");
    size_t len;
    char *text;

    (void)state;
    wk_metric_add(wk_metric(WK_COUNTER, "wakala_a_total", "x=\"2\"", "Two\nlines."), 2);
    wk_metric_add(wk_metric(WK_COUNTER, "wakala_a_total_b", NULL, NULL), 3);
    wk_metric_add(wk_metric(WK_COUNTER, "wakala_a_total", "x=\"1\"", "Two\nlines."), 1);
    wk_metric_set(wk_metric(WK_GAUGE, "wakala_g", NULL, "G."), -4);
    wk_metric_observe(h, 0.0004);
    wk_metric_observe(h, 0.3);
    wk_metric_observe(h, 99);
    wk_metric_observe(h, NAN);
    text = wk_metric_text(&len);
    assert_non_null(text);
    assert_int_equal(strlen(text), len);
    assert_non_null(strstr(text, "# HELP wakala_a_total Two\\nlines.\n# TYPE wakala_a_total counter\n"
                                 "wakala_a_total{x=\"1\"} 1\nwakala_a_total{x=\"2\"} 2\n# TYPE wakala_a_total_b counter\n"
                                 "wakala_a_total_b 3\n"));
    assert_non_null(strstr(text, "wakala_a_seconds_bucket{k=\"v\",le=\"0.001\"} 2\n"));
    assert_non_null(strstr(text, "wakala_a_seconds_bucket{k=\"v\",le=\"0.25\"} 2\n"));
    assert_non_null(strstr(text, "wakala_a_seconds_bucket{k=\"v\",le=\"0.5\"} 3\n"));
    assert_non_null(strstr(text, "wakala_a_seconds_bucket{k=\"v\",le=\"+Inf\"} 4\nwakala_a_seconds_sum{k=\"v\"} 99.300400\n"
                                 "wakala_a_seconds_count{k=\"v\"} 4\n"));
    assert_non_null(strstr(text, "wakala_g -4\n"));
    free(text);
}

static void bad_names_and_floods_of_names_are_refused(void **state)
{
    char name[64];
    size_t len;
    char *text;

    (void)state;
    wk_metric_add(wk_metric(WK_COUNTER, "Bad-name", NULL, NULL), 1);
    wk_metric_add(wk_metric(WK_COUNTER, "wakala_x", NULL, NULL), 1);
    wk_metric_set(wk_metric(WK_GAUGE, "wakala_x", NULL, NULL), 77); /* a second kind */
    for (int i = 0; i < 9000; i++) {
        (void)snprintf(name, sizeof name, "wakala_n%d_total", i);
        wk_metric_add(wk_metric(WK_COUNTER, name, NULL, NULL), 1);
    }
    text = wk_metric_text(&len);
    assert_null(strstr(text, "Bad"));
    assert_non_null(strstr(text, "wakala_x 1\n"));
    assert_non_null(strstr(text, "wakala_metrics_refused_total "));
    free(text);
}

static void labels_are_escaped_and_whole(void **state)
{
    char out[64], small[16];

    (void)state;
    assert_string_equal(wk_metric_labels(out, sizeof out, "a", "x\"y\\z\n", "b", "2", NULL), "a=\"x\\\"y\\\\z\\n\",b=\"2\"");
    assert_string_equal(wk_metric_labels(small, sizeof small, "a", "1", "long", "0123456789", NULL), "a=\"1\"");
    assert_string_equal(wk_metric_labels(out, sizeof out, NULL), "");
}

/* --- traces -------------------------------------------------------------------------------------------------------------- */

static void traces_are_read_strictly(void **state)
{
    static const struct {
        const char *header;
        bool is_valid;
    } rows[] = {
        {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true},
        {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", true},
        {"00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false}, /* upper case */
        {"00-00000000000000000000000000000000-b7ad6b7169203331-01", false},
        {"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false},
        {"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false},
        {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x", false}, /* version 00 ends there */
        {"01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x", true},
        {"01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x", false},
        {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0", false},
        {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g", false},
        {"00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < WK_COUNT(rows); i++) {
        struct wk_trace t, child;
        char out[WK_TRACEPARENT_SIZE];

        assert_int_equal(wk_trace_begin(&t, rows[i].header, strlen(rows[i].header)), rows[i].is_valid);
        assert_int_equal(strlen(t.trace_id), 32);
        assert_int_equal(strlen(t.span_id), 16);
        if (rows[i].is_valid) {
            assert_memory_equal(t.trace_id, rows[i].header + 3, 32);
            assert_memory_equal(t.parent_id, rows[i].header + 36, 16);
            assert_string_not_equal(t.span_id, t.parent_id);
        } else {
            assert_string_equal(t.parent_id, "");
        }
        wk_trace_child(&child, &t);
        assert_string_equal(child.parent_id, t.span_id);
        assert_string_equal(child.trace_id, t.trace_id);
        assert_true(wk_trace_begin(&child, wk_trace_format(&t, out), WK_TRACEPARENT_SIZE - 1)); /* ours is valid */
    }
}

#define L(fn) cmocka_unit_test_setup_teardown(fn, make_dir, drop_dir)
#define M(fn) cmocka_unit_test_setup_teardown(fn, make_share, drop_share)
int main(void)
{
    const struct CMUnitTest tests[] = {
        L(a_line_has_all_fields),
        L(anything_stays_one_json_line),
        L(control_characters_never_reach_a_terminal),
        L(a_flood_is_counted_not_written),
        L(reopen_follows_logrotate),
        L(a_stuck_pipe_drops_and_counts),
        L(a_stuck_stderr_drops_and_counts),
        L(a_bad_path_is_said),
        cmocka_unit_test(masks),
        M(a_count_survives_its_worker),
        M(text_is_grouped_and_cumulative),
        M(bad_names_and_floods_of_names_are_refused),
        cmocka_unit_test(labels_are_escaped_and_whole),
        cmocka_unit_test(traces_are_read_strictly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
