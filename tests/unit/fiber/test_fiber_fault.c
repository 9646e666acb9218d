/* Fault points, in children: each passes points and counts them in memory that the parent shares. */
#include "fiber/fault.h"
#include "fiber/fiber.h"

#include <event2/event.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
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
        { "kill@3", parks, SIGKILL, 2 },            /* every park is a point */
        { "kill@park:5", parks, SIGKILL, 4 },
        { "kill@park:6", parks, 0, 5 },
    };

    (void)state;
    for (size_t i = 0; i < WK_COUNT(rows); i++) {
        int sig = run(rows[i].setting, rows[i].fn);

        if (sig != rows[i].sig || *passed != rows[i].passed)
            fail_msg("%s: signal %d after %d points", rows[i].setting, sig, *passed);
    }
}

static void count_appends_one_line_per_process(void **state)
{
    char path[] = "/tmp/wk_fault_XXXXXX", setting[64], line[256];
    int fd = mkstemp(path);
    FILE *file;

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    (void)snprintf(setting, sizeof setting, "count@%s", path);
    assert_int_equal(run(setting, points), 0);
    assert_int_equal(run(setting, parks), 0);
    file = fopen(path, "r");
    assert_non_null(fgets(line, sizeof line, file));
    assert_string_equal(line, "total=10 send.before=5 send.after=5\n");
    assert_non_null(fgets(line, sizeof line, file));
    assert_string_equal(line, "total=5 park=5\n");
    assert_null(fgets(line, sizeof line, file));
    fclose(file);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_setting_kills_at_its_point),
        cmocka_unit_test(count_appends_one_line_per_process),
    };

    passed = mmap(NULL, sizeof *passed, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (passed == MAP_FAILED)
        return 1;
    return cmocka_run_group_tests_name("fault", tests, NULL, NULL);
}
