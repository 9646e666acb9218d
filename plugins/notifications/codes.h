/* codes.h - what notifications fail with.
 * What the columns mean: err.h. For the descriptor only; sdk/errors/check.py compares with the sources. */
#ifndef NOTIFICATIONS_CODES_H
#define NOTIFICATIONS_CODES_H
#include <wakala/err.h>

static const struct wk_error_type codes[] = {
    WK_ERROR_SYSTEM("notifications.address", "alert_webhook is no https:// address (http:// only on this machine): correct it in the plugin's conf file."),
    WK_ERROR_SYSTEM("notifications.bad_alert", "A plugin raises an alert that is empty, too long or no UTF-8: repair the plugin."),
    WK_ERROR_TRANSIENT("notifications.refused", "The alert webhook did not take an alert: its answer is in the log line. Tried again."),
    {0},
};
#endif
