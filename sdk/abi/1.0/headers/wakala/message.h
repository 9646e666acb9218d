/* message.h - what people say and what we answer, whatever the channel. Names are WhatsApp's where it has one. */
#ifndef WAKALA_MESSAGE_H
#define WAKALA_MESSAGE_H
#include <wakala/call.h>

enum wk_message_type {
    WK_MSG_UNKNOWN = 0, WK_MSG_TEXT, WK_MSG_IMAGE, WK_MSG_VIDEO, WK_MSG_AUDIO, WK_MSG_DOCUMENT, WK_MSG_STICKER, WK_MSG_LOCATION,
    WK_MSG_CONTACTS, WK_MSG_BUTTON_REPLY, WK_MSG_LIST_REPLY, WK_MSG_FLOW_REPLY, WK_MSG_TEMPLATE_BUTTON, WK_MSG_ORDER,
    WK_MSG_REACTION, WK_MSG_SYSTEM, WK_MSG_UNSUPPORTED, WK_MSG_EDIT, WK_MSG_REVOKE,
};

struct wk_message { /* inbound; every pointer may be NULL; strings are valid UTF-8 without NUL */
    uint32_t size;
    enum wk_message_type type;
    const char *channel;   /* "whatsapp" */
    const char *id;        /* the channel's message id (wamid) */
    const char *address;   /* our side: phone_number_id */
    const char *user_key;  /* who: business-scoped user id if present, else phone; orders the lane */
    const char *user_id;   /* business-scoped user id */
    const char *phone;     /* wa_id */
    const char *name;      /* profile name */
    int64_t at_us;         /* the channel's timestamp */
    const char *text;      /* TEXT body, caption, button title, reaction emoji */
    const char *choice;    /* id of the tapped button or row, payload of a template button, response_json of a flow */
    const char *context_id; /* the message it answers */
    double latitude, longitude; /* LOCATION */
    const char *place_name, *place_address;
    const char *media_id, *media_type, *media_sha256, *file_name;
    const char *raw;       /* the channel's own object, JSON */
    size_t raw_len;
    /* Not NULL: it was tried, failed for good with this, and nothing was kept. Do not handle it again: tell the person (wk_error_told()), or decline. */
    const struct wk_err *failure;
};

enum wk_outgoing_type { WK_OUT_TEXT = 1, WK_OUT_BUTTONS, WK_OUT_LIST, WK_OUT_LOCATION_REQUEST, WK_OUT_LINK, WK_OUT_IMAGE,
                        WK_OUT_LOCATION, WK_OUT_TEMPLATE };
struct wk_option { /* a button or a row */
    const char *id;    /* comes back as choice; button <= 256 bytes, row <= 200 */
    const char *title; /* button <= 20 characters, row <= 24 */
    const char *description; /* row only, <= 72 characters; may be NULL */
    const char *section;     /* row only: title of its section, <= 24; NULL: same as the row before */
};
struct wk_outgoing { /* borrowed until the function returns; what a type does not name is ignored */
    uint32_t size; /* sizeof(struct wk_outgoing) */
    enum wk_outgoing_type type;
    const char *text;        /* body; TEXT <= 4096 characters, the others <= 1024 */
    const char *header, *footer; /* <= 60 characters each; may be NULL */
    const struct wk_option *options; /* BUTTONS 1..3, LIST 1..10 */
    size_t option_count;
    const char *button;      /* LIST: what opens it, <= 20; LINK: what is shown on it */
    const char *url;         /* LINK, IMAGE */
    double latitude, longitude; /* LOCATION */
    const char *place_name, *place_address;
    const char *template_name, *template_language;
    const char *const *parameters; /* TEMPLATE body parameters */
    size_t parameter_count;
    const char *reply_to;    /* message id to quote; may be NULL */
};

/* Queue an answer to the person of the current message; leaves with the call's commit, in order per person.
 * message.too_long, message.too_many, message.shape (BUSINESS) name the limit; nothing is cut silently. call.no_message (SYSTEM)
 * outside on_message. Everything is copied. Does not suspend. */
static inline bool wk_reply(struct wk_call *call, const struct wk_outgoing *message, struct wk_err *err)
{
    return wk_host->reply(call, message, err);
}
/* The same to anybody: channel "whatsapp", our address (phone_number_id), their user key. Plugins above the conversation use
 * wk_flow_push() instead, which knows the language and the menu. */
static inline bool wk_send(struct wk_call *call, const char *channel, const char *address, const char *to,
                           const struct wk_outgoing *message, struct wk_err *err)
{
    return wk_host->send(call, channel, address, to, message, err);
}
/* wk_reply() with a text, at most 4,096 characters. */
static inline bool wk_reply_text(struct wk_call *call, const char *text, struct wk_err *err)
{
    struct wk_outgoing message = {.size = sizeof message, .type = WK_OUT_TEXT, .text = text};

    return wk_reply(call, &message, err);
}
#endif
