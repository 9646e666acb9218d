/* wakala events tail | show ID | replay --to SUBSCRIPTION: what is in the log, what became of it, and once more. */
#include "cli/cli.h"
#include "event/admin.h"

static bool is_one_of(const char *const *names, const char *text, size_t len)
{
    for (; *names; names++)
        if (strlen(*names) == len && !strncmp(*names, text, len))
            return true;
    return false;
}

/* Options with a value, then flags; anything else is wrong usage. */
static bool understood(int argc, char **argv, const char *const *options, const char *const *flags)
{
    for (int i = 2; i < argc; i++) {
        size_t n = strcspn(argv[i], "=");

        if (is_one_of(options, argv[i], n)) {
            if (!argv[i][n] && ++i == argc)
                return false;
        } else if (!is_one_of(flags, argv[i], strlen(argv[i]))) {
            (void)fprintf(stderr, "wakala events %s: %s is not understood\n", argv[1], argv[i]);
            return false;
        }
    }
    return true;
}

int wk_cmd_events(const struct wk_cli *cli, int argc, char **argv)
{
    static const char *const tail_options[] = {"--type", "--tenant", "--from", "--until", NULL}, *const tail_flags[] = {"--payload", "--no-follow", NULL},
                             *const replay_options[] = {"--to", "--type", "--tenant", "--from", "--until", NULL}, *const replay_flags[] = {"--dry-run", NULL};
    bool is_tail = argc > 1 && !strcmp(argv[1], "tail"), is_show = argc == 3 && !strcmp(argv[1], "show"), is_replay = argc > 1 && !strcmp(argv[1], "replay");
    WK_AUTO(wk_config) config = NULL;
    const char *conninfo;
    struct wk_event_filter filter;
    struct wk_err err = {0};
    bool ok;

    if (!(is_show || (is_tail && understood(argc, argv, tail_options, tail_flags)) ||
          (is_replay && understood(argc, argv, replay_options, replay_flags) && wk_cli_value(argc, argv, "--to"))))
        return wk_cli_usage("events");
    if (!(config = wk_cli_config(cli)))
        return WK_CLI_FAILED;
    conninfo = wk_cli_setting(config, "database.host");
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
