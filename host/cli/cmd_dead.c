/* wakala dead list | show ID | requeue ID | drop ID: events that were given up, the way back, and the end. ID is SERVER/N where it is not on main. */
#include "cli/cli.h"
#include "event/admin.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int list(const struct wk_cli *cli, const struct wk_config *config)
{
    int status = WK_CLI_OK;

    for (size_t i = 0; i < wk_config_server_count(config); i++) { /* one that is away keeps no other back */
        const struct wk_server_conf *server = wk_config_server(config, i);
        struct wk_err err = {0};
        char prefix[WK_SERVER_NAME_MAX + 1] = "";

        if (cli->server && strcmp(cli->server, server->name) != 0)
            continue;
        if (i)
            (void)snprintf(prefix, sizeof prefix, "%s/", server->name);
        if (!wk_dead_list(server->host, prefix, stdout, &err))
            status = wk_cli_fail(&err);
    }
    return status;
}

/* "eu1/17", "17". */
static const struct wk_server_conf *read_id(const struct wk_cli *cli, const struct wk_config *config, const char *text, long long *id)
{
    char name[WK_SERVER_NAME_MAX] = "", *end;
    const char *slash = strchr(text, '/');
    struct wk_cli other = *cli;

    *id = strtoll(slash ? slash + 1 : text, &end, 10);
    if (*end || *id <= 0)
        *id = 0;
    if (slash) {
        (void)snprintf(name, sizeof name, "%.*s", (int)(slash - text), text);
        other.server = name;
    }
    return wk_cli_server(&other, config);
}

int wk_cmd_dead(const struct wk_cli *cli, int argc, char **argv)
{
    WK_AUTO(wk_config) config = argc > 1 ? wk_cli_config(cli) : NULL;
    const struct wk_server_conf *server = config ? wk_cli_server(cli, config) : NULL;
    struct wk_err err = {0};
    long long id = 0;
    bool ok;

    if (argc < 2)
        return wk_cli_usage("dead");
    if (!server || (argc == 3 && !(server = read_id(cli, config, argv[2], &id))))
        return WK_CLI_FAILED;
    if (!strcmp(argv[1], "list") && argc == 2)
        return list(cli, config);
    if (argc != 3 || !id)
        return wk_cli_usage("dead");
    if (!strcmp(argv[1], "show"))
        ok = wk_dead_show(server->host, id, stdout, &err);
    else if (!strcmp(argv[1], "requeue"))
        ok = wk_dead_requeue(server->host, id, &err);
    else if (!strcmp(argv[1], "drop"))
        ok = wk_dead_drop(server->host, id, &err);
    else
        return wk_cli_usage("dead");
    return ok ? WK_CLI_OK : wk_cli_fail(&err);
}
