/* alerts.h - what the operator must hear, grouped over all processes of the machine by service and error: the first at once, then a count per
 * interval. Kept in shared memory, so that neither the database nor the raiser's life is needed; a worker publishes what is due as system.error.
 * Threads: any process; nothing suspends. Texts: fixed words and codes, no secret, no phone number. */
#ifndef WK_GUARD_ALERTS_H
#define WK_GUARD_ALERTS_H
#include "share/region.h"

enum wk_severity { WK_SEVERITY_WARNING, WK_SEVERITY_ERROR, WK_SEVERITY_CRITICAL };
struct wk_alert {
    char service[48], error[112];
    enum wk_severity severity;
    uint32_t count; /* since the last one of its kind was taken */
    size_t cell;
};
/* share NULL: nobody hears. */
void wk_alert_raise(struct wk_share *share, enum wk_severity severity, const char *service, const char *error);
/* One that is due; false: none. It is the caller's to tell, for all processes. */
bool wk_alert_take(struct wk_share *share, int64_t interval_us, int64_t now_us, struct wk_alert *alert);
void wk_alert_return(struct wk_share *share, const struct wk_alert *alert, int64_t again_us); /* it could not be told: count it again, not before */
const char *wk_severity_name(enum wk_severity severity);
#endif
