/* decode.c - see decode.h. A row per type: which object holds it, and who reads it. */
#include "decode.h"
#include "scan.h"
#include "split.h"

struct reader {
    struct wk_call *call;
    struct wk_message *out;
    bool is_out_of_memory;
};

/* A string's text in the call's memory, at most `max` characters; "" stays "", anything but a string is NULL. */
static const char *read_text(struct reader *r, const struct wa_ref *ref, size_t max)
{
    char *text;
    size_t n, characters = 0;

    if (ref->kind != WA_STRING)
        return NULL;
    text = wk_alloc(r->call, (size_t)ref->len + 1);
    if (!text) {
        r->is_out_of_memory = true;
        return NULL;
    }
    n = wa_unescape(ref, text);
    for (size_t i = 0; i < n; i++) { /* cut before the first byte of the character after the last */
        if (((unsigned char)text[i] & 0xc0) == 0x80)
            continue;
        if (characters++ == max)
            n = i;
    }
    text[n] = '\0';
    return text;
}

static const char *read_member(struct reader *r, const struct wa_ref *object, const char *name, size_t max)
{
    struct wa_ref ref = wa_member(object, name);

    return read_text(r, &ref, max);
}

/* An id: whole or not at all. */
static const char *read_id(struct reader *r, const struct wa_ref *ref)
{
    struct wa_ref digits = *ref;
    const char *text;

    if (ref->kind == WA_NUMBER) /* some senders write phone_number_id so */
        digits.kind = WA_STRING;
    text = ref->len <= WA_ID_MAX * 6 && !(ref->flags & WA_ODD) ? read_text(r, &digits, WA_ID_MAX) : NULL;
    return text && *text && strlen(text) <= WA_ID_MAX ? text : NULL;
}

static const char *read_id_member(struct reader *r, const struct wa_ref *object, const char *name)
{
    struct wa_ref ref = wa_member(object, name);

    return read_id(r, &ref);
}

static bool read_text_message(struct reader *r, const struct wa_ref *o)
{
    r->out->text = read_member(r, o, "body", WA_TEXT_MAX);
    return r->out->text != NULL;
}

static bool read_media(struct reader *r, const struct wa_ref *o)
{
    r->out->media_id = read_id_member(r, o, "id");
    r->out->media_type = read_member(r, o, "mime_type", WA_NAME_MAX);
    r->out->media_sha256 = read_member(r, o, "sha256", WA_NAME_MAX);
    r->out->file_name = read_member(r, o, "filename", WA_NAME_MAX);
    r->out->text = read_member(r, o, "caption", WA_TEXT_MAX);
    return r->out->media_id != NULL;
}

static bool read_location(struct reader *r, const struct wa_ref *o)
{
    struct wa_ref latitude = wa_member(o, "latitude"), longitude = wa_member(o, "longitude");
    double lat, lon;

    if (!wa_real(&latitude, &lat) || !wa_real(&longitude, &lon) || lat < -90 || lat > 90 || lon < -180 || lon > 180)
        return false;
    r->out->latitude = lat;
    r->out->longitude = lon;
    r->out->place_name = read_member(r, o, "name", WA_NAME_MAX);
    r->out->place_address = read_member(r, o, "address", WA_NAME_MAX);
    return true;
}

static bool read_contacts(struct reader *r, const struct wa_ref *list)
{
    struct wa_ref first = wa_first(list), name = wa_member(&first, "name");

    r->out->text = read_member(r, &name, "formatted_name", WA_NAME_MAX); /* all of it is optional: an answer to "share your number" has no name */
    return first.kind == WA_OBJECT;
}

static bool read_interactive(struct reader *r, const struct wa_ref *o)
{
    struct wa_ref button = wa_member(o, "button_reply"), row = wa_member(o, "list_reply"), flow = wa_member(o, "nfm_reply");

    if (button.kind == WA_OBJECT || row.kind == WA_OBJECT) {
        const struct wa_ref *reply = button.kind == WA_OBJECT ? &button : &row;

        r->out->type = button.kind == WA_OBJECT ? WK_MSG_BUTTON_REPLY : WK_MSG_LIST_REPLY;
        r->out->choice = read_id_member(r, reply, "id");
        r->out->text = read_member(r, reply, "title", WA_TEXT_MAX);
        return r->out->choice != NULL;
    }
    if (flow.kind != WA_OBJECT)
        return false;
    r->out->type = WK_MSG_FLOW_REPLY;
    r->out->choice = read_member(r, &flow, "response_json", SIZE_MAX); /* JSON: half of it would be none */
    r->out->text = read_member(r, &flow, "body", WA_TEXT_MAX);
    return r->out->choice != NULL;
}

static bool read_button(struct reader *r, const struct wa_ref *o)
{
    struct wa_ref payload = wa_member(o, "payload");

    r->out->text = read_member(r, o, "text", WA_TEXT_MAX);
    r->out->choice = read_text(r, &payload, WA_TEXT_MAX);
    return r->out->text || r->out->choice;
}

static bool read_order(struct reader *r, const struct wa_ref *o)
{
    struct wa_ref items = wa_member(o, "product_items");

    r->out->text = read_member(r, o, "text", WA_TEXT_MAX);
    return items.kind == WA_ARRAY; /* the lines themselves are in raw */
}

static bool read_reaction(struct reader *r, const struct wa_ref *o)
{
    const char *target = read_id_member(r, o, "message_id");

    if (target)
        r->out->context_id = target;
    r->out->text = read_member(r, o, "emoji", WA_NAME_MAX);
    if (!r->out->text) /* taken back: "" or no member at all */
        r->out->text = "";
    return target != NULL;
}

static bool read_system(struct reader *r, const struct wa_ref *o)
{
    r->out->text = read_member(r, o, "body", WA_TEXT_MAX);
    return o->kind == WA_OBJECT;
}

static bool read_unsupported(struct reader *r, const struct wa_ref *o)
{
    (void)r, (void)o; /* errors[] and the name of the real type are in raw */
    return true;
}

static bool read_original(struct reader *r, const struct wa_ref *o)
{
    const char *target = read_id_member(r, o, "original_message_id");

    if (target)
        r->out->context_id = target;
    return target != NULL;
}

static bool read_edit(struct reader *r, const struct wa_ref *o)
{
    static const char *const captioned[] = {"image", "video", "document", "audio"};
    struct wa_ref inner = wa_member(o, "message"), text = wa_member(&inner, "text");

    r->out->text = read_member(r, &text, "body", WA_TEXT_MAX);
    for (size_t i = 0; !r->out->text && i < WK_COUNT(captioned); i++) {
        struct wa_ref media = wa_member(&inner, captioned[i]);

        r->out->text = read_member(r, &media, "caption", WA_TEXT_MAX);
    }
    return read_original(r, o);
}

/* The object of a type carries its name. Sorted as whatsapp documents them. */
static const struct kind {
    const char *name;
    enum wk_message_type type;
    bool (*read)(struct reader *r, const struct wa_ref *object); /* false: not what it should be */
} kinds[] = {
    {"text", WK_MSG_TEXT, read_text_message},
    {"image", WK_MSG_IMAGE, read_media},
    {"video", WK_MSG_VIDEO, read_media},
    {"audio", WK_MSG_AUDIO, read_media},
    {"document", WK_MSG_DOCUMENT, read_media},
    {"sticker", WK_MSG_STICKER, read_media},
    {"location", WK_MSG_LOCATION, read_location},
    {"contacts", WK_MSG_CONTACTS, read_contacts},
    {"interactive", WK_MSG_UNKNOWN, read_interactive}, /* sets one of three types */
    {"button", WK_MSG_TEMPLATE_BUTTON, read_button},
    {"order", WK_MSG_ORDER, read_order},
    {"reaction", WK_MSG_REACTION, read_reaction},
    {"system", WK_MSG_SYSTEM, read_system},
    {"edit", WK_MSG_EDIT, read_edit},
    {"revoke", WK_MSG_REVOKE, read_original},
    {"unsupported", WK_MSG_UNSUPPORTED, read_unsupported},
    {"unknown", WK_MSG_UNSUPPORTED, read_unsupported}, /* its older name */
};

/* By `type`; when that is missing, by the object that is there. */
static const struct kind *find_kind(const struct wa_ref *message, const struct wa_ref *type, struct wa_ref *object)
{
    for (size_t i = 0; i < WK_COUNT(kinds); i++) {
        if (type->kind == WA_STRING && !wa_is(type, kinds[i].name))
            continue;
        *object = wa_member(message, kinds[i].name);
        if (type->kind == WA_STRING || object->kind == WA_OBJECT)
            return &kinds[i];
    }
    return NULL;
}

static void read_content(struct reader *r, const struct wa_ref *message, const struct wa_ref *type)
{
    struct wa_ref object = {0};
    const struct kind *kind = find_kind(message, type, &object);
    struct wk_message before = *r->out;

    if (!kind)
        return;
    r->out->type = kind->type;
    if (!kind->read(r, &object)) /* e.g. interactive without its object, errors beside it: shown as unknown, never half read */
        *r->out = before;
}

static bool is_phone(const char *text)
{
    size_t n = text ? strlen(text) : 0;

    return n >= 5 && n <= 20 && strspn(text + (*text == '+'), "0123456789") == n - (*text == '+');
}

static void read_sender(struct reader *r, const struct wa_ref *from, const struct wa_ref *from_user, const struct wa_ref *contact,
                        const char *lane)
{
    struct wk_message *out = r->out;
    struct wa_ref profile = wa_member(contact, "profile");

    out->user_id = read_id(r, from_user);
    if (!out->user_id)
        out->user_id = read_id_member(r, contact, "user_id");
    out->phone = read_id(r, from);
    if (!is_phone(out->phone)) /* some senders repeat the user id there */
        out->phone = read_id_member(r, contact, "wa_id");
    if (!is_phone(out->phone))
        out->phone = NULL;
    if (out->phone && *out->phone == '+')
        out->phone++;
    out->user_key = out->user_id ? out->user_id : out->phone;
    if (lane && *lane) { /* the key that the splitter chose; copied, since the message may outlive the event */
        out->user_key = wk_strdup(r->call, lane);
        if (!out->user_key)
            r->is_out_of_memory = true;
    }
    out->name = read_member(r, &profile, "name", WA_NAME_MAX);
    if (!out->name || !*out->name)
        out->name = read_member(r, &profile, "username", WA_NAME_MAX);
}

bool wa_decode(struct wk_call *call, const struct wk_event *event, struct wk_message *message, struct wk_err *err)
{
    enum { ID, FROM, FROM_USER, TIME, TYPE, CONTEXT, FIELDS };
    static const struct wa_field fields[] = {[ID] = WA_FIELD("id", NULL),     [FROM] = WA_FIELD("from", NULL),
                                             [FROM_USER] = WA_FIELD("from_user_id", NULL), [TIME] = WA_FIELD("timestamp", NULL),
                                             [TYPE] = WA_FIELD("type", NULL), [CONTEXT] = WA_FIELD("context", NULL)};
    struct reader r = {.call = call, .out = message};
    struct wa_ref f[FIELDS], payload, raw, contact, metadata;
    struct wa_scan scan;
    int64_t at;

    *message = (struct wk_message){.size = sizeof *message, .channel = "whatsapp"};
    if (!wa_scan_text(&scan, event->payload, event->payload_len, NULL, NULL, &payload))
        return wk_fail(err, WK_BUSINESS, "whatsapp.bad_payload", "byte %zu: %s", (size_t)(scan.stop - event->payload), scan.why);
    raw = wa_member(&payload, "message");
    contact = wa_member(&payload, "contact");
    metadata = wa_member(&payload, "metadata");
    if (!wa_members(&raw, fields, FIELDS, f))
        return wk_fail(err, WK_BUSINESS, "whatsapp.bad_payload", "no message object");
    message->id = read_id(&r, &f[ID]);
    message->address = read_id_member(&r, &metadata, "phone_number_id");
    message->context_id = read_id_member(&r, &f[CONTEXT], "id");
    if (wa_integer(&f[TIME], &at) && at > 0) /* seconds; milliseconds have been seen */
        message->at_us = at > 100000000000000 ? 0 : at > 100000000000 ? at * 1000 : at * 1000000;
    read_sender(&r, &f[FROM], &f[FROM_USER], &contact, event->key);
    message->raw = wk_strndup(call, raw.at, raw.len);
    message->raw_len = raw.len;
    if (!message->raw)
        r.is_out_of_memory = true;
    read_content(&r, &raw, &f[TYPE]);
    return !r.is_out_of_memory || wk_fail(err, WK_TRANSIENT, "call.memory_limit", "a message of %u bytes", (unsigned)raw.len);
}
