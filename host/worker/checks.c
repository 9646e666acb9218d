#include "worker/checks.h"
#include "db/migrate.h"
#include <stdlib.h>

struct missing {
    struct wk_problems *problems;
    size_t shown;
};

static void on_step(void *arg, const struct wk_migrate_step *step)
{
    struct missing *m = arg;

    if (!step->is_applied && m->shown++ < 10)
        wk_problems_add(m->problems, "schema %s lacks %s of plugin %s: run `wakala migrate` first (or set host.migrate = \"auto\")",
                        step->schema, step->file, step->plugin);
}

static void quiet(void *arg, const struct wk_migrate_step *step)
{
    (void)arg;
    (void)step;
}

bool wk_check_migrations(const struct wk_config *config, const struct wk_registry *registry, struct wk_problems *problems, struct wk_err *err)
{
    const struct wk_settings *s = wk_config_host(config);
    size_t n = wk_registry_count(registry), pending = 0;
    const char **names = calloc(n + 1, sizeof *names), *owner = wk_settings_text(s, "database.owner");
    struct wk_migrate_conf conf = {.conninfo = wk_settings_text(s, "database.host"), .share_dir = wk_settings_text(s, "host.share_dir"),
                                   .plugins = names, .plugin_count = n};
    struct missing missing = {.problems = problems};
    bool ok;

    if (!names)
        return wk_fail(err, WK_SYSTEM, "host.no_memory", "migrations");
    for (size_t i = 0; i < n; i++)
        names[i] = wk_registry_at(registry, i)->name;
    if (!strcmp(wk_settings_text(s, "host.migrate"), "auto") && owner) {
        conf.conninfo = owner;
        ok = wk_migrate(&conf, quiet, NULL, err);
    } else {
        ok = wk_migrate_pending(&conf, on_step, &missing, &pending, err) && !pending;
        if (pending)
            wk_fail(err, WK_SYSTEM, "migrate.behind", "%zu files are not applied", pending);
    }
    free(names);
    return ok;
}
