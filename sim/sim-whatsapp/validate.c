/* validate.c - see validate.h: the frame of a message and the simple types. */
#include "validate.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool check_text(const json_t *text, struct sim_refusal *no)
{
    const json_t *preview = json_object_get(text, "preview_url");

    return sim_only_keys(text, "text", SIM_WORDS("body", "preview_url"), no) &&
           sim_need_text(text, "text", "body", (struct sim_range){1, SIM_TEXT_MAX, 100}, NULL, no) &&
           (!preview || json_is_boolean(preview) || sim_refuse(no, 100, "Param text['preview_url'] must be a boolean."));
}

static bool is_link(const char *url) { return !strncmp(url, "https://", 8) || !strncmp(url, "http://", 7); }

bool sim_validate_media(const json_t *media, const char *kind, struct sim_refusal *no)
{
    bool may_caption = !strcmp(kind, "image") || !strcmp(kind, "video") || !strcmp(kind, "document");
    const char *id, *link;

    if (!sim_only_keys(media, kind, SIM_WORDS("id", "link", "caption", "filename", "voice", "provider"), no) ||
        !sim_may_text(media, kind, "id", (struct sim_range){1, 128, 0}, &id, no) ||
        !sim_may_text(media, kind, "link", (struct sim_range){1, 2048, 0}, &link, no))
        return false;
    if (!id == !link)
        return id ? sim_refuse(no, 100, "Param %s must have id or link, not both.", kind)
                  : sim_refuse(no, 131008, "Required parameter is missing: %s['id'] or %s['link'].", kind, kind);
    if (link && !is_link(link))
        return sim_refuse(no, 131009, "Param %s['link'] is not a valid URL.", kind);
    if (!may_caption && json_object_get(media, "caption"))
        return sim_refuse(no, 100, "Unexpected key \"caption\" on param %s.", kind);
    if (strcmp(kind, "document") && json_object_get(media, "filename"))
        return sim_refuse(no, 100, "Unexpected key \"filename\" on param %s.", kind);
    if (json_object_get(media, "voice") && (strcmp(kind, "audio") || !json_is_boolean(json_object_get(media, "voice"))))
        return sim_refuse(no, 100, "Param %s['voice'] is a boolean of audio.", kind);
    return sim_may_text(media, kind, "caption", (struct sim_range){0, SIM_CAPTION_MAX, 0}, NULL, no) &&
           sim_may_text(media, kind, "filename", (struct sim_range){1, 240, 0}, NULL, no);
}

static bool check_image(const json_t *o, struct sim_refusal *no) { return sim_validate_media(o, "image", no); }
static bool check_video(const json_t *o, struct sim_refusal *no) { return sim_validate_media(o, "video", no); }
static bool check_audio(const json_t *o, struct sim_refusal *no) { return sim_validate_media(o, "audio", no); }
static bool check_document(const json_t *o, struct sim_refusal *no) { return sim_validate_media(o, "document", no); }
static bool check_sticker(const json_t *o, struct sim_refusal *no) { return sim_validate_media(o, "sticker", no); }

/* A number, or the text of one: both are seen on the wire. */
static bool check_degrees(const json_t *o, const char *key, double limit, struct sim_refusal *no)
{
    const json_t *value = json_object_get(o, key);
    const char *text = json_string_value(value);
    char *end = NULL;
    double d = text ? strtod(text, &end) : json_number_value(value);

    if (!value || json_is_null(value))
        return sim_refuse(no, 131008, "Required parameter is missing: location['%s'].", key);
    if (!text && !json_is_number(value))
        return sim_refuse(no, 100, "Param location['%s'] must be a number.", key);
    if ((text && (!*text || *end || strpbrk(text, "xXnN"))) || !isfinite(d) || d < -limit || d > limit)
        return sim_refuse(no, 131009, "Param location['%s'] must be from -%.0f to %.0f.", key, limit, limit);
    return true;
}

static bool check_location(const json_t *o, struct sim_refusal *no)
{
    return sim_only_keys(o, "location", SIM_WORDS("latitude", "longitude", "name", "address"), no) && check_degrees(o, "latitude", 90, no) &&
           check_degrees(o, "longitude", 180, no) && sim_may_text(o, "location", "name", (struct sim_range){0, 1000, 0}, NULL, no) &&
           sim_may_text(o, "location", "address", (struct sim_range){0, 1000, 0}, NULL, no);
}

static bool check_reaction(const json_t *o, struct sim_refusal *no)
{
    return sim_only_keys(o, "reaction", SIM_WORDS("message_id", "emoji"), no) &&
           sim_need_text(o, "reaction", "message_id", (struct sim_range){1, SIM_WAMID_MAX, 0}, NULL, no) &&
           sim_need_text(o, "reaction", "emoji", (struct sim_range){0, 16, 0}, NULL, no); /* "" takes it back */
}

static bool check_contacts(const json_t *root, struct sim_refusal *no)
{
    json_t *contacts, *name;

    if (!sim_need_array(root, "message", "contacts", (struct sim_range){1, SIM_CONTACTS_MAX, 0}, &contacts, no))
        return false;
    for (size_t i = 0; i < json_array_size(contacts); i++)
        if (!sim_need_object(json_array_get(contacts, i), "contacts", "name", &name, no) ||
            !sim_need_text(name, "contacts['name']", "formatted_name", (struct sim_range){1, 1024, 0}, NULL, no))
            return false;
    return true;
}

static const struct type {
    const char *name;
    bool (*check)(const json_t *object, struct sim_refusal *no); /* NULL: contacts, an array */
} types[] = {
    {"text", check_text}, {"image", check_image}, {"video", check_video}, {"audio", check_audio}, {"document", check_document},
    {"sticker", check_sticker}, {"location", check_location}, {"contacts", NULL}, {"reaction", check_reaction},
    {"interactive", sim_validate_interactive}, {"template", sim_validate_template},
};

static bool check_content(const json_t *root, const char *type, struct sim_refusal *no)
{
    const struct type *t = NULL;
    json_t *object;

    for (size_t i = 0; i < WK_COUNT(types); i++)
        if (!strcmp(types[i].name, type))
            t = &types[i];
    if (!t)
        return sim_refuse(no, 131051, "Message type \"%.60s\" is not supported.", type);
    for (size_t i = 0; i < WK_COUNT(types); i++)
        if (&types[i] != t && json_object_get(root, types[i].name))
            return sim_refuse(no, 100, "Unexpected key \"%s\" in a message of type %s.", types[i].name, type);
    if (!t->check)
        return check_contacts(root, no);
    return sim_need_object(root, "message", type, &object, no) && t->check(object, no);
}

/* `to` wins when both are given. A user id in `to` is lost without a word at Meta; here it is refused, which is kinder to a developer. */
static bool check_recipient(const json_t *root, struct sim_send *out, struct sim_refusal *no)
{
    const char *to, *recipient;

    if (!sim_may_text(root, "message", "to", (struct sim_range){1, 140, 0}, &to, no) ||
        !sim_may_text(root, "message", "recipient", (struct sim_range){1, SIM_USER_ID_MAX, 0}, &recipient, no))
        return false;
    if (!to && !recipient)
        return sim_refuse(no, 131008, "Required parameter is missing: to, or recipient.");
    out->input = to ? to : recipient;
    if (to) {
        if (!sim_is_phone(to))
            return sim_refuse(no, 131009, sim_is_user_id(to) ? "Param to takes phone numbers; a user id goes into recipient."
                                                             : "Param to is not a phone number in international format.");
        (void)strcpy(out->phone, to + (*to == '+'));
        return true;
    }
    if (!sim_is_user_id(recipient))
        return sim_refuse(no, 131009, "Param recipient is not a business-scoped user id.");
    out->user_id = recipient;
    return true;
}

static bool check_frame(const json_t *root, struct sim_send *out, struct sim_refusal *no)
{
    const char *product = json_string_value(json_object_get(root, "messaging_product"));
    const char *kind;
    json_t *context = json_object_get(root, "context");

    if (!json_is_object(root))
        return sim_refuse(no, 100, "The request body must be a JSON object.");
    if (!product || strcmp(product, "whatsapp"))
        return sim_refuse(no, 100, "The parameter messaging_product is required and must be \"whatsapp\".");
    if (!sim_may_text(root, "message", "recipient_type", (struct sim_range){0, 40, 100}, &kind, no) ||
        (kind && strcmp(kind, "individual") && !sim_refuse(no, 100, "Param recipient_type must be \"individual\".")))
        return false;
    if (context && (!json_is_object(context) ? !sim_refuse(no, 100, "Param context must be a JSON object.")
                                             : !sim_need_text(context, "context", "message_id", (struct sim_range){1, SIM_WAMID_MAX, 0}, NULL, no)))
        return false;
    return sim_may_text(root, "message", "biz_opaque_callback_data", (struct sim_range){0, SIM_CALLBACK_MAX, 0}, &out->callback, no);
}

static bool check_receipt(const json_t *root, struct sim_send *out, struct sim_refusal *no)
{
    json_t *typing = json_object_get(root, "typing_indicator");

    out->is_receipt = true;
    return sim_only_keys(root, "message", SIM_WORDS("messaging_product", "status", "message_id", "typing_indicator"), no) &&
           sim_need_choice(root, "message", "status", SIM_WORDS("read"), NULL, no) &&
           sim_need_text(root, "message", "message_id", (struct sim_range){1, SIM_WAMID_MAX, 0}, &out->message_id, no) &&
           (!typing || (sim_need_object(root, "message", "typing_indicator", &typing, no) &&
                        sim_need_choice(typing, "typing_indicator", "type", SIM_WORDS("text"), NULL, no)));
}

bool sim_validate(const json_t *root, struct sim_send *out, struct sim_refusal *no)
{
    *out = (struct sim_send){0};
    if (!check_frame(root, out, no))
        return false;
    if (json_object_get(root, "status"))
        return check_receipt(root, out, no);
    if (!sim_only_keys(root, "message",
                       SIM_WORDS("messaging_product", "recipient_type", "to", "recipient", "type", "context", "biz_opaque_callback_data",
                                 "text", "image", "video", "audio", "document", "sticker", "location", "contacts", "reaction",
                                 "interactive", "template"),
                       no) ||
        !check_recipient(root, out, no) || !sim_may_text(root, "message", "type", (struct sim_range){1, 100, 100}, &out->type, no))
        return false;
    out->type = out->type ? out->type : "text"; /* what Meta assumes */
    out->is_template = !strcmp(out->type, "template");
    return check_content(root, out->type, no);
}
