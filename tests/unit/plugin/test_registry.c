/* Plugins of one worker against each other: order, services, chains, collisions, open and close; and whose fault a death was. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "shop.h"

static struct shop shop;

static int setup(void **state)
{
    (void)state;
    shop_make(&shop);
    return 0;
}
static int teardown(void **state)
{
    (void)state;
    shop_remove(&shop);
    return 0;
}

static void providers_open_first_and_close_last(void **state)
{
    struct wk_err err = {0};
    const struct wk_plugin *good;

    (void)state;
    shop_enable(&shop, 10, "t-needs", ""); /* before its provider in conf order */
    shop_enable(&shop, 20, "t-good", "retries = 7;");
    assert_loaded(&shop);
    assert_int_equal(wk_registry_count(shop.registry), 2);
    assert_string_equal(wk_registry_at(shop.registry, 0)->name, "t-good");
    assert_string_equal(wk_registry_at(shop.registry, 1)->name, "t-needs");
    assert_null(wk_registry_at(shop.registry, 2));
    good = wk_registry_find(shop.registry, "t-good");
    assert_true(wk_plugin_is(good));
    assert_int_equal(good->index, 0);
    assert_int_equal(strlen(good->build_id), 40);
    assert_int_equal(wk_settings_int(good->settings, "retries"), 7);
    assert_null(good->state);
    if (!wk_registry_open(shop.registry, &err))
        fail_msg("%s", err.msg);
    assert_non_null(good->state);
    assert_true(good->is_open);
    wk_registry_close(shop.registry);
    assert_null(good->state);
    wk_registry_close(shop.registry);
    assert_true(wk_registry_open(shop.registry, &err)); /* and again */
}

static void services_are_found_by_interface_and_name(void **state)
{
    const struct wk_service_head *head;
    struct wk_err err = {0};
    const char *names[4];

    (void)state;
    shop_enable(&shop, 10, "t-good", "");
    shop_enable(&shop, 20, "t-greet2", "");
    shop_enable(&shop, 30, "t-needs", "");
    shop_conf(&shop, "services = { greet = \"t-greet2\"; };\n");
    shop_install(&shop, "t-identity");
    assert_loaded(&shop);
    head = wk_registry_service(shop.registry, "greet/1", NULL, &err);
    assert_ptr_equal(head->self, wk_registry_find(shop.registry, "t-greet2"));
    head = wk_registry_service(shop.registry, "greet/1", "t-good", &err);
    assert_ptr_equal(head->self, wk_registry_find(shop.registry, "t-good"));
    assert_null(wk_registry_service(shop.registry, "greet/1", "t-needs", &err));
    assert_string_equal(err.code, "service.missing");
    assert_null(wk_registry_service(shop.registry, "greet/2", NULL, &err));
    assert_string_equal(err.code, "service.missing");
    assert_null(wk_registry_service(shop.registry, "identity/1", NULL, &err));
    assert_string_equal(err.msg, "no enabled plugin provides identity/1; could be enabled: t-identity");
    assert_int_equal(wk_registry_service_names(shop.registry, "greet/1", names, 4), 2);
    assert_string_equal(names[0], "t-good");
    assert_string_equal(names[1], "t-greet2");
    assert_int_equal(wk_registry_service_names(shop.registry, "greet/1", names, 1), 2);
    assert_int_equal(wk_registry_service_names(shop.registry, "nobody/1", names, 4), 0);
    assert_null(wk_registry_open_service(shop.registry, wk_registry_find(shop.registry, "t-good"), "greet/1", &err));
    assert_string_equal(err.code, "service.undeclared");
}

static void two_providers_need_a_choice(void **state)
{
    (void)state;
    shop_enable(&shop, 10, "t-good", "");
    shop_enable(&shop, 20, "t-greet2", "");
    assert_false(shop_load(&shop));
    assert_told(&shop, "wakala.conf: services.greet: greet/1 is provided by t-good, t-greet2: choose one, as in services = { greet = \"t-good\"; };");
    assert_int_equal(wk_problems_count(shop.problems), 1);
    shop_close(&shop);
    shop_conf(&shop, "services = { greet = \"t-gret2\"; dreams = \"t-good\"; };\n");
    assert_false(shop_load(&shop));
    assert_told(&shop, "wakala.conf:3: services.greet: \"t-gret2\" is no enabled provider of it; did you mean \"t-greet2\"?");
    assert_told(&shop, "wakala.conf:3: services.dreams: no enabled plugin provides such an interface");
    shop_close(&shop);
    shop_conf(&shop, "services = { greet = \"t-good\"; };\n");
    assert_loaded(&shop);
}

static void a_missing_need_says_who_could(void **state)
{
    (void)state;
    shop_enable(&shop, 10, "t-needs", "");
    assert_false(shop_load(&shop));
    assert_told(&shop, "10-t-needs.conf: t-needs needs greet/1, which no plugin here provides: install and enable one, or disable t-needs");
    shop_close(&shop);
    shop_install(&shop, "t-good");
    shop_install(&shop, "t-identity");
    assert_false(shop_load(&shop));
    assert_told(&shop, "t-needs needs greet/1, which no enabled plugin provides; t-good could: enable it in ");
}

static void a_circle_is_printed(void **state)
{
    (void)state;
    shop_enable(&shop, 10, "t-good", "");
    shop_enable(&shop, 20, "t-cycle-a", "");
    shop_enable(&shop, 30, "t-cycle-b", "");
    assert_false(shop_load(&shop));
    assert_told(&shop, "plugins need each other in a circle: t-cycle-a -> t-cycle-b -> t-cycle-a: one of them must use events instead");
    assert_int_equal(wk_problems_count(shop.problems), 1);
}

static void a_wrapper_opens_after_what_it_wraps(void **state)
{
    (void)state;
    shop_enable(&shop, 10, "t-needs", "");
    shop_enable(&shop, 20, "t-wrap", "");
    shop_enable(&shop, 30, "t-good", "");
    shop_conf(&shop, "services = { greet = \"t-wrap\"; };\n");
    assert_loaded(&shop);
    assert_string_equal(wk_registry_at(shop.registry, 0)->name, "t-good");
    assert_string_equal(wk_registry_at(shop.registry, 1)->name, "t-wrap");
    assert_string_equal(wk_registry_at(shop.registry, 2)->name, "t-needs");
    shop_close(&shop);
    tree_put(&shop.tree, "wakala.d/30-t-good.conf", "enabled = false;\n");
    assert_false(shop_load(&shop)); /* nothing left to wrap */
    assert_told(&shop, "t-wrap needs greet/1");
}

static void what_is_taken_is_refused_with_both_names(void **state)
{
    (void)state;
    shop_enable(&shop, 10, "t-good", "");
    shop_enable(&shop, 20, "t-dup", "");
    assert_false(shop_load(&shop));
    assert_told(&shop, "event type hello.said: both t-dup and t-good declare it");
    assert_told(&shop, "route /v1/hello/{who}: both t-good and t-dup answer it"); /* whatever the parameter is called */
    assert_told(&shop, "inbox /webhooks/good/{id?}: both t-good and t-dup receive there");
    assert_told(&shop, "error hello.rude: both t-good and t-dup list it");
    assert_told(&shop, "error db.unique: both host and t-dup list it");
    assert_int_equal(wk_problems_count(shop.problems), 5); /* POST on the same path is free */
}

/* Texts of locale files: the owner's only, English from the table; a code of another version is passed over, a broken file is not. */
static void the_catalogue_speaks_the_languages_that_are_there(void **state)
{
    const struct wk_error_hook *rude, *unique;

    (void)state;
    tree_put(&shop.tree, "share/t-good/locale/sw.json", "{\"error.hello.rude\": \"Salamu kwanza.\", \"error.hello.later_version\": \"x\", \"error.db.unique\": \"mine\"}");
    tree_put(&shop.tree, "share/t-good/locale/en.json", "{\"error.hello.rude\": \"not read\"}");
    tree_put(&shop.tree, "share/t-good/locale/README", "no language");
    tree_put(&shop.tree, "share/host/locale/pt.json", "{\"error.db.unique\": \"Ja existe.\", \"error.SYSTEM_ERROR\": \"Problemas.\"}");
    shop_enable(&shop, 10, "t-good", "");
    assert_loaded(&shop);
    rude = wk_registry_error(shop.registry, "hello.rude");
    unique = wk_registry_error(shop.registry, "db.unique");
    assert_string_equal(rude->plugin->name, "t-good");
    assert_string_equal(wk_error_text(rude, "sw"), "Salamu kwanza.");
    assert_string_equal(wk_error_text(rude, "sw-KE"), "Salamu kwanza.");
    assert_string_equal(wk_error_text(rude, "zu"), "Please say hello first.");
    assert_string_equal(wk_error_text(rude, "en"), "Please say hello first.");
    assert_string_equal(wk_error_text(rude, NULL), "Please say hello first.");
    assert_string_equal(wk_error_text(unique, "sw"), "This exists already."); /* t-good has no word there */
    assert_string_equal(wk_error_text(unique, "pt-BR"), "Ja existe.");
    assert_string_equal(wk_error_text(wk_registry_error(shop.registry, WK_TOLD_SYSTEM), "pt"), "Problemas.");
    assert_null(wk_error_text(wk_registry_error(shop.registry, "hello.dumb"), "sw"));
    assert_true(wk_error_has_language(rude, "sw", 2));
    assert_true(wk_error_has_language(rude, "en", 2));
    assert_false(wk_error_has_language(rude, "pt", 2));
    assert_null(wk_registry_error(shop.registry, "hello.later_version"));
    assert_null(wk_registry_error(shop.registry, NULL));
    assert_null(wk_registry_error(NULL, "hello.rude"));
    assert_string_equal(wk_registry_error(NULL, "db.unique")->plugin->name, "host");
    shop_close(&shop);
    tree_put(&shop.tree, "share/t-good/locale/zu.json", "{\"error.hello.rude\": \"\"}");
    tree_put(&shop.tree, "share/t-good/locale/af.json", "{\n\"error.hello.rude\": ");
    tree_put(&shop.tree, "share/t-good/locale/fr.json", "[]");
    assert_false(shop_load(&shop));
    assert_told(&shop, "zu.json: error.hello.rude: a text of 1 to 1024 bytes is wanted");
    assert_told(&shop, "af.json:2: ");
    assert_told(&shop, "fr.json:1: is no JSON object of texts");
    assert_int_equal(wk_problems_count(shop.problems), 3);
}

static void a_guarded_route_needs_somebody_who_says_who_asks(void **state)
{
    (void)state;
    shop_enable(&shop, 10, "t-secured", "");
    shop_install(&shop, "t-identity");
    assert_false(shop_load(&shop));
    assert_told(&shop, "route /v1/safe of t-secured asks for \"safe.open\", but no enabled plugin provides identity/1; enable t-identity");
    assert_told(&shop, "filter guess of t-secured: only a provider of identity/1 may stand in the phase IDENTITY");
    shop_close(&shop);
    shop_enable(&shop, 20, "t-identity", "");
    assert_false(shop_load(&shop));
    assert_int_equal(wk_problems_count(shop.problems), 1); /* the route is fine now, the filter is not */
    assert_told(&shop, "filter guess of t-secured");
}

static void chains_run_by_priority_then_name(void **state)
{
    const struct wk_message_hook *messages;
    const struct wk_filter_hook *filters;
    const struct wk_sub_hook *subs;
    size_t n;

    (void)state;
    shop_enable(&shop, 10, "t-good", "");
    shop_enable(&shop, 20, "t-needs", "");
    shop_enable(&shop, 30, "t-identity", "");
    assert_loaded(&shop);
    messages = wk_registry_messages(shop.registry, &n);
    assert_int_equal(n, 2);
    assert_string_equal(messages[0].plugin->name, "t-needs"); /* 10 before 50, though opened later */
    assert_string_equal(messages[1].plugin->name, "t-good");
    filters = wk_registry_filters(shop.registry, WK_PHASE_EDGE, &n);
    assert_int_equal(n, 2);
    assert_string_equal(filters[0].filter->name, "early");
    assert_string_equal(filters[1].filter->name, "late");
    filters = wk_registry_filters(shop.registry, WK_PHASE_IDENTITY, &n);
    assert_int_equal(n, 1);
    assert_string_equal(filters[0].plugin->name, "t-identity");
    (void)wk_registry_filters(shop.registry, WK_PHASE_TENANT, &n);
    assert_int_equal(n, 0);
    (void)wk_registry_filters(shop.registry, WK_PHASE_POLICY, &n);
    assert_int_equal(n, 1);
    (void)wk_registry_filters(shop.registry, WK_PHASE_CACHE, &n);
    assert_int_equal(n, 0);
    subs = wk_registry_subs(shop.registry, &n);
    assert_int_equal(n, 2);
    assert_string_equal(subs[0].name, "t-good.on-any");
    assert_string_equal(wk_registry_event(shop.registry, "hello.said")->plugin->name, "t-good");
    assert_null(wk_registry_event(shop.registry, "hello.sai"));
    (void)wk_registry_routes(shop.registry, &n);
    assert_int_equal(n, 1);
    (void)wk_registry_inboxes(shop.registry, &n);
    assert_int_equal(n, 1);
    (void)wk_registry_events(shop.registry, &n);
    assert_int_equal(n, 12);
    assert_string_equal(wk_registry_event(shop.registry, "tenant.created")->plugin->name, "host");
}

static void patterns_match_whole_words(void **state)
{
    (void)state;
    assert_true(wk_pattern_matches("order.*", "order.created"));
    assert_true(wk_pattern_matches("order.*", "order.line.added"));
    assert_false(wk_pattern_matches("order.*", "orders.created"));
    assert_true(wk_pattern_matches("order.created", "order.created"));
    assert_false(wk_pattern_matches("order.created", "order.created2"));
    assert_true(wk_pattern_matches("*", "anything.at_all"));
}

static void the_hooks_are_printed(void **state)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    shop_enable(&shop, 10, "t-good", "");
    shop_enable(&shop, 20, "t-needs", "");
    assert_loaded(&shop);
    wk_registry_print_hooks(shop.registry, out);
    (void)fclose(out);
    assert_string_equal(text,
                        "plugins, in the order they open\n"
                        "  t-good               1.2.3     \n"
                        "  t-needs              1.0.0      needs greet/1 dreams/1?\n"
                        "services\n"
                        "  greet/1                  t-good (chosen)\n"
                        "messages: first that handles it wins\n"
                        "      10  t-needs\n"
                        "      50  t-good\n"
                        "http filters, on the way in (back in reverse)\n"
                        "  EDGE          -5  t-good.early\n"
                        "  EDGE          90  t-good.late\n"
                        "  POLICY         0  t-good.policy\n"
                        "routes\n"
                        "  GET    /v1/hello/{name}                         public                 t-good\n"
                        "  INBOX  /webhooks/good/{app?}                    good                   t-good\n"
                        "events\n"
                        "  cache.invalidated                high   v1  by host\n"
                        "  hello.said                       high   v1  by t-good\n"
                        "    -> t-good.on-any\n"
                        "  host.cleanup                     low    v1  by host\n"
                        "  system.error                     high   v2  by host\n"
                        "  tenant.changed                   normal v1  by host\n"
                        "  tenant.created                   normal v1  by host\n"
                        "  tenant.deleted                   normal v1  by host\n"
                        "  tenant.deleting                  normal v1  by host\n"
                        "  tenant.resumed                   normal v1  by host\n"
                        "  tenant.suspended                 normal v1  by host\n"
                        "  tenant.trial_ended               normal v1  by host\n"
                        "  tenant.trial_ending              normal v1  by host\n"
                        "  other.said                       nobody declares it; waited for by t-good.on-other\n");
    free(text);
}

static void an_unknown_setting_is_found_when_the_schema_is_known(void **state)
{
    (void)state;
    shop_enable(&shop, 10, "t-good", "retires = 3;\npause = \"1y\";");
    assert_false(shop_load(&shop));
    assert_told(&shop, "10-t-good.conf:2: retires: unknown setting; did you mean \"retries\"?");
    assert_told(&shop, "10-t-good.conf:3: pause: \"1y\" is not a duration with its unit");
}

static void a_note_that_lies_is_refused_after_loading(void **state)
{
    (void)state;
    shop_enable(&shop, 10, "t-liar", "");
    shop_enable(&shop, 20, "t-needs", ""); /* and what it would have provided is not complained about */
    assert_false(shop_load(&shop));
    assert_told(&shop, "10-t-liar.conf: t-liar: descriptor \"t-liar\": name and version are not those of its note");
    assert_int_equal(wk_problems_count(shop.problems), 1);
}

static void a_failing_open_is_named_and_the_others_closed(void **state)
{
    struct wk_err err = {0};

    (void)state;
    shop_enable(&shop, 10, "t-good", "");
    shop_enable(&shop, 20, "t-open-fails", "");
    assert_loaded(&shop);
    assert_false(wk_registry_open(shop.registry, &err));
    assert_string_equal(err.code, "plugin.open");
    assert_string_equal(err.msg, "t-open-fails 1.0.0 did not open: t-open-fails.mood: not today");
    assert_false(wk_registry_find(shop.registry, "t-good")->is_open);
    assert_null(wk_registry_find(shop.registry, "t-good")->state); /* its close ran */
}

/* ---- deaths ------------------------------------------------------------------------------------------------------------ */

static void write_note(void *arg, const char *plugin, const char *version, const char *build_id, const char *step)
{
    (void)snprintf(arg, 256, "%s %s %zu %s", plugin, version, strlen(build_id), step ? step : "over");
}

/* What a child that loads and opens the shop leaves in shared memory. */
static void die_with_note(char *note, int *status)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        struct wk_registry_conf conf = {.host = &shop_host, .note = write_note, .arg = note};
        struct wk_registry *registry;

        shop.config = wk_config_load(tree_path(&shop.tree, "wakala.conf"), shop.problems);
        shop.stage = wk_stage_create(shop.config, shop.problems);
        conf.config = shop.config;
        conf.stage = shop.stage;
        registry = shop.stage ? wk_registry_load(&conf, shop.problems) : NULL;
        _exit(registry && wk_registry_open(registry, NULL) ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, status, 0), pid);
}

static void a_death_leaves_the_name_behind(void **state)
{
    char *note = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status = 0;

    (void)state;
    assert_ptr_not_equal(note, MAP_FAILED);
    shop_enable(&shop, 10, "t-good", "");
    shop_enable(&shop, 20, "t-needs", "");
    die_with_note(note, &status);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_string_equal(note, "t-needs 1.0.0 40 over");
    shop_enable(&shop, 15, "t-open-crash", "");
    die_with_note(note, &status);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_string_equal(note, "t-open-crash 1.0.0 40 open");
    shop_enable(&shop, 16, "t-ctor-crash", "");
    die_with_note(note, &status);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_string_equal(note, "t-ctor-crash 1.0.0 40 load");
    (void)munmap(note, 4096);
}

/* ---- reload: the same path, other bytes ---------------------------------------------------------------------------------- */

static void another_build_at_the_same_path_is_other_code(void **state)
{
    struct wk_err err = {0};
    const struct wk_service_head *before, *after;
    char *bytes, path[PATH_MAX];
    size_t size = 0;

    (void)state;
    shop_enable(&shop, 10, "t-good", "");
    assert_loaded(&shop);
    before = wk_registry_service(shop.registry, "greet/1", NULL, &err);
    /* The live file changes in place, which would kill whoever has it mapped; then a later build comes. */
    strcpy(path, tree_path(&shop.tree, "so/t-good.so"));
    bytes = tree_get(path, &size);
    assert_int_equal(truncate(path, 100), 0);
    assert_true(wk_registry_open(shop.registry, &err));
    tree_put_bytes(&shop.tree, "so/t-good.so", bytes, size + 1); /* the byte behind is the NUL of tree_get */
    wk_registry_destroy(shop.registry);
    shop.registry = NULL;
    wk_stage_destroy(shop.stage);
    wk_config_destroy(shop.config);
    assert_loaded(&shop);
    after = wk_registry_service(shop.registry, "greet/1", NULL, &err);
    assert_ptr_not_equal(before, after);
    assert_true(wk_registry_open(shop.registry, &err));
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(providers_open_first_and_close_last, setup, teardown),
        cmocka_unit_test_setup_teardown(services_are_found_by_interface_and_name, setup, teardown),
        cmocka_unit_test_setup_teardown(two_providers_need_a_choice, setup, teardown),
        cmocka_unit_test_setup_teardown(a_missing_need_says_who_could, setup, teardown),
        cmocka_unit_test_setup_teardown(a_circle_is_printed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_wrapper_opens_after_what_it_wraps, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_taken_is_refused_with_both_names, setup, teardown),
        cmocka_unit_test_setup_teardown(the_catalogue_speaks_the_languages_that_are_there, setup, teardown),
        cmocka_unit_test_setup_teardown(a_guarded_route_needs_somebody_who_says_who_asks, setup, teardown),
        cmocka_unit_test_setup_teardown(chains_run_by_priority_then_name, setup, teardown),
        cmocka_unit_test(patterns_match_whole_words),
        cmocka_unit_test_setup_teardown(the_hooks_are_printed, setup, teardown),
        cmocka_unit_test_setup_teardown(an_unknown_setting_is_found_when_the_schema_is_known, setup, teardown),
        cmocka_unit_test_setup_teardown(a_note_that_lies_is_refused_after_loading, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failing_open_is_named_and_the_others_closed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_death_leaves_the_name_behind, setup, teardown),
        cmocka_unit_test_setup_teardown(another_build_at_the_same_path_is_other_code, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
