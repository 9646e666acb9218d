/* compose.c - see compose.h. A builder per type; each checks its fields, then writes them. */
#include "compose.h"
#include <ctype.h>
#include <math.h>
#include <wakala/json.h>

bool wa_is_phone(const char *to)
{
    size_t n = strlen(to), plus = *to == '+';

    return n - plus >= 5 && n - plus <= 15 && strspn(to + plus, "0123456789") == n - plus;
}

/* "US.1349..." or "US.ENT.1349..." */
bool wa_is_user_id(const char *to)
{
    const char *id = to + 3;
    size_t n;

    if (!isupper((unsigned char)to[0]) || !isupper((unsigned char)to[1]) || to[2] != '.')
        return false;
    if (!strncmp(id, "ENT.", 4))
        id += 4;
    for (n = 0; isalnum((unsigned char)id[n]); n++)
        ;
    return n >= 1 && n <= 128 && !id[n];
}

/* Characters of valid UTF-8; -1 when it is none (overlong forms, surrogates and cut sequences included). */
static long count_characters(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    long count = 0;

    while (*p) {
        unsigned extra = *p < 0x80 ? 0 : *p >= 0xc2 && *p <= 0xdf ? 1 : *p >= 0xe0 && *p <= 0xef ? 2 : *p >= 0xf0 && *p <= 0xf4 ? 3 : 9;

        if (extra == 9 || (*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) || (*p == 0xf0 && p[1] < 0x90) ||
            (*p == 0xf4 && p[1] > 0x8f))
            return -1;
        for (unsigned i = 1; i <= extra; i++)
            if ((p[i] & 0xc0) != 0x80) /* the NUL too: a cut sequence ends here */
                return -1;
        p += extra + 1;
        count++;
    }
    return count;
}

static bool shape(struct wk_err *err, const char *field, const char *what)
{
    return wk_fail(err, WK_BUSINESS, "message.shape", "%s: %s", field, what);
}

/* NULL and "" are the same: not there. */
static bool check_text(const char *field, const char *text, long max, bool is_needed, struct wk_err *err)
{
    long n;

    if (!text || !*text)
        return !is_needed || shape(err, field, "is needed and empty");
    n = count_characters(text);
    if (n < 0)
        return shape(err, field, "is not valid UTF-8");
    return n <= max || wk_fail(err, WK_BUSINESS, "message.too_long", "%s: %ld characters, at most %ld", field, n, max);
}

static bool check_count(const char *field, size_t n, size_t max, struct wk_err *err)
{
    if (!n)
        return shape(err, field, "at least one is needed");
    return n <= max || wk_fail(err, WK_BUSINESS, "message.too_many", "%s: %zu, at most %zu", field, n, max);
}

static bool check_absent(const char *field, bool is_there, struct wk_err *err)
{
    return !is_there || shape(err, field, "is not possible in a message of this type");
}

static bool is_set(const char *text) { return text && *text; }

/* --- parts that several types share --- */

static json_t *text_object(const char *text) { return json_pack("{s:s}", "text", text); }

/* {"type":kind,"header"?,"body","footer"?,"action":action}; takes over `action`. */
static json_t *interactive(const char *kind, const struct wk_outgoing *m, json_t *action)
{
    json_t *o = json_pack("{s:s, s:o, s:o}", "type", kind, "body", text_object(m->text), "action", action);

    if (o && is_set(m->header) && json_object_set_new(o, "header", json_pack("{s:s, s:s}", "type", "text", "text", m->header)))
        goto failed;
    if (o && is_set(m->footer) && json_object_set_new(o, "footer", text_object(m->footer)))
        goto failed;
    return o;
failed:
    json_decref(o);
    return NULL;
}

static bool check_frame(const struct wk_outgoing *m, struct wk_err *err)
{
    return check_text("text", m->text, WA_INTERACTIVE_MAX, true, err) && check_text("header", m->header, WA_HEADER_MAX, false, err) &&
           check_text("footer", m->footer, WA_FOOTER_MAX, false, err);
}

static bool check_no_frame(const struct wk_outgoing *m, struct wk_err *err)
{
    return check_absent("header", is_set(m->header), err) && check_absent("footer", is_set(m->footer), err);
}

static bool check_url(const char *url, struct wk_err *err)
{
    if (!check_text("url", url, WA_URL_MAX, true, err))
        return false;
    if ((strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0) || strpbrk(url, " \t\r\n\"<>"))
        return shape(err, "url", "must begin with http:// or https:// and hold no spaces or quotes");
    return true;
}

/* Ids and titles as Meta wants them: unique ids, unique button titles, no spaces at the edges of an id. */
static bool check_options(const struct wk_outgoing *m, long id_max, long title_max, bool are_titles_unique, struct wk_err *err)
{
    for (size_t i = 0; i < m->option_count; i++) {
        const struct wk_option *o = &m->options[i];
        size_t n;

        if (!check_text("options.id", o->id, id_max, true, err) || !check_text("options.title", o->title, title_max, true, err))
            return false;
        n = strlen(o->id); /* the limit of ids is in bytes for us: an id is not for people */
        if (n > (size_t)id_max)
            return wk_fail(err, WK_BUSINESS, "message.too_long", "options.id: %zu bytes, at most %ld", n, id_max);
        if (isspace((unsigned char)o->id[0]) || isspace((unsigned char)o->id[n - 1]))
            return shape(err, "options.id", "begins or ends with a space");
        for (size_t k = 0; k < i; k++) {
            if (!strcmp(o->id, m->options[k].id))
                return shape(err, "options.id", "the same id twice");
            if (are_titles_unique && !strcmp(o->title, m->options[k].title))
                return shape(err, "options.title", "the same title twice");
        }
    }
    return true;
}

/* --- one builder per type: the object under the type's name, NULL with err on failure (err untouched: no memory) --- */

static json_t *build_text(const struct wk_outgoing *m, struct wk_err *err)
{
    if (!check_text("text", m->text, WA_BODY_MAX, true, err) || !check_no_frame(m, err) ||
        !check_absent("options", m->option_count > 0, err))
        return NULL;
    return json_pack("{s:s, s:b}", "body", m->text, "preview_url", 0);
}

static json_t *build_buttons(const struct wk_outgoing *m, struct wk_err *err)
{
    json_t *buttons;

    if (!check_frame(m, err) || !check_count("options", m->option_count, WA_BUTTONS_MAX, err) ||
        !check_options(m, WA_BUTTON_ID_MAX, WA_BUTTON_TITLE_MAX, true, err))
        return NULL;
    buttons = json_array();
    for (size_t i = 0; i < m->option_count; i++)
        (void)json_array_append_new(buttons, json_pack("{s:s, s:{s:s, s:s}}", "type", "reply", "reply", "id", m->options[i].id, "title",
                                                       m->options[i].title));
    return interactive("button", m, json_pack("{s:o}", "buttons", buttons));
}

/* The sections of a list: a row's section is its own or that of the row before. Sections without a title are possible only alone. */
static bool check_sections(const struct wk_outgoing *m, struct wk_err *err)
{
    const char *title = m->options[0].section;
    size_t sections = 1;

    for (size_t i = 0; i < m->option_count; i++) {
        const char *next = m->options[i].section;

        if (!check_text("options.section", next, WA_SECTION_MAX, false, err) ||
            !check_text("options.description", m->options[i].description, WA_ROW_DESCRIPTION_MAX, false, err))
            return false;
        if (i && is_set(next) && (!is_set(title) || strcmp(next, title) != 0)) {
            sections++;
            if (sections > 1 && !is_set(m->options[0].section))
                return shape(err, "options.section", "the first section needs a title when there are several");
        }
        if (is_set(next))
            title = next;
    }
    return true;
}

static json_t *build_row(const struct wk_option *o)
{
    return is_set(o->description) ? json_pack("{s:s, s:s, s:s}", "id", o->id, "title", o->title, "description", o->description)
                                  : json_pack("{s:s, s:s}", "id", o->id, "title", o->title);
}

static json_t *build_sections(const struct wk_outgoing *m)
{
    json_t *sections = json_array(), *rows = NULL;
    const char *title = NULL;

    for (size_t i = 0; i < m->option_count; i++) {
        const char *next = m->options[i].section;

        if (!rows || (is_set(next) && (!title || strcmp(next, title) != 0))) {
            json_t *section = json_pack("{s:[]}", "rows");

            title = is_set(next) ? next : NULL;
            if (title)
                (void)json_object_set_new(section, "title", json_string(title));
            rows = json_object_get(section, "rows");
            (void)json_array_append_new(sections, section);
        }
        (void)json_array_append_new(rows, build_row(&m->options[i]));
    }
    return sections;
}

static json_t *build_list(const struct wk_outgoing *m, struct wk_err *err)
{
    if (!check_frame(m, err) || !check_text("button", m->button, WA_OPEN_MAX, true, err) ||
        !check_count("options", m->option_count, WA_ROWS_MAX, err) || !check_options(m, WA_ROW_ID_MAX, WA_ROW_TITLE_MAX, false, err) ||
        !check_sections(m, err))
        return NULL;
    return interactive("list", m, json_pack("{s:s, s:o}", "button", m->button, "sections", build_sections(m)));
}

static json_t *build_location_request(const struct wk_outgoing *m, struct wk_err *err)
{
    if (!check_text("text", m->text, WA_INTERACTIVE_MAX, true, err) || !check_no_frame(m, err) ||
        !check_absent("options", m->option_count > 0, err))
        return NULL;
    return interactive("location_request_message", m, json_pack("{s:s}", "name", "send_location"));
}

static json_t *build_link(const struct wk_outgoing *m, struct wk_err *err)
{
    if (!check_frame(m, err) || !check_text("button", m->button, WA_OPEN_MAX, true, err) || !check_url(m->url, err) ||
        !check_absent("options", m->option_count > 0, err))
        return NULL;
    return interactive("cta_url", m, json_pack("{s:s, s:{s:s, s:s}}", "name", "cta_url", "parameters", "display_text", m->button, "url",
                                               m->url));
}

static json_t *build_image(const struct wk_outgoing *m, struct wk_err *err)
{
    if (!check_url(m->url, err) || !check_text("text", m->text, WA_CAPTION_MAX, false, err) || !check_no_frame(m, err) ||
        !check_absent("options", m->option_count > 0, err))
        return NULL;
    return is_set(m->text) ? json_pack("{s:s, s:s}", "link", m->url, "caption", m->text) : json_pack("{s:s}", "link", m->url);
}

static bool check_place(const struct wk_outgoing *m, struct wk_err *err)
{
    if (!isfinite(m->latitude) || m->latitude < -90 || m->latitude > 90)
        return shape(err, "latitude", "must be from -90 to 90");
    if (!isfinite(m->longitude) || m->longitude < -180 || m->longitude > 180)
        return shape(err, "longitude", "must be from -180 to 180");
    return check_text("place_name", m->place_name, WA_PLACE_MAX, false, err) &&
           check_text("place_address", m->place_address, WA_PLACE_MAX, false, err) && check_no_frame(m, err) &&
           check_absent("text", is_set(m->text), err) && check_absent("options", m->option_count > 0, err);
}

static json_t *build_location(const struct wk_outgoing *m, struct wk_err *err)
{
    char latitude[32], longitude[32];
    json_t *o;

    if (!check_place(m, err))
        return NULL;
    (void)snprintf(latitude, sizeof latitude, "%.7f", m->latitude);
    (void)snprintf(longitude, sizeof longitude, "%.7f", m->longitude);
    o = json_pack("{s:s, s:s}", "latitude", latitude, "longitude", longitude);
    if (is_set(m->place_name))
        (void)json_object_set_new(o, "name", json_string(m->place_name));
    if (is_set(m->place_address))
        (void)json_object_set_new(o, "address", json_string(m->place_address));
    return o;
}

static bool check_template(const struct wk_outgoing *m, struct wk_err *err)
{
    if (!check_text("template_name", m->template_name, WA_TEMPLATE_NAME_MAX, true, err) ||
        !check_text("template_language", m->template_language, WA_LANGUAGE_MAX, true, err))
        return false;
    if (strspn(m->template_name, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(m->template_name))
        return shape(err, "template_name", "may hold only a-z, 0-9 and _");
    if (strspn(m->template_language, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_") != strlen(m->template_language))
        return shape(err, "template_language", "is a code like en or pt_BR");
    if (m->parameter_count && !check_count("parameters", m->parameter_count, WA_PARAMETERS_MAX, err))
        return false;
    for (size_t i = 0; i < m->parameter_count; i++)
        if (!check_text("parameters", m->parameters[i], WA_PARAMETER_MAX, true, err))
            return false;
    return check_absent("text", is_set(m->text), err) && check_no_frame(m, err) && check_absent("options", m->option_count > 0, err);
}

static json_t *build_template(const struct wk_outgoing *m, struct wk_err *err)
{
    json_t *o, *parameters;

    if (!check_template(m, err))
        return NULL;
    o = json_pack("{s:s, s:{s:s}}", "name", m->template_name, "language", "code", m->template_language);
    if (!m->parameter_count)
        return o;
    parameters = json_array();
    for (size_t i = 0; i < m->parameter_count; i++)
        (void)json_array_append_new(parameters, json_pack("{s:s, s:s}", "type", "text", "text", m->parameters[i]));
    (void)json_object_set_new(o, "components", json_pack("[{s:s, s:o}]", "type", "body", "parameters", parameters));
    return o;
}

static const struct builder {
    const char *type; /* on the wire */
    json_t *(*build)(const struct wk_outgoing *m, struct wk_err *err);
} builders[] = {
    [WK_OUT_TEXT] = {"text", build_text},
    [WK_OUT_BUTTONS] = {"interactive", build_buttons},
    [WK_OUT_LIST] = {"interactive", build_list},
    [WK_OUT_LOCATION_REQUEST] = {"interactive", build_location_request},
    [WK_OUT_LINK] = {"interactive", build_link},
    [WK_OUT_IMAGE] = {"image", build_image},
    [WK_OUT_LOCATION] = {"location", build_location},
    [WK_OUT_TEMPLATE] = {"template", build_template},
};

/* Who gets it, under the name that Meta wants. */
static bool add_recipient(struct wk_call *call, json_t *root, const char *to, struct wk_err *err)
{
    const char *phone;

    if (to && wa_is_user_id(to))
        return !json_object_set_new(root, "recipient", json_string(to));
    if (!to || !wa_is_phone(to))
        return shape(err, "to", "is neither a phone number of 5 to 15 digits nor a business-scoped user id");
    phone = wk_printf(call, "+%s", to + (*to == '+')); /* without '+' Meta would put the business's own country code before it */
    return phone && !json_object_set_new(root, "to", json_string(phone));
}

static json_t *build(struct wk_call *call, const char *to, const struct wk_outgoing *m, struct wk_err *err)
{
    const struct builder *b = &builders[m->type];
    json_t *content = b->build(m, err);
    json_t *root = content ? json_pack("{s:s, s:s, s:s, s:O}", "messaging_product", "whatsapp", "recipient_type", "individual", "type",
                                       b->type, b->type, content)
                           : NULL;

    json_decref(content);
    if (root && (!add_recipient(call, root, to, err) ||
                 (is_set(m->reply_to) && json_object_set_new(root, "context", json_pack("{s:s}", "message_id", m->reply_to))))) {
        json_decref(root);
        return NULL;
    }
    return root;
}

bool wa_compose(struct wk_call *call, const char *to, const struct wk_outgoing *message, const char **json, struct wk_err *err)
{
    /* What stays when nobody says otherwise: a builder ran out of memory. */
    struct wk_err why = {.cls = WK_TRANSIENT, .code = "call.memory_limit", .msg = "message to send"};
    json_t *root;

    if (message->size < sizeof *message)
        return wk_fail(err, WK_SYSTEM, "message.size", "size: %u, struct wk_outgoing has %zu", message->size, sizeof *message);
    if ((unsigned)message->type >= WK_COUNT(builders) || !builders[message->type].build)
        return shape(err, "type", "is none of enum wk_outgoing_type");
    if (message->option_count && !message->options)
        return shape(err, "options", "are counted but not there");
    if (message->parameter_count && !message->parameters)
        return shape(err, "parameters", "are counted but not there");
    if (!check_text("reply_to", message->reply_to, WA_WAMID_MAX, false, err))
        return false;
    root = build(call, to, message, &why);
    *json = root ? wk_json_text(call, root, NULL) : NULL;
    if (!*json && err)
        *err = why;
    return *json != NULL;
}
