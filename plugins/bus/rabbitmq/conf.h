/* conf.h - the plugin's settings, read once in open() and checked: what the threads work by. Threads: read by all, never changed. */
#ifndef RABBITMQ_CONF_H
#define RABBITMQ_CONF_H
#include <wakala/plugin.h>

enum { NODES_MAX = 16, OUTSIDE_MAX = 32, WINDOW_MAX = 4096, WINDOW_BYTES = 1 << 20 };

struct node {
    char host[256];
    int port;
};
struct outsider { /* queue <prefix>.out.<name>, bound by *.*.<pattern> */
    char name[64], pattern[128];
};
struct bus_conf {
    struct node node[NODES_MAX];
    size_t nodes;
    struct outsider outside[OUTSIDE_MAX];
    size_t outsiders;
    char prefix[64], vhost[128], user[128], password[256], source[128];
    char ca[512], cert[512], key[512];
    bool has_tls;
    int heartbeat_s, connect_ms, rpc_ms;
    uint32_t window, prefetch;
    int64_t outside_max;
};

extern const struct wk_setting rabbitmq_settings[];
bool rabbitmq_conf_read(struct wk_plugin *plugin, struct bus_conf *conf, struct wk_err *err);
/* The parts that are texts of several words. Problems name the word, what is allowed and an example. */
bool rabbitmq_nodes_parse(const char *text, bool has_tls, struct bus_conf *conf, struct wk_err *err);
bool rabbitmq_outside_parse(const char *text, struct bus_conf *conf, struct wk_err *err);
#endif
