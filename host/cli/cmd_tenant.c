/* wakala tenant create NAME --number ID[,ID] --waba ID [--tier T] | list | suspend ID|NAME | activate ID|NAME
 *             | address add TENANT CHANNEL ADDRESS [--account A] | address remove TENANT CHANNEL ADDRESS | address list [TENANT] */
#include "cli/cli.h"
#include "call/call.h"
#include "plugin/registry.h"
#include "plugin/stage.h"
#include "tenant/admin.h"

/* Whoever shares an account should know what it costs: not a mistake (one agency, one account, many shops), but rarely meant. */
static void note_sharing(const char *conninfo, const char *channel, const char *account)
{
    struct wk_err err = {0};
    bool is_shared;

    if (account && wk_tenant_account_is_shared(conninfo, channel, account, &is_shared, &err) && is_shared)
        (void)fprintf(stderr, "wakala: note: account %s of %s is several tenants': a webhook that names the account and no address reaches none of them "
                              "and goes to quarantine; `wakala tenant address list` shows who has it\n", account, channel);
}

static int create(const char *conninfo, int argc, char **argv)
{
    struct wk_tenant_new wanted = {.name = argc > 2 ? argv[2] : NULL, .numbers = wk_cli_value(argc, argv, "--number"),
                                   .waba = wk_cli_value(argc, argv, "--waba"), .tier = wk_cli_value(argc, argv, "--tier")};
    static const char *const options[] = {"--number", "--waba", "--tier", NULL}, *const none[] = {NULL};
    struct wk_uuid id;
    struct wk_err err = {0};
    char text[WK_UUID_TEXT];
    bool is_new;

    if (!wanted.name || *wanted.name == '-' || !wk_cli_options(argc, argv, 3, options, none))
        return wk_cli_usage("tenant");
    if (!wk_tenant_create(conninfo, &wanted, &id, &is_new, &err))
        return wk_cli_fail(&err);
    (void)printf("%s\t%s\n", wk_uuid_text(&id, text), is_new ? "created" : "exists");
    note_sharing(conninfo, "whatsapp", wanted.waba);
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

/* --- addresses --------------------------------------------------------------------------------------------------------------- */

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

static int address_add(const struct wk_config *config, const char *conninfo, int argc, char **argv)
{
    struct wk_tenant_address a = {.tenant = argv[3], .channel = argv[4], .address = argv[5], .account = wk_cli_value(argc, argv, "--account")};
    static const char *const options[] = {"--account", NULL}, *const none[] = {NULL};
    struct wk_err err = {0};

    if (!wk_cli_options(argc, argv, 6, options, none))
        return wk_cli_usage("tenant");
    if (!is_received(config, a.channel))
        return WK_CLI_FAILED;
    if (!wk_tenant_address_add(conninfo, &a, &err))
        return wk_cli_fail(&err);
    (void)printf("%s\t%s\t%s\n", a.channel, a.address, a.tenant);
    note_sharing(conninfo, a.channel, a.account);
    return WK_CLI_OK;
}

static int address(const struct wk_config *config, const char *conninfo, int argc, char **argv)
{
    struct wk_err err = {0};

    if (argc >= 6 && !strcmp(argv[2], "add"))
        return address_add(config, conninfo, argc, argv);
    if (argc == 6 && !strcmp(argv[2], "remove")) {
        struct wk_tenant_address a = {.tenant = argv[3], .channel = argv[4], .address = argv[5]};

        if (!wk_tenant_address_remove(conninfo, &a, &err))
            return wk_cli_fail(&err);
        (void)printf("%s\t%s\tremoved\n", a.channel, a.address);
        return WK_CLI_OK;
    }
    if ((argc == 3 || argc == 4) && !strcmp(argv[2], "list"))
        return wk_tenant_address_list(conninfo, argc == 4 ? argv[3] : NULL, stdout, &err) ? WK_CLI_OK : wk_cli_fail(&err);
    return wk_cli_usage("tenant");
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
    if (!strcmp(argv[1], "address") && argc > 2)
        return address(config, conninfo, argc, argv);
    if (strcmp(argv[1], "list") || argc != 2)
        return wk_cli_usage("tenant");
    return wk_tenant_list(conninfo, stdout, &err) ? WK_CLI_OK : wk_cli_fail(&err);
}
