/* session.h - sessions of people: begun by a code, carried on by refresh tokens, ended at once everywhere. docs/design/auth.md */
#ifndef AUTH_SESSION_H
#define AUTH_SESSION_H
#include "state.h"

/* The role that the session's user has now. auth.session_ended (BUSINESS) when it, or the user, is no more. Cached, and forgotten when either changes. */
bool session_role(struct wk_call *call, const struct wk_uuid *sid, const struct wk_uuid *user, const char **role, struct wk_err *err);

/* Queue a new session of the call's tenant, and answer with its tokens. */
bool session_begin(struct wk_call *call, const struct auth *a, const struct wk_uuid *user, const char *role, json_t **answer, struct wk_err *err);
/* The next tokens for a refresh token's hash. Reuse ends the session, and that stands though it fails. Suspends, opens the transaction. */
bool session_refresh(struct wk_call *call, const struct auth *a, const uint8_t hash[32], json_t **answer, struct wk_err *err);
/* Queue the end of one session, or of all that a user has (sid NULL). `why` stands in the row and in the event. */
bool session_end(struct wk_call *call, const struct wk_uuid *sid, const struct wk_uuid *user, const char *why, struct wk_err *err);
bool session_cleanup(struct wk_call *call, const struct wk_event *event, struct wk_err *err);
bool session_cleanup_later(struct wk_call *call, struct wk_err *err); /* queue */
#endif
