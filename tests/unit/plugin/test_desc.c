/* Every way a descriptor can be wrong is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>
#include "plugin/loader.h"

static const struct wk_host *host;

static bool run(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    (void)call, (void)http, (void)err;
    return true;
}
static bool on(struct wk_call *call, const struct wk_event *event, struct wk_err *err)
{
    (void)call, (void)event, (void)err;
    return true;
}
static enum wk_verdict before(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    (void)call, (void)http, (void)err;
    return WK_DECLINED;
}
static enum wk_authentic verify(const struct wk_webhook *hook, struct wk_err *err)
{
    (void)hook, (void)err;
    return WK_FORGED;
}
static bool split(const struct wk_webhook *hook, struct wk_split *to, struct wk_err *err)
{
    (void)hook, (void)to, (void)err;
    return true;
}
static struct wk_service_head head1 = {.size = sizeof head1, .version = 1}, head0 = {.size = 4, .version = 1};
static const struct wk_sql sql_a = {.name = "a", .text = "SELECT 1"}, sql_b = {.name = "a", .text = "SELECT 2"}, sql_c = {.name = "c", .text = ""};
static const struct wk_sql *const sql_twice[] = {&sql_a, &sql_b}, *const sql_empty[] = {&sql_c}, *const sql_null[] = {NULL};
static struct wk_route endless[1100];

#define BASE .size = sizeof(struct wk_plugin_desc), .abi_major = WK_ABI_MAJOR, .abi_minor = WK_ABI_MINOR, .host = &host
#define WHO .name = "shop", .version = "1.0.0", .summary = "s"
#define ROUTES(...) .routes = (const struct wk_route[]){__VA_ARGS__, {0}}
#define ROUTE(m, p, perm, f) {.method = m, .path = p, .permission = perm, .run = f}
#define FILTERS(...) .filters = (const struct wk_filter[]){__VA_ARGS__, {0}}
#define SUBS(...) .subscriptions = (const struct wk_sub[]){__VA_ARGS__, {0}}
#define EVENTS(...) .events = (const struct wk_event_type[]){__VA_ARGS__, {0}}
#define EVENT(n, v, k, s) {.name = n, .priority = WK_HIGH, .version = v, .key = k, .summary = s}
#define PROVIDES(...) .provides = (const struct wk_provide[]){__VA_ARGS__, {0}}
#define ERRORS(...) .errors = (const struct wk_error_type[]){__VA_ARGS__, {0}}
#define INBOXES(...) .inboxes = (const struct wk_inbox[]){__VA_ARGS__, {0}}

static void good_descriptors_pass(void **state)
{
    const struct wk_plugin_desc good[] = {
        {BASE, WHO},
        {BASE, WHO, .needs = "catalog/1  payment_gateway/12? x2/3"},
        {BASE, WHO, .needs = ""},
        {BASE, WHO,
         ROUTES(ROUTE(WK_GET, "/", "-", run), ROUTE(WK_GET, "/v1/a/{id}", "+", run), ROUTE(WK_POST, "/v1/a/{id}", "a.b_c", run),
                ROUTE(WK_ANY, "/files/{rest*}", "-", run), ROUTE(WK_HEAD_, "/v1/x/", "-", run))},
        {BASE, WHO, FILTERS({.name = "a", .phase = WK_PHASE_CACHE, .before = before}, {.name = "b", .phase = WK_PHASE_CACHE, .before = before})},
        {BASE, WHO, SUBS({.name = "a", .pattern = "a.b", .run = on}, {.name = "b", .pattern = "a.*", .run = on}, {.name = "c", .pattern = "*", .run = on})},
        {BASE, WHO, EVENTS(EVENT("a.b", 1, "k", "s"), EVENT("a.b_2.c", 7, "k", "s"))},
        {BASE, WHO, PROVIDES({"shop/1", &head1})},
        {BASE, WHO, INBOXES({.path = "/in/{app?}", .channel = "c", .body_max = 1, .verify = verify, .split = split})},
        {BASE, WHO, .sql_begin = sql_twice, .sql_end = sql_twice + 1},
        {BASE, WHO, ERRORS(WK_ERROR_TRANSIENT("shop.a", "c"), WK_ERROR_BUSINESS("a-shop.b_2.c", 409, "t", "c"), WK_ERROR_REFUSAL("shop.c", 422, "t", "c"),
                           WK_ERROR_SYSTEM("shop.d", "c"), WK_ERROR_SECURITY("shop.e", 404, "c"))},
    };

    (void)state;
    for (size_t i = 0; i < WK_COUNT(good); i++) {
        struct wk_err err = {0};

        if (!wk_desc_check(&good[i], "shop", "1.0.0", &err))
            fail_msg("%zu: %s", i, err.msg);
    }
}

static void bad_descriptors_say_why(void **state)
{
    const struct {
        struct wk_plugin_desc desc;
        const char *says;
    } bad[] = {
        {{BASE, .name = "other", .version = "1.0.0", .summary = "s"}, "are not those of its note"},
        {{BASE, .name = "shop", .version = "2.0.0", .summary = "s"}, "are not those of its note"},
        {{BASE, .name = NULL, .version = "1.0.0", .summary = "s"}, "are not those of its note"},
        {{BASE, .name = "shop", .version = "1.0.0"}, "one sentence is missing"},
        {{.size = 144, .abi_major = 1, .host = &host, WHO}, "shorter than ABI 1.0's"},
        {{.size = sizeof(struct wk_plugin_desc), .abi_major = 2, .host = &host, WHO}, "another ABI"},
        {{.size = sizeof(struct wk_plugin_desc), .abi_major = 1, .abi_minor = WK_ABI_MINOR + 1, .host = &host, WHO}, "another ABI"},
        {{.size = sizeof(struct wk_plugin_desc), .abi_major = 1, WHO}, "no place for the host's table"},
        {{BASE, WHO, .settings = (const struct wk_setting[]){{.key = "A", .type = 1, .help = "h"}, {0}}}, "setting \"A\""},
        {{BASE, WHO, .needs = "catalog"}, "need \"catalog\""},
        {{BASE, WHO, .needs = "catalog/0"}, "allowed: interface/version"},
        {{BASE, WHO, .needs = "catalog/1 Orders/1"}, "need \"Orders/1\""},
        {{BASE, WHO, .needs = "catalog/1x"}, "allowed: interface/version"},
        {{BASE, WHO, .needs = "?"}, "allowed: interface/version"},
        {{BASE, WHO, ROUTES(ROUTE(WK_GET, "v1", "-", run))}, "is not a path"},
        {{BASE, WHO, ROUTES(ROUTE(WK_GET, NULL, "-", run))}, "is not a path"},
        {{BASE, WHO, ROUTES(ROUTE(WK_GET, "/a//b", "-", run))}, "is not a path"},
        {{BASE, WHO, ROUTES(ROUTE(WK_GET, "/a/{id", "-", run))}, "is not a path"},
        {{BASE, WHO, ROUTES(ROUTE(WK_GET, "/a/x{id}", "-", run))}, "is not a path"},
        {{BASE, WHO, ROUTES(ROUTE(WK_GET, "/a/{}", "-", run))}, "is not a path"},
        {{BASE, WHO, ROUTES(ROUTE(WK_GET, "/a/{rest*}/b", "-", run))}, "is not a path"},
        {{BASE, WHO, ROUTES(ROUTE(WK_GET, "/a/{id?}", "-", run))}, "is not a path"},
        {{BASE, WHO, ROUTES(ROUTE(WK_GET, "/a b", "-", run))}, "is not a path"},
        {{BASE, WHO, ROUTES(ROUTE(50, "/a", "-", run))}, "unknown method"},
        {{BASE, WHO, ROUTES(ROUTE(WK_GET, "/a", NULL, run))}, "names no permission"},
        {{BASE, WHO, ROUTES(ROUTE(WK_GET, "/a", "", run))}, "names no permission"},
        {{BASE, WHO, ROUTES(ROUTE(WK_GET, "/a", "read", run))}, "names no permission"},
        {{BASE, WHO, ROUTES(ROUTE(WK_GET, "/a", "a.b c", run))}, "names no permission"},
        {{BASE, WHO, ROUTES(ROUTE(WK_GET, "/a", "-", NULL))}, "has no function"},
        {{BASE, WHO, ROUTES({.method = WK_GET, .path = "/a", .permission = "-", .run = run, .flags = 16})}, "has a flag this host does not know"},
        {{BASE, WHO, ROUTES({.method = WK_POST, .path = "/a", .permission = "-", .run = run, .flags = WK_ROUTE_CACHE})}, "WK_ROUTE_CACHE is for GET alone"},
        {{BASE, WHO, ROUTES(ROUTE(WK_GET, "/a", "-", run)), .route_tags = (const struct wk_route_tags[]){{"/b", "b"}, {0}}}, "is no route of this plugin"},
        {{BASE, WHO, ROUTES(ROUTE(WK_GET, "/a", "-", run)), .route_tags = (const struct wk_route_tags[]){{"/a", "A b"}, {0}}}, "tags are made of"},
        {{BASE, WHO, ROUTES(ROUTE(WK_GET, "/a", "-", run), ROUTE(WK_GET, "/a", "-", run))}, "stands twice with the same method"},
        {{BASE, WHO, .routes = endless}, "more than 1024 rows in its table of routes: does it end with {0}?"},
        {{BASE, WHO, FILTERS({.name = "A", .phase = WK_PHASE_EDGE, .before = before})}, "its name may hold"},
        {{BASE, WHO, FILTERS({.name = "a", .phase = 6, .before = before})}, "unknown phase"},
        {{BASE, WHO, FILTERS({.name = "a", .phase = WK_PHASE_EDGE})}, "neither before nor after"},
        {{BASE, WHO, FILTERS({.name = "a", .phase = 1, .before = before}, {.name = "a", .phase = 2, .before = before})}, "filter \"a\": stands twice"},
        {{BASE, WHO, SUBS({.name = "a b", .pattern = "a.b", .run = on})}, "its name may hold"},
        {{BASE, WHO, SUBS({.name = "a", .pattern = "ab", .run = on})}, "its pattern is neither"},
        {{BASE, WHO, SUBS({.name = "a", .pattern = "a*", .run = on})}, "its pattern is neither"},
        {{BASE, WHO, SUBS({.name = "a", .pattern = "*.a", .run = on})}, "its pattern is neither"},
        {{BASE, WHO, SUBS({.name = "a", .pattern = NULL, .run = on})}, "its pattern is neither"},
        {{BASE, WHO, SUBS({.name = "a", .pattern = "a.b", .from = 5, .run = on})}, "unknown start"},
        {{BASE, WHO, SUBS({.name = "a", .pattern = "a.b"})}, "has no function"},
        {{BASE, WHO, SUBS({.name = "a", .pattern = "a.b", .run = on}, {.name = "a", .pattern = "c.d", .run = on})}, "the name owns the cursor"},
        {{BASE, WHO, EVENTS(EVENT("ab", 1, "k", "s"))}, "is not two or more words"},
        {{BASE, WHO, EVENTS(EVENT("a..b", 1, "k", "s"))}, "is not two or more words"},
        {{BASE, WHO, EVENTS(EVENT("a.b.", 1, "k", "s"))}, "is not two or more words"},
        {{BASE, WHO, EVENTS(EVENT("a.B", 1, "k", "s"))}, "is not two or more words"},
        {{BASE, WHO, EVENTS(EVENT("a.*", 1, "k", "s"))}, "is not two or more words"},
        {{BASE, WHO, EVENTS(EVENT("a.b", 0, "k", "s"))}, "its version begins at 1"},
        {{BASE, WHO, EVENTS(EVENT("a.b", 1, NULL, "s"))}, "lacks its key"},
        {{BASE, WHO, EVENTS(EVENT("a.b", 1, "k", ""))}, "lacks its key"},
        {{BASE, WHO, EVENTS({.name = "a.b", .priority = 3, .version = 1, .key = "k", .summary = "s"})}, "unknown priority"},
        {{BASE, WHO, EVENTS({.name = "a.b", .version = 1, .key = "k", .summary = "s", .schema = "../a.json"})}, "its schema is the name"},
        {{BASE, WHO, EVENTS(EVENT("a.b", 1, "k", "s"), EVENT("a.b", 1, "k", "s"))}, "event type \"a.b\": stands twice"},
        {{BASE, WHO, PROVIDES({"shop", &head1})}, "is not an interface"},
        {{BASE, WHO, PROVIDES({"shop/1", NULL})}, "its struct says no size"},
        {{BASE, WHO, PROVIDES({"shop/1", &head0})}, "its struct says no size"},
        {{BASE, WHO, PROVIDES({"shop/2", &head1})}, "its struct says another version"},
        {{BASE, WHO, PROVIDES({"shop/1", &head1}, {"other/1", &head1})}, "shares its struct"},
        {{BASE, WHO, INBOXES({.path = "in", .channel = "c", .body_max = 1, .verify = verify, .split = split})}, "is not a path"},
        {{BASE, WHO, INBOXES({.path = "/in", .body_max = 1, .verify = verify, .split = split})}, "names no channel"},
        {{BASE, WHO, INBOXES({.path = "/in", .channel = "c", .verify = verify, .split = split})}, "body_max must be set"},
        {{BASE, WHO, INBOXES({.path = "/in", .channel = "c", .body_max = 1, .split = split})}, "needs verify and split"},
        {{BASE, WHO, ERRORS(WK_ERROR_SYSTEM("shop", "c"))}, "is not \"<plugin>.<what>\""},
        {{BASE, WHO, ERRORS(WK_ERROR_SYSTEM("shop.", "c"))}, "is not \"<plugin>.<what>\""},
        {{BASE, WHO, ERRORS(WK_ERROR_SYSTEM(".a", "c"))}, "is not \"<plugin>.<what>\""},
        {{BASE, WHO, ERRORS(WK_ERROR_SYSTEM("Shop.a", "c"))}, "is not \"<plugin>.<what>\""},
        {{BASE, WHO, ERRORS({"shop.a", WK_OK, 500, 0, NULL, "c"})}, "unknown class"},
        {{BASE, WHO, ERRORS({"shop.a", (enum wk_class)9, 500, 0, NULL, "c"})}, "unknown class"},
        {{BASE, WHO, ERRORS(WK_ERROR_BUSINESS("shop.a", 200, "t", "c"))}, "its HTTP status is none of an error"},
        {{BASE, WHO, ERRORS(WK_ERROR_BUSINESS("shop.a", 600, "t", "c"))}, "its HTTP status is none of an error"},
        {{BASE, WHO, ERRORS(WK_ERROR_SECURITY("shop.a", 500, "c"))}, "SECURITY answers 401, 403 or 404"},
        {{BASE, WHO, ERRORS(WK_ERROR_SYSTEM("shop.a", ""))}, "lacks its cure"},
        {{BASE, WHO, ERRORS(WK_ERROR_BUSINESS("shop.a", 422, "", "c"))}, "lacks its text"},
        {{BASE, WHO, ERRORS({"shop.a", WK_SYSTEM, 500, 0, "t", "c"})}, "only BUSINESS has a text or flags"},
        {{BASE, WHO, ERRORS({"shop.a", WK_SECURITY, 403, WK_ERROR_MESSAGE, NULL, "c"})}, "only BUSINESS has a text or flags"},
        {{BASE, WHO, ERRORS({"shop.a", WK_BUSINESS, 422, 2, "t", "c"})}, "has a flag this host does not know"},
        {{BASE, WHO, ERRORS(WK_ERROR_SYSTEM("shop.a", "c"), WK_ERROR_SYSTEM("shop.a", "c"))}, "error code \"shop.a\": stands twice"},
        {{BASE, WHO, .sql_begin = sql_twice, .sql_end = sql_twice + 2}, "statement \"a\": stands twice"},
        {{BASE, WHO, .sql_begin = sql_empty, .sql_end = sql_empty + 1}, "statement \"c\": has no text"},
        {{BASE, WHO, .sql_begin = sql_null, .sql_end = sql_null + 1}, "has no text"},
        {{BASE, WHO, .sql_begin = sql_null}, "the list has no end"},
    };

    (void)state;
    for (size_t i = 0; i < WK_COUNT(endless); i++) {
        static char paths[WK_COUNT(endless)][16];

        (void)snprintf(paths[i], sizeof paths[i], "/p%zu", i);
        endless[i] = (struct wk_route)ROUTE(WK_GET, paths[i], "-", run);
    }
    for (size_t i = 0; i < WK_COUNT(bad); i++) {
        struct wk_err err = {0};

        if (wk_desc_check(&bad[i].desc, "shop", "1.0.0", &err) || !wk_err_is(&err, "plugin.descriptor") || !strstr(err.msg, bad[i].says))
            fail_msg("%zu should say \"%s\": %s", i, bad[i].says, err.msg);
    }
}

static void the_hosts_own_names_are_refused(void **state)
{
    static const char *const names[] = {"host", "wakala", "Shop", "1shop", "a-name-of-thirty-two-characters-x"};

    (void)state;
    for (size_t i = 0; i < WK_COUNT(names); i++) {
        struct wk_plugin_desc desc = {BASE, .name = names[i], .version = "1", .summary = "s"};
        struct wk_err err = {0};

        if (wk_desc_check(&desc, names[i], "1", &err) || !(strstr(err.msg, "a name is [a-z]") || strstr(err.msg, "the host's own")))
            fail_msg("%s: %s", names[i], err.msg);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_descriptors_pass),
        cmocka_unit_test(bad_descriptors_say_why),
        cmocka_unit_test(the_hosts_own_names_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
