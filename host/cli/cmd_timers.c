/* wakala timers [TENANT]: what is due when. */
#include "cli/cli.h"
#include "event/admin.h"

int wk_cmd_timers(const struct wk_cli *cli, int argc, char **argv)
{
    WK_AUTO(wk_config) config = NULL;
    const struct wk_server_conf *server;
    struct wk_err err = {0};

    if (argc > 2 || (argc == 2 && *argv[1] == '-'))
        return wk_cli_usage("timers");
    if (!(config = wk_cli_config(cli)) || !(server = wk_cli_server(cli, config)))
        return WK_CLI_FAILED;
    return wk_timers_list(server->host, argc == 2 ? argv[1] : NULL, stdout, &err) ? WK_CLI_OK : wk_cli_fail(&err);
}
