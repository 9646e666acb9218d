/* auth - who asks, and what they may: tokens, sign-in, API keys, users, roles (identity/1). README.md, docs/design/auth.md. */
#include <stdlib.h>
#include <wakala/plugin.h>
#include <wakala/service/identity.h>
#include "apikeys.h"
#include "codes.h"
#include "login.h"
#include "pages.h"
#include "quota.h"
#include "secret.h"
#include "session.h"
#include "users.h"
#include "who.h"

enum { ADMIN_KEY_MIN = 32, FILE_MAX = 256 * 1024 };

static const struct wk_setting settings[] = {
    WK_SETTING_SECRET("signing_keys", WK_SCOPE_HOST,
                      "EC P-256 private keys in PEM, one after the other: the first signs access tokens, all verify. Without any nobody can sign in by a code."),
    WK_SETTING_STRING("issuer", "wakala", WK_SCOPE_HOST, "iss of our access tokens"),
    WK_SETTING_STRING("audience", "wakala", WK_SCOPE_HOST, "aud of our access tokens"),
    {.key = "access_ttl", .type = WK_TYPE_DURATION, .scope = WK_SCOPE_HOST, .fallback = "15m", .min = 60000, .max = 3600000,
     .help = "how long an access token is good"},
    {.key = "refresh_ttl", .type = WK_TYPE_DURATION, .scope = WK_SCOPE_HOST, .fallback = "30d", .min = 3600000, .max = INT64_C(90) * 86400000,
     .help = "how long a session lasts at most"},
    {.key = "refresh_grace", .type = WK_TYPE_DURATION, .scope = WK_SCOPE_HOST, .fallback = "10s", .min = 0, .max = 60000,
     .help = "how long a used refresh token is taken once more, while its successor was never used: for answers that were lost"},
    {.key = "code_ttl", .type = WK_TYPE_DURATION, .scope = WK_SCOPE_HOST, .fallback = "5m", .min = 60000, .max = 600000, .help = "how long a one-time code is good"},
    WK_SETTING_STRING("code_template", "", WK_SCOPE_TENANT,
                      "approved WhatsApp template whose one body parameter is the code; empty: a plain text, which reaches who wrote within 24 hours"),
    WK_SETTING_INT("codes_per_hour", "12", 1, 100000, WK_SCOPE_HOST, "codes that one number may ask for in an hour, a third of them at once; five times as many tries"),
    WK_SETTING_INT("address_tries", "20", 1, 100000, WK_SCOPE_HOST, "codes asked for, and codes tried, per minute from one address"),
    WK_SETTING_STRING("jwks_file", "", WK_SCOPE_HOST, "file with a JWK set of another issuer, read at the start; a relative path is one of the working directory"),
    WK_SETTING_STRING("jwks_url", "", WK_SCOPE_HOST, "address of a JWK set of another issuer: https://, http:// only on this machine"),
    WK_SETTING_STRING("jwks_issuer", "", WK_SCOPE_HOST, "iss of that issuer's tokens; needed with jwks_file or jwks_url"),
    WK_SETTING_STRING("jwks_audience", "wakala", WK_SCOPE_HOST, "aud of that issuer's tokens"),
    {.key = "jwks_refresh", .type = WK_TYPE_DURATION, .scope = WK_SCOPE_HOST, .fallback = "5m", .min = 30000, .max = 86400000,
     .help = "how old the keys of jwks_url may become before they are asked for again"},
    WK_SETTING_SECRET("admin_key", WK_SCOPE_HOST, "bearer credential of the platform's administrator, at least 32 characters: for the first tenant and its owner"),
    WK_SETTING_STRING("platform_tenant", "", WK_SCOPE_HOST, "id of the tenant whose owners are the platform's administrators; empty: none"),
    {0},
};

static const struct wk_route routes[] = {
    {WK_GET, "/.well-known/jwks.json", WK_PUBLIC, page_jwks, WK_ROUTE_ALWAYS, 0, 0},
    {WK_POST, "/v1/auth/code", WK_PUBLIC, login_code, WK_ROUTE_ALWAYS, 0, 4096},
    {WK_POST, "/v1/auth/token", WK_PUBLIC, login_token, WK_ROUTE_ALWAYS, 0, 4096},
    {WK_POST, "/v1/auth/logout", WK_AUTHENTICATED, login_out, WK_ROUTE_ALWAYS, 0, 4096},
    {WK_POST, "/v1/auth/logout-everywhere", WK_AUTHENTICATED, login_out_everywhere, WK_ROUTE_ALWAYS, 0, 4096},
    {WK_GET, "/v1/me", WK_AUTHENTICATED, page_me, WK_ROUTE_ALWAYS, 0, 0},
    {WK_GET, "/v1/roles", WK_AUTHENTICATED, page_roles, 0, 0, 0},
    {WK_GET, "/v1/users", WK_PERM("users.read"), users_list, 0, 0, 0},
    {WK_POST, "/v1/users", WK_PERM("users.write"), users_create, 0, 0, 16384},
    {WK_GET, "/v1/users/{user}", WK_PERM("users.read"), users_get, 0, 0, 0},
    {WK_PATCH, "/v1/users/{user}", WK_PERM("users.write"), users_change, 0, 0, 16384},
    {WK_DELETE, "/v1/users/{user}", WK_PERM("users.write"), users_delete, 0, 0, 0},
    {WK_GET, "/v1/keys", WK_PERM("keys.read"), apikeys_list, 0, 0, 0},
    {WK_POST, "/v1/keys", WK_PERM("keys.write"), apikeys_create, 0, 0, 16384},
    {WK_DELETE, "/v1/keys/{key}", WK_PERM("keys.write"), apikeys_delete, 0, 0, 0},
    {WK_GET, "/v1/audit", WK_PERM("audit.read"), page_audit, 0, 0, 0},
    {0},
};

static const struct wk_filter filters[] = {
    {.name = "identity", .phase = WK_PHASE_IDENTITY, .before = who_identity, .after = who_after},
    {.name = "tenant", .phase = WK_PHASE_TENANT, .priority = -10, .before = who_tenant}, /* before whoever looks at the tenant's state */
    {0},
};

static const struct wk_event_type events[] = {
    {.name = "auth.code_requested", .priority = WK_HIGH, .version = 1, .ttl_s = 300, .key = "the number", .schema = "auth.code_requested.json",
     .summary = "Somebody wants to sign in with a number; whether it has an account is seen when it is handled"},
    {.name = "auth.session_revoked", .priority = WK_HIGH, .version = 1, .ttl_s = 3600, .key = "user id", .schema = "auth.session_revoked.json",
     .summary = "A session of a user, or all of them, ended: streams that it opened close"},
    {.name = "auth.cleanup", .priority = WK_LOW, .version = 1, .ttl_s = 0, .key = "auth", .schema = "auth.cleanup.json",
     .summary = "Time to forget old codes and sessions"},
    {0},
};
static const struct wk_sub subscriptions[] = {
    {.name = "codes", .pattern = "auth.code_requested", .from = WK_FROM_START, .run = login_send},
    {.name = "cleanup", .pattern = "auth.cleanup", .from = WK_FROM_START, .run = session_cleanup},
    {0},
};

static struct wk_identity identity = {.head = {.size = sizeof identity, .version = 1}, .verify = who_verify, .user = users_find};
static const struct wk_provide provides[] = {{WK_IDENTITY, &identity.head}, {0}};

/* --- open: keys and secrets, checked before anybody asks --- */

static bool is_https(const char *url)
{
    static const char *const local[] = {"http://127.0.0.1", "http://localhost", "http://[::1]"};

    if (!strncmp(url, "https://", 8))
        return true;
    for (size_t i = 0; i < WK_COUNT(local); i++) {
        size_t n = strlen(local[i]);

        if (!strncmp(url, local[i], n) && (url[n] == ':' || url[n] == '/'))
            return true;
    }
    return false;
}

static bool open_file(struct auth *a, const char *path, struct wk_err *err)
{
    char *text = malloc(FILE_MAX + 1);
    FILE *in = text ? fopen(path, "re") : NULL;
    size_t n = in ? fread(text, 1, FILE_MAX + 1, in) : 0;
    bool ok = in && !ferror(in) && n <= FILE_MAX ? auth_ring_add_set(&a->file, text, n, true, err)
                                                 : wk_fail(err, WK_SYSTEM, "auth.config", "jwks_file %s cannot be read, or has more than 256 kB", path);

    if (in)
        (void)fclose(in);
    free(text);
    return ok;
}

static bool open_issuer(struct wk_plugin *plugin, struct auth *a, struct wk_err *err)
{
    const char *file = wk_plugin_setting_string(plugin, "jwks_file");

    a->url = wk_plugin_setting_string(plugin, "jwks_url");
    a->file.issuer = a->issuer = wk_plugin_setting_string(plugin, "jwks_issuer");
    a->file.audience = a->audience = wk_plugin_setting_string(plugin, "jwks_audience");
    if ((*file || *a->url) && (!*a->issuer || !*a->audience))
        return wk_fail(err, WK_SYSTEM, "auth.config", "jwks_issuer and jwks_audience are needed with jwks_file or jwks_url");
    if (*a->issuer && !strcmp(a->issuer, a->own.issuer))
        return wk_fail(err, WK_SYSTEM, "auth.config", "jwks_issuer is our own issuer: two must not share a name");
    if (*a->url && !is_https(a->url))
        return wk_fail(err, WK_SYSTEM, "auth.config", "jwks_url: https:// is wanted, or http:// on this machine");
    return !*file || open_file(a, file, err);
}

static bool open_secrets(struct wk_plugin *plugin, struct auth *a, struct wk_err *err)
{
    const char *keys = wk_plugin_setting_string(plugin, "signing_keys"), *admin = wk_plugin_setting_string(plugin, "admin_key"),
               *platform = wk_plugin_setting_string(plugin, "platform_tenant");

    a->own.is_own = true;
    a->own.issuer = wk_plugin_setting_string(plugin, "issuer");
    a->own.audience = wk_plugin_setting_string(plugin, "audience");
    if (!*a->own.issuer || !*a->own.audience)
        return wk_fail(err, WK_SYSTEM, "auth.config", "issuer and audience must not be empty");
    if (*keys && !auth_ring_add_pem(&a->own, keys, err))
        return false;
    secret_sha256(keys, strlen(keys), a->pepper);
    if (*admin && strlen(admin) < ADMIN_KEY_MIN)
        return wk_fail(err, WK_SYSTEM, "auth.config", "admin_key has %zu characters, at least %d are wanted", strlen(admin), ADMIN_KEY_MIN);
    if (*admin && (!strncmp(admin, "wk_", 3) || strchr(admin, '.')))
        return wk_fail(err, WK_SYSTEM, "auth.config", "admin_key must not begin with wk_ nor hold a point: it would be read as an API key or a token");
    a->has_admin = *admin;
    secret_sha256(admin, strlen(admin), a->admin);
    a->has_platform = *platform;
    return !*platform || wk_uuid_parse(platform, &a->platform) || wk_fail(err, WK_SYSTEM, "auth.config", "platform_tenant: the UUID of a tenant is wanted");
}

static void destroy(struct auth *a)
{
    if (!a)
        return;
    auth_ring_finish(&a->own);
    auth_ring_finish(&a->file);
    if (a->remote.ring)
        auth_ring_finish(a->remote.ring);
    free(a->remote.ring);
    memo_finish(&a->memo);
    explicit_bzero(a, sizeof *a);
    free(a);
}

static struct auth *the_state;

static bool auth_open(struct wk_plugin *plugin, struct wk_err *err)
{
    struct auth *a = calloc(1, sizeof *a);

    if (!a || !memo_init(&a->memo)) {
        destroy(a);
        return wk_fail(err, WK_SYSTEM, "auth.config", "there is no memory for keys");
    }
    if (!open_secrets(plugin, a, err) || !open_issuer(plugin, a, err)) {
        destroy(a);
        return false;
    }
    the_state = a;
    wk_set_state(plugin, a);
    return true;
}

static void auth_close(struct wk_plugin *plugin)
{
    (void)plugin;
    destroy(the_state);
    the_state = NULL;
}

WK_PLUGIN("auth", "1.0.0", .summary = "Who asks and what they may: tokens, sign-in, API keys, users, roles", .needs = "quota/1? channel/1?", .settings = settings,
          .routes = routes, .filters = filters, .events = events, .subscriptions = subscriptions, .provides = provides, .errors = codes, .open = auth_open,
          .close = auth_close);
