/* ctx_ucontext.c - the switch by glibc: thirty times slower (a signal-mask system call each way), right on every CPU.
 * A parked context is a ucontext_t on the parked stack itself, so that a "stack pointer" is enough to name it. */
#include "fiber/ctx.h"

#include <stdint.h>
#include <stdlib.h>
#include <ucontext.h>

struct first_frame {
    ucontext_t context;
    void (*fn)(void *);
    void *arg;
};

/* makecontext passes int arguments only. */
static void entry(unsigned high, unsigned low)
{
    const struct first_frame *frame = (const struct first_frame *)(uintptr_t)((uint64_t)high << 32 | low);

    frame->fn(frame->arg);
    abort();
}

static void *prepare(void *low, void *top, void (*fn)(void *), void *arg)
{
    struct first_frame *frame = (struct first_frame *)(((uintptr_t)top - sizeof *frame) & ~(uintptr_t)15);
    uint64_t address = (uintptr_t)frame;

    (void)getcontext(&frame->context);
    frame->fn = fn;
    frame->arg = arg;
    frame->context.uc_link = NULL;
    frame->context.uc_stack.ss_sp = low;
    frame->context.uc_stack.ss_size = (size_t)((char *)frame - (char *)low);
    makecontext(&frame->context, (void (*)(void))entry, 2, (unsigned)(address >> 32), (unsigned)address);
    return &frame->context;
}

static void swap(void **save_sp, void *to_sp)
{
    ucontext_t here;

    here.uc_stack.ss_sp = NULL; /* AddressSanitizer clears the shadow of uc_stack when it swaps to a context */
    here.uc_stack.ss_size = 0;
    *save_sp = &here;
    (void)swapcontext(&here, to_sp);
}

const struct wk_ctx_ops wk_ctx_ucontext = { "ucontext", prepare, swap };
