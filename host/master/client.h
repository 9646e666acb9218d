/* client.h - asking a running master: for the command line. Blocking, with a deadline. */
#ifndef WK_MASTER_CLIENT_H
#define WK_MASTER_CLIENT_H
#include <jansson.h>
#include <wakala/err.h>

/* verb: reload rollback status stop reopen. The answer as JSON (the caller decrefs); NULL and err: nobody runs there
 * (master.not_running), not allowed, or no answer in time. */
json_t *wk_client_ask(const char *run_dir, const char *verb, int deadline_ms, struct wk_err *err);
#endif
