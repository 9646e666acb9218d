/* wakala dead list | show ID | requeue ID | drop ID: events that were given up, the way back, and the end. */
#include "cli/cli.h"
#include "event/admin.h"
#include <stdlib.h>

int wk_cmd_dead(const struct wk_cli *cli, int argc, char **argv)
{
    WK_AUTO(wk_config) config = argc > 1 ? wk_cli_config(cli) : NULL;
    const struct wk_server_conf *server = config ? wk_cli_server(cli, config) : NULL;
    const char *conninfo = server ? server->host : NULL;
    char *end = NULL;
    long long id = argc == 3 ? strtoll(argv[2], &end, 10) : 0;
    struct wk_err err = {0};
    bool ok;

    if (argc < 2 || (end && (*end || id <= 0)))
        return wk_cli_usage("dead");
    if (!conninfo)
        return WK_CLI_FAILED;
    if (!strcmp(argv[1], "list") && argc == 2)
        ok = wk_dead_list(conninfo, stdout, &err);
    else if (!strcmp(argv[1], "show") && argc == 3)
        ok = wk_dead_show(conninfo, id, stdout, &err);
    else if (!strcmp(argv[1], "requeue") && argc == 3)
        ok = wk_dead_requeue(conninfo, id, &err);
    else if (!strcmp(argv[1], "drop") && argc == 3)
        ok = wk_dead_drop(conninfo, id, &err);
    else
        return wk_cli_usage("dead");
    return ok ? WK_CLI_OK : wk_cli_fail(&err);
}
