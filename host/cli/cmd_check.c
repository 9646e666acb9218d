/* cmd_check.c - the rehearsal of a reload without a reload: the same files, the same process, the same checks, no traffic.
 * In a run directory of its own, so that it may run beside a serving host. */
#include "cli/cli.h"
#include "master/master.h"
#include "master/tree.h"
#include "observe/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int wk_cmd_check(const struct wk_cli *cli, int argc, char **argv)
{
    WK_AUTO(wk_config) config = NULL;
    struct wk_master_conf conf = {.conf = cli->conf, .is_check = true};
    char dir[] = "/tmp/wakala-check-XXXXXX";
    struct wk_err err;
    int status;

    if (!wk_cli_flags(argc, argv, (const char *const[]){NULL}))
        return WK_CLI_USAGE;
    config = wk_cli_config(cli);
    if (!config)
        return WK_CLI_FAILED;
    if (!wk_log_open("/dev/null", WK_ERROR, &err)) /* the problems are printed as they are */
        return wk_cli_fail(&err);
    if (!mkdtemp(dir)) {
        (void)wk_fail(&err, WK_SYSTEM, "check.dir", "%s: %s", dir, strerror(errno));
        return wk_cli_fail(&err);
    }
    conf.run_dir = dir;
    conf.user = wk_cli_setting(config, "host.user");
    conf.cache_dir = wk_cli_setting(config, "host.cache_dir");
    status = wk_master_run(&conf);
    wk_tree_remove(dir);
    if (!status)
        (void)printf("%s: all is well\n", cli->conf);
    return status ? WK_CLI_FAILED : WK_CLI_OK;
}
