/* Settings that are texts of several words: what is read, and what is refused with which sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include "conf.h"

const struct wk_host *wk_host;
static struct bus_conf conf;
static struct wk_err err;

static void nodes_are_hosts_with_ports(void **state)
{
    (void)state;
    assert_true(rabbitmq_nodes_parse("mq1.internal:5673 10.0.0.2,[::1]:1", false, &conf, &err));
    assert_int_equal(conf.nodes, 3);
    assert_string_equal(conf.node[0].host, "mq1.internal");
    assert_int_equal(conf.node[0].port, 5673);
    assert_int_equal(conf.node[1].port, 5672);
    assert_int_equal(conf.node[2].port, 1);
    assert_true(rabbitmq_nodes_parse("mq", true, &conf, &err));
    assert_int_equal(conf.node[0].port, 5671);
}

static void bad_nodes_are_refused_by_name(void **state)
{
    static const char *const bad[] = {"", " ", ":5672", "mq:", "mq:0", "mq:65536", "mq:56x", "mq:-1"};
    char many[200] = "", longer[400];

    (void)state;
    for (size_t i = 0; i < WK_COUNT(bad); i++) {
        assert_false(rabbitmq_nodes_parse(bad[i], false, &conf, &err));
        assert_string_equal(err.code, "rabbitmq.conf");
        assert_non_null(strstr(err.msg, "nodes"));
    }
    for (int i = 0; i < NODES_MAX + 1; i++)
        strcat(many, "mq:1 ");
    assert_false(rabbitmq_nodes_parse(many, false, &conf, &err));
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_false(rabbitmq_nodes_parse(longer, false, &conf, &err));
}

static void outsiders_are_queues_with_patterns(void **state)
{
    (void)state;
    assert_true(rabbitmq_outside_parse("erp=order.* billing=payment.status_changed  all=* erp=payment.*", &conf, &err));
    assert_int_equal(conf.outsiders, 4);
    assert_string_equal(conf.outside[0].name, "erp");
    assert_string_equal(conf.outside[0].pattern, "order.#");
    assert_string_equal(conf.outside[1].pattern, "payment.status_changed");
    assert_string_equal(conf.outside[2].pattern, "#");
    assert_true(rabbitmq_outside_parse("", &conf, &err));
    assert_int_equal(conf.outsiders, 0);
}

static void bad_outsiders_are_refused_by_name(void **state)
{
    static const char *const bad[] = {"erp", "=order.*", "erp=", "ERP=order.*", "erp=order*", "erp=.*", "erp=or*der.*", "erp=#", "erp=Order.made", "erp=order.* erp=order.*"};

    (void)state;
    for (size_t i = 0; i < WK_COUNT(bad); i++) {
        assert_false(rabbitmq_outside_parse(bad[i], &conf, &err));
        assert_string_equal(err.code, "rabbitmq.conf");
        assert_non_null(strstr(err.msg, "outside"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nodes_are_hosts_with_ports), cmocka_unit_test(bad_nodes_are_refused_by_name),
                                       cmocka_unit_test(outsiders_are_queues_with_patterns), cmocka_unit_test(bad_outsiders_are_refused_by_name)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
