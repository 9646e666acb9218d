/* forward.h - a prefix of wakala.conf that another process answers (the simulators): whole bodies both ways, no streaming, no filters. */
#ifndef WK_FORWARD_H
#define WK_FORWARD_H
#include "call/pass.h"
/* On a fiber: ask, answer the exchange, return the status. */
int wk_forward_run(struct wk_server *server, struct wk_http *http);
#endif
