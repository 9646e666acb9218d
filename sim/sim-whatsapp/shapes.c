/* shapes.c - see shapes.h. */
#include "shapes.h"
#include <stdio.h>

static void set_text(json_t *object, const char *key, const char *text)
{
    if (text && *text)
        (void)json_object_set_new(object, key, json_string(text));
}

static json_t *timestamp(int64_t at_s)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%lld", (long long)at_s);
    return json_string(text);
}

json_t *sim_contact(const struct sim_person *person)
{
    json_t *o = json_pack("{s:{s:s}}", "profile", "name", person->name && *person->name ? person->name : "");

    set_text(o, "wa_id", person->phone);
    set_text(o, "user_id", person->user_id);
    return o;
}

json_t *sim_message(const struct sim_person *person, const char *id, int64_t at_s, const char *type, const json_t *content)
{
    json_t *o = json_object(), *context = json_object_get(content, "context"), *value;
    const char *key;

    if (context)
        (void)json_object_set(o, "context", context);
    set_text(o, "from", person->phone);
    set_text(o, "from_user_id", person->user_id);
    set_text(o, "id", id);
    (void)json_object_set_new(o, "timestamp", timestamp(at_s));
    set_text(o, "type", type);
    json_object_foreach((json_t *)(uintptr_t)content, key, value)
        (void)json_object_set(o, key, value); /* a raw message's own words win */
    return o;
}

static json_t *status_head(const struct sim_person *person, const char *id, const char *status, int64_t at_s, const char *callback)
{
    json_t *o = json_pack("{s:s, s:s, s:o}", "id", id, "status", status, "timestamp", timestamp(at_s));

    set_text(o, "recipient_id", person->phone);
    set_text(o, "recipient_user_id", person->user_id);
    set_text(o, "biz_opaque_callback_data", callback);
    return o;
}

json_t *sim_status(const struct sim_person *person, const char *id, const char *status, int64_t at_s, const char *callback)
{
    json_t *o = status_head(person, id, status, at_s, callback);

    if (!strcmp(status, "sent") || !strcmp(status, "delivered"))
        (void)json_object_set_new(o, "pricing",
                                  json_pack("{s:b, s:s, s:s, s:s}", "billable", 0, "pricing_model", "PMP", "type", "free_customer_service",
                                            "category", "service"));
    return o;
}

json_t *sim_status_failed(const struct sim_person *person, const char *id, int64_t at_s, const char *callback, const struct sim_refusal *no)
{
    struct sim_person shown = {.phone = person->phone, .user_id = person->phone ? NULL : person->user_id};
    const char *title = sim_code_title(no->code);
    json_t *o = status_head(&shown, id, "failed", at_s, callback);

    (void)json_object_set_new(o, "errors",
                              json_pack("[{s:i, s:s, s:s, s:{s:s}, s:s}]", "code", no->code, "title", title, "message", title, "error_data",
                                        "details", *no->details ? no->details : title, "href",
                                        "https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes"));
    return o;
}

static json_t *entry_of(json_t *entries, const char *account)
{
    json_t *entry;

    for (size_t i = 0; i < json_array_size(entries); i++) {
        entry = json_array_get(entries, i);
        if (!strcmp(json_string_value(json_object_get(entry, "id")), account))
            return entry;
    }
    entry = json_pack("{s:s, s:[]}", "id", account, "changes");
    (void)json_array_append_new(entries, entry);
    return entry;
}

/* The last change of the entry when this update belongs into it, else a new one. */
static json_t *value_of(json_t *entry, const struct sim_update *u)
{
    json_t *changes = json_object_get(entry, "changes"), *value;
    const char *list = u->is_status ? "statuses" : "messages";
    size_t n = json_array_size(changes);

    value = n ? json_object_get(json_array_get(changes, n - 1), "value") : NULL;
    if (value && json_object_get(value, list) && !json_object_get(value, "contacts") == !u->contact &&
        !strcmp(json_string_value(json_object_get(json_object_get(value, "metadata"), "phone_number_id")), u->number->id))
        return value;
    value = json_pack("{s:s, s:{s:s, s:s}}", "messaging_product", "whatsapp", "metadata", "display_phone_number", u->number->display,
                      "phone_number_id", u->number->id);
    if (u->contact)
        (void)json_object_set_new(value, "contacts", json_array());
    (void)json_object_set_new(value, list, json_array());
    (void)json_array_append_new(changes, json_pack("{s:o, s:s}", "value", value, "field", "messages"));
    return value;
}

static void add_contact(json_t *contacts, const json_t *contact)
{
    for (size_t i = 0; i < json_array_size(contacts); i++)
        if (json_equal(json_array_get(contacts, i), contact))
            return;
    (void)json_array_append(contacts, (json_t *)(uintptr_t)contact);
}

json_t *sim_envelope(const struct sim_update *updates, size_t n)
{
    json_t *entries = json_array();

    for (size_t i = 0; i < n; i++) {
        json_t *value = value_of(entry_of(entries, updates[i].number->account), &updates[i]);

        if (updates[i].contact)
            add_contact(json_object_get(value, "contacts"), updates[i].contact);
        (void)json_array_append(json_object_get(value, updates[i].is_status ? "statuses" : "messages"),
                                (json_t *)(uintptr_t)updates[i].body);
    }
    return json_pack("{s:s, s:o}", "object", "whatsapp_business_account", "entry", entries);
}
