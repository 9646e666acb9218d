/* The envelope: what goes out comes in again, and what does not fit is not believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include "wire.h"

const struct wk_host *wk_host;

static struct wk_bus_record sample(void)
{
    struct wk_bus_record r = {.at = {UINT64_MAX, 77}, .before = {12, INT64_MAX}, .type = "order.created", .key = "a key, with \xc3\xa9 and / in it",
                              .trace_id = "0123456789abcdef0123456789abcdef", .payload = "{\"n\":1}", .payload_len = 7, .at_us = INT64_C(1795870800123456),
                              .version = 3, .cls = WK_NORMAL, .lane = 63};

    for (int i = 0; i < 16; i++)
        r.id.b[i] = (uint8_t)i, r.tenant.b[i] = (uint8_t)(255 - i);
    return r;
}

static const amqp_table_entry_t *find(const struct envelope *e, const char *name)
{
    for (int i = 0; i < e->properties.headers.num_entries; i++)
        if (e->header[i].key.len == strlen(name) && !memcmp(e->header[i].key.bytes, name, e->header[i].key.len))
            return &e->header[i];
    return NULL;
}

static void assert_header(const struct envelope *e, const char *name, const char *value)
{
    const amqp_table_entry_t *h = find(e, name);

    assert_non_null(h);
    assert_int_equal(h->value.kind, AMQP_FIELD_KIND_UTF8);
    assert_int_equal(h->value.value.bytes.len, strlen(value));
    assert_memory_equal(h->value.value.bytes.bytes, value, strlen(value));
}

static void an_event_is_a_cloudevent(void **state)
{
    struct wk_bus_record r = sample();
    struct envelope e;

    (void)state;
    r.expires_us = r.at_us + 300000000;
    envelope_make(&e, &r, "https://shops.example");
    assert_string_equal(e.routing_key, "normal.63.order.created");
    assert_header(&e, "cloudEvents_id", "00010203-0405-0607-0809-0a0b0c0d0e0f");
    assert_header(&e, "cloudEvents_source", "https://shops.example");
    assert_header(&e, "cloudEvents_type", "order.created");
    assert_header(&e, "cloudEvents_specversion", "1.0");
    assert_header(&e, "cloudEvents_subject", r.key);
    assert_header(&e, "cloudEvents_time", "2026-11-28T13:00:00.123456Z");
    assert_header(&e, "cloudEvents_expirytime", "2026-11-28T13:05:00.123456Z");
    assert_header(&e, "cloudEvents_tenantid", "fffefdfc-fbfa-f9f8-f7f6-f5f4f3f2f1f0");
    assert_header(&e, "cloudEvents_traceparent", "00-0123456789abcdef0123456789abcdef-08090a0b0c0d0e0f-01");
    assert_header(&e, "x-wakala-at", "18446744073709551615/77");
    assert_int_equal(e.properties.delivery_mode, 2);
    assert_false(e.properties._flags & AMQP_BASIC_EXPIRATION_FLAG); /* the broker must not throw away what the log has to account for */
    assert_true(e.properties.headers.num_entries <= (int)WK_COUNT(e.header));
}

static void what_goes_out_comes_in(void **state)
{
    struct wk_bus_record r = sample();
    struct envelope e;
    struct parcel *p;

    (void)state;
    envelope_make(&e, &r, "wakala");
    p = envelope_read(&e.properties, r.payload_len, r.cls, r.lane);
    assert_non_null(p);
    assert_memory_equal(&p->record.at, &r.at, sizeof r.at);
    assert_memory_equal(&p->record.before, &r.before, sizeof r.before);
    assert_true(wk_uuid_equal(&p->record.id, &r.id) && wk_uuid_equal(&p->record.tenant, &r.tenant));
    assert_string_equal(p->record.type, r.type);
    assert_string_equal(p->record.key, r.key);
    assert_string_equal(p->record.trace_id, r.trace_id);
    assert_int_equal(p->record.at_us, r.at_us);
    assert_int_equal(p->record.version, 3);
    assert_int_equal(p->record.payload_len, 7);
    memcpy((char *)(uintptr_t)p->record.payload, r.payload, 7);
    assert_string_equal(p->record.payload, r.payload);
    parcels_free(p);
}

static void an_event_without_a_trace_comes_without_one(void **state)
{
    struct wk_bus_record r = sample();
    struct envelope e;
    struct parcel *p;

    (void)state;
    r.trace_id = "";
    envelope_make(&e, &r, "wakala");
    assert_null(find(&e, "cloudEvents_traceparent"));
    p = envelope_read(&e.properties, 0, 0, 0);
    assert_non_null(p);
    assert_string_equal(p->record.trace_id, "");
    parcels_free(p);
}

/* Each header in turn: gone, of another kind, too long, not what it says. */
static void what_does_not_fit_is_not_believed(void **state)
{
    static const char *const needed[] = {"cloudEvents_id", "cloudEvents_tenantid", "cloudEvents_type", "cloudEvents_subject", "cloudEvents_time", "x-wakala-at",
                                         "x-wakala-before", "x-wakala-version"};
    static char longer[4000];
    struct wk_bus_record r = sample();

    (void)state;
    memset(longer, '1', sizeof longer - 1);
    for (size_t i = 0; i < WK_COUNT(needed); i++)
        for (int how = 0; how < 5; how++) {
            struct envelope e;
            amqp_table_entry_t *h;

            envelope_make(&e, &r, "wakala");
            h = (amqp_table_entry_t *)(uintptr_t)find(&e, needed[i]);
            assert_non_null(h);
            if (how == 0)
                h->key = amqp_cstring_bytes("x-other");
            else if (how == 1)
                h->value = (amqp_field_value_t){.kind = AMQP_FIELD_KIND_BOOLEAN};
            else if (how == 2)
                h->value = (amqp_field_value_t){.kind = AMQP_FIELD_KIND_UTF8, .value = {.bytes = amqp_cstring_bytes(longer)}};
            else if (how == 3)
                h->value = (amqp_field_value_t){.kind = AMQP_FIELD_KIND_UTF8, .value = {.bytes = {3, "1\0" "2"}}};
            else
                h->value = (amqp_field_value_t){.kind = AMQP_FIELD_KIND_TABLE};
            assert_null(envelope_read(&e.properties, 7, 1, 63));
        }
}

static void bodies_have_a_limit(void **state)
{
    struct wk_bus_record r = sample();
    struct envelope e;
    amqp_basic_properties_t none = {0};

    (void)state;
    envelope_make(&e, &r, "wakala");
    assert_null(envelope_read(&e.properties, (1 << 20) + 1, 0, 0));
    assert_null(envelope_read(&e.properties, UINT64_MAX, 0, 0));
    assert_null(envelope_read(&none, 0, 0, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_event_is_a_cloudevent), cmocka_unit_test(what_goes_out_comes_in),
                                       cmocka_unit_test(an_event_without_a_trace_comes_without_one), cmocka_unit_test(what_does_not_fit_is_not_believed),
                                       cmocka_unit_test(bodies_have_a_limit)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
