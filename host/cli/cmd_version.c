/* cmd_version.c - which host this is, and which plugins it can run. */
#include "cli/cli.h"

#include <stdio.h>
#include <wakala/abi.h>

int wk_cmd_version(const struct wk_cli *cli, int argc, char **argv)
{
    (void)cli;
    if (!wk_cli_flags(argc, argv, (const char *const[]){NULL}))
        return WK_CLI_USAGE;
    (void)printf("wakala %s, plugin ABI %d.%d\n", WK_VERSION, WK_ABI_MAJOR, WK_ABI_MINOR);
    return WK_CLI_OK;
}
