/* conf.h - the settings of mesh-istio, checked. Read for each round and each export: nothing is kept. */
#ifndef MESH_ISTIO_CONF_H
#define MESH_ISTIO_CONF_H
#include <wakala/plugin.h>

enum { MESH_NAME_MAX = 20, MESH_SERVERS_MAX = 32, MESH_LABELS_MAX = 4, MESH_DNS_MAX = 253, MESH_ISSUER_MAX = 400 };

struct mesh_place { /* a Kubernetes service */
    char host[MESH_DNS_MAX + 1];
    int port;
};
struct mesh_label {
    char key[64], value[64];
};
struct mesh_conf { /* texts without a bound here are the plugin's, valid until the worker ends */
    const char *api_server, *token_file, *ca_file;
    const char *namespace, *name, *gateway, *tls_secret, *suffix;
    const char *issuer, *audience, *jwks_uri;
    struct mesh_place service;
    struct mesh_server {
        char name[24];
        struct mesh_place at;
    } server[MESH_SERVERS_MAX];
    size_t servers;
    struct mesh_label workload[MESH_LABELS_MAX], gateway_pods[MESH_LABELS_MAX];
    size_t workload_labels, gateway_labels;
    bool takes; /* conflicts = "take" */
    uint32_t timeout_ms;
};

extern const struct wk_setting mesh_settings[];
/* mesh-istio.conf: which setting, and what is allowed. */
bool mesh_conf_read(struct wk_plugin *plugin, struct mesh_conf *conf, struct wk_err *err);
const struct mesh_server *mesh_server_find(const struct mesh_conf *conf, const char *name); /* NULL: not in `servers` */
bool mesh_is_domain(const char *text, size_t len); /* DNS-1123 names with a dot between: "shop.example" */
#endif
