/* cmd_migrate.c - the database catches up with the host and the enabled plugins. Needs no plugin code, so it works before the
 * first start, with secrets that are not there yet. */
#include "cli/cli.h"
#include "db/migrate.h"

#include <stdio.h>
#include <stdlib.h>

static void print_step(void *arg, const struct wk_migrate_step *step)
{
    const char *server = arg; /* NULL: there is only one */

    if (server)
        (void)printf("%s: ", server);
    if (step->is_applied)
        (void)printf("%s: %s of %s applied (%u ms)\n", step->schema, step->file, step->plugin, step->took_ms);
    else
        (void)printf("%s: %s of %s is missing\n", step->schema, step->file, step->plugin);
    (void)fflush(stdout);
}

static int migrate(const struct wk_cli *cli, const struct wk_config *config, struct wk_migrate_conf conf)
{
    size_t n = wk_config_server_count(config);
    int status = WK_CLI_OK;

    for (size_t i = 0; i < n; i++) { /* one that is away keeps no other back */
        const struct wk_server_conf *server = wk_config_server(config, i);
        struct wk_err err = {0};

        if (cli->server && strcmp(cli->server, server->name) != 0)
            continue;
        conf.conninfo = server->owner;
        if (!conf.conninfo || !*conf.conninfo) {
            (void)fprintf(stderr, "wakala: %s: %s%s%sowner is not set: migrations need a role that may create roles and schemas\n", cli->conf,
                          i ? "servers." : "database.", i ? server->name : "", i ? "." : "");
            status = WK_CLI_FAILED;
        } else if (!wk_migrate(&conf, print_step, n > 1 ? (void *)(uintptr_t)server->name : NULL, &err)) {
            status = wk_cli_fail(&err);
        }
    }
    return status;
}

int wk_cmd_migrate(const struct wk_cli *cli, int argc, char **argv)
{
    WK_AUTO(wk_config) config = NULL;
    struct wk_migrate_conf conf = {0};
    const char **names;
    int status;

    if (!wk_cli_flags(argc, argv, (const char *const[]){"--dry-run", "--test-clock", NULL}))
        return WK_CLI_USAGE;
    config = wk_cli_config(cli);
    if (!config || !wk_cli_server(cli, config))
        return WK_CLI_FAILED;
    names = calloc(wk_config_plugin_count(config) + 1, sizeof *names);
    if (!names)
        return WK_CLI_FAILED;
    for (size_t i = 0; i < wk_config_plugin_count(config); i++)
        if (wk_config_plugin(config, i)->is_enabled)
            names[conf.plugin_count++] = wk_config_plugin(config, i)->name;
    conf.plugins = names;
    conf.share_dir = wk_cli_setting(config, "host.share_dir");
    conf.test_clock = wk_cli_has(argc, argv, "--test-clock");
    conf.dry_run = wk_cli_has(argc, argv, "--dry-run");
    status = migrate(cli, config, conf);
    free(names);
    return status;
}
