/* wakala cache forget TENANT PATTERN: for whoever has changed a tenant's rows by SQL, which tells nobody. */
#include "cache/cache.h"
#include "cli/tenant.h"
#include "tenant/admin.h"

int wk_cmd_cache(const struct wk_cli *cli, int argc, char **argv)
{
    WK_AUTO(wk_config) config = argc == 4 && !strcmp(argv[1], "forget") ? wk_cli_config(cli) : NULL;
    const struct wk_server_conf *server = config ? wk_cli_server_of(config, argv[2]) : NULL;
    struct wk_err err = {0};

    if (argc != 4 || strcmp(argv[1], "forget") != 0)
        return wk_cli_usage("cache");
    if (!server)
        return WK_CLI_FAILED;
    if (!wk_cache_is_pattern(argv[3])) {
        wk_fail(&err, WK_SYSTEM, "cache.pattern", "\"%.70s\": allowed are a tag of a-z, 0-9, _ . - and at most 64 bytes, \"name:*\", or \"*\"", argv[3]);
        return wk_cli_fail(&err);
    }
    return wk_tenant_forget(server->host, argv[2], argv[3], &err) ? WK_CLI_OK : wk_cli_fail(&err);
}
