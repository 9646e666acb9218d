/* apikeys.h - keys of programs: shown once, kept as SHA-256, of some of their maker's permissions, until a day. */
#ifndef AUTH_APIKEYS_H
#define AUTH_APIKEYS_H
#include "state.h"

/* Whose key this is, in the call's tenant; hash: of the secret in its text. auth.api_key (SECURITY), auth.key_ended (BUSINESS). Suspends. */
bool apikey_who(struct wk_call *call, const struct wk_uuid *tenant, const struct wk_uuid *id, const uint8_t hash[32], struct wk_principal *who, struct wk_err *err);
bool apikeys_list(struct wk_call *call, struct wk_http *http, struct wk_err *err);
bool apikeys_create(struct wk_call *call, struct wk_http *http, struct wk_err *err);
bool apikeys_delete(struct wk_call *call, struct wk_http *http, struct wk_err *err);
#endif
