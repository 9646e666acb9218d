/* guard.c - the handler that tells a stack overflow from other faults. It reports, puts the previous action back and
 * returns: the instruction faults again, so the core dump (or AddressSanitizer's report) shows the guilty frame. */
#include "fiber/fiber.h"
#include "fiber/guard.h"

#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

enum { ALT_STACK_BYTES = 64 << 10 };

static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
static struct sigaction previous[WK_COUNT(signals)];
static void (*reporter)(int sig, bool is_overflow, void *fiber_data);

static const void *stack_pointer(const ucontext_t *context)
{
#if defined(__x86_64__)
    return (const void *)context->uc_mcontext.gregs[REG_RSP];
#elif defined(__aarch64__)
    return (const void *)context->uc_mcontext.sp;
#else
#error "where does this CPU keep its stack pointer?"
#endif
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
    bool is_memory = (sig == SIGSEGV || sig == SIGBUS) && info->si_code > 0;
    bool is_overflow = false;
    void *data = wk_fiber_at_fault(info->si_addr, stack_pointer(context), &is_overflow);

    for (size_t i = 0; i < WK_COUNT(signals); i++)
        if (signals[i] == sig)
            (void)sigaction(sig, &previous[i], NULL);
    reporter(sig, is_memory && is_overflow, data);
    if (info->si_code <= 0) /* sent, not caused by an instruction: returning alone would go on */
        (void)raise(sig);
}

/* Without a stack of its own the handler would fault on the guard, too. One that is there already (AddressSanitizer's)
 * stays: its owner unmaps it. */
static void alt_stack_install(void)
{
    stack_t alt = { 0 };

    if (sigaltstack(NULL, &alt) == 0 && !(alt.ss_flags & SS_DISABLE))
        return;
    alt.ss_sp = mmap(NULL, ALT_STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    alt.ss_size = ALT_STACK_BYTES;
    alt.ss_flags = 0;
    if (alt.ss_sp != MAP_FAILED)
        (void)sigaltstack(&alt, NULL);
}

void wk_fiber_guard_install(void (*report)(int sig, bool is_overflow, void *fiber_data))
{
    struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };

    reporter = report;
    alt_stack_install();
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < WK_COUNT(signals); i++)
        (void)sigaction(signals[i], &action, &previous[i]);
}
