#include "objects.h"

#define NETWORKING "networking.istio.io/v1"
#define SECURITY "security.istio.io/v1"
#define API_PATH "/v1/"

/* What others lean on comes first. */
const struct mesh_kind mesh_kinds[] = {
    {NETWORKING, "DestinationRule", "destinationrules"},
    {NETWORKING, "Gateway", "gateways"},
    {SECURITY, "RequestAuthentication", "requestauthentications"},
    {SECURITY, "AuthorizationPolicy", "authorizationpolicies"},
    {NETWORKING, "VirtualService", "virtualservices"},
    {0},
};

struct build {
    json_t *all;
    const struct mesh_conf *c;
    bool is_failed; /* without memory: an object that is not whole, or missing, would be believed */
};
struct whose { /* one set of objects: the shared one, or a tenant's */
    char name[64];
    const char *tenant; /* id; NULL: the shared one */
    json_t *hosts;      /* of the VirtualService */
    const struct mesh_place *to;
};

static void push(struct build *b, json_t *array, json_t *value) { b->is_failed |= json_array_append_new(array, value) != 0; }

static json_t *strings(struct build *b, const char *const *texts, size_t n)
{
    json_t *array = json_array();

    for (size_t i = 0; i < n; i++)
        push(b, array, json_string(texts[i]));
    return array;
}
#define STRINGS(...) strings(b, (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static json_t *labels(struct build *b, const struct mesh_label *label, size_t n)
{
    json_t *object = json_object();

    for (size_t i = 0; i < n; i++)
        b->is_failed |= json_object_set_new(object, label[i].key, json_string(label[i].value)) != 0;
    return object;
}

/* Takes over spec. */
static void add(struct build *b, const char *api, const char *kind, const char *name, const char *tenant, json_t *spec)
{
    push(b, b->all, json_pack("{s:s, s:s, s:{s:s, s:s, s:{s:s, s:s, s:s*}}, s:o}", "apiVersion", api, "kind", kind, "metadata", "name", name,
                                         "namespace", b->c->namespace, "labels", MESH_LABEL_MANAGED, MESH_MANAGER, MESH_LABEL_INSTANCE, b->c->name,
                                         "wakala-tenant", tenant, "spec", spec));
}

/* --- where requests go --- */

static json_t *to_place(const struct mesh_place *p)
{
    return json_pack("[{s:{s:s, s:{s:i}}}]", "destination", "host", p->host, "port", "number", p->port);
}

/* The host has deadlines of its own, and a stream may last: a time limit for webhooks only, whose senders come again. Repeated is only what cannot have
 * arrived. */
static void add_virtual_service(struct build *b, const struct whose *w)
{
    const struct mesh_conf *c = b->c;
    bool is_made = !*c->gateway, has_own = w->tenant && is_made && json_array_size(w->hosts) > 0;
    json_t *gateways = json_array(),
           *http = json_pack("[{s:s, s:[{s:{s:s}}], s:o, s:s, s:{s:i}}, {s:s, s:o, s:{s:i, s:s}}]", "name", "webhooks", "match", "uri", "prefix", "/webhooks/",
                             "route", to_place(w->to), "timeout", "3s", "retries", "attempts", 0, "name", "all", "route", to_place(w->to), "retries",
                             "attempts", 2, "retryOn", "connect-failure,refused-stream");

    push(b, gateways, json_string(is_made ? c->name : c->gateway));
    if (has_own)
        push(b, gateways, json_string(w->name));
    add(b, NETWORKING, "VirtualService", w->name, w->tenant, json_pack("{s:O, s:o, s:o}", "hosts", w->hosts, "gateways", gateways, "http", http));
}

static void add_gateway(struct build *b, const struct whose *w, json_t *hosts, const char *secret)
{
    const struct mesh_conf *c = b->c;

    add(b, NETWORKING, "Gateway", w->name, w->tenant,
        json_pack("{s:o, s:[{s:{s:i, s:s, s:s}, s:O, s:{s:s, s:s, s:s}}, {s:{s:i, s:s, s:s}, s:O, s:{s:b}}]}", "selector",
                  labels(b, c->gateway_pods, c->gateway_labels), "servers", "port", "number", 443, "name", "https", "protocol", "HTTPS", "hosts",
                  hosts, "tls", "mode", "SIMPLE", "credentialName", secret, "minProtocolVersion", "TLSV1_2", "port", "number", 80, "name", "http",
                  "protocol", "HTTP", "hosts", hosts, "tls", "httpsRedirect", 1));
}

static void add_destination(struct build *b, const char *name, const struct mesh_place *at)
{
    add(b, NETWORKING, "DestinationRule", name, NULL,
        json_pack("{s:s, s:{s:{s:{s:i, s:s}, s:{s:i, s:i}}, s:{s:i, s:s, s:s, s:i}}}", "host", at->host, "trafficPolicy", "connectionPool", "tcp",
                  "maxConnections", 4096, "connectTimeout", "2s", "http", "http1MaxPendingRequests", 1024, "maxRetries", 16, "outlierDetection",
                  "consecutive5xxErrors", 10, "interval", "5s", "baseEjectionTime", "15s", "maxEjectionPercent", 50));
}

/* --- who may --- */

static json_t *selector(struct build *b) { return json_pack("{s:o}", "matchLabels", labels(b, b->c->workload, b->c->workload_labels)); }

static void add_authentication(struct build *b)
{
    const struct mesh_conf *c = b->c;
    json_t *rule = json_pack("{s:s, s:s, s:b}", "issuer", c->issuer, "jwksUri", c->jwks_uri, "forwardOriginalToken", 1);

    if (*c->audience)
        b->is_failed |= json_object_set_new(rule, "audiences", STRINGS(c->audience)) != 0;
    add(b, SECURITY, "RequestAuthentication", c->name, NULL, json_pack("{s:o, s:[o]}", "selector", selector(b), "jwtRules", rule));
}

/* "/v1/a/{id}/{rest*}" as the mesh writes it: "/v1/a/{*}/{**}". */
static void path_of(const char *route, char *out, size_t size)
{
    size_t n = 0;

    for (const char *p = route; *p && n + 5 < size; p++) {
        const char *end = *p == '{' ? strchr(p, '}') : NULL;

        if (end) {
            n += (size_t)snprintf(out + n, size - n, end[-1] == '*' ? "{**}" : "{*}");
            p = end;
        } else {
            out[n++] = *p;
        }
    }
    out[n] = '\0';
}

/* What nobody needs a token for: all that is not the API's, asking what a browser may do, and the API's public routes. */
static json_t *open_to_all(struct build *b)
{
    static const char *const names[] = {[WK_GET] = "GET", [WK_POST] = "POST", [WK_PUT] = "PUT", [WK_PATCH] = "PATCH", [WK_DELETE] = "DELETE",
                                        [WK_HEAD_] = "HEAD"};
    json_t *to = json_pack("[{s:{s:[s]}}, {s:{s:[s]}}]", "operation", "notPaths", API_PATH "*", "operation", "methods", "OPTIONS");
    struct wk_route_info info;

    for (size_t i = 0; wk_http_route_at(i, &info); i++) {
        const struct wk_route *r = info.route;
        char path[256];
        json_t *operation;

        if (strcmp(r->permission, WK_PUBLIC) != 0 || strncmp(r->path, API_PATH, strlen(API_PATH)) != 0)
            continue;
        path_of(r->path, path, sizeof path);
        operation = json_pack("{s:[s]}", "paths", path);
        if (r->method != WK_ANY)
            b->is_failed |= json_object_set_new(operation, "methods", r->method == WK_GET ? STRINGS("GET", "HEAD") : STRINGS(names[r->method])) != 0;
        push(b, to, json_pack("{s:o}", "operation", operation));
    }
    return json_pack("{s:o}", "to", to);
}

/* At these hosts the API is for tokens of ours; tenant NULL: of any tenant. Takes over hosts. */
static json_t *open_to_tokens(struct build *b, json_t *hosts, const char *tenant)
{
    char principal[MESH_ISSUER_MAX + 3];

    (void)snprintf(principal, sizeof principal, "%s/*", b->c->issuer);
    return json_pack("{s:[{s:{s:[s]}}], s:[{s:{s:o, s:[s]}}], s:[{s:s, s:[s]}]}", "from", "source", "requestPrincipals", principal, "to", "operation",
                     "hosts", hosts, "paths", API_PATH "*", "when", "key", "request.auth.claims[tid]", "values", tenant ? tenant : "*");
}

/* A host and the same with a port: a policy compares the header as it is. */
static void add_host(struct build *b, json_t *hosts, const char *host)
{
    char with_port[MESH_DNS_MAX + 4];

    (void)snprintf(with_port, sizeof with_port, "%s:*", host);
    push(b, hosts, json_string(host));
    push(b, hosts, json_string(with_port));
}

static void add_policy(struct build *b, const struct whose *w, json_t *rules)
{
    add(b, SECURITY, "AuthorizationPolicy", w->name, w->tenant,
        json_pack("{s:o, s:s, s:o}", "selector", selector(b), "action", "ALLOW", "rules", rules));
}

/* --- the sets --- */

static void add_shared(struct build *b)
{
    const struct mesh_conf *c = b->c;
    struct whose w = {.to = &c->service};
    char wildcard[MESH_DNS_MAX + 3];
    json_t *hosts = json_array();

    (void)snprintf(w.name, sizeof w.name, "%s", c->name);
    (void)snprintf(wildcard, sizeof wildcard, "*.%s", c->suffix);
    w.hosts = STRINGS(wildcard);
    push(b, hosts, json_string(wildcard));
    add_host(b, hosts, c->service.host); /* for callers inside the mesh */
    add_destination(b, c->name, &c->service);
    if (!*c->gateway)
        add_gateway(b, &w, w.hosts, c->tls_secret);
    add_authentication(b);
    add_policy(b, &w, json_pack("[o, o]", open_to_all(b), open_to_tokens(b, hosts, NULL)));
    add_virtual_service(b, &w);
    json_decref(w.hosts);
}

static void add_server(struct build *b, const struct mesh_server *s, bool *is_there)
{
    char name[64];

    (void)snprintf(name, sizeof name, "%s-s-%s", b->c->name, s->name);
    if (!*is_there)
        add_destination(b, name, &s->at);
    *is_there = true;
}

static bool add_tenant(struct build *b, const struct wk_mesh_tenant *t, bool *servers, struct wk_err *err)
{
    const struct mesh_conf *c = b->c;
    const struct mesh_server *server = *t->server ? mesh_server_find(c, t->server) : NULL;
    char id[WK_UUID_TEXT], own[MESH_DNS_MAX + 1];
    struct whose w = {.tenant = wk_uuid_text(&t->id, id), .to = server ? &server->at : &c->service};
    json_t *domains, *allowed;

    if (*t->server && !server)
        return wk_fail(err, WK_SYSTEM, "mesh-istio.server", "tenant %s lies on server %.40s, which `servers` does not name", id, t->server);
    (void)snprintf(w.name, sizeof w.name, "%s-t-%s", c->name, id);
    domains = json_array();
    allowed = json_array();
    w.hosts = json_array();
    for (const char *p = t->domains; *(p += strspn(p, " ")); p += strcspn(p, " ")) {
        char domain[MESH_DNS_MAX + 1];
        size_t len = strcspn(p, " ");

        if (!mesh_is_domain(p, len)) /* the command refuses such a one; a row written by SQL must not spoil the rest */
            continue;
        (void)snprintf(domain, sizeof domain, "%.*s", (int)len, p);
        push(b, domains, json_string(domain));
        add_host(b, allowed, domain);
    }
    b->is_failed |= json_array_extend(w.hosts, domains) != 0;
    if (server) {
        (void)snprintf(own, sizeof own, "%s.%s", id, c->suffix);
        push(b, w.hosts, json_string(own));
        add_server(b, server, &servers[server - c->server]);
    }
    if (json_array_size(domains) && !*c->gateway)
        add_gateway(b, &w, domains, w.name);
    if (json_array_size(domains))
        add_policy(b, &w, json_pack("[o]", open_to_tokens(b, json_incref(allowed), id)));
    if (json_array_size(w.hosts))
        add_virtual_service(b, &w);
    json_decref(domains);
    json_decref(allowed);
    json_decref(w.hosts);
    return true;
}

json_t *mesh_objects(const struct mesh_conf *conf, const struct wk_mesh_tenant *tenants, size_t n, struct wk_err *err)
{
    struct build b = {.all = json_array(), .c = conf};
    bool servers[MESH_SERVERS_MAX] = {false}, ok = true;

    add_shared(&b);
    for (size_t i = 0; i < n && ok; i++)
        ok = add_tenant(&b, &tenants[i], servers, err);
    if (ok && b.is_failed)
        ok = wk_fail(err, WK_TRANSIENT, "call.memory_limit", "objects of the mesh");
    if (!ok)
        json_decref(b.all);
    return ok ? b.all : NULL;
}
