/* users.h - accounts of a tenant's people, by REST and for identity/1. The id is the identity; a number is only how they sign in. */
#ifndef AUTH_USERS_H
#define AUTH_USERS_H
#include <wakala/service/identity.h>
#include "state.h"

bool users_list(struct wk_call *call, struct wk_http *http, struct wk_err *err);
bool users_create(struct wk_call *call, struct wk_http *http, struct wk_err *err);
bool users_get(struct wk_call *call, struct wk_http *http, struct wk_err *err);
bool users_change(struct wk_call *call, struct wk_http *http, struct wk_err *err);
bool users_delete(struct wk_call *call, struct wk_http *http, struct wk_err *err);
bool users_find(struct wk_call *call, const struct wk_uuid *id, struct wk_user *user, struct wk_err *err);
#endif
