/* cmd_reload.c - reload, rollback: ask, wait, print the verdict. */
#include "cli/cli.h"
#include "master/client.h"

#include <limits.h>
#include <stdio.h>

enum { WAIT_MS = 180000 }; /* one running before ours, and ours; each has deadlines of its own */

static void print_verdict(const json_t *v, bool is_ok)
{
    const char *what = json_string_value(json_object_get(v, "what"));
    long long number = json_integer_value(json_object_get(v, "generation"));
    long long serving = json_integer_value(json_object_get(v, "serving"));
    size_t i;
    json_t *p;

    json_array_foreach(json_object_get(v, "problems"), i, p)
        (void)fprintf(stderr, "%s\n", json_string_value(p));
    if (is_ok)
        (void)printf("%s: generation %lld serves (%lld ms)\n", what ? what : "reload", number,
                     (long long)json_integer_value(json_object_get(v, "took_ms")));
    else
        (void)fprintf(stderr, "wakala: %s refused; generation %lld serves on unchanged\n", what ? what : "reload", serving);
}

static int ask(const struct wk_cli *cli, int argc, char **argv, const char *verb)
{
    char buf[PATH_MAX];
    const char *run_dir, *error;
    struct wk_err err = {0};
    json_t *answer;
    bool is_ok;

    if (!wk_cli_flags(argc, argv, (const char *const[]){NULL}))
        return WK_CLI_USAGE;
    run_dir = wk_cli_run_dir(cli, buf, sizeof buf);
    if (!run_dir)
        return WK_CLI_FAILED;
    answer = wk_client_ask(run_dir, verb, WAIT_MS, &err);
    if (!answer)
        return wk_cli_fail(&err);
    is_ok = json_is_true(json_object_get(answer, "ok"));
    error = json_string_value(json_object_get(answer, "error"));
    if (error)
        (void)fprintf(stderr, "wakala: %s\n", error);
    else if (json_object_get(answer, "problems"))
        print_verdict(answer, is_ok);
    json_decref(answer);
    return is_ok ? WK_CLI_OK : WK_CLI_FAILED;
}

int wk_cmd_reload(const struct wk_cli *cli, int argc, char **argv) { return ask(cli, argc, argv, "reload"); }
int wk_cmd_rollback(const struct wk_cli *cli, int argc, char **argv) { return ask(cli, argc, argv, "rollback"); }
int wk_cmd_stop(const struct wk_cli *cli, int argc, char **argv) { return ask(cli, argc, argv, "stop"); }
