/* out.h - what a turn says, brought into the channel's shapes: at most two messages, no limit broken, no option lost. */
#ifndef CONVERSATION_OUT_H
#define CONVERSATION_OUT_H
#include "turn.h"

#define OUT_TEXT_MAX 4096 /* characters */
#define OUT_BODY_MAX 1024
#define OUT_BUTTONS 3
#define OUT_ROWS 10

bool out_say(struct wk_call *call, struct wk_turn *turn, const char *text, struct wk_err *err);
bool out_menu(struct wk_call *call, struct wk_turn *turn, const char *text, const char *open_with, const struct wk_choice *choices,
              size_t n, struct wk_err *err);
bool out_ask_location(struct wk_call *call, struct wk_turn *turn, const char *text, struct wk_err *err);
/* Show the menu of turn->menu again from another offset ("More"). */
bool out_page(struct wk_turn *turn, size_t offset, struct wk_err *err);

/* What is visible of turn->menu: choices from its offset, then "More" when there are further ones. Returns how many; out[OUT_ROWS]. */
size_t out_visible(const struct wk_turn *turn, struct turn_choice *out);

/* Hand everything said to the host: wk_reply in a turn, wk_send in a push. Returns how many messages in *sent. */
bool out_flush(struct wk_turn *turn, size_t *sent, struct wk_err *err);
/* At most `chars` characters of text, the last one an ellipsis when something was cut. */
const char *out_cut(struct wk_call *call, const char *text, size_t chars);
#endif
