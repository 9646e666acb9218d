#include "cli/kong.h"
#include "config/config.h"
#include "db/sync.h"
#include "plugin/registry.h"
#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>

enum { CACHE_TTL_S = 300, READ_MS = 16000, WEBHOOK_MS = 3000, PATH_MAX_ = 512 };
#define TAG "wakala"

/* --- the key of our tokens --- */

struct key {
    char *pem;
    const char *algorithm;
};

static const char *algorithm_of(EVP_PKEY *key)
{
    char curve[32] = "";

    if (EVP_PKEY_is_a(key, "RSA"))
        return EVP_PKEY_get_bits(key) >= 2048 ? "RS256" : NULL;
    if (EVP_PKEY_is_a(key, "ED25519"))
        return "EdDSA";
    if (!EVP_PKEY_is_a(key, "EC") || EVP_PKEY_get_group_name(key, curve, sizeof curve, NULL) != 1)
        return NULL;
    return !strcmp(curve, "prime256v1") ? "ES256" : !strcmp(curve, "secp384r1") ? "ES384" : NULL;
}

/* Written anew from what was read, so that nothing else of the file comes along. */
static char *pem_of(EVP_PKEY *key)
{
    BIO *out = BIO_new(BIO_s_mem());
    char *bytes, *pem = NULL;
    long len;

    if (out && PEM_write_bio_PUBKEY(out, key) == 1 && (len = BIO_get_mem_data(out, &bytes)) > 0)
        pem = strndup(bytes, (size_t)len);
    BIO_free(out);
    return pem;
}

static bool read_key(const char *path, struct key *out, struct wk_err *err)
{
    FILE *file = fopen(path, "re");
    EVP_PKEY *key = file ? PEM_read_PUBKEY(file, NULL, NULL, NULL) : NULL;
    bool is_open = file != NULL;

    if (file)
        (void)fclose(file);
    out->algorithm = key ? algorithm_of(key) : NULL;
    out->pem = out->algorithm ? pem_of(key) : NULL;
    EVP_PKEY_free(key);
    if (out->pem)
        return true;
    if (!is_open)
        return wk_fail(err, WK_BUSINESS, "export.key", "--jwt-key %.100s: cannot be read", path);
    return wk_fail(err, WK_BUSINESS, "export.key",
                   "--jwt-key %.100s: not a public key in PEM (BEGIN PUBLIC KEY) of P-256, P-384, Ed25519 or RSA from 2048 bits; "
                   "a private key gives it up by `openssl pkey -in KEY -pubout`", path);
}

/* --- names and paths --- */

struct text {
    char at[PATH_MAX_];
    size_t n;
};

static void put(struct text *t, const char *s, size_t len)
{
    for (size_t i = 0; i < len && t->n < sizeof t->at - 1; i++)
        t->at[t->n++] = s[i];
    t->at[t->n] = '\0';
}

/* "/v1/a/{id}" -> "wakala.get.v1.a.~id": one name for one route, whatever its path is made of. */
static void name_of(const char *method, const char *path, struct text *out)
{
    char one[8];

    out->n = 0;
    put(out, TAG ".", sizeof TAG);
    for (const char *p = method; *p; p++)
        put(out, (char[]){(char)tolower((unsigned char)*p)}, 1);
    for (const char *p = path; *p; p++) {
        if (*p == '/')
            put(out, ".", 1);
        else if (isalnum((unsigned char)*p) || *p == '-' || *p == '_')
            put(out, p, 1);
        else if (*p == '{' || *p == '*' || *p == '?')
            put(out, "~", 1);
        else if (*p != '}')
            put(out, one, (size_t)snprintf(one, sizeof one, "~%02x", (unsigned char)*p));
    }
}

/* As Kong matches: a regular expression for the whole path. "{x}" is one segment, "{x*}" the rest. */
static void regex_of(const char *path, struct text *out)
{
    out->n = 0;
    put(out, "~", 1);
    for (const char *p = path; *p; p++) {
        const char *end = *p == '{' ? strchr(p, '}') : NULL;

        if (end) {
            put(out, end[-1] == '*' ? ".*" : "[^/]+", end[-1] == '*' ? 2 : 5);
            p = end;
        } else {
            if (!isalnum((unsigned char)*p) && !strchr("/-_~", *p))
                put(out, "\\", 1);
            put(out, p, 1);
        }
    }
    put(out, "$", 1);
}

/* --- plugins of Kong --- */

static json_t *plugin(const char *name, json_t *config)
{
    return json_pack("{s:s, s:o, s:[s]}", "name", name, "config", config, "tags", TAG);
}

static json_t *size_limit(int64_t bytes)
{
    json_t *config = json_pack("{s:I, s:s, s:b}", "allowed_payload_size", (json_int_t)((bytes + 1023) / 1024), "size_unit", "kilobytes",
                               "require_content_length", 0);

    return plugin("request-size-limiting", config);
}

static json_t *rate_limit(int64_t per_second, const char *by, const char *header)
{
    json_t *config = json_pack("{s:I, s:s, s:s*, s:s, s:b, s:b, s:i}", "second", (json_int_t)per_second, "limit_by", by, "header_name", header,
                               "policy",
                               "local", "fault_tolerant", 1, "hide_client_headers", 0, "error_code", 429);

    return plugin("rate-limiting", config);
}

/* The credential is found by the token's tenant: unique, as Kong wants it, where iss is the same for all. */
static json_t *jwt(void)
{
    return plugin("jwt", json_pack("{s:s, s:[s,s], s:[], s:[], s:[s], s:b}", "key_claim_name", "tid", "claims_to_verify", "exp", "nbf",
                                   "uri_param_names", "cookie_names", "header_names", "authorization", "run_on_preflight", 0));
}

/* Kong's key has neither Host nor our header; 404 and what says no-store are left out by these two. */
static json_t *cache(void)
{
    json_t *config = json_pack("{s:s, s:i, s:b, s:[i], s:[s,s], s:[s], s:[s,s,s]}", "strategy", "memory", "cache_ttl", CACHE_TTL_S, "cache_control",
                               1,
                               "response_code", 200, "request_method", "GET", "HEAD", "content_type", "application/json", "vary_headers",
                               "authorization", "host", "wakala-tenant");

    return plugin("proxy-cache", config);
}

/* --- services and routes --- */

static json_t *service(const struct wk_kong *k, const char *name, int read_ms, json_t *plugins)
{
    return json_pack("{s:s, s:s, s:i, s:i, s:i, s:i, s:[s], s:o, s:[]}", "name", name, "url", k->upstream, "connect_timeout", 2000, "write_timeout",
                     read_ms, "read_timeout", read_ms, "retries", 1, "tags", TAG, "plugins", plugins, "routes");
}

/* Takes over methods, paths and plugins. */
static void add_route(const struct wk_kong *k, json_t *to, const char *name, json_t *methods, json_t *paths, json_t *plugins)
{
    json_t *route = json_pack("{s:s, s:o, s:o, s:[s], s:b, s:b, s:[s], s:o}", "name", name, "methods", methods, "paths", paths, "protocols", "https",
                              "strip_path", 0, "preserve_host", 1, "tags", TAG, "plugins", plugins);

    if (k->host)
        (void)json_object_set_new(route, "hosts", json_pack("[s]", k->host));
    (void)json_array_append_new(json_object_get(to, "routes"), route);
}

static const char *const method_names[] = {[WK_GET] = "GET", [WK_POST] = "POST", [WK_PUT] = "PUT", [WK_PATCH] = "PATCH", [WK_DELETE] = "DELETE",
                                           [WK_HEAD_] = "HEAD"};

static json_t *methods_of(enum wk_method m)
{
    if (m == WK_ANY)
        return json_pack("[s,s,s,s,s,s,s]", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");
    return m == WK_GET ? json_pack("[s,s,s]", "GET", "HEAD", "OPTIONS") : json_pack("[s,s]", method_names[m], "OPTIONS");
}

static void add_routes(const struct wk_kong *k, json_t *open, json_t *api)
{
    size_t n;
    const struct wk_route_hook *routes = wk_registry_routes(k->registry, &n);

    for (size_t i = 0; i < n; i++) {
        const struct wk_route *r = routes[i].route;
        json_t *plugins = json_array();
        struct text name, path;

        name_of(r->method == WK_ANY ? "any" : method_names[r->method], r->path, &name);
        regex_of(r->path, &path);
        if (r->body_max)
            (void)json_array_append_new(plugins, size_limit((int64_t)r->body_max));
        if (r->flags & WK_ROUTE_CACHE && r->method == WK_GET)
            (void)json_array_append_new(plugins, cache());
        add_route(k, strcmp(r->permission, WK_PUBLIC) ? api : open, name.at, methods_of(r->method), json_pack("[s]", path.at), plugins);
    }
}

/* "/webhooks/whatsapp/{app?}": with its last segment and without. */
static void add_inboxes(const struct wk_kong *k, json_t *to)
{
    size_t n;
    const struct wk_inbox_hook *inboxes = wk_registry_inboxes(k->registry, &n);

    for (size_t i = 0; i < n; i++) {
        const struct wk_inbox *in = inboxes[i].inbox;
        json_t *paths = json_array(), *plugins = json_array();
        char shorter[PATH_MAX_];
        struct text name, path;

        regex_of(in->path, &path);
        (void)json_array_append_new(paths, json_string(path.at));
        if (strstr(in->path, "?}")) {
            (void)snprintf(shorter, sizeof shorter, "%s", in->path);
            *strrchr(shorter, '/') = '\0';
            regex_of(shorter, &path);
            (void)json_array_append_new(paths, json_string(path.at));
        }
        if (in->body_max)
            (void)json_array_append_new(plugins, size_limit((int64_t)in->body_max));
        name_of("webhook", in->path, &name);
        add_route(k, to, name.at, json_pack("[s,s]", "GET", "POST"), paths, plugins);
    }
}

/* --- consumers --- */

static json_t *consumer(const char *name, const char *id, const struct key *key)
{
    json_t *one;

    one = json_pack("{s:s, s:s, s:[s]}", "username", name, "custom_id", id, "tags", TAG);
    if (key->pem) /* with a public key the secret is not used, but the schema demands it */
        (void)json_object_set_new(one, "jwt_secrets",
                                  json_pack("[{s:s, s:s, s:s, s:s, s:[s]}]", "key", id, "algorithm", key->algorithm, "rsa_public_key", key->pem,
                                            "secret", "unused", "tags", TAG));
    return one;
}

static bool add_consumers(json_t *all, const struct wk_server_conf *server, const struct key *key, struct wk_err *err)
{
    PGconn *c = wk_sync_open(server->host, err);
    PGresult *r = c ? wk_sync_run(c, "SELECT id FROM wakala.tenant WHERE is_ready AND wakala.tenant_is_here(id) ORDER BY id", 0, NULL, err) : NULL;
    bool ok = r != NULL;

    for (int i = 0; ok && i < PQntuples(r); i++) {
        char name[64];

        (void)snprintf(name, sizeof name, "tenant-%s", PQgetvalue(r, i, 0));
        ok = !json_array_append_new(all, consumer(name, PQgetvalue(r, i, 0), key)) || wk_fail(err, WK_SYSTEM, "host.no_memory", "consumers");
    }
    PQclear(r);
    PQfinish(c);
    return ok;
}

static json_t *consumers(const struct wk_kong *k, const struct key *key, struct wk_err *err)
{
    json_t *all = json_array();
    /* whose tokens name no tenant */
    bool ok = !json_array_append_new(all, consumer("platform", "00000000-0000-0000-0000-000000000000", key)) || wk_fail(err, WK_SYSTEM, "host.no_memory", "consumers");

    for (size_t i = 0; ok && i < wk_config_server_count(k->config); i++)
        ok = add_consumers(all, wk_config_server(k->config, i), key, err);
    if (ok)
        return all;
    json_decref(all);
    return NULL;
}

json_t *wk_kong_make(const struct wk_kong *k, struct wk_err *err)
{
    struct key key = {0};
    json_t *people, *hooks, *open, *api;

    if (k->jwt_key && !read_key(k->jwt_key, &key, err))
        return NULL;
    people = consumers(k, &key, err);
    free(key.pem);
    if (!people)
        return NULL;
    hooks = service(k, "wakala-webhooks", WEBHOOK_MS, json_pack("[o]", size_limit(k->body_max)));
    open = service(k, "wakala-public", READ_MS, json_pack("[o, o]", size_limit(k->body_max), rate_limit(k->address_rate, "ip", NULL)));
    api = service(k, "wakala-api", READ_MS,
                  k->jwt_key ? json_pack("[o, o, o]", jwt(), size_limit(k->body_max), rate_limit(k->rate, "consumer", NULL))
                             : json_pack("[o, o]", size_limit(k->body_max), rate_limit(k->rate, "header", "Authorization")));
    add_inboxes(k, hooks);
    add_routes(k, open, api);
    return json_pack("{s:s, s:{s:[s]}, s:[o, o, o], s:o}", "_format_version", "3.0", "_info", "select_tags", TAG, "services", hooks, open, api,
                     "consumers", people);
}
