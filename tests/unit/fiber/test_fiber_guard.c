/* What the fault handler says, asked of a child that dies of it. */
#include "fiber/fiber.h"

#include <event2/event.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct report {
    int sig;
    bool is_overflow, has_data;
};

static int report_fd;
static int marker; /* its address is the fiber's data */

static void report(int sig, bool is_overflow, void *fiber_data)
{
    struct report r = { 0 };

    r.sig = sig;
    r.is_overflow = is_overflow;
    r.has_data = fiber_data == &marker;
    (void)!write(report_fd, &r, sizeof r);
}

static void idle(void *arg) { (void)arg; }

static void child(void (*fn)(void *), bool on_fiber)
{
    struct rlimit no_core = { 0, 0 };
    struct event_base *base;
    struct wk_sched *sched;
    struct wk_fiber *fiber;

    (void)setrlimit(RLIMIT_CORE, &no_core);
    for (int sig = 1; sig < 32; sig++)
        (void)signal(sig, SIG_DFL); /* cmocka's handlers jump back into the parent's test */
    wk_fiber_guard_install(report);
    if (!on_fiber)
        fn(NULL);
    base = event_base_new();
    sched = wk_sched_create(base, &(struct wk_sched_conf){ .stack_bytes = 64 << 10 }, NULL);
    fiber = wk_fiber_spawn(sched, "doomed", fn, NULL, NULL);
    wk_fiber_set_data(fiber, &marker);
    (void)wk_fiber_spawn(sched, "neighbour", idle, NULL, NULL); /* its stack is mapped right below */
    event_base_dispatch(base);
    _exit(0); /* survived */
}

/* Fork, let the child die in fn, return its report; *status is wait()'s. */
static struct report die(void (*fn)(void *), bool on_fiber, int *status)
{
    struct report r = { 0 };
    int fds[2];
    pid_t pid;

    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        report_fd = fds[1];
        child(fn, on_fiber);
    }
    close(fds[1]);
    assert_int_equal(read(fds[0], &r, sizeof r), sizeof r);
    close(fds[0]);
    assert_int_equal(waitpid(pid, status, 0), pid);
    return r;
}

static void assert_died_of(int status, int sig) { assert_true(WIFSIGNALED(status) && WTERMSIG(status) == sig); }

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#pragma GCC diagnostic ignored "-Winfinite-recursion"
__attribute__((noinline, no_sanitize("undefined"))) static int recurse(volatile int *above)
{
    volatile int frame[64];

    frame[0] = *above + 1;
    return recurse(frame) + frame[0];
}
#pragma GCC diagnostic pop

static void endless(void *arg)
{
    volatile int start = 0;

    (void)arg;
    (void)recurse(&start);
}

static void recursion_is_reported_as_overflow(void **state)
{
    int status;
    struct report r = die(endless, true, &status);

    (void)state;
    assert_int_equal(r.sig, SIGSEGV);
    assert_true(r.is_overflow);
    assert_true(r.has_data);
    assert_died_of(status, SIGSEGV);
}

#if defined(__x86_64__)
/* 120 KB in one step, as a plugin built without -fstack-clash-protection would: only the last byte is touched, 56 KB below
 * the stack. */
static void large_frame(void *arg)
{
    (void)arg;
    __asm__ volatile("sub $120000, %%rsp\n movb $1, (%%rsp)\n add $120000, %%rsp" ::: "memory", "cc");
}

static void one_large_frame_does_not_step_over_the_guard(void **state)
{
    int status;
    struct report r = die(large_frame, true, &status);

    (void)state;
    assert_int_equal(r.sig, SIGSEGV);
    assert_true(r.is_overflow);
    assert_true(r.has_data);
    assert_died_of(status, SIGSEGV);
}

static void bad_pointer(void *arg)
{
    (void)arg;
    __asm__ volatile("movb $1, 16" ::: "memory");
}

static void bad_instruction(void *arg)
{
    (void)arg;
    __asm__ volatile("ud2");
}

static void bad_division(void *arg)
{
    (void)arg;
    __asm__ volatile("xor %%ecx, %%ecx\n mov $1, %%eax\n cltd\n idivl %%ecx" ::: "eax", "ecx", "edx", "cc");
}

static void bad_state(void *arg)
{
    (void)arg;
    abort();
}

static void other_faults_are_not_called_overflow(void **state)
{
    static const struct row {
        void (*fn)(void *);
        int sig;
    } rows[] = {
        { bad_pointer, SIGSEGV },
        { bad_instruction, SIGILL },
        { bad_division, SIGFPE },
        { bad_state, SIGABRT },
    };

    (void)state;
    for (size_t i = 0; i < WK_COUNT(rows); i++)
        for (int on_fiber = 0; on_fiber <= 1; on_fiber++) {
            int status;
            struct report r = die(rows[i].fn, on_fiber, &status);

            assert_int_equal(r.sig, rows[i].sig);
            assert_false(r.is_overflow);
            assert_int_equal(r.has_data, on_fiber); /* who ran is known, whatever the fault */
            assert_died_of(status, rows[i].sig);
        }
}
#endif

static void sent(void *arg)
{
    (void)arg;
    (void)kill(getpid(), SIGSEGV);
}

static void a_signal_sent_by_somebody_still_ends_the_process(void **state)
{
    int status;
    struct report r = die(sent, true, &status);

    (void)state;
    assert_int_equal(r.sig, SIGSEGV);
    assert_false(r.is_overflow);
    assert_died_of(status, SIGSEGV);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recursion_is_reported_as_overflow),
#if defined(__x86_64__)
        cmocka_unit_test(one_large_frame_does_not_step_over_the_guard),
        cmocka_unit_test(other_faults_are_not_called_overflow),
#endif
        cmocka_unit_test(a_signal_sent_by_somebody_still_ends_the_process),
    };

    return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
