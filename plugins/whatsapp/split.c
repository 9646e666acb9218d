/* split.c - see split.h. envelope.c found the parts; here they get their meaning. */
#include "split.h"
#include <openssl/sha.h>
#include <stdio.h>
#include "envelope.h"

/* Text that is not in the body as it is meant: unescaped ids, dedupe keys made of parts, payload members. The limits bound what one update can take,
 * so the room is enough for every body that fits the tables (static: nothing is paid for what is not touched). */
enum { TIME_TEXT = 24, UPDATE_TEXT = WA_ID_MAX * 2 + WA_USER_KEY_MAX * 2 + WA_ADDRESS_MAX * 2 + WA_CALLBACK_MAX + TIME_TEXT + 256 };
static char room[(size_t)WA_MAX_RECORDS * 2 * UPDATE_TEXT + 6 * WA_CALLBACK_MAX]; /* the end: one text before it is unescaped */

struct emitter {
    struct wk_split *to;
    size_t used; /* of room */
    bool is_open; /* false: the receiver took no more */
    const struct wa_envelope *env;
    const struct wa_entry *entry;
    const struct wa_change *change;
    struct wk_span address, account; /* of this change */
    uint32_t next_contact;           /* where the last message's contact was: lists run side by side */
};

static struct wk_span take(struct emitter *e, size_t used)
{
    struct wk_span span = {room + e->used, used};

    e->used += used;
    return span;
}

static struct wk_span raw_of(const struct wa_ref *ref) /* with the quotes of a string */
{
    if (ref->kind == WA_STRING)
        return (struct wk_span){ref->at - 1, ref->len + 2u};
    return ref->kind ? (struct wk_span){ref->at, ref->len} : (struct wk_span){0};
}

/* A name that others rely on: a string, not empty, not longer than max, no control characters, no half characters. */
static bool read_id(struct emitter *e, const struct wa_ref *ref, size_t max, struct wk_span *out)
{
    size_t n;

    if (ref->kind != WA_STRING || !ref->len || ref->flags & WA_ODD)
        return false;
    if (!ref->flags) {
        if (ref->len > max)
            return false;
        *out = (struct wk_span){ref->at, ref->len};
        return true;
    }
    if (ref->len > max * 6 || sizeof room - e->used < ref->len)
        return false;
    n = wa_unescape(ref, room + e->used);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)room[e->used + i] < 0x20)
            return false;
    if (n > max)
        return false;
    *out = take(e, n);
    return true;
}

/* The same for ids that some senders write as numbers. */
static bool read_number_id(struct emitter *e, const struct wa_ref *ref, struct wk_span *out)
{
    int64_t n;

    if (ref->kind == WA_NUMBER && ref->at[0] != '-' && wa_integer(ref, &n)) {
        *out = (struct wk_span){ref->at, ref->len};
        return true;
    }
    return read_id(e, ref, WA_ADDRESS_MAX, out);
}

static int64_t read_time(const struct wa_ref *ref)
{
    int64_t t;

    if (!wa_integer(ref, &t) || t < 0)
        return 0;
    return t > 100000000000 ? t / 1000 : t; /* beyond the year 5138 it is milliseconds */
}

static struct wk_item item_of(const struct emitter *e, enum wk_item_kind kind)
{
    return (struct wk_item){.size = sizeof(struct wk_item), .kind = kind, .address = e->address, .account = e->account};
}

static void put_payload(struct wk_item *item, const char *name, struct wk_span raw)
{
    for (size_t i = 0; raw.len && i < WK_COUNT(item->payload); i++) {
        if (item->payload_name[i])
            continue;
        item->payload_name[i] = name;
        item->payload[i] = raw;
        return;
    }
}

static void emit(struct emitter *e, const struct wk_item *item) { e->is_open = e->is_open && e->to->add(e->to, item); }

static void emit_bad(struct emitter *e, const struct wa_ref *raw, const char *why)
{
    struct wk_item item = item_of(e, WK_ITEM_BAD);

    item.why = why;
    put_payload(&item, "item", raw_of(raw));
    emit(e, &item);
}

/* Who: the id that stays when the phone number changes or is hidden, else the phone number's digits. */
static bool read_user(struct emitter *e, const struct wa_ref *user_id, const struct wa_ref *phone, struct wk_span *out)
{
    if (read_id(e, user_id, WA_USER_KEY_MAX, out))
        return true;
    if (!read_id(e, phone, WA_USER_KEY_MAX, out))
        return false;
    if (out->len > 1 && out->data[0] == '+')
        *out = (struct wk_span){out->data + 1, out->len - 1};
    return true;
}

static bool is_contact_of(const struct wa_contact *c, const struct wa_update *u)
{
    return wa_same(&c->f[WA_CONTACT_USER], &u->f[WA_MSG_FROM_USER]) || wa_same(&c->f[WA_CONTACT_PHONE], &u->f[WA_MSG_FROM]);
}

/* The contact of a message's sender; NULL: none. wa_id and phone number may differ, so an only contact counts unless its user id says no. */
static const struct wa_contact *find_contact(struct emitter *e, const struct wa_update *u)
{
    const struct wa_range *range = &e->change->contacts;
    const struct wa_contact *all = &e->env->contact[range->first];

    if (e->change->v[WA_VALUE_CONTACTS].kind != WA_ARRAY || wa_is(&u->f[WA_MSG_TYPE], "system"))
        return NULL;
    for (uint32_t i = 0; i < range->count; i++) {
        uint32_t at = (e->next_contact + i) % range->count;

        if (is_contact_of(&all[at], u)) {
            e->next_contact = at;
            return &all[at];
        }
    }
    if (range->count == 1 && all->raw.kind == WA_OBJECT &&
        (all->f[WA_CONTACT_USER].kind != WA_STRING || u->f[WA_MSG_FROM_USER].kind != WA_STRING))
        return all;
    return NULL;
}

static struct wk_span time_text(struct emitter *e, int64_t at_s)
{
    int n = at_s ? snprintf(room + e->used, TIME_TEXT, "%lld", (long long)at_s) : snprintf(room + e->used, TIME_TEXT, "null");

    return take(e, (size_t)n);
}

static void emit_message(struct emitter *e, const struct wa_update *u)
{
    struct wk_item item = item_of(e, WK_ITEM_MESSAGE);
    const struct wa_contact *contact;

    if (u->raw.kind != WA_OBJECT) {
        emit_bad(e, &u->raw, "a message that is not an object");
        return;
    }
    if (!read_id(e, &u->f[WA_MSG_ID], WA_ID_MAX, &item.dedupe)) {
        emit_bad(e, &u->raw, "a message without a usable id");
        return;
    }
    contact = find_contact(e, u);
    if (!read_user(e, &u->f[WA_MSG_FROM_USER], &u->f[WA_MSG_FROM], &item.key) &&
        !(contact && read_user(e, &contact->f[WA_CONTACT_USER], &contact->f[WA_CONTACT_PHONE], &item.key))) {
        emit_bad(e, &u->raw, "a message without a sender");
        return;
    }
    item.event_type = "whatsapp.incoming";
    item.at_s = read_time(&u->f[WA_MSG_TIME]);
    put_payload(&item, "message", raw_of(&u->raw));
    if (contact)
        put_payload(&item, "contact", raw_of(&contact->raw));
    put_payload(&item, "metadata", raw_of(&e->change->v[WA_VALUE_METADATA]));
    put_payload(&item, "timestamp", time_text(e, item.at_s));
    emit(e, &item);
}

static const struct status_word {
    const char *word;
    uint32_t rank;
} status_words[] = {{"sent", 1}, {"delivered", 2}, {"read", 3}, {"played", 4}, {"failed", 0}};

static const struct status_word *find_status(const struct wa_ref *word)
{
    for (size_t i = 0; i < WK_COUNT(status_words); i++)
        if (wa_is(word, status_words[i].word))
            return &status_words[i];
    return NULL;
}

/* "<id>:<status>" and ":<participant>" in a group, where every member has a status of their own. */
static struct wk_span status_dedupe(struct emitter *e, struct wk_span id, struct wk_span status, struct wk_span participant)
{
    char *out = room + e->used, *q = out;

    if (sizeof room - e->used < id.len + status.len + participant.len + 2) /* cannot be: UPDATE_TEXT */
        return (struct wk_span){0};
    memcpy(q, id.data, id.len);
    q += id.len;
    *q++ = ':';
    memcpy(q, status.data, status.len);
    q += status.len;
    if (participant.len) {
        *q++ = ':';
        memcpy(q, participant.data, participant.len);
        q += participant.len;
    }
    return take(e, (size_t)(q - out));
}

static int32_t first_error(const struct wa_ref *errors)
{
    struct wa_ref first = wa_first(errors), code = wa_member(&first, "code");
    int64_t n;

    return wa_integer(&code, &n) && n > INT32_MIN && n < INT32_MAX ? (int32_t)n : 0;
}

static void emit_status(struct emitter *e, const struct wa_update *u)
{
    struct wk_item item = item_of(e, WK_ITEM_STATUS);
    const struct status_word *known = find_status(&u->f[WA_STAT_STATUS]);
    struct wk_span status, participant = {0};

    if (u->raw.kind != WA_OBJECT) {
        emit_bad(e, &u->raw, "a status that is not an object");
        return;
    }
    if (!read_id(e, &u->f[WA_STAT_ID], WA_ID_MAX, &item.message_id)) {
        emit_bad(e, &u->raw, "a status without a usable id");
        return;
    }
    if (!read_id(e, &u->f[WA_STAT_STATUS], 32, &status)) {
        emit_bad(e, &u->raw, "a status that says nothing");
        return;
    }
    (void)read_id(e, &u->f[WA_STAT_PARTICIPANT], WA_USER_KEY_MAX, &participant);
    item.dedupe = status_dedupe(e, item.message_id, status, participant);
    item.at_s = read_time(&u->f[WA_STAT_TIME]);
    put_payload(&item, "status", raw_of(&u->raw));
    if (known) {
        (void)read_id(e, &u->f[WA_STAT_CALLBACK], WA_CALLBACK_MAX, &item.callback); /* another app's may be anything */
        (void)read_user(e, &u->f[WA_STAT_TO_USER], &u->f[WA_STAT_TO], &item.key);
        item.rank = known->rank;
        item.error_code = first_error(&u->f[WA_STAT_ERRORS]);
    } else { /* a word of next year: kept, but it must not move a message */
        item.kind = WK_ITEM_OTHER;
        item.event_type = "whatsapp.other";
        item.key = item.account.len ? item.account : item.address;
        put_payload(&item, "field", raw_of(&e->change->f[WA_CHANGE_FIELD]));
    }
    emit(e, &item);
}

/* "<account>:<field>:<SHA-256 of the raw value>:<time>": such changes have no id. */
static struct wk_span other_dedupe(struct emitter *e, struct wk_span field, struct wk_span value)
{
    unsigned char sum[SHA256_DIGEST_LENGTH];
    char hex[2 * SHA256_DIGEST_LENGTH + 1];
    struct wk_span time = raw_of(&e->entry->f[WA_ENTRY_TIME]);
    int n;

    (void)SHA256((const unsigned char *)value.data, value.len, sum);
    for (size_t i = 0; i < sizeof sum; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", sum[i]);
    if (time.len > 32)
        time.len = 32;
    n = snprintf(room + e->used, sizeof room - e->used, "%.*s:%.*s:%s:%.*s", (int)e->account.len, e->account.len ? e->account.data : "",
                 (int)field.len, field.data, hex, (int)time.len, time.len ? time.data : "");
    return n > 0 && (size_t)n < sizeof room - e->used ? take(e, (size_t)n) : (struct wk_span){0};
}

static void emit_other(struct emitter *e, struct wk_span field, const char *name, const struct wa_ref *value)
{
    struct wk_item item = item_of(e, WK_ITEM_OTHER);

    if (!e->account.len && !e->address.len) {
        emit_bad(e, &e->change->raw, "a change of nobody: neither entry id nor phone number id");
        return;
    }
    item.event_type = "whatsapp.other";
    item.key = item.account.len ? item.account : item.address;
    item.at_s = read_time(&e->entry->f[WA_ENTRY_TIME]);
    item.dedupe = other_dedupe(e, field, raw_of(value));
    put_payload(&item, "field", raw_of(&e->change->f[WA_CHANGE_FIELD]));
    put_payload(&item, name, raw_of(value));
    put_payload(&item, name[0] == 'e' ? "metadata" : "time",
                raw_of(name[0] == 'e' ? &e->change->v[WA_VALUE_METADATA] : &e->entry->f[WA_ENTRY_TIME]));
    emit(e, &item);
}

/* What a person of the business typed in the phone app. */
static void emit_echo(struct emitter *e, const struct wa_update *u)
{
    struct wk_item item = item_of(e, WK_ITEM_OTHER);

    if (!read_id(e, &u->f[WA_MSG_ID], WA_ID_MAX, &item.dedupe)) {
        emit_bad(e, &u->raw, "an echo without a usable id");
        return;
    }
    if (!e->account.len && !e->address.len) {
        emit_bad(e, &u->raw, "an echo of nobody: neither entry id nor phone number id");
        return;
    }
    item.event_type = "whatsapp.other";
    item.key = item.account.len ? item.account : item.address;
    item.at_s = read_time(&u->f[WA_MSG_TIME]);
    put_payload(&item, "field", raw_of(&e->change->f[WA_CHANGE_FIELD]));
    put_payload(&item, "message", raw_of(&u->raw));
    put_payload(&item, "metadata", raw_of(&e->change->v[WA_VALUE_METADATA]));
    emit(e, &item);
}

static bool has(const struct wa_ref *ref) { return ref->kind != WA_NONE && ref->kind != WA_NULL; }

/* All elements of one list of a change. A list that is none is bad as a whole. */
static void emit_list(struct emitter *e, const struct wa_ref *list, const struct wa_range *range, const char *why_not,
                      void (*one)(struct emitter *e, const struct wa_update *u))
{
    if (!has(list))
        return;
    if (list->kind != WA_ARRAY) {
        emit_bad(e, &e->change->raw, why_not);
        return;
    }
    for (uint32_t i = 0; i < range->count; i++)
        one(e, &e->env->update[range->first + i]);
}

static bool is_empty(const struct wa_ref *list, const struct wa_range *range)
{
    return !has(list) || (list->kind == WA_ARRAY && !range->count);
}

static void emit_messages_change(struct emitter *e, struct wk_span field)
{
    const struct wa_change *c = e->change;
    bool is_plain = is_empty(&c->v[WA_VALUE_MESSAGES], &c->messages) && is_empty(&c->v[WA_VALUE_STATUSES], &c->statuses);

    if (c->f[WA_CHANGE_VALUE].kind != WA_OBJECT) {
        emit_bad(e, &c->raw, "a value that is not an object");
        return;
    }
    if (is_plain && !has(&c->v[WA_VALUE_ERRORS])) { /* a shape we do not know: kept as it came */
        emit_other(e, field, "value", &c->f[WA_CHANGE_VALUE]);
        return;
    }
    if (!is_plain && (!e->address.len || c->v[WA_VALUE_METADATA].len > WA_METADATA_MAX)) {
        emit_bad(e, &c->raw, "a change without a usable metadata.phone_number_id");
        return;
    }
    emit_list(e, &c->v[WA_VALUE_MESSAGES], &c->messages, "messages is not a list", emit_message);
    emit_list(e, &c->v[WA_VALUE_STATUSES], &c->statuses, "statuses is not a list", emit_status);
    if (has(&c->v[WA_VALUE_ERRORS]))
        emit_other(e, field, "errors", &c->v[WA_VALUE_ERRORS]);
}

/* PARTNER_* events carry the partner's own id as entry id; the customer's account is inside. */
static void correct_account(struct emitter *e)
{
    struct wa_ref event = wa_member(&e->change->f[WA_CHANGE_VALUE], "event");
    struct wa_ref info = wa_member(&e->change->f[WA_CHANGE_VALUE], "waba_info"), id = wa_member(&info, "waba_id");
    struct wk_span account;

    if (event.kind == WA_STRING && event.len > 8 && !memcmp(event.at, "PARTNER_", 8) && read_number_id(e, &id, &account))
        e->account = account;
}

static void emit_change(struct emitter *e)
{
    const struct wa_change *c = e->change;
    struct wk_span field;

    e->address = (struct wk_span){0};
    e->account = (struct wk_span){0};
    e->next_contact = 0;
    (void)read_number_id(e, &c->number, &e->address);
    (void)read_number_id(e, &e->entry->f[WA_ENTRY_ID], &e->account);
    if (c->raw.kind != WA_OBJECT || !has(&c->f[WA_CHANGE_VALUE])) {
        emit_bad(e, &c->raw, "a change without a value");
        return;
    }
    if (!read_id(e, &c->f[WA_CHANGE_FIELD], WA_FIELD_MAX, &field)) {
        emit_bad(e, &c->raw, "a change without a usable field");
        return;
    }
    if (wa_is(&c->f[WA_CHANGE_FIELD], "messages")) {
        emit_messages_change(e, field);
        return;
    }
    if (wa_is(&c->f[WA_CHANGE_FIELD], "account_update"))
        correct_account(e);
    if (wa_is(&c->f[WA_CHANGE_FIELD], "smb_message_echoes") && c->v[WA_VALUE_ECHOES].kind == WA_ARRAY && c->echoes.count)
        emit_list(e, &c->v[WA_VALUE_ECHOES], &c->echoes, "message_echoes is not a list", emit_echo);
    else
        emit_other(e, field, "value", &c->f[WA_CHANGE_VALUE]);
}

static void emit_entry(struct emitter *e)
{
    e->address = (struct wk_span){0};
    e->account = (struct wk_span){0};
    if (e->entry->raw.kind != WA_OBJECT || e->entry->f[WA_ENTRY_CHANGES].kind != WA_ARRAY) {
        (void)read_number_id(e, &e->entry->f[WA_ENTRY_ID], &e->account);
        emit_bad(e, &e->entry->raw, "an entry without changes");
        return;
    }
    for (uint32_t i = 0; i < e->entry->changes.count && e->is_open; i++) {
        e->change = &e->env->change[e->entry->changes.first + i];
        emit_change(e);
    }
}

bool wa_split_body(const char *body, size_t len, struct wk_split *to, struct wk_err *err)
{
    struct wa_scan scan;
    struct emitter e = {.to = to, .is_open = true, .env = wa_envelope_read(body, len, &scan)};

    if (!e.env)
        return wk_fail(err, WK_BUSINESS, scan.why == wa_too_many ? "whatsapp.too_many_updates" : "whatsapp.not_json",
                       "byte %zu: %s", (size_t)(scan.stop - body), scan.why);
    if (!wa_is(&e.env->f[WA_ROOT_OBJECT], "whatsapp_business_account") || e.env->f[WA_ROOT_ENTRY].kind != WA_ARRAY)
        return wk_fail(err, WK_BUSINESS, "whatsapp.not_envelope", "object is not whatsapp_business_account, or entry is not a list");
    for (uint32_t i = 0; i < e.env->entries.count && e.is_open; i++) {
        e.entry = &e.env->entry[e.env->entries.first + i];
        emit_entry(&e);
    }
    return e.is_open || wk_fail(err, WK_TRANSIENT, "whatsapp.inbox_full", "the inbox took no more updates");
}

bool wa_split(const struct wk_webhook *hook, struct wk_split *to, struct wk_err *err)
{
    return wa_split_body(hook->body, hook->body_len, to, err);
}
