#include "session.h"

#include <stdlib.h>
#include <wakala/json.h>
#include "secret.h"

enum { BATCH = 400 };
#define HOUR_US (INT64_C(3600) * 1000000)
/* Every change of a user's role or state, and every end of a session, invalidates it: a tenant has few of them, and a look costs nothing meanwhile. */
#define TAG "auth-sessions"

WK_SQL_CACHED(session_live, 60, TAG,
              "SELECT u.role FROM auth_session s JOIN auth_user u ON u.tenant_id = s.tenant_id AND u.id = s.user_id WHERE s.id = $1 AND s.user_id = $2 "
              "AND s.ended_at IS NULL AND s.expires_at > wakala.now() AND u.status = 'active'");
WK_SQL(session_new, "INSERT INTO auth_session (id, user_id, expires_at) VALUES ($1, $2, wakala.now() + $3::bigint * interval '1 millisecond')");
WK_SQL(refresh_new, "INSERT INTO auth_refresh (hash, session_id, parent) VALUES ($1, $2, $3)");
/* First the session alone, so that refreshes of it come one after the other; what else decides is read behind the lock. */
WK_SQL(session_lock, "SELECT id FROM auth_session WHERE id = (SELECT session_id FROM auth_refresh WHERE hash = $1) FOR UPDATE");
WK_SQL(refresh_look,
       "SELECT r.session_id, s.user_id, u.role, s.ended_at IS NULL AND s.expires_at > wakala.now() AND u.status = 'active', r.used_at IS NOT NULL, "
       "r.is_dropped OR r.used_at < wakala.now() - $2::bigint * interval '1 millisecond' OR EXISTS (SELECT 1 FROM auth_refresh c "
       "WHERE c.tenant_id = r.tenant_id AND c.session_id = r.session_id AND c.parent = r.hash AND c.used_at IS NOT NULL AND NOT c.is_dropped) "
       "FROM auth_refresh r JOIN auth_session s ON s.tenant_id = r.tenant_id AND s.id = r.session_id "
       "LEFT JOIN auth_user u ON u.tenant_id = s.tenant_id AND u.id = s.user_id WHERE r.hash = $1");
WK_SQL(refresh_use, "UPDATE auth_refresh SET used_at = coalesce(used_at, wakala.now()) WHERE hash = $1");
/* The answer with its successor was lost: that one is of no use any more, and whoever has it is no friend. */
WK_SQL(refresh_drop, "UPDATE auth_refresh SET used_at = wakala.now(), is_dropped = true WHERE session_id = $1 AND parent = $2 AND used_at IS NULL");
WK_SQL(session_end_one, "UPDATE auth_session SET ended_at = wakala.now(), ended_why = $3 WHERE id = $1 AND user_id = $2 AND ended_at IS NULL");
WK_SQL(session_end_all, "UPDATE auth_session SET ended_at = wakala.now(), ended_why = $2 WHERE user_id = $1 AND ended_at IS NULL");
WK_SQL(session_forget, "WITH gone AS (SELECT id FROM auth_session WHERE expires_at < wakala.now() ORDER BY expires_at LIMIT 400), "
                       "r AS (DELETE FROM auth_refresh WHERE session_id = ANY (ARRAY(SELECT id FROM gone))) "
                       "DELETE FROM auth_session WHERE id = ANY (ARRAY(SELECT id FROM gone))");
WK_SQL(code_forget, "DELETE FROM auth_code WHERE phone = ANY (ARRAY(SELECT phone FROM auth_code WHERE expires_at < wakala.now() ORDER BY expires_at LIMIT 400))");

bool session_role(struct wk_call *call, const struct wk_uuid *sid, const struct wk_uuid *user, const char **role, struct wk_err *err)
{
    struct wk_rows *rows;

    if (!wk_db_read(call, &session_live, WK_ARGS(wk_id(sid), wk_id(user)), &rows, err))
        return false;
    *role = wk_rows_text(rows, 0, 0);
    return *role || wk_fail(err, WK_BUSINESS, "auth.session_ended", "the session has ended");
}

/* --- tokens --- */

static json_t *claims_of(struct wk_call *call, const struct wk_uuid *sid, const struct wk_uuid *user, const char *role, int64_t now_s, int64_t ttl_s)
{
    char session[WK_UUID_TEXT], subject[WK_UUID_TEXT], jti[WK_UUID_TEXT];
    struct wk_uuid id = wk_new_id(call);

    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "iss", wk_setting_string(call, "issuer"), "aud", wk_setting_string(call, "audience"),
                     "sub", wk_uuid_text(user, subject), "tid", wk_tenant(call)->id_text, "role", role, "sid", wk_uuid_text(sid, session), "jti",
                     wk_uuid_text(&id, jti), "iat", (json_int_t)now_s, "exp", (json_int_t)(now_s + ttl_s));
}

/* An access token, and a refresh token that is queued as a row. */
static bool tokens(struct wk_call *call, const struct auth *a, const struct wk_uuid *sid, const struct wk_uuid *user, const char *role,
                   const char *parent, json_t **answer, struct wk_err *err)
{
    int64_t ttl_s = wk_setting_ms(call, "access_ttl") / 1000;
    char secret[SECRET_B64 + 1], *access;
    const char *refresh;
    uint8_t hash[32];
    char hex[65];

    if (!secret_new(call, secret, err))
        return false;
    secret_sha256(secret, SECRET_B64, hash);
    refresh = secret_refresh_text(call, &wk_tenant(call)->id, secret);
    if (!refresh)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "a refresh token");
    if (!wk_db_queue(call, &refresh_new, WK_ARGS(wk_text(secret_hex(hash, sizeof hash, hex)), wk_id(sid), wk_text(parent)), -1, NULL, err))
        return false;
    access = auth_jwt_sign(&a->own, claims_of(call, sid, user, role, wk_now(call) / 1000000, ttl_s), err);
    if (!access)
        return false;
    *answer = json_pack("{s:s, s:s, s:I, s:s}", "access_token", access, "token_type", "Bearer", "expires_in", (json_int_t)ttl_s, "refresh_token", refresh);
    free(access);
    if (!*answer || !wk_defer(call, wk_json_drop, *answer)) {
        json_decref(*answer);
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "tokens");
    }
    return true;
}

bool session_begin(struct wk_call *call, const struct auth *a, const struct wk_uuid *user, const char *role, json_t **answer, struct wk_err *err)
{
    struct wk_uuid sid = wk_new_id(call);

    return wk_db_queue(call, &session_new, WK_ARGS(wk_id(&sid), wk_id(user), wk_int(wk_setting_ms(call, "refresh_ttl"))), -1, NULL, err) &&
           tokens(call, a, &sid, user, role, NULL, answer, err) && session_cleanup_later(call, err);
}

/* --- the next ones --- */

/* Two have the same token: nobody can tell who is the thief, so both are out, and that is committed before the refusal. */
static bool reused(struct wk_call *call, const struct wk_uuid *sid, const struct wk_uuid *user, struct wk_err *err)
{
    char id[WK_UUID_TEXT];

    wk_count(call, "refresh_reused", 1);
    if (!session_end(call, sid, user, "reuse", err) || !wk_audit(call, "session.reused", wk_uuid_text(sid, id), NULL, err) || !wk_db_step(call, err))
        return false;
    return wk_fail(err, WK_SECURITY, "auth.refresh_reused", "a refresh token came a second time: its session is ended");
}

bool session_refresh(struct wk_call *call, const struct auth *a, const uint8_t hash[32], json_t **answer, struct wk_err *err)
{
    char hex[65];
    struct wk_arg token = wk_text(secret_hex(hash, 32, hex));
    struct wk_uuid sid, user;
    struct wk_rows *rows;
    char limit[64] = "refresh:";
    int64_t wait_us;

    if (!wk_db_write(call, &session_lock, WK_ARGS(token), NULL, err) ||
        !wk_db_write(call, &refresh_look, WK_ARGS(token, wk_int(wk_setting_ms(call, "refresh_grace"))), &rows, err))
        return false;
    if (!wk_rows_count(rows))
        return wk_fail(err, WK_SECURITY, "auth.refresh_unknown", "a refresh token that nobody was given");
    sid = wk_rows_id(rows, 0, 0);
    user = wk_rows_id(rows, 0, 1);
    if (!wk_rows_bool(rows, 0, 3))
        return wk_fail(err, WK_BUSINESS, "auth.session_ended", "the session has ended");
    if (wk_rows_bool(rows, 0, 4) && wk_rows_bool(rows, 0, 5))
        return reused(call, &sid, &user, err);
    (void)wk_uuid_text(&sid, limit + 8);
    if (!wk_limit(call, limit, 1.0 / 30, 20, 1, &wait_us)) {
        (void)wk_fail(err, WK_BUSINESS, "auth.too_many", "a session is refreshed too often");
        err->retry_after_ms = (uint32_t)(wait_us / 1000 + 1);
        return false;
    }
    return wk_db_queue(call, &refresh_use, WK_ARGS(token), 1, "db.conflict", err) &&
           wk_db_queue(call, &refresh_drop, WK_ARGS(wk_id(&sid), token), -1, NULL, err) &&
           tokens(call, a, &sid, &user, wk_rows_text(rows, 0, 2), hex, answer, err);
}

/* --- the end --- */

bool session_end(struct wk_call *call, const struct wk_uuid *sid, const struct wk_uuid *user, const char *why, struct wk_err *err)
{
    char session[WK_UUID_TEXT], subject[WK_UUID_TEXT];
    json_t *payload = json_pack("{s:s, s:s?, s:s}", "user_id", wk_uuid_text(user, subject), "session_id", sid ? wk_uuid_text(sid, session) : NULL, "reason", why);
    bool ok = sid ? wk_db_queue(call, &session_end_one, WK_ARGS(wk_id(sid), wk_id(user), wk_text(why)), -1, NULL, err)
                  : wk_db_queue(call, &session_end_all, WK_ARGS(wk_id(user), wk_text(why)), -1, NULL, err);

    if (!ok) {
        json_decref(payload);
        return false;
    }
    return wk_cache_invalidate(call, TAG, err) && wk_publish_json(call, "auth.session_revoked", subject, payload, err);
}

static bool cleanup_in(struct wk_call *call, int64_t us, struct wk_err *err)
{
    return wk_schedule_lazy(call, "auth", "cleanup", wk_now(call) + us, "auth.cleanup", "{}", 2, err);
}

bool session_cleanup_later(struct wk_call *call, struct wk_err *err) { return cleanup_in(call, HOUR_US, err); }

bool session_cleanup(struct wk_call *call, const struct wk_event *event, struct wk_err *err)
{
    struct wk_rows *sessions, *codes;

    (void)event;
    if (!wk_db_write(call, &session_forget, WK_NO_ARGS, &sessions, err) || !wk_db_write(call, &code_forget, WK_NO_ARGS, &codes, err))
        return false;
    return (wk_rows_affected(sessions) < BATCH && wk_rows_affected(codes) < BATCH) || cleanup_in(call, HOUR_US / 60, err); /* there are more */
}
