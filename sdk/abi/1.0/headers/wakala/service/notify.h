/* service/notify.h - notify/1: notices to people outside a turn, and alerts to operators. */
#ifndef WAKALA_SERVICE_NOTIFY_H
#define WAKALA_SERVICE_NOTIFY_H
#include <wakala/service.h>

#define WK_NOTIFY "notify/1"
struct wk_notice {
    uint32_t size;
    uint32_t reserved;
    struct wk_uuid user;      /* whom */
    const char *text;         /* what, in the person's language when the caller knows it */
    const char *dedup;        /* the same text key is told once; NULL: always */
    const char *template_name; /* used when the 24-hour window is closed; NULL: wait for the window */
};
struct wk_notifier {
    struct wk_service_head head;
    bool (*tell)(struct wk_call *call, const struct wk_notice *notice, struct wk_err *err);
    bool (*alert)(struct wk_call *call, const char *subject, const char *text, struct wk_err *err);
};
/* Queued on the call, leaves after its commit, in the person's lane. Does not suspend. */
static inline bool wk_notify(struct wk_call *call, const struct wk_notice *notice, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_notifier, WK_NOTIFY, NULL, tell, false, bool, call, err, call, notice, err);
}
/* For the operator: log and every configured alert channel. Text carries no secret and no phone number. */
static inline bool wk_alert(struct wk_call *call, const char *subject, const char *text, struct wk_err *err)
{
    WK_SERVICE_CALL(wk_notifier, WK_NOTIFY, NULL, alert, false, bool, call, err, call, subject, text, err);
}
#endif
