/* validate_template.c - see validate.h: template messages. Which templates exist is not known here: any well-formed name is approved. */
#include "validate.h"
#include <stdlib.h>
#include <string.h>

/* One parameter of a header or body. Text has a limit by where it stands; media must be media. */
static bool check_parameter(const json_t *p, const char *where, size_t text_max, struct sim_refusal *no)
{
    static const char *const types[] = {"text", "currency", "date_time", "image", "video", "document", "location", "payload", "action",
                                        "coupon_code", "product", "limited_time_offer", "order_status", NULL};
    const char *type;
    json_t *object;

    if (!sim_need_choice(p, where, "type", types, &type, no))
        return false;
    if (!strcmp(type, "text"))
        return sim_need_text(p, where, "text", (struct sim_range){1, text_max, 0}, NULL, no) &&
               sim_may_text(p, where, "parameter_name", (struct sim_range){1, 20, 0}, NULL, no);
    if (!strcmp(type, "payload"))
        return sim_need_text(p, where, "payload", (struct sim_range){1, 256, 0}, NULL, no);
    if (!strcmp(type, "coupon_code"))
        return sim_need_text(p, where, "coupon_code", (struct sim_range){1, 20, 0}, NULL, no);
    if (!sim_need_object(p, where, type, &object, no))
        return false;
    if (!strcmp(type, "image") || !strcmp(type, "video") || !strcmp(type, "document"))
        return sim_validate_media(object, type, no);
    return true;
}

/* "0" to "9", as text or number. */
static bool check_index(const json_t *component, struct sim_refusal *no)
{
    const json_t *index = json_object_get(component, "index");
    const char *text = json_string_value(index);

    if (!index || json_is_null(index))
        return sim_refuse(no, 131008, "Required parameter is missing: components['index'].");
    if (text ? strlen(text) == 1 && *text >= '0' && *text <= '9'
             : json_is_integer(index) && json_integer_value(index) >= 0 && json_integer_value(index) < SIM_TEMPLATE_BUTTONS_MAX)
        return true;
    return sim_refuse(no, 131009, "Param components['index'] must be from 0 to %d.", SIM_TEMPLATE_BUTTONS_MAX - 1);
}

static bool check_component(const json_t *c, size_t body_max, size_t *buttons, struct sim_refusal *no)
{
    const char *type;
    json_t *parameters;
    bool is_button;

    if (!sim_need_choice(c, "components", "type", SIM_WORDS("header", "body", "footer", "button", "carousel", "limited_time_offer"), &type, no))
        return false;
    is_button = !strcmp(type, "button");
    if (!strcmp(type, "carousel"))
        return true; /* cards are components again, with limits of their own that nobody here sends */
    if (is_button) {
        if (!sim_need_choice(c, "components", "sub_type",
                             SIM_WORDS("url", "quick_reply", "flow", "copy_code", "catalog", "mpm", "voice_call", "order_details"), NULL, no) ||
            !check_index(c, no))
            return false;
        if (++*buttons > SIM_TEMPLATE_BUTTONS_MAX)
            return sim_refuse(no, 131009, "A template has at most %d buttons.", SIM_TEMPLATE_BUTTONS_MAX);
    }
    if (!json_object_get(c, "parameters"))
        return true;
    if (!sim_need_array(c, "components", "parameters", (struct sim_range){0, 100, 0}, &parameters, no))
        return false;
    for (size_t i = 0; i < json_array_size(parameters); i++)
        if (!check_parameter(json_array_get(parameters, i), type, !strcmp(type, "header") ? SIM_TEMPLATE_HEADER_MAX : body_max, no))
            return false;
    return true;
}

bool sim_validate_template(const json_t *o, struct sim_refusal *no)
{
    const char *name;
    json_t *language, *components = NULL;
    size_t buttons = 0, n;

    if (!sim_only_keys(o, "template", SIM_WORDS("name", "namespace", "language", "components"), no) ||
        !sim_need_text(o, "template", "name", (struct sim_range){1, SIM_TEMPLATE_NAME_MAX, 0}, &name, no))
        return false;
    if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(name))
        return sim_refuse(no, 131009, "Param template['name'] may hold a-z, 0-9 and _ only.");
    if (!sim_need_object(o, "template", "language", &language, no) ||
        !sim_need_text(language, "language", "code", (struct sim_range){2, 15, 0}, NULL, no))
        return false;
    if (!json_object_get(o, "components"))
        return true;
    if (!sim_need_array(o, "template", "components", (struct sim_range){0, 20, 0}, &components, no))
        return false;
    n = json_array_size(components);
    for (size_t i = 0; i < n; i++) /* a template that is nothing but its body may hold much more */
        if (!check_component(json_array_get(components, i), n == 1 ? SIM_TEMPLATE_ALONE_MAX : SIM_TEMPLATE_BODY_MAX, &buttons, no))
            return false;
    return true;
}
