/* wakala tenant create NAME --number ID[,ID] --waba ID [--tier T] | list | suspend ID|NAME | activate ID|NAME */
#include "cli/cli.h"
#include "tenant/admin.h"

static int create(const char *conninfo, int argc, char **argv)
{
    struct wk_tenant_new wanted = {.name = argc > 2 ? argv[2] : NULL, .numbers = wk_cli_value(argc, argv, "--number"),
                                   .waba = wk_cli_value(argc, argv, "--waba"), .tier = wk_cli_value(argc, argv, "--tier")};
    struct wk_uuid id;
    struct wk_err err = {0};
    char text[WK_UUID_TEXT];
    bool is_new;

    if (!wanted.name || *wanted.name == '-')
        return wk_cli_usage("tenant");
    if (!wk_tenant_create(conninfo, &wanted, &id, &is_new, &err))
        return wk_cli_fail(&err);
    (void)printf("%s\t%s\n", wk_uuid_text(&id, text), is_new ? "created" : "exists");
    return WK_CLI_OK;
}

static int set_status(const char *conninfo, int argc, char **argv, const char *status)
{
    struct wk_err err = {0};

    if (argc != 3)
        return wk_cli_usage("tenant");
    if (!wk_tenant_set_status(conninfo, argv[2], status, &err))
        return wk_cli_fail(&err);
    (void)printf("%s\t%s\n", argv[2], status);
    return WK_CLI_OK;
}

int wk_cmd_tenant(const struct wk_cli *cli, int argc, char **argv)
{
    WK_AUTO(wk_config) config = argc > 1 ? wk_cli_config(cli) : NULL;
    const char *conninfo = config ? wk_cli_setting(config, "database.host") : NULL;
    struct wk_err err = {0};

    if (argc < 2)
        return wk_cli_usage("tenant");
    if (!conninfo)
        return WK_CLI_FAILED;
    if (!strcmp(argv[1], "create"))
        return create(conninfo, argc, argv);
    if (!strcmp(argv[1], "suspend"))
        return set_status(conninfo, argc, argv, "suspended");
    if (!strcmp(argv[1], "activate"))
        return set_status(conninfo, argc, argv, "active");
    if (strcmp(argv[1], "list") || argc != 2)
        return wk_cli_usage("tenant");
    return wk_tenant_list(conninfo, stdout, &err) ? WK_CLI_OK : wk_cli_fail(&err);
}
