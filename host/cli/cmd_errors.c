/* cmd_errors.c - the catalogue of error codes: host and enabled plugins as the tables of docs/errors.md, or one code with its cure. A code of the
 * host's own is explained also when nothing can be loaded: that is when it is asked for. */
#include "call/call.h"
#include "cli/cli.h"
#include "plugin/registry.h"
#include "plugin/stage.h"

#include <stdio.h>

static const char *class_name(enum wk_class cls)
{
    static const char *const names[] = {"OK", "TRANSIENT", "BUSINESS", "SYSTEM", "SECURITY"};

    return (size_t)cls < WK_COUNT(names) ? names[cls] : "?";
}

/* Whose sentence people read of a code that has none. */
static const char *told_as(const struct wk_error_type *t)
{
    return t->cls != WK_SECURITY ? "as `SYSTEM_ERROR`" : t->status == 404 ? "as `tenant.unknown`" : "as `FORBIDDEN`";
}

static void print_owner(const struct wk_error_hook *errors, size_t n, const struct wk_plugin *owner)
{
    (void)printf("## %s\n\n| code | class | HTTP | people read | what to do |\n|---|---|---|---|---|\n", owner->name);
    for (size_t i = 0; i < n; i++) {
        const struct wk_error_type *t = errors[i].type;

        if (errors[i].plugin == owner)
            (void)printf("| `%s` | %s | %u | %s%s | %s |\n", t->code, class_name(t->cls), t->status, t->text ? t->text : told_as(t),
                         t->flags & WK_ERROR_MESSAGE ? " With what is wrong as `message`." : "", t->cure);
    }
}

static void print_all(const struct wk_registry *registry)
{
    size_t n;
    const struct wk_error_hook *errors = wk_registry_errors(registry, &n);

    print_owner(errors, n, wk_registry_error(registry, WK_TOLD_SYSTEM)->plugin);
    for (size_t i = 0; i < wk_registry_count(registry); i++) {
        const struct wk_plugin *plugin = wk_registry_at(registry, i);

        if (plugin->desc.errors && plugin->desc.errors->code) {
            (void)printf("\n");
            print_owner(errors, n, plugin);
        }
    }
}

static void print_one(const struct wk_registry *registry, const struct wk_error_hook *hook)
{
    const struct wk_error_type *t = hook->type;
    const char *sentence = t->cls == WK_SECURITY && t->status == 404 ? "tenant.unknown" : t->cls == WK_SECURITY ? WK_TOLD_SECURITY : WK_TOLD_SYSTEM;
    const char *text = t->text ? t->text : wk_registry_error(registry, sentence)->type->text;

    (void)printf("%s  %s, HTTP %u, listed by %s\npeople read:  %s\nwhat to do:   %s\n", t->code, class_name(t->cls), t->status, hook->plugin->name, text,
                 t->cure);
}

static int unknown(const struct wk_registry *registry, const char *code)
{
    const char *codes[1024], *near;
    size_t n = 0;
    const struct wk_error_hook *errors = registry ? wk_registry_errors(registry, &n) : NULL;

    for (size_t i = 0; i < n && i < WK_COUNT(codes); i++)
        codes[i] = errors[i].type->code;
    near = n ? wk_nearest(code, codes, n < WK_COUNT(codes) ? n : WK_COUNT(codes)) : NULL;
    (void)fprintf(stderr, "wakala: neither the host nor an enabled plugin lists %s%s%s%s\n", code, near ? "; did you mean " : "", near ? near : "",
                  near ? "?" : "");
    return WK_CLI_FAILED;
}

int wk_cmd_errors(const struct wk_cli *cli, int argc, char **argv)
{
    WK_AUTO(wk_problems) problems = wk_problems_create();
    WK_AUTO(wk_config) config = NULL;
    WK_AUTO(wk_stage) stage = NULL;
    WK_AUTO(wk_registry) registry = NULL;
    struct wk_registry_conf conf = {.host = &wk_host_table};
    const struct wk_error_hook *hook;

    if (argc > 2 || (argc == 2 && argv[1][0] == '-'))
        return wk_cli_usage("errors");
    hook = argc == 2 ? wk_registry_error(NULL, argv[1]) : NULL;
    if (!hook) {
        config = wk_cli_config(cli);
        conf.config = config;
        conf.stage = stage = config && problems ? wk_stage_create(config, problems) : NULL;
        registry = stage ? wk_registry_load(&conf, problems) : NULL;
        if (!registry && problems)
            wk_problems_print(problems, stderr);
        if (!registry)
            return WK_CLI_FAILED;
        hook = argc == 2 ? wk_registry_error(registry, argv[1]) : NULL;
    }
    if (argc == 2 && !hook)
        return unknown(registry, argv[1]);
    if (hook)
        print_one(registry, hook);
    else
        print_all(registry);
    return WK_CLI_OK;
}
