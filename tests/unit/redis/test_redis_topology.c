/* Fail-over by a sentinel, and a cluster whose slots move while they are read. */
#include "fixture.h"

static const char *said(const struct test_redis *r, const char *format, const char *a, const char *b)
{
    char command[256];

    (void)snprintf(command, sizeof command, format, a, b);
    return test_redis_cli(r, command);
}

static int64_t took_us;
static void body_set(void)
{
    int64_t before = wk_mono_us();

    (void)ASK("k", "SET", "k", "v");
    took_us = wk_mono_us() - before;
}
static bool can_set(void)
{
    run(body_set);
    return !why.code;
}

/* --- Sentinel --- */

static struct test_redis pair[2], sentinel;

static void sentinel_start(void)
{
    char path[96], port[8];
    char *argv[] = {"/usr/bin/redis-server", path, "--sentinel", NULL};
    FILE *f;

    test_redis_place(&sentinel);
    (void)snprintf(path, sizeof path, "%s/sentinel.conf", sentinel.dir);
    (void)snprintf(port, sizeof port, "%d", sentinel.port);
    f = fopen(path, "w");
    assert_non_null(f);
    (void)fprintf(f, "bind 127.0.0.1\nport %s\nsentinel monitor shop 127.0.0.1 %d 1\nsentinel down-after-milliseconds shop 300\n"
                     "sentinel failover-timeout shop 1000\n", port, pair[0].port);
    (void)fclose(f);
    test_redis_spawn(&sentinel, argv);
}

static bool replica_follows(void) { return strstr(test_redis_cli(&pair[1], "INFO replication | grep master_link_status"), "up") != NULL; }
static bool sentinel_knows(void) { return !strcmp(test_redis_cli(&sentinel, "SENTINEL REPLICAS shop | grep -c ^slave-repl-offset"), "1"); }

static int sentinel_setup(void **state)
{
    char port[8];

    test_redis_start(&pair[0], "--repl-diskless-sync-delay", "0", NULL);
    (void)snprintf(port, sizeof port, "%d", pair[0].port);
    test_redis_start(&pair[1], "--replicaof", "127.0.0.1", port, "--repl-diskless-sync-delay", "0", NULL);
    sentinel_start();
    if (loop_setup(state))
        return -1;
    wait_until(replica_follows, 15000, "the replica follows");
    wait_until(sentinel_knows, 15000, "the sentinel knows the replica");
    return 0;
}
static int sentinel_teardown(void **state)
{
    (void)loop_teardown(state);
    test_redis_remove(&sentinel);
    test_redis_remove(&pair[0]);
    test_redis_remove(&pair[1]);
    return 0;
}

static void ask_sentinel(void)
{
    static char list[64];

    /* the first one named is not there: it is passed over */
    (void)snprintf(list, sizeof list, "127.0.0.1:%d 127.0.0.1:%d", test_redis_free_port(), sentinel.port);
    connect_with((struct wk_redis_conf){.servers = list, .mode = WK_REDIS_SENTINEL, .master = "shop"});
    wait_until(is_up, 5000, "the sentinel named the master");
}

static void a_dead_master_is_followed_by_the_next(void **state)
{
    uint64_t epoch;
    int64_t before;

    (void)state;
    ask_sentinel();
    assert_true(can_set());
    epoch = wk_redis_epoch(redis, NULL);
    test_redis_stop(&pair[0]);
    wait_until(is_down, 1000, "the loss is seen");
    run(body_set);
    assert_string_equal(why.code, "redis.unavailable");
    assert_true(took_us < 45000); /* no waiting */
    before = wk_mono_us();
    wait_until(can_set, 10000, "the replica has taken over and is found");
    print_message("fail-over found after %lld ms\n", (long long)(wk_mono_us() - before) / 1000);
    assert_string_equal(test_redis_cli(&pair[1], "GET k"), "v");
    assert_true(wk_redis_epoch(redis, NULL) && wk_redis_epoch(redis, NULL) != epoch);
}
static void a_frozen_master_too_and_it_is_not_believed_when_it_wakes(void **state)
{
    (void)state;
    budget_ms = 50;
    ask_sentinel();
    assert_true(can_set());
    test_redis_freeze(&pair[0]);
    run(body_set);
    assert_string_equal(why.code, "redis.unavailable");
    wait_until(can_set, 10000, "the replica has taken over and is found");
    test_redis_thaw(&pair[0]);
    for (int i = 0; i < 20; i++) { /* it still takes itself for the master, for a moment */
        (void)can_set();
        test_redis_pause(20);
        (void)event_base_loop(base, EVLOOP_NONBLOCK);
    }
    assert_true(can_set());
    assert_string_equal(test_redis_cli(&pair[1], "GET k"), "v");
    assert_non_null(strstr(test_redis_cli(&pair[1], "ROLE"), "master"));
}
/* The sentinel says no while it has not heard of the replica, or that it is in step. */
static bool is_switch_ordered(void) { return !strcmp(test_redis_cli(&sentinel, "SENTINEL FAILOVER shop"), "OK"); }

static void an_ordered_switch_is_followed(void **state)
{
    (void)state;
    ask_sentinel();
    assert_true(can_set());
    wait_until(is_switch_ordered, 15000, "the sentinel takes the order");
    for (int i = 0; i < 500 && !strstr(test_redis_cli(&pair[1], "ROLE"), "master"); i++)
        test_redis_pause(20);
    (void)test_redis_cli(&pair[1], "DEL k");
    wait_until(can_set, 5000, "the new master is found");
    for (int i = 0; i < 300 && strcmp(test_redis_cli(&pair[1], "GET k"), "v") != 0; i++) {
        (void)can_set();
        (void)event_base_loop(base, EVLOOP_NONBLOCK);
        test_redis_pause(10);
    }
    assert_string_equal(test_redis_cli(&pair[1], "GET k"), "v");
}

/* --- Cluster --- */

static struct test_redis node[3];
static char ids[3][48];

static bool all_slots_served(void)
{
    for (int i = 0; i < 3; i++)
        if (!strstr(test_redis_cli(&node[i], "CLUSTER INFO | grep cluster_state"), "ok"))
            return false;
    return true;
}

static int cluster_group_setup(void **state)
{
    char command[256];

    (void)state;
    for (int i = 0; i < 3; i++)
        test_redis_start(&node[i], "--cluster-enabled", "yes", "--cluster-node-timeout", "1500", "--cluster-require-full-coverage", "no", NULL);
    (void)snprintf(command, sizeof command, "redis-cli --cluster create 127.0.0.1:%d 127.0.0.1:%d 127.0.0.1:%d --cluster-yes 2>&1 | tail -1", node[0].port,
                   node[1].port, node[2].port);
    (void)test_redis_shell(command);
    for (int i = 0; i < 500 && !all_slots_served(); i++)
        test_redis_pause(20);
    for (int i = 0; i < 3; i++)
        (void)snprintf(ids[i], sizeof ids[i], "%.40s", test_redis_cli(&node[i], "CLUSTER MYID"));
    return all_slots_served() ? 0 : -1;
}
static int cluster_group_teardown(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        test_redis_remove(&node[i]);
    return 0;
}

static void connect_cluster(void)
{
    (void)snprintf(servers, sizeof servers, "127.0.0.1:%d", node[1].port); /* one is enough to find the others */
    connect_with((struct wk_redis_conf){.servers = servers, .mode = WK_REDIS_CLUSTER});
    wait_until(is_up, 3000, "a node is there and knows the slots");
    (void)event_base_loopexit(base, &(struct timeval){0, 100000});
    (void)event_base_dispatch(base);
}

static void body_many_keys(void)
{
    char key[32], value[32];

    for (int i = 0; i < 300; i++) {
        const char *got;

        (void)snprintf(key, sizeof key, "key:%d", i);
        (void)snprintf(value, sizeof value, "%d", i);
        if (!(got = ASK(key, "SET", key, value)) || strcmp(got, "OK") != 0 || !(got = ASK(key, "GET", key)) || strcmp(got, value) != 0)
            fail_msg("%s: %s", key, why.msg);
    }
}
static void keys_go_to_their_nodes(void **state)
{
    int sum = 0;

    (void)state;
    connect_cluster();
    run(body_many_keys);
    for (int i = 0; i < 3; i++) {
        int n = atoi(test_redis_cli(&node[i], "DBSIZE"));

        assert_true(n > 50);
        sum += n;
    }
    assert_int_equal(sum, 300);
    assert_int_equal(wk_redis_stats(redis)->redirects, 0);
}

static void body_one_trip(void)
{
    struct wk_redis_req reqs[] = {{.argc = 3, .argv = (const char *[]){"SET", "a:{shop}:1", "x"}}, {.argc = 3, .argv = (const char *[]){"SET", "b:{shop}", "y"}},
                                  {.argc = 3, .argv = (const char *[]){"MGET", "a:{shop}:1", "b:{shop}"}}};

    assert_true(wk_redis_cmds(redis, 0, "a:{shop}:1", reqs, 3, &why));
    assert_string_equal(wk_redis_at(&reqs[2].reply, 1).text, "y");
    for (size_t i = 0; i < 3; i++)
        wk_redis_reply_finish(&reqs[i].reply);
}
static void keys_with_the_same_tag_share_a_trip(void **state)
{
    (void)state;
    connect_cluster();
    run(body_one_trip);
}

/* A slot moves from its node to another: every step as redis-cli does it, and at every step all of its keys are read and one is written. */
static char moving[8][24];
static int written;
static void body_read_moving(void)
{
    char value[16];
    const char *got;

    for (int i = 0; i < 8; i++) {
        got = ASK(moving[i], "GET", moving[i]);
        if (!got || strcmp(got, moving[i]) != 0)
            fail_msg("%s: %s %s", moving[i], got ? got : "failed", why.msg);
    }
    (void)snprintf(value, sizeof value, "n:{move}:%d", ++written);
    got = ASK(value, "SET", value, value);
    if (!got)
        fail_msg("%s: %s", value, why.msg);
}
static void body_write_moving(void)
{
    for (int i = 0; i < 8; i++) {
        (void)snprintf(moving[i], sizeof moving[i], "m:{move}:%d", i);
        assert_non_null(ASK(moving[i], "SET", moving[i], moving[i]));
    }
}
static void a_slot_that_moves_is_read_all_the_time(void **state)
{
    char slot[8], from_text[128], command[128];
    int from = -1, to;
    uint64_t before;

    (void)state;
    connect_cluster();
    run(body_write_moving);
    (void)snprintf(slot, sizeof slot, "%s", test_redis_cli(&node[0], "CLUSTER KEYSLOT '{move}'"));
    for (int i = 0; i < 3; i++)
        if (atoi(said(&node[i], "CLUSTER COUNTKEYSINSLOT %s", slot, "")) > 0)
            from = i;
    assert_true(from >= 0);
    to = (from + 1) % 3;
    (void)snprintf(from_text, sizeof from_text, "CLUSTER SETSLOT %s IMPORTING %s", slot, ids[from]);
    assert_string_equal(test_redis_cli(&node[to], from_text), "OK");
    (void)snprintf(from_text, sizeof from_text, "CLUSTER SETSLOT %s MIGRATING %s", slot, ids[to]);
    assert_string_equal(test_redis_cli(&node[from], from_text), "OK");
    run(body_read_moving);
    for (int i = 0; i < 8; i++) { /* key by key */
        (void)snprintf(command, sizeof command, "MIGRATE 127.0.0.1 %d %s 0 1000", node[to].port, moving[i]);
        assert_string_equal(test_redis_cli(&node[from], command), "OK");
        run(body_read_moving);
    }
    assert_true(wk_redis_stats(redis)->redirects > 10); /* ASK, every time: the slot is not there yet */
    for (int i = 0; i < 3; i++)
        if (i == from || i == to) {
            (void)snprintf(command, sizeof command, "CLUSTER SETSLOT %s NODE %s", slot, ids[to]);
            assert_string_equal(test_redis_cli(&node[i], command), "OK");
        }
    run(body_read_moving);
    before = wk_redis_stats(redis)->redirects;
    run(body_read_moving);
    assert_int_equal(wk_redis_stats(redis)->redirects, before); /* MOVED was noted */
}

static int reached, failed_slowly;
static void body_reach(void)
{
    char key[16];

    reached = 0;
    for (int i = 0; i < 100; i++) {
        int64_t before = wk_mono_us();

        (void)snprintf(key, sizeof key, "r:%d", i);
        if (ASK(key, "SET", key, "x"))
            reached++;
        else
            failed_slowly += wk_mono_us() - before > 45000;
    }
}
static bool all_reached(void)
{
    run(body_reach);
    return reached == 100;
}
static bool some_reached(void)
{
    run(body_reach);
    return reached < 90;
}
static void a_node_that_dies_takes_only_its_own_keys(void **state)
{
    (void)state;
    connect_cluster();
    wait_until(all_reached, 3000, "all slots answer");
    test_redis_stop(&node[2]);
    wait_until(some_reached, 3000, "the loss is seen");
    assert_true(reached > 40);
    failed_slowly = 0;
    run(body_reach);
    assert_true(failed_slowly <= 2); /* of about 33: not one budget each, and a busy machine */
    assert_true(wk_redis_is_up(redis));
    test_redis_start(&node[2], "--cluster-enabled", "yes", "--cluster-node-timeout", "1500", "--cluster-require-full-coverage", "no", NULL);
    wait_until(all_reached, 15000, "it is back");
}

int main(void)
{
    const struct CMUnitTest by_sentinel[] = {
        cmocka_unit_test_setup_teardown(a_dead_master_is_followed_by_the_next, sentinel_setup, sentinel_teardown),
        cmocka_unit_test_setup_teardown(a_frozen_master_too_and_it_is_not_believed_when_it_wakes, sentinel_setup, sentinel_teardown),
        cmocka_unit_test_setup_teardown(an_ordered_switch_is_followed, sentinel_setup, sentinel_teardown),
    };
    const struct CMUnitTest by_cluster[] = {
        cmocka_unit_test_setup_teardown(keys_go_to_their_nodes, loop_setup, loop_teardown),
        cmocka_unit_test_setup_teardown(keys_with_the_same_tag_share_a_trip, loop_setup, loop_teardown),
        cmocka_unit_test_setup_teardown(a_slot_that_moves_is_read_all_the_time, loop_setup, loop_teardown),
        cmocka_unit_test_setup_teardown(a_node_that_dies_takes_only_its_own_keys, loop_setup, loop_teardown),
    };

    return cmocka_run_group_tests(by_sentinel, NULL, NULL) + cmocka_run_group_tests(by_cluster, cluster_group_setup, cluster_group_teardown);
}
