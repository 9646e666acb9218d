/* Watching: the dead are replaced and blamed, the hung ended, the greedy recycled; stop drains; probes answer. */
#include "harness.h"
#include "master/client.h"
#include "master/master.h"
#include "master/pidfile.h"
#include "master/socket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
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

static pid_t pid_of(const char *answer) { return (pid_t)strtol(answer, NULL, 10); }

static const char *member(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s ? s : "";
}

/* Ask until somebody answers; how long that took. */
static int64_t until_served(struct lab *lab, int ms)
{
    int64_t begin = now_ms();
    char answer[128];

    while (now_ms() - begin < ms) {
        int fd = lab_dial(lab->port);
        bool is_served = fd >= 0 && lab_talk(fd, "who\n", answer, sizeof answer, 300);

        if (fd >= 0)
            (void)close(fd);
        if (is_served)
            return now_ms() - begin;
    }
    return ms + 1;
}

static void say_and_lose(struct lab *lab, const char *line, int ms)
{
    char answer[128];
    int fd = lab_dial(lab->port);

    assert_true(fd >= 0);
    assert_false(lab_talk(fd, line, answer, sizeof answer, ms));
    (void)close(fd);
}

static void a_crashed_worker_is_replaced_and_blamed(void **state)
{
    struct lab *lab = *state;
    json_t *status;
    const json_t *crash;

    lab_set(lab, 1, 2000, 2000, "good");
    lab_start(lab);
    say_and_lose(lab, "crash must\n", 3000);
    assert_in_range(until_served(lab, 3000), 0, 1500); /* under the sanitizers; without them tens of milliseconds */
    status = lab_ask(lab, "status");
    crash = json_array_get(json_object_get(status, "crashes"), 0);
    assert_string_equal(member(crash, "plugin"), "must");
    assert_string_equal(member(crash, "plugin_version"), "1.2.3");
    assert_string_equal(member(crash, "plugin_build"), "b00");
    assert_string_equal(member(crash, "hook"), "on_http");
    assert_string_equal(member(crash, "ref"), "on-test");
    assert_string_equal(member(crash, "reason"), "SIGSEGV");
    assert_string_equal(member(crash, "build"), "build-good");
    assert_string_equal(member(crash, "tenant"), "aa010000-0000-0000-0000-000000000000");
    assert_string_equal(member(crash, "message"), "bb020000-0000-0000-0000-000000000000");
    assert_true(json_is_false(json_object_get(crash, "message_set_aside")));
    assert_int_equal(json_integer_value(json_object_get(status, "serving")), 1);
    json_decref(status);
    say_and_lose(lab, "crash must\n", 3000); /* the same message again */
    assert_in_range(until_served(lab, 3000), 0, 1500);
    status = lab_ask(lab, "status");
    assert_true(json_is_true(json_object_get(json_array_get(json_object_get(status, "crashes"), 0), "message_set_aside")));
    json_decref(status);
    assert_true(lab_log_has(lab, "The message is set aside"));
}

static void a_hung_worker_is_ended_and_its_hook_named(void **state)
{
    struct lab *lab = *state;
    int64_t begin;
    json_t *status;
    char body[4096];

    lab_set(lab, 1, 2000, 800, "good");
    lab_start(lab);
    begin = now_ms();
    say_and_lose(lab, "hang must\n", 3000); /* the connection ends with the worker */
    assert_in_range(now_ms() - begin, 500, 800); /* within the deadline, not from it on */
    assert_in_range(until_served(lab, 3000), 0, 1500);
    status = lab_ask(lab, "status");
    assert_string_equal(member(json_array_get(json_object_get(status, "crashes"), 0), "reason"), "SIGKILL, its loop stood still");
    assert_string_equal(member(json_array_get(json_object_get(status, "crashes"), 0), "hook"), "on_message");
    json_decref(status);
    assert_true(lab_log_has(lab, "in plugin must, on_message (on-test)"));
    assert_int_equal(lab_http(lab->admin_port, "/healthz", body, sizeof body), 200);
}

static void probes_answer_while_workers_hang(void **state)
{
    struct lab *lab = *state;
    char body[65536];
    pid_t pid;
    int fd;

    lab_set(lab, 1, 2000, 1000, "good");
    lab_start(lab);
    assert_int_equal(lab_http(lab->admin_port, "/healthz", body, sizeof body), 200);
    assert_int_equal(lab_http(lab->admin_port, "/readyz", body, sizeof body), 200);
    assert_non_null(strstr(body, "\"postgres\""));
    assert_int_equal(lab_http(lab->admin_port, "/nothing", body, sizeof body), 404);
    fd = lab_dial(lab->port);
    assert_true(lab_talk(fd, "who\n", body, sizeof body, 2000));
    pid = pid_of(body);
    assert_int_equal(kill(pid, SIGSTOP), 0);
    nap(500);
    assert_int_equal(lab_http(lab->admin_port, "/metrics", body, sizeof body), 200);
    assert_non_null(strstr(body, "wakala_generation 1\n"));
    assert_non_null(strstr(body, "wakala_worker_heartbeat_age_seconds{worker=\"0\"} 0."));
    for (int64_t end = now_ms() + 3000; now_ms() < end && kill(pid, 0) == 0;)
        nap(20);
    assert_int_equal(kill(pid, 0), -1); /* ended */
    (void)close(fd);
    assert_in_range(until_served(lab, 3000), 0, 1500);
    assert_int_equal(lab_http(lab->admin_port, "/metrics", body, sizeof body), 200);
    assert_non_null(strstr(body, "wakala_worker_deaths_total{plugin=\"host\"} 1\n"));
}

static void a_missing_database_makes_it_not_ready(void **state)
{
    struct lab *lab = *state;
    char body[4096];

    lab_set(lab, 1, 2000, 2000, "nodb");
    lab_start(lab);
    assert_int_equal(lab_http(lab->admin_port, "/readyz", body, sizeof body), 503);
    assert_non_null(strstr(body, "\"ready\": false"));
    assert_int_equal(lab_http(lab->admin_port, "/healthz", body, sizeof body), 200);
}

static void a_crashing_plugin_is_quarantined(void **state)
{
    struct lab *lab = *state;
    json_t *status = NULL;
    bool is_out = false;

    lab_set(lab, 1, 2000, 2000, "good");
    lab_start(lab);
    for (int i = 0; i < 3; i++) {
        assert_in_range(until_served(lab, 5000), 0, 5000);
        say_and_lose(lab, "crash bad\n", 3000);
    }
    for (int64_t end = now_ms() + 5000; now_ms() < end && !is_out; nap(50)) {
        status = lab_ask(lab, "status");
        is_out = json_integer_value(json_object_get(status, "serving")) == 2;
        if (!is_out)
            json_decref(status);
    }
    assert_true(is_out);
    assert_string_equal(json_string_value(json_array_get(json_object_get(status, "quarantine"), 0)), "bad");
    assert_string_equal(member(json_object_get(status, "reload"), "what"), "quarantine");
    json_decref(status);
    assert_in_range(until_served(lab, 3000), 0, 3000);
    assert_true(lab_reload(lab)); /* a person's reload gives it another chance */
    status = lab_ask(lab, "status");
    assert_int_equal(json_array_size(json_object_get(status, "quarantine")), 0);
    json_decref(status);
}

static void a_required_plugin_that_crashes_rolls_back(void **state)
{
    struct lab *lab = *state;
    char answer[128], mode[32] = "";

    lab_set(lab, 1, 2000, 2000, "old");
    lab_start(lab);
    lab_set(lab, 1, 2000, 2000, "new");
    assert_true(lab_reload(lab));
    for (int i = 0; i < 3; i++) {
        assert_in_range(until_served(lab, 5000), 0, 5000);
        say_and_lose(lab, "crash must\n", 3000);
    }
    for (int64_t end = now_ms() + 5000; now_ms() < end && strcmp(mode, "old") != 0; nap(50)) {
        int fd = lab_dial(lab->port);

        if (fd >= 0 && lab_talk(fd, "who\n", answer, sizeof answer, 500))
            (void)sscanf(answer, "%*d %*u %31s", mode);
        (void)close(fd);
    }
    assert_string_equal(mode, "old");
}

static void a_greedy_worker_is_replaced_without_a_gap(void **state)
{
    struct lab *lab = *state;
    char before[128], answer[128];
    int fd, fd2;
    bool is_new = false;
    const json_t *recycle;
    json_t *status;

    lab_set(lab, 1, 2000, 2000, "small"); /* 300 MB */
    lab_start(lab);
    fd = lab_dial(lab->port);
    assert_true(lab_talk(fd, "who\n", before, sizeof before, 2000));
    assert_true(lab_talk(fd, "eat 400\n", answer, sizeof answer, 8000));
    for (int64_t end = now_ms() + 8000; now_ms() < end && !is_new; nap(20)) {
        fd2 = lab_dial(lab->port);
        assert_true(fd2 >= 0);
        assert_true(lab_talk(fd2, "who\n", answer, sizeof answer, 2000)); /* never refused, never cut */
        is_new = pid_of(answer) != pid_of(before);
        (void)close(fd2);
    }
    assert_true(is_new);
    assert_true(lab_talk(fd, "who\n", answer, sizeof answer, 2000)); /* its old connection came along */
    assert_int_not_equal(pid_of(answer), pid_of(before));
    (void)close(fd);
    assert_true(lab_log_has(lab, "Suspect: plugin eater"));
    assert_int_equal(lab_crashes(lab), 0);
    status = lab_ask(lab, "status");
    recycle = json_array_get(json_object_get(status, "recycles"), 0);
    assert_int_equal(json_integer_value(json_object_get(status, "recycles_total")), 1);
    assert_int_equal(json_integer_value(json_object_get(recycle, "pid")), pid_of(before));
    assert_string_equal(member(recycle, "suspect"), "eater");
    assert_int_equal(json_integer_value(json_object_get(recycle, "kept_bytes")), INT64_C(400) << 20);
    json_decref(status);
}

static void a_terminated_worker_is_simply_replaced(void **state)
{
    struct lab *lab = *state;
    char answer[128];
    int fd;

    lab_set(lab, 1, 2000, 2000, "good");
    lab_start(lab);
    fd = lab_dial(lab->port);
    assert_true(lab_talk(fd, "who\n", answer, sizeof answer, 2000));
    assert_int_equal(kill(pid_of(answer), SIGKILL), 0);
    (void)close(fd);
    assert_in_range(until_served(lab, 4000), 0, 1500);
    assert_int_equal(lab_crashes(lab), 1);
}

static void sigterm_finishes_what_is_in_progress(void **state)
{
    struct lab *lab = *state;
    char answer[128], path[256];
    struct stat st;
    int fd;

    lab_set(lab, 2, 4000, 2000, "good");
    lab_start(lab);
    fd = lab_dial(lab->port);
    assert_false(lab_talk(fd, "slow 700\n", answer, sizeof answer, 100));
    assert_int_equal(kill(lab->master, SIGTERM), 0);
    assert_true(lab_talk(fd, "", answer, sizeof answer, 3000)); /* the answer still comes */
    (void)close(fd);
    assert_int_equal(lab_wait(lab, 5000), 0);
    assert_int_equal(lab_dial(lab->port), -1);
    (void)snprintf(path, sizeof path, "%s/wakala.pid", lab->run);
    assert_int_equal(stat(path, &st), -1);
    (void)snprintf(path, sizeof path, "%s/control.sock", lab->run);
    assert_int_equal(stat(path, &st), -1);
    assert_int_equal(lab_gen_dirs(lab), 0);
}

static void a_worker_that_will_not_stop_is_ended(void **state)
{
    struct lab *lab = *state;

    lab_set(lab, 1, 600, 2000, "deaf");
    lab_start(lab);
    assert_int_equal(kill(lab->master, SIGINT), 0);
    assert_int_equal(lab_wait(lab, 4000), 0);
}

static void workers_die_with_their_master(void **state)
{
    struct lab *lab = *state;
    char answer[128];
    int fd;

    lab_start(lab);
    fd = lab_dial(lab->port);
    assert_true(lab_talk(fd, "who\n", answer, sizeof answer, 2000));
    assert_int_equal(kill(lab->master, SIGKILL), 0);
    assert_int_equal(lab_wait(lab, 3000), 1000 + SIGKILL);
    for (int64_t end = now_ms() + 3000; now_ms() < end && kill(pid_of(answer), 0) == 0;)
        nap(20);
    assert_int_equal(kill(pid_of(answer), 0), -1);
    (void)close(fd);
    lab_start(lab); /* what the killed one left does not disturb */
    assert_in_range(until_served(lab, 2000), 0, 2000);
}

static void a_first_start_that_fails_ends_with_one(void **state)
{
    struct lab *lab = *state;

    lab_set(lab, 2, 2000, 2000, "refuse");
    lab_start_only(lab);
    assert_int_equal(lab_wait(lab, 5000), 1);
    assert_true(lab_log_has(lab, "10-bad.conf:3: colour: unknown setting"));
}

static void a_taken_port_names_its_holder(void **state)
{
    struct lab *lab = *state;
    char expected[64], holder[256];
    int fd = wk_socket_bind(lab->listen, NULL);
    struct wk_err err;

    assert_true(fd >= 0);
    assert_int_equal(wk_socket_bind(lab->listen, &err), -1);
    (void)snprintf(expected, sizeof expected, "is taken by pid %d (", (int)getpid());
    assert_non_null(strstr(err.msg, expected));
    assert_non_null(strstr(err.msg, "test_master_watch"));
    lab_start_only(lab);
    assert_int_equal(lab_wait(lab, 5000), 1);
    assert_true(lab_log_has(lab, expected));
    (void)close(fd);
    assert_false(wk_socket_holder(lab->port, holder, sizeof holder));
    assert_int_equal(wk_socket_bind("nonsense", &err), -1);
    assert_string_equal(err.code, "master.address");
    assert_int_equal(wk_socket_bind("127.0.0.1", &err), -1);
    assert_string_equal(err.code, "master.address");
}

static void two_masters_never_share_a_directory(void **state)
{
    struct lab *lab = *state, second;
    char expected[128], path[256];

    lab_start(lab);
    second = *lab;
    lab_start_only(&second);
    assert_int_equal(lab_wait(&second, 5000), 1);
    (void)snprintf(expected, sizeof expected, "wakala is running already with this run directory: pid %d", (int)lab->master);
    assert_true(lab_log_has(lab, expected));
    (void)snprintf(path, sizeof path, "%s/wakala.pid", lab->run);
    assert_int_equal(wk_pidfile_read(path), lab->master);
    assert_true(lab_reload(lab)); /* the first is unharmed: its socket is still its own */
}

static void nobody_else_may_give_orders(void **state)
{
    struct lab *lab = *state;
    char path[256];
    struct stat st;
    struct wk_err err;

    lab_start(lab);
    (void)snprintf(path, sizeof path, "%s/control.sock", lab->run);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_null(wk_client_ask("/nowhere", "status", 1000, &err));
    assert_string_equal(err.code, "master.not_running");
}

static void sigusr1_reopens_the_log(void **state)
{
    struct lab *lab = *state;
    char old[256];
    struct stat st;

    lab_start(lab);
    (void)snprintf(old, sizeof old, "%s.1", lab->log);
    assert_int_equal(rename(lab->log, old), 0);
    assert_int_equal(kill(lab->master, SIGUSR1), 0);
    nap(100);
    assert_true(lab_reload(lab));
    assert_int_equal(stat(lab->log, &st), 0);
    assert_true(lab_log_has(lab, "generation 2 serves"));
}

static void bad_worker_arguments_are_refused(void **state)
{
    static char *const good[] = {"wakala", "worker", "--generation=4", "--index=1", "--slot=2", "--workers=3", "--rehearsal=0",
                                 "--drain-ms=100", "--share-fd=3", "--ready-fd=4", "--control-fd=5", "--adopt-fd=6",
                                 "--listen-fds=7,8", "--dir=/x/gen-4", "--build=abc"};
    static const struct {
        size_t place;
        const char *text;
    } bad[] = {{4, "--slot=99999"}, {4, "--slot=-1"}, {4, "--slot="}, {8, "--share-fd=x"}, {12, "--listen-fds=7,,8"},
               {12, "--listen-fds=1,2,3,4,5,6,7,8,9"}, {13, "--dri=/x"}, {14, "extra"}};
    struct wk_worker_args args;
    struct wk_err err;
    char *argv[WK_COUNT(good)], text[128];

    (void)state;
    memcpy(argv, good, sizeof good);
    assert_true(wk_worker_args_parse((int)WK_COUNT(good), argv, &args, &err));
    assert_int_equal(args.generation, 4);
    assert_int_equal(args.n_listen, 2);
    assert_int_equal(args.listen_fds[1], 8);
    assert_string_equal(args.dir, "/x/gen-4");
    for (size_t i = 0; i < WK_COUNT(bad); i++) {
        memcpy(argv, good, sizeof good);
        (void)snprintf(text, sizeof text, "%s", bad[i].text);
        argv[bad[i].place] = text;
        assert_false(wk_worker_args_parse((int)WK_COUNT(good), argv, &args, &err));
    }
    for (int n = 2; n < (int)WK_COUNT(good); n++) /* every one of them is needed, but the sockets */
        assert_false(wk_worker_args_parse(n, argv, &args, &err));
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, make, drop)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_crashed_worker_is_replaced_and_blamed),
        T(a_hung_worker_is_ended_and_its_hook_named),
        T(probes_answer_while_workers_hang),
        T(a_missing_database_makes_it_not_ready),
        T(a_crashing_plugin_is_quarantined),
        T(a_required_plugin_that_crashes_rolls_back),
        T(a_greedy_worker_is_replaced_without_a_gap),
        T(a_terminated_worker_is_simply_replaced),
        T(sigterm_finishes_what_is_in_progress),
        T(a_worker_that_will_not_stop_is_ended),
        T(workers_die_with_their_master),
        T(a_first_start_that_fails_ends_with_one),
        T(a_taken_port_names_its_holder),
        T(two_masters_never_share_a_directory),
        T(nobody_else_may_give_orders),
        T(sigusr1_reopens_the_log),
        cmocka_unit_test(bad_worker_arguments_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
