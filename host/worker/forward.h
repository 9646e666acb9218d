/* forward.h - a prefix that another process answers (the simulators): whole bodies both ways, no streaming. */
#ifndef WK_FORWARD_H
#define WK_FORWARD_H
#include "call/http_hook.h"
#include "config/config.h"
/* On a fiber: ask, answer the exchange, return the status. */
int wk_forward_run(struct wk_engine *engine, const struct wk_forward *forward, struct wk_http *http);
#endif
