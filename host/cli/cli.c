/* cli.c - the table of commands, the global options, and what commands share. */
#include "cli/cli.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct wk_command commands[] = {
    {"cache", "forget TENANT PATTERN",
     "what all hosts keep of a tenant under a tag (\"products\"), \"plugin.namespace:*\" or \"*\" is not true any more: after a change by SQL", wk_cmd_cache},
    {"check", "", "read the configuration, load and open every plugin in a process of its own, say what is wrong", wk_cmd_check},
    {"dead", "list|show ID|requeue ID|drop ID", "messages and events that were given up", wk_cmd_dead},
    {"errors", "[CODE]", "every error code with class, HTTP status, what people read and what to do; or one of them", wk_cmd_errors},
    {"events", "tail [--type T] [--tenant T] [--from TIME] [--until TIME] [--payload] [--no-follow] | show ID|SEQ |\n"
               "      replay --to SUBSCRIPTION --from TIME [--until TIME] [--type T] [--tenant T] [--dry-run]",
     "what is in the log, what became of an event, and once more to one subscription (TIME: \"2026-11-28 10:00Z\", or how long ago: 2h)", wk_cmd_events},
    {"export", "kong [--host NAME] [--upstream URL] [--jwt-key PEM] [--rate N] [--address-rate N] | istio",
     "what a Kong or an Istio in front needs of us, as YAML: routes, tenants, limits; the objects of the plugin mesh-istio", wk_cmd_export},
    {"help", "[COMMAND]", "this page, or one line of it", wk_cmd_help},
    {"lanes", "[--subscriptions]", "who works on which lane of the log and what waits there; or who has read how far, and what is frozen", wk_cmd_lanes},
    {"migrate", "[--dry-run] [--test-clock]", "bring the database to what the host and the enabled plugins need", wk_cmd_migrate},
    {"plugins", "[--hooks|--sql|--events|--settings]",
     "enabled plugins with version and build; what runs in which order; statements; event types; settings", wk_cmd_plugins},
    {"reload", "", "take the configuration and plugins over without dropping a request, or say why not", wk_cmd_reload},
    {"rollback", "", "go back to the generation before the serving one", wk_cmd_rollback},
    {"run", "", "serve, in the foreground", wk_cmd_run},
    {"status", "[--json]", "generations, workers, what they run, the last verdict, crashes and their blame, recycles and their suspect", wk_cmd_status},
    {"stop", "", "finish what is in progress and end", wk_cmd_stop},
    {"tenant", "create NAME --number ID[,ID] --waba ID [--tier T] [--isolation I] [--trial DAYS] [--request-id R] [OPTIONS] |\n"
               "      list | show TENANT | set TENANT [--name N] [--tier T] [--trial DAYS] [OPTIONS] | limits TENANT [--products N|tier] [--orders N|tier] [--users N|tier] |\n"
               "      suspend TENANT [--reason R] | resume TENANT | move TENANT --shard N|--server NAME [--limit SECONDS] | provision [TENANT] |\n"
               "      export TENANT [--to FILE] | delete TENANT [--grace DAYS] | undelete TENANT | purge |\n"
               "      secret set TENANT PLUGIN KEY | secret remove TENANT PLUGIN KEY | secret list [TENANT] | secret rotate |\n"
               "      address add TENANT CHANNEL ADDRESS [--account A] | address remove TENANT CHANNEL ADDRESS | address list [TENANT]\n"
               "      OPTIONS: [--language L] [--currency C] [--exponent N] [--timezone Z] [--feature PLUGIN=on|off|default[,..]]",
     "tenants, from their first day to their last; their secrets (read from standard input); their numbers and accounts, by which webhooks find them", wk_cmd_tenant},
    {"timers", "[TENANT]", "what is due when: time, tenant, key, name, event type", wk_cmd_timers},
    {"version", "", "version of the host and of the plugin ABI", wk_cmd_version},
    {"whatsapp", "decode FILE...", "what a webhook body holds, one line per update, without a server", wk_cmd_whatsapp},
};

const struct wk_command *wk_commands(size_t *n)
{
    *n = WK_COUNT(commands);
    return commands;
}

static int compare(const void *name, const void *command) { return strcmp(name, ((const struct wk_command *)command)->name); }

static const struct wk_command *find(const char *name)
{
    return bsearch(name, commands, WK_COUNT(commands), sizeof commands[0], compare);
}

static int unknown(const char *name)
{
    const char *names[WK_COUNT(commands)], *near;

    for (size_t i = 0; i < WK_COUNT(commands); i++)
        names[i] = commands[i].name;
    near = wk_nearest(name, names, WK_COUNT(names));
    if (near)
        (void)fprintf(stderr, "wakala: there is no command %s; did you mean %s?\n", name, near);
    else
        (void)fprintf(stderr, "wakala: there is no command %s; `wakala help` lists them\n", name);
    return WK_CLI_USAGE;
}

/* --- shared ------------------------------------------------------------------------------------------------------------------ */

struct wk_config *wk_cli_config(const struct wk_cli *cli)
{
    WK_AUTO(wk_problems) problems = wk_problems_create();
    struct wk_config *config = problems ? wk_config_load(cli->conf, problems) : NULL;

    if (config && !wk_problems_count(problems))
        return config;
    if (problems)
        wk_problems_print(problems, stderr);
    wk_config_destroy(config);
    return NULL;
}

const char *wk_cli_setting(const struct wk_config *config, const char *key)
{
    return wk_settings_text(wk_config_host(config), key);
}

bool wk_cli_has(int argc, char **argv, const char *flag)
{
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], flag))
            return true;
    return false;
}

const char *wk_cli_value(int argc, char **argv, const char *option)
{
    size_t n = strlen(option);

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], option))
            return i + 1 < argc ? argv[i + 1] : NULL;
        if (!strncmp(argv[i], option, n) && argv[i][n] == '=')
            return argv[i] + n + 1;
    }
    return NULL;
}

bool wk_cli_flags(int argc, char **argv, const char *const *flags)
{
    for (int i = 1; i < argc; i++) {
        bool is_known = false;

        for (const char *const *f = flags; *f; f++)
            is_known = is_known || !strcmp(argv[i], *f);
        if (is_known)
            continue;
        (void)fprintf(stderr, "wakala %s: %s is not understood\n", argv[0], argv[i]);
        (void)wk_cli_usage(argv[0]);
        return false;
    }
    return true;
}

static bool is_one_of(const char *const *names, const char *text, size_t len)
{
    for (; *names; names++)
        if (strlen(*names) == len && !strncmp(*names, text, len))
            return true;
    return false;
}

bool wk_cli_options(int argc, char **argv, int from, const char *const *options, const char *const *flags)
{
    for (int i = from; i < argc; i++) {
        size_t n = strcspn(argv[i], "=");

        if (is_one_of(options, argv[i], n)) {
            if (!argv[i][n] && ++i == argc) {
                (void)fprintf(stderr, "wakala %s: %s wants a value\n", argv[0], argv[i - 1]);
                return false;
            }
        } else if (!is_one_of(flags, argv[i], strlen(argv[i]))) {
            (void)fprintf(stderr, "wakala %s: %s is not understood\n", argv[0], argv[i]);
            return false;
        }
    }
    return true;
}

const struct wk_server_conf *wk_cli_server(const struct wk_cli *cli, const struct wk_config *config)
{
    const struct wk_server_conf *server = wk_config_server_find(config, cli->server ? cli->server : WK_SERVER_MAIN);

    if (server)
        return server;
    (void)fprintf(stderr, "wakala: no database server is called %s; there are", cli->server);
    for (size_t i = 0; i < wk_config_server_count(config); i++)
        (void)fprintf(stderr, "%s %s", i ? "," : "", wk_config_server(config, i)->name);
    (void)fprintf(stderr, "\n");
    return NULL;
}

int wk_cli_fail(const struct wk_err *err)
{
    (void)fprintf(stderr, "wakala: %s (%s)\n", err->msg, err->code);
    return wk_err_is(err, "master.not_running") ? WK_CLI_NOT_RUNNING : WK_CLI_FAILED;
}

int wk_cli_usage(const char *command)
{
    const struct wk_command *c = find(command);

    if (c)
        (void)fprintf(stderr, "usage: wakala [-c CONF] %s %s\n", c->name, c->args);
    return WK_CLI_USAGE;
}

const char *wk_cli_run_dir(const struct wk_cli *cli, char *buf, size_t size)
{
    WK_AUTO(wk_problems) problems = wk_problems_create();
    WK_AUTO(wk_config) config = NULL;

    if (cli->run_dir) {
        (void)snprintf(buf, size, "%s", cli->run_dir);
        return buf;
    }
    config = problems ? wk_config_load(cli->conf, problems) : NULL;
    if (config && wk_config_host(config)) { /* also with problems: whoever asks for the state may be repairing them */
        (void)snprintf(buf, size, "%s", wk_cli_setting(config, "host.run_dir"));
        return buf;
    }
    if (access("/run/wakala/control.sock", F_OK) == 0) { /* the default, while wakala.conf is being repaired */
        (void)snprintf(buf, size, "/run/wakala");
        return buf;
    }
    if (problems)
        wk_problems_print(problems, stderr);
    (void)fprintf(stderr, "wakala: host.run_dir cannot be read; --run-dir DIR names it\n");
    return NULL;
}

/* --- start ------------------------------------------------------------------------------------------------------------------- */

static bool choose_conf(const char *given, char out[PATH_MAX])
{
    const char *env = getenv("WAKALA_CONF"), *path = given ? given : env && *env ? env : NULL;

    if (!path)
        path = access("etc/wakala.conf", F_OK) == 0 ? "etc/wakala.conf" : "/etc/wakala/wakala.conf";
    if (realpath(path, out))
        return true;
    (void)snprintf(out, PATH_MAX, "%s", path); /* the command says what is wrong with it */
    return *path == '/';
}

/* -c FILE, --conf FILE, --conf=FILE, --run-dir DIR, --server NAME before the command. Returns the command's place, 0: wrong usage. */
static int globals(int argc, char **argv, struct wk_cli *cli)
{
    const struct {
        const char *name;
        const char **target;
    } options[] = {{"-c", &cli->conf}, {"--conf", &cli->conf}, {"--run-dir", &cli->run_dir}, {"--server", &cli->server}};
    int i = 1;

    while (i < argc && argv[i][0] == '-') {
        bool is_known = false;

        for (size_t o = 0; o < WK_COUNT(options) && !is_known; o++) {
            size_t n = strlen(options[o].name);

            if (!strcmp(argv[i], options[o].name) && i + 1 < argc) {
                *options[o].target = argv[++i];
                is_known = true;
            } else if (n > 2 && !strncmp(argv[i], options[o].name, n) && argv[i][n] == '=') {
                *options[o].target = argv[i] + n + 1;
                is_known = true;
            }
        }
        if (!is_known)
            break;
        i++;
    }
    return i;
}

int wk_cli_main(int argc, char **argv)
{
    static char conf[PATH_MAX];
    struct wk_cli cli = {0};
    const struct wk_command *command;
    int at = globals(argc, argv, &cli);
    const char *given = cli.conf;

    cli.conf = conf;
    if (at >= argc || !strcmp(argv[at], "--help") || !strcmp(argv[at], "-h")) {
        (void)wk_cmd_help(&cli, 1, (char *[]){(char[]){"help"}, NULL});
        return at >= argc ? WK_CLI_USAGE : WK_CLI_OK;
    }
    if (!strcmp(argv[at], "--version"))
        return wk_cmd_version(&cli, 1, (char *[]){(char[]){"version"}, NULL});
    if (argv[at][0] == '-') {
        (void)fprintf(stderr, "wakala: %s is not understood; `wakala help` lists what is\n", argv[at]);
        return WK_CLI_USAGE;
    }
    command = find(argv[at]);
    if (!command)
        return unknown(argv[at]);
    if (!choose_conf(given, conf)) {
        (void)fprintf(stderr, "wakala: %s: there is no such file\n", conf);
        return WK_CLI_FAILED;
    }
    return command->run(&cli, argc - at, argv + at);
}
