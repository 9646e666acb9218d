/* config.h - etc/wakala.conf and etc/wakala.d/NN-<plugin>.conf: parsed, checked, kept with file and line.
 *
 * Two steps, because a plugin's schema is known only when its .so is loaded: wk_config_load() parses everything and checks the
 * host's own settings; wk_config_check_plugin() types one plugin's raw values. Both collect every problem.
 * Relative paths in wakala.conf are relative to the directory of wakala.conf. The environment is read only through "env:NAME" values.
 * @include is refused: one file per plugin already splits the configuration, and every line keeps one place.
 * Ownership: the config owns all it returns. Threads: one. */
#ifndef WK_CONFIG_H
#define WK_CONFIG_H
#include "config/problems.h"
#include "config/settings.h"

struct wk_config;

struct wk_forward { /* forward = ( { prefix = "/sim/"; to = "127.0.0.1:8180"; } ); */
    const char *prefix, *to;
};
struct wk_choice { /* services = { intent = "intent-http"; }; */
    const char *interface, *plugin; /* "intent", "intent-http" */
    int line;                       /* in wakala.conf */
};
#define WK_SERVER_MAIN "main" /* the one of `database` */
enum { WK_SERVERS_MAX = 8, WK_SERVER_NAME_MAX = 32 };
struct wk_server_conf { /* a PostgreSQL server: database = {..}, servers = { eu1 = {..}; } */
    const char *name, *app, *host, *owner; /* as database.*; owner may be NULL */
    uint32_t shards;                       /* bit n - 1: shard n is made here */
};
struct wk_plugin_conf { /* one etc/wakala.d/NN-<plugin>.conf */
    const char *name, *file;
    int order; /* NN */
    bool is_enabled, is_required;
};

/* NULL only when wakala.conf cannot be read or parsed at all (a problem says so). Otherwise look at the count of problems: with
 * any, the configuration must not be used for more than finding further problems. */
struct wk_config *wk_config_load(const char *path, struct wk_problems *problems);
void wk_config_destroy(struct wk_config *config); /* NULL allowed */
WK_DEFINE_AUTO(wk_config)

/* The host's settings by dotted key ("host.workers"): the table is host_schema.c, its page etc/wakala.conf. */
const struct wk_settings *wk_config_host(const struct wk_config *config);
const struct wk_setting *wk_config_host_schema(void);
const char *wk_config_file(const struct wk_config *config); /* absolute path of wakala.conf */
const struct wk_forward *wk_config_forwards(const struct wk_config *config, size_t *n);
const struct wk_choice *wk_config_services(const struct wk_config *config, size_t *n);
const char *wk_config_service(const struct wk_config *config, const char *interface); /* chosen plugin for "intent"; NULL: none named */

/* [0] is main, always there. */
size_t wk_config_server_count(const struct wk_config *config);
const struct wk_server_conf *wk_config_server(const struct wk_config *config, size_t i); /* NULL past the last */
const struct wk_server_conf *wk_config_server_find(const struct wk_config *config, const char *name); /* NULL: none is called so */
const struct wk_server_conf *wk_config_server_of(const struct wk_config *config, uint32_t shard); /* 1 to 32 */

/* Plugins with a conf file, by NN then name, disabled ones too. */
size_t wk_config_plugin_count(const struct wk_config *config);
const struct wk_plugin_conf *wk_config_plugin(const struct wk_config *config, size_t i);
const struct wk_plugin_conf *wk_config_plugin_find(const struct wk_config *config, const char *name);
/* Type one plugin's values against its schema (NULL: no settings). The caller destroys the result, which outlives neither the
 * schema nor the config. NULL when there was a problem. */
struct wk_settings *wk_config_check_plugin(const struct wk_config *config, const char *plugin, const struct wk_setting *schema,
                                           struct wk_problems *problems);

/* Copy wakala.conf and every conf file into dir (made, 0700), so that all workers of a generation, and a rollback, read exactly what was
 * checked. Loading <dir>/wakala.conf gives the same configuration, relative paths included. Secrets are not copied: they are read
 * where they lie, so a rotated one is never rolled back. */
bool wk_config_snapshot(const struct wk_config *config, const char *dir, struct wk_err *err);

/* The candidate nearest to `word` (Damerau-Levenshtein, at most a third of it wrong), NULL when none is near. */
const char *wk_nearest(const char *word, const char *const *candidates, size_t n);
#endif
