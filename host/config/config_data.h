/* config_data.h - the fields of struct wk_config, for config.c and snapshot.c only. */
#ifndef WK_CONFIG_DATA_H
#define WK_CONFIG_DATA_H
#include "config/config.h"
#include "config/raw.h"
#include "config/value.h"

#define WK_FORWARD_MAX 32
#define WK_SERVICE_MAX 64
#define WK_PLUGIN_FILES_MAX 256
#define WK_PLUGIN_NAME_MAX 32 /* with its NUL, as in the ELF note */
#define WK_ORIGIN_FILE "snapshot.origin"

struct plugin_file {
    struct wk_plugin_conf conf;
    struct wk_raw_file raw;
    char name[WK_PLUGIN_NAME_MAX];
    char *leaf;
    bool is_broken;
};
struct server_group { /* servers.NAME */
    struct wk_server_conf conf;
    char name[WK_SERVER_NAME_MAX], keys[4][64]; /* with their dots */
    struct wk_setting schema[5];
    struct wk_settings *settings;
    int line;
};
struct wk_config {
    char *file, *dir; /* wakala.conf and where it lies */
    char *base;       /* what relative paths are relative to */
    bool is_snapshot;
    struct wk_raw_file host_file;
    struct wk_settings *host;
    struct wk_forward forwards[WK_FORWARD_MAX];
    size_t forward_count;
    struct wk_choice services[WK_SERVICE_MAX];
    size_t service_count;
    struct wk_server_conf main;
    struct server_group servers[WK_SERVERS_MAX - 1];
    size_t server_count;
    struct plugin_file *plugins;
    size_t plugin_count;
};

void wk_config_read_servers(struct wk_config *config, struct wk_problems *problems); /* servers.c; after the host's settings */
char *wk_origin_read(const char *path); /* NULL: not a snapshot */
#endif
