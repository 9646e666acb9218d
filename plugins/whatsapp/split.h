/* split.h - one webhook body to updates (struct wk_item): the hot path of the whole host.
 *
 * Nothing leaves before all of the body has been checked, so a body is either split or refused, never half of each. Inside a sound body one bad update
 * becomes a WK_ITEM_BAD of its own and the others go on. Loop only: spans of an item point into the body or into the splitter's own
 * memory and live until the next wa_split_body(). */
#ifndef WA_SPLIT_H
#define WA_SPLIT_H
#include <wakala/inbox.h>

enum { /* bytes, unescaped; longer ones are not ids */
    WA_ID_MAX = 256,      /* message ids: Meta says 128 */
    WA_ADDRESS_MAX = 64,  /* phone_number_id, WABA id */
    WA_USER_KEY_MAX = 200, /* what an event key may have */
    WA_CALLBACK_MAX = 512,
    WA_FIELD_MAX = 64,
    WA_METADATA_MAX = 512,
};

/* False: not JSON, not WhatsApp's envelope, too many updates: whatsapp.not_json, whatsapp.not_envelope, whatsapp.too_many_updates (BUSINESS);
 * whatsapp.no_memory (TRANSIENT) when `to` would take no more. */
bool wa_split_body(const char *body, size_t len, struct wk_split *to, struct wk_err *err);
/* The entry of the plugin's inbox. */
bool wa_split(const struct wk_webhook *hook, struct wk_split *to, struct wk_err *err);
#endif
