/* ctx.h - the machine's part of a fiber: a first frame on a fresh stack, and the switch between two stacks.
 * Two implementations behind the same two functions: switch.S, and glibc's ucontext for other CPUs and as an oracle
 * in the tests. Nothing here knows the scheduler. Threads: a context stays on the thread that first ran it. */
#ifndef WK_CTX_H
#define WK_CTX_H

struct wk_ctx_ops {
    const char *name;
    /* Lay out a first frame for fn(arg) on [low, top); fn must never return. Returns the "stack pointer" for swap. */
    void *(*prepare)(void *low, void *top, void (*fn)(void *), void *arg);
    /* Store where this side stops in *save_sp and continue at to_sp. */
    void (*swap)(void **save_sp, void *to_sp);
};

#if defined(__x86_64__)
#define WK_CTX_HAS_ASM 1
extern const struct wk_ctx_ops wk_ctx_asm;
#endif
extern const struct wk_ctx_ops wk_ctx_ucontext;
extern const struct wk_ctx_ops *wk_ctx; /* what fiber.c uses; only tests change it, while no fiber is alive */
#endif
