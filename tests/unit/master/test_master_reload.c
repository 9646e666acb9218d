/* Reloads: nothing is dropped, a bad one changes nothing and says why, storms coalesce, rollback goes back. */
#include "harness.h"
#include "master/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int make(void **state)
{
    *state = lab_create();
    return 0;
}
static int drop(void **state)
{
    lab_destroy(*state);
    return 0;
}

static const char *text_of(const json_t *verdict, size_t i)
{
    const char *text = json_string_value(json_array_get(json_object_get(verdict, "problems"), i));

    return text ? text : "";
}

/* A process of clients: half keep their connections, half open a new one each time. Exits with 1 at the first error. */
static pid_t clients(const struct lab *lab, const int stop[2])
{
    pid_t pid = fork();
    int kept[8], fd;
    char answer[128], probe;
    unsigned long served = 0;

    if (pid)
        return pid;
    for (int sig = 1; sig < NSIG; sig++)
        (void)signal(sig, SIG_DFL);
    (void)close(stop[1]);
    (void)alarm(100);
    for (int i = 0; i < 8; i++)
        kept[i] = lab_dial(lab->port);
    while (read(stop[0], &probe, 1) < 0) { /* non-blocking: EAGAIN until the parent closes */
        for (int i = 0; i < 8; i++, served++)
            if (!lab_talk(kept[i], "who\n", answer, sizeof answer, 3000)) {
                (void)fprintf(stderr, "kept connection %d failed after %lu answers\n", i, served);
                _exit(1);
            }
        for (int i = 0; i < 4; i++, served++) {
            fd = lab_dial(lab->port);
            if (fd < 0 || !lab_talk(fd, "who\n", answer, sizeof answer, 3000)) {
                (void)fprintf(stderr, "new connection failed after %lu answers\n", served);
                _exit(1);
            }
            (void)close(fd);
        }
        nap(1);
    }
    _exit(served > 1000 ? 0 : 2);
}

static void a_hundred_reloads_drop_nothing(void **state)
{
    struct lab *lab = *state;
    int stop[2], status, idle;
    char answer[128], who[128];
    unsigned generation = 0;
    size_t fds;
    pid_t pid;

    lab_start(lab);
    idle = lab_dial(lab->port); /* says one thing and then sits there for all hundred */
    assert_true(lab_talk(idle, "who\n", answer, sizeof answer, 2000));
    assert_int_equal(pipe2(stop, O_NONBLOCK | O_CLOEXEC), 0);
    pid = clients(lab, stop);
    (void)close(stop[0]);
    assert_true(lab_reload(lab));
    fds = lab_fds(lab);
    for (int i = 0; i < 99; i++)
        assert_true(lab_reload(lab));
    assert_int_equal(lab_serving(lab), 101);
    (void)close(stop[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_true(lab_talk(idle, "who\n", who, sizeof who, 2000));
    assert_int_equal(sscanf(who, "%*d %u", &generation), 1);
    assert_int_equal(generation, 101);
    (void)close(idle);
    for (int64_t end = now_ms() + 5000; now_ms() < end && (lab_fds(lab) > fds + 4 || lab_gen_dirs(lab) > 2);)
        nap(50);
    assert_true(lab_fds(lab) <= fds + 4); /* a control client or two of our own */
    assert_int_equal(lab_gen_dirs(lab), 2); /* the serving one and the one to go back to */
    assert_int_equal(lab_crashes(lab), 0);
}

static void a_refused_one_changes_nothing_and_says_why(void **state)
{
    struct lab *lab = *state;
    json_t *verdict;
    int fd;
    char before[128], after[128];

    lab_start(lab);
    fd = lab_dial(lab->port);
    assert_true(lab_talk(fd, "who\n", before, sizeof before, 2000));
    lab_set(lab, 2, 2000, 2000, "refuse");
    verdict = lab_ask(lab, "reload");
    assert_true(json_is_false(json_object_get(verdict, "ok")));
    assert_string_equal(json_string_value(json_object_get(verdict, "plugin")), "bad");
    /* the operator's file, not the snapshot's */
    assert_string_equal(text_of(verdict, 0), "/etc/wakala/wakala.d/10-bad.conf:3: colour: unknown setting");
    assert_string_equal(text_of(verdict, 1), "second problem");
    assert_int_equal(json_integer_value(json_object_get(verdict, "serving")), 1);
    json_decref(verdict);
    assert_true(lab_talk(fd, "who\n", after, sizeof after, 2000));
    assert_string_equal(before, after);
    (void)close(fd);
    lab_set(lab, 2, 2000, 2000, "good");
    assert_true(lab_reload(lab)); /* and it is not stuck */
}

static void a_bad_file_is_named_with_its_line(void **state)
{
    struct lab *lab = *state;
    json_t *verdict;
    FILE *f;
    char expected[256];

    lab_start(lab);
    f = fopen(lab->conf, "we");
    (void)fputs("nonsense\n", f);
    (void)fclose(f);
    verdict = lab_ask(lab, "reload");
    assert_true(json_is_false(json_object_get(verdict, "ok")));
    (void)snprintf(expected, sizeof expected, "%s:1: workers drain heartbeat mode expected", lab->conf);
    assert_string_equal(text_of(verdict, 0), expected);
    json_decref(verdict);
    assert_int_equal(lab_serving(lab), 1);
}

static void a_crash_while_loading_names_plugin_and_phase(void **state)
{
    struct lab *lab = *state;
    json_t *verdict;

    lab_start(lab);
    lab_set(lab, 2, 2000, 2000, "dies");
    verdict = lab_ask(lab, "reload");
    assert_true(json_is_false(json_object_get(verdict, "ok")));
    assert_string_equal(json_string_value(json_object_get(verdict, "plugin")), "bad");
    assert_string_equal(text_of(verdict, 0), "plugin bad 1.2.3: the worker died in open: SIGSEGV");
    json_decref(verdict);
    assert_int_equal(lab_serving(lab), 1);
}

static void a_hang_while_loading_is_ended(void **state)
{
    struct lab *lab = *state;
    json_t *verdict;

    lab_start(lab);
    lab_set(lab, 2, 2000, 2000, "sleeps");
    verdict = lab_ask(lab, "reload");
    assert_string_equal(text_of(verdict, 0), "plugin bad 1.2.3: the worker died in open: SIGKILL, was not ready in time");
    json_decref(verdict);
    assert_int_equal(lab_serving(lab), 1);
}

static void one_bad_worker_refuses_the_whole_generation(void **state)
{
    struct lab *lab = *state;
    char answer[128], mode[32];
    json_t *verdict;
    long refused = 0;

    lab_start(lab);
    lab_set(lab, 3, 2000, 2000, "half");
    assert_int_equal(kill(lab->master, SIGHUP), 0);
    for (int64_t end = now_ms() + 5000; now_ms() < end && !refused; nap(5)) { /* nobody of it ever answers */
        int fd = lab_dial(lab->port);

        assert_true(lab_talk(fd, "who\n", answer, sizeof answer, 2000));
        assert_int_equal(sscanf(answer, "%*d %*u %31s", mode), 1);
        assert_string_equal(mode, "good");
        (void)close(fd);
        verdict = lab_ask(lab, "status");
        if (json_is_false(json_object_get(json_object_get(verdict, "reload"), "ok"))) {
            assert_string_equal(text_of(json_object_get(verdict, "reload"), 0), "only the second one fails");
            refused = 1;
        }
        json_decref(verdict);
    }
    assert_int_equal(refused, 1);
}

static void a_storm_costs_few_reloads(void **state)
{
    struct lab *lab = *state;
    long serving;

    lab_start(lab);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(kill(lab->master, SIGHUP), 0);
        nap(1);
    }
    assert_true(lab_reload(lab)); /* comes after the storm */
    serving = lab_serving(lab);
    assert_in_range(serving, 3, 25); /* at least the storm's and ours; far fewer than fifty */
}

static void who_asks_during_a_reload_gets_the_next_verdict(void **state)
{
    struct lab *lab = *state;
    pid_t pid;
    int status;

    lab_start(lab);
    lab_set(lab, 2, 2000, 2000, "sleeps"); /* runs 1.5 s, then is refused */
    pid = fork();
    if (!pid) {
        json_t *verdict = wk_client_ask(lab->run, "reload", 10000, NULL);

        _exit(json_is_false(json_object_get(verdict, "ok")) ? 0 : 1);
    }
    nap(400);
    lab_set(lab, 2, 2000, 2000, "good");
    assert_true(lab_reload(lab)); /* of the good file, though asked while the bad one ran */
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(lab_serving(lab), 3);
}

static void rollback_goes_to_the_earlier_snapshot(void **state)
{
    struct lab *lab = *state;
    json_t *verdict;
    char answer[128], mode[32];
    int fd;

    lab_set(lab, 1, 2000, 2000, "first");
    lab_start(lab);
    verdict = lab_ask(lab, "rollback");
    assert_string_equal(text_of(verdict, 0), "there is no earlier generation to go back to");
    json_decref(verdict);
    lab_set(lab, 1, 2000, 2000, "second");
    assert_true(lab_reload(lab));
    lab_set(lab, 1, 2000, 2000, "refuse"); /* what lies in the files now does not matter */
    verdict = lab_ask(lab, "rollback");
    assert_true(json_is_true(json_object_get(verdict, "ok")));
    assert_string_equal(json_string_value(json_object_get(verdict, "what")), "rollback");
    json_decref(verdict);
    fd = lab_dial(lab->port);
    assert_true(lab_talk(fd, "who\n", answer, sizeof answer, 2000));
    assert_int_equal(sscanf(answer, "%*d %*u %31s", mode), 1);
    assert_string_equal(mode, "first");
    (void)close(fd);
}

static void an_old_generation_that_does_not_finish_is_ended(void **state)
{
    struct lab *lab = *state;
    char answer[128];
    int fd;
    size_t left = 2;

    lab_set(lab, 1, 700, 2000, "good");
    lab_start(lab);
    fd = lab_dial(lab->port);
    assert_false(lab_talk(fd, "slow 30000\n", answer, sizeof answer, 100));
    assert_true(lab_reload(lab));
    for (int64_t end = now_ms() + 3000; now_ms() < end && left > 1; nap(50)) {
        json_t *status = lab_ask(lab, "status");

        left = json_array_size(json_object_get(status, "generations"));
        json_decref(status);
    }
    assert_int_equal(left, 1);
    assert_true(lab_log_has(lab, "has not finished within 700 ms"));
    assert_int_equal(lab_crashes(lab), 0); /* our own kill is no crash */
    (void)close(fd);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, make, drop)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_refused_one_changes_nothing_and_says_why),
        T(a_bad_file_is_named_with_its_line),
        T(a_crash_while_loading_names_plugin_and_phase),
        T(a_hang_while_loading_is_ended),
        T(one_bad_worker_refuses_the_whole_generation),
        T(a_storm_costs_few_reloads),
        T(who_asks_during_a_reload_gets_the_next_verdict),
        T(rollback_goes_to_the_earlier_snapshot),
        T(an_old_generation_that_does_not_finish_is_ended),
        T(a_hundred_reloads_drop_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
