/* main.c - one executable, three lives: the command line, the master (`run`), and the workers it starts (`worker`). */
#include "cli/cli.h"
#include "master/protocol.h"

#include <stdio.h>

static int worker(int argc, char **argv)
{
    struct wk_worker_args args;
    struct wk_err err;

    if (wk_worker_args_parse(argc, argv, &args, &err))
        return wk_worker_main(&args);
    (void)fprintf(stderr, "wakala: %s\n", err.msg);
    return WK_CLI_USAGE;
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "worker"))
        return worker(argc, argv);
    return wk_cli_main(argc, argv);
}
