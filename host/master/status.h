/* status.h - what the master knows, as JSON for `wakala status` and the admin port, and as metrics. */
#ifndef WK_MASTER_STATUS_H
#define WK_MASTER_STATUS_H
#include <jansson.h>
#include "master/internal.h"

json_t *wk_status_json(const struct wk_master *m);
json_t *wk_status_verdict(const struct wk_verdict *v, const struct wk_master *m);
json_t *wk_status_health(const struct wk_master *m, bool *is_ok); /* every serving worker's loop beats */
json_t *wk_status_ready(const struct wk_master *m, bool *is_ok);  /* all workers serve, and what they depend on works */
char *wk_status_metrics(const struct wk_master *m, size_t *len);  /* malloc'd; NULL without memory */
#endif
