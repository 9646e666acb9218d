/* compose.h - struct wk_outgoing to the body of POST /{phone_number_id}/messages. Part of channel/1.
 * Every limit of the Graph API is checked here, so that a text that is too long fails in the plugin that wrote it and not at Meta an hour later. Lengths are
 * characters (code points), counted as Meta counts them; nothing is cut. */
#ifndef WA_COMPOSE_H
#define WA_COMPOSE_H
#include <wakala/message.h>

enum { /* characters, unless a name says otherwise */
    WA_BODY_MAX = 4096, WA_INTERACTIVE_MAX = 1024, WA_CAPTION_MAX = 1024, WA_HEADER_MAX = 60, WA_FOOTER_MAX = 60,
    WA_BUTTONS_MAX = 3, WA_BUTTON_TITLE_MAX = 20, WA_BUTTON_ID_MAX = 256,
    WA_ROWS_MAX = 10, WA_ROW_TITLE_MAX = 24, WA_ROW_ID_MAX = 200, WA_ROW_DESCRIPTION_MAX = 72, WA_SECTION_MAX = 24, WA_OPEN_MAX = 20,
    WA_URL_MAX = 2000, WA_PLACE_MAX = 1000, WA_TEMPLATE_NAME_MAX = 512, WA_LANGUAGE_MAX = 16, WA_PARAMETER_MAX = 1024, WA_PARAMETERS_MAX = 100,
    WA_WAMID_MAX = 256,
};

/* message.too_long, message.too_many, message.shape (BUSINESS): field, what it has, what is allowed. `to` is a phone number (digits, '+' or not) or a
 * business-scoped user id ("CC." and letters and digits), which goes to `recipient`: in `to` Meta would drop it silently. */
bool wa_compose(struct wk_call *call, const char *to, const struct wk_outgoing *message, const char **json, struct wk_err *err);
/* Both false: neither. */
bool wa_is_phone(const char *to);
bool wa_is_user_id(const char *to);
#endif
