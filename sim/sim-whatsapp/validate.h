/* validate.h - is this body one that Meta would take? Every shape and limit of POST /{version}/{phone_number_id}/messages.
 * Pure: needs the parsed JSON only. 100: wrong kind of value or a key that does not belong there; 131008: something is missing;
 * 131009: a value that is not allowed; 131051: a message type that does not exist. */
#ifndef SIM_VALIDATE_H
#define SIM_VALIDATE_H
#include "refusal.h"

enum {
    SIM_TEXT_MAX = 4096, SIM_CAPTION_MAX = 1024, SIM_INTERACTIVE_MAX = 1024, SIM_HEADER_MAX = 60, SIM_FOOTER_MAX = 60,
    SIM_BUTTONS_MAX = 3, SIM_BUTTON_TITLE_MAX = 20, SIM_BUTTON_ID_MAX = 256,
    SIM_SECTIONS_MAX = 10, SIM_ROWS_MAX = 10, SIM_SECTION_TITLE_MAX = 24, SIM_ROW_ID_MAX = 200, SIM_ROW_TITLE_MAX = 24,
    SIM_ROW_DESCRIPTION_MAX = 72, SIM_PRODUCTS_MAX = 30, SIM_CARDS_MIN = 2, SIM_CARDS_MAX = 10, SIM_CONTACTS_MAX = 257,
    SIM_CALLBACK_MAX = 512, SIM_TEMPLATE_NAME_MAX = 512, SIM_TEMPLATE_HEADER_MAX = 60, SIM_TEMPLATE_BODY_MAX = 1024,
    SIM_TEMPLATE_ALONE_MAX = 32768, SIM_TEMPLATE_BUTTONS_MAX = 10, SIM_USER_ID_MAX = 140, SIM_PHONE_MAX = 15, SIM_WAMID_MAX = 128,
};

struct sim_send { /* what the rest needs to know; strings belong to the JSON value */
    bool is_receipt;        /* {"status":"read"}: no message at all */
    bool is_template;       /* may be sent outside the window */
    const char *input;      /* `to` or `recipient` as given */
    char phone[SIM_PHONE_MAX + 1]; /* digits; "" when addressed by user id */
    const char *user_id;    /* NULL when addressed by phone */
    const char *type;
    const char *callback;   /* biz_opaque_callback_data; NULL: none */
    const char *message_id; /* of a receipt */
};

bool sim_validate(const json_t *body, struct sim_send *out, struct sim_refusal *no);
/* Parts that have files of their own. `path` is where the object stands, for the answer's words. */
bool sim_validate_interactive(const json_t *interactive, struct sim_refusal *no);
bool sim_validate_template(const json_t *template, struct sim_refusal *no);

/* Words that all parts use. */
struct sim_range {
    size_t min, max;
    int code; /* 0: 131009 */
};
size_t sim_count_characters(const char *text); /* of valid UTF-8 */
bool sim_is_user_id(const char *text);
bool sim_is_phone(const char *text);           /* 5 to 15 digits, one '+' before them or not */
/* object[key] as text of min..max characters. Missing (or null): refused when `needed`, else *out is NULL. */
bool sim_need_text(const json_t *object, const char *path, const char *key, struct sim_range range, const char **out, struct sim_refusal *no);
bool sim_may_text(const json_t *object, const char *path, const char *key, struct sim_range range, const char **out, struct sim_refusal *no);
bool sim_need_object(const json_t *object, const char *path, const char *key, json_t **out, struct sim_refusal *no);
bool sim_need_array(const json_t *object, const char *path, const char *key, struct sim_range range, json_t **out, struct sim_refusal *no);
bool sim_only_keys(const json_t *object, const char *path, const char *const *keys, struct sim_refusal *no);
bool sim_need_choice(const json_t *object, const char *path, const char *key, const char *const *choices, const char **out,
                     struct sim_refusal *no);
bool sim_validate_media(const json_t *media, const char *kind, struct sim_refusal *no);
#define SIM_WORDS(...) (const char *const[]){__VA_ARGS__, NULL}
#endif
