#include "who.h"

#include <openssl/crypto.h>
#include <strings.h>
#include "apikeys.h"
#include "remote.h"
#include "roles.h"
#include "secret.h"
#include "session.h"

#define OWN_ROUTES "/v1/auth/"

/* --- access tokens --- */

static bool check(const struct auth *a, const char *token, size_t len, int64_t now_s, struct auth_claims *claims, struct wk_err *err)
{
    const struct auth_ring *rings[] = {&a->own, &a->file, a->remote.ring};

    return auth_jwt_check(token, len, rings, WK_COUNT(rings), now_s, claims, err);
}

/* The signature is looked at once per worker; the keys behind jwks_url are asked for when they are old, or when nobody knows the kid. */
static bool read_token(struct wk_call *call, struct auth *a, const char *token, struct auth_claims *claims, struct wk_err *err)
{
    size_t len = strlen(token);
    int64_t now_s = wk_now(call) / 1000000;
    uint8_t hash[32];
    bool ok;

    secret_sha256(token, len, hash);
    if (memo_find(&a->memo, hash, now_s, claims) && (claims->is_own || !remote_is_due(call, a)))
        return true;
    ok = check(a, token, len, now_s, claims, err);
    if (ok ? !claims->is_own && remote_is_due(call, a) : wk_err_is(err, "auth.token_key") && remote_may_ask(call, a))
        if (remote_ask(call, a))
            ok = check(a, token, len, now_s, claims, err);
    if (ok)
        memo_keep(&a->memo, hash, claims);
    return ok;
}

/* A credential's tenant that is gone: its accounts and keys are. */
static bool enter(struct wk_call *call, const struct wk_uuid *tenant, struct wk_err *err)
{
    struct wk_err why = {0};

    if (wk_enter_tenant(call, tenant, &why))
        return true;
    if (wk_err_is(&why, "tenant.unknown"))
        return wk_fail(err, WK_BUSINESS, "auth.session_ended", "the credential's tenant is no more");
    return wk_fail(err, why.cls, why.code, "%s", why.msg);
}

static bool by_token(struct wk_call *call, struct auth *a, const char *token, struct wk_principal *who, struct wk_err *err)
{
    struct auth_claims claims;
    struct wk_uuid sid, sub;
    const char *role = NULL;

    if (!read_token(call, a, token, &claims, err) || !enter(call, &claims.tenant, err))
        return false;
    if (claims.is_own) {
        if (!wk_uuid_parse(claims.sid, &sid) || !wk_uuid_parse(claims.sub, &sub) || !session_role(call, &sid, &sub, &role, err))
            return false;
    } else if (role_is_of_tenant(claims.role)) {
        role = claims.role;
    } else {
        return wk_fail(err, WK_SECURITY, "auth.token_claims", "an operator's token with a role that no user of a tenant can have");
    }
    who->tenant = claims.tenant;
    who->subject = wk_strdup(call, claims.sub);
    who->role = wk_strdup(call, role);
    who->credential = *claims.sid ? wk_strdup(call, claims.sid) : NULL;
    if (!who->subject || !who->role || (*claims.sid && !who->credential))
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "principal");
    if (claims.is_own && a->has_platform && wk_uuid_equal(&claims.tenant, &a->platform) && !strcmp(role, "owner")) {
        who->tenant = (struct wk_uuid){{0}};
        who->role = "admin";
    }
    who->permissions = role_permissions(who->role);
    return true;
}

static bool by_admin_key(struct auth *a, const char *text, struct wk_principal *who, struct wk_err *err)
{
    uint8_t hash[32];

    secret_sha256(text, strlen(text), hash);
    if (!a->has_admin || CRYPTO_memcmp(hash, a->admin, sizeof hash) != 0)
        return wk_fail(err, WK_SECURITY, "auth.credential", "a bearer credential that is no token, no API key and not admin_key");
    who->subject = who->role = who->credential = "admin";
    who->permissions = role_permissions("admin");
    return true;
}

bool who_is(struct wk_call *call, struct auth *a, const char *credential, struct wk_principal *who, struct wk_err *err)
{
    uint32_t size = who->size;
    struct wk_principal full = {.size = sizeof full};
    struct wk_uuid tenant, id;
    uint8_t hash[32];
    bool ok;

    if (!strncmp(credential, "wk_", 3))
        ok = (secret_read_key(credential, &tenant, &id, hash) || wk_fail(err, WK_SECURITY, "auth.api_key", "an API key that is no API key")) &&
             enter(call, &tenant, err) && apikey_who(call, &tenant, &id, hash, &full, err);
    else if (strchr(credential, '.'))
        ok = by_token(call, a, credential, &full, err);
    else
        ok = by_admin_key(a, credential, &full, err);
    if (ok) {
        memcpy(who, &full, size < sizeof full ? size : sizeof full);
        who->size = size;
    }
    return ok;
}

bool who_verify(struct wk_call *call, const char *token, struct wk_principal *who, struct wk_err *err)
{
    return who_is(call, wk_state(call), token, who, err);
}

/* --- the filters --- */

/* NULL and no error: none was sent. */
static const char *credential_of(struct wk_http *http, struct wk_err *err, bool *ok)
{
    const char *bearer = wk_http_header(http, "authorization"), *key = wk_http_header(http, "x-api-key");

    *ok = true;
    if (bearer && key) {
        *ok = wk_fail(err, WK_BUSINESS, "auth.scheme", "both Authorization and X-API-Key were sent");
        return NULL;
    }
    if (key && strncmp(key, "wk_", 3) != 0) {
        *ok = wk_fail(err, WK_SECURITY, "auth.api_key", "X-API-Key is no API key");
        return NULL;
    }
    if (!bearer)
        return key;
    if (strncasecmp(bearer, "Bearer ", 7) != 0) {
        *ok = wk_fail(err, WK_BUSINESS, "auth.scheme", "Authorization: Bearer is the only scheme");
        return NULL;
    }
    bearer += 7;
    return bearer + strspn(bearer, " ");
}

static bool is_public(struct wk_http *http) { return !strcmp(wk_http_route(http)->permission, WK_PUBLIC); }

enum wk_verdict who_identity(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    struct wk_principal who = {.size = sizeof who};
    const char *credential;
    bool ok;

    if (is_public(http) && !strncmp(wk_http_route(http)->path, OWN_ROUTES, strlen(OWN_ROUTES)))
        return WK_DECLINED; /* signing in: what an old client still sends along says nothing here */
    credential = credential_of(http, err, &ok);
    if (ok && !credential)
        return WK_DECLINED;
    if (ok && who_is(call, wk_state(call), credential, &who, err))
        return wk_set_principal(call, &who, err) ? WK_DECLINED : WK_FAILED;
    wk_count(call, "refused", 1);
    if (wk_err_is(err, "auth.token_key")) /* the host adds a point for what is SECURITY */
        (void)wk_penalty_add(call, http, WK_PENALTY_ADDRESS, NULL, 1);
    return err->cls == WK_BUSINESS && is_public(http) ? WK_DECLINED : WK_FAILED; /* an expired token asks a public route as anybody */
}

enum wk_verdict who_tenant(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const struct wk_principal *who = wk_principal(call);
    const char *named = who->subject ? wk_http_header(http, "wakala-tenant") : NULL;
    struct wk_uuid id;

    if (!named || !strncmp(wk_http_route(http)->path, OWN_ROUTES, strlen(OWN_ROUTES))) /* those work in the credential's tenant */
        return WK_DECLINED;
    if (!wk_uuid_parse(named, &id))
        return wk_fail(err, WK_BUSINESS, "auth.parameter", "Wakala-Tenant: a UUID is wanted") ? WK_HANDLED : WK_FAILED;
    return wk_enter_tenant(call, &id, err) ? WK_DECLINED : WK_FAILED;
}

void who_after(struct wk_call *call, struct wk_http *http)
{
    (void)call;
    if (wk_http_status(http) == 401)
        (void)wk_http_set_header(http, "WWW-Authenticate", "Bearer realm=\"wakala\"", NULL);
}

bool who_has_tenant(struct wk_call *call, struct wk_err *err)
{
    return wk_tenant(call) || wk_fail(err, WK_BUSINESS, "auth.tenant_needed", "name a tenant: header Wakala-Tenant");
}
