/* alert.c - what processes of this machine have raised becomes events system.error, of no tenant. Without the database it waits where it is: what was
 * raised stands in the log already. */
#include "event/internal.h"
#include "fiber/fiber.h"
#include "guard/alerts.h"
#include "guard/guard.h"
#include "observe/log.h"
#include <jansson.h>
#include <stdlib.h>

#define AGAIN_US INT64_C(5000000)

static const struct wk_stmt q_alert = {"wakala", "host", "alert",
    "INSERT INTO wakala.event (class, lane, version, id, tenant_id, at, type, key, payload) "
    "VALUES ($1, $2, $3, wakala.uuid7((SELECT wakala.now())), $4, (SELECT wakala.now()), 'system.error', $5, $6)", false};

static bool publish(struct wk_log *log, const struct wk_alert *alert, struct wk_err *err)
{
    static const struct wk_uuid nobody;
    unsigned lane = wk_lane_of(&nobody, alert->service, strlen(alert->service));
    json_t *json = json_pack("{s:s, s:s, s:s, s:I}", "service", alert->service, "error", alert->error, "severity", wk_severity_name(alert->severity),
                             "count", (json_int_t)alert->count);
    char *payload = json ? json_dumps(json, JSON_COMPACT) : NULL;
    struct wk_arg args[] = {wk_int(wk_system_error.priority), wk_int(lane), wk_int(wk_system_error.version), wk_id(&nobody), wk_text(alert->service),
                            wk_text(payload)};
    struct wk_exec item = {.stmt = &q_alert, .args = args, .nargs = WK_COUNT(args)};
    bool ok = payload ? log_exec(log, &item, 1, err) : wk_fail(err, WK_TRANSIENT, "host.short_of_memory", "an alert");

    json_decref(json);
    free(payload);
    wk_exec_clear(&item, 1);
    if (ok)
        wk_log_published(log, wk_system_error.priority, UINT64_C(1) << lane);
    return ok;
}

void alert_publish(struct wk_log *log)
{
    struct wk_share *share = log->engine->share;
    struct wk_alert alert;
    struct wk_err err;

    while (wk_alert_take(share, wk_guard_alert_interval_us(log->engine->guard), wk_mono_us(), &alert))
        if (!publish(log, &alert, &err)) {
            wk_alert_return(share, &alert, wk_mono_us() + AGAIN_US);
            return; /* no way for it: not for the others either */
        }
}

/* What tells of errors raises none of its own: its failures stand in the log. */
void alert_of(struct wk_log *log, enum wk_severity severity, const char *service, const char *type, const char *error)
{
    if (strcmp(type, wk_system_error.name) != 0 && strncmp(type, "notifications.", 14) != 0)
        wk_alert_raise(log->engine->share, severity, service, error);
}
