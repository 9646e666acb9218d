/* cmd_plugins.c - what is enabled. The list reads the files without running them; --hooks loads them, as a worker would, but opens
 * none. */
#include "call/call.h"
#include "cli/cli.h"
#include "plugin/registry.h"
#include "plugin/stage.h"

#include <stdio.h>

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

    if (!wk_cli_flags(argc, argv, (const char *const[]){"--hooks", NULL}))
        return WK_CLI_USAGE;
    config = wk_cli_config(cli);
    stage = config && problems ? wk_stage_create(config, problems) : NULL;
    if (stage && !wk_cli_has(argc, argv, "--hooks")) {
        list(config, stage);
        return WK_CLI_OK;
    }
    conf.config = config;
    conf.stage = stage;
    registry = stage ? wk_registry_load(&conf, problems) : NULL;
    if (registry)
        wk_registry_print_hooks(registry, stdout);
    else if (problems)
        wk_problems_print(problems, stderr);
    return registry ? WK_CLI_OK : WK_CLI_FAILED;
}
