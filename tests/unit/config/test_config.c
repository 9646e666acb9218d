/* wakala.conf and wakala.d: every problem, at its place; what is right is typed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <cmocka.h>
#include "config/config.h"
#include "tree.h"

static struct tree tree;
static struct wk_problems *problems;

#define DATABASE "database = { app = \"dbname=w user=app\"; host = \"dbname=w user=host\"; };\n"
#define HOST "host = { plugin_dir = \"so\"; run_dir = \"run\"; cache_dir = \"/var/tmp/c\"; };\n"

static int setup(void **state)
{
    (void)state;
    tree_make(&tree);
    tree_put(&tree, "so/greeter.so", "");
    tree_put(&tree, "so/orders.so", "");
    tree_put(&tree, "wakala.d/README", "not a conf file");
    tree_put(&tree, "wakala.conf", HOST DATABASE);
    problems = wk_problems_create();
    return problems ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    wk_problems_destroy(problems);
    tree_remove(&tree);
    return 0;
}

static struct wk_config *load(void) { return wk_config_load(tree_path(&tree, "wakala.conf"), problems); }

static bool is_told(const char *text)
{
    for (size_t i = 0; i < wk_problems_count(problems); i++)
        if (strstr(wk_problems_text(problems, i), text))
            return true;
    return false;
}

#define assert_told(text)                                                                                              \
    do {                                                                                                               \
        if (!is_told(text)) {                                                                                          \
            wk_problems_print(problems, stderr);                                                                       \
            fail_msg("nobody said: %s", text);                                                                         \
        }                                                                                                              \
    } while (0)

static void defaults_and_paths(void **state)
{
    struct wk_config *c = load();
    const struct wk_settings *host;
    char path[PATH_MAX];

    (void)state;
    wk_problems_print(problems, stderr);
    assert_int_equal(wk_problems_count(problems), 0);
    host = wk_config_host(c);
    assert_int_equal(wk_settings_int(host, "host.workers"), 2);
    assert_int_equal(wk_settings_int(host, "host.drain_deadline"), 30000);
    assert_int_equal(wk_settings_int(host, "host.worker_memory_max"), 1 << 30);
    assert_string_equal(wk_settings_text(host, "host.migrate"), "manual");
    assert_string_equal(wk_settings_text(host, "host.log"), "stderr");
    assert_string_equal(wk_settings_text(host, "host.cache_dir"), "/var/tmp/c");
    (void)snprintf(path, sizeof path, "%s/run", tree.root);
    assert_string_equal(wk_settings_text(host, "host.run_dir"), path);
    assert_string_equal(wk_settings_text(host, "database.app"), "dbname=w user=app");
    assert_null(wk_settings_text(host, "secrets.key"));
    assert_false(wk_settings_has(host, "host.nothing"));
    wk_config_destroy(c);
}

static void the_host_schema_is_sane(void **state)
{
    char why[200];

    (void)state;
    for (const struct wk_setting *s = wk_config_host_schema(); s->key; s++) {
        struct wk_err err = {0};

        if (s->fallback && !wk_setting_parse(s, s->fallback, NULL, &err))
            fail_msg("%s", err.msg);
        assert_non_null(s->help);
        assert_true(strlen(wk_setting_allowed(s, why, sizeof why)) > 1);
        for (const struct wk_setting *t = wk_config_host_schema(); t < s; t++)
            assert_string_not_equal(s->key, t->key);
    }
}

static void all_problems_of_wakala_conf_at_once(void **state)
{
    struct wk_config *c;

    (void)state;
    tree_put(&tree, "wakala.conf",
             "host = {\n"                       /* 1 */
             "  wrokers = 4;\n"                 /* 2 */
             "  workers = 65;\n"                /* 3 */
             "  listen = \"8080\";\n"           /* 4 */
             "  migrate = \"autos\";\n"         /* 5 */
             "  drain_deadline = 30;\n"         /* 6 */
             "  call_memory_max = \"16 M\";\n"  /* 7 */
             "  name = 5;\n"                    /* 8 */
             "  banana = true;\n"               /* 9 */
             "};\n"
             "http = { max_connections = \"10\"; body_max = 2048; };\n" /* 11 */
             "database = {\n  app = \"user=x password = 'top'\";\n  owner = \"postgresql://me:secret@db/w\";\n};\n" /* 12 */
             "secrets = { key = \"0123\"; };\n" /* 16 */
             "forward = ( { prefix = \"sim\"; to = \"127.0.0.1\"; port = 1; } );\n"
             "services = { intent = 5; };\n"
             "heartbeat_deadline = \"3s\";\n" /* 19 */
             "banana = { split = 1; };\n");
    c = load();
    assert_told("wakala.conf:19: heartbeat_deadline: unknown setting; did you mean \"host.heartbeat_deadline\"?");
    assert_told("wakala.conf:20: banana.split: there is no such group of settings");
    assert_told("wakala.conf:2: host.wrokers: unknown setting; did you mean \"host.workers\"?");
    assert_told("wakala.conf:3: host.workers: is too large; allowed: a whole number from 1 to 64");
    assert_told("wakala.conf:4: host.listen: is not an address with a port; allowed: \"address:port\"");
    assert_told("wakala.conf:5: host.migrate: \"autos\" is not one of the choices; allowed: one of manual, auto");
    assert_told("wakala.conf:6: host.drain_deadline: a duration needs its unit, in quotes");
    assert_told("wakala.conf:7: host.call_memory_max: \"16 M\" is not a size");
    assert_told("wakala.conf:8: host.name: must be text in quotes");
    assert_told("wakala.conf:9: host.banana: unknown setting; allowed: host.name, host.workers");
    assert_told("wakala.conf:11: http.max_connections: must be a number without quotes");
    assert_told("wakala.conf:13: database.app: a password may not stand in a conf file");
    assert_told("wakala.conf:14: database.owner: a password may not stand in a conf file");
    assert_told("wakala.conf: database.host: is required and missing");
    assert_told("wakala.conf:16: secrets.key: a secret may not stand in a conf file; allowed: \"env:NAME\" or \"file:PATH\"");
    assert_told("forward[0].port: unknown setting");
    assert_told("forward[0].prefix: is not a path");
    assert_told("forward[0].to: is not an address");
    assert_told("services.intent: allowed: the name of a plugin");
    assert_false(is_told("top"));
    assert_false(is_told("me:secret"));
    assert_false(is_told("0123"));
    assert_non_null(c);
    assert_null(wk_config_host(c));
    wk_config_destroy(c);
}

static void syntax_has_its_line(void **state)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"a = 1;\nb = ;\n", ":2: syntax error"},
        {"a = 1;\nhost = { workers = 1; };\nhost = { workers = 2; };\n", ":3: host: this name is given twice"},
        {"host = {\n workers = 1;\n workers = 2;\n};\n", ":3: workers: this name is given twice"},
        {"\n\n  @include \"other.conf\"\n", ":3: @include is not supported"},
        {"a = 99999999999;\n", ":1: a number past 2147483647 needs the suffix L"},
        {"\na = 0x1FFFFFFFF;\n", ":2: a number past 2147483647 needs the suffix L"},
        {"a = 99999999999999999999L;\n", ":1: this number does not fit 64 bits"},
        {"a = \"x\\x00y\";\n", ":1: a string may not hold a zero byte"},
        {"a = 1;\nb = \"never\n\n\n", ":2: a string begins here and never ends"},
        {"a=((((((((((1))))))))));", ":1: groups and lists are nested too deeply"},
    };

    (void)state;
    for (size_t i = 0; i < WK_COUNT(bad); i++) {
        struct wk_problems *mine = wk_problems_create();
        struct wk_config *c;

        tree_put(&tree, "wakala.conf", bad[i].text);
        c = wk_config_load(tree_path(&tree, "wakala.conf"), mine);
        if (c || wk_problems_count(mine) != 1 || !strstr(wk_problems_text(mine, 0), bad[i].says))
            fail_msg("should say \"%s\": %s", bad[i].says, wk_problems_text(mine, 0));
        wk_problems_destroy(mine);
    }
    tree_put(&tree, "wakala.conf", "# @include \"x\"\n/* @include */ // 99999999999\n" HOST DATABASE);
    wk_config_destroy(load());
    assert_int_equal(wk_problems_count(problems), 0);
}

static void plugin_files_are_found_and_named(void **state)
{
    struct wk_config *c;

    (void)state;
    tree_put(&tree, "wakala.d/20-orders.conf", "enabled = true; required = true;\n");
    tree_put(&tree, "wakala.d/10-greeter.conf", "enabled = false;\n");
    tree_put(&tree, "wakala.d/30-removed.conf", "enabled = false;\n"); /* its package is gone */
    tree_put(&tree, "wakala.d/.40-hidden.conf", "nonsense");
    tree_put(&tree, "wakala.d/40-old.conf.dpkg-old", "nonsense");
    c = load();
    wk_problems_print(problems, stderr);
    assert_int_equal(wk_problems_count(problems), 0);
    assert_int_equal(wk_config_plugin_count(c), 3);
    assert_string_equal(wk_config_plugin(c, 0)->name, "greeter");
    assert_false(wk_config_plugin(c, 0)->is_enabled);
    assert_string_equal(wk_config_plugin(c, 1)->name, "orders");
    assert_int_equal(wk_config_plugin(c, 1)->order, 20);
    assert_true(wk_config_plugin(c, 1)->is_enabled && wk_config_plugin(c, 1)->is_required);
    assert_ptr_equal(wk_config_plugin_find(c, "orders"), wk_config_plugin(c, 1));
    assert_null(wk_config_plugin_find(c, "nobody"));
    wk_config_destroy(c);
}

static void wrong_plugin_files_are_named(void **state)
{
    struct wk_config *c;

    (void)state;
    tree_put(&tree, "wakala.d/10-greter.conf", "enabled = true;\n");
    tree_put(&tree, "wakala.d/20-orders.conf", "enabled = true;\n");
    tree_put(&tree, "wakala.d/30-orders.conf", "enabled = true;\n");
    tree_put(&tree, "wakala.d/orders.conf", "enabled = true;\n");
    tree_put(&tree, "wakala.d/5-orders.conf", "enabled = true;\n");
    tree_put(&tree, "wakala.d/50-Orders.conf", "enabled = true;\n");
    tree_put(&tree, "wakala.d/60-zzzzzzzz.conf", "enabled = true;\n");
    tree_put(&tree, "wakala.d/70-greeter.conf", "enabled = \"true\";\n");
    tree_put(&tree, "wakala.d/80-broken.conf", "enabled = true;\nkey = ;\n");
    tree_put(&tree, "wakala.d/90-silent.conf", "key = 1;\n");
    c = load();
    assert_non_null(c);
    assert_told("10-greter.conf: there is no plugin greter.so in");
    assert_told("did you mean \"greeter\"?");
    assert_told("30-orders.conf: a second file for plugin orders; the first is");
    assert_told("/orders.conf: is not named NN-<plugin>.conf");
    assert_told("/5-orders.conf: is not named NN-<plugin>.conf");
    assert_told("/50-Orders.conf: is not named NN-<plugin>.conf");
    assert_told("60-zzzzzzzz.conf: there is no plugin zzzzzzzz.so in");
    assert_told("70-greeter.conf:1: enabled: must be true or false without quotes");
    assert_told("80-broken.conf:2: syntax error");
    assert_told("90-silent.conf: enabled: is required and missing");
    wk_config_destroy(c);
}

static const struct wk_setting greeter[] = {
    WK_SETTING_STRING("greeting", "hello", WK_SCOPE_TENANT, "h"),
    WK_SETTING_INT("retries", "3", 0, 9, WK_SCOPE_HOST, "h"),
    WK_SETTING_BOOL("loud", "false", WK_SCOPE_TENANT, "h"),
    WK_SETTING_DURATION("pause", "30s", WK_SCOPE_HOST, "h"),
    WK_SETTING_CHOICE("mode", "fast", "fast|safe", WK_SCOPE_HOST, "h"),
    WK_SETTING_SECRET("token", WK_SCOPE_TENANT, "h"),
    WK_SETTING_SECRET("other_token", WK_SCOPE_TENANT, "h"),
    {.key = "account", .type = WK_TYPE_STRING, .flags = WK_REQUIRED, .help = "h"},
    {0}};

struct shown {
    char text[1024];
};
static void show(const struct wk_value *value, void *arg)
{
    struct shown *shown = arg;
    size_t n = strlen(shown->text);
    char buf[128];

    (void)snprintf(shown->text + n, sizeof shown->text - n, "%s=%s\n", value->key, wk_value_shown(value, buf, sizeof buf));
}

static void a_plugin_gets_its_values_typed(void **state)
{
    struct shown shown = {""};
    struct wk_settings *s;
    struct wk_config *c;

    (void)state;
    tree_put(&tree, "keys/token", "very-secret\n");
    assert_int_equal(chmod(tree_path(&tree, "keys/token"), 0600), 0);
    tree_put(&tree, "wakala.d/10-greeter.conf",
             "enabled = true;\naccount = \"me\";\nretries = 0;\nloud = true;\npause = \"2m\";\nmode = \"safe\";\ntoken = \"file:keys/token\";\n");
    c = load();
    s = wk_config_check_plugin(c, "greeter", greeter, problems);
    wk_problems_print(problems, stderr);
    assert_int_equal(wk_problems_count(problems), 0);
    assert_string_equal(wk_settings_text(s, "greeting"), "hello");
    assert_string_equal(wk_settings_text(s, "account"), "me");
    assert_int_equal(wk_settings_int(s, "retries"), 0);
    assert_true(wk_settings_bool(s, "loud"));
    assert_int_equal(wk_settings_int(s, "pause"), 120000);
    assert_string_equal(wk_settings_text(s, "pause"), "2m");
    assert_int_equal(wk_settings_int(s, "mode"), 1);
    assert_string_equal(wk_settings_text(s, "token"), "very-secret"); /* without the line end */
    assert_null(wk_settings_text(s, "other_token"));
    assert_true(wk_settings_has(s, "other_token"));
    assert_int_equal(wk_settings_get(s, "pause")->line, 5);
    assert_null(wk_settings_get(s, "greeting")->file);
    wk_settings_each(s, show, &shown);
    assert_string_equal(shown.text, "greeting=hello\nretries=0\nloud=true\npause=2m\nmode=safe\ntoken=file:keys/token (set)\n"
                                    "other_token=(not set)\naccount=me\n");
    wk_settings_destroy(s);
    wk_config_destroy(c);
}

static void a_plugin_gets_all_its_problems(void **state)
{
    struct wk_config *c;

    (void)state;
    tree_put(&tree, "wakala.d/10-greeter.conf",
             "enabled = true;\ngreting = \"x\";\nretries = 10;\nloud = \"true\";\npause = 5;\nmode = \"slow\";\ntoken = \"abc\";\n"
             "other_token = \"env:WAKALA_NOT_THERE\";\nenabeld = true;\ngroup = { a = 1; };\nlist = [1, 2];\nretires = 1.5;\n");
    c = load();
    assert_told(":10: group: groups and lists are not used");
    assert_null(wk_config_check_plugin(c, "greeter", greeter, problems));
    assert_told("10-greeter.conf:2: greting: unknown setting; did you mean \"greeting\"?");
    assert_told(":3: retries: is too large; allowed: a whole number from 0 to 9");
    assert_told(":4: loud: must be true or false without quotes; allowed: true or false");
    assert_told(":5: pause: a duration needs its unit, in quotes");
    assert_told(":6: mode: \"slow\" is not one of the choices; allowed: one of fast, safe");
    assert_told(":7: token: a secret may not stand in a conf file");
    assert_told(":8: other_token: the environment variable WAKALA_NOT_THERE is not set");
    assert_told(":9: enabeld: unknown setting; did you mean \"enabled\"?");
    assert_told(":12: retires: unknown setting; did you mean \"retries\"?");
    assert_told("10-greeter.conf: account: is required and missing; allowed: text in quotes");
    assert_false(is_told("abc"));
    wk_config_destroy(c);
}

static void secrets_come_from_private_places_only(void **state)
{
    static const struct {
        const char *source, *says;
        mode_t mode;
    } bad[] = {
        {"file:keys/s", "everybody may read the secret's file (mode 0644): chmod 0600 it", 0644},
        {"file:keys/s", "everybody may write the secret's file (mode 0602)", 0602},
        {"file:keys/nothing", "keys/nothing cannot be opened: No such file", 0600},
        {"file:keys", "is not a regular file", 0600},
        
        {"file:", "\"file:\" needs a path", 0600},
        {"env:", "needs the name of an environment variable", 0600},
        {"env:A B", "needs the name of an environment variable", 0600},
        {"env:WAKALA_TEST_EMPTY", "WAKALA_TEST_EMPTY is empty", 0600},
    };

    (void)state;
    (void)setenv("WAKALA_TEST_EMPTY", "", 1);
    tree_put(&tree, "keys/s", "secret");
    tree_put(&tree, "keys/empty", "");
    for (size_t i = 0; i < WK_COUNT(bad); i++) {
        struct wk_problems *mine = wk_problems_create();
        struct wk_config *c;
        char text[256];

        assert_int_equal(chmod(tree_path(&tree, "keys/s"), bad[i].mode), 0);
        (void)snprintf(text, sizeof text, "enabled = true;\naccount = \"a\";\ntoken = \"%s\";\n", bad[i].source);
        tree_put(&tree, "wakala.d/10-greeter.conf", text);
        c = wk_config_load(tree_path(&tree, "wakala.conf"), mine);
        assert_null(wk_config_check_plugin(c, "greeter", greeter, mine));
        if (wk_problems_count(mine) != 1 || !strstr(wk_problems_text(mine, 0), bad[i].says) || !strstr(wk_problems_text(mine, 0), ":3: token: "))
            fail_msg("%s should say \"%s\": %s", bad[i].source, bad[i].says, wk_problems_text(mine, 0));
        wk_config_destroy(c);
        wk_problems_destroy(mine);
    }
}

static void the_environment_gives_secrets_and_conninfos(void **state)
{
    struct wk_config *c;
    char buf[64];

    (void)state;
    (void)setenv("WAKALA_TEST_DB", "user=app password=pw", 1);
    (void)setenv("WAKALA_TEST_KEY", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", 1);
    (void)setenv("WAKALA_TEST_SHORT", "00112233", 1);
    tree_put(&tree, "wakala.conf", HOST "database = { app = \"env:WAKALA_TEST_DB\"; host = \"dbname=w passfile=/etc/w/password\"; };\n"
                                        "secrets = { key = \"env:WAKALA_TEST_KEY\"; };\n");
    c = load();
    wk_problems_print(problems, stderr);
    assert_int_equal(wk_problems_count(problems), 0);
    assert_string_equal(wk_settings_text(wk_config_host(c), "database.app"), "user=app password=pw");
    assert_string_equal(wk_value_shown(wk_settings_get(wk_config_host(c), "database.app"), buf, sizeof buf), "env:WAKALA_TEST_DB (set)");
    assert_string_equal(wk_value_shown(wk_settings_get(wk_config_host(c), "database.host"), buf, sizeof buf), "(hidden)");
    wk_config_destroy(c);
    tree_put(&tree, "wakala.conf", HOST DATABASE "secrets = { key = \"env:WAKALA_TEST_SHORT\"; };\n");
    wk_config_destroy(load());
    assert_told(":3: secrets.key: the secret from env:WAKALA_TEST_SHORT must be 32 bytes as 64 hex digits");
    assert_false(is_told("00112233"));
}

static void lists_of_the_host(void **state)
{
    const struct wk_forward *f;
    struct wk_config *c;
    size_t n;

    (void)state;
    tree_put(&tree, "wakala.conf", HOST DATABASE "forward = ( { prefix = \"/sim/\"; to = \"127.0.0.1:8180\"; }, { prefix = \"/x/\"; to = \"[::1]:1\"; } );\n"
                                                 "services = { intent = \"intent-http\"; bus = \"rabbitmq\"; };\n");
    c = load();
    wk_problems_print(problems, stderr);
    assert_int_equal(wk_problems_count(problems), 0);
    f = wk_config_forwards(c, &n);
    assert_int_equal(n, 2);
    assert_string_equal(f[0].prefix, "/sim/");
    assert_string_equal(f[1].to, "[::1]:1");
    assert_string_equal(wk_config_service(c, "intent"), "intent-http");
    assert_null(wk_config_service(c, "flow"));
    assert_int_equal(wk_config_services(c, &n)[1].line, 4);
    assert_int_equal(n, 2);
    wk_config_destroy(c);
}

#define SERVER "app = \"dbname=x user=app\"; host = \"dbname=x user=host\";"
static void servers_and_their_shards(void **state)
{
    struct wk_config *c;

    (void)state;
    tree_put(&tree, "wakala.conf", HOST DATABASE "servers = { eu1 = { " SERVER " shards = \"17-32\"; }; eu-2 = { " SERVER " owner = \"user=o\"; shards = \"1,3-4\"; };\n"
                                                 "  spare = { " SERVER " }; };\n");
    c = load();
    wk_problems_print(problems, stderr);
    assert_int_equal(wk_problems_count(problems), 0);
    assert_int_equal(wk_config_server_count(c), 4);
    assert_string_equal(wk_config_server(c, 0)->name, "main");
    assert_string_equal(wk_config_server(c, 0)->app, "dbname=w user=app");
    assert_string_equal(wk_config_server(c, 1)->host, "dbname=x user=host");
    assert_null(wk_config_server(c, 1)->owner);
    assert_string_equal(wk_config_server_find(c, "eu-2")->owner, "user=o");
    assert_null(wk_config_server(c, 4));
    assert_null(wk_config_server_find(c, "eu3"));
    assert_string_equal(wk_config_server_of(c, 1)->name, "eu-2");
    assert_string_equal(wk_config_server_of(c, 2)->name, "main");
    assert_string_equal(wk_config_server_of(c, 3)->name, "eu-2");
    assert_string_equal(wk_config_server_of(c, 16)->name, "main");
    assert_string_equal(wk_config_server_of(c, 32)->name, "eu1");
    assert_int_equal(wk_config_server_find(c, "spare")->shards, 0);
    wk_config_destroy(c);
}

static void wrong_servers_are_named(void **state)
{
    (void)state;
    tree_put(&tree, "wakala.conf", HOST DATABASE
             "servers = {\n"                                         /* 3 */
             "  eu1 = { " SERVER " shards = \"17-33\"; };\n"         /* 4 */
             "  eu2 = { " SERVER " shards = \"1-4\"; ower = \"\"; };\n" /* 5 */
             "  eu3 = { app = \"user=x password=y\"; shards = \"5,\"; };\n"
             "  eu4 = { " SERVER " shards = \"7-8\"; };\n"
             "  eu5 = { " SERVER " shards = \"8\"; };\n"
             "  main = { " SERVER " };\n"
             "  Eu6 = { " SERVER " };\n"
             "  eu7 = 5;\n"
             "};\n");
    wk_config_destroy(load());
    assert_told("wakala.conf:4: servers.eu1.shards: \"17-33\" are no shards; allowed: 1 to 32");
    assert_told("wakala.conf:5: servers.eu2.ower: unknown setting; did you mean \"servers.eu2.owner\"?");
    assert_told("wakala.conf:6: servers.eu3.app: a password may not stand in a conf file");
    assert_told("servers.eu3.host: is required and missing");
    assert_told("servers.eu5.shards: names shards that another server has");
    assert_told("wakala.conf:9: servers.main.app: is no server");
    assert_told("servers.Eu6.app: is no server");
    assert_told("wakala.conf:11: servers.eu7: is no server");
}

static void a_snapshot_is_what_was_checked(void **state)
{
    struct wk_config *c, *again;
    struct wk_err err = {0};
    char dir[PATH_MAX], path[PATH_MAX + 16];
    struct wk_settings *s;
    struct stat st;

    (void)state;
    tree_put(&tree, "wakala.d/10-greeter.conf", "enabled = true;\naccount = \"first\";\n");
    c = load();
    assert_int_equal(wk_problems_count(problems), 0);
    (void)snprintf(dir, sizeof dir, "%s/run/gen-1", tree.root);
    tree_put(&tree, "run/pid", "");
    /* From here on somebody edits, and removes a plugin: the snapshot must not care. */
    tree_put(&tree, "wakala.d/10-greeter.conf", "enabled = true;\naccount = \"second\";\n");
    tree_put(&tree, "wakala.conf", "broken");
    assert_int_equal(remove(tree_path(&tree, "so/greeter.so")), 0);
    if (!wk_config_snapshot(c, dir, &err))
        fail_msg("%s", err.msg);
    assert_true(wk_config_snapshot(c, dir, &err)); /* the same again: replaced file by file */
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    (void)snprintf(path, sizeof path, "%s/wakala.conf", dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    again = wk_config_load(path, problems);
    wk_problems_print(problems, stderr);
    assert_int_equal(wk_problems_count(problems), 0);
    assert_string_equal(wk_settings_text(wk_config_host(again), "host.run_dir"), wk_settings_text(wk_config_host(c), "host.run_dir"));
    s = wk_config_check_plugin(again, "greeter", greeter, problems);
    assert_string_equal(wk_settings_text(s, "account"), "first");
    wk_settings_destroy(s);
    wk_config_destroy(again);
    wk_config_destroy(c);
}

/* The shipped file shows every setting with the default that the code has. */
static void the_shipped_conf_shows_every_default(void **state)
{
    char *text = tree_get(TEST_SOURCE_DIR "/etc/wakala.conf", NULL), *line, *rest = text, group[32] = "", *bare, *to;
    const struct wk_setting *s = wk_config_host_schema();
    struct wk_config *c;
    size_t shown = 0;

    (void)state;
    assert_non_null(text);
    bare = to = calloc(1, strlen(text) * 2 + 1); /* the same with every commented setting switched on */
    while ((line = strsep(&rest, "\n"))) {
        char key[40], value[160], dotted[80], opened[32];
        bool is_off;

        while (*line == ' ')
            line++;
        if (sscanf(line, "%31[a-z] =", opened) == 1 && line[strlen(line) - 1] == '{')
            strcpy(group, opened);
        is_off = !strncmp(line, "#", 1) && line[1] >= 'a' && line[1] <= 'z'; /* "#key = value;" */
        to += sprintf(to, "%s\n", is_off ? line + 1 : line);
        if (sscanf(is_off ? line + 1 : line, "%39[a-z0-9_] = %159[^;];", key, value) != 2 || line[strlen(line) - 1] == '{' || *line == '}')
            continue;
        (void)snprintf(dotted, sizeof dotted, "%s.%s", group, key);
        for (s = wk_config_host_schema(); s->key && strcmp(s->key, dotted) != 0; s++) {}
        if (!s->key)
            continue; /* forward, services and servers are lists */
        shown++;
        if (s->fallback && !(s->type == WK_TYPE_INT ? !strcmp(value, s->fallback)
                                                    : strlen(value) == strlen(s->fallback) + 2 && !strncmp(value + 1, s->fallback, strlen(s->fallback))))
            fail_msg("%s: etc/wakala.conf says %s, the default is %s", dotted, value, s->fallback);
    }
    for (s = wk_config_host_schema(); s->key; s++)
        shown--;
    assert_int_equal(shown, 0);
    /* And with everything switched on it loads, as far as this machine has the places it names. */
    (void)setenv("WAKALA_SECRETS_KEY", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", 1);
    (void)setenv("WAKALA_SECRETS_OLD_KEY", "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100", 1);
    (void)setenv("WAKALA_REDIS_PASSWORD", "secret", 1);
    (void)setenv("WAKALA_SENTINEL_PASSWORD", "secret", 1);
    tree_put(&tree, "wakala.conf", bare);
    c = load();
    wk_problems_print(problems, stderr);
    assert_int_equal(wk_problems_count(problems), 0);
    wk_config_destroy(c);
    free(bare);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(defaults_and_paths, setup, teardown),
        cmocka_unit_test(the_host_schema_is_sane),
        cmocka_unit_test_setup_teardown(all_problems_of_wakala_conf_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(syntax_has_its_line, setup, teardown),
        cmocka_unit_test_setup_teardown(plugin_files_are_found_and_named, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_plugin_files_are_named, setup, teardown),
        cmocka_unit_test_setup_teardown(a_plugin_gets_its_values_typed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_plugin_gets_all_its_problems, setup, teardown),
        cmocka_unit_test_setup_teardown(secrets_come_from_private_places_only, setup, teardown),
        cmocka_unit_test_setup_teardown(the_environment_gives_secrets_and_conninfos, setup, teardown),
        cmocka_unit_test_setup_teardown(lists_of_the_host, setup, teardown),
        cmocka_unit_test_setup_teardown(servers_and_their_shards, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_servers_are_named, setup, teardown),
        cmocka_unit_test_setup_teardown(a_snapshot_is_what_was_checked, setup, teardown),
        cmocka_unit_test_setup_teardown(the_shipped_conf_shows_every_default, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
