#include "closed.h"
#include <wakala/db.h>
#include <wakala/metric.h>
#include <wakala/service/drivers.h>
#include <wakala/service/flow.h>
#include <wakala/service/notify.h>
#include <wakala/setting.h>

/* One statement: what was written, whether it is the day's first of this person, and what is too old to keep. */
WK_SQL(missed_keep,
       "WITH m AS (INSERT INTO tenants_missed (id, said_at, channel, address, user_key, name, text) "
       "VALUES ($1::uuid, $2::timestamptz, $3::text, $4::text, $5::text, $6::text, left($7::text, 1000)) ON CONFLICT (tenant_id, id) DO NOTHING RETURNING 1), "
       "n AS (INSERT INTO tenants_notice (user_key, day) SELECT $5::text, (wakala.now() AT TIME ZONE $8::text)::date "
       "ON CONFLICT (tenant_id, day, user_key) DO NOTHING RETURNING 1), "
       "old AS (DELETE FROM tenants_missed WHERE tenant_id = wakala.tenant_id() AND at < wakala.now() - interval '30 days'), "
       "old_notice AS (DELETE FROM tenants_notice WHERE tenant_id = wakala.tenant_id() AND day < (wakala.now() - interval '3 days')::date) "
       "SELECT (SELECT count(*) FROM n), (SELECT count(*) FROM m)");
WK_SQL(missed_count, "SELECT count(*), count(DISTINCT user_key) FROM tenants_missed WHERE tenant_id = wakala.tenant_id() AND at > wakala.now() - interval '30 days'");

static bool is_closed(const struct wk_tenant *tenant) { return tenant && !strcmp(tenant->status, "suspended"); }

/* A driver with goods of somebody's in hand may bring them. Without the plugins that would know, nobody is one. */
static bool is_delivering(struct wk_call *call, const struct wk_message *message, bool *yes, struct wk_err *err)
{
    struct wk_uuid user;
    bool found;

    *yes = false;
    if (!wk_service_names(WK_DRIVERS, NULL, 0) || !wk_service_names(WK_FLOW, NULL, 0))
        return true;
    return wk_flow_look_user(call, message, &user, &found, err) && (!found || wk_drivers_is_delivering(call, &user, yes, err));
}

static const char *or_empty(const char *text) { return text ? text : ""; }

static bool keep(struct wk_call *call, const struct wk_message *message, bool *is_first, struct wk_err *err)
{
    struct wk_uuid id = wk_new_id(call); /* the call runs again only when nothing of it was kept */
    struct wk_rows *rows;

    if (!wk_db_write(call, &missed_keep,
                     WK_ARGS(wk_id(&id), wk_time(message->at_us > 0 ? message->at_us : wk_now(call)), wk_text(or_empty(message->channel)),
                             wk_text(or_empty(message->address)), wk_text(or_empty(message->user_key)), wk_text(or_empty(message->name)),
                             wk_text(or_empty(message->text)), wk_text(wk_tenant(call)->timezone)), &rows, err))
        return false;
    *is_first = wk_rows_int(rows, 0, 0) == 1;
    return true;
}

enum wk_verdict closed_on_message(struct wk_call *call, const struct wk_message *message, struct wk_err *err)
{
    const char *notice;
    bool yes, is_first;

    if (!is_closed(wk_tenant(call)) || message->failure)
        return WK_DECLINED;
    if (!is_delivering(call, message, &yes, err))
        return WK_FAILED;
    if (yes)
        return WK_DECLINED;
    if (!keep(call, message, &is_first, err))
        return WK_FAILED;
    wk_count(call, "missed", 1);
    notice = wk_setting_string(call, "suspended_notice");
    if (is_first && *notice && !wk_reply_text(call, notice, err))
        return WK_FAILED;
    return WK_HANDLED;
}

/* After the principal's tenant was entered. Who runs the platform must reach a tenant that is suspended. */
enum wk_verdict closed_on_request(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const struct wk_principal *who = wk_principal(call);

    if (!is_closed(wk_tenant(call)) || (wk_http_route(http)->flags & WK_ROUTE_ALWAYS) || (who->subject && wk_uuid_is_nil(&who->tenant)))
        return WK_DECLINED;
    (void)wk_fail(err, WK_BUSINESS, "tenant.suspended", "the tenant is suspended");
    return WK_FAILED;
}

/* Somebody should look at what nobody answered. */
bool closed_on_resumed(struct wk_call *call, const struct wk_event *event, struct wk_err *err)
{
    struct wk_rows *rows;
    const char *text;

    (void)event;
    if (!wk_db_read(call, &missed_count, WK_NO_ARGS, &rows, err))
        return false;
    if (!wk_rows_int(rows, 0, 0) || !wk_service_names(WK_NOTIFY, NULL, 0))
        return true;
    text = wk_printf(call, "%lld messages of %lld people came while the shop was suspended and were not answered: GET /v1/tenant/missed lists them",
                     (long long)wk_rows_int(rows, 0, 0), (long long)wk_rows_int(rows, 0, 1));
    return text ? wk_alert(call, "messages missed", text, err) : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "an alert");
}
