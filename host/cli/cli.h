/* cli.h - `wakala COMMAND`: one file per command (cmd_<name>.c), one sorted table (cli.c).
 * Exit status: 0 done, 1 refused or failed, 2 wrong usage, 3 no wakala is running. */
#ifndef WK_CLI_H
#define WK_CLI_H
#include <stdbool.h>
#include <stddef.h>
#include "config/config.h"

#define WK_VERSION "1.0.0"

enum { WK_CLI_OK, WK_CLI_FAILED, WK_CLI_USAGE, WK_CLI_NOT_RUNNING };

struct wk_cli {
    const char *conf;    /* absolute path of wakala.conf: -c, WAKALA_CONF, etc/wakala.conf, /etc/wakala/wakala.conf */
    const char *run_dir; /* --run-dir; NULL: from the configuration */
    const char *server;  /* --server; NULL: main */
};

/* argv[0] is the command's own name. */
typedef int wk_command_fn(const struct wk_cli *cli, int argc, char **argv);
struct wk_command {
    const char *name, *args, *summary; /* args: "[--json]" or "" */
    wk_command_fn *run;
};

int wk_cli_main(int argc, char **argv);
const struct wk_command *wk_commands(size_t *n); /* sorted by name */

/* --- for commands ------------------------------------------------------------------------------------------------------------ */
/* The configuration without problems, or NULL and every problem on stderr. The caller destroys it. */
struct wk_config *wk_cli_config(const struct wk_cli *cli);
const char *wk_cli_setting(const struct wk_config *config, const char *key); /* host setting as text */
/* The database server that --server names, main without it. NULL: there is none of this name, and what there is on stderr. */
const struct wk_server_conf *wk_cli_server(const struct wk_cli *cli, const struct wk_config *config);
/* Is flag ("--json") among argv[1..]? Anything else that begins with '-' is refused by wk_cli_flags(). */
bool wk_cli_has(int argc, char **argv, const char *flag);
/* The value after option ("--number X" or "--number=X"); NULL: not given. */
const char *wk_cli_value(int argc, char **argv, const char *option);
/* False, with the usage on stderr, when argv holds a flag that is not in `flags` (NULL-terminated) or an operand. */
bool wk_cli_flags(int argc, char **argv, const char *const *flags);
/* From argv[from] on: options with a value (in either form), then flags; both NULL-terminated. False, and what is not understood on stderr, for
 * anything else and for an option without its value. */
bool wk_cli_options(int argc, char **argv, int from, const char *const *options, const char *const *flags);
int wk_cli_fail(const struct wk_err *err); /* "wakala: text" on stderr; the exit status */
int wk_cli_usage(const char *command);     /* its line on stderr; WK_CLI_USAGE */
/* Where the running master is asked: --run-dir, else the configuration's, even one with problems. buf is returned, or NULL. */
const char *wk_cli_run_dir(const struct wk_cli *cli, char *buf, size_t size);

wk_command_fn wk_cmd_cache, wk_cmd_check, wk_cmd_dead, wk_cmd_errors, wk_cmd_events, wk_cmd_export, wk_cmd_help, wk_cmd_lanes, wk_cmd_migrate, wk_cmd_plugins, wk_cmd_reload, wk_cmd_rollback,
    wk_cmd_run, wk_cmd_status, wk_cmd_stop, wk_cmd_tenant, wk_cmd_timers, wk_cmd_version, wk_cmd_whatsapp;
#endif
