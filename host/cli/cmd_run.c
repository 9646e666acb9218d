/* cmd_run.c - becomes the master. */
#include "cli/cli.h"
#include "master/master.h"
#include "observe/log.h"

int wk_cmd_run(const struct wk_cli *cli, int argc, char **argv)
{
    WK_AUTO(wk_config) config = NULL;
    struct wk_master_conf conf = {.conf = cli->conf};
    enum wk_level level = WK_INFO;
    struct wk_err err;

    if (!wk_cli_flags(argc, argv, (const char *const[]){NULL}))
        return WK_CLI_USAGE;
    config = wk_cli_config(cli);
    if (!config)
        return WK_CLI_FAILED;
    (void)wk_log_level_parse(wk_cli_setting(config, "host.log_level"), &level);
    if (!wk_log_open(wk_cli_setting(config, "host.log"), level, &err))
        return wk_cli_fail(&err);
    conf.run_dir = cli->run_dir ? cli->run_dir : wk_cli_setting(config, "host.run_dir");
    conf.listen = wk_cli_setting(config, "host.listen");
    conf.admin = wk_cli_setting(config, "host.admin");
    conf.user = wk_cli_setting(config, "host.user");
    conf.cache_dir = wk_cli_setting(config, "host.cache_dir");
    conf.log = wk_cli_setting(config, "host.log");
    return wk_master_run(&conf) ? WK_CLI_FAILED : WK_CLI_OK;
}
