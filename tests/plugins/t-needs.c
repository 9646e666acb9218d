/* t-needs - needs greet/1 and would like an interface that nobody has; asks for both in open(). */
#include <wakala/plugin.h>

static enum wk_verdict on_message(struct wk_call *call, const struct wk_message *message, struct wk_err *err)
{
    (void)call, (void)message, (void)err;
    return WK_DECLINED;
}

static bool needs_open(struct wk_plugin *plugin, struct wk_err *err)
{
    struct wk_err why;

    if (wk_open_service(plugin, "dreams/1", &why) || !wk_err_is(&why, "service.missing"))
        return wk_fail(err, WK_SYSTEM, "t-needs.dreams", "an interface that nobody provides was found");
    return wk_open_service(plugin, "greet/1", err) != NULL;
}

static const struct wk_error_type errors[] = {
    WK_ERROR_SYSTEM("t-needs.dreams", "The host gave a service that nobody provides."),
    {0},
};
WK_PLUGIN("t-needs", "1.0.0", .errors = errors, .summary = "Needs another", .needs = "greet/1 dreams/1?", .on_message = on_message,
          .message_priority = 10, .open = needs_open);
