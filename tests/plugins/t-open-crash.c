/* t-open-crash - dies in open(). */
#include <signal.h>
#include <wakala/plugin.h>

static bool crash_open(struct wk_plugin *plugin, struct wk_err *err)
{
    (void)plugin, (void)err;
    (void)raise(SIGKILL);
    return true;
}

WK_PLUGIN("t-open-crash", "1.0.0", .summary = "Dies while it opens", .open = crash_open);
