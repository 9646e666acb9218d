/* stack.c - see stack.h. Untouched pages of a stack read as zero, and that is the pattern: depth is found by looking for
 * what is not zero, so neither the watermark nor the high-water mark costs a page that the fiber did not use. */
#include "fiber/stack.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#ifdef WK_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(addr, bytes) __asan_poison_memory_region(addr, bytes)
#define UNPOISON(addr, bytes) __asan_unpoison_memory_region(addr, bytes)
#else
#define POISON(addr, bytes) ((void)0)
#define UNPOISON(addr, bytes) ((void)0)
#endif
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else
#define VALGRIND_STACK_REGISTER(start, end) 0u
#define VALGRIND_STACK_DEREGISTER(id) ((void)(id))
#define VALGRIND_MAKE_MEM_UNDEFINED(addr, bytes) ((void)0)
#define RUNNING_ON_VALGRIND 0u
#endif

enum {
    PAGE = 4096,             /* of x86-64 and arm64 Debian; madvise only loses precision on larger ones */
    SHALLOW_BYTES = 32 << 10, /* what a pooled stack may keep: getaddrinfo and TLS stay above, regcomp does not */
    WATERMARK_BYTES = 512,
};

static bool map_stack(struct wk_stack *out, size_t bytes, struct wk_err *err)
{
    char *area = mmap(NULL, WK_STACK_GUARD_BYTES + bytes, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    char *low;

    if (area == MAP_FAILED)
        return wk_fail(err, WK_SYSTEM, "host.no_memory", "stack of %zu bytes: %s", bytes, strerror(errno));
    low = area + WK_STACK_GUARD_BYTES;
    if (mprotect(low, bytes, PROT_READ | PROT_WRITE) != 0) {
        wk_fail(err, WK_SYSTEM, "host.no_memory", "stack of %zu bytes: %s", bytes, strerror(errno));
        (void)munmap(area, WK_STACK_GUARD_BYTES + bytes);
        return false;
    }
    *out = (struct wk_stack){ .low = low, .bytes = bytes };
    out->valgrind_id = VALGRIND_STACK_REGISTER(low, low + bytes);
    return true;
}

static void unmap_stack(struct wk_stack *stack)
{
    VALGRIND_STACK_DEREGISTER(stack->valgrind_id);
    UNPOISON(stack->low, stack->bytes); /* the next owner of these addresses is not a stack */
    (void)munmap(stack->low - WK_STACK_GUARD_BYTES, WK_STACK_GUARD_BYTES + stack->bytes);
}

__attribute__((no_sanitize("address"))) static bool is_zero(const char *from, size_t bytes)
{
    const volatile uint64_t *word = (const volatile uint64_t *)from;

    for (size_t i = 0; i < bytes / sizeof *word; i++)
        if (word[i])
            return false;
    return true;
}

/* Give deep pages back to the kernel. A frame can step over the watermark without writing to it: that costs memory until
 * the next deep call, never correctness. */
static void drop_deep_pages(const struct wk_stack *stack)
{
#ifdef NDEBUG
    size_t keep = SHALLOW_BYTES;

    if (stack->bytes <= 2 * keep || RUNNING_ON_VALGRIND ||
        is_zero(stack->low + stack->bytes - keep - WATERMARK_BYTES, WATERMARK_BYTES))
        return;
#else
    size_t keep = PAGE; /* all but the page of the fiber itself, so that the next high-water mark starts from nothing */
#endif
    (void)madvise(stack->low, stack->bytes - keep, MADV_DONTNEED);
}

bool wk_stack_pool_init(struct wk_stack_pool *pool, size_t stack_bytes, uint32_t keep, struct wk_err *err)
{
    *pool = (struct wk_stack_pool){ .stack_bytes = stack_bytes, .keep = keep };
    pool->items = calloc(keep ? keep : 1, sizeof *pool->items);
    return pool->items || wk_fail(err, WK_SYSTEM, "host.no_memory", "pool of %u stacks", keep);
}

void wk_stack_pool_finish(struct wk_stack_pool *pool)
{
    while (pool->idle)
        unmap_stack(&pool->items[--pool->idle]);
    free(pool->items);
    pool->items = NULL;
}

bool wk_stack_take(struct wk_stack_pool *pool, struct wk_stack *out, struct wk_err *err)
{
    if (!pool->idle)
        return map_stack(out, pool->stack_bytes, err);
    *out = pool->items[--pool->idle];
    UNPOISON(out->low, out->bytes); /* the last frames of the previous fiber never returned */
    (void)VALGRIND_MAKE_MEM_UNDEFINED(out->low, out->bytes);
    return true;
}

void wk_stack_give(struct wk_stack_pool *pool, struct wk_stack stack)
{
    if (pool->idle == pool->keep) {
        unmap_stack(&stack);
        return;
    }
    drop_deep_pages(&stack);
    POISON(stack.low + stack.bytes - PAGE, PAGE); /* a pointer to a dead fiber is found at its first use */
    pool->items[pool->idle++] = stack;
}

size_t wk_stack_high_bytes(const struct wk_stack *stack)
{
#ifdef NDEBUG
    (void)stack;
    return 0;
#else
    unsigned char resident[64];

    if (RUNNING_ON_VALGRIND) /* reading below a stack pointer is what it looks for */
        return 0;
    for (size_t at = 0; at < stack->bytes; at += PAGE) {
        size_t page = at / PAGE % sizeof resident;
        size_t left = stack->bytes - at;

        if (page == 0 && mincore(stack->low + at, left < PAGE * sizeof resident ? left : PAGE * sizeof resident, resident))
            return 0;
        for (size_t i = 0; resident[page] & 1 && i < PAGE; i += 16)
            if (!is_zero(stack->low + at + i, 16))
                return stack->bytes - at - i;
    }
    return 0;
#endif
}

bool wk_stack_is_overflow(const struct wk_stack *stack, const void *addr, const void *sp)
{
    uintptr_t low = (uintptr_t)stack->low, at = (uintptr_t)addr, pointer = (uintptr_t)sp;

    if (at < low && at >= low - WK_STACK_GUARD_BYTES)
        return true;
    return pointer < low || pointer > low + stack->bytes;
}
