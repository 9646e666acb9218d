/* Lists of addresses and networks; whom a chain of proxies names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include "config/networks.h"

static struct wk_networks parsed(const char *text)
{
    struct wk_networks list;
    char why[128] = "";

    if (!wk_networks_parse(text, &list, why, sizeof why))
        fail_msg("%s: %s", text, why);
    return list;
}

static void a_list_has_what_it_names(void **state)
{
    struct wk_networks list = parsed("10.1.2.3, 10.2.0.0/15 fd00::/8\t2001:db8::1");
    static const char *const in[] = {"10.1.2.3", "10.2.0.0", "10.3.255.255", "fd12:3456::1", "2001:db8::1", "::ffff:10.1.2.3"},
                      *const out[] = {"10.1.2.4", "10.4.0.0", "10.1.255.255", "fe80::1", "2001:db8::2", "", "unix", "10.1.2.3:80", "localhost"};

    (void)state;
    assert_int_equal(list.n, 4);
    for (size_t i = 0; i < WK_COUNT(in); i++)
        if (!wk_networks_have(&list, in[i]))
            fail_msg("%s is missing", in[i]);
    for (size_t i = 0; i < WK_COUNT(out); i++)
        if (wk_networks_have(&list, out[i]))
            fail_msg("%s is there", out[i]);
    list = parsed("0.0.0.0/0");
    assert_true(wk_networks_have(&list, "203.0.113.9"));
    assert_false(wk_networks_have(&list, "2001:db8::1"));
    list = parsed("");
    assert_false(wk_networks_have(&list, "127.0.0.1"));
}

static void what_is_no_network_is_named(void **state)
{
    static const char *const wrong[] = {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x", "10.0.0.0/-1", "fd00::/129", "10.0.0", "example.com",
                                        "10.0.0.0/8/8", "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd:eeee:ffff/64"};
    struct wk_networks list;
    char why[128], many[WK_NETWORKS_MAX * 10 + 20] = "";

    (void)state;
    for (size_t i = 0; i < WK_COUNT(wrong); i++) {
        if (wk_networks_parse(wrong[i], &list, why, sizeof why))
            fail_msg("%s passed", wrong[i]);
        assert_int_equal(list.n, 0);
        assert_non_null(strstr(why, "neither an address nor a network"));
    }
    for (int i = 0; i <= WK_NETWORKS_MAX; i++)
        (void)snprintf(many + strlen(many), sizeof many - strlen(many), "10.0.0.%d ", i);
    assert_false(wk_networks_parse(many, &list, why, sizeof why));
    assert_non_null(strstr(why, "more than 64"));
}

static void the_rightmost_that_is_no_proxy_asked(void **state)
{
    static const struct {
        const char *line, *client;
        bool is_found;
    } rows[] = {
        {"203.0.113.9", "203.0.113.9", true},
        {"198.51.100.1, 203.0.113.9", "203.0.113.9", true}, /* the first one is what the client claims */
        {"198.51.100.1, 203.0.113.9, 10.0.0.7", "203.0.113.9", true},
        {"10.9.9.9,10.0.0.7", "10.9.9.9", false}, /* proxies only: the outermost */
        {" 203.0.113.9 \t", "203.0.113.9", true},
        {"203.0.113.9:4711", "203.0.113.9", true},
        {"[2001:db8::9]:4711", "2001:db8::9", true},
        {"2001:DB8::9", "2001:db8::9", true},
        {"::ffff:203.0.113.9", "203.0.113.9", true},
        {"203.0.113.9, unknown", "10.0.0.1", true}, /* nobody may speak from behind what cannot be read */
        {"203.0.113.9, unknown, 10.0.0.7", "10.0.0.7", true},
        {"203.0.113.9,", "10.0.0.1", true},
        {"[2001:db8::9", "10.0.0.1", true},
        {"203.0.113.9aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "10.0.0.1", true},
        {"", "10.0.0.1", false},
    };
    struct wk_networks trusted = parsed("10.0.0.0/8");

    (void)state;
    for (size_t i = 0; i < WK_COUNT(rows); i++) {
        char client[WK_ADDRESS_TEXT] = "10.0.0.1";

        if (wk_networks_client(&trusted, (struct wk_span){rows[i].line, strlen(rows[i].line)}, client) != rows[i].is_found ||
            strcmp(client, rows[i].client) != 0)
            fail_msg("\"%s\": %s", rows[i].line, client);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_list_has_what_it_names), cmocka_unit_test(what_is_no_network_is_named),
                                       cmocka_unit_test(the_rightmost_that_is_no_proxy_asked)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
