/* The cache of several workers on two hosts: one load, never too old, never what was changed before it was asked for; whatever Redis does. */
#include "fixture.h"

static int group_setup(void **state)
{
    (void)state;
    test_redis_start(&server, NULL);
    return 0;
}
static int group_teardown(void **state)
{
    (void)state;
    test_redis_remove(&server);
    return 0;
}

/* --- one load --- */

enum { MANY = 1000 };
static struct asked many[MANY];
static bool all_answered(void)
{
    for (int i = 0; i < MANY; i++)
        if (!many[i].is_done)
            return false;
    return true;
}
static void ask_many(void)
{
    for (int i = 0; i < MANY; i++) {
        many[i] = (struct asked){.worker = i % WORKERS};
        start(&many[i]);
    }
    wait_until(all_answered, 10000, "all are answered");
    for (int i = 0; i < MANY; i++)
        if (!many[i].ok || many[i].value != table)
            fail_msg("number %d got %d: %s", i, many[i].value, many[i].err.msg);
}

static void a_thousand_misses_of_three_workers_load_once(void **state)
{
    (void)state;
    open_with_redis((struct wk_cache_conf){0});
    table = 7;
    load_ms = 80;
    ask_many();
    assert_int_equal(loads, 1);
}
static void without_redis_each_worker_loads_once(void **state)
{
    (void)state;
    open_caches(false, (struct wk_cache_conf){0});
    load_ms = 80;
    ask_many();
    assert_int_equal(loads, WORKERS);
}

static void a_failed_load_fails_those_who_waited_and_nobody_else(void **state)
{
    struct asked a[3] = {{0}, {0}, {0}};

    (void)state;
    open_caches(false, (struct wk_cache_conf){0});
    load_ms = 30;
    fails = 1;
    for (int i = 0; i < 3; i++)
        start(&a[i]);
    for (int i = 0; i < 3; i++) {
        finish(&a[i]);
        assert_false(a[i].ok);
        assert_string_equal(a[i].err.code, "test.asked");
    }
    assert_int_equal(loads, 1);
    assert_int_equal(GET(0), 0); /* not remembered */
}
static void a_leader_that_is_cancelled_hands_over(void **state)
{
    struct asked a[3] = {{0}, {0}, {0}};

    (void)state;
    open_caches(false, (struct wk_cache_conf){0});
    load_ms = 50;
    for (int i = 0; i < 3; i++)
        start(&a[i]);
    turn(20);
    wk_fiber_cancel(a[0].fiber);
    for (int i = 0; i < 3; i++)
        finish(&a[i]);
    assert_false(a[0].ok);
    assert_true(a[1].ok && a[2].ok);
    assert_int_equal(loads, 2);
}
static void a_waiter_that_is_cancelled_leaves_the_others_alone(void **state)
{
    struct asked a[3] = {{0}, {0}, {0}};

    (void)state;
    open_caches(false, (struct wk_cache_conf){0});
    load_ms = 50;
    for (int i = 0; i < 3; i++)
        start(&a[i]);
    turn(10);
    wk_fiber_cancel(a[1].fiber);
    for (int i = 0; i < 3; i++)
        finish(&a[i]);
    assert_string_equal(a[1].err.code, "call.cancelled");
    assert_true(a[0].ok && a[2].ok);
    assert_int_equal(loads, 1);
}
static void a_lock_whose_holder_died_is_waited_for_no_longer_than_set(void **state)
{
    struct asked a = {.worker = 0};
    int64_t before;

    (void)state;
    open_with_redis((struct wk_cache_conf){.wait_ms = 200});
    load_ms = 10000;
    start(&a); /* takes the lock and never gives it back in time */
    turn(50);
    load_ms = 0;
    before = wk_mono_us();
    assert_int_equal(GET(2), 0);
    assert_in_range(wk_mono_us() - before, 150000, 900000);
    wk_fiber_cancel(a.fiber);
    finish(&a);
}

/* --- how old --- */

static void kept_for_its_lifetime_and_not_longer(void **state)
{
    int64_t before = wk_mono_us();

    (void)state;
    open_caches(false, (struct wk_cache_conf){0});
    assert_int_equal(GET(0, .lifetime_ms = 600), 0);
    table = 1; /* nobody is told: the lifetime alone bounds it */
    assert_int_equal(GET(0, .lifetime_ms = 600), 0);
    while (wk_mono_us() - before < 600000)
        turn(5);
    assert_int_equal(GET(0, .lifetime_ms = 600), 1);
}
static void who_asks_for_less_is_not_served_what_others_keep_longer(void **state)
{
    (void)state;
    open_with_redis((struct wk_cache_conf){0});
    assert_int_equal(GET(0, .lifetime_ms = 60000), 0);
    table = 1;
    turn(300);
    assert_int_equal(GET(1, .lifetime_ms = 200), 1); /* not from Redis either */
    assert_int_equal(GET(0, .lifetime_ms = 60000), 0);
    table = 2;
    assert_int_equal(GET(0, .lifetime_ms = 200), 1); /* the one that was stored last, young enough */
    turn(250);
    assert_int_equal(GET(0, .lifetime_ms = 200), 2);
}
/* From Redis a value comes with what is left of it: it does not live once more. */
static void the_second_level_does_not_lengthen_a_life(void **state)
{
    int64_t before;

    (void)state;
    open_with_redis((struct wk_cache_conf){0});
    load_ms = 100; /* the age counts from before the load */
    before = wk_mono_us();
    assert_int_equal(GET(0, .lifetime_ms = 1500), 0);
    load_ms = 0;
    table = 1;
    turn(700);
    assert_int_equal(GET(2, .lifetime_ms = 1500), 0); /* another host: from Redis */
    assert_int_equal(loads, 1);
    while (wk_mono_us() - before < 1500000)
        turn(5);
    assert_int_equal(GET(2, .lifetime_ms = 1500), 1);
}
static void a_value_is_as_old_as_the_stricter_clock_says(void **state)
{
    (void)state;
    open_with_redis((struct wk_cache_conf){0});
    assert_int_equal(GET(0, .lifetime_ms = 100000), 0);
    table = 1;
    clock_us = 101 * 1000000LL; /* Redis has kept it for a moment, the database says 101 s */
    assert_int_equal(GET(2, .lifetime_ms = 100000), 1);
}
static void nothing_there_is_remembered_for_a_short_time(void **state)
{
    (void)state;
    open_with_redis((struct wk_cache_conf){.negative_ttl_ms = 700});
    is_empty = true;
    assert_int_equal(GET(0), -1);
    assert_int_equal(GET(0), -1);
    assert_int_equal(GET(2), -1); /* the other host knows it from Redis */
    assert_int_equal(loads, 1);
    is_empty = false;
    turn(750);
    assert_int_equal(GET(0), 0);
    assert_int_equal(GET(2), 0);
}
static void an_expensive_value_is_loaded_before_it_ends_and_the_others_get_the_old_one(void **state)
{
    struct asked early = {.lifetime_ms = 3000};
    int64_t before;
    bool was_early = false;

    (void)state;
    open_caches(false, (struct wk_cache_conf){0});
    load_ms = 300;
    assert_int_equal(GET(0, .lifetime_ms = 3000), 0);
    before = wk_mono_us();
    table = 1;
    while (!was_early && wk_mono_us() - before < 3000000) {
        int known = loads;

        early = (struct asked){.lifetime_ms = 3000};
        start(&early);
        turn(3);
        if (!early.is_done && loads > known) {
            was_early = true;
            before = wk_mono_us();
            for (int i = 0; i < 10; i++) /* meanwhile nobody waits */
                assert_int_equal(GET(0, .lifetime_ms = 3000), 0);
            assert_true(wk_mono_us() - before < 100000);
        }
        finish(&early);
    }
    assert_true(was_early);
    assert_int_equal(early.value, 1);
    assert_int_equal(loads, 2);
}
static void an_early_load_that_fails_costs_nothing(void **state)
{
    int64_t before;

    (void)state;
    open_caches(false, (struct wk_cache_conf){0});
    load_ms = 200;
    assert_int_equal(GET(0, .lifetime_ms = 1500), 0);
    before = wk_mono_us();
    fails = 1000;
    load_ms = 0;
    while (wk_mono_us() - before < 900000) {
        assert_int_equal(GET(0, .lifetime_ms = 1500), 0);
        turn(1);
    }
    assert_true(loads > 1);
}

/* --- changes --- */

static void everybody(int value, const char *tags)
{
    for (int i = 0; i < WORKERS; i++)
        if (GET(i, .tags = tags) != value)
            fail_msg("worker %d does not answer %d", i, value);
}
static void a_change_reaches_all_workers_and_the_other_host(void **state)
{
    (void)state;
    open_with_redis((struct wk_cache_conf){0});
    for (int round = 0; round < 20; round++) {
        everybody(table, "a b");
        (void)commit(round % WORKERS, round % 2 ? "a" : "b");
        assert_int_equal(GET(round % WORKERS, .tags = "a b"), table); /* who committed sees it at once */
        turn(20);
        everybody(table, "a b");
    }
    assert_true(loads <= 21);
}
static void without_redis_the_log_tells_the_other_host(void **state)
{
    struct wk_uuid id;

    (void)state;
    open_caches(false, (struct wk_cache_conf){0});
    everybody(0, "a");
    id = commit(0, "a");
    assert_int_equal(GET(0, .tags = "a"), 1);
    assert_int_equal(GET(1, .tags = "a"), 1); /* the same host's cells */
    assert_int_equal(GET(2, .tags = "a"), 0); /* not told yet: still within its lifetime */
    wk_cache_seen(caches[2], &shop, "a", &id);
    assert_int_equal(GET(2, .tags = "a"), 1);
    loads = 0;
    wk_cache_seen(caches[0], &shop, "a", &id); /* what a host has done it does not do again */
    wk_cache_seen(caches[1], &shop, "a", &id);
    wk_cache_seen(caches[2], &shop, "a", &id);
    everybody(1, "a");
    assert_int_equal(loads, 0);
}
static void a_load_that_began_before_the_change_is_not_served_afterwards(void **state)
{
    struct asked slow = {.tags = "a"}, later = {.tags = "a"};

    (void)state;
    open_caches(false, (struct wk_cache_conf){0});
    load_ms = 100;
    start(&slow);
    turn(30); /* it has read the old row */
    (void)commit(0, "a");
    start(&later); /* knows of the change: must not join */
    finish(&slow);
    finish(&later);
    assert_int_equal(slow.value, 0);
    assert_int_equal(later.value, 1);
    assert_int_equal(GET(0, .tags = "a"), 1);
}
static void the_same_through_redis(void **state)
{
    struct asked slow = {.worker = 2, .tags = "a"};

    (void)state;
    open_with_redis((struct wk_cache_conf){0});
    load_ms = 100;
    start(&slow); /* the other host reads the old row */
    turn(30);
    (void)commit(0, "a");
    finish(&slow); /* and stores it, with the word it saw before */
    load_ms = 0;
    everybody(1, "a");
}
static void tenants_share_nothing(void **state)
{
    (void)state;
    open_with_redis((struct wk_cache_conf){0});
    assert_int_equal(GET(0, .tags = "a"), 0);
    table = 1;
    assert_int_equal(GET(0, .tags = "a", .tenant = &other_shop), 1);
    assert_int_equal(GET(2, .tags = "a", .tenant = &other_shop), 1);
    assert_int_equal(GET(2, .tags = "a"), 0);
    (void)commit(0, "a"); /* of the one shop */
    turn(20);
    assert_int_equal(GET(2, .tags = "a"), 2);
    assert_int_equal(GET(0, .tags = "a", .tenant = &other_shop), 1);
    assert_int_equal(GET(2, .tags = "a", .tenant = &other_shop), 1);
}
static void patterns_forget_a_namespace_or_all_of_a_tenant(void **state)
{
    (void)state;
    open_with_redis((struct wk_cache_conf){0});
    assert_int_equal(GET(0, .ns = "x.one"), 0);
    assert_int_equal(GET(0, .ns = "x.two"), 0);
    (void)commit(1, "x.one:*");
    turn(20);
    assert_int_equal(GET(0, .ns = "x.one"), 1);
    assert_int_equal(GET(0, .ns = "x.two"), 0);
    assert_int_equal(GET(2, .ns = "x.one"), 1);
    (void)commit(2, "*");
    turn(20);
    assert_int_equal(GET(0, .ns = "x.one"), 2);
    assert_int_equal(GET(0, .ns = "x.two"), 2);
}
static void names_are_checked(void **state)
{
    static const char *const good[] = {"*", "products", "catalog.shop:*", "a-b_c.9"}, *const bad[] = {"", ":*", "a:b", "a b", "A", "a*", "**", "a:*:*", "\xff"};
    struct asked a = {.tags = "fine Not", .key = "names"}, b = {.tags = "1 2 3 4 5 6 7 8 9", .key = "names"};

    (void)state;
    open_caches(false, (struct wk_cache_conf){0});
    for (size_t i = 0; i < WK_COUNT(good); i++)
        assert_true(wk_cache_is_pattern(good[i]));
    for (size_t i = 0; i < WK_COUNT(bad); i++)
        assert_false(wk_cache_is_pattern(bad[i]));
    start(&a);
    finish(&a);
    assert_string_equal(a.err.code, "cache.tags");
    start(&b);
    finish(&b);
    assert_string_equal(b.err.code, "cache.tags");
}

/* --- Redis lies, forgets, dies --- */

static void a_message_that_redis_lost_is_made_good_by_the_log(void **state)
{
    struct wk_uuid id = fresh_id();

    (void)state;
    open_with_redis((struct wk_cache_conf){0});
    everybody(0, "a");
    table = 1; /* committed by a worker that could not reach Redis: neither word nor message */
    everybody(0, "a");
    for (int i = 0; i < WORKERS; i++)
        wk_cache_seen(caches[i], &shop, "a", &id);
    turn(200); /* they tell Redis, each host once */
    everybody(1, "a");
}
static void a_lost_connection_is_doubt(void **state)
{
    (void)state;
    open_with_redis((struct wk_cache_conf){0});
    everybody(0, "a");
    assert_int_equal(loads, 1);
    table = 1; /* changed, and the message is lost with the connections */
    (void)test_redis_cli(&server, "CLIENT KILL TYPE pubsub");
    (void)test_redis_cli(&server, "CLIENT KILL TYPE normal");
    turn(30);
    wait_until(all_up, 3000, "all are back");
    everybody(1, "a"); /* neither from memory nor from Redis, where the old value lies under its old word */
}
static void a_restarted_server_knows_nothing_that_counts(void **state)
{
    (void)state;
    open_with_redis((struct wk_cache_conf){0});
    everybody(0, "a");
    test_redis_stop(&server);
    wait_until(all_down, 2000, "the loss is seen");
    table = 1;
    everybody(1, "a"); /* without Redis */
    (void)commit(0, "a");
    assert_int_equal(GET(0, .tags = "a"), 2);
    test_redis_start(&server, NULL);
    wait_until(all_up, 3000, "all are back");
    wait_until(all_listen, 3000, "all listen");
    turn(5);
    assert_int_equal(GET(0, .tags = "a"), 2);
    (void)commit(1, "a");
    turn(30);
    everybody(3, "a");
}
static void an_emptied_server_forgets_safely(void **state)
{
    (void)state;
    open_with_redis((struct wk_cache_conf){.l1_ttl_ms = 1});
    everybody(0, "a");
    (void)test_redis_cli(&server, "FLUSHALL");
    everybody(0, "a");
    (void)commit(0, "a");
    (void)test_redis_cli(&server, "EVAL \"for _, k in ipairs(redis.call('keys', 'v:*')) do redis.call('del', k) end\" 0"); /* evicted */
    turn(20);
    everybody(1, "a");
}
static void a_mute_server_slows_one_caller_a_little(void **state)
{
    int64_t before;
    struct wk_uuid id;

    (void)state;
    budget_ms = 50;
    open_with_redis((struct wk_cache_conf){0});
    everybody(0, "a");
    test_redis_freeze(&server);
    before = wk_mono_us();
    assert_int_equal(GET(0, .key = "other"), 0);
    assert_true(wk_mono_us() - before < 500000);
    before = wk_mono_us();
    for (int i = 0; i < 100; i++) {
        char key[16];

        (void)snprintf(key, sizeof key, "k%d", i);
        assert_int_equal(GET(0, .key = key), 0);
    }
    assert_true(wk_mono_us() - before < 1000000); /* not one budget each */
    id = commit(0, "a");
    assert_int_equal(GET(0, .tags = "a"), 1);
    turn(600); /* away for good */
    test_redis_thaw(&server); /* with the old value, and a word that nobody could change */
    wait_until(all_up, 4000, "all are back");
    for (int i = 0; i < WORKERS; i++) /* two of them never noticed: the log tells them, and they Redis */
        wk_cache_seen(caches[i], &shop, "a", &id);
    turn(150);
    everybody(1, "a");
}
static void what_is_no_value_of_ours_is_loaded_anew(void **state)
{
    static const char *const junk[] = {"", "x", "WKC1", "WKC1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

    (void)state;
    open_with_redis((struct wk_cache_conf){.l1_ttl_ms = 1});
    assert_int_equal(GET(0), 0);
    for (size_t i = 0; i < WK_COUNT(junk); i++) {
        char command[256];

        (void)snprintf(command, sizeof command, "EVAL \"for _, k in ipairs(redis.call('keys', 'c:*')) do redis.call('set', k, '%s', 'KEEPTTL') end\" 0", junk[i]);
        (void)test_redis_cli(&server, command);
        table++;
        assert_int_equal(GET(2), table);
    }
}
static void large_and_local_values_stay_out_of_redis(void **state)
{
    (void)state;
    open_with_redis((struct wk_cache_conf){.value_max = 1});
    table = 1;
    assert_int_equal(GET(0), 1);
    table = 10; /* two bytes */
    assert_int_equal(GET(0, .key = "large"), 10);
    assert_int_equal(GET(0, .key = "local", .is_local = true), 10);
    table = 20;
    assert_int_equal(GET(2), 1);
    assert_int_equal(GET(2, .key = "large"), 20);
    assert_int_equal(GET(2, .key = "local", .is_local = true), 20);
    assert_string_equal(test_redis_cli(&server, "EVAL \"return #redis.call('keys', 'l:*')\" 0"), "0"); /* every lock was given back */
}
static void when_nobody_would_tell_nothing_is_served_from_memory(void **state)
{
    (void)state;
    open_caches(false, (struct wk_cache_conf){.logs = 1});
    assert_int_equal(GET(0), 0);
    table = 1;
    assert_int_equal(GET(0), 1); /* nobody has read the log yet */
    wk_share_set_log_read(shares[0], 0);
    assert_int_equal(GET(0), 1);
    table = 2;
    assert_int_equal(GET(0), 1);
    turn(2100);
    assert_int_equal(GET(0), 2);
    wk_share_set_log_read(shares[0], 0);
    table = 3;
    assert_int_equal(GET(0), 3); /* what was kept in the silence does not count either */
    table = 4;
    assert_int_equal(GET(0), 3);
    wk_cache_doubt(caches[0]);
    assert_int_equal(GET(0), 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_thousand_misses_of_three_workers_load_once), TEST(without_redis_each_worker_loads_once),
        TEST(a_failed_load_fails_those_who_waited_and_nobody_else), TEST(a_leader_that_is_cancelled_hands_over),
        TEST(a_waiter_that_is_cancelled_leaves_the_others_alone), TEST(a_lock_whose_holder_died_is_waited_for_no_longer_than_set),
        TEST(kept_for_its_lifetime_and_not_longer), TEST(who_asks_for_less_is_not_served_what_others_keep_longer),
        TEST(the_second_level_does_not_lengthen_a_life), TEST(a_value_is_as_old_as_the_stricter_clock_says),
        TEST(nothing_there_is_remembered_for_a_short_time), TEST(an_expensive_value_is_loaded_before_it_ends_and_the_others_get_the_old_one),
        TEST(an_early_load_that_fails_costs_nothing), TEST(a_change_reaches_all_workers_and_the_other_host),
        TEST(without_redis_the_log_tells_the_other_host), TEST(a_load_that_began_before_the_change_is_not_served_afterwards), TEST(the_same_through_redis),
        TEST(tenants_share_nothing), TEST(patterns_forget_a_namespace_or_all_of_a_tenant), TEST(names_are_checked),
        TEST(a_message_that_redis_lost_is_made_good_by_the_log), TEST(a_lost_connection_is_doubt), TEST(a_restarted_server_knows_nothing_that_counts),
        TEST(an_emptied_server_forgets_safely), TEST(a_mute_server_slows_one_caller_a_little), TEST(what_is_no_value_of_ours_is_loaded_anew),
        TEST(large_and_local_values_stay_out_of_redis), TEST(when_nobody_would_tell_nothing_is_served_from_memory),
    };

    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
