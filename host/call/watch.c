#include "call/watch.h"
#include "call/told.h"
#include "guard/alerts.h"
#include "guard/guard.h"
#include "observe/backtrace.h"
#include "observe/log.h"
#include "observe/metric.h"

static void count(const char *code)
{
    char labels[96];

    wk_metric_add(wk_metric(WK_COUNTER, "wakala_security_total", wk_metric_labels(labels, sizeof labels, "code", code, NULL), "Failures of class SECURITY."), 1);
}

static void punish(struct wk_guard *guard, const struct wk_watched *what)
{
    bool is_signed_in = what->subject && *what->subject;

    (void)wk_guard_penalty_add(guard, WK_PENALTY_CREDENTIAL, what->subject, what->path, is_signed_in, 1);
    (void)wk_guard_penalty_add(guard, WK_PENALTY_TENANT, what->credential_tenant, what->path, is_signed_in, 1);
    (void)wk_guard_penalty_add(guard, WK_PENALTY_ADDRESS, what->ip, what->path, is_signed_in, 1);
}

void wk_watch(const struct wk_engine *engine, const struct wk_watched *what)
{
    const struct wk_err *err = what->err;
    struct wk_log_fields fields = {.plugin = what->plugin, .hook = what->route, .tenant = what->tenant ? what->tenant : what->credential_tenant, .trace_id = what->trace_id, .err = err};
    char trace[1024];

    if (err->cls == WK_SECURITY) {
        fields.kind = "security";
        fields.ip = what->ip ? what->ip : "";
        fields.subject = what->subject ? what->subject : "";
        wk_log_line(WK_WARN, &fields, "refused: %s", err->msg);
        count(wk_error_look(engine->registry, err) ? err->code : "unlisted"); /* labels are the catalogue's words */
        if (engine->guard)
            punish(engine->guard, what);
    } else if (err->cls == WK_TRANSIENT) {
        wk_log_line(WK_WARN, &fields, "failed");
    } else if (err->cls != WK_BUSINESS) {
        fields.backtrace = wk_backtrace_of(err->code, trace, sizeof trace) ? trace : NULL;
        wk_log_line(WK_ERROR, &fields, "failed");
        wk_alert_raise(engine->share, WK_SEVERITY_ERROR, what->plugin ? what->plugin : "host", err->code ? err->code : "a failure without a code");
    }
}
