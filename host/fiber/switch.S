/* switch.S - park one machine stack, continue another. x86-64 System V; other CPUs use ctx_ucontext.c.
 * The signal mask belongs to the thread and is not touched; mxcsr and the x87 control word are callee-saved by the ABI. */
#if defined(__x86_64__)
    .text

/* void wk_ctx_asm_swap(void **save_sp, void *to_sp) */
    .globl wk_ctx_asm_swap
    .hidden wk_ctx_asm_swap
    .type wk_ctx_asm_swap, @function
    .p2align 4
wk_ctx_asm_swap:
    .cfi_startproc
    pushq %rbp
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbp, 0
    pushq %rbx
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbx, 0
    pushq %r12
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r12, 0
    pushq %r13
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r13, 0
    pushq %r14
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r14, 0
    pushq %r15
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r15, 0
    subq $8, %rsp
    .cfi_adjust_cfa_offset 8
    stmxcsr (%rsp)
    fnstcw 4(%rsp)
    movq %rsp, (%rdi)
    movq %rsi, %rsp /* every parked stack has this same frame, so the CFI stays true across the line */
    ldmxcsr (%rsp)
    fldcw 4(%rsp)
    addq $8, %rsp
    .cfi_adjust_cfa_offset -8
    popq %r15
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r15
    popq %r14
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r14
    popq %r13
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r13
    popq %r12
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r12
    popq %rbx
    .cfi_adjust_cfa_offset -8
    .cfi_restore %rbx
    popq %rbp
    .cfi_adjust_cfa_offset -8
    .cfi_restore %rbp
    popq %rcx /* not ret: the return predictor remembers the other stack and would miss every time */
    .cfi_adjust_cfa_offset -8
    .cfi_register %rip, %rcx
    jmpq *%rcx
    .cfi_endproc
    .size wk_ctx_asm_swap, . - wk_ctx_asm_swap

/* First instruction of every fiber: r12 = fn, r13 = arg, rsp on a multiple of 16. */
    .globl wk_ctx_asm_entry
    .hidden wk_ctx_asm_entry
    .type wk_ctx_asm_entry, @function
    .p2align 4
wk_ctx_asm_entry:
    .cfi_startproc
    .cfi_undefined %rip /* unwinders stop here */
    xorl %ebp, %ebp
    movq %r13, %rdi
    callq *%r12
    ud2 /* a fiber never returns */
    .cfi_endproc
    .size wk_ctx_asm_entry, . - wk_ctx_asm_entry
#endif
    .section .note.GNU-stack, "", %progbits
