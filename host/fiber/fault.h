/* fault.h - numbered fault points: every park and both sides of every COMMIT and send.
 * WAKALA_FAULT=kill@37 ends this process with SIGKILL at its 37th point; WAKALA_FAULT=count@FILE appends the number of
 * points passed to FILE at exit; kill@NAME:3 kills at the third point of that name. Compiled in unless WK_NO_FAULTS; one
 * predictable branch when the variable is not set. docs/design/faults.md. */
#ifndef WK_FAULT_H
#define WK_FAULT_H
#include <stdbool.h>
extern bool wk_fault_armed; /* read by the macro only */
void wk_fault_init(void);   /* reads the environment; once per process */
void wk_fault_hit(const char *name);
void wk_fault_write(void); /* the counts of count@FILE; at exit by itself, by hand before _exit() */
#ifdef WK_NO_FAULTS
#define wk_fault_point(name) ((void)0)
#else
#define wk_fault_point(name) ((void)(__builtin_expect(wk_fault_armed, 0) ? (wk_fault_hit(name), 0) : 0))
#endif
#endif
