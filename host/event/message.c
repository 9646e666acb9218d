#include "event/message.h"
#include "observe/log.h"
#include "plugin/loader.h"
#include "plugin/registry.h"
#include <wakala/service/channel.h>

bool wk_message_run(struct wk_call *call, const struct wk_event *event, struct wk_err *err)
{
    struct wk_message message = {.size = sizeof message};
    const char *dot = strchr(event->type, '.'), *channel = dot ? wk_strndup(call, event->type, (size_t)(dot - event->type)) : NULL;
    bool is_suspended = call->tenant && !strcmp(call->tenant->tenant.status, "suspended"), is_guarded = false;
    const struct wk_message_hook *hooks;
    size_t n;

    if (!channel || !wk_channel_decode(call, channel, event, &message, err))
        return channel ? false : wk_fail(err, WK_SYSTEM, "event.type", "%s has no channel before its dot", event->type);
    message.size = sizeof message;
    message.failure = call->given_up;
    call->message = &message;
    hooks = wk_registry_messages(call->engine->registry, &n);
    for (size_t i = 0; i < n; i++) {
        struct wk_frame frame;
        enum wk_verdict verdict;

        if (!wk_tenant_has(call->tenant, hooks[i].plugin->name))
            continue;
        if (hooks[i].plugin->desc.message_priority < 0)
            is_guarded = true;
        else if (is_suspended && !is_guarded)
            return true; /* its messages are kept, nobody is answered */
        wk_call_enter(call, &frame, hooks[i].plugin, "on_message");
        verdict = hooks[i].plugin->desc.on_message(call, &message, err);
        wk_call_leave(call, &frame);
        if (verdict == WK_FAILED) {
            call->culprit = hooks[i].plugin;
            return false;
        }
        if (verdict == WK_HANDLED)
            return true;
    }
    return true; /* nobody wanted it: stored, not answered */
}
