/* notifications - notices to people and alerts to operators (notify/1). README.md. */
#include <wakala/plugin.h>
#include <wakala/service/flow.h>
#include <wakala/service/notify.h>
#include "alert.h"
#include "codes.h"

static const struct wk_setting settings[] = {
    WK_SETTING_STRING("alert_webhook", "", WK_SCOPE_HOST, "Where alerts are posted as JSON: an https:// address, http:// only on this machine; empty: only the log."),
    WK_SETTING_SECRET("alert_secret", WK_SCOPE_HOST, "Sent as X-Alert-Secret, so that the receiver knows who posts."),
    WK_SETTING_DURATION("alert_interval", "60s", WK_SCOPE_HOST, "Alerts of one kind: the first at once, then one with a count in each of these."),
    {0},
};

static const struct wk_event_type events[] = {
    {.name = "notifications.alert", .priority = WK_HIGH, .version = 1, .ttl_s = 24 * 3600, .key = "hash of service and error",
     .schema = "notifications.alert.json", .summary = "An alert is on its way to the operator"},
    {.name = "notifications.summary", .priority = WK_NORMAL, .version = 1, .ttl_s = 24 * 3600, .key = "hash of service and error",
     .schema = "notifications.summary.json", .summary = "Time to tell how often something happened"},
    {0},
};

static const struct wk_sub subscriptions[] = {
    {.name = "errors", .pattern = "system.error", .from = WK_FROM_NOW, .run = alert_on_error},
    {.name = "summaries", .pattern = "notifications.summary", .from = WK_FROM_START, .run = alert_on_summary},
    {.name = "alerts", .pattern = "notifications.alert", .from = WK_FROM_START, .run = alert_on_alert},
    {0},
};

static struct wk_notifier notifier = {.head = {.size = sizeof notifier, .version = 1}, .tell = wk_flow_tell, .alert = alert_raise};
static const struct wk_provide provides[] = {{WK_NOTIFY, &notifier.head}, {0}};

static bool notifications_open(struct wk_plugin *plugin, struct wk_err *err) { return alert_check(wk_plugin_setting_string(plugin, "alert_webhook"), err); }

WK_PLUGIN("notifications", "1.0.0", .summary = "Notices to people, alerts to operators", .needs = "flow/1", .settings = settings, .events = events,
          .subscriptions = subscriptions, .provides = provides, .errors = codes, .open = notifications_open);
