/* wakala events tail | show ID | replay --to SUBSCRIPTION --from TIME: what is in the log, what became of it, and once more. */
#include "cli/tenant.h"
#include "event/admin.h"

int wk_cmd_events(const struct wk_cli *cli, int argc, char **argv)
{
    static const char *const tail_options[] = {"--type", "--tenant", "--from", "--until", NULL}, *const tail_flags[] = {"--payload", "--no-follow", NULL},
                             *const replay_options[] = {"--to", "--type", "--tenant", "--from", "--until", NULL}, *const replay_flags[] = {"--dry-run", NULL};
    bool is_tail = argc > 1 && !strcmp(argv[1], "tail"), is_show = argc == 3 && !strcmp(argv[1], "show"), is_replay = argc > 1 && !strcmp(argv[1], "replay");
    WK_AUTO(wk_config) config = NULL;
    const struct wk_server_conf *server;
    const char *conninfo;
    struct wk_event_filter filter;
    struct wk_err err = {0};
    bool ok;

    if (!(is_show || (is_tail && wk_cli_options(argc, argv, 2, tail_options, tail_flags)) ||
          (is_replay && wk_cli_options(argc, argv, 2, replay_options, replay_flags) && wk_cli_value(argc, argv, "--to") &&
           wk_cli_value(argc, argv, "--from"))))
        return wk_cli_usage("events");
    if (!(config = wk_cli_config(cli)) || !(server = wk_cli_server(cli, config)))
        return WK_CLI_FAILED;
    if (!cli->server && !is_show && wk_cli_value(argc, argv, "--tenant")) /* each database server has a log of its own */
        server = wk_cli_server_of(config, wk_cli_value(argc, argv, "--tenant"));
    conninfo = server->host;
    filter = (struct wk_event_filter){.type = wk_cli_value(argc, argv, "--type"), .tenant = wk_cli_value(argc, argv, "--tenant"),
                                      .from = wk_cli_value(argc, argv, "--from"), .until = wk_cli_value(argc, argv, "--until")};
    if (is_show)
        ok = wk_events_show(conninfo, argv[2], stdout, &err);
    else if (is_tail)
        ok = wk_events_tail(conninfo, &filter, wk_cli_has(argc, argv, "--payload"), !wk_cli_has(argc, argv, "--no-follow"), stdout, &err);
    else
        ok = wk_events_replay(conninfo, &filter, wk_cli_value(argc, argv, "--to"), wk_cli_has(argc, argv, "--dry-run"), stdout, &err);
    return ok ? WK_CLI_OK : wk_cli_fail(&err);
}
