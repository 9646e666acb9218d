#include "wire.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BODY_MAX (1 << 20)
const char *const class_names[WK_BUS_CLASSES] = {"high", "normal", "low"};

static char *put(char **at, const char *text, size_t len)
{
    char *to = *at;

    if (text && len)
        memcpy(to, text, len);
    to[len] = '\0';
    *at += len + 1;
    return to;
}

struct parcel *parcel_create(const struct wk_bus_record *r)
{
    size_t type = strlen(r->type), key = strlen(r->key), trace = strlen(r->trace_id), all = type + key + trace + r->payload_len + 4;
    struct parcel *p = malloc(sizeof *p + all);
    char *at = (char *)(p + 1);

    if (!p)
        return NULL;
    *p = (struct parcel){.record = *r, .bytes = sizeof *p + all};
    p->record.type = put(&at, r->type, type);
    p->record.key = put(&at, r->key, key);
    p->record.trace_id = put(&at, r->trace_id, trace);
    p->record.payload = put(&at, r->payload, r->payload_len); /* NULL: room, filled later */
    return p;
}

void parcels_free(struct parcel *first)
{
    while (first) {
        struct parcel *p = first;

        first = p->next;
        free(p);
    }
}

/* --- out --- */

static amqp_bytes_t bytes(const char *text) { return amqp_cstring_bytes(text); }

static void text(struct envelope *e, const char *name, const char *value)
{
    e->header[e->properties.headers.num_entries++] =
        (amqp_table_entry_t){bytes(name), {.kind = AMQP_FIELD_KIND_UTF8, .value = {.bytes = bytes(value)}}};
}

static const char *rfc3339(char *out, size_t size, int64_t us)
{
    time_t s = (time_t)(us / 1000000);
    struct tm tm;
    size_t n = strftime(out, size, "%Y-%m-%dT%H:%M:%S", gmtime_r(&s, &tm));

    (void)snprintf(out + n, size - n, ".%06dZ", (int)(us % 1000000));
    return out;
}

void envelope_make(struct envelope *e, const struct wk_bus_record *r, const char *source)
{
    *e = (struct envelope){.properties = {.headers = {0, e->header}}};
    (void)wk_uuid_text(&r->id, e->id);
    (void)wk_uuid_text(&r->tenant, e->tenant);
    (void)snprintf(e->at, sizeof e->at, "%llu/%lld", (unsigned long long)r->at.xid, (long long)r->at.seq);
    (void)snprintf(e->before, sizeof e->before, "%llu/%lld", (unsigned long long)r->before.xid, (long long)r->before.seq);
    (void)snprintf(e->partition, sizeof e->partition, "%s/%.210s", e->tenant, r->key);
    (void)snprintf(e->routing_key, sizeof e->routing_key, "%s.%u.%s", class_names[r->cls % WK_BUS_CLASSES], (unsigned)r->lane, r->type);
    text(e, "cloudEvents_id", e->id);
    text(e, "cloudEvents_source", source);
    text(e, "cloudEvents_type", r->type);
    text(e, "cloudEvents_specversion", "1.0");
    text(e, "cloudEvents_subject", r->key);
    text(e, "cloudEvents_time", rfc3339(e->time, sizeof e->time, r->at_us));
    text(e, "cloudEvents_tenantid", e->tenant);
    text(e, "cloudEvents_partitionkey", e->partition);
    if (strlen(r->trace_id) == 32) { /* the span is the event itself: the first half of the last part of its id */
        (void)snprintf(e->trace, sizeof e->trace, "00-%s-%02x%02x%02x%02x%02x%02x%02x%02x-01", r->trace_id, r->id.b[8], r->id.b[9], r->id.b[10], r->id.b[11],
                       r->id.b[12], r->id.b[13], r->id.b[14], r->id.b[15]);
        text(e, "cloudEvents_traceparent", e->trace);
    }
    if (r->expires_us)
        text(e, "cloudEvents_expirytime", rfc3339(e->expires, sizeof e->expires, r->expires_us));
    text(e, "x-wakala-at", e->at);
    text(e, "x-wakala-before", e->before);
    e->header[e->properties.headers.num_entries++] =
        (amqp_table_entry_t){bytes("x-wakala-version"), {.kind = AMQP_FIELD_KIND_I32, .value = {.i32 = (int32_t)r->version}}};
    e->properties.delivery_mode = 2;
    e->properties.content_type = bytes("application/json");
    e->properties.message_id = bytes(e->id);
    e->properties.type = bytes(r->type);
    e->properties.timestamp = (uint64_t)(r->at_us / 1000000);
    e->properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_TYPE_FLAG |
                           AMQP_BASIC_TIMESTAMP_FLAG | AMQP_BASIC_HEADERS_FLAG;
}

/* --- in: whoever may write to the exchange may write anything, so nothing is believed --- */

static bool is_called(const amqp_table_entry_t *e, const char *name)
{
    return e->key.len == strlen(name) && !memcmp(e->key.bytes, name, e->key.len);
}

static bool copy(const amqp_table_entry_t *e, char *out, size_t size)
{
    if (e->value.kind != AMQP_FIELD_KIND_UTF8 || e->value.value.bytes.len >= size || memchr(e->value.value.bytes.bytes, 0, e->value.value.bytes.len))
        return false;
    memcpy(out, e->value.value.bytes.bytes, e->value.value.bytes.len);
    out[e->value.value.bytes.len] = '\0';
    return true;
}

static bool place(const amqp_table_entry_t *e, struct wk_bus_place *out)
{
    char value[48], *end;

    if (!copy(e, value, sizeof value))
        return false;
    out->xid = strtoull(value, &end, 10);
    if (end == value || *end != '/')
        return false;
    out->seq = strtoll(end + 1, &end, 10);
    return *end == '\0';
}

static bool instant(const amqp_table_entry_t *e, int64_t *us)
{
    char value[40];
    struct tm tm = {0};
    int fraction, used = 0;

    if (!copy(e, value, sizeof value) ||
        sscanf(value, "%4d-%2d-%2dT%2d:%2d:%2d.%6dZ%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &fraction, &used) != 7 ||
        used != (int)strlen(value))
        return false;
    tm.tm_year -= 1900;
    tm.tm_mon--;
    *us = (int64_t)timegm(&tm) * 1000000 + fraction;
    return true;
}

struct parcel *envelope_read(const amqp_basic_properties_t *p, uint64_t body_len, unsigned cls, unsigned lane)
{
    struct wk_bus_record r = {.cls = (uint16_t)cls, .lane = (uint16_t)lane, .trace_id = "", .payload_len = (size_t)body_len};
    char id[WK_UUID_TEXT] = "", tenant[WK_UUID_TEXT] = "", type[128] = "", key[256] = "", trace[64] = "";
    unsigned found = 0;

    if (!(p->_flags & AMQP_BASIC_HEADERS_FLAG) || body_len > BODY_MAX)
        return NULL;
    for (int i = 0; i < p->headers.num_entries; i++) {
        const amqp_table_entry_t *e = &p->headers.entries[i];

        if (is_called(e, "cloudEvents_id"))
            found |= copy(e, id, sizeof id) && wk_uuid_parse(id, &r.id) ? 1u : 0;
        else if (is_called(e, "cloudEvents_tenantid"))
            found |= copy(e, tenant, sizeof tenant) && wk_uuid_parse(tenant, &r.tenant) ? 2u : 0;
        else if (is_called(e, "cloudEvents_type"))
            found |= copy(e, type, sizeof type) ? 4u : 0;
        else if (is_called(e, "cloudEvents_subject"))
            found |= copy(e, key, sizeof key) ? 8u : 0;
        else if (is_called(e, "cloudEvents_time"))
            found |= instant(e, &r.at_us) ? 16u : 0;
        else if (is_called(e, "x-wakala-at"))
            found |= place(e, &r.at) ? 32u : 0;
        else if (is_called(e, "x-wakala-before"))
            found |= place(e, &r.before) ? 64u : 0;
        else if (is_called(e, "x-wakala-version") && e->value.kind == AMQP_FIELD_KIND_I32)
            r.version = (uint32_t)e->value.value.i32, found |= 128u;
        else if (is_called(e, "cloudEvents_traceparent") && copy(e, trace, sizeof trace) && strlen(trace) > 35)
            trace[35] = '\0', r.trace_id = trace + 3;
    }
    if (found != 255)
        return NULL;
    r.type = type;
    r.key = key;
    return parcel_create(&r);
}
