/* wakala tenant ...: which word it is. */
#include "cli/tenant.h"
#include "tenant/admin.h"
#include <pwd.h>
#include <string.h>
#include <unistd.h>

static int list(const struct wk_config *config, const char *conninfo, int argc, char **argv)
{
    struct wk_err err = {0};

    (void)config;
    (void)argv;
    if (argc != 2)
        return wk_cli_usage("tenant");
    return wk_tenant_list(conninfo, stdout, &err) ? WK_CLI_OK : wk_cli_fail(&err);
}

static const struct {
    const char *word;
    wk_tenant_cmd *run;
} words[] = {
    {"address", wk_tenant_cmd_address}, {"create", wk_tenant_cmd_create}, {"delete", wk_tenant_cmd_delete}, {"export", wk_tenant_cmd_export},
    {"limits", wk_tenant_cmd_limits}, {"list", list}, {"move", wk_tenant_cmd_move},
    {"provision", wk_tenant_cmd_provision}, {"purge", wk_tenant_cmd_purge}, {"resume", wk_tenant_cmd_resume}, {"secret", wk_tenant_cmd_secret}, {"set", wk_tenant_cmd_set},
    {"show", wk_tenant_cmd_show}, {"suspend", wk_tenant_cmd_suspend}, {"undelete", wk_tenant_cmd_undelete},
};

const char *wk_cli_operator(void)
{
    const struct passwd *user = getpwuid(getuid());

    return user ? user->pw_name : "-";
}

int wk_cmd_tenant(const struct wk_cli *cli, int argc, char **argv)
{
    WK_AUTO(wk_config) config = NULL;
    size_t i = 0;

    while (i < WK_COUNT(words) && (argc < 2 || strcmp(words[i].word, argv[1]) != 0))
        i++;
    if (i == WK_COUNT(words))
        return wk_cli_usage("tenant");
    if (!(config = wk_cli_config(cli)))
        return WK_CLI_FAILED;
    return words[i].run(config, wk_cli_setting(config, "database.host"), argc, argv);
}
