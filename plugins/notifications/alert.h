/* alert.h - an alert from the event that tells of it to the operator's webhook: grouped, told, tried again. */
#ifndef NOTIFICATIONS_ALERT_H
#define NOTIFICATIONS_ALERT_H
#include <wakala/plugin.h>

bool alert_check(const char *url, struct wk_err *err); /* notifications.address (SYSTEM); "" is none */
bool alert_raise(struct wk_call *call, const char *subject, const char *text, struct wk_err *err); /* notify/1 */
/* Handlers of system.error, notifications.summary, notifications.alert. */
bool alert_on_error(struct wk_call *call, const struct wk_event *event, struct wk_err *err);
bool alert_on_summary(struct wk_call *call, const struct wk_event *event, struct wk_err *err);
bool alert_on_alert(struct wk_call *call, const struct wk_event *event, struct wk_err *err);
#endif
