/* t-ctor-crash - dies in a constructor, so inside dlopen: before the host can ask it anything. */
#include <signal.h>
#include <wakala/plugin.h>

__attribute__((constructor)) static void die(void) { (void)raise(SIGKILL); }

WK_PLUGIN("t-ctor-crash", "1.0.0", .summary = "Dies while it is loaded");
