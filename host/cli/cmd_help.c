/* cmd_help.c - what there is. */
#include "cli/cli.h"

#include <stdio.h>

int wk_cmd_help(const struct wk_cli *cli, int argc, char **argv)
{
    size_t n;
    const struct wk_command *commands = wk_commands(&n);
    bool is_found = false;

    (void)cli;
    if (argc < 2)
        (void)printf("usage: wakala [-c CONF] [--run-dir DIR] [--server NAME] COMMAND\n\n");
    for (size_t i = 0; i < n; i++) {
        if (argc > 1 && strcmp(argv[1], commands[i].name) != 0)
            continue;
        is_found = true;
        (void)printf("  %s%s%s\n      %s\n", commands[i].name, commands[i].args[0] ? " " : "", commands[i].args,
                     commands[i].summary);
    }
    if (!is_found)
        (void)fprintf(stderr, "wakala: there is no command %s\n", argv[1]);
    else if (argc < 2)
        (void)printf("\nCONF: -c, else $WAKALA_CONF, else etc/wakala.conf, else /etc/wakala/wakala.conf\n"
                     "Exit status: 0 done, 1 refused or failed, 2 wrong usage, 3 not running\n");
    return is_found ? WK_CLI_OK : WK_CLI_USAGE;
}
