/* login.h - the routes of signing in and out, and the codes that go over WhatsApp. */
#ifndef AUTH_LOGIN_H
#define AUTH_LOGIN_H
#include "state.h"

bool login_code(struct wk_call *call, struct wk_http *http, struct wk_err *err);  /* POST /v1/auth/code */
bool login_token(struct wk_call *call, struct wk_http *http, struct wk_err *err); /* POST /v1/auth/token */
bool login_out(struct wk_call *call, struct wk_http *http, struct wk_err *err);
bool login_out_everywhere(struct wk_call *call, struct wk_http *http, struct wk_err *err);
bool login_send(struct wk_call *call, const struct wk_event *event, struct wk_err *err); /* auth.code_requested */
#endif
