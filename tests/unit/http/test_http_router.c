/* Routes, percent-decoding, queries and forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <http/router.h>
#include <http/target.h>
#include <stdio.h>
#include <string.h>

static struct wk_span span(const char *s) { return (struct wk_span){s, strlen(s)}; }

static struct wk_router *shop(void)
{
    static const char *routes[][2] = {
        {"GET", "/"},
        {"GET", "/v1/orders"},
        {"POST", "/v1/orders"},
        {"GET", "/v1/orders/{id}"},
        {"DELETE", "/v1/orders/{order}"},
        {"POST", "/v1/orders/search"},
        {"GET", "/v1/orders/{id}/items/{item}"},
        {"GET", "/v1/orders/special/items"},
        {"POST", "/webhooks/whatsapp/{app}"},
        {"GET", "/sim/*"},
        {"GET", "/sim/known"},
        {"GET", "/files/{bucket}/*"},
        {"GET", "/slash/"},
    };
    struct wk_err err;
    struct wk_router *r = wk_router_create(&err);

    for (size_t i = 0; i < WK_COUNT(routes); i++)
        if (!wk_router_add(r, routes[i][0], routes[i][1], "shop", (void *)routes[i][1], &err))
            fail_msg("%s", err.msg);
    return r;
}

static void every_path_finds_its_route(void **state)
{
    static const struct {
        const char *method, *path;
        enum wk_route_found found;
        const char *pattern, *params, *allow;
    } rows[] = {
        {"GET", "/", WK_ROUTE_OK, "/", "", ""},
        {"GET", "/v1/orders", WK_ROUTE_OK, "/v1/orders", "", ""},
        {"HEAD", "/v1/orders", WK_ROUTE_OK, "/v1/orders", "", ""},
        {"PUT", "/v1/orders", WK_ROUTE_NO_METHOD, NULL, "", "POST, GET, HEAD"},
        {"GET", "/v1/orders/7", WK_ROUTE_OK, "/v1/orders/{id}", "id=7 ", ""},
        {"DELETE", "/v1/orders/7", WK_ROUTE_OK, "/v1/orders/{order}", "order=7 ", ""},
        {"POST", "/v1/orders/search", WK_ROUTE_OK, "/v1/orders/search", "", ""},
        {"GET", "/v1/orders/search", WK_ROUTE_OK, "/v1/orders/{id}", "id=search ", ""}, /* steps back for the method */
        {"PUT", "/v1/orders/search", WK_ROUTE_NO_METHOD, NULL, "", "POST, DELETE, GET, HEAD"},
        {"GET", "/v1/orders/special/items/3", WK_ROUTE_OK, "/v1/orders/{id}/items/{item}", "id=special item=3 ", ""},
        {"GET", "/v1/orders/a%2Fb/items/%20", WK_ROUTE_OK, "/v1/orders/{id}/items/{item}", "id=a/b item=  ", ""},
        {"GET", "/v1/orders/caf%C3%A9", WK_ROUTE_OK, "/v1/orders/{id}", "id=caf\xc3\xa9 ", ""},
        {"GET", "/v1/%6frders/7", WK_ROUTE_OK, "/v1/orders/{id}", "id=7 ", ""},
        {"GET", "/v1/orders/a+b", WK_ROUTE_OK, "/v1/orders/{id}", "id=a+b ", ""},
        {"POST", "/webhooks/whatsapp/99", WK_ROUTE_OK, "/webhooks/whatsapp/{app}", "app=99 ", ""},
        {"GET", "/sim/", WK_ROUTE_OK, "/sim/*", "*= ", ""},
        {"GET", "/sim/a/b%20c/d%2Fe", WK_ROUTE_OK, "/sim/*", "*=a/b c/d%2Fe ", ""},
        {"GET", "/sim/known", WK_ROUTE_OK, "/sim/known", "", ""},
        {"GET", "/sim/known/more", WK_ROUTE_OK, "/sim/*", "*=known/more ", ""},
        {"GET", "/sim", WK_ROUTE_NO_PATH, NULL, "", ""},
        {"GET", "/files/b/x/y", WK_ROUTE_OK, "/files/{bucket}/*", "bucket=b *=x/y ", ""},
        {"GET", "/slash/", WK_ROUTE_OK, "/slash/", "", ""},
        {"GET", "/slash", WK_ROUTE_NO_PATH, NULL, "", ""},
        {"GET", "/v1/orders/", WK_ROUTE_NO_PATH, NULL, "", ""},
        {"GET", "//v1/orders", WK_ROUTE_NO_PATH, NULL, "", ""},
        {"GET", "/nowhere", WK_ROUTE_NO_PATH, NULL, "", ""},
        {"GET", "/v1/orders/..", WK_ROUTE_BAD_PATH, NULL, "", ""},
        {"GET", "/sim/%2e%2E/etc", WK_ROUTE_BAD_PATH, NULL, "", ""},
        {"GET", "/sim/a%2f..%2fb", WK_ROUTE_BAD_PATH, NULL, "", ""},
        {"GET", "/sim/./a", WK_ROUTE_BAD_PATH, NULL, "", ""},
        {"GET", "/v1/orders/%00", WK_ROUTE_BAD_PATH, NULL, "", ""},
        {"GET", "/v1/orders/%0a", WK_ROUTE_BAD_PATH, NULL, "", ""},
        {"GET", "/v1/orders/%7f", WK_ROUTE_BAD_PATH, NULL, "", ""},
        {"GET", "/v1/orders/%", WK_ROUTE_BAD_PATH, NULL, "", ""},
        {"GET", "/v1/orders/%4", WK_ROUTE_BAD_PATH, NULL, "", ""},
        {"GET", "/v1/orders/%zz", WK_ROUTE_BAD_PATH, NULL, "", ""},
        {"GET", "", WK_ROUTE_BAD_PATH, NULL, "", ""},
        {"OPTIONS", "*", WK_ROUTE_BAD_PATH, NULL, "", ""},
        {"GET", "/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5", WK_ROUTE_BAD_PATH, NULL, "", ""},
    };
    WK_AUTO(wk_router) r = shop();
    static struct wk_route_match m;

    (void)state;
    for (size_t i = 0; i < WK_COUNT(rows); i++) {
        enum wk_route_found found = wk_router_find(r, rows[i].method, span(rows[i].path), &m);
        char params[200] = "";

        for (size_t k = 0; k < m.n_params; k++) {
            assert_int_equal(m.params[k].value.data[m.params[k].value.len], 0);
            sprintf(params + strlen(params), "%s=%.*s ", m.params[k].name, (int)m.params[k].value.len, m.params[k].value.data);
        }
        if (found != rows[i].found || strcmp(m.pattern ? m.pattern : "", rows[i].pattern ? rows[i].pattern : "") != 0 ||
            strcmp(params, rows[i].params) != 0 || (found == WK_ROUTE_NO_METHOD && strcmp(m.allow, rows[i].allow) != 0))
            fail_msg("%s %s: found %d, %s, params %s, allow %s", rows[i].method, rows[i].path, found, m.pattern, params, m.allow);
        if (found == WK_ROUTE_OK)
            assert_string_equal(m.data, rows[i].pattern);
    }
    assert_int_equal(wk_router_find(r, "GET", span("/v1/orders/7"), &m), WK_ROUTE_OK);
    assert_int_equal(wk_route_param(&m, "id").len, 1);
    assert_null(wk_route_param(&m, "other").data);
}

static void a_conflict_names_both_owners(void **state)
{
    WK_AUTO(wk_router) r = shop();
    struct wk_err err;

    (void)state;
    assert_false(wk_router_add(r, "GET", "/v1/orders/{number}", "rival", NULL, &err));
    assert_string_equal(err.code, "router.duplicate");
    assert_non_null(strstr(err.msg, "rival"));
    assert_non_null(strstr(err.msg, "shop"));
    assert_non_null(strstr(err.msg, "/v1/orders/{id}"));
    assert_false(wk_router_add(r, "GET", "/sim/*", "rival", NULL, &err));
    assert_string_equal(err.code, "router.duplicate");
    assert_true(wk_router_add(r, "PATCH", "/v1/orders/{number}", "rival", NULL, &err));
}

static void malformed_patterns_are_refused(void **state)
{
    static const char *patterns[] = {"", "a", "a/b", "//", "/a//b", "/a/*/b", "/a/**", "/a/x*", "/{", "/{}", "/{A}", "/a{b}", "/{a}{b}",
                                     "/{a}/{a}", "/a b", "/a%20", "/..", "/./a", "/a?b",
                                     "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}"};
    struct wk_err err;
    WK_AUTO(wk_router) r = wk_router_create(&err);

    (void)state;
    for (size_t i = 0; i < WK_COUNT(patterns); i++) {
        if (wk_router_add(r, "GET", patterns[i], "shop", NULL, &err))
            fail_msg("%s was taken", patterns[i]);
        assert_string_equal(err.code, "router.pattern");
    }
    assert_false(wk_router_add(r, "get", "/a", "shop", NULL, &err));
    assert_false(wk_router_add(r, "", "/a", "shop", NULL, &err));
}

static void count(const char *method, const char *pattern, const char *owner, void *data, void *arg)
{
    (void)method, (void)owner;
    assert_string_equal(pattern, data);
    ++*(int *)arg;
}

static void all_routes_can_be_listed(void **state)
{
    WK_AUTO(wk_router) r = shop();
    int n = 0;

    (void)state;
    wk_router_each(r, count, &n);
    assert_int_equal(n, 13);
}

static void many_routes_are_all_found(void **state)
{
    static struct wk_route_match m;
    struct wk_err err;
    WK_AUTO(wk_router) r = wk_router_create(&err);
    char path[64];

    (void)state;
    for (int i = 0; i < 2000; i++) {
        sprintf(path, "/p%d/{id}/x%d", i * 7919 % 2000, i);
        assert_true(wk_router_add(r, "GET", path, "many", (void *)(uintptr_t)(i + 1), &err));
    }
    for (int i = 0; i < 2000; i++) {
        sprintf(path, "/p%d/id/x%d", i * 7919 % 2000, i);
        assert_int_equal(wk_router_find(r, "GET", span(path), &m), WK_ROUTE_OK);
        assert_int_equal((uintptr_t)m.data, i + 1);
    }
}

static void paths_decode_in_place_and_keep_an_encoded_slash(void **state)
{
    char text[] = "/a%2fb/%63%20d";
    size_t len;

    (void)state;
    assert_true(wk_http_decode_path(span(text), text, &len));
    assert_string_equal(text, "/a%2Fb/c d");
    assert_int_equal(len, strlen(text));
    assert_false(wk_http_decode_path(span("/a/.."), text, &len));
    assert_false(wk_http_decode_path(span("/%2e/a"), text, &len));
    assert_true(wk_http_decode_path(span("/..a/b.."), text, &len));
    assert_false(wk_http_decode_path(span("/%00"), text, &len));
}

static void a_query_is_walked_raw(void **state)
{
    struct wk_query_iter it = {.rest = span("a=1&b&&=x&c=%20=y&")};
    static const char *want[][2] = {{"a", "1"}, {"b", ""}, {"", "x"}, {"c", "%20=y"}};
    struct wk_span name, value;

    (void)state;
    for (size_t i = 0; i < WK_COUNT(want); i++) {
        assert_true(wk_query_next(&it, &name, &value));
        assert_int_equal(name.len, strlen(want[i][0]));
        assert_memory_equal(name.data, want[i][0], name.len);
        assert_int_equal(value.len, strlen(want[i][1]));
        assert_memory_equal(value.data, want[i][1], value.len);
    }
    assert_false(wk_query_next(&it, &name, &value));
}

static void forms_are_decoded_within_limits(void **state)
{
    struct wk_form_field fields[300];
    char buf[4000], text[2000] = "";

    (void)state;
    assert_int_equal(wk_form_decode(span("name=Anna+M%2e&note=a%0Ab&x"), fields, 300, buf, sizeof buf), 3);
    assert_string_equal(fields[0].name.data, "name");
    assert_string_equal(fields[0].value.data, "Anna M.");
    assert_string_equal(fields[1].value.data, "a\nb");
    assert_int_equal(fields[2].value.len, 0);
    assert_int_equal(wk_form_decode(span("a=%00"), fields, 300, buf, sizeof buf), -1);
    assert_int_equal(wk_form_decode(span("a=%g0"), fields, 300, buf, sizeof buf), -1);
    assert_int_equal(wk_form_decode(span("a=1&b=2"), fields, 1, buf, sizeof buf), -1);
    assert_int_equal(wk_form_decode(span("a=12345"), fields, 300, buf, 7), -1);
    for (int i = 0; i < 257; i++)
        sprintf(text + strlen(text), "a=%d&", i);
    assert_int_equal(wk_form_decode(span(text), fields, 300, buf, sizeof buf), -1);
    text[strlen(text) - 6] = '\0';
    assert_int_equal(wk_form_decode(span(text), fields, 300, buf, sizeof buf), 256);
    assert_int_equal(wk_form_decode((struct wk_span){NULL, 0}, fields, 300, buf, sizeof buf), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_path_finds_its_route),
        cmocka_unit_test(a_conflict_names_both_owners),
        cmocka_unit_test(malformed_patterns_are_refused),
        cmocka_unit_test(all_routes_can_be_listed),
        cmocka_unit_test(many_routes_are_all_found),
        cmocka_unit_test(paths_decode_in_place_and_keep_an_encoded_slash),
        cmocka_unit_test(a_query_is_walked_raw),
        cmocka_unit_test(forms_are_decoded_within_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
