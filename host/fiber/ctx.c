/* ctx.c - first frame for switch.S, and which implementation the scheduler uses. */
#include "fiber/ctx.h"

#include <stdint.h>
#include <string.h>

#ifdef WK_CTX_HAS_ASM
void wk_ctx_asm_swap(void **save_sp, void *to_sp);
void wk_ctx_asm_entry(void);

/* What the swap pops, lowest address first. */
struct first_frame {
    uint32_t mxcsr;
    uint16_t x87_control, pad;
    uint64_t r15, r14, r13, r12, rbx, rbp, rip;
    uint64_t caller[2]; /* zeroes above the entry, for unwinders that follow frame pointers */
};

static void *asm_prepare(void *low, void *top, void (*fn)(void *), void *arg)
{
    struct first_frame *frame = (struct first_frame *)((uintptr_t)top & ~(uintptr_t)15) - 1;

    (void)low;
    memset(frame, 0, sizeof *frame);
    __asm__ volatile("stmxcsr %0" : "=m"(frame->mxcsr));
    __asm__ volatile("fnstcw %0" : "=m"(frame->x87_control));
    frame->r13 = (uintptr_t)arg;
    frame->r12 = (uintptr_t)fn;
    frame->rip = (uintptr_t)wk_ctx_asm_entry;
    return frame;
}
_Static_assert(sizeof(struct first_frame) == 80, "the entry starts 64 bytes above the frame, on a multiple of 16");

const struct wk_ctx_ops wk_ctx_asm = { "asm", asm_prepare, wk_ctx_asm_swap };
const struct wk_ctx_ops *wk_ctx = &wk_ctx_asm;
#else
const struct wk_ctx_ops *wk_ctx = &wk_ctx_ucontext;
#endif
