/* What the gateway decides without asking anybody: CORS, addresses, rates, compression, the cache's key, Idempotency-Keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "cached.h"
#include "cors.h"
#include "edge.h"
#include "gzip.h"
#include "once.h"
#include "proxy.h"
#include "rate.h"

WK_HIDDEN const struct wk_host *wk_host;

static void origins_are_exact_but_for_a_leading_star(void **state)
{
    static const struct {
        const char *allowed, *origin;
        bool is_allowed;
    } rows[] = {
        {"https://shop.example", "https://shop.example", true},
        {"https://shop.example", "https://SHOP.example", true},
        {"https://shop.example", "http://shop.example", false},
        {"https://shop.example", "https://shop.example:8443", false},
        {"https://shop.example", "https://shop.example.evil.example", false},
        {"https://shop.example", "https://evil-shop.example", false},
        {"https://*.shop.example", "https://a.shop.example", true},
        {"https://*.shop.example", "https://a.b.shop.example", true},
        {"https://*.shop.example", "https://shop.example", false},
        {"https://*.shop.example", "https://.shop.example", false},
        {"https://*.shop.example", "https://evil.example/.shop.example", false},
        {"https://*.shop.example", "https://evil:1.shop.example", false},
        {"https://*.shop.example", "https://xshop.example", false},
        {"https://a.example, http://localhost:3000", "http://localhost:3000", true},
        {"https://a.example http://localhost:3000", "http://localhost:3001", false},
        {"*", "null", true},
        {"", "https://shop.example", false},
        {"https://shop.example", "null", false},
    };

    (void)state;
    for (size_t i = 0; i < WK_COUNT(rows); i++)
        if (cors_allows(rows[i].allowed, rows[i].origin) != rows[i].is_allowed)
            fail_msg("%s for \"%s\"", rows[i].origin, rows[i].allowed);
}

static void origins_that_cannot_be_meant_are_named(void **state)
{
    struct wk_span bad;

    (void)state;
    assert_true(cors_check("https://shop.example https://*.a.example http://[::1]:3000", true, &bad));
    assert_true(cors_check("*", false, &bad));
    assert_true(cors_check("", true, &bad));
    assert_false(cors_check("https://a.example *", true, &bad)); /* any page, with cookies */
    assert_int_equal(bad.len, 1);
    assert_false(cors_check("https://a.example shop.example", false, &bad));
    assert_memory_equal(bad.data, "shop.example", 12);
    assert_false(cors_check("https://a.example/", false, &bad));
    assert_false(cors_check("https://a.*.example", false, &bad));
    assert_false(cors_check("https://", false, &bad));
}

static void one_address_one_bucket(void **state)
{
    char a[64], b[64];

    (void)state;
    edge_address_key("192.0.2.7", a);
    assert_string_equal(a, "192.0.2.7");
    edge_address_key("::ffff:192.0.2.7", b);
    assert_string_equal(a, b);
    edge_address_key("2001:db8:1:2:aaaa::1", a);
    edge_address_key("2001:db8:1:2::ffff", b);
    assert_string_equal(a, "2001:0db8:0001:0002::/64");
    assert_string_equal(a, b);
    edge_address_key("2001:db8:1:3::1", b);
    assert_string_not_equal(a, b);
    assert_true(edge_is_free("/webhooks/whatsapp/x") && edge_is_free("/.well-known/jwks.json"));
    assert_false(edge_is_free("/v1/webhooks/") || edge_is_free("/webhooksx") || edge_is_free("/v1/a"));
}

static void request_ids(void **state)
{
    (void)state;
    assert_true(edge_is_request_id("0190a-b.c_d:E"));
    assert_false(edge_is_request_id(NULL) || edge_is_request_id("") || edge_is_request_id("a b") || edge_is_request_id("a\"b") || edge_is_request_id("\xc3\xa9"));
}

static void rates_are_read_or_named(void **state)
{
    static const char *const wrong[] = {"basic", "basic=", "=5", "basic=0", "basic=-5", "basic=5x", "basic=5/", "basic=5/x", "basic=2000000", "a=1 b=c", "basic= 5",
                                        "basic=nan", "basic=5/9999999"};
    struct rates rates;
    struct wk_span bad;

    (void)state;
    assert_true(rates_parse("  basic=500 POST:/v1/orders=0.5/3  /v1/a=b=7", &rates, &bad));
    assert_int_equal(rates.n, 3);
    assert_true(rates_find(&rates, "basic")->per_second == 500 && rates_find(&rates, "basic")->burst == 0);
    assert_true(rates_find(&rates, "POST:/v1/orders")->per_second == 0.5 && rates_find(&rates, "POST:/v1/orders")->burst == 3);
    assert_true(rates_find(&rates, "/v1/a=b")->per_second == 7);
    assert_null(rates_find(&rates, "premium"));
    rates_finish(&rates);
    assert_true(rates_parse("", &rates, &bad));
    assert_int_equal(rates.n, 0);
    rates_finish(&rates);
    for (size_t i = 0; i < WK_COUNT(wrong); i++)
        if (rates_parse(wrong[i], &rates, &bad) || !bad.len)
            fail_msg("%s", wrong[i]);
    assert_false(rates_parse("a=1 b=c d=2", &rates, &bad));
    assert_memory_equal(bad.data, "b=c d", 5);
    assert_int_equal(bad.len, 3);
    assert_int_equal(rate_burst(1000, 0, 50), 50);
    assert_int_equal(rate_burst(5, 0, 50), 1);
    assert_int_equal(rate_burst(5, 7, 50), 7);
}

static void who_reads_gzip(void **state)
{
    static const char *const yes[] = {"gzip", "GZIP", "br, gzip", "br;q=1.0, gzip;q=0.1", "*", "gzip, deflate", "identity, *;q=0.5"},
                             *const no[] = {"", "br", "gzip;q=0", "gzip;q=0.0, *", "*;q=0", "gzipped", "x-gzip"};

    (void)state;
    for (size_t i = 0; i < WK_COUNT(yes); i++)
        if (!gzip_is_wanted(yes[i]))
            fail_msg("%s", yes[i]);
    for (size_t i = 0; i < WK_COUNT(no); i++)
        if (gzip_is_wanted(no[i]))
            fail_msg("%s", no[i]);
    assert_false(gzip_is_wanted(NULL));
    assert_true(gzip_is_text("application/json; charset=utf-8") && gzip_is_text("application/problem+json") && gzip_is_text("text/html") &&
                gzip_is_text("image/svg+xml"));
    assert_false(gzip_is_text("image/png") || gzip_is_text("text/event-stream") || gzip_is_text(NULL) || gzip_is_text("application/jsonx"));
}

static void sorted(const char *query, const char *wanted)
{
    char out[200];

    cached_sort_query(query, out);
    assert_string_equal(out, wanted);
}

static void a_query_has_one_order(void **state)
{
    (void)state;
    sorted("b=2&a=1", "a=1&b=2");
    sorted("a=2&b=1&a=1", "a=2&a=1&b=1"); /* values of one name stay in their order: it may matter */
    sorted("ab=1&a=2&a", "a=2&a&ab=1");
    sorted("&&x=1&", "x=1");
    sorted("", "");
}

static bool same_key(struct cached_key a, struct cached_key b)
{
    uint8_t x[32], y[32];

    cached_key(&a, x);
    cached_key(&b, y);
    return !memcmp(x, y, sizeof x);
}

static void every_part_makes_another_key(void **state)
{
    struct cached_key base = {"staff", NULL, "/v1/a", "x=1", "accept-language=en\n"}, other;

    (void)state;
    assert_true(same_key(base, base));
    other = base, other.role = "owner";
    assert_false(same_key(base, other));
    other = base, other.subject = "";
    assert_false(same_key(base, other));
    other = base, other.path = "/v1/b";
    assert_false(same_key(base, other));
    other = base, other.query = "x=2";
    assert_false(same_key(base, other));
    other = base, other.vary = "accept-language=fr\n";
    assert_false(same_key(base, other));
    other = base, other.path = "/v1/ax", other.query = "=1"; /* the parts do not run together */
    assert_false(same_key(base, other));
}

static void tags_of_a_path(void **state)
{
    char tag[65];

    (void)state;
    cached_path_tag("/v1/orders/{id}", tag);
    assert_string_equal(tag, "orders");
    cached_path_tag("/probe/x", tag);
    assert_string_equal(tag, "probe");
    cached_path_tag("/v1/Per Son", tag);
    assert_string_equal(tag, "per-son");
    cached_path_tag("/vendors/7", tag);
    assert_string_equal(tag, "vendors");
}

static void what_is_kept_and_what_matches(void **state)
{
    (void)state;
    assert_true(cached_may_keep(200, NULL, NULL, NULL) && cached_may_keep(200, "max-age=60", NULL, NULL));
    assert_false(cached_may_keep(200, NULL, "a=b", NULL) || cached_may_keep(200, "Private", NULL, NULL) || cached_may_keep(200, "max-age=1, no-store", NULL, NULL) ||
                 cached_may_keep(200, "no-cache", NULL, NULL) || cached_may_keep(200, NULL, NULL, "gzip") || cached_may_keep(201, NULL, NULL, NULL) ||
                 cached_may_keep(404, NULL, NULL, NULL) || cached_may_keep(206, NULL, NULL, NULL));
    assert_true(cached_knows_vary(NULL, "") && cached_knows_vary("Origin, accept-encoding", "") && cached_knows_vary("Accept-Language", "X-A accept-language"));
    assert_false(cached_knows_vary("*", "") || cached_knows_vary("Origin, X-Shop", "Accept-Language") || cached_knows_vary("Accept", "Accept-Language"));
    assert_true(cached_matches("\"a\"", "\"a\"") && cached_matches("W/\"a\"", "\"a\"") && cached_matches("\"b\", \"a\"", "W/\"a\"") && cached_matches("*", "\"a\""));
    assert_false(cached_matches("\"ab\"", "\"a\"") || cached_matches("", "\"a\"") || cached_matches("a", "\"a\"") || cached_matches(NULL, "\"a\""));
}

static void what_a_key_says(void **state)
{
    static const struct {
        bool is_marked, has_row, is_same, has_answer;
        enum once_answer says;
    } rows[] = {
        {true, false, false, false, ONCE_RUN},    /* new */
        {true, true, false, true, ONCE_RUN},      /* its day was over: whatever was there is replaced */
        {true, true, true, false, ONCE_RUN},      /* its owner's lease was over */
        {false, true, true, true, ONCE_REPLAY},
        {false, true, true, false, ONCE_BUSY},
        {false, true, false, true, ONCE_OTHER},
        {false, true, false, false, ONCE_OTHER},  /* also while the other is under way */
        {false, false, false, false, ONCE_BUSY},  /* made by somebody in this moment */
    };

    (void)state;
    for (size_t i = 0; i < WK_COUNT(rows); i++)
        assert_int_equal(once_decide(rows[i].is_marked, rows[i].has_row, rows[i].is_same, rows[i].has_answer), rows[i].says);
    assert_true(once_is_key("0190-ab_c/=+!"));
    assert_false(once_is_key("") || once_is_key("a b") || once_is_key("a\x7f") || once_is_key("\xc3\xa9"));
}

static void fingerprints_and_bodies(void **state)
{
    char a[65], b[65], hex[] = "\\x00ff41", odd[] = "\\x0", none[] = "abc", empty[] = "\\x";

    (void)state;
    once_fingerprint("POST", "/a", "", (struct wk_span){"bc", 2}, a);
    once_fingerprint("POST", "/ab", "", (struct wk_span){"c", 1}, b);
    assert_string_not_equal(a, b);
    once_fingerprint("PUT", "/a", "", (struct wk_span){"bc", 2}, b);
    assert_string_not_equal(a, b);
    once_fingerprint("POST", "/a", "", (struct wk_span){"bc", 2}, b);
    assert_string_equal(a, b);
    assert_int_equal(once_unhex(hex), 3);
    assert_memory_equal(hex, "\0\377A", 4);
    assert_int_equal(once_unhex(empty), 0);
    assert_int_equal(once_unhex(odd), SIZE_MAX);
    assert_int_equal(once_unhex(none), SIZE_MAX);
}

static void proxied_routes_are_read(void **state)
{
    struct proxies p;
    struct wk_span bad;
    const char *allowed;

    (void)state;
    assert_true(proxies_parse(" erp = /v1/erp/ -> http://10.0.0.5:8080, http://[::1]:81 permission=erp.read write=erp.write timeout=2s retry=2 cache=5m body=2M "
                              "reply=64k;\n geo-2=/geo/->http://geo:1;;", &p, &bad, &allowed));
    assert_int_equal(p.n, 2);
    assert_string_equal(p.list[0].name, "erp");
    assert_string_equal(p.list[0].path, "/v1/erp/{rest*}");
    assert_int_equal(p.list[0].n, 2);
    assert_string_equal(p.list[0].address[0], "10.0.0.5:8080");
    assert_string_equal(p.list[0].address[1], "[::1]:81");
    assert_string_equal(p.list[0].read, "erp.read");
    assert_string_equal(p.list[0].write, "erp.write");
    assert_true(p.list[0].timeout_ms == 2000 && p.list[0].retries == 2 && p.list[0].cache_s == 300 && p.list[0].body_max == 2 << 20 &&
                p.list[0].reply_max == 64 << 10);
    assert_string_equal(p.list[1].name, "geo-2");
    assert_string_equal(p.list[1].read, WK_AUTHENTICATED);
    assert_string_equal(p.list[1].write, WK_AUTHENTICATED);
    assert_true(p.list[1].timeout_ms == 10000 && !p.list[1].retries && !p.list[1].cache_s);
    assert_ptr_equal(proxies_find(&p, &p.list[1].route[4]), &p.list[1]);
    assert_null(proxies_find(&p, (const struct wk_route *)(p.list + 2)));
    proxies_finish(&p);
    assert_true(proxies_parse("", &p, &bad, &allowed));
    proxies_finish(&p);
}

static void proxied_routes_that_cannot_be_meant_are_named(void **state)
{
    static const struct {
        const char *text, *bad;
    } rows[] = {
        {"erp", "erp"},
        {"erp = /v1/erp/", "erp = /v1/erp/"},
        {"= /v1/erp/ -> http://a:1", ""},
        {"Erp = /v1/erp/ -> http://a:1", "Erp"},
        {"erp = /v1/erp -> http://a:1", "/v1/erp"},
        {"erp = / -> http://a:1", "/"},
        {"erp = /v1/{x}/ -> http://a:1", "/v1/{x}/"},
        {"erp = /e/ -> ", "erp"},
        {"erp = /e/ -> https://a:1", "https://a:1"},
        {"erp = /e/ -> http://a", "http://a"},
        {"erp = /e/ -> http://a:1/path", "http://a:1/path"},
        {"erp = /e/ -> http://a:1 permission=", "permission="},
        {"erp = /e/ -> http://a:1 timeout=2", "timeout=2"},
        {"erp = /e/ -> http://a:1 timeout=2h", "timeout=2h"},
        {"erp = /e/ -> http://a:1 timeout=61s", "timeout=61s"},
        {"erp = /e/ -> http://a:1 retry=6", "retry=6"},
        {"erp = /e/ -> http://a:1 retry=-1", "retry=-1"},
        {"erp = /e/ -> http://a:1 cache=500ms", "cache=500ms"},
        {"erp = /e/ -> http://a:1 body=65M", "body=65M"},
        {"erp = /e/ -> http://a:1 body=99999999999999999999M", "body=99999999999999999999M"},
        {"erp = /e/ -> http://a:1 body=9223372036854775807M", "body=9223372036854775807M"},
        {"erp = /e/ -> http://a:1 colour=red", "colour=red"},
        {"ok = /o/ -> http://a:1; erp = /e/ -> http://a:1 retry", "retry"},
    };

    (void)state;
    for (size_t i = 0; i < WK_COUNT(rows); i++) {
        struct proxies p;
        struct wk_span bad;
        const char *allowed;

        if (proxies_parse(rows[i].text, &p, &bad, &allowed) || bad.len != strlen(rows[i].bad) || (bad.len && memcmp(bad.data, rows[i].bad, bad.len) != 0))
            fail_msg("%s: not \"%s\" but \"%.*s\"", rows[i].text, rows[i].bad, (int)bad.len, bad.data);
        assert_null(p.list);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(origins_are_exact_but_for_a_leading_star), cmocka_unit_test(origins_that_cannot_be_meant_are_named),
        cmocka_unit_test(one_address_one_bucket), cmocka_unit_test(request_ids), cmocka_unit_test(rates_are_read_or_named), cmocka_unit_test(who_reads_gzip),
        cmocka_unit_test(a_query_has_one_order), cmocka_unit_test(every_part_makes_another_key), cmocka_unit_test(tags_of_a_path),
        cmocka_unit_test(what_is_kept_and_what_matches), cmocka_unit_test(what_a_key_says), cmocka_unit_test(fingerprints_and_bodies),
        cmocka_unit_test(proxied_routes_are_read), cmocka_unit_test(proxied_routes_that_cannot_be_meant_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
