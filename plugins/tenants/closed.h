/* closed.h - what a suspended tenant still does: its drivers bring what is under way, everybody else is told once a day, and a person can see who wrote. */
#ifndef TENANTS_CLOSED_H
#define TENANTS_CLOSED_H
#include <wakala/event.h>
#include <wakala/http.h>
#include <wakala/message.h>

enum wk_verdict closed_on_message(struct wk_call *call, const struct wk_message *message, struct wk_err *err);
enum wk_verdict closed_on_request(struct wk_call *call, struct wk_http *http, struct wk_err *err);
bool closed_on_resumed(struct wk_call *call, const struct wk_event *event, struct wk_err *err);
#endif
