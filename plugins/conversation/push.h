/* push.h - words to people outside their own turn: queued as an event in their lane, said by its subscription. */
#ifndef CONVERSATION_PUSH_H
#define CONVERSATION_PUSH_H
#include <wakala/event.h>
#include <wakala/service/notify.h>

bool push_node(struct wk_call *call, const struct wk_uuid *user, const char *node, const char *arg, struct wk_err *err);
bool push_tell(struct wk_call *call, const struct wk_notice *notice, struct wk_err *err);
bool push_alert(struct wk_call *call, const char *subject, const char *text, struct wk_err *err);
/* Handler of conversation.push. */
bool push_run(struct wk_call *call, const struct wk_event *event, struct wk_err *err);
#endif
