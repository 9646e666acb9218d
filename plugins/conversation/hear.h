/* hear.h - the turn algorithm: what one inbound message does to one conversation. */
#ifndef CONVERSATION_HEAR_H
#define CONVERSATION_HEAR_H
#include "turn.h"

/* Think: the turn is loaded, nothing is sent or saved yet. *is_silent: nothing to answer and nothing to save (a reaction). */
bool hear(struct wk_turn *turn, const struct wk_message *message, bool *is_silent, struct wk_err *err);
/* After a message that failed before: apologise with a code for support, and show where the person is. */
bool hear_apology(struct wk_turn *turn, struct wk_err *err);
#endif
