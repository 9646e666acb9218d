/* Made by sdk/abi/freeze.sh from the frozen headers beside it; never edited. Compiled against the headers of today. */
#include <wakala/abi.h>
#include <wakala/base.h>
#include <wakala/cache.h>
#include <wakala/call.h>
#include <wakala/db.h>
#include <wakala/err.h>
#include <wakala/event.h>
#include <wakala/guard.h>
#include <wakala/http.h>
#include <wakala/inbox.h>
#include <wakala/message.h>
#include <wakala/metric.h>
#include <wakala/money.h>
#include <wakala/plugin.h>
#include <wakala/service.h>
#include <wakala/service/bus.h>
#include <wakala/service/catalog.h>
#include <wakala/service/channel.h>
#include <wakala/service/drivers.h>
#include <wakala/service/flow.h>
#include <wakala/service/identity.h>
#include <wakala/service/intent.h>
#include <wakala/service/mesh.h>
#include <wakala/service/notify.h>
#include <wakala/service/orders.h>
#include <wakala/service/payment_gateway.h>
#include <wakala/service/payments.h>
#include <wakala/service/quota.h>
#include <wakala/setting.h>
#include <wakala/task.h>
#include <wakala/tenancy.h>
#define MEMBER(type, member, at, ...) \
    _Static_assert(offsetof(struct type, member) == (at), #type "." #member " moved"); \
    _Static_assert(__builtin_types_compatible_p(__typeof__(((struct type *)0)->member), __VA_ARGS__), \
                   #type "." #member " has another type")
#define WHOLE(type, bytes) _Static_assert(sizeof(struct type) == (bytes), #type " changed its size, which is frozen")
#ifdef EXACT /* has it grown since? */
#define GROWS(type, bytes) WHOLE(type, bytes)
#else
#define GROWS(type, bytes) _Static_assert(sizeof(struct type) >= (bytes), #type " has shrunk")
#endif
#define VALUE(name, value) _Static_assert((name) == (value), #name " has another value")
#define TEXT(name, text) _Static_assert(__builtin_strcmp(name, text) == 0, #name " is another text")

MEMBER(wk_arg, type, 0, enum wk_arg_type);
MEMBER(wk_arg, reserved, 4, uint32_t);
MEMBER(wk_arg, i, 8, int64_t);
MEMBER(wk_arg, d, 8, double);
MEMBER(wk_arg, text, 8, const char *);
MEMBER(wk_arg, uuid, 8, const struct wk_uuid *);
MEMBER(wk_arg, bytes, 8, const void *);
MEMBER(wk_arg, len, 16, size_t);
WHOLE(wk_arg, 24);

MEMBER(wk_attempt, size, 0, uint32_t);
MEMBER(wk_attempt, exponent, 4, uint32_t);
MEMBER(wk_attempt, id, 8, struct wk_uuid);
MEMBER(wk_attempt, payment, 24, struct wk_uuid);
MEMBER(wk_attempt, reference, 40, const char *);
MEMBER(wk_attempt, account, 48, const char *);
MEMBER(wk_attempt, amount, 56, int64_t);
MEMBER(wk_attempt, currency, 64, const char *);
MEMBER(wk_attempt, description, 72, const char *);
MEMBER(wk_attempt, payer_phone, 80, const char *);
MEMBER(wk_attempt, payer_email, 88, const char *);
MEMBER(wk_attempt, gateway_id, 96, const char *);
MEMBER(wk_attempt, return_url, 104, const char *);
MEMBER(wk_attempt, webhook_url, 112, const char *);
GROWS(wk_attempt, 120);

MEMBER(wk_bus, head, 0, struct wk_service_head);
MEMBER(wk_bus, start, 16, bool (*)(struct wk_plugin *plugin, void (*wake)(void *arg), void *arg, struct wk_err *err));
MEMBER(wk_bus, stop, 24, void (*)(struct wk_plugin *));
MEMBER(wk_bus, report, 32, void (*)(struct wk_plugin *, struct wk_bus_report *));
MEMBER(wk_bus, relay, 40, void (*)(struct wk_plugin *, bool));
MEMBER(wk_bus, publish, 48, size_t (*)(struct wk_plugin *, uint64_t, const struct wk_bus_record *, size_t));
MEMBER(wk_bus, own, 56, void (*)(struct wk_plugin *, uint64_t));
MEMBER(wk_bus, take, 64, size_t (*)(struct wk_plugin *, struct wk_bus_record *, size_t));
MEMBER(wk_bus, settle, 72, void (*)(struct wk_plugin *, unsigned int, unsigned int, uint64_t));
GROWS(wk_bus, 80);

MEMBER(wk_bus_place, xid, 0, uint64_t);
MEMBER(wk_bus_place, seq, 8, int64_t);
WHOLE(wk_bus_place, 16);

MEMBER(wk_bus_record, at, 0, struct wk_bus_place);
MEMBER(wk_bus_record, before, 16, struct wk_bus_place);
MEMBER(wk_bus_record, id, 32, struct wk_uuid);
MEMBER(wk_bus_record, tenant, 48, struct wk_uuid);
MEMBER(wk_bus_record, type, 64, const char *);
MEMBER(wk_bus_record, key, 72, const char *);
MEMBER(wk_bus_record, trace_id, 80, const char *);
MEMBER(wk_bus_record, payload, 88, const char *);
MEMBER(wk_bus_record, payload_len, 96, size_t);
MEMBER(wk_bus_record, at_us, 104, int64_t);
MEMBER(wk_bus_record, expires_us, 112, int64_t);
MEMBER(wk_bus_record, receipt, 120, uint64_t);
MEMBER(wk_bus_record, version, 128, uint32_t);
MEMBER(wk_bus_record, cls, 132, uint16_t);
MEMBER(wk_bus_record, lane, 134, uint16_t);
WHOLE(wk_bus_record, 136);

MEMBER(wk_bus_report, size, 0, uint32_t);
MEMBER(wk_bus_report, is_up, 4, uint32_t);
MEMBER(wk_bus_report, may_publish, 8, uint32_t);
MEMBER(wk_bus_report, reserved, 12, uint32_t);
MEMBER(wk_bus_report, round, 16, uint64_t);
MEMBER(wk_bus_report, done, 24, uint64_t);
MEMBER(wk_bus_report, connects, 32, uint64_t);
MEMBER(wk_bus_report, published, 40, uint64_t);
MEMBER(wk_bus_report, confirmed, 48, uint64_t);
MEMBER(wk_bus_report, returned, 56, uint64_t);
MEMBER(wk_bus_report, nacked, 64, uint64_t);
MEMBER(wk_bus_report, delivered, 72, uint64_t);
MEMBER(wk_bus_report, redelivered, 80, uint64_t);
MEMBER(wk_bus_report, reason, 88, char[160]);
GROWS(wk_bus_report, 248);

MEMBER(wk_cache_spec, size, 0, uint32_t);
MEMBER(wk_cache_spec, lifetime_s, 4, uint32_t);
MEMBER(wk_cache_spec, ns, 8, const char *);
MEMBER(wk_cache_spec, key, 16, const void *);
MEMBER(wk_cache_spec, key_len, 24, size_t);
MEMBER(wk_cache_spec, tags, 32, const char *);
MEMBER(wk_cache_spec, negative_s, 40, uint32_t);
MEMBER(wk_cache_spec, is_local, 44, bool);
GROWS(wk_cache_spec, 48);

MEMBER(wk_catalog, head, 0, struct wk_service_head);
MEMBER(wk_catalog, search, 16, bool (*)(struct wk_call *, const char *, uint32_t, uint32_t, struct wk_variant **, size_t *, struct wk_err *));
MEMBER(wk_catalog, variants, 24, bool (*)(struct wk_call *, const struct wk_uuid *, size_t, struct wk_variant **, size_t *, struct wk_err *));
MEMBER(wk_catalog, vendor, 32, bool (*)(struct wk_call *, const struct wk_uuid *, struct wk_vendor *, struct wk_err *));
MEMBER(wk_catalog, vendor_of_user, 40, bool (*)(struct wk_call *, const struct wk_uuid *, struct wk_vendor *, struct wk_err *));
MEMBER(wk_catalog, reserve, 48, bool (*)(struct wk_call *, const struct wk_uuid *, const struct wk_stock_line *, size_t, int64_t, struct wk_shortage *, struct wk_err *));
MEMBER(wk_catalog, release, 56, bool (*)(struct wk_call *, const struct wk_uuid *, struct wk_err *));
MEMBER(wk_catalog, consume, 64, bool (*)(struct wk_call *, const struct wk_uuid *, struct wk_err *));
MEMBER(wk_catalog, put_back, 72, bool (*)(struct wk_call *, const struct wk_uuid *, struct wk_err *));
GROWS(wk_catalog, 80);

MEMBER(wk_channel, head, 0, struct wk_service_head);
MEMBER(wk_channel, decode, 16, bool (*)(struct wk_call *, const struct wk_event *, struct wk_message *, struct wk_err *));
MEMBER(wk_channel, compose, 24, bool (*)(struct wk_call *, const char *, const struct wk_outgoing *, const char **, struct wk_err *));
GROWS(wk_channel, 32);

MEMBER(wk_choice, action, 0, const char *);
MEMBER(wk_choice, arg, 8, const char *);
MEMBER(wk_choice, title, 16, const char *);
MEMBER(wk_choice, description, 24, const char *);
MEMBER(wk_choice, section, 32, const char *);
MEMBER(wk_choice, node, 40, const char *);
WHOLE(wk_choice, 48);

MEMBER(wk_delivery, size, 0, uint32_t);
MEMBER(wk_delivery, reserved, 4, uint32_t);
MEMBER(wk_delivery, id, 8, struct wk_uuid);
MEMBER(wk_delivery, order, 24, struct wk_uuid);
MEMBER(wk_delivery, driver, 40, struct wk_uuid);
MEMBER(wk_delivery, status, 56, const char *);
MEMBER(wk_delivery, fee, 64, int64_t);
MEMBER(wk_delivery, cash_due, 72, int64_t);
GROWS(wk_delivery, 80);

MEMBER(wk_driver, size, 0, uint32_t);
MEMBER(wk_driver, is_online, 4, bool);
MEMBER(wk_driver, id, 5, struct wk_uuid);
MEMBER(wk_driver, user, 21, struct wk_uuid);
MEMBER(wk_driver, name, 40, const char *);
MEMBER(wk_driver, vehicle, 48, const char *);
MEMBER(wk_driver, plate, 56, const char *);
MEMBER(wk_driver, active_jobs, 64, uint32_t);
MEMBER(wk_driver, max_jobs, 68, uint32_t);
GROWS(wk_driver, 72);

MEMBER(wk_drivers, head, 0, struct wk_service_head);
MEMBER(wk_drivers, get, 16, bool (*)(struct wk_call *, const struct wk_uuid *, struct wk_driver *, struct wk_err *));
MEMBER(wk_drivers, delivery_of_order, 24, bool (*)(struct wk_call *, const struct wk_uuid *, struct wk_delivery *, struct wk_driver *, struct wk_err *));
MEMBER(wk_drivers, dispatch, 32, bool (*)(struct wk_call *, const struct wk_uuid *, struct wk_err *));
MEMBER(wk_drivers, is_delivering, 40, bool (*)(struct wk_call *, const struct wk_uuid *, bool *, struct wk_err *));
GROWS(wk_drivers, 48);

MEMBER(wk_entry, menu, 0, const char *);
MEMBER(wk_entry, node, 8, const char *);
MEMBER(wk_entry, action, 16, const char *);
MEMBER(wk_entry, title, 24, const char *);
MEMBER(wk_entry, role, 32, const char *);
MEMBER(wk_entry, order, 40, int32_t);
MEMBER(wk_entry, label, 48, const char *);
WHOLE(wk_entry, 56);

MEMBER(wk_err, cls, 0, enum wk_class);
MEMBER(wk_err, retry_after_ms, 4, uint32_t);
MEMBER(wk_err, code, 8, const char *);
MEMBER(wk_err, msg, 16, char[240]);
WHOLE(wk_err, 256);

MEMBER(wk_error_type, code, 0, const char *);
MEMBER(wk_error_type, cls, 8, enum wk_class);
MEMBER(wk_error_type, status, 12, uint16_t);
MEMBER(wk_error_type, flags, 14, uint16_t);
MEMBER(wk_error_type, text, 16, const char *);
MEMBER(wk_error_type, cure, 24, const char *);
WHOLE(wk_error_type, 32);

MEMBER(wk_event, size, 0, uint32_t);
MEMBER(wk_event, version, 4, uint32_t);
MEMBER(wk_event, id, 8, struct wk_uuid);
MEMBER(wk_event, seq, 24, int64_t);
MEMBER(wk_event, type, 32, const char *);
MEMBER(wk_event, key, 40, const char *);
MEMBER(wk_event, payload, 48, const char *);
MEMBER(wk_event, payload_len, 56, size_t);
MEMBER(wk_event, at_us, 64, int64_t);
MEMBER(wk_event, attempt, 72, uint32_t);
MEMBER(wk_event, reserved, 76, uint32_t);
MEMBER(wk_event, trace_id, 80, const char *);
GROWS(wk_event, 88);

MEMBER(wk_event_type, name, 0, const char *);
MEMBER(wk_event_type, priority, 8, enum wk_priority);
MEMBER(wk_event_type, version, 12, uint32_t);
MEMBER(wk_event_type, ttl_s, 16, int64_t);
MEMBER(wk_event_type, key, 24, const char *);
MEMBER(wk_event_type, schema, 32, const char *);
MEMBER(wk_event_type, summary, 40, const char *);
WHOLE(wk_event_type, 48);

MEMBER(wk_fact, size, 0, uint32_t);
MEMBER(wk_fact, kind, 4, enum wk_fact_kind);
MEMBER(wk_fact, reference, 8, const char *);
MEMBER(wk_fact, gateway_id, 16, const char *);
MEMBER(wk_fact, event_key, 24, const char *);
MEMBER(wk_fact, amount, 32, int64_t);
MEMBER(wk_fact, currency, 40, const char *);
MEMBER(wk_fact, is_test, 48, bool);
MEMBER(wk_fact, reason, 56, const char *);
WHOLE(wk_fact, 64);

MEMBER(wk_fetch, size, 0, uint32_t);
MEMBER(wk_fetch, timeout_ms, 4, uint32_t);
MEMBER(wk_fetch, method, 8, const char *);
MEMBER(wk_fetch, url, 16, const char *);
MEMBER(wk_fetch, headers, 24, const struct wk_header *);
MEMBER(wk_fetch, header_count, 32, size_t);
MEMBER(wk_fetch, body, 40, const void *);
MEMBER(wk_fetch, body_len, 48, size_t);
MEMBER(wk_fetch, reply_max, 56, size_t);
MEMBER(wk_fetch, target, 64, const char *);
MEMBER(wk_fetch, ca_file, 72, const char *);
GROWS(wk_fetch, 80);

MEMBER(wk_fetched, size, 0, uint32_t);
MEMBER(wk_fetched, sent, 4, enum wk_sent);
MEMBER(wk_fetched, status, 8, int);
MEMBER(wk_fetched, reserved, 12, uint32_t);
MEMBER(wk_fetched, headers, 16, const struct wk_header *);
MEMBER(wk_fetched, header_count, 24, size_t);
MEMBER(wk_fetched, body, 32, const char *);
MEMBER(wk_fetched, body_len, 40, size_t);
GROWS(wk_fetched, 48);

MEMBER(wk_filter, name, 0, const char *);
MEMBER(wk_filter, phase, 8, enum wk_phase);
MEMBER(wk_filter, priority, 12, int32_t);
MEMBER(wk_filter, reserved, 16, uint32_t);
MEMBER(wk_filter, before, 24, enum wk_verdict (*)(struct wk_call *, struct wk_http *, struct wk_err *));
MEMBER(wk_filter, after, 32, void (*)(struct wk_call *, struct wk_http *));
MEMBER(wk_filter, seal, 40, bool (*)(struct wk_call *, struct wk_http *, struct wk_err *));
WHOLE(wk_filter, 48);

MEMBER(wk_flow, head, 0, struct wk_service_head);
MEMBER(wk_flow, add_nodes, 16, bool (*)(struct wk_plugin *, const struct wk_node *, struct wk_err *));
MEMBER(wk_flow, add_entries, 24, bool (*)(struct wk_plugin *, const struct wk_entry *, struct wk_err *));
MEMBER(wk_flow, set_search, 32, bool (*)(struct wk_plugin *, enum wk_verdict (*)(struct wk_call *, struct wk_turn *, const char *, struct wk_err *), struct wk_err *));
MEMBER(wk_flow, user, 40, const struct wk_uuid *(*)(struct wk_turn *));
MEMBER(wk_flow, user_name, 48, const char *(*)(struct wk_turn *));
MEMBER(wk_flow, language, 56, const char *(*)(struct wk_turn *));
MEMBER(wk_flow, node, 64, const char *(*)(struct wk_turn *));
MEMBER(wk_flow, is_push, 72, bool (*)(struct wk_turn *));
MEMBER(wk_flow, has_role, 80, bool (*)(struct wk_turn *, const char *));
MEMBER(wk_flow, get, 88, const char *(*)(struct wk_turn *, const char *));
MEMBER(wk_flow, set, 96, bool (*)(struct wk_call *, struct wk_turn *, const char *, const char *, struct wk_err *));
MEMBER(wk_flow, say, 104, bool (*)(struct wk_call *, struct wk_turn *, const char *, struct wk_err *));
MEMBER(wk_flow, menu, 112, bool (*)(struct wk_call *, struct wk_turn *, const char *, const char *, const struct wk_choice *, size_t, struct wk_err *));
MEMBER(wk_flow, ask_location, 120, bool (*)(struct wk_call *, struct wk_turn *, const char *, struct wk_err *));
MEMBER(wk_flow, go, 128, bool (*)(struct wk_call *, struct wk_turn *, const char *, struct wk_err *));
MEMBER(wk_flow, stay, 136, bool (*)(struct wk_turn *, const char *));
MEMBER(wk_flow, push, 144, bool (*)(struct wk_call *, const struct wk_uuid *, const char *, const char *, struct wk_err *));
MEMBER(wk_flow, grant_role, 152, bool (*)(struct wk_call *, const struct wk_uuid *, const char *, bool, struct wk_err *));
MEMBER(wk_flow, find_user, 160, bool (*)(struct wk_call *, const char *, const char *, struct wk_uuid *, struct wk_err *));
MEMBER(wk_flow, tell, 168, bool (*)(struct wk_call *, const struct wk_notice *, struct wk_err *));
MEMBER(wk_flow, look_user, 176, bool (*)(struct wk_call *, const struct wk_message *, struct wk_uuid *, bool *, struct wk_err *));
GROWS(wk_flow, 184);

MEMBER(wk_header, name, 0, const char *);
MEMBER(wk_header, value, 8, const char *);
WHOLE(wk_header, 16);

MEMBER(wk_host, size, 0, uint32_t);
MEMBER(wk_host, abi_major, 4, uint16_t);
MEMBER(wk_host, abi_minor, 6, uint16_t);
MEMBER(wk_host, alloc, 8, void *(*)(struct wk_call *call, size_t bytes));
MEMBER(wk_host, defer, 16, bool (*)(struct wk_call *call, void (*fn)(void *arg), void *arg));
MEMBER(wk_host, tenant, 24, const struct wk_tenant *(*)(struct wk_call *));
MEMBER(wk_host, principal, 32, const struct wk_principal *(*)(struct wk_call *));
MEMBER(wk_host, set_principal, 40, bool (*)(struct wk_call *, const struct wk_principal *, struct wk_err *));
MEMBER(wk_host, enter_tenant, 48, bool (*)(struct wk_call *, const struct wk_uuid *, struct wk_err *));
MEMBER(wk_host, now_us, 56, int64_t (*)(struct wk_call *));
MEMBER(wk_host, left_ms, 64, int64_t (*)(struct wk_call *));
MEMBER(wk_host, sleep_ms, 72, bool (*)(struct wk_call *, uint32_t, struct wk_err *));
MEMBER(wk_host, offload, 80, bool (*)(struct wk_call *call, void (*fn)(void *arg), void *arg, struct wk_err *err));
MEMBER(wk_host, random_bytes, 88, bool (*)(struct wk_call *call, void *out, size_t bytes, struct wk_err *err));
MEMBER(wk_host, new_id, 96, struct wk_uuid (*)(struct wk_call *));
MEMBER(wk_host, log, 104, void (*)(struct wk_call *, enum wk_level, const char *));
MEMBER(wk_host, trace_id, 112, const char *(*)(struct wk_call *));
MEMBER(wk_host, setting_text, 120, const char *(*)(struct wk_call *, const char *));
MEMBER(wk_host, setting_int, 128, int64_t (*)(struct wk_call *, const char *));
MEMBER(wk_host, secret, 136, const char *(*)(struct wk_call *, const char *, struct wk_err *));
MEMBER(wk_host, plugin_setting_text, 144, const char *(*)(struct wk_plugin *, const char *));
MEMBER(wk_host, plugin_setting_int, 152, int64_t (*)(struct wk_plugin *, const char *));
MEMBER(wk_host, db_read, 160, bool (*)(struct wk_call *, const struct wk_sql *, const struct wk_arg *, size_t, struct wk_rows **, struct wk_err *));
MEMBER(wk_host, db_read_all, 168, bool (*)(struct wk_call *, struct wk_query *, size_t, struct wk_err *));
MEMBER(wk_host, db_write, 176, bool (*)(struct wk_call *, const struct wk_sql *, const struct wk_arg *, size_t, struct wk_rows **, struct wk_err *));
MEMBER(wk_host, db_queue, 184, bool (*)(struct wk_call *, const struct wk_sql *, const struct wk_arg *, size_t, int64_t, const char *, struct wk_err *));
MEMBER(wk_host, db_step, 192, bool (*)(struct wk_call *, struct wk_err *));
MEMBER(wk_host, rows_count, 200, size_t (*)(const struct wk_rows *));
MEMBER(wk_host, rows_text, 208, const char *(*)(const struct wk_rows *, size_t, size_t, size_t *));
MEMBER(wk_host, rows_affected, 216, int64_t (*)(const struct wk_rows *));
MEMBER(wk_host, publish, 224, bool (*)(struct wk_call *, const char *, const char *, const char *, size_t, struct wk_err *));
MEMBER(wk_host, schedule, 232, bool (*)(struct wk_call *, const char *, const char *, int64_t, bool, const char *, const char *, size_t, struct wk_err *));
MEMBER(wk_host, unschedule, 240, bool (*)(struct wk_call *, const char *, const char *, struct wk_err *));
MEMBER(wk_host, later, 248, bool (*)(struct wk_call *, int64_t, struct wk_err *));
MEMBER(wk_host, http_method, 256, const char *(*)(struct wk_http *));
MEMBER(wk_host, http_path, 264, const char *(*)(struct wk_http *));
MEMBER(wk_host, http_param, 272, const char *(*)(struct wk_http *, const char *));
MEMBER(wk_host, http_query, 280, const char *(*)(struct wk_http *, const char *));
MEMBER(wk_host, http_header, 288, const char *(*)(struct wk_http *, const char *));
MEMBER(wk_host, http_peer, 296, const char *(*)(struct wk_http *));
MEMBER(wk_host, http_body, 304, struct wk_span (*)(struct wk_http *));
MEMBER(wk_host, http_body_next, 312, bool (*)(struct wk_call *, struct wk_http *, struct wk_span *, struct wk_err *));
MEMBER(wk_host, http_set_header, 320, bool (*)(struct wk_http *, const char *, const char *, struct wk_err *));
MEMBER(wk_host, http_reply, 328, bool (*)(struct wk_http *http, int status, const char *content_type, const void *body, size_t len, struct wk_err *err));
MEMBER(wk_host, http_begin, 336, bool (*)(struct wk_http *, int, const char *, struct wk_err *));
MEMBER(wk_host, http_write, 344, bool (*)(struct wk_call *call, struct wk_http *http, const void *data, size_t len, struct wk_err *err));
MEMBER(wk_host, http_status, 352, int (*)(struct wk_http *));
MEMBER(wk_host, fetch, 360, bool (*)(struct wk_call *, const struct wk_fetch *, struct wk_fetched *, struct wk_err *));
MEMBER(wk_host, reply, 368, bool (*)(struct wk_call *, const struct wk_outgoing *, struct wk_err *));
MEMBER(wk_host, send, 376, bool (*)(struct wk_call *, const char *, const char *, const char *, const struct wk_outgoing *, struct wk_err *));
MEMBER(wk_host, service, 384, const void *(*)(struct wk_call *call, const char *interface, const char *provider, struct wk_err *err));
MEMBER(wk_host, service_names, 392, size_t (*)(const char *, const char **, size_t));
MEMBER(wk_host, open_service, 400, const void *(*)(struct wk_plugin *plugin, const char *interface, struct wk_err *err));
MEMBER(wk_host, frame_enter, 408, void *(*)(struct wk_call *call, const void *self));
MEMBER(wk_host, frame_leave, 416, void (*)(struct wk_call *call, void *frame));
MEMBER(wk_host, plugin_set_state, 424, void (*)(struct wk_plugin *plugin, void *state));
MEMBER(wk_host, state, 432, void *(*)(struct wk_call *call));
MEMBER(wk_host, json_parse, 440, void *(*)(struct wk_call *call, const char *text, size_t len, struct wk_err *err));
MEMBER(wk_host, count, 448, void (*)(struct wk_plugin *, struct wk_call *, const char *, int64_t));
MEMBER(wk_host, observe, 456, void (*)(struct wk_call *, const char *, double));
MEMBER(wk_host, webhook_secret, 464, bool (*)(struct wk_plugin *, const char *, const char *, const char *, char *, size_t, struct wk_err *));
MEMBER(wk_host, once, 472, bool (*)(struct wk_call *, const char *, bool *, struct wk_err *));
MEMBER(wk_host, timers, 480, bool (*)(struct wk_call *, const char *, struct wk_timer *, size_t, size_t *, struct wk_err *));
MEMBER(wk_host, error_told, 488, void (*)(struct wk_call *, const struct wk_err *, const char *, struct wk_told *));
MEMBER(wk_host, cache_get, 496, bool (*)(struct wk_call *call, const struct wk_cache_spec *spec, bool (*load)(struct wk_call *call, void *arg, struct wk_span *value, struct wk_err *err), void *arg, struct wk_span *value, struct wk_err *err));
MEMBER(wk_host, cache_invalidate, 504, bool (*)(struct wk_call *, const char *, struct wk_err *));
MEMBER(wk_host, retry, 512, bool (*)(struct wk_call *, struct wk_retry *, const struct wk_err *));
MEMBER(wk_host, target_wait, 520, int64_t (*)(struct wk_call *, const char *));
MEMBER(wk_host, target_garbage, 528, void (*)(struct wk_call *, const char *));
MEMBER(wk_host, limit, 536, bool (*)(struct wk_call *, const char *, double, uint32_t, uint32_t, uint32_t, int64_t *));
MEMBER(wk_host, penalty_add, 544, bool (*)(struct wk_call *, struct wk_http *, int, const char *, uint32_t));
MEMBER(wk_host, penalty_left, 552, int64_t (*)(struct wk_call *, struct wk_http *, int, const char *));
MEMBER(wk_host, audit, 560, bool (*)(struct wk_call *, const char *, const char *, const char *, struct wk_err *));
MEMBER(wk_host, db_apart, 568, bool (*)(struct wk_call *, const struct wk_sql *, const struct wk_arg *, size_t, struct wk_rows **, struct wk_err *));
MEMBER(wk_host, share_path, 576, bool (*)(const char *, const char *, char *, size_t));
MEMBER(wk_host, http_route, 584, const struct wk_route *(*)(struct wk_http *));
MEMBER(wk_host, http_answer, 592, struct wk_span (*)(struct wk_http *));
MEMBER(wk_host, http_answer_header, 600, const char *(*)(struct wk_http *, const char *));
MEMBER(wk_host, http_route_at, 608, bool (*)(size_t, struct wk_route_info *));
MEMBER(wk_host, http_came_over, 616, bool (*)(struct wk_http *, const char *));
MEMBER(wk_host, http_id, 624, struct wk_uuid (*)(struct wk_http *));
MEMBER(wk_host, limit_cluster, 632, bool (*)(struct wk_call *, const struct wk_quota *, struct wk_quota_left *));
MEMBER(wk_host, http_run, 640, bool (*)(struct wk_call *, struct wk_http *, struct wk_err *));
MEMBER(wk_host, http_query_text, 648, const char *(*)(struct wk_http *));
MEMBER(wk_host, plugin_setting_where, 656, bool (*)(struct wk_plugin *, const char *, char *, size_t));
MEMBER(wk_host, tenant_address, 664, const char *(*)(struct wk_call *, const char *));
MEMBER(wk_host, add_route, 672, bool (*)(struct wk_plugin *, const struct wk_route *, struct wk_err *));
MEMBER(wk_host, server_open, 680, struct wk_server *(*)(struct wk_plugin *, const char *, const char *, struct wk_err *));
MEMBER(wk_host, http_pass, 688, bool (*)(struct wk_call *, struct wk_http *, const struct wk_passing *, struct wk_err *));
MEMBER(wk_host, is_on, 696, bool (*)(struct wk_call *, const struct wk_plugin *));
MEMBER(wk_host, tenancy, 704, bool (*)(struct wk_call *, int, const struct wk_uuid *, const char *, const char **, struct wk_err *));
GROWS(wk_host, 712);

MEMBER(wk_identity, head, 0, struct wk_service_head);
MEMBER(wk_identity, verify, 16, bool (*)(struct wk_call *, const char *, struct wk_principal *, struct wk_err *));
MEMBER(wk_identity, user, 24, bool (*)(struct wk_call *, const struct wk_uuid *, struct wk_user *, struct wk_err *));
GROWS(wk_identity, 32);

MEMBER(wk_inbox, path, 0, const char *);
MEMBER(wk_inbox, channel, 8, const char *);
MEMBER(wk_inbox, body_max, 16, uint64_t);
MEMBER(wk_inbox, verify, 24, enum wk_authentic (*)(const struct wk_webhook *, struct wk_err *));
MEMBER(wk_inbox, split, 32, bool (*)(const struct wk_webhook *, struct wk_split *, struct wk_err *));
MEMBER(wk_inbox, handshake, 40, const char *(*)(const struct wk_webhook *));
WHOLE(wk_inbox, 48);

MEMBER(wk_intent, size, 0, uint32_t);
MEMBER(wk_intent, label, 8, const char *);
MEMBER(wk_intent, score, 16, double);
MEMBER(wk_intent, margin, 24, double);
MEMBER(wk_intent, language, 32, const char *);
GROWS(wk_intent, 40);

MEMBER(wk_intent_detector, head, 0, struct wk_service_head);
MEMBER(wk_intent_detector, detect, 16, bool (*)(struct wk_call *, const char *, const char *, struct wk_intent *, struct wk_err *));
GROWS(wk_intent_detector, 24);

MEMBER(wk_item, size, 0, uint32_t);
MEMBER(wk_item, kind, 4, enum wk_item_kind);
MEMBER(wk_item, event_type, 8, const char *);
MEMBER(wk_item, address, 16, struct wk_span);
MEMBER(wk_item, account, 32, struct wk_span);
MEMBER(wk_item, dedupe, 48, struct wk_span);
MEMBER(wk_item, key, 64, struct wk_span);
MEMBER(wk_item, at_s, 80, int64_t);
MEMBER(wk_item, payload, 88, struct wk_span[4]);
MEMBER(wk_item, payload_name, 152, const char *[4]);
MEMBER(wk_item, message_id, 184, struct wk_span);
MEMBER(wk_item, callback, 200, struct wk_span);
MEMBER(wk_item, rank, 216, uint32_t);
MEMBER(wk_item, error_code, 220, int32_t);
MEMBER(wk_item, why, 224, const char *);
GROWS(wk_item, 232);

MEMBER(wk_mesh, head, 0, struct wk_service_head);
MEMBER(wk_mesh, objects, 16, bool (*)(struct wk_plugin *plugin, const struct wk_mesh_tenant *tenants, size_t n, bool (*each)(void *arg, const char *json), void *arg, struct wk_err *err));
MEMBER(wk_mesh, interval_ms, 24, uint32_t (*)(struct wk_plugin *));
MEMBER(wk_mesh, reconcile, 32, bool (*)(struct wk_call *, const struct wk_mesh_tenant *, size_t, struct wk_mesh_report *, struct wk_err *));
GROWS(wk_mesh, 40);

MEMBER(wk_mesh_report, size, 0, uint32_t);
MEMBER(wk_mesh_report, objects, 4, uint32_t);
MEMBER(wk_mesh_report, applied, 8, uint32_t);
MEMBER(wk_mesh_report, removed, 12, uint32_t);
MEMBER(wk_mesh_report, taken, 16, uint32_t);
MEMBER(wk_mesh_report, left, 20, uint32_t);
GROWS(wk_mesh_report, 24);

MEMBER(wk_mesh_tenant, id, 0, struct wk_uuid);
MEMBER(wk_mesh_tenant, server, 16, const char *);
MEMBER(wk_mesh_tenant, domains, 24, const char *);
WHOLE(wk_mesh_tenant, 32);

MEMBER(wk_message, size, 0, uint32_t);
MEMBER(wk_message, type, 4, enum wk_message_type);
MEMBER(wk_message, channel, 8, const char *);
MEMBER(wk_message, id, 16, const char *);
MEMBER(wk_message, address, 24, const char *);
MEMBER(wk_message, user_key, 32, const char *);
MEMBER(wk_message, user_id, 40, const char *);
MEMBER(wk_message, phone, 48, const char *);
MEMBER(wk_message, name, 56, const char *);
MEMBER(wk_message, at_us, 64, int64_t);
MEMBER(wk_message, text, 72, const char *);
MEMBER(wk_message, choice, 80, const char *);
MEMBER(wk_message, context_id, 88, const char *);
MEMBER(wk_message, latitude, 96, double);
MEMBER(wk_message, longitude, 104, double);
MEMBER(wk_message, place_name, 112, const char *);
MEMBER(wk_message, place_address, 120, const char *);
MEMBER(wk_message, media_id, 128, const char *);
MEMBER(wk_message, media_type, 136, const char *);
MEMBER(wk_message, media_sha256, 144, const char *);
MEMBER(wk_message, file_name, 152, const char *);
MEMBER(wk_message, raw, 160, const char *);
MEMBER(wk_message, raw_len, 168, size_t);
MEMBER(wk_message, failure, 176, const struct wk_err *);
GROWS(wk_message, 184);

MEMBER(wk_move, size, 0, uint32_t);
MEMBER(wk_move, actor, 4, enum wk_actor);
MEMBER(wk_move, order, 8, struct wk_uuid);
MEMBER(wk_move, actor_id, 24, const struct wk_uuid *);
MEMBER(wk_move, to, 32, const char *);
MEMBER(wk_move, reason, 40, const char *);
MEMBER(wk_move, metadata, 48, const char *);
GROWS(wk_move, 56);

MEMBER(wk_node, name, 0, const char *);
MEMBER(wk_node, state, 8, enum wk_state);
MEMBER(wk_node, expect, 12, enum wk_expect);
MEMBER(wk_node, is_busy, 16, bool);
MEMBER(wk_node, show, 24, bool (*)(struct wk_call *, struct wk_turn *, struct wk_err *));
MEMBER(wk_node, choose, 32, enum wk_verdict (*)(struct wk_call *, struct wk_turn *, const char *, const char *, bool, struct wk_err *));
MEMBER(wk_node, hear, 40, enum wk_verdict (*)(struct wk_call *, struct wk_turn *, const struct wk_message *, struct wk_err *));
WHOLE(wk_node, 48);

MEMBER(wk_note, owner_size, 0, uint32_t);
MEMBER(wk_note, desc_size, 4, uint32_t);
MEMBER(wk_note, type, 8, uint32_t);
MEMBER(wk_note, owner, 12, char[8]);
MEMBER(wk_note, abi_major, 20, uint16_t);
MEMBER(wk_note, abi_minor, 22, uint16_t);
MEMBER(wk_note, descriptor_size, 24, uint32_t);
MEMBER(wk_note, name, 28, char[32]);
MEMBER(wk_note, version, 60, char[24]);
WHOLE(wk_note, 84);

MEMBER(wk_notice, size, 0, uint32_t);
MEMBER(wk_notice, reserved, 4, uint32_t);
MEMBER(wk_notice, user, 8, struct wk_uuid);
MEMBER(wk_notice, text, 24, const char *);
MEMBER(wk_notice, dedup, 32, const char *);
MEMBER(wk_notice, template_name, 40, const char *);
GROWS(wk_notice, 48);

MEMBER(wk_notifier, head, 0, struct wk_service_head);
MEMBER(wk_notifier, tell, 16, bool (*)(struct wk_call *, const struct wk_notice *, struct wk_err *));
MEMBER(wk_notifier, alert, 24, bool (*)(struct wk_call *, const char *, const char *, struct wk_err *));
GROWS(wk_notifier, 32);

MEMBER(wk_option, id, 0, const char *);
MEMBER(wk_option, title, 8, const char *);
MEMBER(wk_option, description, 16, const char *);
MEMBER(wk_option, section, 24, const char *);
WHOLE(wk_option, 32);

MEMBER(wk_order, size, 0, uint32_t);
MEMBER(wk_order, number, 4, uint32_t);
MEMBER(wk_order, id, 8, struct wk_uuid);
MEMBER(wk_order, customer, 24, struct wk_uuid);
MEMBER(wk_order, vendor, 40, struct wk_uuid);
MEMBER(wk_order, payment, 56, struct wk_uuid);
MEMBER(wk_order, status, 72, const char *);
MEMBER(wk_order, payment_status, 80, const char *);
MEMBER(wk_order, delivery_status, 88, const char *);
MEMBER(wk_order, payment_method, 96, const char *);
MEMBER(wk_order, fulfilment, 104, const char *);
MEMBER(wk_order, subtotal, 112, int64_t);
MEMBER(wk_order, delivery_fee, 120, int64_t);
MEMBER(wk_order, tax, 128, int64_t);
MEMBER(wk_order, total, 136, int64_t);
MEMBER(wk_order, currency, 144, const char *);
MEMBER(wk_order, latitude, 152, double);
MEMBER(wk_order, longitude, 160, double);
MEMBER(wk_order, landmark, 168, const char *);
MEMBER(wk_order, customer_name, 176, const char *);
MEMBER(wk_order, created_us, 184, int64_t);
MEMBER(wk_order, is_cash, 192, bool);
GROWS(wk_order, 200);

MEMBER(wk_orders, head, 0, struct wk_service_head);
MEMBER(wk_orders, get, 16, bool (*)(struct wk_call *, const struct wk_uuid *, struct wk_order *, struct wk_err *));
MEMBER(wk_orders, move, 24, bool (*)(struct wk_call *, const struct wk_move *, struct wk_order *, struct wk_err *));
MEMBER(wk_orders, check_code, 32, bool (*)(struct wk_call *, const struct wk_uuid *, const char *, const char *, uint32_t *, struct wk_err *));
GROWS(wk_orders, 40);

MEMBER(wk_outgoing, size, 0, uint32_t);
MEMBER(wk_outgoing, type, 4, enum wk_outgoing_type);
MEMBER(wk_outgoing, text, 8, const char *);
MEMBER(wk_outgoing, header, 16, const char *);
MEMBER(wk_outgoing, footer, 24, const char *);
MEMBER(wk_outgoing, options, 32, const struct wk_option *);
MEMBER(wk_outgoing, option_count, 40, size_t);
MEMBER(wk_outgoing, button, 48, const char *);
MEMBER(wk_outgoing, url, 56, const char *);
MEMBER(wk_outgoing, latitude, 64, double);
MEMBER(wk_outgoing, longitude, 72, double);
MEMBER(wk_outgoing, place_name, 80, const char *);
MEMBER(wk_outgoing, place_address, 88, const char *);
MEMBER(wk_outgoing, template_name, 96, const char *);
MEMBER(wk_outgoing, template_language, 104, const char *);
MEMBER(wk_outgoing, parameters, 112, const char *const *);
MEMBER(wk_outgoing, parameter_count, 120, size_t);
MEMBER(wk_outgoing, reply_to, 128, const char *);
GROWS(wk_outgoing, 136);

MEMBER(wk_passing, size, 0, uint32_t);
MEMBER(wk_passing, timeout_ms, 4, uint32_t);
MEMBER(wk_passing, servers, 8, struct wk_server *const *);
MEMBER(wk_passing, count, 16, size_t);
MEMBER(wk_passing, retries, 24, uint32_t);
MEMBER(wk_passing, is_kept, 28, uint32_t);
MEMBER(wk_passing, reply_max, 32, size_t);
GROWS(wk_passing, 40);

MEMBER(wk_pay_method, gateway, 0, const char *);
MEMBER(wk_pay_method, title, 8, const char *);
MEMBER(wk_pay_method, caps, 16, uint64_t);
WHOLE(wk_pay_method, 24);

MEMBER(wk_payment, size, 0, uint32_t);
MEMBER(wk_payment, exponent, 4, uint32_t);
MEMBER(wk_payment, id, 8, struct wk_uuid);
MEMBER(wk_payment, order, 24, struct wk_uuid);
MEMBER(wk_payment, attempt, 40, struct wk_uuid);
MEMBER(wk_payment, gateway, 56, const char *);
MEMBER(wk_payment, reference, 64, const char *);
MEMBER(wk_payment, status, 72, const char *);
MEMBER(wk_payment, amount, 80, int64_t);
MEMBER(wk_payment, collected, 88, int64_t);
MEMBER(wk_payment, currency, 96, const char *);
GROWS(wk_payment, 104);

MEMBER(wk_payment_gateway, head, 0, struct wk_service_head);
MEMBER(wk_payment_gateway, caps, 16, uint64_t);
MEMBER(wk_payment_gateway, title, 24, const char *);
MEMBER(wk_payment_gateway, validate, 32, bool (*)(struct wk_call *, const char *, const char *, int64_t, struct wk_err *));
MEMBER(wk_payment_gateway, start, 40, enum wk_outcome (*)(struct wk_call *, const struct wk_attempt *, struct wk_started *, struct wk_err *));
MEMBER(wk_payment_gateway, query, 48, enum wk_outcome (*)(struct wk_call *, const struct wk_attempt *, struct wk_fact *, struct wk_err *));
MEMBER(wk_payment_gateway, cancel, 56, enum wk_outcome (*)(struct wk_call *, const struct wk_attempt *, struct wk_err *));
MEMBER(wk_payment_gateway, refund, 64, enum wk_outcome (*)(struct wk_call *, const struct wk_attempt *, const char *, int64_t, struct wk_fact *, struct wk_err *));
MEMBER(wk_payment_gateway, facts, 72, bool (*)(struct wk_call *, const char *, const char *, size_t, struct wk_fact **, size_t *, struct wk_err *));
GROWS(wk_payment_gateway, 80);

MEMBER(wk_payments, head, 0, struct wk_service_head);
MEMBER(wk_payments, methods, 16, bool (*)(struct wk_call *, int64_t, const char *, struct wk_pay_method **, size_t *, struct wk_err *));
MEMBER(wk_payments, prepare, 24, bool (*)(struct wk_call *, const struct wk_uuid *, const char *, int64_t, const char *, struct wk_payment *, struct wk_err *));
MEMBER(wk_payments, start, 32, bool (*)(struct wk_call *, const struct wk_uuid *, struct wk_started *, struct wk_err *));
MEMBER(wk_payments, settle, 40, bool (*)(struct wk_call *, const char *, const char *, const struct wk_fact *, struct wk_err *));
MEMBER(wk_payments, collect, 48, bool (*)(struct wk_call *, const struct wk_uuid *, const struct wk_uuid *, int64_t, const char *, struct wk_payment *, struct wk_err *));
MEMBER(wk_payments, of_order, 56, bool (*)(struct wk_call *, const struct wk_uuid *, struct wk_payment *, struct wk_err *));
MEMBER(wk_payments, cancel, 64, bool (*)(struct wk_call *, const struct wk_uuid *, struct wk_err *));
GROWS(wk_payments, 72);

MEMBER(wk_plugin_desc, size, 0, uint32_t);
MEMBER(wk_plugin_desc, abi_major, 4, uint16_t);
MEMBER(wk_plugin_desc, abi_minor, 6, uint16_t);
MEMBER(wk_plugin_desc, host, 8, const struct wk_host **);
MEMBER(wk_plugin_desc, name, 16, const char *);
MEMBER(wk_plugin_desc, version, 24, const char *);
MEMBER(wk_plugin_desc, summary, 32, const char *);
MEMBER(wk_plugin_desc, needs, 40, const char *);
MEMBER(wk_plugin_desc, settings, 48, const struct wk_setting *);
MEMBER(wk_plugin_desc, routes, 56, const struct wk_route *);
MEMBER(wk_plugin_desc, filters, 64, const struct wk_filter *);
MEMBER(wk_plugin_desc, subscriptions, 72, const struct wk_sub *);
MEMBER(wk_plugin_desc, events, 80, const struct wk_event_type *);
MEMBER(wk_plugin_desc, provides, 88, const struct wk_provide *);
MEMBER(wk_plugin_desc, inboxes, 96, const struct wk_inbox *);
MEMBER(wk_plugin_desc, on_message, 104, enum wk_verdict (*)(struct wk_call *, const struct wk_message *, struct wk_err *));
MEMBER(wk_plugin_desc, message_priority, 112, int32_t);
MEMBER(wk_plugin_desc, reserved, 116, uint32_t);
MEMBER(wk_plugin_desc, open, 120, bool (*)(struct wk_plugin *, struct wk_err *));
MEMBER(wk_plugin_desc, close, 128, void (*)(struct wk_plugin *));
MEMBER(wk_plugin_desc, sql_begin, 136, const struct wk_sql *const *);
MEMBER(wk_plugin_desc, sql_end, 144, const struct wk_sql *const *);
MEMBER(wk_plugin_desc, errors, 152, const struct wk_error_type *);
MEMBER(wk_plugin_desc, fail_ear, 160, void (**)(const char *));
MEMBER(wk_plugin_desc, route_tags, 168, const struct wk_route_tags *);
GROWS(wk_plugin_desc, 176);

MEMBER(wk_principal, size, 0, uint32_t);
MEMBER(wk_principal, tenant, 4, struct wk_uuid);
MEMBER(wk_principal, subject, 24, const char *);
MEMBER(wk_principal, role, 32, const char *);
MEMBER(wk_principal, permissions, 40, const char *);
MEMBER(wk_principal, credential, 48, const char *);
GROWS(wk_principal, 56);

MEMBER(wk_provide, interface, 0, const char *);
MEMBER(wk_provide, service, 8, struct wk_service_head *);
WHOLE(wk_provide, 16);

MEMBER(wk_query, sql, 0, const struct wk_sql *);
MEMBER(wk_query, args, 8, const struct wk_arg *);
MEMBER(wk_query, n, 16, size_t);
MEMBER(wk_query, rows, 24, struct wk_rows *);
WHOLE(wk_query, 32);

MEMBER(wk_quota, size, 0, uint32_t);
MEMBER(wk_quota, burst, 4, uint32_t);
MEMBER(wk_quota, per_second, 8, double);
MEMBER(wk_quota, name, 16, const char *);
MEMBER(wk_quota, cost, 24, uint32_t);
MEMBER(wk_quota, share, 28, uint32_t);
GROWS(wk_quota, 32);

MEMBER(wk_quota_left, size, 0, uint32_t);
MEMBER(wk_quota_left, left, 4, uint32_t);
MEMBER(wk_quota_left, wait_us, 8, int64_t);
MEMBER(wk_quota_left, full_us, 16, int64_t);
MEMBER(wk_quota_left, was_cut_off, 24, bool);
GROWS(wk_quota_left, 32);

MEMBER(wk_quotas, head, 0, struct wk_service_head);
MEMBER(wk_quotas, take, 16, bool (*)(struct wk_call *, const char *, int64_t, struct wk_err *));
MEMBER(wk_quotas, used, 24, bool (*)(struct wk_call *, const char *, int64_t *, int64_t *, struct wk_err *));
GROWS(wk_quotas, 32);

MEMBER(wk_retry, size, 0, uint32_t);
MEMBER(wk_retry, tries, 4, uint32_t);
MEMBER(wk_retry, target, 8, const char *);
GROWS(wk_retry, 16);

MEMBER(wk_route, method, 0, enum wk_method);
MEMBER(wk_route, path, 8, const char *);
MEMBER(wk_route, permission, 16, const char *);
MEMBER(wk_route, run, 24, bool (*)(struct wk_call *, struct wk_http *, struct wk_err *));
MEMBER(wk_route, flags, 32, uint32_t);
MEMBER(wk_route, deadline_ms, 36, uint32_t);
MEMBER(wk_route, body_max, 40, uint64_t);
WHOLE(wk_route, 48);

MEMBER(wk_route_info, plugin, 0, const char *);
MEMBER(wk_route_info, route, 8, const struct wk_route *);
MEMBER(wk_route_info, tags, 16, const char *);
WHOLE(wk_route_info, 24);

MEMBER(wk_route_tags, path, 0, const char *);
MEMBER(wk_route_tags, tags, 8, const char *);
WHOLE(wk_route_tags, 16);

MEMBER(wk_service_head, size, 0, uint32_t);
MEMBER(wk_service_head, version, 4, uint32_t);
MEMBER(wk_service_head, self, 8, const void *);
WHOLE(wk_service_head, 16);

MEMBER(wk_setting, key, 0, const char *);
MEMBER(wk_setting, type, 8, enum wk_setting_type);
MEMBER(wk_setting, scope, 12, enum wk_scope);
MEMBER(wk_setting, fallback, 16, const char *);
MEMBER(wk_setting, help, 24, const char *);
MEMBER(wk_setting, min, 32, int64_t);
MEMBER(wk_setting, max, 40, int64_t);
MEMBER(wk_setting, choices, 48, const char *);
MEMBER(wk_setting, flags, 56, uint32_t);
WHOLE(wk_setting, 64);

MEMBER(wk_shortage, variant, 0, struct wk_uuid);
MEMBER(wk_shortage, available, 16, int64_t);
MEMBER(wk_shortage, name, 24, const char *);
WHOLE(wk_shortage, 32);

MEMBER(wk_span, data, 0, const char *);
MEMBER(wk_span, len, 8, size_t);
WHOLE(wk_span, 16);

MEMBER(wk_split, size, 0, uint32_t);
MEMBER(wk_split, reserved, 4, uint32_t);
MEMBER(wk_split, add, 8, bool (*)(struct wk_split *, const struct wk_item *));
GROWS(wk_split, 16);

MEMBER(wk_sql, name, 0, const char *);
MEMBER(wk_sql, text, 8, const char *);
MEMBER(wk_sql, lifetime_s, 16, uint32_t);
MEMBER(wk_sql, reserved, 20, uint32_t);
MEMBER(wk_sql, tags, 24, const char *);
WHOLE(wk_sql, 32);

MEMBER(wk_started, size, 0, uint32_t);
MEMBER(wk_started, next, 4, enum wk_next);
MEMBER(wk_started, url, 8, const char *);
MEMBER(wk_started, text, 16, const char *);
MEMBER(wk_started, gateway_id, 24, const char *);
MEMBER(wk_started, expires_us, 32, int64_t);
GROWS(wk_started, 40);

MEMBER(wk_stock_line, variant, 0, struct wk_uuid);
MEMBER(wk_stock_line, quantity, 16, int64_t);
WHOLE(wk_stock_line, 24);

MEMBER(wk_sub, name, 0, const char *);
MEMBER(wk_sub, pattern, 8, const char *);
MEMBER(wk_sub, from, 16, enum wk_from);
MEMBER(wk_sub, deadline_ms, 20, uint32_t);
MEMBER(wk_sub, run, 24, bool (*)(struct wk_call *, const struct wk_event *, struct wk_err *));
WHOLE(wk_sub, 32);

MEMBER(wk_tenant, size, 0, uint32_t);
MEMBER(wk_tenant, shard, 4, uint32_t);
MEMBER(wk_tenant, id, 8, struct wk_uuid);
MEMBER(wk_tenant, id_text, 24, const char *);
MEMBER(wk_tenant, name, 32, const char *);
MEMBER(wk_tenant, tier, 40, const char *);
MEMBER(wk_tenant, status, 48, const char *);
MEMBER(wk_tenant, language, 56, const char *);
MEMBER(wk_tenant, currency, 64, const char *);
MEMBER(wk_tenant, currency_exponent, 72, uint32_t);
MEMBER(wk_tenant, timezone, 80, const char *);
GROWS(wk_tenant, 88);

MEMBER(wk_timer, name, 0, const char *);
MEMBER(wk_timer, type, 8, const char *);
MEMBER(wk_timer, due_us, 16, int64_t);
WHOLE(wk_timer, 24);

MEMBER(wk_told, size, 0, uint32_t);
MEMBER(wk_told, status, 4, int32_t);
MEMBER(wk_told, code, 8, const char *);
MEMBER(wk_told, text, 16, const char *);
MEMBER(wk_told, message, 24, const char *);
MEMBER(wk_told, reference, 32, const char *);
GROWS(wk_told, 40);

MEMBER(wk_user, size, 0, uint32_t);
MEMBER(wk_user, reserved, 4, uint32_t);
MEMBER(wk_user, id, 8, struct wk_uuid);
MEMBER(wk_user, name, 24, const char *);
MEMBER(wk_user, role, 32, const char *);
MEMBER(wk_user, status, 40, const char *);
MEMBER(wk_user, phone, 48, const char *);
GROWS(wk_user, 56);

MEMBER(wk_uuid, b, 0, uint8_t[16]);
WHOLE(wk_uuid, 16);

MEMBER(wk_variant, size, 0, uint32_t);
MEMBER(wk_variant, is_active, 4, bool);
MEMBER(wk_variant, id, 5, struct wk_uuid);
MEMBER(wk_variant, product, 21, struct wk_uuid);
MEMBER(wk_variant, vendor, 37, struct wk_uuid);
MEMBER(wk_variant, name, 56, const char *);
MEMBER(wk_variant, short_description, 64, const char *);
MEMBER(wk_variant, sku, 72, const char *);
MEMBER(wk_variant, price, 80, int64_t);
MEMBER(wk_variant, available, 88, int64_t);
MEMBER(wk_variant, vendor_name, 96, const char *);
WHOLE(wk_variant, 104);

MEMBER(wk_vendor, size, 0, uint32_t);
MEMBER(wk_vendor, is_open, 4, bool);
MEMBER(wk_vendor, id, 5, struct wk_uuid);
MEMBER(wk_vendor, user, 21, struct wk_uuid);
MEMBER(wk_vendor, name, 40, const char *);
MEMBER(wk_vendor, phone, 48, const char *);
MEMBER(wk_vendor, address, 56, const char *);
MEMBER(wk_vendor, latitude, 64, double);
MEMBER(wk_vendor, longitude, 72, double);
GROWS(wk_vendor, 80);

MEMBER(wk_webhook, size, 0, uint32_t);
MEMBER(wk_webhook, reserved, 4, uint32_t);
MEMBER(wk_webhook, plugin, 8, struct wk_plugin *);
MEMBER(wk_webhook, app, 16, const char *);
MEMBER(wk_webhook, body, 24, const char *);
MEMBER(wk_webhook, body_len, 32, size_t);
MEMBER(wk_webhook, request, 40, const void *);
MEMBER(wk_webhook, header, 48, const char *(*)(const struct wk_webhook *, const char *, size_t *));
MEMBER(wk_webhook, query, 56, const char *(*)(const struct wk_webhook *, const char *));
GROWS(wk_webhook, 64);

VALUE(WK_ACTOR_SYSTEM, 1);
VALUE(WK_ACTOR_CUSTOMER, 2);
VALUE(WK_ACTOR_VENDOR, 3);
VALUE(WK_ACTOR_DRIVER, 4);
VALUE(WK_ACTOR_ADMIN, 5);
VALUE(WK_ACTOR_GATEWAY, 6);
VALUE(WK_ARG_NULL, 0);
VALUE(WK_ARG_INT, 1);
VALUE(WK_ARG_BOOL, 2);
VALUE(WK_ARG_DOUBLE, 3);
VALUE(WK_ARG_TEXT, 4);
VALUE(WK_ARG_UUID, 5);
VALUE(WK_ARG_BYTES, 6);
VALUE(WK_ARG_TIME, 7);
VALUE(WK_FORGED, 0);
VALUE(WK_AUTHENTIC, 1);
VALUE(WK_UNSIGNED, 2);
VALUE(WK_OK, 0);
VALUE(WK_TRANSIENT, 1);
VALUE(WK_BUSINESS, 2);
VALUE(WK_SYSTEM, 3);
VALUE(WK_SECURITY, 4);
VALUE(WK_ERROR_MESSAGE, 1);
VALUE(WK_EXPECT_ANY, 0);
VALUE(WK_EXPECT_NUMBER, 1);
VALUE(WK_EXPECT_TEXT, 2);
VALUE(WK_EXPECT_LOCATION, 3);
VALUE(WK_EXPECT_PIN, 4);
VALUE(WK_FACT_PENDING, 1);
VALUE(WK_FACT_PAID, 2);
VALUE(WK_FACT_FAILED, 3);
VALUE(WK_FACT_CANCELLED, 4);
VALUE(WK_FACT_EXPIRED, 5);
VALUE(WK_FACT_REFUNDED, 6);
VALUE(WK_FACT_REFUND_FAILED, 7);
VALUE(WK_FACT_DISPUTED, 8);
VALUE(WK_FROM_NOW, 0);
VALUE(WK_FROM_START, 1);
VALUE(WK_PAY_REDIRECT, 1);
VALUE(WK_PAY_PUSH, 2);
VALUE(WK_PAY_OFFLINE, 4);
VALUE(WK_PAY_STAFF_CONFIRM, 8);
VALUE(WK_PAY_WEBHOOK, 16);
VALUE(WK_PAY_POLL_BY_REF, 32);
VALUE(WK_PAY_POLL_BY_GATEWAY_ID, 64);
VALUE(WK_PAY_REFUND, 128);
VALUE(WK_PAY_PARTIAL_REFUND, 256);
VALUE(WK_PAY_MULTI_REFUND, 512);
VALUE(WK_PAY_CANCEL, 1024);
VALUE(WK_PAY_DUP_SAFE_BY_REF, 2048);
VALUE(WK_PAY_FAIL_NOTIFIED, 4096);
VALUE(WK_PAY_TEST_MODE, 8192);
VALUE(WK_ITEM_MESSAGE, 1);
VALUE(WK_ITEM_STATUS, 2);
VALUE(WK_ITEM_OTHER, 3);
VALUE(WK_ITEM_BAD, 4);
VALUE(WK_DEBUG, 0);
VALUE(WK_INFO, 1);
VALUE(WK_WARN, 2);
VALUE(WK_ERROR, 3);
VALUE(WK_MSG_UNKNOWN, 0);
VALUE(WK_MSG_TEXT, 1);
VALUE(WK_MSG_IMAGE, 2);
VALUE(WK_MSG_VIDEO, 3);
VALUE(WK_MSG_AUDIO, 4);
VALUE(WK_MSG_DOCUMENT, 5);
VALUE(WK_MSG_STICKER, 6);
VALUE(WK_MSG_LOCATION, 7);
VALUE(WK_MSG_CONTACTS, 8);
VALUE(WK_MSG_BUTTON_REPLY, 9);
VALUE(WK_MSG_LIST_REPLY, 10);
VALUE(WK_MSG_FLOW_REPLY, 11);
VALUE(WK_MSG_TEMPLATE_BUTTON, 12);
VALUE(WK_MSG_ORDER, 13);
VALUE(WK_MSG_REACTION, 14);
VALUE(WK_MSG_SYSTEM, 15);
VALUE(WK_MSG_UNSUPPORTED, 16);
VALUE(WK_MSG_EDIT, 17);
VALUE(WK_MSG_REVOKE, 18);
VALUE(WK_GET, 1);
VALUE(WK_POST, 2);
VALUE(WK_PUT, 3);
VALUE(WK_PATCH, 4);
VALUE(WK_DELETE, 5);
VALUE(WK_HEAD_, 6);
VALUE(WK_ANY, 99);
VALUE(WK_NEXT_NONE, 1);
VALUE(WK_NEXT_REDIRECT, 2);
VALUE(WK_NEXT_WAIT, 3);
VALUE(WK_NEXT_INSTRUCT, 4);
VALUE(WK_PAY_OK, 1);
VALUE(WK_PAY_REJECTED, 2);
VALUE(WK_PAY_NOT_SENT, 3);
VALUE(WK_PAY_UNKNOWN, 4);
VALUE(WK_OUT_TEXT, 1);
VALUE(WK_OUT_BUTTONS, 2);
VALUE(WK_OUT_LIST, 3);
VALUE(WK_OUT_LOCATION_REQUEST, 4);
VALUE(WK_OUT_LINK, 5);
VALUE(WK_OUT_IMAGE, 6);
VALUE(WK_OUT_LOCATION, 7);
VALUE(WK_OUT_TEMPLATE, 8);
VALUE(WK_PENALTY_CREDENTIAL, 1);
VALUE(WK_PENALTY_TENANT, 2);
VALUE(WK_PENALTY_ADDRESS, 3);
VALUE(WK_PHASE_EDGE, 1);
VALUE(WK_PHASE_IDENTITY, 2);
VALUE(WK_PHASE_TENANT, 3);
VALUE(WK_PHASE_POLICY, 4);
VALUE(WK_PHASE_CACHE, 5);
VALUE(WK_HIGH, 0);
VALUE(WK_NORMAL, 1);
VALUE(WK_LOW, 2);
VALUE(WK_ROUTE_PIECES, 1);
VALUE(WK_ROUTE_CACHE, 2);
VALUE(WK_ROUTE_OWN, 4);
VALUE(WK_ROUTE_ALWAYS, 8);
VALUE(WK_SCOPE_HOST, 0);
VALUE(WK_SCOPE_TENANT, 1);
VALUE(WK_NOT_SENT, 1);
VALUE(WK_SENT_UNKNOWN, 2);
VALUE(WK_ANSWERED, 3);
VALUE(WK_REQUIRED, 1);
VALUE(WK_RESTART, 2);
VALUE(WK_TYPE_STRING, 1);
VALUE(WK_TYPE_INT, 2);
VALUE(WK_TYPE_BOOL, 3);
VALUE(WK_TYPE_DURATION, 4);
VALUE(WK_TYPE_SIZE, 5);
VALUE(WK_TYPE_CHOICE, 6);
VALUE(WK_TYPE_SECRET, 7);
VALUE(WK_IDLE, 0);
VALUE(WK_GREETING, 1);
VALUE(WK_INTENT_DETECTION, 2);
VALUE(WK_CUSTOMER_FLOW, 3);
VALUE(WK_VENDOR_FLOW, 4);
VALUE(WK_DRIVER_FLOW, 5);
VALUE(WK_ORDER_TRACKING, 6);
VALUE(WK_SUPPORT, 7);
VALUE(WK_ERROR_STATE, 8);
VALUE(WK_TENANCY_CREATE, 1);
VALUE(WK_TENANCY_CHANGE, 2);
VALUE(WK_TENANCY_SUSPEND, 3);
VALUE(WK_TENANCY_RESUME, 4);
VALUE(WK_TENANCY_TRIAL_END, 5);
VALUE(WK_TENANCY_DELETE, 6);
VALUE(WK_TENANCY_UNDELETE, 7);
VALUE(WK_TENANCY_GET, 8);
VALUE(WK_TENANCY_PAGE, 9);
VALUE(WK_FAILED, -1);
VALUE(WK_DECLINED, 0);
VALUE(WK_HANDLED, 1);

VALUE(WK_ABI_MAJOR, 1);
TEXT(WK_AUTHENTICATED, "+");
TEXT(WK_BUS, "bus/1");
TEXT(WK_CATALOG, "catalog/1");
TEXT(WK_CHANNEL, "channel/1");
TEXT(WK_DRIVERS, "drivers/1");
TEXT(WK_FLOW, "flow/1");
TEXT(WK_IDENTITY, "identity/1");
TEXT(WK_INTENT, "intent/1");
TEXT(WK_MESH, "mesh/1");
VALUE(WK_MONEY_MAX, INT64_C(1000000000));
TEXT(WK_NOTE_OWNER, "Wakala");
VALUE(WK_NOTE_TYPE, 1u);
TEXT(WK_NOTIFY, "notify/1");
TEXT(WK_ORDERS, "orders/1");
TEXT(WK_PAYMENTS, "payments/1");
TEXT(WK_PAYMENT_GATEWAY, "payment_gateway/1");
TEXT(WK_PAYMENT_WEBHOOK, "payment.webhook");
TEXT(WK_PUBLIC, "-");
TEXT(WK_QUOTA, "quota/1");
TEXT(WK_QUOTA_ORDERS, "orders");
TEXT(WK_QUOTA_PRODUCTS, "products");
TEXT(WK_QUOTA_USERS, "users");
VALUE(WK_UUID_TEXT, 37);
