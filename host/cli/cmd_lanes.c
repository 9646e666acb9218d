/* wakala lanes [--subscriptions]: who owns which lane and what waits in it; or who has read how far. */
#include "cli/cli.h"
#include "event/admin.h"

int wk_cmd_lanes(const struct wk_cli *cli, int argc, char **argv)
{
    static const char *const flags[] = {"--subscriptions", NULL};
    WK_AUTO(wk_config) config = NULL;
    const struct wk_server_conf *server;
    struct wk_err err = {0};
    bool ok;

    if (!wk_cli_flags(argc, argv, flags))
        return WK_CLI_USAGE;
    if (!(config = wk_cli_config(cli)) || !(server = wk_cli_server(cli, config)))
        return WK_CLI_FAILED;
    ok = wk_cli_has(argc, argv, "--subscriptions") ? wk_subscriptions_list(server->host, stdout, &err)
                                                   : wk_lanes_list(server->host, stdout, &err);
    return ok ? WK_CLI_OK : wk_cli_fail(&err);
}
