/* cmd_plugins.c - what is enabled. The list reads the files without running them; the rest loads them, as a worker would, but opens
 * none: --hooks the effective chains, --sql every statement as a JSON line (plugin, name, text), --events the contract of event types
 * as the table of docs/events.md, --settings what may stand in each conf file, as in docs/plugins.md. */
#include "call/call.h"
#include "cli/cli.h"
#include "config/settings.h"
#include "plugin/registry.h"
#include "plugin/stage.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static void print_sql(const struct wk_registry *registry)
{
    for (size_t i = 0; i < wk_registry_count(registry); i++) {
        const struct wk_plugin *p = wk_registry_at(registry, i);

        for (const struct wk_sql *const *s = p->desc.sql_begin; s && s < p->desc.sql_end; s++) {
            json_t *line = json_pack("{s:s, s:s, s:s}", "plugin", p->name, "name", (*s)->name, "text", (*s)->text);
            char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;

            (void)printf("%s\n", text ? text : "");
            free(text);
            json_decref(line);
        }
    }
}

static void print_events(const struct wk_registry *registry)
{
    static const char *const priorities[] = {"high", "normal", "low"};
    size_t n;
    const struct wk_event_hook *events = wk_registry_events(registry, &n);

    (void)printf("| type | version | priority | lives | key | payload | what it says |\n|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < n; i++) {
        const struct wk_event_type *t = events[i].type;
        char ttl[32] = "for ever";

        if (t->ttl_s)
            (void)snprintf(ttl, sizeof ttl, "%lld s", (long long)t->ttl_s);
        (void)printf("| `%s` | %u | %s | %s | %s | `%s/events/%s` | %s |\n", t->name, t->version, priorities[t->priority % 3], ttl,
                     t->key ? t->key : "", events[i].plugin->name, t->schema ? t->schema : "", t->summary ? t->summary : "");
    }
}

static void print_settings(const struct wk_registry *registry)
{
    for (size_t i = 0; i < wk_registry_count(registry); i++) {
        const struct wk_plugin *p = wk_registry_at(registry, i);

        (void)printf("%s## %s\n\n%s.%s%s%s\n", i ? "\n" : "", p->name, p->desc.summary ? p->desc.summary : "", p->desc.needs ? " Needs: " : "",
                     p->desc.needs ? p->desc.needs : "", p->desc.needs ? "." : "");
        if (p->desc.settings && p->desc.settings->key)
            (void)printf("\n| setting | of | default | allowed | what it is |\n|---|---|---|---|---|\n");
        for (const struct wk_setting *s = p->desc.settings; s && s->key; s++) {
            char allowed[256];
            const char *fallback = s->fallback ? s->fallback : s->flags & WK_REQUIRED ? "none: required" : "";

            (void)printf("| `%s` | %s | %s | %s | %s |\n", s->key, s->scope == WK_SCOPE_TENANT ? "tenant, host" : "host",
                         *fallback || s->type == WK_TYPE_SECRET ? fallback : "empty", wk_setting_allowed(s, allowed, sizeof allowed),
                         s->help ? s->help : "");
        }
    }
}

static void list(const struct wk_config *config, const struct wk_stage *stage)
{
    for (size_t i = 0; i < stage->count; i++) {
        const struct wk_staged *s = &stage->plugins[i];
        const struct wk_plugin_conf *conf = wk_config_plugin_find(config, s->name);

        (void)printf("%-24s %-10s ABI %u.%u  build %.12s%s\n", s->name, s->info.version, s->info.abi_major, s->info.abi_minor,
                     s->info.build_id, conf && conf->is_required ? "  required" : "");
    }
    for (size_t i = 0; i < wk_config_plugin_count(config); i++)
        if (!wk_config_plugin(config, i)->is_enabled)
            (void)printf("%-24s disabled in %s\n", wk_config_plugin(config, i)->name, wk_config_plugin(config, i)->file);
}

int wk_cmd_plugins(const struct wk_cli *cli, int argc, char **argv)
{
    WK_AUTO(wk_config) config = NULL;
    WK_AUTO(wk_problems) problems = wk_problems_create();
    WK_AUTO(wk_stage) stage = NULL;
    WK_AUTO(wk_registry) registry = NULL;
    struct wk_registry_conf conf = {.host = &wk_host_table};

    if (!wk_cli_flags(argc, argv, (const char *const[]){"--hooks", "--sql", "--events", "--settings", NULL}))
        return WK_CLI_USAGE;
    config = wk_cli_config(cli);
    stage = config && problems ? wk_stage_create(config, problems) : NULL;
    if (stage && argc == 1) {
        list(config, stage);
        return WK_CLI_OK;
    }
    conf.config = config;
    conf.stage = stage;
    registry = stage ? wk_registry_load(&conf, problems) : NULL;
    if (registry && wk_cli_has(argc, argv, "--sql"))
        print_sql(registry);
    else if (registry && wk_cli_has(argc, argv, "--events"))
        print_events(registry);
    else if (registry && wk_cli_has(argc, argv, "--settings"))
        print_settings(registry);
    else if (registry)
        wk_registry_print_hooks(registry, stdout);
    else if (problems)
        wk_problems_print(problems, stderr);
    return registry ? WK_CLI_OK : WK_CLI_FAILED;
}
