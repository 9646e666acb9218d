/* prepare.c - from configuration files to a snapshot directory and a plan. Only reading and copying: no plugin code runs here. */
#include "config/config.h"
#include "master/master.h"
#include "plugin/stage.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

enum { START_MS = 30000 }; /* load, open, connect: more is a hang */

static bool is_named(const char *name, const char *const *names)
{
    for (; names && *names; names++)
        if (!strcmp(*names, name))
            return true;
    return false;
}

/* The stage without quarantined plugins; shares its strings with `all`. */
static bool filter(const struct wk_stage *all, const char *const *without, struct wk_stage *out)
{
    out->count = 0;
    out->plugins = calloc(all->count + 1, sizeof *out->plugins);
    for (size_t i = 0; out->plugins && i < all->count; i++)
        if (!is_named(all->plugins[i].name, without))
            out->plugins[out->count++] = all->plugins[i];
    return out->plugins != NULL;
}

/* A quarantined plugin is simply not in the snapshot: neither its conf file nor its copy. */
static bool write_snapshot(const struct wk_config *config, const struct wk_stage *stage, const struct wk_source *source,
                           struct wk_err *err)
{
    if (!wk_config_snapshot(config, source->dir, err) || !wk_stage_save(stage, source->dir, err))
        return false;
    for (size_t i = 0; i < wk_config_plugin_count(config); i++) {
        const struct wk_plugin_conf *conf = wk_config_plugin(config, i);
        const char *slash = strrchr(conf->file, '/');
        char path[PATH_MAX];

        if (!is_named(conf->name, source->without))
            continue;
        (void)snprintf(path, sizeof path, "%s/wakala.d/%s", source->dir, slash ? slash + 1 : conf->file);
        if (unlink(path) < 0)
            return wk_fail(err, WK_SYSTEM, "master.quarantine", "cannot leave %s out of the snapshot", conf->name);
    }
    return true;
}

static uint64_t mix(uint64_t h, const void *data, size_t len) { return h * UINT64_C(0x100000001b3) ^ wk_share_hash(data, len); }

static uint64_t mix_file(uint64_t h, const char *dir, const char *leaf)
{
    char path[PATH_MAX], piece[4096];
    FILE *f;
    size_t n;

    (void)snprintf(path, sizeof path, "%s/%s", dir, leaf);
    f = fopen(path, "re");
    while (f && (n = fread(piece, 1, sizeof piece, f)) > 0)
        h = mix(h, piece, n);
    if (f)
        (void)fclose(f);
    return h;
}

static void identify(const struct wk_config *config, const struct wk_stage *stage, const struct wk_source *source,
                     struct wk_plan *plan)
{
    uint64_t h = mix_file(1, source->dir, "wakala.conf");

    for (size_t i = 0; i < wk_config_plugin_count(config); i++) {
        const char *file = wk_config_plugin(config, i)->file, *slash = strrchr(file, '/');
        char leaf[NAME_MAX + 16];

        (void)snprintf(leaf, sizeof leaf, "wakala.d/%.255s", slash ? slash + 1 : file);
        h = mix_file(h, source->dir, leaf);
    }
    for (size_t i = 0; i < stage->count; i++)
        h = mix(h, stage->plugins[i].sha256, sizeof stage->plugins[i].sha256);
    (void)snprintf(plan->build, sizeof plan->build, "%016llx", (unsigned long long)h);
}

static bool list_plugins(const struct wk_config *config, const struct wk_stage *stage, struct wk_plan *plan)
{
    plan->plugins = calloc(stage->count + 1, sizeof *plan->plugins);
    for (size_t i = 0; plan->plugins && i < stage->count; i++) {
        const struct wk_staged *s = &stage->plugins[i];
        const struct wk_plugin_conf *conf = wk_config_plugin_find(config, s->name);
        struct wk_plan_plugin *p = &plan->plugins[plan->n_plugins++];

        (void)snprintf(p->name, sizeof p->name, "%s", s->name);
        (void)snprintf(p->version, sizeof p->version, "%s", s->info.version);
        (void)snprintf(p->build, sizeof p->build, "%s", s->info.build_id);
        p->is_required = conf && conf->is_required;
    }
    return plan->plugins != NULL;
}

static void copy(char *out, size_t size, const char *text) { (void)snprintf(out, size, "%s", text ? text : ""); }

static void read_settings(const struct wk_config *config, struct wk_plan *plan)
{
    const struct wk_settings *host = wk_config_host(config);

    copy(plan->listen, sizeof plan->listen, wk_settings_text(host, "host.listen"));
    copy(plan->conf_dir, sizeof plan->conf_dir, wk_settings_text(host, "host.conf_dir"));
    copy(plan->admin, sizeof plan->admin, wk_settings_text(host, "host.admin"));
    copy(plan->run_dir, sizeof plan->run_dir, wk_settings_text(host, "host.run_dir"));
    copy(plan->user, sizeof plan->user, wk_settings_text(host, "host.user"));
    plan->workers = (uint32_t)wk_settings_int(host, "host.workers");
    plan->drain_ms = (uint32_t)wk_settings_int(host, "host.drain_deadline");
    plan->heartbeat_ms = (uint32_t)wk_settings_int(host, "host.heartbeat_deadline");
    plan->worker_memory_max = wk_settings_int(host, "host.worker_memory_max");
    plan->crash_limit = (uint32_t)wk_settings_int(host, "host.crash_limit");
    plan->crash_window_ms = (uint32_t)wk_settings_int(host, "host.crash_window");
    plan->start_ms = START_MS;
}

static struct wk_stage *stage_of(const struct wk_config *config, const struct wk_source *source, struct wk_problems *problems)
{
    struct wk_err err;
    struct wk_stage *stage;

    if (!source->snapshot)
        return wk_stage_create(config, problems);
    stage = wk_stage_load(source->snapshot, &err);
    if (!stage)
        wk_problems_add(problems, "%s", err.msg);
    return stage;
}

bool wk_prepare(const struct wk_source *source, struct wk_plan *plan, struct wk_problems *problems)
{
    char conf[PATH_MAX];
    WK_AUTO(wk_config) config = NULL;
    WK_AUTO(wk_stage) all = NULL;
    struct wk_stage stage = {0};
    struct wk_err err = {0};
    bool is_ok;

    (void)snprintf(conf, sizeof conf, "%s%s", source->snapshot ? source->snapshot : source->conf,
                   source->snapshot ? "/wakala.conf" : "");
    config = wk_config_load(conf, problems);
    if (config)
        all = stage_of(config, source, problems); /* also after problems: the operator wants all of them at once */
    if (!config || !all || wk_problems_count(problems))
        return false;
    is_ok = (filter(all, source->without, &stage) && list_plugins(config, &stage, plan)) ||
            wk_fail(&err, WK_SYSTEM, "master.memory", "no memory for the list of plugins");
    is_ok = is_ok && write_snapshot(config, &stage, source, &err);
    if (is_ok) {
        read_settings(config, plan);
        identify(config, &stage, source, plan);
    } else {
        wk_problems_add(problems, "%s", err.msg);
    }
    free(stage.plugins);
    return is_ok;
}
