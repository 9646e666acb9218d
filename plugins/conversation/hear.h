/* hear.h - the turn algorithm: what one inbound message does to one conversation. */
#ifndef CONVERSATION_HEAR_H
#define CONVERSATION_HEAR_H
#include "turn.h"

/* Think: the turn is loaded, nothing is sent or saved yet. *is_silent: nothing to answer and nothing to save (a reaction). */
bool hear(struct wk_turn *turn, const struct wk_message *message, bool *is_silent, struct wk_err *err);
/* A message failed for good: say what its class allows, with the reference that the log has. The person stays where they are. */
bool hear_failure(struct wk_turn *turn, const struct wk_err *why, struct wk_err *err);
#endif
