/* events.c - publish, timers, replies: statements queued on the call, written by its one commit. */
#include "call/call.h"
#include "db/lane.h"
#include "plugin/loader.h"
#include "plugin/registry.h"
#include <jansson.h>
#include <wakala/service/channel.h>

enum { KEY_MAX = 200, PAYLOAD_MAX = 256 * 1024 };

WK_SQL(host_publish, "INSERT INTO wakala.event (class, lane, version, id, tenant_id, at, type, key, payload, trace) "
                     "VALUES ($1, $2, $3, $4, wakala.tenant_id(), (SELECT wakala.now()), $5, $6, $7, $8)");
/* Many at once, in their order, for one scan of one function keeps it: one statement instead of one each. */
WK_SQL(host_publish_all, "INSERT INTO wakala.event (class, lane, version, id, tenant_id, at, type, key, payload, trace) "
                         "SELECT class, lane, version, id, (SELECT wakala.tenant_id()), (SELECT wakala.now()), type, key, payload, $8 "
                         "FROM unnest($1::int2[], $2::int2[], $3::int2[], $4::uuid[], $5::text[], $6::text[], $7::text[]) "
                         "AS t(class, lane, version, id, type, key, payload)");
WK_SQL(host_timer, "INSERT INTO wakala.timer AS t (key, name, due, class, lane, type, version, payload) "
                   "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (tenant_id, key, name) DO UPDATE "
                   "SET due = excluded.due, class = excluded.class, type = excluded.type, version = excluded.version, "
                   "payload = excluded.payload");
WK_SQL(host_timer_lazy, "INSERT INTO wakala.timer AS t (key, name, due, class, lane, type, version, payload) "
                        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (tenant_id, key, name) DO UPDATE "
                        "SET due = excluded.due, class = excluded.class, type = excluded.type, version = excluded.version, "
                        "payload = excluded.payload WHERE t.due > excluded.due");
WK_SQL(host_timers, "SELECT name, type, (extract(epoch FROM due) * 1000000)::bigint FROM wakala.timer WHERE tenant_id = wakala.tenant_id() AND key = $1 "
                    "ORDER BY due, name");
WK_SQL(host_once, "INSERT INTO wakala.once (owner, key) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1");
WK_SQL(host_timer_drop, "DELETE FROM wakala.timer WHERE tenant_id = wakala.tenant_id() AND key = $1 AND name = $2");

/* What every published thing is checked for; the type's declaration tells class and version. */
static const struct wk_event_type *check(struct wk_call *call, const char *type, const char *key, size_t len, struct wk_err *err)
{
    const struct wk_event_hook *hook = wk_registry_event(call->engine->registry, type);
    size_t key_len = key ? strlen(key) : 0;

    if (!call->tenant)
        wk_fail(err, WK_SYSTEM, "event.no_tenant", "%s published by a call without a tenant", type);
    else if (!hook)
        wk_fail(err, WK_SYSTEM, "event.unknown_type", "no enabled plugin declares the event type %s", type);
    else if (!key_len || key_len > KEY_MAX)
        wk_fail(err, WK_SYSTEM, "event.key", "key of %s has %zu bytes, allowed are 1 to %d", type, key_len, KEY_MAX);
    else if (len > PAYLOAD_MAX)
        wk_fail(err, WK_SYSTEM, "event.too_large", "payload of %s has %zu bytes, allowed are %d", type, len, PAYLOAD_MAX);
    else
        return hook->type;
    return NULL;
}

bool wk_call_publish(struct wk_call *call, const char *type, const char *key, const char *json, size_t len, struct wk_err *err)
{
    const struct wk_event_type *t = check(call, type, key, len, err);
    struct wk_uuid id;
    const char *payload;
    unsigned lane;

    if (!t)
        return false;
    if (!(payload = wk_arena_copy(&call->arena, json, len)))
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "payload of %s", type);
    wk_uuid7(wk_dbserver_now_us(wk_call_server(call)), &id);
    call->published_id = id;
    lane = wk_lane_of(&call->tenant->tenant.id, key, strlen(key));
    if (!wk_call_queue_host(call, &host_publish,
                            WK_ARGS(wk_int(t->priority), wk_int(lane), wk_int(t->version), wk_id(&id), wk_text(type), wk_text(key),
                                    wk_text(payload), wk_text(call->trace.trace_id)),
                            err))
        return false;
    call->published[t->priority % WK_SHARE_CLASSES] |= UINT64_C(1) << lane;
    return true;
}

bool wk_call_is_publish(const struct wk_stmt *stmt) { return stmt->text == host_publish.text; }

bool wk_call_publish_all(const struct wk_arg *const *events, size_t n, const char *schema, struct wk_bulk *bulk)
{
    static const uint32_t oids[WK_BULK_ARRAYS] = {WK_OID_INT2, WK_OID_INT2, WK_OID_INT2, WK_OID_UUID, WK_OID_TEXT, WK_OID_TEXT, WK_OID_TEXT};

    bulk->stmt = (struct wk_stmt){.schema = schema, .owner = "host", .name = host_publish_all.name, .text = host_publish_all.text};
    for (size_t a = 0; a < WK_BULK_ARRAYS; a++) {
        struct barray *array = &bulk->arrays[a];

        barray_reset(array, oids[a]);
        for (size_t i = 0; i < n; i++) {
            const struct wk_arg *arg = &events[i][a];

            if (arg->type == WK_ARG_INT)
                barray_int2(array, (int)arg->i);
            else if (arg->type == WK_ARG_UUID)
                barray_put(array, arg->uuid->b, sizeof arg->uuid->b);
            else
                barray_put(array, arg->text, strlen(arg->text));
        }
        if (array->is_broken)
            return false;
        bulk->args[a] = barray_arg(array);
    }
    bulk->args[WK_BULK_ARRAYS] = events[0][WK_BULK_ARRAYS]; /* all of one call: one trace */
    return true;
}

bool wk_call_schedule(struct wk_call *call, const char *key, const char *name, int64_t at_us, bool lazy, const char *type,
                      const char *json, size_t len, struct wk_err *err)
{
    const struct wk_event_type *t = check(call, type, key, len, err);
    const char *payload;

    if (!t)
        return false;
    if (!(payload = wk_arena_copy(&call->arena, json, len)))
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "payload of %s", type);
    return wk_call_queue_host(call, lazy ? &host_timer_lazy : &host_timer,
                              WK_ARGS(wk_text(key), wk_text(name), wk_time(at_us), wk_int(t->priority),
                                      wk_int(wk_lane_of(&call->tenant->tenant.id, key, strlen(key))), wk_text(type),
                                      wk_int(t->version), wk_text(payload)),
                              err);
}

bool wk_call_unschedule(struct wk_call *call, const char *key, const char *name, struct wk_err *err)
{
    return wk_call_queue_host(call, &host_timer_drop, WK_ARGS(wk_text(key), wk_text(name)), err);
}

bool wk_call_once(struct wk_call *call, const char *key, bool *first, struct wk_err *err)
{
    const struct wk_plugin *plugin = wk_call_plugin(call);
    size_t len = key ? strlen(key) : 0;
    struct wk_rows *rows;

    if (!call->tenant)
        return wk_fail(err, WK_SYSTEM, "event.no_tenant", "wk_once() in a call without a tenant");
    if (!len || len > KEY_MAX)
        return wk_fail(err, WK_SYSTEM, "event.key", "key of wk_once() has %zu bytes, allowed are 1 to %d", len, KEY_MAX);
    if (!wk_call_db_write(call, &host_once, WK_ARGS(wk_text(plugin ? plugin->name : "host"), wk_text(key)), &rows, err))
        return false;
    *first = wk_rows_table.count(rows) == 1;
    return true;
}

bool wk_call_timers(struct wk_call *call, const char *key, struct wk_timer *timers, size_t max, size_t *n, struct wk_err *err)
{
    struct wk_rows *rows;

    if (!wk_call_db_read(call, &host_timers, WK_ARGS(wk_text(key)), &rows, err))
        return false;
    *n = wk_rows_table.count(rows);
    for (size_t i = 0; i < *n && i < max; i++)
        timers[i] = (struct wk_timer){wk_rows_text(rows, i, 0), wk_rows_text(rows, i, 1), wk_rows_int(rows, i, 2)};
    return true;
}

bool wk_call_later(struct wk_call *call, int64_t at_us, struct wk_err *err)
{
    if (!call->event)
        return wk_fail(err, WK_SYSTEM, "call.not_event", "wk_later() outside an event handler");
    call->later_us = at_us > 0 ? at_us : 1;
    return wk_fail(err, WK_TRANSIENT, "call.later", "asked to run again later");
}

bool wk_call_send(struct wk_call *call, const char *channel, const char *address, const char *to, const struct wk_outgoing *message,
                  struct wk_err *err)
{
    const char *body = NULL, *type = wk_printf(call, "%s.outgoing", channel);
    char *payload;
    json_t *json;
    bool ok;

    if (!wk_channel_compose(call, channel, to, message, &body, err))
        return false;
    /* The body is the channel's own JSON and stays text: the sender adds its callback data and sends it as it is. */
    json = json_pack("{s:s, s:s, s:s}", "address", address, "to", to, "body", body);
    payload = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    if (!payload || !type) {
        free(payload);
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "message to send");
    }
    ok = wk_call_publish(call, type, to, payload, strlen(payload), err);
    free(payload);
    return ok;
}

bool wk_call_reply(struct wk_call *call, const struct wk_outgoing *message, struct wk_err *err)
{
    const struct wk_message *m = call->message;

    if (!m)
        return wk_fail(err, WK_SYSTEM, "call.no_message", "wk_reply() outside on_message: use wk_send() or a push");
    return wk_call_send(call, m->channel, m->address, m->user_key, message, err);
}
