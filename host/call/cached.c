/* cached.c - what plugins keep: values by key, rows of reads that declare a lifetime, and what a commit makes untrue. docs/design/cache.md. */
#include "cache/cache.h"
#include "cache/rows.h"
#include "call/call.h"
#include "plugin/loader.h"
#include "share/share.h"

enum { KEY_MAX = 4000, LIFETIME_MAX_S = 86400, STALE_MAX = 64 };

struct wk_stale {
    struct wk_stale *next;
    const char *pattern;
    struct wk_uuid id; /* of the event that says so */
};

bool wk_call_may_keep(const struct wk_call *call) { return call->engine->cache && call->tenant && !call->conn && !call->queue; }

static const char *owner(const struct wk_call *call)
{
    const struct wk_plugin *plugin = wk_call_plugin(call);

    return plugin ? plugin->name : "host";
}

static void *in_call(void *call, size_t bytes) { return wk_arena_alloc(&((struct wk_call *)call)->arena, bytes); }

/* --- values --- */

struct loading {
    struct wk_call *call;
    wk_cache_load load;
    void *arg;
};
static bool load_value(void *arg, struct wk_cache_loaded *out, struct wk_err *err)
{
    struct loading *l = arg;
    struct wk_span value = {0};

    if (!l->load(l->call, l->arg, &value, err))
        return false;
    if (wk_call_in_tx(l->call) || l->call->queue)
        return wk_fail(err, WK_SYSTEM, "cache.loader_wrote", "a loader only reads: others are served what it made, whatever becomes of this call");
    *out = (struct wk_cache_loaded){.data = value.data, .len = value.len, .is_none = !value.data};
    return true;
}

bool wk_call_cache_get(struct wk_call *call, const struct wk_cache_spec *spec, wk_cache_load load, void *arg, struct wk_span *value, struct wk_err *err)
{
    struct loading l = {call, load, arg};
    struct wk_cache_ask ask = {.key = spec->key, .key_len = spec->key_len, .tags = spec->tags, .lifetime_ms = spec->lifetime_s * 1000,
                               .negative_ms = spec->negative_s * 1000, .is_local = spec->is_local, .load = load_value, .load_arg = &l, .alloc = in_call,
                               .alloc_arg = call};
    struct wk_cache_loaded out;
    char ns[96];

    *value = (struct wk_span){0};
    if (!call->tenant)
        return wk_fail(err, WK_SYSTEM, "cache.no_tenant", "what is kept belongs to a tenant, and the call has none");
    if (!spec->lifetime_s || spec->lifetime_s > LIFETIME_MAX_S || spec->negative_s > LIFETIME_MAX_S || !spec->ns || strlen(spec->ns) > 30)
        return wk_fail(err, WK_SYSTEM, "cache.spec", "a lifetime is 1 to %d s, a namespace has 1 to 30 bytes", LIFETIME_MAX_S);
    if (!wk_call_may_keep(call) || spec->key_len > KEY_MAX)
        return load(call, arg, value, err);
    (void)snprintf(ns, sizeof ns, "%s.%s", owner(call), spec->ns);
    ask.tenant = &call->tenant->tenant.id;
    ask.ns = ns;
    if (!wk_cache_fetch(call->engine->cache, &ask, &out, err))
        return false;
    if (!out.is_none)
        *value = (struct wk_span){out.data ? out.data : "", out.len};
    return true;
}

/* --- rows --- */

struct reading {
    struct wk_call *call;
    const struct wk_query *query;
    bool (*read)(struct wk_call *call, const struct wk_query *query, struct wk_result **result, struct wk_err *err);
};

static const char *result_value(const void *result, size_t row, size_t column, size_t *len) { return wk_result_text(result, row, column, len); }

static bool load_rows(void *arg, struct wk_cache_loaded *out, struct wk_err *err)
{
    struct reading *r = arg;
    struct wk_result *result = NULL;
    size_t rows, columns, bytes;
    void *to;

    if (!r->read(r->call, r->query, &result, err))
        return false;
    rows = wk_result_rows(result);
    columns = wk_result_columns(result);
    if (!rows) { /* believed for a short time only */
        wk_result_free(result);
        *out = (struct wk_cache_loaded){.is_none = true};
        return true;
    }
    bytes = wk_kept_rows_write(rows, columns, result_value, result, NULL);
    to = bytes ? wk_arena_alloc(&r->call->arena, bytes) : NULL;
    if (to)
        (void)wk_kept_rows_write(rows, columns, result_value, result, to);
    wk_result_free(result);
    *out = (struct wk_cache_loaded){.data = to, .len = bytes};
    return to || wk_fail(err, WK_TRANSIENT, "call.memory_limit", "rows of %s", r->query->sql->name);
}

struct key {
    char bytes[KEY_MAX];
    size_t len;
};
static bool key_add(struct key *key, const void *data, size_t len)
{
    if (len > sizeof key->bytes - key->len)
        return false;
    if (len)
        memcpy(key->bytes + key->len, data, len);
    key->len += len;
    return true;
}

static bool key_arg(struct key *key, const struct wk_arg *arg)
{
    char type = (char)arg->type;
    size_t len;

    if (!key_add(key, &type, 1))
        return false;
    switch (arg->type) {
    case WK_ARG_NULL:
        return true;
    case WK_ARG_TEXT:
        return key_add(key, arg->text, strlen(arg->text) + 1);
    case WK_ARG_UUID:
        return key_add(key, arg->uuid->b, sizeof arg->uuid->b);
    case WK_ARG_BYTES:
        len = arg->len;
        return key_add(key, &len, sizeof len) && key_add(key, arg->bytes, len);
    case WK_ARG_INT:
    case WK_ARG_BOOL:
    case WK_ARG_TIME:
        return key_add(key, &arg->i, sizeof arg->i);
    case WK_ARG_DOUBLE:
        return key_add(key, &arg->d, sizeof arg->d);
    }
    return false;
}

/* Name, schema, the statement itself (another build may have another under the same name), then the parameters. */
static bool key_of(const struct wk_query *query, const char *schema, struct key *key)
{
    uint64_t text = wk_share_hash(query->sql->text, strlen(query->sql->text));
    bool ok;

    key->len = 0;
    ok = key_add(key, query->sql->name, strlen(query->sql->name) + 1) && key_add(key, schema, strlen(schema) + 1) && key_add(key, &text, sizeof text);
    for (size_t i = 0; ok && i < query->n; i++)
        ok = key_arg(key, &query->args[i]);
    return ok;
}

static bool as_bytes(const struct wk_cache_loaded *out, struct wk_span *bytes)
{
    static char no_rows[16];
    struct wk_kept_rows rows;

    if (out->is_none) {
        *bytes = (struct wk_span){no_rows, wk_kept_rows_write(0, 0, result_value, NULL, no_rows)};
        return true;
    }
    *bytes = (struct wk_span){out->data, out->len};
    return wk_kept_rows_open(out->data, out->len, &rows);
}

bool wk_call_kept_read(struct wk_call *call, const struct wk_query *query, const char *schema,
                       bool (*read)(struct wk_call *call, const struct wk_query *query, struct wk_result **result, struct wk_err *err),
                       struct wk_span *bytes, struct wk_err *err)
{
    struct reading r = {call, query, read};
    struct wk_cache_ask ask = {.tags = query->sql->tags, .lifetime_ms = query->sql->lifetime_s * 1000, .load = load_rows, .load_arg = &r, .alloc = in_call,
                               .alloc_arg = call};
    struct wk_cache_loaded out;
    struct key key;
    char ns[64];

    if (!key_of(query, schema, &key))
        return load_rows(&r, &out, err) && as_bytes(&out, bytes);
    (void)snprintf(ns, sizeof ns, "%s.sql", owner(call));
    ask.tenant = &call->tenant->tenant.id;
    ask.ns = ns;
    ask.key = key.bytes;
    ask.key_len = key.len;
    if (!wk_cache_fetch(call->engine->cache, &ask, &out, err))
        return false;
    /* Damaged on its way through Redis: read it again for this once. */
    return as_bytes(&out, bytes) || (load_rows(&r, &out, err) && as_bytes(&out, bytes));
}

/* --- what a commit makes untrue --- */

bool wk_call_cache_invalidate(struct wk_call *call, const char *pattern, struct wk_err *err)
{
    size_t len = strlen(pattern), count = 0;
    bool is_ns = len > 2 && !strcmp(pattern + len - 2, ":*");
    char *full = is_ns ? wk_printf(call, "%s.%s", owner(call), pattern) : wk_strdup(call, pattern);
    struct wk_stale *stale = wk_arena_alloc(&call->arena, sizeof *stale);
    char payload[160];
    int n;

    if (!call->tenant)
        return wk_fail(err, WK_SYSTEM, "cache.no_tenant", "what is kept belongs to a tenant, and the call has none");
    if (!full || !stale)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "cache");
    if (!wk_cache_is_pattern(full))
        return wk_fail(err, WK_SYSTEM, "cache.pattern", "\"%.70s\": allowed are a tag of a-z, 0-9, _ . - and at most 64 bytes, \"name:*\", or \"*\"", pattern);
    for (const struct wk_stale *s = call->stale; s; s = s->next, count++)
        if (!strcmp(s->pattern, full))
            return true;
    if (count == STALE_MAX) { /* so many that all of it is cheaper */
        full = wk_strdup(call, "*");
        if (!full)
            return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "cache");
    } else if (count > STALE_MAX) {
        return true;
    }
    n = snprintf(payload, sizeof payload, "{\"pattern\":\"%s\",\"timestamp\":%lld}", full, (long long)(wk_dbserver_now_us(wk_call_server(call)) / 1000000));
    if (!wk_call_publish(call, "cache.invalidated", full, payload, (size_t)n, err))
        return false;
    *stale = (struct wk_stale){.next = call->stale, .pattern = full, .id = call->published_id};
    call->stale = stale;
    return true;
}

void wk_call_drop_stale(struct wk_call *call) { call->stale = NULL; }

void wk_call_tell_stale(struct wk_call *call)
{
    struct wk_stale *stale = call->stale;

    call->stale = NULL;
    for (; stale && call->engine->cache; stale = stale->next)
        wk_cache_forget(call->engine->cache, &call->tenant->tenant.id, stale->pattern, &stale->id);
}
