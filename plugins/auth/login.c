#include "login.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include "body.h"
#include "secret.h"
#include "session.h"

/* Every answer about a code takes at least so long, so that it does not tell by its time what was done for it. */
enum { FLOOR_MS = 250, CODE_SIZE = 7, TRIES = 5 };

WK_SQL(code_owner, "SELECT u.id FROM auth_alias a JOIN auth_user u ON u.tenant_id = a.tenant_id AND u.id = a.user_id "
                   "WHERE a.kind = 'phone' AND a.value = $1 AND u.status = 'active'");
WK_SQL(code_put, "INSERT INTO auth_code (phone, user_id, salt, hash, expires_at) VALUES ($1, $2, $3, $4, wakala.now() + $5::bigint * interval '1 millisecond') "
                 "ON CONFLICT (tenant_id, phone) DO UPDATE SET user_id = excluded.user_id, salt = excluded.salt, hash = excluded.hash, tries = 0, "
                 "expires_at = excluded.expires_at");
/* Counted before it is compared, in a statement of its own: what fails, or is killed, has been a try. */
WK_SQL(code_try, "UPDATE auth_code SET tries = tries + 1 WHERE phone = $1 AND tries < $2 AND expires_at > wakala.now() "
                 "RETURNING encode(salt, 'hex'), encode(hash, 'hex'), user_id");
WK_SQL(code_use, "DELETE FROM auth_code WHERE phone = $1 AND hash = $2");
WK_SQL(code_user, "SELECT role FROM auth_user WHERE id = $1 AND status = 'active'");

static bool too_many(struct wk_err *err, int64_t wait_us)
{
    (void)wk_fail(err, WK_BUSINESS, "auth.too_many", "too many tries to sign in");
    err->retry_after_ms = (uint32_t)(wait_us / 1000 + 1);
    return false;
}

/* By address and by the number asked for, whether it has an account or not. */
static bool within_limits(struct wk_call *call, struct wk_http *http, const char *what, const char *tenant, const char *phone, int64_t per_hour, struct wk_err *err)
{
    int64_t wait_us, per_minute = wk_setting_int(call, "address_tries");
    const char *address = wk_printf(call, "%s:%s", what, wk_http_peer(http)), *person = wk_printf(call, "%s:%s:%s", what, tenant, phone);

    if (!address || !person)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "limits");
    if (!wk_limit(call, address, (double)per_minute / 60, (uint32_t)per_minute, 1, &wait_us))
        return too_many(err, wait_us);
    return wk_limit(call, person, (double)per_hour / 3600, per_hour < 3 ? 1 : (uint32_t)per_hour / 3, 1, &wait_us) || too_many(err, wait_us);
}

/* No transaction may be open. */
static void wait_for_floor(struct wk_call *call, int64_t began_us)
{
    int64_t left_ms = FLOOR_MS - (wk_now(call) - began_us) / 1000;

    if (left_ms > 0 && left_ms <= FLOOR_MS)
        (void)wk_sleep(call, (uint32_t)left_ms, NULL);
}

static bool enters(struct wk_call *call, const struct wk_uuid *tenant, bool *is_there, struct wk_err *err)
{
    struct wk_err why = {0};

    *is_there = wk_enter_tenant(call, tenant, &why);
    return *is_there || wk_err_is(&why, "tenant.unknown") || wk_fail(err, why.cls, why.code, "%s", why.msg);
}

/* --- asking for a code --- */

/* The request only leaves an event behind: who has an account and who has none are told apart later, where nobody waits. */
bool login_code(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    int64_t began = wk_now(call);
    json_t *body = body_read(call, http, "tenant phone", err);
    const char *phone = body ? body_phone(call, body, err) : NULL;
    char id[WK_UUID_TEXT];
    struct wk_uuid tenant;
    bool is_there;

    if (!phone || !body_id(body, "tenant", &tenant, err) ||
        !within_limits(call, http, "code", wk_uuid_text(&tenant, id), phone, wk_setting_int(call, "codes_per_hour"), err) ||
        !enters(call, &tenant, &is_there, err))
        return false;
    if (is_there && (!wk_publish_json(call, "auth.code_requested", phone, json_pack("{s:s}", "phone", phone), err) || !wk_db_step(call, err)))
        return false;
    wk_count(call, "codes_requested", 1);
    wait_for_floor(call, began);
    return wk_http_set_header(http, "Cache-Control", "no-store", err) &&
           wk_http_reply_json(call, http, 202, json_pack("{s:I}", "expires_in", (json_int_t)(wk_setting_ms(call, "code_ttl") / 1000)), err);
}

static bool hash_code(const struct auth *a, const uint8_t salt[16], const char *phone, const char *code, uint8_t out[32])
{
    uint8_t text[16 + 16 + CODE_SIZE];
    size_t n = strlen(phone) + 1, m = strlen(code);
    unsigned len = 0;

    if (n > 16 || m >= CODE_SIZE)
        return false;
    memcpy(text, salt, 16);
    memcpy(text + 16, phone, n);
    memcpy(text + 16 + n, code, m);
    return HMAC(EVP_sha256(), a->pepper, sizeof a->pepper, text, 16 + n + m, out, &len) && len == 32;
}

/* Six digits, every one as likely as any other. */
static bool draw(struct wk_call *call, char code[CODE_SIZE], struct wk_err *err)
{
    uint32_t dice;

    do {
        if (!wk_random(call, &dice, sizeof dice, err))
            return false;
    } while (dice >= UINT32_MAX / 1000000 * 1000000);
    (void)snprintf(code, CODE_SIZE, "%06u", dice % 1000000);
    return true;
}

static bool tell(struct wk_call *call, const char *phone, const char *code, struct wk_err *err)
{
    const char *address = wk_tenant_address(call, "whatsapp"), *name = wk_setting_string(call, "code_template");
    struct wk_outgoing out = {.size = sizeof out, .type = *name ? WK_OUT_TEMPLATE : WK_OUT_TEXT, .template_name = name,
                              .template_language = wk_tenant(call)->language, .parameters = &code, .parameter_count = 1};

    if (!address)
        return wk_fail(err, WK_SYSTEM, "auth.no_address", "the tenant has no WhatsApp number to send a code from");
    out.text = wk_printf(call, "%s is your code to sign in at %s. It is good for %lld minutes. Tell it to nobody.", code, wk_tenant(call)->name,
                         (long long)(wk_setting_ms(call, "code_ttl") / 60000));
    return out.text ? wk_send(call, "whatsapp", address, phone, &out, err) : wk_fail(err, WK_TRANSIENT, "call.memory_limit", "a code");
}

bool login_send(struct wk_call *call, const struct wk_event *event, struct wk_err *err)
{
    const json_t *payload = wk_json_parse(call, event->payload, event->payload_len, err);
    const char *phone = wk_json_string(payload, "phone", "");
    uint8_t salt[16], hash[32];
    char code[CODE_SIZE];
    struct wk_rows *rows;
    struct wk_uuid user;
    bool has_account;

    if (!payload || !wk_db_read(call, &code_owner, WK_ARGS(wk_text(phone)), &rows, err) || !draw(call, code, err) || !wk_random(call, salt, sizeof salt, err))
        return false;
    has_account = wk_rows_count(rows) == 1;
    user = wk_rows_id(rows, 0, 0);
    if (!hash_code(wk_state(call), salt, phone, code, hash))
        return wk_fail(err, WK_SYSTEM, "auth.code_hash", "the code cannot be hashed");
    return wk_db_queue(call, &code_put,
                       WK_ARGS(wk_text(phone), has_account ? wk_id(&user) : wk_null(), wk_bytes(salt, sizeof salt), wk_bytes(hash, sizeof hash),
                               wk_int(wk_setting_ms(call, "code_ttl"))), -1, NULL, err) &&
           session_cleanup_later(call, err) && (!has_account || tell(call, phone, code, err));
}

/* --- trading it for tokens --- */

static bool unhex(const char *hex, uint8_t *out, size_t n)
{
    static const char digits[] = "0123456789abcdef";

    if (!hex || strlen(hex) != 2 * n || strspn(hex, digits) != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)((strchr(digits, hex[2 * i]) - digits) << 4 | (strchr(digits, hex[2 * i + 1]) - digits));
    return true;
}

/* True and *is_right: the code is the one that was sent to who has the account. Costs one of its five tries. */
static bool try_code(struct wk_call *call, const char *phone, const char *code, uint8_t hash[32], struct wk_uuid *user, bool *is_right, struct wk_err *err)
{
    struct wk_rows *rows;
    uint8_t salt[16];

    *is_right = false;
    if (!wk_db_apart(call, &code_try, WK_ARGS(wk_text(phone), wk_int(TRIES)), &rows, err))
        return false;
    if (!wk_rows_count(rows))
        return true;
    *user = wk_rows_id(rows, 0, 2);
    if (!unhex(wk_rows_text(rows, 0, 0), salt, sizeof salt) || !hash_code(wk_state(call), salt, phone, code, hash))
        return wk_fail(err, WK_SYSTEM, "auth.code_hash", "the stored code is damaged");
    *is_right = secret_hash_is(hash, wk_rows_text(rows, 0, 1)) && !wk_uuid_is_nil(user);
    return true;
}

static bool begin(struct wk_call *call, const char *phone, const uint8_t hash[32], const struct wk_uuid *user, json_t **answer, struct wk_err *err)
{
    struct wk_rows *rows;
    const char *role;

    if (!wk_db_read(call, &code_user, WK_ARGS(wk_id(user)), &rows, err))
        return false;
    role = wk_rows_text(rows, 0, 0);
    if (!role)
        return wk_fail(err, WK_BUSINESS, "auth.code", "the account is no more");
    return wk_db_queue(call, &code_use, WK_ARGS(wk_text(phone), wk_bytes(hash, 32)), 1, "auth.code", err) &&
           session_begin(call, wk_state(call), user, role, answer, err) && wk_db_step(call, err);
}

static bool by_code(struct wk_call *call, struct wk_http *http, const json_t *body, json_t **answer, struct wk_err *err)
{
    int64_t began = wk_now(call);
    const char *phone = body_phone(call, body, err), *code = phone ? body_text(body, "code", 6, 6, err) : NULL;
    bool is_there, is_right = false, ok;
    char id[WK_UUID_TEXT];
    struct wk_uuid tenant, user;
    uint8_t hash[32];

    if (!code || !body_id(body, "tenant", &tenant, err) ||
        !within_limits(call, http, "try", wk_uuid_text(&tenant, id), phone, TRIES * wk_setting_int(call, "codes_per_hour"), err) ||
        !enters(call, &tenant, &is_there, err))
        return false;
    ok = (!is_there || try_code(call, phone, code, hash, &user, &is_right, err)) &&
         (is_right ? begin(call, phone, hash, &user, answer, err) : wk_fail(err, WK_BUSINESS, "auth.code", "a code that is wrong, old or used up"));
    if (!ok && wk_err_is(err, "auth.code")) {
        wk_count(call, "codes_wrong", 1);
        (void)wk_penalty_add(call, http, WK_PENALTY_ADDRESS, NULL, 1);
    }
    if (ok || wk_err_is(err, "auth.code"))
        wait_for_floor(call, began);
    return ok;
}

static bool by_refresh(struct wk_call *call, const char *text, json_t **answer, struct wk_err *err)
{
    struct wk_uuid tenant;
    uint8_t hash[32];
    bool is_there = false;

    if (!secret_read_refresh(text, &tenant, hash))
        return wk_fail(err, WK_SECURITY, "auth.refresh_unknown", "a refresh token that is none");
    if (!enters(call, &tenant, &is_there, err))
        return false;
    return is_there ? session_refresh(call, wk_state(call), hash, answer, err)
                    : wk_fail(err, WK_SECURITY, "auth.refresh_unknown", "a refresh token of no tenant");
}

bool login_token(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    json_t *body = body_read(call, http, "tenant phone code refresh_token", err), *answer = NULL;
    const char *refresh;

    if (!body)
        return false;
    if (json_object_get(body, "refresh_token")) {
        if (json_object_size(body) != 1)
            return wk_fail(err, WK_BUSINESS, "auth.body", "refresh_token stands alone");
        refresh = body_text(body, "refresh_token", 1, 200, err);
        if (!refresh || !by_refresh(call, refresh, &answer, err))
            return false;
    } else if (!by_code(call, http, body, &answer, err)) {
        return false;
    }
    return wk_http_set_header(http, "Cache-Control", "no-store", err) && wk_http_reply_json(call, http, 200, json_incref(answer), err);
}

/* --- the way out --- */

/* Session and user of who asks; somebody of the platform is in no tenant, and has the session in the platform's. */
static bool own_session(struct wk_call *call, struct wk_uuid *sid, struct wk_uuid *user, struct wk_err *err)
{
    const struct wk_principal *who = wk_principal(call);
    const struct auth *a = wk_state(call);

    if (!who->credential || !strcmp(who->credential, who->subject) || !wk_uuid_parse(who->credential, sid) || !wk_uuid_parse(who->subject, user))
        return wk_fail(err, WK_BUSINESS, "auth.no_session", "an API key, or a token from elsewhere, has no session to end");
    return wk_tenant(call) || wk_enter_tenant(call, &a->platform, err);
}

bool login_out(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    struct wk_uuid sid, user;

    (void)http;
    return own_session(call, &sid, &user, err) && session_end(call, &sid, &user, "logout", err);
}

bool login_out_everywhere(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    struct wk_uuid sid, user;
    char id[WK_UUID_TEXT];

    (void)http;
    return own_session(call, &sid, &user, err) && session_end(call, NULL, &user, "logout everywhere", err) &&
           wk_audit(call, "session.ended_everywhere", wk_uuid_text(&user, id), NULL, err);
}
