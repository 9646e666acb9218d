#include "worker/checks.h"
#include "db/migrate.h"
#include "observe/log.h"
#include <stdlib.h>

struct missing {
    struct wk_problems *problems;
    const char *server; /* "": there is only one */
    size_t shown;
};

static void on_step(void *arg, const struct wk_migrate_step *step)
{
    struct missing *m = arg;

    if (!step->is_applied && m->shown++ < 10)
        wk_problems_add(m->problems, "%s%sschema %s lacks %s of plugin %s: run `wakala migrate` first (or set host.migrate = \"auto\")",
                        m->server, *m->server ? ": " : "", step->schema, step->file, step->plugin);
}

static void quiet(void *arg, const struct wk_migrate_step *step)
{
    (void)arg;
    (void)step;
}

static bool check_server(const struct wk_config *config, const struct wk_server_conf *server, struct wk_migrate_conf conf, struct missing *missing,
                         struct wk_err *err)
{
    size_t pending = 0;
    bool ok;

    if (!strcmp(wk_settings_text(wk_config_host(config), "host.migrate"), "auto") && server->owner) {
        conf.conninfo = server->owner;
        return wk_migrate(&conf, quiet, NULL, err);
    }
    conf.conninfo = server->host;
    ok = wk_migrate_pending(&conf, on_step, missing, &pending, err) && !pending;
    if (pending)
        wk_fail(err, WK_SYSTEM, "migrate.behind", "%zu files are not applied", pending);
    return ok;
}

/* A server beside main that is away keeps no generation from starting: its tenants wait for it, nobody else does. */
bool wk_check_migrations(const struct wk_config *config, const struct wk_registry *registry, struct wk_problems *problems, struct wk_err *err)
{
    size_t n = wk_registry_count(registry), servers = wk_config_server_count(config);
    const char **names = calloc(n + 1, sizeof *names);
    struct wk_migrate_conf conf = {.share_dir = wk_settings_text(wk_config_host(config), "host.share_dir"), .plugins = names, .plugin_count = n};
    bool ok = true;

    if (!names)
        return wk_fail(err, WK_SYSTEM, "host.no_memory", "migrations");
    for (size_t i = 0; i < n; i++)
        names[i] = wk_registry_at(registry, i)->name;
    for (size_t i = 0; ok && i < servers; i++) {
        const struct wk_server_conf *server = wk_config_server(config, i);
        struct missing missing = {.problems = problems, .server = servers > 1 ? server->name : ""};

        ok = check_server(config, server, conf, &missing, err);
        if (!ok && i && wk_err_is(err, "db.unavailable")) {
            struct wk_log_fields fields = {.err = err};

            wk_log_line(WK_ERROR, &fields, "database server %s is away: its tenants are not served until it is back", server->name);
            ok = true;
        }
    }
    free(names);
    return ok;
}
