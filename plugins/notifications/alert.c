#include "alert.h"

#include <time.h>
#include <wakala/json.h>

#define TARGET "alert-webhook"
enum { SERVICE_MAX = 200, ERROR_MAX = 1000, ATTEMPTS = 3, TIMEOUT_MS = 5000 };

/* Told now: 0 pending. Within the interval: one more is pending. */
WK_SQL(notifications_count, "INSERT INTO notifications_alert AS a (kind, service, error, severity, told_at, pending) VALUES ($1, $2, $3, $4, wakala.now(), 0) "
                            "ON CONFLICT (tenant_id, kind) DO UPDATE SET severity = excluded.severity, "
                            "pending = CASE WHEN a.pending > 0 OR a.told_at > wakala.now() - $5::bigint * interval '1 millisecond' THEN a.pending + 1 ELSE 0 END, "
                            "told_at = CASE WHEN a.pending > 0 OR a.told_at > wakala.now() - $5::bigint * interval '1 millisecond' THEN a.told_at ELSE wakala.now() END "
                            "RETURNING pending, (extract(epoch FROM told_at) * 1000000)::bigint");
WK_SQL(notifications_sum, "UPDATE notifications_alert AS a SET pending = 0, told_at = wakala.now() FROM notifications_alert AS was "
                          "WHERE a.kind = $1 AND was.kind = $1 AND was.pending > 0 RETURNING was.service, was.error, was.severity, was.pending");
/* What has been quiet for a day begins anew, and costs no row. */
WK_SQL(notifications_forget, "DELETE FROM notifications_alert WHERE kind = ANY (ARRAY(SELECT kind FROM notifications_alert WHERE pending = 0 "
                             "AND told_at < wakala.now() - interval '1 day' ORDER BY told_at LIMIT 20))");

bool alert_check(const char *url, struct wk_err *err)
{
    static const char *const local[] = {"http://127.0.0.1", "http://localhost", "http://[::1]"};

    if (!*url || !strncmp(url, "https://", 8))
        return true;
    for (size_t i = 0; i < WK_COUNT(local); i++) {
        size_t n = strlen(local[i]);

        if (!strncmp(url, local[i], n) && (url[n] == ':' || url[n] == '/' || !url[n]))
            return true;
    }
    return wk_fail(err, WK_SYSTEM, "notifications.address", "alert_webhook: https:// is wanted, or http:// on this machine");
}

bool alert_raise(struct wk_call *call, const char *subject, const char *text, struct wk_err *err)
{
    json_t *payload = json_pack("{s:s, s:s, s:s}", "service", subject, "error", text, "severity", "error");

    if (!payload || !*subject || strlen(subject) > SERVICE_MAX || strlen(text) > ERROR_MAX) {
        json_decref(payload);
        return wk_fail(err, WK_SYSTEM, "notifications.bad_alert", "subject: 1 to %d bytes, text: at most %d, both UTF-8", SERVICE_MAX, ERROR_MAX);
    }
    return wk_publish_json(call, "system.error", subject, payload, err);
}

/* --- telling --- */

/* Now, as the webhook gets it. */
static const char *body_of(struct wk_call *call, const json_t *alert, int64_t at_us, size_t *len)
{
    const struct wk_tenant *tenant = wk_tenant(call);
    json_t *body = json_copy((json_t *)(uintptr_t)alert);
    time_t s = (time_t)(at_us / 1000000);
    char at[32];
    struct tm tm;

    (void)strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&s, &tm));
    (void)json_object_set_new(body, "at", json_string(at));
    if (!json_object_get(body, "count"))
        (void)json_object_set_new(body, "count", json_integer(1));
    if (tenant) {
        (void)json_object_set_new(body, "tenant", json_string(tenant->id_text));
        (void)json_object_set_new(body, "tenant_name", json_string(tenant->name));
    }
    return wk_json_text(call, body, len);
}

static bool post(struct wk_call *call, const char *url, const char *body, size_t len, struct wk_err *err)
{
    const char *secret = wk_secret(call, "alert_secret", NULL);
    struct wk_header headers[] = {{"Content-Type", "application/json"}, {"User-Agent", "wakala/1.0"}, {"X-Alert-Secret", secret}};
    struct wk_fetch request = {.size = sizeof request, .timeout_ms = TIMEOUT_MS, .method = "POST", .url = url, .headers = headers,
                               .header_count = secret ? 3 : 2, .body = body, .body_len = len, .reply_max = 64 * 1024, .target = TARGET};
    struct wk_retry retry = {.size = sizeof retry, .target = TARGET};

    do {
        struct wk_fetched reply = {.size = sizeof reply};

        if (wk_fetch(call, &request, &reply, err)) {
            if (reply.status / 100 == 2)
                return true;
            (void)wk_fail(err, WK_TRANSIENT, "notifications.refused", "the alert webhook answered %d", reply.status);
        }
    } while (wk_retry(call, &retry, err)); /* twice the same alert is better than none */
    return false;
}

/* To the log and the webhook. A webhook that stays away is given up without a dead letter: that would be an alert about alerts. */
static bool tell(struct wk_call *call, const json_t *alert, const struct wk_event *event, struct wk_err *err)
{
    const char *url = wk_setting_string(call, "alert_webhook"), *body;
    size_t len;
    struct wk_err why = {0};

    if (event->attempt <= 1) {
        wk_count(call, "alerts", 1);
        wk_log(call, WK_ERROR, "alert: %s: %s (%s, %lld times)", wk_json_string(alert, "service", "?"), wk_json_string(alert, "error", "?"),
               wk_json_string(alert, "severity", "error"), (long long)wk_json_int(alert, "count", 1));
    }
    if (!*url)
        return true;
    body = body_of(call, alert, event->at_us, &len);
    if (!body)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "an alert");
    if (post(call, url, body, len, &why)) {
        wk_count(call, "alerts_sent", 1);
        return true;
    }
    if (event->attempt < ATTEMPTS && why.cls == WK_TRANSIENT)
        return wk_fail(err, WK_TRANSIENT, "notifications.refused", "%s", why.msg);
    wk_count(call, "alerts_lost", 1);
    wk_log(call, WK_ERROR, "an alert could not be told to alert_webhook: %s (%s)", why.msg, why.code ? why.code : "-");
    return true;
}

/* --- grouping --- */

static const char *kind_of(const char *service, const char *error, char out[17])
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (const char *part[] = {service, error, NULL}, **p = part; *p; p++)
        for (const char *c = *p;; c++) {
            h = (h ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
            if (!*c)
                break;
        }
    (void)snprintf(out, 17, "%016llx", (unsigned long long)h);
    return out;
}

static bool publish(struct wk_call *call, const char *kind, const char *service, const char *error, const char *severity, int64_t count, struct wk_err *err)
{
    return wk_publish_json(call, "notifications.alert", kind,
                           json_pack("{s:s, s:s, s:s, s:I}", "service", service, "error", error, "severity", severity, "count", (json_int_t)count), err);
}

bool alert_on_error(struct wk_call *call, const struct wk_event *event, struct wk_err *err)
{
    const json_t *alert = wk_json_parse(call, event->payload, event->payload_len, err);
    const char *service = wk_json_string(alert, "service", "?"), *error = wk_json_string(alert, "error", "?"),
               *severity = wk_json_string(alert, "severity", "error");
    int64_t interval_ms = wk_setting_ms(call, "alert_interval");
    const char *json;
    char kind[17];
    struct wk_rows *rows;

    if (!alert)
        return false;
    if (!wk_tenant(call)) /* the host has grouped it */
        return tell(call, alert, event, err);
    (void)kind_of(service, error, kind);
    if (!wk_db_write(call, &notifications_count, WK_ARGS(wk_text(kind), wk_text(service), wk_text(error), wk_text(severity), wk_int(interval_ms)), &rows, err))
        return false;
    if (!wk_rows_int(rows, 0, 0))
        return publish(call, kind, service, error, severity, 1, err) && wk_db_queue(call, &notifications_forget, WK_NO_ARGS, -1, NULL, err);
    wk_count(call, "alerts_grouped", 1);
    json = wk_printf(call, "{\"kind\":\"%s\"}", kind);
    return json && wk_schedule_lazy(call, kind, "summary", wk_rows_int(rows, 0, 1) + interval_ms * 1000, "notifications.summary", json, strlen(json), err);
}

bool alert_on_summary(struct wk_call *call, const struct wk_event *event, struct wk_err *err)
{
    struct wk_rows *rows;

    if (!wk_db_write(call, &notifications_sum, WK_ARGS(wk_text(event->key)), &rows, err))
        return false;
    return !wk_rows_count(rows) || publish(call, event->key, wk_rows_text(rows, 0, 0), wk_rows_text(rows, 0, 1), wk_rows_text(rows, 0, 2),
                                           wk_rows_int(rows, 0, 3), err);
}

bool alert_on_alert(struct wk_call *call, const struct wk_event *event, struct wk_err *err)
{
    const json_t *alert = wk_json_parse(call, event->payload, event->payload_len, err);

    return alert && tell(call, alert, event, err);
}
