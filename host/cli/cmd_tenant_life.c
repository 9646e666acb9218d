/* wakala tenant create | show | set | limits | suspend | resume | move | delete | undelete | provision: the same statements as /v1/tenants (tenant/life.h). */
#include "cli/tenant.h"
#include "db/migrate.h"
#include "tenant/admin.h"
#include "tenant/life.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const none[] = {NULL};

/* Does it and has the answer as JSON; NULL, and the error is printed. The caller's: json_decref. */
static json_t *life(const struct wk_config *config, const struct wk_server_conf *server, enum wk_life what, const char *tenant, json_t *asked)
{
    struct wk_life_site sites[WK_SERVERS_MAX];
    unsigned n = (unsigned)wk_config_server_count(config);
    struct wk_err err = {0};
    struct wk_uuid id;
    char *text = asked ? json_dumps(asked, JSON_COMPACT) : NULL, *answer = NULL;
    struct wk_life_ask ask = {.what = what, .asked = text, .id = tenant ? &id : NULL, .subject = wk_cli_operator(), .role = "operator"};
    json_t *out = NULL;

    json_decref(asked);
    for (unsigned i = 0; i < n; i++) {
        const struct wk_server_conf *one = wk_config_server(config, i);

        sites[i] = (struct wk_life_site){one->host, one->shards};
        if (one == server)
            ask.at = i;
    }
    if (!text)
        (void)wk_fail(&err, WK_BUSINESS, "tenant.invalid", "a value is no UTF-8");
    else if ((!tenant || wk_tenant_find(server->host, tenant, &id, &err)) && wk_life_now(sites, n, &ask, &answer, &err))
        out = json_loads(answer, JSON_DECODE_ANY, NULL);
    free(text);
    free(answer);
    if (!out)
        (void)wk_cli_fail(&err);
    return out;
}

static const char *member(const json_t *object, const char *name) { return json_string_value(json_object_get(object, name)); }

/* --- what an operator writes, as the JSON that is asked for --- */

/* A whole number stays one; what is none is told by the statement that checks it. */
static json_t *number_or_text(const char *text)
{
    char *end;
    long long n = strtoll(text, &end, 10);

    return *text && !*end ? json_integer((json_int_t)n) : json_string(text);
}

static void put(json_t *to, int argc, char **argv, const char *option, const char *name)
{
    const char *value = wk_cli_value(argc, argv, option);

    if (value)
        (void)json_object_set_new(to, name, number_or_text(value));
}

static json_t *numbers(const char *list, const char *waba)
{
    json_t *out = json_array();

    for (const char *p = list; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
        (void)json_array_append_new(out, json_pack("{s:s#, s:s?}", "id", p, (int)strcspn(p, ","), "waba", waba));
    return out;
}

/* "loyalty=off,drivers=on,cod=default", of enabled plugins. NULL, and why on stderr. */
static json_t *features(const struct wk_config *config, const char *list)
{
    const char *enabled[128], *near;
    char name[64];
    size_t n = 0;
    json_t *out = json_object();

    for (size_t i = 0; i < wk_config_plugin_count(config) && n < WK_COUNT(enabled); i++)
        if (wk_config_plugin(config, i)->is_enabled)
            enabled[n++] = wk_config_plugin(config, i)->name;
    for (const char *p = list; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL) {
        size_t len = strcspn(p, ",="), i = 0;
        const char *value = p[len] == '=' ? p + len + 1 : "";
        size_t value_len = strcspn(value, ",");

        (void)snprintf(name, sizeof name, "%.*s", (int)len, p);
        while (i < n && strcmp(enabled[i], name) != 0)
            i++;
        if (i == n) {
            near = wk_nearest(name, enabled, n);
            (void)fprintf(stderr, "wakala: no enabled plugin is called %s%s%s\n", name, near ? "; did you mean " : "", near ? near : "");
        }
        if (i < n && value_len == 2 && !strncmp(value, "on", 2))
            (void)json_object_set_new(out, name, json_true());
        else if (i < n && value_len == 3 && !strncmp(value, "off", 3))
            (void)json_object_set_new(out, name, json_false());
        else if (i < n && value_len == 7 && !strncmp(value, "default", 7))
            (void)json_object_set_new(out, name, json_null());
        else {
            if (i < n)
                (void)fprintf(stderr, "wakala: --feature %s: allowed are %s=on, %s=off, %s=default\n", name, name, name, name);
            json_decref(out);
            return NULL;
        }
    }
    return out;
}

static json_t *asked_for(const struct wk_config *config, int argc, char **argv)
{
    json_t *asked = json_object(), *conf = json_object(), *found = NULL;
    const char *number = wk_cli_value(argc, argv, "--number"), *feature = wk_cli_value(argc, argv, "--feature"), *name = wk_cli_value(argc, argv, "--name");

    if (name)
        (void)json_object_set_new(asked, "name", json_string(name)); /* "2020" is a name, too */
    put(asked, argc, argv, "--tier", "tier");
    put(asked, argc, argv, "--isolation", "isolation");
    put(asked, argc, argv, "--trial", "trial_days");
    put(conf, argc, argv, "--language", "language");
    put(conf, argc, argv, "--currency", "currency");
    put(conf, argc, argv, "--exponent", "currency_exponent");
    put(conf, argc, argv, "--timezone", "timezone");
    if (number)
        (void)json_object_set_new(conf, "numbers", numbers(number, wk_cli_value(argc, argv, "--waba")));
    if (feature && !(found = features(config, feature))) {
        json_decref(asked);
        json_decref(conf);
        return NULL;
    }
    if (found)
        (void)json_object_set_new(conf, "features", found);
    (void)json_object_set_new(asked, "config", conf);
    return asked;
}

/* --- the commands --- */

static void print_done(void *arg, const char *id, const char *name)
{
    (void)arg;
    (void)printf("%s\t%s\tready\n", id, name);
}
static void print_nothing(void *arg, const char *id, const char *name)
{
    (void)arg;
    (void)id;
    (void)name;
}

/* Schemas are the owner's to make: only a command has that connection. */
static bool provision(const struct wk_config *config, const struct wk_server_conf *server, const struct wk_uuid *only, void (*done)(void *, const char *, const char *))
{
    struct wk_migrate_conf conf = {.conninfo = server->owner, .share_dir = wk_cli_setting(config, "host.share_dir")};
    const char **names = calloc(wk_config_plugin_count(config) + 1, sizeof *names);
    struct wk_err err = {0};
    bool ok = names != NULL;

    for (size_t i = 0; ok && i < wk_config_plugin_count(config); i++)
        if (wk_config_plugin(config, i)->is_enabled)
            names[conf.plugin_count++] = wk_config_plugin(config, i)->name;
    conf.plugins = names;
    if (!conf.conninfo || !*conf.conninfo)
        ok = wk_fail(&err, WK_SYSTEM, "migrate.failed", "database.owner is not set: a tenant with a schema of its own needs a role that may make schemas; "
                                                        "set it and run `wakala tenant provision`");
    ok = ok && wk_life_provision(server->host, &conf, only, done, NULL, &err);
    free(names);
    if (!ok)
        (void)wk_cli_fail(&err);
    return ok;
}

int wk_tenant_cmd_provision(const struct wk_config *config, const struct wk_server_conf *server, int argc, char **argv)
{
    struct wk_err err = {0};
    struct wk_uuid id;

    if (argc > 3 || (argc == 3 && *argv[2] == '-'))
        return wk_cli_usage("tenant");
    if (argc == 3 && !wk_tenant_find(server->host, argv[2], &id, &err))
        return wk_cli_fail(&err);
    return provision(config, server, argc == 3 ? &id : NULL, print_done) ? WK_CLI_OK : WK_CLI_FAILED;
}

int wk_tenant_cmd_create(const struct wk_config *config, const struct wk_server_conf *server, int argc, char **argv)
{
    static const char *const options[] = {"--number", "--waba", "--tier", "--isolation", "--trial", "--language", "--currency", "--exponent", "--timezone",
                                          "--feature", "--request-id", NULL};
    const char *request = wk_cli_value(argc, argv, "--request-id"), *waba = wk_cli_value(argc, argv, "--waba");
    const json_t *tenant;
    struct wk_uuid id;
    json_t *asked, *answer;
    bool is_new, is_open, ok;

    if (argc < 3 || *argv[2] == '-' || !wk_cli_options(argc, argv, 3, options, none))
        return wk_cli_usage("tenant");
    if (!(asked = asked_for(config, argc, argv)))
        return WK_CLI_FAILED;
    (void)json_object_set_new(asked, "name", json_string(argv[2]));
    if (request)
        (void)json_object_set_new(asked, "request_id", json_string(request));
    if (!(answer = life(config, server, WK_LIFE_CREATE, NULL, asked)))
        return WK_CLI_FAILED;
    tenant = json_object_get(answer, "tenant");
    is_new = json_is_true(json_object_get(answer, "is_new"));
    is_open = !strcmp(member(tenant, "state"), "provisioning");
    server = wk_cli_server_of(config, member(tenant, "id"));
    ok = wk_uuid_parse(member(tenant, "id"), &id) && (!is_open || provision(config, server, &id, print_nothing));
    if (ok)
        (void)printf("%s\t%s\n", member(tenant, "id"), is_new ? "created" : "exists");
    json_decref(answer);
    if (ok)
        wk_cli_note_sharing(server->host, "whatsapp", waba);
    return ok ? WK_CLI_OK : WK_CLI_FAILED;
}

/* member<TAB>value, config's members as config.<name>. */
static void print_members(const char *prefix, const json_t *object)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)object, name, value) {
        char *text = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

        if (!*prefix && !strcmp(name, "config"))
            print_members("config.", value);
        else
            (void)printf("%s%s\t%s\n", prefix, name, json_is_null(value) ? "-" : json_is_string(value) ? json_string_value(value) : text ? text : "?");
        free(text);
    }
}

int wk_tenant_cmd_show(const struct wk_config *config, const struct wk_server_conf *server, int argc, char **argv)
{
    json_t *answer;

    if (argc != 3 || *argv[2] == '-')
        return wk_cli_usage("tenant");
    if (!(answer = life(config, server, WK_LIFE_GET, argv[2], json_object())))
        return WK_CLI_FAILED;
    print_members("", answer);
    if (wk_config_server_count(config) > 1)
        (void)printf("server\t%s\n", server->name);
    json_decref(answer);
    return WK_CLI_OK;
}

int wk_tenant_cmd_set(const struct wk_config *config, const struct wk_server_conf *server, int argc, char **argv)
{
    static const char *const options[] = {"--name", "--number", "--waba", "--tier", "--trial", "--language", "--currency", "--exponent", "--timezone",
                                          "--feature", NULL};
    json_t *asked, *answer;

    if (argc < 4 || *argv[2] == '-' || !wk_cli_options(argc, argv, 3, options, none))
        return wk_cli_usage("tenant");
    if (!(asked = asked_for(config, argc, argv)) || !(answer = life(config, server, WK_LIFE_CHANGE, argv[2], asked)))
        return WK_CLI_FAILED;
    print_members("", answer);
    json_decref(answer);
    return WK_CLI_OK;
}

/* The tenant's own limits; "-": its tier's. */
int wk_tenant_cmd_limits(const struct wk_config *config, const struct wk_server_conf *server, int argc, char **argv)
{
    static const char *const options[] = {"--products", "--orders", "--users", NULL};
    static const char *const members[] = {"maxProducts", "maxOrders", "maxUsers"};
    json_t *limits = json_object(), *answer;
    bool is_change = argc > 3;

    if (argc < 3 || *argv[2] == '-' || !wk_cli_options(argc, argv, 3, options, none)) {
        json_decref(limits);
        return wk_cli_usage("tenant");
    }
    for (size_t i = 0; i < WK_COUNT(members); i++) {
        const char *value = wk_cli_value(argc, argv, options[i]);

        if (value)
            (void)json_object_set_new(limits, members[i], !strcmp(value, "tier") ? json_null() : number_or_text(value));
    }
    answer = life(config, server, is_change ? WK_LIFE_CHANGE : WK_LIFE_GET, argv[2], json_pack("{s:{s:o}}", "config", "limits", limits));
    if (!answer)
        return WK_CLI_FAILED;
    for (size_t i = 0; i < WK_COUNT(members); i++) {
        const json_t *own = json_object_get(json_object_get(json_object_get(answer, "config"), "limits"), members[i]);

        (void)printf("%s\t", members[i]);
        if (own)
            (void)printf("%lld\n", (long long)json_integer_value(own));
        else
            (void)printf("-\n");
    }
    json_decref(answer);
    return WK_CLI_OK;
}

/* TENANT<TAB>what it is now. */
static int change(const struct wk_config *config, const struct wk_server_conf *server, const char *tenant, enum wk_life what, json_t *asked)
{
    json_t *answer = life(config, server, what, tenant, asked);
    const char *delete_at = answer ? member(answer, "delete_at") : NULL;

    if (!answer)
        return WK_CLI_FAILED;
    if (delete_at)
        (void)printf("%s\tdeleting\t%s\n", tenant, delete_at);
    else
        (void)printf("%s\t%s\n", tenant, member(answer, "status"));
    json_decref(answer);
    return WK_CLI_OK;
}

int wk_tenant_cmd_suspend(const struct wk_config *config, const struct wk_server_conf *server, int argc, char **argv)
{
    static const char *const options[] = {"--reason", NULL};
    const char *reason = wk_cli_value(argc, argv, "--reason");

    if (argc < 3 || *argv[2] == '-' || !wk_cli_options(argc, argv, 3, options, none))
        return wk_cli_usage("tenant");
    return change(config, server, argv[2], WK_LIFE_SUSPEND, json_pack("{s:s}", "reason", reason ? reason : ""));
}

int wk_tenant_cmd_resume(const struct wk_config *config, const struct wk_server_conf *server, int argc, char **argv)
{
    return argc == 3 && *argv[2] != '-' ? change(config, server, argv[2], WK_LIFE_RESUME, json_object()) : wk_cli_usage("tenant");
}

int wk_tenant_cmd_delete(const struct wk_config *config, const struct wk_server_conf *server, int argc, char **argv)
{
    static const char *const options[] = {"--grace", NULL};
    const char *grace = wk_cli_value(argc, argv, "--grace");
    char *end = NULL;
    long days = grace ? strtol(grace, &end, 10) : 30;

    if (argc < 3 || *argv[2] == '-' || !wk_cli_options(argc, argv, 3, options, none))
        return wk_cli_usage("tenant");
    if (grace && (!*grace || *end || days < 1 || days > 365)) {
        (void)fprintf(stderr, "wakala: --grace %s: days until its data is removed, 1 to 365\n", grace);
        return WK_CLI_FAILED;
    }
    return change(config, server, argv[2], WK_LIFE_DELETE, json_pack("{s:I}", "grace_s", (json_int_t)days * 86400));
}

int wk_tenant_cmd_undelete(const struct wk_config *config, const struct wk_server_conf *server, int argc, char **argv)
{
    return argc == 3 && *argv[2] != '-' ? change(config, server, argv[2], WK_LIFE_UNDELETE, json_object()) : wk_cli_usage("tenant");
}
