/* validate_interactive.c - see validate.h: buttons, lists and the other interactive messages. */
#include "validate.h"
#include <ctype.h>
#include <string.h>

enum headers { NO_HEADER, TEXT_HEADER, TEXT_HEADER_NEEDED, ANY_HEADER };

static bool check_header(const json_t *o, enum headers allowed, struct sim_refusal *no)
{
    json_t *header, *media;
    const char *type;

    if (!json_object_get(o, "header"))
        return allowed != TEXT_HEADER_NEEDED || sim_refuse(no, 131008, "Required parameter is missing: interactive['header'].");
    if (allowed == NO_HEADER)
        return sim_refuse(no, 131009, "This type of interactive message has no header.");
    if (!sim_need_object(o, "interactive", "header", &header, no) ||
        !sim_need_choice(header, "interactive['header']", "type", SIM_WORDS("text", "image", "video", "document"), &type, no))
        return false;
    if (!strcmp(type, "text"))
        return sim_need_text(header, "interactive['header']", "text", (struct sim_range){1, SIM_HEADER_MAX, 0}, NULL, no);
    if (allowed != ANY_HEADER)
        return sim_refuse(no, 131009, "This type of interactive message has a text header only.");
    return sim_need_object(header, "interactive['header']", type, &media, no) && sim_validate_media(media, type, no);
}

static bool check_body(const json_t *o, bool needed, struct sim_refusal *no)
{
    json_t *body;

    if (!needed && !json_object_get(o, "body"))
        return true;
    return sim_need_object(o, "interactive", "body", &body, no) &&
           sim_need_text(body, "interactive['body']", "text", (struct sim_range){1, SIM_INTERACTIVE_MAX, 0}, NULL, no);
}

static bool check_footer(const json_t *o, bool allowed, struct sim_refusal *no)
{
    json_t *footer;

    if (!json_object_get(o, "footer"))
        return true;
    if (!allowed)
        return sim_refuse(no, 131009, "This type of interactive message has no footer.");
    return sim_need_object(o, "interactive", "footer", &footer, no) &&
           sim_need_text(footer, "interactive['footer']", "text", (struct sim_range){1, SIM_FOOTER_MAX, 0}, NULL, no);
}

static bool is_link(const char *url) { return !strncmp(url, "https://", 8) || !strncmp(url, "http://", 7); }

/* Is values[0..i) free of `text`? Then remember it. At most 30 of them. */
static bool is_new(const char **values, size_t i, const char *text)
{
    for (size_t k = 0; k < i; k++)
        if (!strcmp(values[k], text))
            return false;
    values[i] = text;
    return true;
}

static bool check_buttons(const json_t *action, struct sim_refusal *no)
{
    const char *ids[SIM_BUTTONS_MAX], *titles[SIM_BUTTONS_MAX], *id, *title;
    json_t *buttons, *reply;
    size_t len;

    if (!sim_only_keys(action, "action", SIM_WORDS("buttons"), no) ||
        !sim_need_array(action, "action", "buttons", (struct sim_range){1, SIM_BUTTONS_MAX, 0}, &buttons, no))
        return false;
    for (size_t i = 0; i < json_array_size(buttons); i++) {
        const json_t *button = json_array_get(buttons, i);

        if (!sim_need_choice(button, "buttons", "type", SIM_WORDS("reply"), NULL, no) ||
            !sim_need_object(button, "buttons", "reply", &reply, no) ||
            !sim_need_text(reply, "reply", "id", (struct sim_range){1, SIM_BUTTON_ID_MAX, 0}, &id, no) ||
            !sim_need_text(reply, "reply", "title", (struct sim_range){1, SIM_BUTTON_TITLE_MAX, 0}, &title, no))
            return false;
        len = strlen(id);
        if (isspace((unsigned char)id[0]) || isspace((unsigned char)id[len - 1]))
            return sim_refuse(no, 131009, "Button id must not begin or end with a space.");
        if (!is_new(ids, i, id))
            return sim_refuse(no, 131009, "Duplicated button id.");
        if (!is_new(titles, i, title))
            return sim_refuse(no, 131009, "Duplicated button title.");
    }
    return true;
}

/* Title of a section: at most 24 characters, needed as soon as there are two. */
static bool check_section_title(const json_t *section, size_t sections, struct sim_refusal *no)
{
    struct sim_range range = {sections > 1 ? 1 : 0, SIM_SECTION_TITLE_MAX, 0};

    return sections > 1 ? sim_need_text(section, "sections", "title", range, NULL, no)
                        : sim_may_text(section, "sections", "title", range, NULL, no);
}

static bool check_row(const json_t *row, const char **ids, size_t at, struct sim_refusal *no)
{
    const char *id;

    if (!sim_only_keys(row, "rows", SIM_WORDS("id", "title", "description"), no) ||
        !sim_need_text(row, "rows", "id", (struct sim_range){1, SIM_ROW_ID_MAX, 0}, &id, no) ||
        !sim_need_text(row, "rows", "title", (struct sim_range){1, SIM_ROW_TITLE_MAX, 0}, NULL, no) ||
        !sim_may_text(row, "rows", "description", (struct sim_range){0, SIM_ROW_DESCRIPTION_MAX, 0}, NULL, no))
        return false;
    if (at >= SIM_ROWS_MAX)
        return sim_refuse(no, 131009, "Total row count exceeds the maximum of %d rows in all sections.", SIM_ROWS_MAX);
    return is_new(ids, at, id) || sim_refuse(no, 131009, "Duplicated row id.");
}

static bool check_list(const json_t *action, struct sim_refusal *no)
{
    const char *ids[SIM_ROWS_MAX];
    json_t *sections, *rows;
    size_t total = 0;

    if (!sim_only_keys(action, "action", SIM_WORDS("button", "sections"), no) ||
        !sim_need_text(action, "action", "button", (struct sim_range){1, SIM_BUTTON_TITLE_MAX, 0}, NULL, no) ||
        !sim_need_array(action, "action", "sections", (struct sim_range){1, SIM_SECTIONS_MAX, 0}, &sections, no))
        return false;
    for (size_t i = 0; i < json_array_size(sections); i++) {
        const json_t *section = json_array_get(sections, i);

        if (!sim_only_keys(section, "sections", SIM_WORDS("title", "rows"), no) ||
            !check_section_title(section, json_array_size(sections), no) ||
            !sim_need_array(section, "sections", "rows", (struct sim_range){1, SIZE_MAX, 0}, &rows, no))
            return false;
        for (size_t k = 0; k < json_array_size(rows); k++)
            if (!check_row(json_array_get(rows, k), ids, total++, no))
                return false;
    }
    return true;
}

static bool check_location_request(const json_t *action, struct sim_refusal *no)
{
    return sim_only_keys(action, "action", SIM_WORDS("name"), no) &&
           sim_need_choice(action, "action", "name", SIM_WORDS("send_location"), NULL, no);
}

static bool check_contact_info(const json_t *action, struct sim_refusal *no)
{
    return sim_only_keys(action, "action", SIM_WORDS("name"), no) &&
           sim_need_choice(action, "action", "name", SIM_WORDS("request_contact_info"), NULL, no);
}

static bool check_link(const json_t *action, struct sim_refusal *no)
{
    const char *url;
    json_t *parameters;

    if (!sim_only_keys(action, "action", SIM_WORDS("name", "parameters"), no) ||
        !sim_need_choice(action, "action", "name", SIM_WORDS("cta_url"), NULL, no) ||
        !sim_need_object(action, "action", "parameters", &parameters, no) ||
        !sim_need_text(parameters, "parameters", "display_text", (struct sim_range){1, SIM_BUTTON_TITLE_MAX, 0}, NULL, no) ||
        !sim_need_text(parameters, "parameters", "url", (struct sim_range){1, 2048, 0}, &url, no))
        return false;
    return is_link(url) || sim_refuse(no, 131009, "Param parameters['url'] is not a valid URL.");
}

static bool check_product(const json_t *action, struct sim_refusal *no)
{
    return sim_need_text(action, "action", "catalog_id", (struct sim_range){1, 100, 0}, NULL, no) &&
           sim_need_text(action, "action", "product_retailer_id", (struct sim_range){1, 100, 0}, NULL, no);
}

static bool check_product_list(const json_t *action, struct sim_refusal *no)
{
    json_t *sections, *items;
    size_t total = 0;

    if (!sim_need_text(action, "action", "catalog_id", (struct sim_range){1, 100, 0}, NULL, no) ||
        !sim_need_array(action, "action", "sections", (struct sim_range){1, SIM_SECTIONS_MAX, 0}, &sections, no))
        return false;
    for (size_t i = 0; i < json_array_size(sections); i++) {
        const json_t *section = json_array_get(sections, i);

        if (!check_section_title(section, json_array_size(sections), no) ||
            !sim_need_array(section, "sections", "product_items", (struct sim_range){1, SIZE_MAX, 0}, &items, no))
            return false;
        for (size_t k = 0; k < json_array_size(items); k++)
            if (!sim_need_text(json_array_get(items, k), "product_items", "product_retailer_id", (struct sim_range){1, 100, 0}, NULL, no))
                return false;
        total += json_array_size(items);
    }
    return total <= SIM_PRODUCTS_MAX || sim_refuse(no, 131009, "%zu products, at most %d.", total, SIM_PRODUCTS_MAX);
}

static bool check_catalog(const json_t *action, struct sim_refusal *no)
{
    return sim_only_keys(action, "action", SIM_WORDS("name", "parameters"), no) &&
           sim_need_choice(action, "action", "name", SIM_WORDS("catalog_message"), NULL, no);
}

static bool check_flow(const json_t *action, struct sim_refusal *no)
{
    const char *id, *name;
    json_t *p;

    if (!sim_need_choice(action, "action", "name", SIM_WORDS("flow"), NULL, no) ||
        !sim_need_object(action, "action", "parameters", &p, no) ||
        !sim_need_choice(p, "parameters", "flow_message_version", SIM_WORDS("3"), NULL, no) ||
        !sim_may_text(p, "parameters", "flow_id", (struct sim_range){1, 100, 0}, &id, no) ||
        !sim_may_text(p, "parameters", "flow_name", (struct sim_range){1, 200, 0}, &name, no) ||
        !sim_need_text(p, "parameters", "flow_cta", (struct sim_range){1, SIM_BUTTON_TITLE_MAX, 0}, NULL, no) ||
        !sim_may_text(p, "parameters", "flow_token", (struct sim_range){1, 1024, 0}, NULL, no))
        return false;
    if (!id == !name)
        return sim_refuse(no, id ? 100 : 131008, "Param parameters must have flow_id or flow_name, one of them.");
    return !json_object_get(p, "flow_action") ||
           sim_need_choice(p, "parameters", "flow_action", SIM_WORDS("navigate", "data_exchange"), NULL, no);
}

static bool check_carousel(const json_t *action, struct sim_refusal *no)
{
    const char *catalog = NULL, *id;
    json_t *cards, *of;

    if (!sim_need_array(action, "action", "cards", (struct sim_range){SIM_CARDS_MIN, SIM_CARDS_MAX, 0}, &cards, no))
        return false;
    for (size_t i = 0; i < json_array_size(cards); i++) {
        if (!sim_need_object(json_array_get(cards, i), "cards", "action", &of, no) || !check_product(of, no))
            return false;
        id = json_string_value(json_object_get(of, "catalog_id"));
        if (catalog && strcmp(catalog, id))
            return sim_refuse(no, 131009, "All cards must be of one catalog.");
        catalog = id;
    }
    return true;
}

static const struct kind {
    const char *name;
    enum headers header;
    bool needs_body, may_footer;
    bool (*check)(const json_t *action, struct sim_refusal *no);
} kinds[] = {
    {"button", ANY_HEADER, true, true, check_buttons},
    {"list", TEXT_HEADER, true, true, check_list},
    {"location_request_message", NO_HEADER, true, false, check_location_request},
    {"request_contact_info", NO_HEADER, true, false, check_contact_info},
    {"cta_url", ANY_HEADER, true, true, check_link},
    {"product", NO_HEADER, false, true, check_product},
    {"product_list", TEXT_HEADER_NEEDED, true, true, check_product_list},
    {"catalog_message", NO_HEADER, true, true, check_catalog},
    {"flow", ANY_HEADER, true, true, check_flow},
    {"carousel", NO_HEADER, true, false, check_carousel},
};

bool sim_validate_interactive(const json_t *o, struct sim_refusal *no)
{
    const struct kind *k = NULL;
    const char *type;
    json_t *action;

    if (!sim_only_keys(o, "interactive", SIM_WORDS("type", "header", "body", "footer", "action"), no) ||
        !sim_need_text(o, "interactive", "type", (struct sim_range){1, 100, 0}, &type, no))
        return false;
    for (size_t i = 0; i < WK_COUNT(kinds); i++)
        if (!strcmp(kinds[i].name, type))
            k = &kinds[i];
    if (!k)
        return sim_refuse(no, 131009, "Param interactive['type'] has no value \"%.60s\".", type);
    return check_header(o, k->header, no) && check_body(o, k->needs_body, no) && check_footer(o, k->may_footer, no) &&
           sim_need_object(o, "interactive", "action", &action, no) && k->check(action, no);
}
