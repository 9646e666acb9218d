/* pages.h - what is only read: keys that verify our tokens, roles, who asks, the tenant's audit. */
#ifndef AUTH_PAGES_H
#define AUTH_PAGES_H
#include "state.h"

bool page_jwks(struct wk_call *call, struct wk_http *http, struct wk_err *err);
bool page_roles(struct wk_call *call, struct wk_http *http, struct wk_err *err);
bool page_me(struct wk_call *call, struct wk_http *http, struct wk_err *err);
bool page_audit(struct wk_call *call, struct wk_http *http, struct wk_err *err);
#endif
