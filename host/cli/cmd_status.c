/* cmd_status.c - the master's account of itself, as JSON or for people. */
#include "cli/cli.h"
#include "master/client.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

enum { WAIT_MS = 5000 };

static const char *text(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s ? s : "-";
}
static long long number(const json_t *o, const char *key) { return json_integer_value(json_object_get(o, key)); }

static const char *span(long long s, char *buf, size_t size)
{
    if (s < 60)
        (void)snprintf(buf, size, "%llds", s);
    else if (s < 3600)
        (void)snprintf(buf, size, "%lldm%02llds", s / 60, s % 60);
    else if (s < 86400)
        (void)snprintf(buf, size, "%lldh%02lldm", s / 3600, s / 60 % 60);
    else
        (void)snprintf(buf, size, "%lldd%02lldh", s / 86400, s / 3600 % 24);
    return buf;
}

static void print_generation(const json_t *g)
{
    char up[32];
    size_t i;
    json_t *w;

    (void)printf("\ngeneration %lld  %s  build %s  up %s\n", number(g, "number"), text(g, "state"), text(g, "build"),
                 span(number(g, "uptime_s"), up, sizeof up));
    json_array_foreach(json_object_get(g, "workers"), i, w) {
        (void)printf("  worker %lld  pid %-8lld %-9s up %-7s %5lld MB  beat %4lld ms  %lld busy, %lld idle, %lld calls\n",
                     number(w, "index"), number(w, "pid"), text(w, "state"), span(number(w, "uptime_s"), up, sizeof up),
                     number(w, "rss_bytes") >> 20, number(w, "heartbeat_ms"), number(w, "connections_busy"),
                     number(w, "connections_idle"), number(w, "fibers"));
        if (json_is_string(json_object_get(w, "runs")))
            (void)printf("      runs %s\n", text(w, "runs"));
    }
    if (strcmp(text(g, "state"), "active") != 0)
        return;
    json_array_foreach(json_object_get(g, "plugins"), i, w)
        (void)printf("  plugin %-24s %-10s build %.12s%s\n", text(w, "name"), text(w, "version"), text(w, "build"),
                     json_is_true(json_object_get(w, "required")) ? "  required" : "");
}

static void print_crash(const json_t *c)
{
    (void)printf("  %s  pid %lld, generation %lld: %s", text(c, "at"), number(c, "pid"), number(c, "generation"), text(c, "reason"));
    if (json_object_get(c, "plugin"))
        (void)printf("\n      blame: %s %s, %s %s, tenant %s, message %s%s", text(c, "plugin"), text(c, "plugin_version"),
                     text(c, "hook"), text(c, "ref"), text(c, "tenant"), text(c, "message"),
                     json_is_true(json_object_get(c, "message_set_aside")) ? " (set aside)" : "");
    (void)printf("\n");
}

static void print_recycle(const json_t *r)
{
    (void)printf("  %s  pid %lld, generation %lld: %lld MB, %s (%lld MB)\n      suspect: ", text(r, "at"), number(r, "pid"),
                 number(r, "generation"), number(r, "rss_bytes") >> 20, text(r, "reason"), number(r, "max_bytes") >> 20);
    if (json_is_string(json_object_get(r, "suspect")))
        (void)printf("plugin %s, kept %lld MB\n", text(r, "suspect"), number(r, "kept_bytes") >> 20);
    else
        (void)printf("no plugin\n");
}

static void print_target(const json_t *t)
{
    (void)printf("  %-40s %s", text(t, "name"), text(t, "breaker"));
    if (number(t, "open_ms"))
        (void)printf(", for %lld ms more", number(t, "open_ms"));
    if (number(t, "opened_total"))
        (void)printf(", opened %lld times, last because: %s", number(t, "opened_total"), text(t, "cause"));
    (void)printf("\n");
}

static void print_status(const json_t *s)
{
    const json_t *reload = json_object_get(s, "reload");
    char up[32];
    size_t i;
    const char *name;
    json_t *one;

    (void)printf("master pid %lld, up %s, listening on %s%s\n", number(s, "pid"), span(number(s, "uptime_s"), up, sizeof up),
                 text(s, "listen"), json_is_true(json_object_get(s, "stopping")) ? ", stopping" : "");
    (void)printf("configuration %s\n", text(s, "conf"));
    (void)printf("last %s: %s at %s, generation %lld%s\n", text(reload, "what"),
                 json_is_true(json_object_get(reload, "ok")) ? "accepted" : "refused", text(reload, "at"),
                 number(reload, "generation"), json_is_true(json_object_get(s, "reload_running")) ? "; another is running" : "");
    json_array_foreach(json_object_get(reload, "problems"), i, one)
        (void)printf("  %s\n", json_string_value(one));
    json_array_foreach(json_object_get(s, "quarantine"), i, one)
        (void)printf("quarantined: plugin %s (it crashed repeatedly; `wakala reload` tries it again)\n", json_string_value(one));
    i = 0;
    (void)printf("depends on");
    json_object_foreach(json_object_get(s, "dependencies"), name, one)
        (void)printf("%s %s %s", i++ ? "," : "", name, !json_is_true(json_object_get(one, "ok")) ? "DOWN"
                     : json_is_true(json_object_get(one, "degraded"))                           ? "degraded: not reached, goes on without"
                                                                                                : "ok");
    (void)printf("\n");
    json_array_foreach(json_object_get(s, "generations"), i, one)
        print_generation(one);
    if (json_array_size(json_object_get(s, "targets")))
        (void)printf("\ntargets outside\n");
    json_array_foreach(json_object_get(s, "targets"), i, one)
        print_target(one);
    if (number(s, "crashes_total"))
        (void)printf("\ncrashes: %lld, the latest first\n", number(s, "crashes_total"));
    json_array_foreach(json_object_get(s, "crashes"), i, one)
        print_crash(one);
    if (number(s, "recycles_total"))
        (void)printf("\nrecycled for their memory: %lld, the latest first\n", number(s, "recycles_total"));
    json_array_foreach(json_object_get(s, "recycles"), i, one)
        print_recycle(one);
}

int wk_cmd_status(const struct wk_cli *cli, int argc, char **argv)
{
    char buf[PATH_MAX];
    const char *run_dir;
    struct wk_err err = {0};
    json_t *status;

    if (!wk_cli_flags(argc, argv, (const char *const[]){"--json", NULL}))
        return WK_CLI_USAGE;
    run_dir = wk_cli_run_dir(cli, buf, sizeof buf);
    if (!run_dir)
        return WK_CLI_FAILED;
    status = wk_client_ask(run_dir, "status", WAIT_MS, &err);
    if (!status)
        return wk_cli_fail(&err);
    if (wk_cli_has(argc, argv, "--json")) {
        (void)json_dumpf(status, stdout, JSON_INDENT(2));
        (void)printf("\n");
    } else {
        print_status(status);
    }
    json_decref(status);
    return WK_CLI_OK;
}
