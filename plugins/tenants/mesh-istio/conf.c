#include "conf.h"
#include <stdlib.h>

#define ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount"

const struct wk_setting mesh_settings[] = {
    WK_SETTING_BOOL("register", "true", WK_SCOPE_HOST, "write the objects through the Kubernetes API; false: only `wakala export istio` shows them"),
    WK_SETTING_STRING("api_server", "https://kubernetes.default.svc", WK_SCOPE_HOST, "URL of the Kubernetes API"),
    WK_SETTING_STRING("token_file", ACCOUNT "/token", WK_SCOPE_HOST, "our token there, read anew for each request; empty: none is sent"),
    WK_SETTING_STRING("ca_file", ACCOUNT "/ca.crt", WK_SCOPE_HOST, "PEM file of the authority of api_server; empty: the machine's authorities"),
    WK_SETTING_STRING("namespace", "wakala", WK_SCOPE_HOST, "namespace of the hosts' pods and of all objects"),
    WK_SETTING_STRING("name", "wakala", WK_SCOPE_HOST,
                      "first word of the objects' names, a label on each: another one for each installation in one namespace"),
    {.key = "host_suffix", .type = WK_TYPE_STRING, .scope = WK_SCOPE_HOST, .flags = WK_REQUIRED,
     .help = "tenants without a domain of their own are reached below it: \"shops.example\" for *.shops.example"},
    WK_SETTING_STRING("service", "wakala:8080", WK_SCOPE_HOST, "Kubernetes service of the hosts, \"name:port\", with or without its namespace"),
    WK_SETTING_STRING("servers", "", WK_SCOPE_HOST,
                      "services of servers that some tenants have for themselves, \"server=name:port\" with a space between; server: as in servers of wakala.conf"),
    WK_SETTING_STRING("workload", "app=wakala", WK_SCOPE_HOST,
                      "labels of the hosts' pods, to which tokens and policies apply: \"key=value key=value\""),
    WK_SETTING_STRING("gateway", "", WK_SCOPE_HOST,
                      "a Gateway that is there already, \"namespace/name\", with its own hosts and certificates; empty: we make ours"),
    WK_SETTING_STRING("gateway_pods", "istio=ingressgateway", WK_SCOPE_HOST, "labels of the ingress gateway's pods, for Gateways that we make"),
    WK_SETTING_STRING("tls_secret", "wakala-wildcard", WK_SCOPE_HOST,
                      "secret with the certificate for *.<host_suffix>, in the namespace of the ingress gateway"),
    {.key = "issuer", .type = WK_TYPE_STRING, .scope = WK_SCOPE_HOST, .flags = WK_REQUIRED, .help = "iss of our tokens"},
    WK_SETTING_STRING("audience", "", WK_SCOPE_HOST, "aud that our tokens must have; empty: any"),
    {.key = "jwks_uri", .type = WK_TYPE_STRING, .scope = WK_SCOPE_HOST, .flags = WK_REQUIRED,
     .help = "where the mesh finds our keys: http://wakala.wakala.svc:8080/.well-known/jwks.json"},
    WK_SETTING_CHOICE("conflicts", "take", "take|leave", WK_SCOPE_HOST,
                      "when somebody else has set fields of our objects: take them back with a line in the log, or leave them"),
    {.key = "interval", .type = WK_TYPE_DURATION, .scope = WK_SCOPE_HOST, .fallback = "5m", .min = 100, .max = 86400000,
     .help = "the mesh is compared with what it shall be as often as this, and whenever a tenant changes"},
    {.key = "request_deadline", .type = WK_TYPE_DURATION, .scope = WK_SCOPE_HOST, .fallback = "10s", .min = 100, .max = 60000,
     .help = "for one answer of the Kubernetes API"},
    {0},
};

static bool wrong(struct wk_err *err, const char *key, const char *text, const char *allowed)
{
    return wk_fail(err, WK_SYSTEM, "mesh-istio.conf", "%s: \"%.60s\": allowed is %s", key, text, allowed);
}

static bool is_label(const char *text, size_t len) /* DNS-1123 */
{
    if (!len || len > 63 || text[0] == '-' || text[len - 1] == '-')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= '0' && text[i] <= '9') || text[i] == '-'))
            return false;
    return true;
}

static bool is_dns(const char *text, size_t len, size_t *labels)
{
    *labels = 0;
    if (len > MESH_DNS_MAX)
        return false;
    for (size_t at = 0; at <= len; at++, (*labels)++) {
        size_t n = 0;

        while (at + n < len && text[at + n] != '.')
            n++;
        if (!is_label(text + at, n))
            return false;
        at += n;
    }
    return true;
}

bool mesh_is_domain(const char *text, size_t len)
{
    size_t labels;

    return is_dns(text, len, &labels) && labels > 1;
}

static bool is_url(const char *text)
{
    const char *host = !strncmp(text, "https://", 8) ? text + 8 : !strncmp(text, "http://", 7) ? text + 7 : "";

    return *host && *host != '/' && !strpbrk(host, " \"\\@?#");
}

/* "name:port" */
static bool place_parse(const char *text, size_t len, struct mesh_place *out)
{
    const char *colon = memchr(text, ':', len);
    size_t host = colon ? (size_t)(colon - text) : 0, labels;
    char *end = NULL;
    long port = colon && colon[1] >= '0' && colon[1] <= '9' ? strtol(colon + 1, &end, 10) : 0;

    if (!host || port < 1 || port > 65535 || end != text + len || !is_dns(text, host, &labels))
        return false;
    (void)snprintf(out->host, sizeof out->host, "%.*s", (int)host, text);
    out->port = (int)port;
    return true;
}

static bool servers_parse(const char *text, struct mesh_conf *c, struct wk_err *err)
{
    static const char *const allowed = "\"server=name:port\" with a space between, each server once, its name of a-z 0-9 - and at most 23 long";

    c->servers = 0;
    for (size_t len; *(text += strspn(text, " ,")); text += len) {
        struct mesh_server *s = &c->server[c->servers];
        size_t name = strcspn(text, "= ,");

        len = strcspn(text, " ,");
        if (c->servers == MESH_SERVERS_MAX)
            return wrong(err, "servers", text, "32 servers at most");
        if (name >= sizeof s->name || name >= len || !is_label(text, name) || !place_parse(text + name + 1, len - name - 1, &s->at))
            return wrong(err, "servers", text, allowed);
        (void)snprintf(s->name, sizeof s->name, "%.*s", (int)name, text);
        if (mesh_server_find(c, s->name))
            return wrong(err, "servers", text, allowed);
        c->servers++;
    }
    return true;
}

static bool is_label_word(const char *text, size_t len, const char *more)
{
    for (size_t i = 0; i < len; i++)
        if (!((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z') || (text[i] >= '0' && text[i] <= '9') ||
              strchr(more, text[i])))
            return false;
    return len > 0 && len < 64;
}

static bool labels_parse(struct wk_plugin *plugin, const char *key, struct mesh_label *out, size_t *n, struct wk_err *err)
{
    const char *text = wk_plugin_setting_string(plugin, key);

    *n = 0;
    for (size_t len; *(text += strspn(text, " ,")); text += len) {
        size_t name = strcspn(text, "= ,");

        len = strcspn(text, " ,");
        if (*n == MESH_LABELS_MAX || name >= len || !is_label_word(text, name, "-_./") || !is_label_word(text + name + 1, len - name - 1, "-_."))
            return wrong(err, key, text, "1 to 4 labels, \"key=value\" with a space between");
        (void)snprintf(out[*n].key, sizeof out->key, "%.*s", (int)name, text);
        (void)snprintf(out[(*n)++].value, sizeof out->value, "%.*s", (int)(len - name - 1), text + name + 1);
    }
    return *n || wrong(err, key, "", "1 to 4 labels, \"key=value\" with a space between");
}

static bool gateway_is_good(const char *text)
{
    const char *slash = strchr(text, '/');
    size_t labels;

    return !*text || (slash && is_label(text, (size_t)(slash - text)) && is_dns(slash + 1, strlen(slash + 1), &labels));
}

bool mesh_conf_read(struct wk_plugin *plugin, struct mesh_conf *c, struct wk_err *err)
{
    const char *service = wk_plugin_setting_string(plugin, "service");
    size_t labels;

    *c = (struct mesh_conf){
        .api_server = wk_plugin_setting_string(plugin, "api_server"), .token_file = wk_plugin_setting_string(plugin, "token_file"),
        .ca_file = wk_plugin_setting_string(plugin, "ca_file"), .namespace = wk_plugin_setting_string(plugin, "namespace"),
        .name = wk_plugin_setting_string(plugin, "name"), .gateway = wk_plugin_setting_string(plugin, "gateway"),
        .tls_secret = wk_plugin_setting_string(plugin, "tls_secret"), .suffix = wk_plugin_setting_string(plugin, "host_suffix"),
        .issuer = wk_plugin_setting_string(plugin, "issuer"), .audience = wk_plugin_setting_string(plugin, "audience"),
        .jwks_uri = wk_plugin_setting_string(plugin, "jwks_uri"), .takes = wk_plugin_setting_int(plugin, "conflicts") == 0,
        .timeout_ms = (uint32_t)wk_plugin_setting_int(plugin, "request_deadline")};
    if (!is_url(c->api_server))
        return wrong(err, "api_server", c->api_server, "a URL such as \"https://kubernetes.default.svc\"");
    if (!is_label(c->namespace, strlen(c->namespace)))
        return wrong(err, "namespace", c->namespace, "a name of a-z 0-9 -, at most 63 long");
    if (!is_label(c->name, strlen(c->name)) || strlen(c->name) > MESH_NAME_MAX)
        return wrong(err, "name", c->name, "a name of a-z 0-9 -, at most 20 long");
    if (!mesh_is_domain(c->suffix, strlen(c->suffix)) || strlen(c->suffix) > MESH_DNS_MAX - 40)
        return wrong(err, "host_suffix", c->suffix, "a domain in lower case such as \"shops.example\", without a star");
    if (!gateway_is_good(c->gateway))
        return wrong(err, "gateway", c->gateway, "\"namespace/name\"");
    if (!is_dns(c->tls_secret, strlen(c->tls_secret), &labels))
        return wrong(err, "tls_secret", c->tls_secret, "the name of a secret");
    if (strpbrk(c->issuer, "* ") || strlen(c->issuer) > MESH_ISSUER_MAX)
        return wrong(err, "issuer", c->issuer, "the iss of our tokens, without stars and spaces, at most 400 long");
    if (!is_url(c->jwks_uri))
        return wrong(err, "jwks_uri", c->jwks_uri, "a URL of http or https");
    if (!place_parse(service, strlen(service), &c->service))
        return wrong(err, "service", service, "\"name:port\" such as \"wakala:8080\"");
    return servers_parse(wk_plugin_setting_string(plugin, "servers"), c, err) &&
           labels_parse(plugin, "workload", c->workload, &c->workload_labels, err) &&
           labels_parse(plugin, "gateway_pods", c->gateway_pods, &c->gateway_labels, err);
}

const struct mesh_server *mesh_server_find(const struct mesh_conf *conf, const char *name)
{
    for (size_t i = 0; i < conf->servers; i++)
        if (!strcmp(conf->server[i].name, name))
            return &conf->server[i];
    return NULL;
}
