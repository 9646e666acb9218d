/* tenant.h - `wakala tenant ...`: one function per word behind it, in cmd_tenant_*.c. argv[0] is "tenant", argv[1] the word. */
#ifndef WK_CLI_TENANT_H
#define WK_CLI_TENANT_H
#include "cli/cli.h"

/* server: the tenant's; of a command for all tenants, each in turn. */
typedef int wk_tenant_cmd(const struct wk_config *config, const struct wk_server_conf *server, int argc, char **argv);
wk_tenant_cmd wk_tenant_cmd_address, wk_tenant_cmd_create, wk_tenant_cmd_delete, wk_tenant_cmd_export, wk_tenant_cmd_limits, wk_tenant_cmd_move, wk_tenant_cmd_provision,
    wk_tenant_cmd_purge, wk_tenant_cmd_resume, wk_tenant_cmd_secret,
    wk_tenant_cmd_set, wk_tenant_cmd_show, wk_tenant_cmd_suspend, wk_tenant_cmd_undelete;

/* Where a tenant is, by id or name: main when it is nowhere, whose answer says so. */
const struct wk_server_conf *wk_cli_server_of(const struct wk_config *config, const char *tenant);
/* Whoever shares an account should know what it costs. */
void wk_cli_note_sharing(const char *conninfo, const char *channel, const char *account);
/* Who sits at this machine, for the audit. Static text. */
const char *wk_cli_operator(void);
#endif
