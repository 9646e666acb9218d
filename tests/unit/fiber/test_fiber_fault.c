/* Fault points, in children: each passes points and counts them in memory that the parent shares. */
#include "fiber/fault.h"
#include "fiber/fiber.h"

#include <event2/event.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static int *passed;

static void points(void)
{
    for (int i = 0; i < 5; i++) {
        wk_fault_point("send.before");
        ++*passed;
        wk_fault_point("send.after");
        ++*passed;
    }
}

static void parker(void *arg)
{
    (void)arg;
    for (int i = 0; i < 5; i++) {
        (void)wk_fiber_sleep(0, NULL);
        ++*passed;
    }
}

static void parks(void)
{
    struct event_base *base = event_base_new();
    struct wk_sched *sched = wk_sched_create(base, NULL, NULL);

    (void)wk_fiber_spawn(sched, "parker", parker, NULL, NULL);
    event_base_dispatch(base);
    wk_sched_destroy(sched);
    event_base_free(base);
}

/* How the child ended: its signal, or 0 for a clean exit; *passed tells how far it came. */
static int run(const char *setting, void (*fn)(void))
{
    int status;
    pid_t pid;

    *passed = 0;
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (setting)
            setenv("WAKALA_FAULT", setting, 1);
        else
            unsetenv("WAKALA_FAULT");
        wk_fault_init();
        fn();
        exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void each_setting_kills_at_its_point(void **state)
{
    static const struct row {
        const char *setting;
        void (*fn)(void);
        int sig, passed;
    } rows[] = {
        { NULL, points, 0, 10 },
        { "kill@1", points, SIGKILL, 0 },
        { "kill@7", points, SIGKILL, 6 },
        { "kill@10", points, SIGKILL, 9 },
        { "kill@11", points, 0, 10 },               /* never reached */
        { "kill@send.before:3", points, SIGKILL, 4 },
        { "kill@send.after:3", points, SIGKILL, 5 },
        { "kill@send:1", points, 0, 10 },           /* a name, not a prefix */
        { "kill@0", points, 0, 10 },                /* what cannot be read arms nothing */
        { "kill@", points, 0, 10 },
        { "kill@-1", points, 0, 10 },
        { "kill@:1", points, 0, 10 },
        { "kill@3x", points, 0, 10 },
        { "nonsense", points, 0, 10 },
        { "kill@3", parks, SIGKILL, 2 },            /* every park is a point, named by its reason */
        { "kill@sleep:5", parks, SIGKILL, 4 },
        { "kill@parker/sleep:5", parks, SIGKILL, 4 }, /* or by fiber and reason */
        { "kill@other/sleep:1", parks, 0, 5 },
        { "kill@sleep:6", parks, 0, 5 },
        { "armed@/nowhere/page", points, 0, 10 },
    };

    (void)state;
    for (size_t i = 0; i < WK_COUNT(rows); i++) {
        int sig = run(rows[i].setting, rows[i].fn);

        if (sig != rows[i].sig || *passed != rows[i].passed)
            fail_msg("%s: signal %d after %d points", rows[i].setting, sig, *passed);
    }
}

/* A page as the harness makes it, in a file that every child maps. */

static char page_setting[64];

static struct wk_fault_page *page_create(void)
{
    char path[] = "/tmp/wk_fault_XXXXXX";
    int fd = mkstemp(path);
    struct wk_fault_page *page;

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, sizeof *page), 0);
    page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_ptr_not_equal(page, MAP_FAILED);
    close(fd);
    (void)snprintf(page_setting, sizeof page_setting, "armed@%s", path);
    return page;
}

static void page_destroy(struct wk_fault_page *page)
{
    unlink(page_setting + strlen("armed@"));
    munmap(page, sizeof *page);
}

static void arm(struct wk_fault_page *page, const char *name, uint64_t kill_at)
{
    page->kill_at = 0;
    page->struck = page->matched = 0;
    (void)snprintf(page->kill_name, sizeof page->kill_name, "%s", name);
    page->kill_at = kill_at;
}

static void a_page_strikes_once_until_it_is_armed_again(void **state)
{
    struct wk_fault_page *page = page_create();

    (void)state;
    assert_int_equal(run(page_setting, points), 0); /* nothing is armed: counted all the same */
    assert_int_equal(page->total, 10);
    arm(page, "send.before", 3);
    assert_int_equal(run(page_setting, points), SIGKILL);
    assert_int_equal(*passed, 4);
    assert_int_not_equal(page->struck, 0);
    for (int replacement = 0; replacement < 3; replacement++) { /* they pass the same point, and live */
        assert_int_equal(run(page_setting, points), 0);
        assert_int_equal(*passed, 10);
    }
    arm(page, "", 12); /* the count goes over processes: the second one dies */
    assert_int_equal(run(page_setting, points), 0);
    assert_int_equal(page->struck, 0);
    assert_int_equal(run(page_setting, points), SIGKILL);
    assert_int_equal(*passed, 1);
    page_destroy(page);
}

static void a_page_names_its_points(void **state)
{
    struct wk_fault_page *page = page_create();

    (void)state;
    assert_int_equal(run(page_setting, points), 0);
    assert_int_equal(run(page_setting, parks), 0);
    assert_int_equal(run(page_setting, points), 0);
    assert_int_equal(page->total, 25);
    assert_string_equal(page->counts[0].name, "send.before");
    assert_int_equal(page->counts[0].count, 10);
    assert_string_equal(page->counts[1].name, "send.after");
    assert_int_equal(page->counts[1].count, 10);
    assert_string_equal(page->counts[2].name, "parker/sleep");
    assert_int_equal(page->counts[2].count, 5);
    assert_int_equal(page->counts[3].key, 0);
    page_destroy(page);
}

static void a_short_file_arms_nothing(void **state)
{
    struct wk_fault_page *page = page_create();

    (void)state;
    arm(page, "", 1);
    assert_int_equal(truncate(page_setting + strlen("armed@"), sizeof *page - 1), 0);
    assert_int_equal(run(page_setting, points), 0);
    page_destroy(page);
}

/* Several workers pass the same points at the same time: one dies, whoever it is. */
static void one_of_many_dies(void **state)
{
    enum { WORKERS = 4, ROUNDS = 50 };
    struct wk_fault_page *page = page_create();

    (void)state;
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        pid_t pid[WORKERS], dead = 0;
        int status;

        arm(page, "", round % 40 + 1);
        for (int i = 0; i < WORKERS; i++) {
            pid[i] = fork();
            assert_true(pid[i] >= 0);
            if (pid[i] == 0) {
                setenv("WAKALA_FAULT", page_setting, 1);
                wk_fault_init();
                points();
                _exit(0);
            }
        }
        for (int i = 0; i < WORKERS; i++) {
            assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
            if (WIFSIGNALED(status)) {
                assert_int_equal(dead, 0);
                dead = pid[i];
            }
        }
        assert_int_not_equal(dead, 0); /* four times ten points always reach it */
        assert_int_equal(page->struck, dead);
    }
    page_destroy(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_setting_kills_at_its_point),
        cmocka_unit_test(a_page_strikes_once_until_it_is_armed_again),
        cmocka_unit_test(a_page_names_its_points),
        cmocka_unit_test(a_short_file_arms_nothing),
        cmocka_unit_test(one_of_many_dies),
    };

    passed = mmap(NULL, sizeof *passed, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (passed == MAP_FAILED)
        return 1;
    return cmocka_run_group_tests_name("fault", tests, NULL, NULL);
}
