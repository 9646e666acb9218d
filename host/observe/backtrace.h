/* backtrace.h - where a SYSTEM error was raised. When it is logged the stack is long gone, so wk_fail() lets us look at once: a look costs a few
 * microseconds, and one per code and minute is enough. Threads: each has its own memory of the last few. */
#ifndef WK_OBSERVE_BACKTRACE_H
#define WK_OBSERVE_BACKTRACE_H
#include <stdbool.h>
#include <stddef.h>

void wk_backtrace_start(void); /* once per process, on a large stack: the unwinder loads itself */
void wk_backtrace_note(const char *code); /* what wk_fail_ear points to: called where the error is made */
/* The last look at this code, as "object(function+offset) < caller < ..."; false: none, or told already. Forgets it. */
bool wk_backtrace_of(const char *code, char *out, size_t size);
#endif
