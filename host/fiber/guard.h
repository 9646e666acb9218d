/* guard.h - what the fault handler may ask the scheduler. Async-signal-safe. */
#ifndef WK_GUARD_H
#define WK_GUARD_H
#include <stdbool.h>
/* Data of the fiber this thread is running, NULL on the loop's stack; *is_overflow when it has run out of stack. */
void *wk_fiber_at_fault(const void *addr, const void *sp, bool *is_overflow);
#endif
