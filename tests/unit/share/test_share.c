/* The share outlives whoever wrote into it: slots, blame, budget, wakes, poison, tags, seen from another process. */
#include "share/control.h"
#include "share/share.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int make(void **state)
{
    struct wk_err err;

    *state = wk_share_create(&err);
    return *state ? 0 : -1;
}
static int drop(void **state)
{
    wk_share_close(*state);
    return 0;
}

/* Runs fn in a process that owns `slot`, then ends it by `sig` (0: exits). */
static void in_worker(struct wk_share *master, uint32_t slot, void (*fn)(struct wk_share *share), int sig)
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (!pid) {
        struct wk_share *mine = wk_share_open(dup(wk_share_fd(master)), slot, NULL);

        if (!mine)
            _exit(9);
        fn(mine);
        (void)signal(SIGSEGV, SIG_DFL); /* cmocka catches it */
        if (sig)
            (void)kill(getpid(), sig);
        _exit(0);
    }
    wk_share_slot_set_pid(master, slot, pid);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (sig)
        assert_int_equal(WTERMSIG(status), sig);
    else
        assert_int_equal(WEXITSTATUS(status), 0);
}

static uint32_t take(struct wk_share *share, uint32_t generation, uint32_t index)
{
    int slot = wk_share_slot_take(share, generation, index);

    assert_true(slot >= 0);
    return (uint32_t)slot;
}

static const struct wk_uuid tenant = {{1, 2, 3}}, message = {{9, 9, 9}}, other = {{7}};

static void die_in_a_nested_hook(struct wk_share *share)
{
    wk_share_set_state(share, WK_SLOT_READY);
    wk_blame_enter("orders", "on_http", &tenant, &message, "POST /v1/orders");
    wk_blame_enter("payments", "start", NULL, NULL, NULL);
}

static void blame_is_read_after_sigkill(void **state)
{
    struct wk_blame blame;
    uint32_t slot = take(*state, 3, 1);

    in_worker(*state, slot, die_in_a_nested_hook, SIGKILL);
    assert_true(wk_share_slot_blame(*state, slot, &blame));
    assert_int_equal(blame.depth, 2);
    assert_string_equal(blame.frame[1].plugin, "payments");
    assert_string_equal(blame.frame[1].hook, "start");
    assert_string_equal(blame.frame[1].ref, "POST /v1/orders"); /* inherited from the frame below */
    assert_true(wk_uuid_equal(&blame.frame[1].tenant, &tenant));
    assert_true(wk_uuid_equal(&blame.frame[1].message, &message));
    wk_share_slot_free(*state, slot);
    assert_false(wk_share_slot_blame(*state, slot, &blame));
}

static void park_and_run_another(struct wk_share *share)
{
    struct wk_blame parked;

    (void)share;
    wk_blame_enter("orders", "on_http", &tenant, &message, NULL);
    for (int i = 0; i < 12; i++) /* deeper than the slot can name */
        wk_blame_enter("flow", "node", NULL, NULL, NULL);
    for (int i = 0; i < 12; i++)
        wk_blame_leave();
    wk_blame_save(&parked);
    wk_blame_enter("drivers", "on_event", NULL, &other, NULL);
    wk_blame_leave();
    wk_blame_restore(&parked);
}

static void a_parked_fiber_takes_its_blame_with_it(void **state)
{
    struct wk_blame blame;
    uint32_t slot = take(*state, 1, 0);

    in_worker(*state, slot, park_and_run_another, SIGSEGV);
    assert_true(wk_share_slot_blame(*state, slot, &blame));
    assert_int_equal(blame.depth, 1);
    assert_string_equal(blame.frame[0].plugin, "orders");
}

static void park(struct wk_share *share)
{
    static struct wk_blame parked;

    (void)share;
    wk_blame_enter("orders", "on_http", &tenant, &message, NULL);
    wk_blame_save(&parked);
}

static void who_waits_is_not_to_blame(void **state)
{
    struct wk_blame blame;
    uint32_t slot = take(*state, 1, 0);

    in_worker(*state, slot, park, SIGKILL);
    assert_false(wk_share_slot_blame(*state, slot, &blame));
}

static void leave_everything(struct wk_share *share)
{
    struct wk_blame none;

    (void)share;
    wk_blame_enter("orders", "on_http", NULL, NULL, NULL);
    wk_blame_leave();
    wk_blame_leave(); /* one too many must not wrap round */
    wk_blame_save(&none);
    wk_blame_restore(&none);
}

static void no_hook_no_blame(void **state)
{
    struct wk_blame blame;
    uint32_t slot = take(*state, 1, 0);

    in_worker(*state, slot, leave_everything, SIGKILL);
    assert_false(wk_share_slot_blame(*state, slot, &blame));
}

static void report(struct wk_share *share)
{
    wk_share_set_state(share, WK_SLOT_READY);
    wk_share_set_load(share, 3, 2, 40);
    wk_share_set_dep(share, "postgres", true, false, 4);
    wk_share_set_dep(share, "redis", false, true, 0);
    wk_share_set_dep(share, "postgres", false, false, 9);
    wk_share_suspect(share, "catalog", 4096);
    wk_share_suspect(share, "catalog", 4096);
    wk_share_suspect(share, "a-name-that-is-longer-than-the-cell-it-goes-into", 1);
    wk_share_suspect(share, "a-name-that-is-longer-than-the-cell-it-goes-into", 1);
}

static void a_slot_shows_what_its_worker_said(void **state)
{
    struct wk_slot_info info;
    uint32_t slot = take(*state, 5, 2);

    in_worker(*state, slot, report, 0);
    assert_true(wk_share_slot_get(*state, slot, &info));
    assert_int_equal(info.generation, 5);
    assert_int_equal(info.index, 2);
    assert_int_equal(info.state, WK_SLOT_READY);
    assert_int_equal(info.conns_idle, 3);
    assert_int_equal(info.fibers, 40);
    assert_string_equal(info.dep[0].name, "postgres");
    assert_false(info.dep[0].is_ok);
    assert_int_equal(info.dep[0].latency_ms, 9);
    assert_string_equal(info.dep[1].name, "redis");
    assert_string_equal(info.dep[2].name, "");
    assert_int_equal(info.suspect[0].bytes, 8192);
    assert_int_equal(info.suspect[1].bytes, 2); /* cut, but found again */
    assert_true(wk_share_mono_us() - info.heartbeat_us < 5000000);
    wk_share_slot_free(*state, slot);
    assert_false(wk_share_slot_get(*state, slot, &info));
    assert_false(wk_share_slot_get(*state, WK_SHARE_SLOTS, &info));
}

static void slots_end(void **state)
{
    for (uint32_t i = 0; i < WK_SHARE_SLOTS; i++)
        (void)take(*state, 1, i);
    assert_int_equal(wk_share_slot_take(*state, 1, 99), -1);
    wk_share_slot_free(*state, 7);
    assert_int_equal(wk_share_slot_take(*state, 1, 99), 7);
}

static void take_three(struct wk_share *share)
{
    for (int i = 0; i < 3; i++)
        if (!wk_share_budget_take(share, 0))
            _exit(1);
    if (wk_share_budget_take(share, 0)) /* the fourth of three */
        _exit(2);
}
static void take_the_floor_only(struct wk_share *share)
{
    if (!wk_share_budget_take(share, 0) || wk_share_budget_take(share, 0))
        _exit(1);
    wk_share_budget_give(share, 0);
    wk_share_budget_give(share, 0); /* never below nothing */
    if (!wk_share_budget_take(share, 0))
        _exit(2);
}

static void a_dead_workers_connections_come_back(void **state)
{
    uint32_t a = take(*state, 1, 0), b = take(*state, 2, 0);

    wk_share_budget_set(*state, 0, 3, 1);
    in_worker(*state, a, take_three, 0);
    assert_int_equal(wk_share_budget_used(*state, 0), 3);
    in_worker(*state, b, take_the_floor_only, 0); /* a new generation starts beside a full old one */
    assert_int_equal(wk_share_budget_used(*state, 0), 4);
    wk_share_slot_free(*state, a);
    wk_share_slot_free(*state, b);
    assert_int_equal(wk_share_budget_used(*state, 0), 0);
    a = take(*state, 3, 0);
    in_worker(*state, a, take_three, 0);
}

static void own_lane_three(struct wk_share *share) { wk_share_set_lanes(share, 1, UINT64_C(1) << 3); }
static void wake_lanes(struct wk_share *share)
{
    wk_share_set_lanes(share, 1, UINT64_MAX);
    wk_share_wake_others(share, 1, UINT64_C(1) << 3 | UINT64_C(1) << 4);
    wk_share_wake_others(share, 1, UINT64_C(1) << 3);
    wk_share_wake_others(share, 0, UINT64_MAX); /* a class it owns nothing of */
}
static void sleep_until_woken(struct wk_share *share)
{
    uint64_t lanes[WK_SHARE_CLASSES];
    struct pollfd p = {.fd = wk_share_wake_fd(share), .events = POLLIN};

    if (poll(&p, 1, 0) != 1)
        _exit(1);
    wk_share_wake_take(share, lanes);
    if (lanes[0] || lanes[1] != UINT64_C(1) << 3 || lanes[2])
        _exit(2);
    if (poll(&p, 1, 0) != 0) /* two wakes, one to read */
        _exit(3);
}

static void only_owners_are_woken_once(void **state)
{
    uint32_t a = take(*state, 1, 0), b = take(*state, 1, 1), c = take(*state, 1, 2);
    struct wk_share *quiet;
    struct pollfd p = {.events = POLLIN};

    in_worker(*state, a, own_lane_three, 0);
    in_worker(*state, b, wake_lanes, 0);
    in_worker(*state, a, sleep_until_woken, 0);
    in_worker(*state, b, wake_lanes, 0); /* after a take a wake is a wake again */
    in_worker(*state, a, sleep_until_woken, 0);
    quiet = wk_share_open(dup(wk_share_fd(*state)), c, NULL);
    p.fd = wk_share_wake_fd(quiet);
    assert_int_equal(poll(&p, 1, 0), 0);
    p.fd = wk_share_wake_fd(quiet) - (int)(c - b); /* b's own */
    assert_int_equal(poll(&p, 1, 0), 0);
    /* quiet shares the wake fds with *state, which closes them */
    (void)close(wk_share_fd(quiet));
    free(quiet);
}

static void two_crashes_or_five_kills_set_aside(void **state)
{
    static const struct wk_uuid nil;

    assert_false(wk_share_poison_count(*state, &message, SIGSEGV));
    assert_false(wk_share_is_poison(*state, &message));
    assert_true(wk_share_poison_count(*state, &message, SIGABRT));
    assert_true(wk_share_is_poison(*state, &message));
    for (int i = 0; i < 4; i++)
        assert_false(wk_share_poison_count(*state, &other, SIGKILL));
    assert_false(wk_share_poison_count(*state, &other, SIGSEGV)); /* one crash and four kills are neither */
    assert_true(wk_share_poison_count(*state, &other, SIGKILL));
    assert_false(wk_share_poison_count(*state, &nil, SIGSEGV));
    assert_false(wk_share_poison_count(*state, &nil, SIGSEGV)); /* no message: nothing to set aside */
    wk_share_poison_forget(*state, &message);
    assert_false(wk_share_is_poison(*state, &message));
    assert_true(wk_share_is_poison(*state, &other));
}

static void the_poison_table_never_fills(void **state)
{
    struct wk_uuid id = {{0}};

    for (uint32_t i = 1; i <= 5000; i++) {
        memcpy(id.b, &i, sizeof i);
        (void)wk_share_poison_count(*state, &id, SIGSEGV);
        assert_true(wk_share_poison_count(*state, &id, SIGSEGV));
    }
    assert_true(wk_share_is_poison(*state, &id)); /* the newest is there, whatever fell out */
}

static void bump(struct wk_share *share) { wk_share_tag_bump(share, "menu:7", 6); }

static void a_tag_bumped_by_one_is_seen_by_all(void **state)
{
    uint64_t before = wk_share_tag(*state, "menu:7", 6), apart = wk_share_tag(*state, "menu:8", 6);

    in_worker(*state, take(*state, 1, 0), bump, 0);
    assert_true(wk_share_tag(*state, "menu:7", 6) > before);
    assert_true(wk_share_tag(*state, "menu:8", 6) == apart);
}

static const struct wk_uuid told = {{7, 7, 7}};
static void hear(struct wk_share *share)
{
    wk_share_cell_bump(share, wk_share_tag_cell("menu:9", 6));
    wk_share_heard(share, &told);
    wk_share_set_log_read(share, 0);
}
static void what_one_has_heard_the_others_need_not_do_again(void **state)
{
    static const struct wk_uuid untold = {{7, 7, 8}};
    uint64_t before = wk_share_tag(*state, "menu:9", 6);

    assert_false(wk_share_has_heard(*state, &told));
    assert_int_equal(wk_share_log_read_us(*state, 0), 0);
    in_worker(*state, take(*state, 1, 0), hear, 0);
    assert_true(wk_share_has_heard(*state, &told));
    assert_false(wk_share_has_heard(*state, &untold));
    assert_true(wk_share_cell(*state, wk_share_tag_cell("menu:9", 6)) == before + 1);
    assert_in_range(wk_share_mono_us() - wk_share_log_read_us(*state, 0), 0, 5000000);
}

static void foreign_memory_is_refused(void **state)
{
    struct wk_err err;
    int null = open("/dev/zero", O_RDWR | O_CLOEXEC);

    (void)state;
    assert_null(wk_share_open(null, 0, &err));
    assert_string_equal(err.code, "share.foreign");
    assert_null(wk_share_open(wk_share_fd(*state), WK_SHARE_SLOTS, &err));
    (void)close(null);
}

static void control_carries_a_descriptor(void **state)
{
    int pair[2], fd, pipe_fds[2];
    char byte = 0;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    assert_int_equal(wk_control_recv(pair[1], &fd), WK_CONTROL_NONE);
    assert_true(wk_control_send(pair[0], WK_CONTROL_DRAIN, pipe_fds[1], NULL));
    assert_true(wk_control_send(pair[0], WK_CONTROL_REOPEN, -1, NULL));
    assert_int_equal(wk_control_recv(pair[1], &fd), WK_CONTROL_DRAIN);
    assert_true(fd >= 0);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(write(fd, "x", 1), 1);
    assert_int_equal(read(pipe_fds[0], &byte, 1), 1);
    (void)close(fd);
    assert_int_equal(wk_control_recv(pair[1], &fd), WK_CONTROL_REOPEN);
    assert_int_equal(fd, -1);
    (void)close(pair[0]);
    assert_int_equal(wk_control_recv(pair[1], &fd), WK_CONTROL_CLOSED);
    (void)close(pair[1]);
    (void)close(pipe_fds[0]);
    (void)close(pipe_fds[1]);
}

static void a_verdict_is_one_json_line(void **state)
{
    const char *problems[] = {"a.conf:3: \"x\"\n\\", "second"};
    char text[4096];
    int fds[2];
    ssize_t n;

    (void)state;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    assert_true(wk_verdict_write(fds[1], false, "orders", problems, 2));
    n = read(fds[0], text, sizeof text - 1);
    assert_true(n > 0);
    text[n] = '\0';
    assert_string_equal(text, "{\"ok\":false,\"plugin\":\"orders\",\"problems\":[\"a.conf:3: \\\"x\\\"\\u000a\\\\\",\"second\"]}\n");
    assert_true(wk_verdict_write(fds[1], true, NULL, NULL, 0));
    n = read(fds[0], text, sizeof text - 1);
    text[n] = '\0';
    assert_string_equal(text, "{\"ok\":true}\n");
    (void)close(fds[0]);
    (void)close(fds[1]);
}

static void a_verdict_of_any_size_fits_the_pipe(void **state)
{
    static char big[40000];
    const char *problems[64];
    char text[65536];
    int fds[2];
    ssize_t n;

    (void)state;
    memset(big, '"', sizeof big - 1);
    for (size_t i = 0; i < WK_COUNT(problems); i++)
        problems[i] = i ? "short" : big;
    assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
    assert_true(wk_verdict_write(fds[1], false, NULL, problems, WK_COUNT(problems)));
    n = read(fds[0], text, sizeof text);
    assert_true(n > 1000 && n <= 32768);
    assert_memory_equal(text + n - 4, "\"]}\n", 4);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, make, drop)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(blame_is_read_after_sigkill),
        T(a_parked_fiber_takes_its_blame_with_it),
        T(who_waits_is_not_to_blame),
        T(no_hook_no_blame),
        T(a_slot_shows_what_its_worker_said),
        T(slots_end),
        T(a_dead_workers_connections_come_back),
        T(only_owners_are_woken_once),
        T(two_crashes_or_five_kills_set_aside),
        T(the_poison_table_never_fills),
        T(a_tag_bumped_by_one_is_seen_by_all),
        T(what_one_has_heard_the_others_need_not_do_again),
        T(foreign_memory_is_refused),
        cmocka_unit_test(control_carries_a_descriptor),
        cmocka_unit_test(a_verdict_is_one_json_line),
        cmocka_unit_test(a_verdict_of_any_size_fits_the_pipe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
