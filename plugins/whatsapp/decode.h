/* decode.h - the payload of whatsapp.incoming to struct wk_message, for every inbound type Meta has. Part of channel/1.
 * Reads with the splitter's scanner, not with jansson: what the inbox let in must be readable here (jansson refuses \u0000, half surrogate pairs, integers
 * beyond 64 bits and members that come twice), so a message never becomes a dead letter for its spelling. */
#ifndef WA_DECODE_H
#define WA_DECODE_H
#include <wakala/event.h>
#include <wakala/message.h>

enum { WA_TEXT_MAX = 4096, WA_NAME_MAX = 256 }; /* characters kept of a text, of a name */

/* whatsapp.bad_payload (BUSINESS): no JSON, or no message in it. A message that lacks the object of its type is WK_MSG_UNKNOWN. */
bool wa_decode(struct wk_call *call, const struct wk_event *event, struct wk_message *message, struct wk_err *err);
#endif
