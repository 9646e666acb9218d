#include "conf.h"
#include <stdlib.h>

const struct wk_setting rabbitmq_settings[] = {
    WK_SETTING_STRING("nodes", "127.0.0.1:5672", WK_SCOPE_HOST, "nodes of the cluster, \"host:port\" with a space between; tried in turn"),
    WK_SETTING_STRING("vhost", "/", WK_SCOPE_HOST, "virtual host"),
    WK_SETTING_STRING("user", "wakala", WK_SCOPE_HOST, "user; may configure, write and read what begins with prefix"),
    {.key = "password", .type = WK_TYPE_SECRET, .scope = WK_SCOPE_HOST, .flags = WK_REQUIRED, .help = "password of user"},
    WK_SETTING_STRING("prefix", "wakala", WK_SCOPE_HOST, "first word of the exchange and the queues: another one for each installation on one broker"),
    WK_SETTING_STRING("source", "wakala", WK_SCOPE_HOST, "cloudEvents_source: a URI reference that names this installation to outsiders"),
    WK_SETTING_BOOL("tls", "false", WK_SCOPE_HOST, "TLS 1.2 or later; the certificate and its host name are checked"),
    WK_SETTING_STRING("tls_ca", "/etc/ssl/certs/ca-certificates.crt", WK_SCOPE_HOST, "file with the certificates that are trusted"),
    WK_SETTING_STRING("tls_cert", "", WK_SCOPE_HOST, "our own certificate, when the broker asks for one"),
    WK_SETTING_STRING("tls_key", "", WK_SCOPE_HOST, "its key"),
    {.key = "heartbeat", .type = WK_TYPE_DURATION, .scope = WK_SCOPE_HOST, .fallback = "30s", .min = 5000, .max = 300000,
     .help = "a peer that is silent for twice as long is gone"},
    {.key = "connect_deadline", .type = WK_TYPE_DURATION, .scope = WK_SCOPE_HOST, .fallback = "3s", .min = 100, .max = 60000,
     .help = "to open a connection to one node, without looking up its name"},
    {.key = "rpc_deadline", .type = WK_TYPE_DURATION, .scope = WK_SCOPE_HOST, .fallback = "10s", .min = 100, .max = 60000,
     .help = "for an answer while signing in"},
    WK_SETTING_INT("window", "500", 1, WINDOW_MAX, WK_SCOPE_HOST, "events published and not confirmed, at most; and never more than 1 MiB of them"),
    WK_SETTING_INT("prefetch", "100", 1, 400, WK_SCOPE_HOST, "events of one lane and class delivered and not settled, at most"),
    WK_SETTING_STRING("outside", "", WK_SCOPE_HOST, "queues for others, \"name=pattern\" with a space between: \"erp=order.* billing=payment.*\""),
    WK_SETTING_INT("outside_max", "1000000", 1000, 1000000000, WK_SCOPE_HOST, "messages in one of those; then the oldest go"),
    {0},
};

static bool copy(struct wk_plugin *plugin, const char *key, char *out, size_t size, struct wk_err *err)
{
    const char *text = wk_plugin_setting_string(plugin, key);

    return snprintf(out, size, "%s", text ? text : "") < (int)size ||
           wk_fail(err, WK_SYSTEM, "rabbitmq.conf", "%s: longer than %zu bytes", key, size - 1);
}

/* The next word of a text; false: no more. */
static bool word(const char **at, char *out, size_t size, bool *is_too_long)
{
    size_t n;

    *at += strspn(*at, " \t\n,");
    n = strcspn(*at, " \t\n,");
    *is_too_long = n >= size;
    if (n && !*is_too_long) {
        memcpy(out, *at, n);
        out[n] = '\0';
        *at += n;
    }
    return n > 0 && !*is_too_long;
}

bool rabbitmq_nodes_parse(const char *text, bool has_tls, struct bus_conf *conf, struct wk_err *err)
{
    char one[270];
    bool is_too_long = false;

    conf->nodes = 0;
    while (word(&text, one, sizeof one, &is_too_long)) {
        char *colon = strrchr(one, ':'), *end = NULL;
        long port = colon ? strtol(colon + 1, &end, 10) : has_tls ? 5671 : 5672;
        size_t host = colon ? (size_t)(colon - one) : strlen(one);

        if (!host || host >= sizeof conf->node[0].host || port < 1 || port > 65535 || (colon && (end == colon + 1 || *end)))
            return wk_fail(err, WK_SYSTEM, "rabbitmq.conf", "nodes: \"%.60s\": a node is \"host\" or \"host:port\", such as \"mq1.internal:5672\"", one);
        if (conf->nodes == NODES_MAX)
            return wk_fail(err, WK_SYSTEM, "rabbitmq.conf", "nodes: more than %d", NODES_MAX);
        (void)snprintf(conf->node[conf->nodes].host, sizeof conf->node[0].host, "%.*s", (int)host, one);
        conf->node[conf->nodes++].port = (int)port;
    }
    if (is_too_long || !conf->nodes)
        return wk_fail(err, WK_SYSTEM, "rabbitmq.conf", "nodes: %s: one or more, such as \"mq1.internal:5672 mq2.internal:5672\"",
                       is_too_long ? "one is too long" : "empty");
    return true;
}

static bool is_name(const char *s) { return *s && s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-_")] == '\0'; }

/* "order.*" as the topic exchange says it: "order.#". */
static bool pattern_of(const char *text, char *out, size_t size)
{
    size_t n = strlen(text);
    bool star = n && text[n - 1] == '*';

    if (!strcmp(text, "*"))
        return snprintf(out, size, "#") == 1;
    if (strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_.") != n - star || !(n - star) || (star && (n < 3 || text[n - 2] != '.')) || *text == '.')
        return false;
    return snprintf(out, size, "%.*s%s", (int)(star ? n - 1 : n), text, star ? "#" : "") < (int)size;
}

bool rabbitmq_outside_parse(const char *text, struct bus_conf *conf, struct wk_err *err)
{
    char one[220];
    bool is_too_long = false;

    conf->outsiders = 0;
    while (word(&text, one, sizeof one, &is_too_long)) {
        struct outsider *o = &conf->outside[conf->outsiders];
        char *equals = strchr(one, '=');

        if (conf->outsiders == OUTSIDE_MAX)
            return wk_fail(err, WK_SYSTEM, "rabbitmq.conf", "outside: more than %d queues", OUTSIDE_MAX);
        if (equals)
            *equals = '\0';
        if (!equals || strlen(one) >= sizeof o->name || !is_name(one) || !pattern_of(equals + 1, o->pattern, sizeof o->pattern))
            return wk_fail(err, WK_SYSTEM, "rabbitmq.conf", "outside: \"%.60s\": allowed is name=pattern, the name of a-z 0-9 - _, the pattern an event type or a "
                           "prefix such as \"order.*\", or \"*\"", one);
        for (size_t i = 0; i < conf->outsiders; i++)
            if (!strcmp(conf->outside[i].name, one) && !strcmp(conf->outside[i].pattern, o->pattern))
                return wk_fail(err, WK_SYSTEM, "rabbitmq.conf", "outside: %s stands twice with the same pattern", one);
        memcpy(o->name, one, strlen(one) + 1); /* a name may come again with another pattern: one queue, two bindings */
        conf->outsiders++;
    }
    return !is_too_long || wk_fail(err, WK_SYSTEM, "rabbitmq.conf", "outside: a word is longer than %zu bytes", sizeof one - 1);
}

bool rabbitmq_conf_read(struct wk_plugin *plugin, struct bus_conf *c, struct wk_err *err)
{
    c->has_tls = wk_plugin_setting_int(plugin, "tls") != 0;
    c->heartbeat_s = (int)(wk_plugin_setting_int(plugin, "heartbeat") / 1000);
    c->connect_ms = (int)wk_plugin_setting_int(plugin, "connect_deadline");
    c->rpc_ms = (int)wk_plugin_setting_int(plugin, "rpc_deadline");
    c->window = (uint32_t)wk_plugin_setting_int(plugin, "window");
    c->prefetch = (uint32_t)wk_plugin_setting_int(plugin, "prefetch");
    c->outside_max = wk_plugin_setting_int(plugin, "outside_max");
    if (!copy(plugin, "prefix", c->prefix, sizeof c->prefix, err) || !copy(plugin, "vhost", c->vhost, sizeof c->vhost, err) ||
        !copy(plugin, "user", c->user, sizeof c->user, err) || !copy(plugin, "password", c->password, sizeof c->password, err) ||
        !copy(plugin, "source", c->source, sizeof c->source, err) || !copy(plugin, "tls_ca", c->ca, sizeof c->ca, err) ||
        !copy(plugin, "tls_cert", c->cert, sizeof c->cert, err) || !copy(plugin, "tls_key", c->key, sizeof c->key, err))
        return false;
    if (!is_name(c->prefix))
        return wk_fail(err, WK_SYSTEM, "rabbitmq.conf", "prefix: \"%s\": allowed are a-z 0-9 - _", c->prefix);
    if (!*c->source)
        return wk_fail(err, WK_SYSTEM, "rabbitmq.conf", "source: empty; allowed is a URI reference, such as \"https://shops.example\"");
    if (!*c->cert != !*c->key)
        return wk_fail(err, WK_SYSTEM, "rabbitmq.conf", "tls_cert and tls_key: only one of them is set");
    return rabbitmq_nodes_parse(wk_plugin_setting_string(plugin, "nodes"), c->has_tls, c, err) &&
           rabbitmq_outside_parse(wk_plugin_setting_string(plugin, "outside"), c, err);
}
