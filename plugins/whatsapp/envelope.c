/* envelope.c - see envelope.h. One visitor per level; a member that comes twice overwrites what the first one left, as it would in jansson. */
#include "envelope.h"
#include <string.h>

static struct wa_envelope env; /* 1.4 MB, touched as far as a body needs it */

static const struct wa_field message_fields[] = {
    [WA_MSG_ID] = WA_FIELD("id", NULL),
    [WA_MSG_FROM] = WA_FIELD("from", NULL),
    [WA_MSG_FROM_USER] = WA_FIELD("from_user_id", NULL),
    [WA_MSG_TIME] = WA_FIELD("timestamp", NULL),
    [WA_MSG_TYPE] = WA_FIELD("type", NULL),
};
static const struct wa_field status_fields[] = {
    [WA_STAT_ID] = WA_FIELD("id", NULL),
    [WA_STAT_STATUS] = WA_FIELD("status", NULL),
    [WA_STAT_TIME] = WA_FIELD("timestamp", NULL),
    [WA_STAT_TO] = WA_FIELD("recipient_id", NULL),
    [WA_STAT_TO_USER] = WA_FIELD("recipient_user_id", NULL),
    [WA_STAT_PARTICIPANT] = WA_FIELD("recipient_participant_id", NULL),
    [WA_STAT_CALLBACK] = WA_FIELD("biz_opaque_callback_data", NULL),
    [WA_STAT_ERRORS] = WA_FIELD("errors", NULL),
};
static const struct wa_field contact_fields[] = {
    [WA_CONTACT_PHONE] = WA_FIELD("wa_id", NULL),
    [WA_CONTACT_USER] = WA_FIELD("user_id", NULL),
};
static const struct wa_field metadata_fields[] = {WA_FIELD("phone_number_id", NULL)};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char wa_too_many[] = "more updates than one webhook may bring";

static const char *full(struct wa_scan *s, const char *p) { return wa_scan_fail(s, p, wa_too_many); }

static const char *visit_update(struct wa_scan *s, const char *p, unsigned depth, const struct wa_field *fields, size_t n)
{
    struct wa_update *u = &env.update[env.update_count];

    if (env.update_count == WA_MAX_RECORDS)
        return full(s, p);
    env.update_count++;
    memset(u, 0, sizeof *u);
    return wa_scan_record(s, p, depth, fields, n, u->f, NULL, &u->raw);
}

static const char *visit_message(struct wa_scan *s, const char *p, unsigned depth, void *owner, struct wa_ref *ref)
{
    (void)owner, (void)ref;
    return visit_update(s, p, depth, message_fields, COUNT(message_fields));
}

static const char *visit_status(struct wa_scan *s, const char *p, unsigned depth, void *owner, struct wa_ref *ref)
{
    (void)owner, (void)ref;
    return visit_update(s, p, depth, status_fields, COUNT(status_fields));
}

static const char *visit_contact(struct wa_scan *s, const char *p, unsigned depth, void *owner, struct wa_ref *ref)
{
    struct wa_contact *c = &env.contact[env.contact_count];

    (void)owner, (void)ref;
    if (env.contact_count == WA_MAX_RECORDS)
        return full(s, p);
    env.contact_count++;
    memset(c, 0, sizeof *c);
    return wa_scan_record(s, p, depth, contact_fields, COUNT(contact_fields), c->f, NULL, &c->raw);
}

/* A list whose elements go to the end of a table; the range says which they are. */
static const char *visit_range(struct wa_scan *s, const char *p, unsigned depth, wa_visit element, void *owner, const uint32_t *filled,
                               struct wa_range *range, struct wa_ref *ref)
{
    range->first = *filled;
    p = wa_scan_list(s, p, depth, element, owner, ref);
    range->count = *filled - range->first;
    return p;
}

static const char *visit_messages(struct wa_scan *s, const char *p, unsigned depth, void *owner, struct wa_ref *ref)
{
    return visit_range(s, p, depth, visit_message, NULL, &env.update_count, &((struct wa_change *)owner)->messages, ref);
}
static const char *visit_statuses(struct wa_scan *s, const char *p, unsigned depth, void *owner, struct wa_ref *ref)
{
    return visit_range(s, p, depth, visit_status, NULL, &env.update_count, &((struct wa_change *)owner)->statuses, ref);
}
static const char *visit_echoes(struct wa_scan *s, const char *p, unsigned depth, void *owner, struct wa_ref *ref)
{
    return visit_range(s, p, depth, visit_message, NULL, &env.update_count, &((struct wa_change *)owner)->echoes, ref);
}
static const char *visit_contacts(struct wa_scan *s, const char *p, unsigned depth, void *owner, struct wa_ref *ref)
{
    return visit_range(s, p, depth, visit_contact, NULL, &env.contact_count, &((struct wa_change *)owner)->contacts, ref);
}

static const char *visit_metadata(struct wa_scan *s, const char *p, unsigned depth, void *owner, struct wa_ref *ref)
{
    struct wa_change *change = owner;

    change->number = (struct wa_ref){0};
    return wa_scan_record(s, p, depth, metadata_fields, COUNT(metadata_fields), &change->number, NULL, ref);
}

static const char *visit_value(struct wa_scan *s, const char *p, unsigned depth, void *owner, struct wa_ref *ref)
{
    static const struct wa_field fields[] = {
        [WA_VALUE_METADATA] = WA_FIELD("metadata", visit_metadata),
        [WA_VALUE_CONTACTS] = WA_FIELD("contacts", visit_contacts),
        [WA_VALUE_MESSAGES] = WA_FIELD("messages", visit_messages),
        [WA_VALUE_STATUSES] = WA_FIELD("statuses", visit_statuses),
        [WA_VALUE_ERRORS] = WA_FIELD("errors", NULL),
        [WA_VALUE_ECHOES] = WA_FIELD("message_echoes", visit_echoes),
    };
    struct wa_change *change = owner;

    memset(change->v, 0, sizeof change->v);
    change->number = (struct wa_ref){0};
    change->messages = change->statuses = change->echoes = change->contacts = (struct wa_range){0};
    return wa_scan_record(s, p, depth, fields, COUNT(fields), change->v, change, ref);
}

static const char *visit_change(struct wa_scan *s, const char *p, unsigned depth, void *owner, struct wa_ref *ref)
{
    static const struct wa_field fields[] = {
        [WA_CHANGE_FIELD] = WA_FIELD("field", NULL),
        [WA_CHANGE_VALUE] = WA_FIELD("value", visit_value),
    };
    struct wa_change *change = &env.change[env.change_count];

    (void)owner, (void)ref;
    if (env.change_count == WA_MAX_RECORDS)
        return full(s, p);
    env.change_count++;
    memset(change, 0, sizeof *change);
    return wa_scan_record(s, p, depth, fields, COUNT(fields), change->f, change, &change->raw);
}

static const char *visit_changes(struct wa_scan *s, const char *p, unsigned depth, void *owner, struct wa_ref *ref)
{
    return visit_range(s, p, depth, visit_change, NULL, &env.change_count, &((struct wa_entry *)owner)->changes, ref);
}

static const char *visit_entry(struct wa_scan *s, const char *p, unsigned depth, void *owner, struct wa_ref *ref)
{
    static const struct wa_field fields[] = {
        [WA_ENTRY_ID] = WA_FIELD("id", NULL),
        [WA_ENTRY_TIME] = WA_FIELD("time", NULL),
        [WA_ENTRY_CHANGES] = WA_FIELD("changes", visit_changes),
    };
    struct wa_entry *entry = &env.entry[env.entry_count];

    (void)owner, (void)ref;
    if (env.entry_count == WA_MAX_RECORDS)
        return full(s, p);
    env.entry_count++;
    memset(entry, 0, sizeof *entry);
    return wa_scan_record(s, p, depth, fields, COUNT(fields), entry->f, entry, &entry->raw);
}

static const char *visit_entries(struct wa_scan *s, const char *p, unsigned depth, void *owner, struct wa_ref *ref)
{
    (void)owner;
    return visit_range(s, p, depth, visit_entry, NULL, &env.entry_count, &env.entries, ref);
}

static const char *visit_root(struct wa_scan *s, const char *p, unsigned depth, void *owner, struct wa_ref *ref)
{
    static const struct wa_field fields[] = {
        [WA_ROOT_OBJECT] = WA_FIELD("object", NULL),
        [WA_ROOT_ENTRY] = WA_FIELD("entry", visit_entries),
    };

    (void)owner;
    return wa_scan_record(s, p, depth, fields, COUNT(fields), env.f, NULL, ref);
}

const struct wa_envelope *wa_envelope_read(const char *body, size_t len, struct wa_scan *scan)
{
    memset(&env, 0, offsetof(struct wa_envelope, entry)); /* the tables are cleared record by record */
    return wa_scan_text(scan, body, len, visit_root, NULL, &env.raw) ? &env : NULL;
}
