/* wakala tenant ...: which word it is. */
#include "cli/tenant.h"
#include "tenant/admin.h"
#include <pwd.h>
#include <string.h>
#include <unistd.h>

static int list(const struct wk_config *config, const struct wk_server_conf *server, int argc, char **argv)
{
    struct wk_err err = {0};

    (void)argv;
    if (argc != 2)
        return wk_cli_usage("tenant");
    return wk_tenant_list(server->host, wk_config_server_count(config) > 1 ? server->name : NULL, stdout, &err) ? WK_CLI_OK : wk_cli_fail(&err);
}

static const struct {
    const char *word;
    wk_tenant_cmd *run;
    int tenant;     /* which argument names one; 0: none does */
    bool is_of_all; /* without one: on every server */
} words[] = {
    {"address", wk_tenant_cmd_address, 3, true}, {"create", wk_tenant_cmd_create, 0, false}, {"delete", wk_tenant_cmd_delete, 2, false},
    {"export", wk_tenant_cmd_export, 2, false}, {"limits", wk_tenant_cmd_limits, 2, false}, {"list", list, 0, true}, {"move", wk_tenant_cmd_move, 2, false},
    {"provision", wk_tenant_cmd_provision, 2, true}, {"purge", wk_tenant_cmd_purge, 0, true}, {"resume", wk_tenant_cmd_resume, 2, false},
    {"secret", wk_tenant_cmd_secret, 3, true}, {"set", wk_tenant_cmd_set, 2, false}, {"show", wk_tenant_cmd_show, 2, false},
    {"suspend", wk_tenant_cmd_suspend, 2, false}, {"undelete", wk_tenant_cmd_undelete, 2, false},
};

const char *wk_cli_operator(void)
{
    const struct passwd *user = getpwuid(getuid());

    return user ? user->pw_name : "-";
}

const struct wk_server_conf *wk_cli_server_of(const struct wk_config *config, const char *tenant)
{
    size_t n = wk_config_server_count(config);

    for (size_t i = 0; n > 1 && i < n; i++) {
        struct wk_err err = {0};
        struct wk_uuid id;

        if (wk_tenant_find(wk_config_server(config, i)->host, tenant, &id, &err))
            return wk_config_server(config, i);
    }
    return wk_config_server(config, 0);
}

int wk_cmd_tenant(const struct wk_cli *cli, int argc, char **argv)
{
    WK_AUTO(wk_config) config = NULL;
    size_t i = 0;
    int status = WK_CLI_OK;

    while (i < WK_COUNT(words) && (argc < 2 || strcmp(words[i].word, argv[1]) != 0))
        i++;
    if (i == WK_COUNT(words))
        return wk_cli_usage("tenant");
    if (!(config = wk_cli_config(cli)))
        return WK_CLI_FAILED;
    if (words[i].tenant && argc > words[i].tenant && *argv[words[i].tenant] != '-')
        return words[i].run(config, wk_cli_server_of(config, argv[words[i].tenant]), argc, argv);
    if (!words[i].is_of_all)
        return words[i].run(config, wk_config_server(config, 0), argc, argv);
    for (size_t s = 0; s < wk_config_server_count(config) && status != WK_CLI_USAGE; s++) { /* one that fails keeps no other */
        int one = words[i].run(config, wk_config_server(config, s), argc, argv);

        status = one ? one : status;
    }
    return status;
}
