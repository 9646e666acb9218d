/* message.h - the on_message chain: decode the channel's event, ask plugins by priority until one has handled it. */
#ifndef WK_EVENT_MESSAGE_H
#define WK_EVENT_MESSAGE_H
#include "call/call.h"
bool wk_message_run(struct wk_call *call, const struct wk_event *event, struct wk_err *err);
#endif
