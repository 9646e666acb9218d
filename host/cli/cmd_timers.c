/* wakala timers [TENANT]: what is due when; of all tenants a database server after the other. */
#include "cli/tenant.h"
#include "event/admin.h"

int wk_cmd_timers(const struct wk_cli *cli, int argc, char **argv)
{
    WK_AUTO(wk_config) config = NULL;
    const struct wk_server_conf *only;
    int status = WK_CLI_OK;

    if (argc > 2 || (argc == 2 && *argv[1] == '-'))
        return wk_cli_usage("timers");
    if (!(config = wk_cli_config(cli)) || !(only = wk_cli_server(cli, config)))
        return WK_CLI_FAILED;
    if (!cli->server)
        only = argc == 2 ? wk_cli_server_of(config, argv[1]) : NULL;
    for (size_t i = 0; i < wk_config_server_count(config); i++) {
        const struct wk_server_conf *server = wk_config_server(config, i);
        struct wk_err err = {0};

        if ((!only || only == server) && !wk_timers_list(server->host, argc == 2 ? argv[1] : NULL, stdout, &err))
            status = wk_cli_fail(&err);
    }
    return status;
}
