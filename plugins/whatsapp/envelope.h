/* envelope.h - reads a webhook body once and writes down where its parts are: entries, changes, messages, statuses, echoes, contacts.
 *
 * Nothing is judged here but the JSON itself and the counts: Meta fixes no order of members (`object` may be last, `metadata` may follow `messages`),
 * so meaning has to wait until all extents are known. One static table per process: loop only, valid until the next wa_envelope_read(). */
#ifndef WA_ENVELOPE_H
#define WA_ENVELOPE_H
#include "scan.h"

enum { WA_MAX_RECORDS = 2000 }; /* of each kind in one body; Meta promises at most 1000 updates */

struct wa_range { /* records [first, first + count) of one table */
    uint32_t first, count;
};

enum { WA_MSG_ID, WA_MSG_FROM, WA_MSG_FROM_USER, WA_MSG_TIME, WA_MSG_TYPE };
enum { WA_STAT_ID, WA_STAT_STATUS, WA_STAT_TIME, WA_STAT_TO, WA_STAT_TO_USER, WA_STAT_PARTICIPANT, WA_STAT_CALLBACK, WA_STAT_ERRORS };
enum { WA_UPDATE_FIELDS = 8 };
struct wa_update { /* an element of messages[], statuses[] or message_echoes[] */
    struct wa_ref raw, f[WA_UPDATE_FIELDS];
};

enum { WA_CONTACT_PHONE, WA_CONTACT_USER, WA_CONTACT_FIELDS };
struct wa_contact {
    struct wa_ref raw, f[WA_CONTACT_FIELDS];
};

enum { WA_VALUE_METADATA, WA_VALUE_CONTACTS, WA_VALUE_MESSAGES, WA_VALUE_STATUSES, WA_VALUE_ERRORS, WA_VALUE_ECHOES, WA_VALUE_FIELDS };
enum { WA_CHANGE_FIELD, WA_CHANGE_VALUE, WA_CHANGE_FIELDS };
struct wa_change {
    struct wa_ref raw, f[WA_CHANGE_FIELDS], v[WA_VALUE_FIELDS], number; /* number: metadata.phone_number_id */
    struct wa_range messages, statuses, echoes, contacts;
};

enum { WA_ENTRY_ID, WA_ENTRY_TIME, WA_ENTRY_CHANGES, WA_ENTRY_FIELDS };
struct wa_entry {
    struct wa_ref raw, f[WA_ENTRY_FIELDS];
    struct wa_range changes;
};

enum { WA_ROOT_OBJECT, WA_ROOT_ENTRY, WA_ROOT_FIELDS };
struct wa_envelope {
    struct wa_ref raw, f[WA_ROOT_FIELDS];
    struct wa_range entries;
    uint32_t entry_count, change_count, update_count, contact_count;
    struct wa_entry entry[WA_MAX_RECORDS];
    struct wa_change change[WA_MAX_RECORDS];
    struct wa_update update[WA_MAX_RECORDS];
    struct wa_contact contact[WA_MAX_RECORDS];
};

extern const char wa_too_many[]; /* scan->why when a body has more records than the table holds */
/* NULL: not JSON, or too many records; scan says where and why. */
const struct wa_envelope *wa_envelope_read(const char *body, size_t len, struct wa_scan *scan);
#endif
