/* wakala tenant secret set TENANT PLUGIN KEY | remove TENANT PLUGIN KEY | list [TENANT] | rotate. The secret comes by standard input: an argument would
 * stand in the list of processes and in the shell's history. */
#include "cli/tenant.h"
#include "call/call.h"
#include "plugin/loader.h"
#include "plugin/registry.h"
#include "plugin/stage.h"
#include "tenant/vault.h"
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

/* A misspelt name would be kept for nothing: refused, with what there is. "key@account" is one of the tenant's accounts' own. */
static bool is_secret(const struct wk_config *config, const char *plugin, const char *key)
{
    WK_AUTO(wk_problems) problems = wk_problems_create();
    WK_AUTO(wk_stage) stage = problems ? wk_stage_create(config, problems) : NULL;
    struct wk_registry_conf conf = {.config = config, .stage = stage, .host = &wk_host_table};
    WK_AUTO(wk_registry) registry = stage ? wk_registry_load(&conf, problems) : NULL;
    const struct wk_plugin *found = registry ? wk_registry_find(registry, plugin) : NULL;
    size_t len = strcspn(key, "@"), others = 0;

    if (!registry && problems)
        wk_problems_print(problems, stderr);
    for (const struct wk_setting *s = found ? found->desc.settings : NULL; s && s->key; s++)
        if (s->type == WK_TYPE_SECRET && s->scope == WK_SCOPE_TENANT && strlen(s->key) == len && !strncmp(s->key, key, len))
            return true;
    if (registry && !found)
        (void)fprintf(stderr, "wakala: no enabled plugin is called %.40s: see `wakala plugins`\n", plugin);
    if (!found)
        return false;
    (void)fprintf(stderr, "wakala: plugin %s lets no tenant have a secret called %.*s", plugin, (int)(len < 40 ? len : 40), key);
    for (const struct wk_setting *s = found->desc.settings; s && s->key; s++)
        if (s->type == WK_TYPE_SECRET && s->scope == WK_SCOPE_TENANT)
            (void)fprintf(stderr, "%s%s", others++ ? ", " : "; there are ", s->key);
    (void)fprintf(stderr, "\n");
    return false;
}

static int set(const struct wk_config *config, const struct wk_vault *vault, char **argv)
{
    char clear[WK_SECRET_MAX + 2];
    struct wk_err err = {0};
    size_t n;
    bool ok;

    if (!is_secret(config, argv[4], argv[5]))
        return WK_CLI_FAILED;
    n = fread(clear, 1, sizeof clear, stdin);
    while (n && (clear[n - 1] == '\n' || clear[n - 1] == '\r'))
        n--;
    if (!n || n > WK_SECRET_MAX) {
        (void)fprintf(stderr, "wakala: the secret is read from standard input: 1 to %d bytes (wakala tenant secret set ... <FILE)\n", WK_SECRET_MAX);
        return WK_CLI_FAILED;
    }
    ok = wk_vault_set(vault, argv[3], argv[4], argv[5], clear, n, &err);
    OPENSSL_cleanse(clear, sizeof clear);
    if (!ok)
        return wk_cli_fail(&err);
    (void)printf("%s\t%s\t%s\tset\n", argv[3], argv[4], argv[5]);
    return WK_CLI_OK;
}

static int rotate(const struct wk_vault *vault)
{
    struct wk_err err = {0};
    size_t sealed, lost;

    if (!wk_vault_rotate(vault, &sealed, &lost, &err))
        return wk_cli_fail(&err);
    (void)printf("%zu\tsealed\n%zu\tlost\n", sealed, lost);
    if (!lost)
        return WK_CLI_OK;
    (void)fprintf(stderr, "wakala: %zu secrets open with neither secrets.key nor secrets.old_key: set the key they were sealed with as secrets.old_key, "
                          "or set them anew\n", lost);
    return WK_CLI_FAILED;
}

int wk_tenant_cmd_secret(const struct wk_config *config, const struct wk_server_conf *server, int argc, char **argv)
{
    struct wk_vault vault = {.conninfo = server->host, .key_hex = wk_cli_setting(config, "secrets.key"), .old_key_hex = wk_cli_setting(config, "secrets.old_key")};
    struct wk_err err = {0};

    if (argc == 6 && !strcmp(argv[2], "set"))
        return set(config, &vault, argv);
    if (argc == 6 && !strcmp(argv[2], "remove")) {
        if (!wk_vault_remove(&vault, argv[3], argv[4], argv[5], &err))
            return wk_cli_fail(&err);
        (void)printf("%s\t%s\t%s\tremoved\n", argv[3], argv[4], argv[5]);
        return WK_CLI_OK;
    }
    if ((argc == 3 || argc == 4) && !strcmp(argv[2], "list"))
        return wk_vault_list(&vault, argc == 4 ? argv[3] : NULL, stdout, &err) ? WK_CLI_OK : wk_cli_fail(&err);
    if (argc == 3 && !strcmp(argv[2], "rotate"))
        return rotate(&vault);
    return wk_cli_usage("tenant");
}
