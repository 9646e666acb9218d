/* wakala tenant address add TENANT CHANNEL ADDRESS [--account A] | remove TENANT CHANNEL ADDRESS | list [TENANT] */
#include "cli/tenant.h"
#include "call/call.h"
#include "plugin/registry.h"
#include "plugin/stage.h"
#include "tenant/admin.h"
#include "tenant/places.h"

/* Whoever shares an account should know what it costs: not a mistake (one agency, one account, many shops), but rarely meant. */
void wk_cli_note_sharing(const char *conninfo, const char *channel, const char *account)
{
    struct wk_err err = {0};
    bool is_shared;

    if (account && wk_tenant_account_is_shared(conninfo, channel, account, &is_shared, &err) && is_shared)
        (void)fprintf(stderr, "wakala: note: account %s of %s is several tenants': a webhook that names the account and no address reaches none of them "
                              "and goes to quarantine; `wakala tenant address list` shows who has it\n", account, channel);
}

/* An address on a channel that nobody receives for would wait for ever: a misspelt word is refused, with the nearest one. */
static bool is_received(const struct wk_config *config, const char *channel)
{
    enum { CHANNELS_MAX = 64 };
    WK_AUTO(wk_problems) problems = wk_problems_create();
    WK_AUTO(wk_stage) stage = problems ? wk_stage_create(config, problems) : NULL;
    struct wk_registry_conf conf = {.config = config, .stage = stage, .host = &wk_host_table};
    WK_AUTO(wk_registry) registry = stage ? wk_registry_load(&conf, problems) : NULL;
    const char *names[CHANNELS_MAX], *near;
    const struct wk_inbox_hook *inboxes;
    size_t n;

    if (!registry) {
        if (problems)
            wk_problems_print(problems, stderr);
        return false;
    }
    inboxes = wk_registry_inboxes(registry, &n);
    n = n < CHANNELS_MAX ? n : CHANNELS_MAX;
    for (size_t i = 0; i < n; i++)
        if (!strcmp(names[i] = inboxes[i].inbox->channel, channel))
            return true;
    near = wk_nearest(channel, names, n);
    (void)fprintf(stderr, "wakala: no enabled plugin receives webhooks of channel %.40s", channel);
    if (near)
        (void)fprintf(stderr, "; did you mean %s?\n", near);
    for (size_t i = 0; !near && i < n; i++)
        (void)fprintf(stderr, "%s%s", i ? ", " : ": there are ", names[i]);
    if (!near)
        (void)fprintf(stderr, "; a gateway is enabled by its file in %s\n", wk_cli_setting(config, "host.conf_dir"));
    return false;
}

static int address_add(const struct wk_config *config, const struct wk_server_conf *server, int argc, char **argv)
{
    struct wk_tenant_address a = {.tenant = argv[3], .channel = argv[4], .address = argv[5], .account = wk_cli_value(argc, argv, "--account")};
    static const char *const options[] = {"--account", NULL}, *const none[] = {NULL};
    struct wk_err err = {0};

    if (!wk_cli_options(argc, argv, 6, options, none))
        return wk_cli_usage("tenant");
    if (strcmp(a.channel, WK_CHANNEL_DOMAIN) != 0 && !is_received(config, a.channel)) /* a domain is for a mesh in front, not for webhooks */
        return WK_CLI_FAILED;
    if (!wk_tenant_address_add(server->host, &a, &err))
        return wk_cli_fail(&err);
    (void)printf("%s\t%s\t%s\n", a.channel, a.address, a.tenant);
    wk_cli_note_sharing(server->host, a.channel, a.account);
    return WK_CLI_OK;
}

int wk_tenant_cmd_address(const struct wk_config *config, const struct wk_server_conf *server, int argc, char **argv)
{
    struct wk_err err = {0};

    if (argc >= 6 && !strcmp(argv[2], "add"))
        return address_add(config, server, argc, argv);
    if (argc == 6 && !strcmp(argv[2], "remove")) {
        struct wk_tenant_address a = {.tenant = argv[3], .channel = argv[4], .address = argv[5]};

        if (!wk_tenant_address_remove(server->host, &a, &err))
            return wk_cli_fail(&err);
        (void)printf("%s\t%s\tremoved\n", a.channel, a.address);
        return WK_CLI_OK;
    }
    if ((argc == 3 || argc == 4) && !strcmp(argv[2], "list"))
        return wk_tenant_address_list(server->host, argc == 4 ? argv[3] : NULL, stdout, &err) ? WK_CLI_OK : wk_cli_fail(&err);
    return wk_cli_usage("tenant");
}
