/* The switch itself: what the ABI calls callee-saved survives it, the stack is aligned, unwinders stop. */
#include "fiber/ctx.h"
#include "fiber/stack.h"

#include <execinfo.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SWITCHES = 1000, STACK = 256 << 10 };
static struct wk_stack_pool pool;
static struct wk_stack mapped; /* fresh for each test */
static char *stack;
static void *main_sp, *fiber_sp;
static const struct wk_ctx_ops *ops;

static void to_fiber(void) { ops->swap(&main_sp, fiber_sp); }
static void to_main(void) { ops->swap(&fiber_sp, main_sp); }

#if defined(__x86_64__)
/* Fill the callee-saved registers and both control words from `seed`, switch, and count what came back different. */
unsigned probe_switch(void (*other_side)(void), uint64_t seed, uint32_t mxcsr, uint16_t x87);
__asm__(".text\n.globl probe_switch\n.type probe_switch,@function\nprobe_switch:\n"
        "  push %rbp; push %rbx; push %r12; push %r13; push %r14; push %r15\n"
        "  sub $40, %rsp\n"
        "  mov %rsi, (%rsp); mov %edx, 8(%rsp); mov %cx, 12(%rsp)\n"
        "  stmxcsr 16(%rsp); fnstcw 20(%rsp)\n"
        "  ldmxcsr 8(%rsp); fldcw 12(%rsp)\n"
        "  lea 1(%rsi), %rbp; lea 2(%rsi), %rbx; lea 3(%rsi), %r12\n"
        "  lea 4(%rsi), %r13; lea 5(%rsi), %r14; lea 6(%rsi), %r15\n"
        "  call *%rdi\n"
        "  xor %eax, %eax; mov (%rsp), %rsi\n"
        "  inc %rsi; cmp %rsi, %rbp; je 1f; inc %eax; 1: inc %rsi; cmp %rsi, %rbx; je 1f; inc %eax\n"
        "  1: inc %rsi; cmp %rsi, %r12; je 1f; inc %eax; 1: inc %rsi; cmp %rsi, %r13; je 1f; inc %eax\n"
        "  1: inc %rsi; cmp %rsi, %r14; je 1f; inc %eax; 1: inc %rsi; cmp %rsi, %r15; je 1f; inc %eax\n"
        "  1: stmxcsr 24(%rsp); mov 24(%rsp), %edx; cmp 8(%rsp), %edx; je 1f; inc %eax\n"
        "  1: movw $0, 28(%rsp); fnstcw 28(%rsp); mov 28(%rsp), %dx; cmp 12(%rsp), %dx; je 1f; inc %eax\n"
        "  1: ldmxcsr 16(%rsp); fldcw 20(%rsp)\n"
        "  add $40, %rsp; pop %r15; pop %r14; pop %r13; pop %r12; pop %rbx; pop %rbp; ret\n"
        ".size probe_switch,.-probe_switch\n");

static unsigned mismatches;

static void probe_forever(void *arg)
{
    uint64_t seed = (uintptr_t)arg;

    for (;;)
        mismatches += probe_switch(to_main, seed += 16, 0x1f80 | 0x6000, 0x037f | 0x0c00); /* round toward zero: the bits that memcheck keeps, too */
}

static void registers_and_control_words_survive(void **state)
{
    ops = *state;
    mismatches = 0;
    fiber_sp = ops->prepare(stack, stack + STACK, probe_forever, (void *)(uintptr_t)0xf1be000000000000);
    for (int i = 0; i < SWITCHES; i++)
        mismatches += probe_switch(to_fiber, UINT64_C(0x1009) << 48 | (uint64_t)i << 8, 0x1f80, 0x037f);
    assert_int_equal(mismatches, 0);
}

/* rsp as the call left it: the ABI wants a multiple of 16 before the return address was pushed. */
uintptr_t entry_rsp;
void record_rsp(void *arg);
__asm__(".text\n.globl record_rsp\n.type record_rsp,@function\nrecord_rsp:\n"
        "  mov %rsp, entry_rsp(%rip)\n  sub $8, %rsp\n 1: call leave_for_good\n  jmp 1b\n"
        ".size record_rsp,.-record_rsp\n");
void leave_for_good(void);
__attribute__((used)) void leave_for_good(void) { to_main(); }

static void the_first_frame_is_aligned(void **state)
{
    ops = *state;
    for (size_t off = 0; off < 64; off += 8) { /* whatever the top of the stack is */
        entry_rsp = 0;
        fiber_sp = ops->prepare(stack, stack + STACK - off, record_rsp, NULL);
        to_fiber();
        assert_int_equal(entry_rsp % 16, 8);
        assert_in_range(entry_rsp, (uintptr_t)stack, (uintptr_t)stack + STACK);
    }
}
#endif

static int depth;
static void *frames[64];

static void trace(void *arg)
{
    (void)arg;
    for (;;) {
        depth = backtrace(frames, 64);
        to_main();
    }
}

static void a_backtrace_ends_at_the_entry(void **state)
{
    ops = *state;
    (void)backtrace(frames, 1); /* its first use loads a library */
    fiber_sp = ops->prepare(stack, stack + STACK, trace, NULL);
    to_fiber();
    assert_in_range(depth, 2, 4); /* trace, the entry, and what a sanitizer puts between */
#ifdef WK_CTX_HAS_ASM
    extern void wk_ctx_asm_entry(void);
    if (ops == &wk_ctx_asm)
        assert_in_range((uintptr_t)frames[depth - 1], (uintptr_t)wk_ctx_asm_entry, (uintptr_t)wk_ctx_asm_entry + 32);
#endif
}

static volatile int order[8];
static int steps;

static void count_odd(void *arg)
{
    for (int i = 1; i < 8; i += 2) {
        order[i] = *(int *)arg + steps++;
        to_main();
    }
    abort();
}

static void both_sides_take_turns(void **state)
{
    int start = 100;

    ops = *state;
    steps = 0;
    fiber_sp = ops->prepare(stack, stack + STACK, count_odd, &start);
    for (int i = 0; i < 8; i += 2) {
        order[i] = start + steps++;
        to_fiber();
    }
    for (int i = 0; i < 8; i++)
        assert_int_equal(order[i], 100 + i);
}

static int setup(void **state)
{
    (void)state;
    if (!wk_stack_take(&pool, &mapped, NULL))
        return -1;
    stack = mapped.low;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    wk_stack_give(&pool, mapped);
    return 0;
}

#ifdef WK_CTX_HAS_ASM
static int asm_ops(void **state)
{
    *state = (void *)(uintptr_t)&wk_ctx_asm;
    return 0;
}
#endif

static int ucontext_ops(void **state)
{
    *state = (void *)(uintptr_t)&wk_ctx_ucontext;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#if defined(__x86_64__)
        cmocka_unit_test_setup_teardown(registers_and_control_words_survive, setup, teardown),
        cmocka_unit_test_setup_teardown(the_first_frame_is_aligned, setup, teardown),
#endif
        cmocka_unit_test_setup_teardown(a_backtrace_ends_at_the_entry, setup, teardown),
        cmocka_unit_test_setup_teardown(both_sides_take_turns, setup, teardown),
    };
    int failed = 0;

    if (!wk_stack_pool_init(&pool, STACK, 0, NULL)) /* keeps nothing: every test maps its stack */
        return 1;
#ifdef WK_CTX_HAS_ASM
    failed += cmocka_run_group_tests_name("asm", tests, asm_ops, NULL);
#endif
    failed += cmocka_run_group_tests_name("ucontext", tests, ucontext_ops, NULL);
    wk_stack_pool_finish(&pool);
    return failed;
}
