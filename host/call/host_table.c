/* host_table.c - struct wk_host: the functions that plugins reach through their table, each a thin hand-over to a room. */
#include "call/call.h"
#include "call/guarded.h"
#include "call/http_hook.h"
#include "call/offload.h"
#include "call/pass.h"
#include "call/told.h"
#include "fiber/fiber.h"
#include "observe/backtrace.h"
#include "observe/log.h"
#include "observe/metric.h"
#include "plugin/loader.h"
#include "plugin/registry.h"
#include "tenant/secret.h"
#include <openssl/crypto.h>
#include <openssl/rand.h>

/* call.h */
static void *t_alloc(struct wk_call *call, size_t bytes) { return wk_arena_alloc(&call->arena, bytes); }
static bool t_defer(struct wk_call *call, void (*fn)(void *arg), void *arg) { return wk_arena_defer(&call->arena, fn, arg); }
static const struct wk_tenant *t_tenant(struct wk_call *call) { return call->tenant ? &call->tenant->tenant : NULL; }
static const struct wk_principal *t_principal(struct wk_call *call) { return &call->principal; }

/* Somebody of one tenant asks for another: answered like a tenant that is not there, and told to the operator. */
static bool other_tenant(struct wk_err *err)
{
    return wk_fail(err, WK_SECURITY, "tenant.foreign", "a principal of one tenant asked for another");
}

static void drop_tenant(void *ref) { wk_tenant_drop(ref); }

/* Somebody of the platform was looked up in the tenant that keeps their account, and may work in any: the call has none again. What was told of the
 * tenant lives on until the call ends. */
static bool leave_tenant(struct wk_call *call, struct wk_err *err)
{
    if (call->conn || call->queue)
        return wk_fail(err, WK_SYSTEM, "call.tenant_late", "somebody of the platform is set as principal after the first write");
    if (!wk_defer(call, drop_tenant, (void *)(uintptr_t)call->tenant))
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "principal");
    call->tenant = NULL;
    return true;
}

static bool t_set_principal(struct wk_call *call, const struct wk_principal *who, struct wk_err *err)
{
    const char *subject = who->subject ? wk_strdup(call, who->subject) : NULL, *role = who->role ? wk_strdup(call, who->role) : NULL;
    const char *permissions = who->permissions ? wk_strdup(call, who->permissions) : NULL;
    const char *has = who->size >= sizeof *who ? who->credential : NULL, *credential = has ? wk_strdup(call, has) : NULL;

    if (!call->may_set_principal)
        return wk_fail(err, WK_SYSTEM, "call.not_identity", "only the provider of identity/1 sets the principal, in phase IDENTITY");
    if (call->tenant && !wk_uuid_is_nil(&who->tenant) && !wk_uuid_equal(&call->tenant->tenant.id, &who->tenant))
        return other_tenant(err);
    if (call->tenant && wk_uuid_is_nil(&who->tenant) && who->subject && !leave_tenant(call, err))
        return false;
    if ((who->subject && !subject) || (who->role && !role) || (who->permissions && !permissions) || (has && !credential))
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "principal");
    call->principal = (struct wk_principal){.size = sizeof call->principal, .tenant = who->tenant, .subject = subject, .role = role,
                                            .permissions = permissions, .credential = credential};
    return true;
}

static bool t_enter_tenant(struct wk_call *call, const struct wk_uuid *tenant, struct wk_err *err)
{
    const struct wk_tenant_ref *ref = wk_directory_find(call->engine->directory, tenant);

    if (!ref)
        return wk_fail(err, WK_BUSINESS, "tenant.unknown", "no such tenant");
    if (call->principal.subject && !wk_uuid_is_nil(&call->principal.tenant) && !wk_uuid_equal(&call->principal.tenant, tenant))
        return other_tenant(err);
    if (call->tenant && !wk_uuid_equal(&call->tenant->tenant.id, tenant))
        return wk_fail(err, WK_SECURITY, "call.tenant_fixed", "a call keeps the tenant it has");
    if (call->tenant)
        return true;
    if (call->http && wk_call_plugin(call) && !wk_tenant_has(ref, wk_call_plugin(call)->name)) /* as if the route were not there */
        return wk_fail(err, WK_BUSINESS, "tenant.unknown", "this tenant has no %s", wk_call_plugin(call)->name);
    if (call->conn || call->queue) /* they were made for no tenant: neither their scope nor their schema would be this one's */
        return wk_fail(err, WK_SYSTEM, "call.tenant_late", "the tenant must be entered before the first write");
    call->tenant = wk_tenant_take(ref);
    return true;
}
static const char *t_tenant_address(struct wk_call *call, const char *channel)
{
    return call->tenant ? wk_tenant_address_of(call->tenant, channel) : NULL;
}
static bool t_is_on(struct wk_call *call, const struct wk_plugin *plugin) { return wk_tenant_has(call->tenant, wk_plugin_name(plugin)); }
static int64_t t_now(struct wk_call *call) { return wk_dbserver_now_us(wk_call_server(call)); }
static int64_t t_left(struct wk_call *call)
{
    int64_t left = (call->until_us - wk_mono_us()) / 1000;

    return left > 0 ? left : 0;
}
static bool t_sleep(struct wk_call *call, uint32_t ms, struct wk_err *err)
{
    return wk_call_may_wait(call, "sleeping", err) && wk_fiber_sleep(ms, err);
}
static bool t_offload(struct wk_call *call, void (*fn)(void *arg), void *arg, struct wk_err *err)
{
    return wk_call_may_wait(call, "waiting for a thread", err) && wk_offload_run(call->engine->offload, fn, arg, err);
}
static bool t_random(struct wk_call *call, void *out, size_t bytes, struct wk_err *err)
{
    (void)call;
    return (bytes <= INT32_MAX && RAND_bytes(out, (int)bytes) == 1) || wk_fail(err, WK_SYSTEM, "host.random", "no random bytes");
}
static struct wk_uuid t_new_id(struct wk_call *call)
{
    struct wk_uuid id;

    wk_uuid7(wk_dbserver_now_us(wk_call_server(call)), &id);
    return id;
}
static void t_log(struct wk_call *call, enum wk_level level, const char *text)
{
    const struct wk_plugin *plugin = wk_call_plugin(call);
    struct wk_log_fields fields = {.plugin = plugin ? plugin->name : "host", .hook = call->hook,
                                   .tenant = call->tenant ? call->tenant->tenant.id_text : NULL, .trace_id = call->trace.trace_id,
                                   .span_id = call->trace.span_id};

    wk_log_line(level, &fields, "%s", text);
}
static const char *t_trace_id(struct wk_call *call) { return call->trace.trace_id; }

/* setting.h */
static const struct wk_value *setting(struct wk_call *call, const char *key, const char **own)
{
    const struct wk_plugin *plugin = wk_call_plugin(call);
    const struct wk_value *v = plugin && plugin->settings ? wk_settings_get(plugin->settings, key) : NULL;

    *own = NULL;
    if (!v) {
        struct wk_log_fields fields = {.plugin = wk_plugin_name(plugin)};

        wk_log_line(WK_ERROR, &fields, "setting %s is not in the plugin's table", key);
    } else if (v->setting->scope == WK_SCOPE_TENANT) {
        *own = wk_tenant_value(call->tenant, plugin->name, key);
    }
    return v;
}
static const char *t_setting_text(struct wk_call *call, const char *key)
{
    const char *own;
    const struct wk_value *v = setting(call, key, &own);

    if (!v || v->setting->type == WK_TYPE_SECRET)
        return "";
    return own ? own : v->text;
}
static int64_t t_setting_int(struct wk_call *call, const char *key)
{
    const char *own;
    const struct wk_value *v = setting(call, key, &own);
    int64_t n;

    if (v && own && wk_setting_parse(v->setting, own, &n, NULL))
        return n;
    return v ? v->number : 0;
}
struct wiped {
    char *text;
    size_t len;
};
static void wipe(void *arg)
{
    struct wiped *w = arg;

    OPENSSL_cleanse(w->text, w->len);
}
/* Where a secret lies: the row of the account, else the tenant's, else the conf's text. */
struct found {
    const char *name; /* of its row: part of the seal */
    const uint8_t *sealed;
    size_t len;
    const char *text; /* the conf's: lives, and is wiped, with the settings */
};
/* `key` is "secret_key", or "secret_key@account" for what only one of the tenant's accounts has. */
static bool find_secret(const struct wk_plugin *plugin, const struct wk_tenant_ref *tenant, const char *key, struct found *f, struct wk_err *err)
{
    size_t n = strcspn(key, "@");
    char plain[64] = "";
    const struct wk_value *v;

    *f = (struct found){.name = key};
    if (n < sizeof plain)
        memcpy(plain, key, n);
    v = plugin && plugin->settings ? wk_settings_get(plugin->settings, plain) : NULL;
    if (!v || v->setting->type != WK_TYPE_SECRET)
        return wk_fail(err, WK_SYSTEM, "setting.no_secret", "plugin %s has no secret called %s", wk_plugin_name(plugin), plain);
    if (v->setting->scope == WK_SCOPE_TENANT && !(f->sealed = wk_tenant_sealed(tenant, plugin->name, key, &f->len)) && key[n]) {
        f->sealed = wk_tenant_sealed(tenant, plugin->name, v->setting->key, &f->len);
        f->name = v->setting->key;
    }
    f->text = v->text;
    return f->sealed || f->text ||
           wk_fail(err, WK_SYSTEM, "setting.no_secret", "%s of plugin %s is not set: neither for the tenant nor in its conf", key, plugin->name);
}
/* `clear` has room for f->len + 1 bytes. */
static bool open_secret(const struct wk_engine *engine, const struct wk_plugin *plugin, const struct wk_tenant_ref *tenant, const struct found *f,
                        const char *trace_id, char *clear, struct wk_err *err)
{
    struct wk_err why = {0};
    struct wk_log_fields fields = {.plugin = plugin->name, .tenant = tenant->tenant.id_text, .trace_id = trace_id, .err = &why};

    if (!engine->secret_key)
        return wk_fail(err, WK_SYSTEM, "secret.key", "secrets.key is not set in wakala.conf");
    if (wk_secret_open(engine->secret_key, &tenant->tenant.id, plugin->name, f->name, f->sealed, f->len, clear, &why) ||
        (engine->old_secret_key &&
         wk_secret_open(engine->old_secret_key, &tenant->tenant.id, plugin->name, f->name, f->sealed, f->len, clear, &why)))
        return true;
    wk_log_line(WK_ERROR, &fields, "a tenant's secret cannot be used"); /* whatever the plugin makes of it */
    return wk_fail(err, why.cls, why.code, "%s", why.msg);
}
static const char *t_secret(struct wk_call *call, const char *key, struct wk_err *err)
{
    const struct wk_plugin *plugin = wk_call_plugin(call);
    struct found f;
    struct wiped *w;

    if (!find_secret(plugin, call->tenant, key, &f, err))
        return NULL;
    if (!f.sealed)
        return f.text;
    w = wk_alloc(call, sizeof *w + f.len + 1);
    if (w)
        *w = (struct wiped){(char *)(w + 1), f.len + 1};
    if (!w || !wk_defer(call, wipe, w)) {
        wk_fail(err, WK_TRANSIENT, "call.memory_limit", "secret %s", key);
        return NULL;
    }
    return open_secret(call->engine, plugin, call->tenant, &f, call->trace.trace_id, w->text, err) ? w->text : NULL;
}
static const char *t_plugin_text(struct wk_plugin *plugin, const char *key)
{
    const char *text = plugin->settings ? wk_settings_text(plugin->settings, key) : NULL;

    return text ? text : "";
}
static int64_t t_plugin_int(struct wk_plugin *plugin, const char *key) { return plugin->settings ? wk_settings_int(plugin->settings, key) : 0; }
static bool t_plugin_where(struct wk_plugin *plugin, const char *key, char *out, size_t size)
{
    const struct wk_value *v = plugin->settings ? wk_settings_get(plugin->settings, key) : NULL;

    if (v && v->file)
        (void)snprintf(out, size, "%s:%d", v->file, v->line);
    else
        (void)snprintf(out, size, "its default");
    return v && v->file;
}

/* db.h */
static size_t t_rows_count(const struct wk_rows *rows) { return wk_rows_table.count(rows); }
static const char *t_rows_text(const struct wk_rows *rows, size_t r, size_t c, size_t *len) { return wk_rows_table.text(rows, r, c, len); }
static int64_t t_rows_affected(const struct wk_rows *rows) { return wk_rows_table.affected(rows); }

/* service.h */
static const struct wk_engine *the_engine; /* one per process: for what is asked without a call */
void wk_host_table_bind(const struct wk_engine *engine) { the_engine = engine; }
static const void *t_service(struct wk_call *call, const char *interface, const char *provider, struct wk_err *err)
{
    return wk_registry_service(call->engine->registry, interface, provider, err);
}
static size_t t_service_names(const char *interface, const char **names, size_t max)
{
    return the_engine ? wk_registry_service_names(the_engine->registry, interface, names, max) : 0;
}
static const void *t_open_service(struct wk_plugin *plugin, const char *interface, struct wk_err *err)
{
    return wk_registry_open_service(plugin->registry, plugin, interface, err);
}
/* Frames are used again: a hook may call a service a million times. A provider that is none of our plugins runs in the caller's frame. */
static void *t_frame_enter(struct wk_call *call, const void *self)
{
    struct wk_frame *frame = wk_plugin_is(self) ? call->spare : NULL;

    if (frame)
        call->spare = frame->below;
    else if (wk_plugin_is(self))
        frame = wk_arena_alloc(&call->arena, sizeof *frame);
    if (frame)
        wk_call_enter(call, frame, self, "service");
    return frame;
}
static void t_frame_leave(struct wk_call *call, void *left)
{
    struct wk_frame *frame = left;

    if (!frame)
        return;
    wk_call_leave(call, frame);
    frame->below = call->spare;
    call->spare = frame;
}
static void t_set_state(struct wk_plugin *plugin, void *state) { plugin->state = state; }
static void *t_state(struct wk_call *call)
{
    const struct wk_plugin *plugin = wk_call_plugin(call);

    return plugin ? plugin->state : NULL;
}

/* plugin.h, http.h */
static bool t_share_path(const char *plugin, const char *rest, char *out, size_t size)
{
    const char *share = the_engine ? wk_registry_share_dir(the_engine->registry) : NULL;

    return share && (size_t)snprintf(out, size, "%s/%s/%s", share, plugin, rest) < size;
}
static bool t_http_route_at(size_t i, struct wk_route_info *out)
{
    size_t n = 0;
    const struct wk_route_hook *routes = the_engine ? wk_registry_routes(the_engine->registry, &n) : NULL;

    if (i >= n)
        return false;
    *out = (struct wk_route_info){.plugin = routes[i].plugin->name, .route = routes[i].route};
    for (const struct wk_route_tags *t = routes[i].plugin->desc.route_tags; t && t->path; t++)
        if (!strcmp(t->path, out->route->path))
            out->tags = t->tags;
    return true;
}

static bool t_add_route(struct wk_plugin *plugin, const struct wk_route *route, struct wk_err *err)
{
    return wk_registry_add_route(plugin->registry, plugin, route, err);
}
static struct wk_server *t_server_open(struct wk_plugin *plugin, const char *address, const char *target, struct wk_err *err)
{
    (void)plugin;
    return wk_server_create(the_engine->base, address, target, err);
}

/* metric.h: the cell is found by name each time; the table is small and hashed. */
static struct wk_metric *cell(const struct wk_plugin *plugin, enum wk_metric_kind kind, const char *metric)
{
    char name[96], prefix[40];
    size_t n = 0;

    for (const char *p = wk_plugin_name(plugin); *p && n < sizeof prefix - 1; p++)
        prefix[n++] = *p == '-' ? '_' : *p;
    prefix[n] = '\0';
    (void)snprintf(name, sizeof name, "wakala_%s_%s", prefix, metric);
    return wk_metric(kind, name, NULL, "counted by the plugin");
}
static void t_count(struct wk_plugin *plugin, struct wk_call *call, const char *metric, int64_t by)
{
    wk_metric_add(cell(call ? wk_call_plugin(call) : plugin, WK_COUNTER, metric), by);
}
static void t_observe(struct wk_call *call, const char *metric, double seconds)
{
    wk_metric_observe(cell(wk_call_plugin(call), WK_HISTOGRAM, metric), seconds);
}

/* inbox.h */
static bool t_webhook_secret(struct wk_plugin *plugin, const char *channel, const char *address, const char *key, char *out, size_t size,
                             struct wk_err *err)
{
    const struct wk_tenant_ref *tenant =
        the_engine && the_engine->directory ? wk_directory_by_address(the_engine->directory, channel, address, strlen(address)) : NULL;
    char own[320];
    struct found f;
    size_t len;

    if ((size_t)snprintf(own, sizeof own, "%s@%s", key, address) >= sizeof own)
        return wk_fail(err, WK_SYSTEM, "setting.no_secret", "an address that is too long");
    if (!find_secret(plugin, tenant, own, &f, err))
        return false;
    len = !f.sealed ? strlen(f.text) : f.len > WK_SECRET_EXTRA ? f.len - WK_SECRET_EXTRA : 0;
    if (len >= size)
        return wk_fail(err, WK_SYSTEM, "secret.size", "%s of plugin %s does not fit %zu bytes", key, plugin->name, size);
    if (f.sealed)
        return open_secret(the_engine, plugin, tenant, &f, NULL, out, err);
    memcpy(out, f.text, len + 1);
    return true;
}

const struct wk_host wk_host_table = {
    .size = sizeof(struct wk_host), .abi_major = WK_ABI_MAJOR, .abi_minor = WK_ABI_MINOR,
    .alloc = t_alloc, .defer = t_defer, .tenant = t_tenant, .principal = t_principal, .set_principal = t_set_principal,
    .enter_tenant = t_enter_tenant, .now_us = t_now, .left_ms = t_left, .sleep_ms = t_sleep, .offload = t_offload,
    .random_bytes = t_random, .new_id = t_new_id, .log = t_log, .trace_id = t_trace_id,
    .setting_text = t_setting_text, .setting_int = t_setting_int, .secret = t_secret, .plugin_setting_text = t_plugin_text,
    .plugin_setting_int = t_plugin_int,
    .db_read = wk_call_db_read, .db_read_all = wk_call_db_read_all, .db_write = wk_call_db_write, .db_queue = wk_call_db_queue,
    .db_step = wk_call_db_step, .rows_count = t_rows_count, .rows_text = t_rows_text, .rows_affected = t_rows_affected,
    .publish = wk_call_publish, .schedule = wk_call_schedule, .unschedule = wk_call_unschedule, .later = wk_call_later,
    .http_method = wk_hook_method, .http_path = wk_hook_path, .http_param = wk_hook_param, .http_query = wk_hook_query,
    .http_header = wk_hook_header, .http_peer = wk_hook_peer, .http_body = wk_hook_body, .http_body_next = wk_hook_body_next,
    .http_set_header = wk_hook_set_header, .http_reply = wk_hook_reply, .http_begin = wk_hook_begin, .http_write = wk_hook_write,
    .http_status = wk_hook_status, .fetch = wk_call_fetch, .reply = wk_call_reply, .send = wk_call_send,
    .service = t_service, .service_names = t_service_names, .open_service = t_open_service, .frame_enter = t_frame_enter,
    .frame_leave = t_frame_leave, .plugin_set_state = t_set_state, .state = t_state, .json_parse = wk_call_json_parse,
    .count = t_count, .observe = t_observe, .webhook_secret = t_webhook_secret, .once = wk_call_once, .timers = wk_call_timers,
    .error_told = wk_call_error_told, .cache_get = wk_call_cache_get, .cache_invalidate = wk_call_cache_invalidate,
    .retry = wk_call_retry, .target_wait = wk_call_target_wait, .target_garbage = wk_call_target_garbage,
    .limit = wk_call_limit, .penalty_add = wk_call_penalty_add, .penalty_left = wk_call_penalty_left,
    .audit = wk_call_audit, .db_apart = wk_call_db_apart, .share_path = t_share_path, .http_route = wk_hook_route, .http_answer = wk_hook_answer,
    .http_answer_header = wk_hook_answer_header, .http_route_at = t_http_route_at, .http_came_over = wk_hook_came_over, .http_id = wk_hook_id,
    .limit_cluster = wk_call_limit_cluster,
    .http_run = wk_hook_run, .http_query_text = wk_hook_query_text, .plugin_setting_where = t_plugin_where,
    .tenant_address = t_tenant_address,
    .add_route = t_add_route, .server_open = t_server_open, .http_pass = wk_call_pass,
    .is_on = t_is_on, .tenancy = wk_call_tenancy,
};
/* The host calls the same inline wrappers as plugins do, through the same table. */
WK_HIDDEN const struct wk_host *wk_host = &wk_host_table;
WK_HIDDEN void (*wk_fail_ear)(const char *code) = wk_backtrace_note;
