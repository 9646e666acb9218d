#include "users.h"

#include "body.h"
#include "quota.h"
#include "roles.h"
#include "session.h"
#include "who.h"

enum { NAME_MAX_CHARS = 200 };
#define RFC3339(column) "to_char(" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
#define COLUMNS "u.id, u.role, u.name, u.status, " RFC3339("u.created_at") ", a.value"
#define TABLES "auth_user u LEFT JOIN auth_alias a ON a.tenant_id = u.tenant_id AND a.user_id = u.id AND a.kind = 'phone'"

WK_SQL(user_list, "SELECT " COLUMNS " FROM " TABLES " WHERE u.id > $1 ORDER BY u.id LIMIT $2");
WK_SQL(user_one, "SELECT " COLUMNS " FROM " TABLES " WHERE u.id = $1");
WK_SQL(user_new, "INSERT INTO auth_user (id, role, name) VALUES ($1, $2, $3) RETURNING " RFC3339("created_at"));
WK_SQL(user_alias, "INSERT INTO auth_alias (kind, value, user_id) VALUES ('phone', $1, $2) ON CONFLICT DO NOTHING");
/* Owners first, always in this order: of two who would leave a tenant without one, the second sees what the first did. */
WK_SQL(user_owners, "SELECT id FROM auth_user WHERE role = 'owner' AND status = 'active' AND id <> $1 ORDER BY id LIMIT 1 FOR UPDATE");
WK_SQL(user_lock_owners, "SELECT id FROM auth_user WHERE role = 'owner' ORDER BY id LIMIT 1 FOR UPDATE");
WK_SQL(user_lock, "SELECT role, name, status FROM auth_user WHERE id = $1 FOR UPDATE");
WK_SQL(user_set, "UPDATE auth_user SET role = $2, name = $3, status = $4, updated_at = wakala.now() WHERE id = $1");
WK_SQL(user_drop_alias, "DELETE FROM auth_alias WHERE user_id = $1");
WK_SQL(user_drop, "DELETE FROM auth_user WHERE id = $1");

/* Numbers are masked: who made the account knows it, and nobody else needs it here. */
static json_t *shown(struct wk_call *call, const struct wk_rows *rows, size_t i)
{
    const char *phone = wk_rows_text(rows, i, 5);

    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s?}", "id", wk_rows_text(rows, i, 0), "role", wk_rows_text(rows, i, 1), "name", wk_rows_text(rows, i, 2),
                     "status", wk_rows_text(rows, i, 3), "created_at", wk_rows_text(rows, i, 4), "phone", phone ? wk_mask(call, phone) : NULL);
}

bool users_list(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    struct wk_uuid after = {{0}};
    struct wk_rows *rows;
    int64_t limit;

    return who_has_tenant(call, err) && page_limit(http, &limit, err) && page_after_id(http, &after, err) &&
           wk_db_read(call, &user_list, WK_ARGS(wk_id(&after), wk_int(limit + 1)), &rows, err) && page_reply(call, http, rows, limit, shown, err);
}

static bool the_user(struct wk_call *call, struct wk_http *http, struct wk_uuid *id, struct wk_err *err)
{
    const char *text = wk_http_param(http, "user");

    return who_has_tenant(call, err) && ((text && wk_uuid_parse(text, id)) || wk_fail(err, WK_BUSINESS, "auth.user_unknown", "no such user"));
}

bool users_get(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    struct wk_uuid id;
    struct wk_rows *rows;

    if (!the_user(call, http, &id, err) || !wk_db_read(call, &user_one, WK_ARGS(wk_id(&id)), &rows, err))
        return false;
    return wk_rows_count(rows) ? wk_http_reply_json(call, http, 200, shown(call, rows, 0), err)
                               : wk_fail(err, WK_BUSINESS, "auth.user_unknown", "no such user");
}

bool users_find(struct wk_call *call, const struct wk_uuid *id, struct wk_user *user, struct wk_err *err)
{
    struct wk_user full = {.id = *id};
    struct wk_rows *rows;
    const char *phone;
    uint32_t size = user->size;

    if (!wk_db_read(call, &user_one, WK_ARGS(wk_id(id)), &rows, err))
        return false;
    if (!wk_rows_count(rows))
        return wk_fail(err, WK_BUSINESS, "auth.user_unknown", "no such user");
    phone = wk_rows_text(rows, 0, 5);
    full.role = wk_rows_text(rows, 0, 1);
    full.name = wk_rows_text(rows, 0, 2);
    full.status = wk_rows_text(rows, 0, 3);
    full.phone = phone ? wk_mask(call, phone) : NULL;
    memcpy(user, &full, size < sizeof full ? size : sizeof full);
    user->size = size;
    return true;
}

/* --- writing --- */

/* Nobody makes, changes or removes somebody who may more than they: a key for users alone would else be a key for all. An owner of the platform's tenant
 * may everything, so only the platform's own reach those. */
static bool may_manage(struct wk_call *call, const char *role, struct wk_err *err)
{
    const struct wk_principal *who = wk_principal(call);
    const struct auth *a = wk_state(call);
    bool ok = strcmp(role, "owner") != 0 || !a->has_platform || !wk_uuid_equal(&wk_tenant(call)->id, &a->platform) || !strcmp(who->role, "admin");

    for (const char *p = role_permissions(role); ok && p && *p; p += strcspn(p, " "), p += strspn(p, " "))
        ok = role_list_has(who->permissions, p, strcspn(p, " "));
    return ok || wk_fail(err, WK_BUSINESS, "auth.role", "the role %s may more than who asks", role);
}

static const char *role_of(struct wk_call *call, const json_t *body, struct wk_err *err)
{
    const char *role = body_text(body, "role", 1, 10, err);

    if (role && !role_is_of_tenant(role)) {
        wk_fail(err, WK_BUSINESS, "auth.body", "\"role\": one of owner, staff, vendor, driver, agent is wanted");
        return NULL;
    }
    return role && may_manage(call, role, err) ? role : NULL;
}

bool users_create(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    json_t *body = body_read(call, http, "phone role name", err);
    const char *phone = body && who_has_tenant(call, err) ? body_phone(call, body, err) : NULL,
               *role = phone ? role_of(call, body, err) : NULL, *name = "";
    struct wk_uuid id = wk_new_id(call);
    char text[WK_UUID_TEXT];
    struct wk_rows *rows, *alias;

    if (!role || (json_object_get(body, "name") && !(name = body_text(body, "name", 1, NAME_MAX_CHARS, err))) ||
        !wk_db_write(call, &user_new, WK_ARGS(wk_id(&id), wk_text(role), wk_text(name)), &rows, err) ||
        !wk_db_write(call, &user_alias, WK_ARGS(wk_text(phone), wk_id(&id)), &alias, err))
        return false;
    if (!wk_rows_affected(alias))
        return wk_fail(err, WK_BUSINESS, "auth.phone_taken", "the number has an account in this tenant");
    return wk_audit(call, "user.created", wk_uuid_text(&id, text),
                    wk_json_text(call, json_pack("{s:s, s:s}", "role", role, "phone", wk_mask(call, phone)), NULL), err) &&
           quota_move(call, NULL, role, err) &&
           wk_http_reply_json(call, http, 201, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "id", text, "role", role, "name", name, "status", "active",
                                                         "created_at", wk_rows_text(rows, 0, 0), "phone", wk_mask(call, phone)), err);
}

/* The user as they are, their row locked. may_end_owner: the last active owner of a tenant must stay one. */
static bool lock_user(struct wk_call *call, const struct wk_uuid *id, bool may_end_owner, struct wk_rows **was, struct wk_err *err)
{
    struct wk_rows *others;

    if ((may_end_owner && !wk_db_write(call, &user_lock_owners, WK_NO_ARGS, NULL, err)) || !wk_db_write(call, &user_lock, WK_ARGS(wk_id(id)), was, err))
        return false;
    if (!wk_rows_count(*was))
        return wk_fail(err, WK_BUSINESS, "auth.user_unknown", "no such user");
    if (!may_manage(call, wk_rows_text(*was, 0, 0), err))
        return false;
    if (!may_end_owner || strcmp(wk_rows_text(*was, 0, 0), "owner") != 0 || strcmp(wk_rows_text(*was, 0, 2), "active") != 0)
        return true;
    return wk_db_write(call, &user_owners, WK_ARGS(wk_id(id)), &others, err) &&
           (wk_rows_count(others) || wk_fail(err, WK_BUSINESS, "auth.last_owner", "the tenant has no other active owner"));
}

bool users_change(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    json_t *body = body_read(call, http, "role name status", err);
    const char *role = NULL, *name = NULL, *status = NULL, *was_role, *was_status, *detail;
    struct wk_rows *was, *now;
    char text[WK_UUID_TEXT];
    struct wk_uuid id;

    if (!body || !the_user(call, http, &id, err) || (json_object_get(body, "role") && !(role = role_of(call, body, err))) ||
        (json_object_get(body, "name") && !(name = body_text(body, "name", 1, NAME_MAX_CHARS, err))) ||
        (json_object_get(body, "status") && !(status = body_text(body, "status", 1, 10, err))))
        return false;
    if (status && strcmp(status, "active") != 0 && strcmp(status, "suspended") != 0)
        return wk_fail(err, WK_BUSINESS, "auth.body", "\"status\": active or suspended is wanted");
    if (!role && !name && !status)
        return wk_fail(err, WK_BUSINESS, "auth.body", "one of role, name, status is wanted");
    if (!lock_user(call, &id, (role && strcmp(role, "owner") != 0) || (status && !strcmp(status, "suspended")), &was, err))
        return false;
    was_role = wk_rows_text(was, 0, 0);
    was_status = wk_rows_text(was, 0, 2);
    role = role ? role : was_role;
    name = name ? name : wk_rows_text(was, 0, 1);
    status = status ? status : was_status;
    detail = wk_json_text(call, json_pack("{s:{s:s, s:s}, s:{s:s, s:s}}", "from", "role", was_role, "status", was_status, "to", "role", role, "status", status), NULL);
    if (!wk_db_write(call, &user_set, WK_ARGS(wk_id(&id), wk_text(role), wk_text(name), wk_text(status)), NULL, err) ||
        !wk_db_write(call, &user_one, WK_ARGS(wk_id(&id)), &now, err) || !wk_audit(call, "user.changed", wk_uuid_text(&id, text), detail, err) ||
        !wk_cache_invalidate(call, "auth-sessions", err) || (!strcmp(status, "suspended") && !session_end(call, NULL, &id, "suspended", err)))
        return false;
    return quota_move(call, was_role, role, err) && wk_http_reply_json(call, http, 200, shown(call, now, 0), err);
}

bool users_delete(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    char text[WK_UUID_TEXT];
    struct wk_rows *was;
    struct wk_uuid id;

    return the_user(call, http, &id, err) && lock_user(call, &id, true, &was, err) && session_end(call, NULL, &id, "deleted", err) &&
           wk_db_queue(call, &user_drop_alias, WK_ARGS(wk_id(&id)), -1, NULL, err) && wk_db_queue(call, &user_drop, WK_ARGS(wk_id(&id)), 1, "auth.user_unknown", err) &&
           wk_audit(call, "user.deleted", wk_uuid_text(&id, text), NULL, err) && quota_move(call, wk_rows_text(was, 0, 0), NULL, err);
}
