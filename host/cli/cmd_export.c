/* wakala export kong [--host NAME] [--upstream URL] [--jwt-key PEM] [--rate N] [--address-rate N] | istio
 * What a gateway or a mesh in front of us needs, on standard output: docs/design/mesh.md. Plugins are loaded as a worker would, none is opened. */
#include "call/call.h"
#include "cli/cli.h"
#include "cli/kong.h"
#include "cli/yaml.h"
#include "config/settings.h"
#include "plugin/registry.h"
#include "plugin/stage.h"
#include "tenant/places.h"
#include <stdlib.h>

enum { RATE = 1000, ADDRESS_RATE = 100 };

/* A whole number from 1, or the default; 0: it is none, and that has been said. */
static int64_t number(int argc, char **argv, const char *option, int64_t otherwise)
{
    const char *text = wk_cli_value(argc, argv, option);
    char *end = NULL;
    long long n = text && *text >= '0' && *text <= '9' ? strtoll(text, &end, 10) : 0;

    if (!text)
        return otherwise;
    if (n >= 1 && n <= 1000000000 && !*end)
        return n;
    (void)fprintf(stderr, "wakala export: %s %s: allowed is a whole number from 1 to 1000000000\n", option, text);
    return 0;
}

/* Where Kong reaches us, unless told: the address we listen on, or, when that is any, the name of this instance, as a service would be called. */
static void default_upstream(const struct wk_config *config, char *out, size_t size)
{
    const char *listen = wk_cli_setting(config, "host.listen"), *port = strrchr(listen, ':');
    bool is_any = !strncmp(listen, "0.0.0.0:", 8) || !strncmp(listen, "[::]:", 5);

    if (is_any)
        (void)snprintf(out, size, "http://%s%s", wk_cli_setting(config, "host.name"), port);
    else
        (void)snprintf(out, size, "http://%s", listen);
}

static int kong(const struct wk_config *config, const struct wk_registry *registry, int argc, char **argv)
{
    static const char *const options[] = {"--host", "--upstream", "--jwt-key", "--rate", "--address-rate", NULL}, *const none[] = {NULL};
    const char *upstream = wk_cli_value(argc, argv, "--upstream");
    char usual[256];
    struct wk_kong k = {.registry = registry, .config = config, .upstream = upstream ? upstream : usual,
                        .host = wk_cli_value(argc, argv, "--host"), .jwt_key = wk_cli_value(argc, argv, "--jwt-key"),
                        .rate = number(argc, argv, "--rate", RATE), .address_rate = number(argc, argv, "--address-rate", ADDRESS_RATE),
                        .body_max = wk_settings_int(wk_config_host(config), "http.body_max")};
    struct wk_err err = {0};
    json_t *all;

    if (!wk_cli_options(argc, argv, 2, options, none))
        return wk_cli_usage("export");
    if (!k.rate || !k.address_rate)
        return WK_CLI_USAGE;
    if (strncmp(k.upstream, "http://", 7) != 0 && strncmp(k.upstream, "https://", 8) != 0 && upstream) {
        (void)fprintf(stderr, "wakala export: --upstream %s: allowed is a URL such as http://wakala:8080\n", upstream);
        return WK_CLI_USAGE;
    }
    default_upstream(config, usual, sizeof usual);
    all = wk_kong_make(&k, &err);
    if (!all)
        return wk_cli_fail(&err);
    if (!k.jwt_key)
        (void)fprintf(stderr, "wakala: note: without --jwt-key Kong verifies no token; the host does\n");
    wk_yaml_write(all, stdout);
    json_decref(all);
    return WK_CLI_OK;
}

static bool print_object(void *arg, const char *json)
{
    json_t *object = json_loads(json, 0, NULL);

    (void)arg;
    (void)printf("---\n");
    wk_yaml_write(object, stdout);
    json_decref(object);
    return true;
}

static int istio(const struct wk_config *config, const struct wk_registry *registry, int argc)
{
    struct wk_places places = {0};
    struct wk_err err = {0};
    const struct wk_mesh *mesh;
    bool ok;

    if (argc != 2)
        return wk_cli_usage("export");
    mesh = (const struct wk_mesh *)wk_registry_service(registry, WK_MESH, NULL, &err);
    ok = mesh && wk_places_read_sync(config, &places, &err) &&
         mesh->objects((struct wk_plugin *)mesh->head.self, places.tenants, places.n, print_object, NULL, &err);
    wk_places_finish(&places);
    return ok ? WK_CLI_OK : wk_cli_fail(&err);
}

int wk_cmd_export(const struct wk_cli *cli, int argc, char **argv)
{
    WK_AUTO(wk_config) config = NULL;
    WK_AUTO(wk_problems) problems = wk_problems_create();
    WK_AUTO(wk_stage) stage = NULL;
    WK_AUTO(wk_registry) registry = NULL;
    struct wk_registry_conf conf = {.host = &wk_host_table};
    struct wk_engine engine = {0};
    int status;

    if (argc < 2 || (strcmp(argv[1], "kong") != 0 && strcmp(argv[1], "istio") != 0))
        return wk_cli_usage("export");
    config = wk_cli_config(cli);
    if (!config || !problems)
        return WK_CLI_FAILED;
    stage = wk_stage_create(config, problems);
    conf.config = config;
    conf.stage = stage;
    registry = stage ? wk_registry_load(&conf, problems) : NULL;
    if (!registry) {
        wk_problems_print(problems, stderr);
        return WK_CLI_FAILED;
    }
    engine.registry = registry;
    wk_host_table_bind(&engine); /* the objects of a mesh depend on the routes */
    status = !strcmp(argv[1], "kong") ? kong(config, registry, argc, argv) : istio(config, registry, argc);
    wk_host_table_bind(NULL);
    return status;
}
