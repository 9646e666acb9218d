/* t-no-note - a shared object of somebody else. */
#include <wakala/base.h>

WK_EXPORT int answer(void);
WK_EXPORT int answer(void) { return 42; }
