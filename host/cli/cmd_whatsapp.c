/* cmd_whatsapp.c - `wakala whatsapp decode FILE...`: what stored webhook bodies hold, one line per update, without a server.
 * The one place where the host compiles a plugin's sources (host/rooms.cmake): the splitter is pure C, and what this prints must be what the inbox sees. */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>
#include "../../plugins/whatsapp/describe.h"

int wk_cmd_whatsapp(const struct wk_cli *cli, int argc, char **argv)
{
    int status = WK_CLI_OK;

    (void)cli;
    if (argc < 3 || strcmp(argv[1], "decode") != 0)
        return wk_cli_usage("whatsapp");
    for (int i = 2; i < argc; i++)
        if (wa_describe_file(stdout, argv[i]) != 0)
            status = WK_CLI_FAILED;
    return status;
}
