/* t-open-fails - needs greet/1, so that something is open already, and says no. */
#include <wakala/plugin.h>

static bool fails_open(struct wk_plugin *plugin, struct wk_err *err)
{
    (void)plugin;
    return wk_fail(err, WK_SYSTEM, "t-open-fails.mood", "not today");
}

static const struct wk_error_type errors[] = {
    WK_ERROR_SYSTEM("t-open-fails.mood", "It never opens."),
    {0},
};
WK_PLUGIN("t-open-fails", "1.0.0", .errors = errors, .summary = "Does not open", .needs = "greet/1", .open = fails_open);
