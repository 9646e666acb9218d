/* front.h - HTTP as the host serves it: one router over plugins' routes, inboxes and forwards; the phases; one fiber per call.
 * Threads: the loop's. */
#ifndef WK_FRONT_H
#define WK_FRONT_H
#include "call/engine.h"
#include "config/config.h"
#include "http/server.h"
#include "inbox/inbox.h"

struct wk_front;
struct wk_front *wk_front_create(struct wk_engine *engine, struct wk_inbox_room *inbox, const struct wk_config *config, struct wk_err *err);
void wk_front_destroy(struct wk_front *front);
struct wk_httpd *wk_front_httpd(struct wk_front *front);
uint32_t wk_front_running(const struct wk_front *front); /* calls on fibers */
#endif
