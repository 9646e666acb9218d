#include "apikeys.h"

#include "body.h"
#include "roles.h"
#include "secret.h"
#include "who.h"

enum { DAYS_DEFAULT = 90, DAYS_MAX = 366, NAME_MAX_CHARS = 100, TOUCH_CELLS = 1024, SCOPES_MAX = 64 };
#define TAG "auth-keys"
#define RFC3339(column) "to_char(" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"

WK_SQL_CACHED(key_find, 60, TAG, "SELECT encode(hash, 'hex'), role, scopes, (extract(epoch FROM expires_at) * 1000000)::bigint FROM auth_key WHERE id = $1");
WK_SQL(key_touch, "UPDATE auth_key SET last_used_at = wakala.now() WHERE id = $1 AND coalesce(last_used_at < wakala.now() - interval '1 minute', true)");
WK_SQL(key_new, "INSERT INTO auth_key (id, name, hash, role, scopes, created_by, expires_at) "
                "VALUES ($1, $2, $3, $4, $5, $6, wakala.now() + $7::bigint * interval '1 day') RETURNING " RFC3339("created_at") ", " RFC3339("expires_at"));
WK_SQL(key_list, "SELECT id, name, scopes, created_by, " RFC3339("created_at") ", " RFC3339("expires_at") ", " RFC3339("last_used_at") " FROM auth_key "
                 "WHERE id > $1 ORDER BY id LIMIT $2");
WK_SQL(key_drop, "DELETE FROM auth_key WHERE id = $1");

/* --- who --- */

/* When it was used last is for people: a minute is exact enough, so each worker writes it once a minute. */
static bool is_touched(const struct wk_uuid *id, int64_t now_us)
{
    static struct {
        struct wk_uuid id;
        int64_t minute;
    } seen[TOUCH_CELLS];
    size_t at = ((size_t)id->b[14] << 8 | id->b[15]) % TOUCH_CELLS;

    if (wk_uuid_equal(&seen[at].id, id) && seen[at].minute == now_us / 60000000)
        return true;
    seen[at].id = *id;
    seen[at].minute = now_us / 60000000;
    return false;
}

/* What the key was made for, as far as its role still may it. */
static const char *allowed(struct wk_call *call, const char *scopes, const char *role)
{
    const char *may = role_permissions(role);
    char *out = wk_alloc(call, strlen(scopes) + 2);
    size_t n = 0;

    for (const char *p = scopes; out && may && *p; p += strcspn(p, " "), p += strspn(p, " ")) {
        size_t len = strcspn(p, " ");

        if (role_list_has(may, p, len)) {
            memcpy(out + n, p, len);
            n += len;
            out[n++] = ' ';
        }
    }
    if (out && n)
        out[n - 1] = '\0';
    return out;
}

bool apikey_who(struct wk_call *call, const struct wk_uuid *tenant, const struct wk_uuid *id, const uint8_t hash[32], struct wk_principal *who, struct wk_err *err)
{
    char text[WK_UUID_TEXT];
    struct wk_rows *rows;

    if (!wk_db_read(call, &key_find, WK_ARGS(wk_id(id)), &rows, err))
        return false;
    if (!wk_rows_count(rows) || !secret_hash_is(hash, wk_rows_text(rows, 0, 0)))
        return wk_fail(err, WK_SECURITY, "auth.api_key", "an API key that nobody has, or has no more");
    if (wk_rows_int(rows, 0, 3) <= wk_now(call))
        return wk_fail(err, WK_BUSINESS, "auth.key_ended", "the API key has expired");
    who->tenant = *tenant;
    who->subject = who->credential = wk_strdup(call, wk_uuid_text(id, text));
    who->role = wk_rows_text(rows, 0, 1);
    who->permissions = allowed(call, wk_rows_text(rows, 0, 2), who->role);
    if (!who->subject || !who->permissions)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "principal");
    if (!is_touched(id, wk_now(call)))
        (void)wk_db_apart(call, &key_touch, WK_ARGS(wk_id(id)), NULL, NULL); /* no reason to refuse the work */
    return true;
}

/* --- REST --- */

static json_t *scopes_array(const char *scopes)
{
    json_t *out = json_array();

    for (const char *p = scopes; *p; p += strcspn(p, " "), p += strspn(p, " "))
        (void)json_array_append_new(out, json_stringn(p, strcspn(p, " ")));
    return out;
}

static json_t *shown(struct wk_call *call, const struct wk_rows *rows, size_t i)
{
    (void)call;
    return json_pack("{s:s, s:s, s:o, s:s, s:s, s:s, s:s?}", "id", wk_rows_text(rows, i, 0), "name", wk_rows_text(rows, i, 1), "scopes",
                     scopes_array(wk_rows_text(rows, i, 2)), "created_by", wk_rows_text(rows, i, 3), "created_at", wk_rows_text(rows, i, 4), "expires_at",
                     wk_rows_text(rows, i, 5), "last_used_at", wk_rows_text(rows, i, 6));
}

bool apikeys_list(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    struct wk_uuid after = {{0}};
    struct wk_rows *rows;
    int64_t limit;

    return who_has_tenant(call, err) && page_limit(http, &limit, err) && page_after_id(http, &after, err) &&
           wk_db_read(call, &key_list, WK_ARGS(wk_id(&after), wk_int(limit + 1)), &rows, err) && page_reply(call, http, rows, limit, shown, err);
}

/* "a b" of the array, each a permission that the maker has and their role may have in a tenant. */
static const char *wanted_scopes(struct wk_call *call, const json_t *array, const char *role, struct wk_err *err)
{
    const struct wk_principal *who = wk_principal(call);
    const char *may = role_permissions(role);
    char *out = wk_alloc(call, ROLE_TEXT_MAX * 2);
    size_t i, n = 0;
    json_t *one;

    if (!out) {
        wk_fail(err, WK_TRANSIENT, "call.memory_limit", "scopes");
        return NULL;
    }
    if (!json_array_size(array) || json_array_size(array) > SCOPES_MAX) {
        wk_fail(err, WK_BUSINESS, "auth.body", "\"scopes\": an array of 1 to %d permissions is wanted", SCOPES_MAX);
        return NULL;
    }
    json_array_foreach(array, i, one) {
        const char *scope = json_string_value(one);
        size_t len = json_string_length(one);

        if (!scope || !len || len > 40 || strpbrk(scope, " *") || !role_list_has(who->permissions, scope, len) || !may || !role_list_has(may, scope, len)) {
            wk_fail(err, WK_BUSINESS, "auth.scope", "\"%.40s\" is no permission that you can give away", scope ? scope : "?");
            return NULL;
        }
        if (!role_list_has(out, scope, len))
            n += (size_t)snprintf(out + n, ROLE_TEXT_MAX * 2 - n, "%s%s", n ? " " : "", scope);
    }
    return out;
}

bool apikeys_create(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    json_t *body = body_read(call, http, "name scopes days", err);
    const struct wk_principal *who = wk_principal(call);
    const char *role = strcmp(who->role, "admin") ? who->role : "owner", *name, *scopes, *text;
    char secret[SECRET_B64 + 1], id_text[WK_UUID_TEXT];
    struct wk_uuid id = wk_new_id(call);
    uint8_t hash[32];
    struct wk_rows *rows;
    json_int_t days;

    if (!body || !who_has_tenant(call, err) || !(name = body_text(body, "name", 1, NAME_MAX_CHARS, err)) ||
        !(scopes = wanted_scopes(call, json_object_get(body, "scopes"), role, err)))
        return false;
    days = json_object_get(body, "days") ? json_integer_value(json_object_get(body, "days")) : DAYS_DEFAULT;
    if (days < 1 || days > DAYS_MAX)
        return wk_fail(err, WK_BUSINESS, "auth.body", "\"days\": 1 to %d", DAYS_MAX);
    if (!secret_new(call, secret, err))
        return false;
    secret_sha256(secret, SECRET_B64, hash);
    text = secret_key_text(call, &wk_tenant(call)->id, &id, secret);
    if (!text)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "a key");
    if (!wk_db_write(call, &key_new, WK_ARGS(wk_id(&id), wk_text(name), wk_bytes(hash, sizeof hash), wk_text(role), wk_text(scopes), wk_text(who->subject),
                                             wk_int(days)), &rows, err) ||
        !wk_audit(call, "key.created", wk_uuid_text(&id, id_text), wk_json_text(call, json_pack("{s:s, s:s}", "name", name, "scopes", scopes), NULL), err))
        return false;
    return wk_http_set_header(http, "Cache-Control", "no-store", err) &&
           wk_http_reply_json(call, http, 201, json_pack("{s:s, s:s, s:o, s:s, s:s, s:s, s:n, s:s}", "id", id_text, "name", name, "scopes", scopes_array(scopes),
                                                         "created_by", who->subject, "created_at", wk_rows_text(rows, 0, 0), "expires_at",
                                                         wk_rows_text(rows, 0, 1), "last_used_at", "key", text), err);
}

bool apikeys_delete(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const char *text = wk_http_param(http, "key");
    char id_text[WK_UUID_TEXT];
    struct wk_uuid id;

    if (!who_has_tenant(call, err))
        return false;
    if (!text || !wk_uuid_parse(text, &id))
        return wk_fail(err, WK_BUSINESS, "auth.key_unknown", "no such key");
    return wk_db_queue(call, &key_drop, WK_ARGS(wk_id(&id)), 1, "auth.key_unknown", err) && wk_cache_invalidate(call, TAG, err) &&
           wk_audit(call, "key.deleted", wk_uuid_text(&id, id_text), NULL, err);
}
