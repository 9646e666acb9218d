/* stack.h - stacks of fibers: mapped with a guard below, kept in a pool, known to the memory checkers.
 * Threads: loop only. Ownership: take() gives a stack to the caller until give(). */
#ifndef WK_STACK_H
#define WK_STACK_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wakala/err.h>

#if defined(__SANITIZE_ADDRESS__)
#define WK_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) /* clang before 18 defines nothing else */
#define WK_ASAN 1
#endif
#endif

#define WK_STACK_GUARD_BYTES ((size_t)64 * 1024) /* a frame larger than one page must not step over it */

struct wk_stack {
    char *low;    /* lowest usable byte; the guard ends here */
    size_t bytes; /* usable; low + bytes is the top */
    unsigned valgrind_id;
};

struct wk_stack_pool {
    size_t stack_bytes;
    uint32_t idle, keep; /* stacks in `items`, and how many may be */
    struct wk_stack *items;
};

bool wk_stack_pool_init(struct wk_stack_pool *pool, size_t stack_bytes, uint32_t keep, struct wk_err *err);
void wk_stack_pool_finish(struct wk_stack_pool *pool);
bool wk_stack_take(struct wk_stack_pool *pool, struct wk_stack *out, struct wk_err *err);
void wk_stack_give(struct wk_stack_pool *pool, struct wk_stack stack);
/* Deepest byte that was ever written since take(), counted from the top; 0 in builds with NDEBUG. */
size_t wk_stack_high_bytes(const struct wk_stack *stack);
/* A guard hit: `addr` is in the guard of `stack`, or the stack pointer has left the stack. Async-signal-safe. */
bool wk_stack_is_overflow(const struct wk_stack *stack, const void *addr, const void *sp);
#endif
