/* wakala tenant move TENANT --shard N | --server NAME [--limit SECONDS]: to another shard, and with it to the server of that shard's tenants; or to a server. */
#include "cli/tenant.h"
#include "db/migrate.h"
#include "tenant/life.h"
#include "tenant/admin.h"
#include "tenant/move.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LIMIT_S = 300 };

/* The sessions end with the process, and the fence with them. In a signal handler: only write(2). */
static void on_limit(int sig)
{
    static const char text[] = "wakala: the move has taken its --limit: given up, and the tenant is served where it was. Again with more time, or when both servers answer\n";

    (void)sig;
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
        _exit(WK_CLI_FAILED);
    _exit(WK_CLI_FAILED);
}

static int to_shard(const struct wk_server_conf *server, const char *tenant, uint32_t shard)
{
    char asked[32], *answer = NULL;
    struct wk_err err = {0};
    struct wk_uuid id;
    struct wk_life_ask ask = {.what = WK_LIFE_MOVE, .id = &id, .asked = asked, .subject = wk_cli_operator(), .role = "operator"};

    (void)snprintf(asked, sizeof asked, "{\"shard\":%u}", shard);
    if (!wk_tenant_find(server->host, tenant, &id, &err) || !wk_life_now(&(struct wk_life_site){server->host, UINT32_MAX}, 1, &ask, &answer, &err))
        return wk_cli_fail(&err);
    free(answer);
    (void)printf("%s\t%u\n", tenant, shard);
    return WK_CLI_OK;
}

static int to_server(const struct wk_config *config, struct wk_move *move)
{
    const char **names = calloc(wk_config_plugin_count(config) + 1, sizeof *names);
    struct wk_migrate_conf migrate = {.share_dir = wk_cli_setting(config, "host.share_dir"), .plugins = names};
    struct wk_moved moved;
    struct wk_err err = {0};
    bool ok;

    if (!names)
        return WK_CLI_FAILED;
    for (size_t i = 0; i < wk_config_plugin_count(config); i++)
        if (wk_config_plugin(config, i)->is_enabled)
            names[migrate.plugin_count++] = wk_config_plugin(config, i)->name;
    move->migrate = &migrate;
    ok = wk_tenant_move(move, &moved, &err);
    free(names);
    if (!ok)
        return wk_cli_fail(&err);
    if (!moved.from)
        (void)printf("%s\t%s\tis there already\n", move->tenant, move->to->name);
    else
        (void)printf("%s\t%s\t%zu rows\t%.1f MB\t%zu waiting\t%lld ms not served\n", move->tenant, move->to->name, moved.rows, (double)moved.bytes / 1048576, moved.waiting,
                 (long long)(moved.stopped_us / 1000));
    return WK_CLI_OK;
}

int wk_tenant_cmd_move(const struct wk_config *config, const struct wk_server_conf *server, int argc, char **argv)
{
    static const char *const options[] = {"--shard", "--server", "--limit", NULL}, *const none[] = {NULL};
    const char *shard = wk_cli_value(argc, argv, "--shard"), *to = wk_cli_value(argc, argv, "--server"), *limit = wk_cli_value(argc, argv, "--limit");
    struct wk_move move = {.config = config, .tenant = argc > 2 ? argv[2] : "", .who = wk_cli_operator()};
    char *end = NULL, *limit_end = NULL;
    long seconds = limit ? strtol(limit, &limit_end, 10) : LIMIT_S;
    long n = shard ? strtol(shard, &end, 10) : 0;

    if (argc < 4 || *argv[2] == '-' || !shard == !to || !wk_cli_options(argc, argv, 3, options, none))
        return wk_cli_usage("tenant");
    if (shard && (!*shard || *end || n < 1 || n > 32)) {
        (void)fprintf(stderr, "wakala: --shard %s: 1 to 32\n", shard);
        return WK_CLI_FAILED;
    }
    if (limit && (!*limit || *limit_end || seconds < 1 || seconds > 86400)) {
        (void)fprintf(stderr, "wakala: --limit %s: seconds that nothing may be written for the tenant, 1 to 86400\n", limit);
        return WK_CLI_FAILED;
    }
    (void)signal(SIGALRM, on_limit);
    move.limit_s = (unsigned)seconds;
    move.shard = (uint32_t)n;
    move.to = to ? wk_cli_server(&(struct wk_cli){.server = to}, config) : wk_config_server_of(config, (uint32_t)n);
    if (!move.to)
        return WK_CLI_FAILED;
    if (shard && move.to == server)
        return to_shard(server, argv[2], (uint32_t)n);
    return to_server(config, &move);
}
