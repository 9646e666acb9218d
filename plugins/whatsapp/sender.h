/* sender.h - whatsapp.outgoing to Meta: once, in order per person, whatever dies in between. README.md tells the life of a message. */
#ifndef WA_SENDER_H
#define WA_SENDER_H
#include <wakala/plugin.h>

#define WA_SETTLED_EVENT "whatsapp.sent"

bool wa_sender_open(struct wk_plugin *plugin, struct wk_err *err);
void wa_sender_close(void);
/* Handler of the subscription "send". */
bool wa_send_outgoing(struct wk_call *call, const struct wk_event *event, struct wk_err *err);
#endif
