/* store.h - the rows behind a turn: loaded in one trip, saved with the call's commit. */
#ifndef CONVERSATION_STORE_H
#define CONVERSATION_STORE_H
#include "turn.h"

/* The turn of a message: who wrote (by business-scoped id, then phone), made up when new. One trip. */
bool store_load_message(struct wk_turn *turn, const struct wk_message *message, struct wk_err *err);
/* The turn of a push; flow.no_user (BUSINESS). One trip. */
bool store_load_user(struct wk_turn *turn, const struct wk_uuid *user, struct wk_err *err);
/* Queue user and aliases when they are new or changed, so that what follows may refer to them. Once per turn. */
bool store_queue_user(struct wk_turn *turn, struct wk_err *err);
/* Queue the state at version + 1; a conversation that moved on meanwhile fails the call with db.conflict, and the host runs it again. */
bool store_queue_state(struct wk_turn *turn, struct wk_err *err);

/* "27821234567" is a phone, "ZA.13491208655302741918" a business-scoped id. */
const char *store_alias_kind(const char *user_key);
/* Who wrote this, when somebody known did. One trip. */
bool store_look_user(struct wk_call *call, const struct wk_message *message, struct wk_uuid *user, bool *found, struct wk_err *err);
bool store_find_user(struct wk_call *call, const char *user_key, const char *name, struct wk_uuid *user, struct wk_err *err);
bool store_grant_role(struct wk_call *call, const struct wk_uuid *user, const char *role, bool has, struct wk_err *err);
/* True in *is_new when this notice was not told yet; remembers it. Writes. */
bool store_notice_once(struct wk_call *call, const struct wk_uuid *user, const char *dedup, bool *is_new, struct wk_err *err);
#endif
