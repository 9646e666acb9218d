/* One server: answers, refusals, thousands at once; gone, mute, back; talking nonsense; subscriptions. */
#include "fixture.h"

static struct test_redis server;

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

/* --- answers --- */

static void body_answers(void)
{
    static const char binary[] = "a\0b\r\nc";
    struct wk_redis_reply reply;
    struct wk_redis_req reqs[] = {{.argc = 3, .argv = (const char *[]){"RPUSH", "list", "x"}},
                                  {.argc = 3, .argv = (const char *[]){"RPUSH", "list", "y"}},
                                  {.argc = 4, .argv = (const char *[]){"LRANGE", "list", "0", "-1"}}};

    assert_string_equal(ASK("k", "SET", "k", "value"), "OK");
    assert_string_equal(ASK("k", "GET", "k"), "value");
    assert_string_equal(ASK("k", "GET", "nothing"), "");
    assert_string_equal(ASK("n", "INCR", "n"), "1");
    assert_true(wk_redis_cmd(redis, 0, NULL, &why, "b", 3, (const char *[]){"SET", "b", binary}, (size_t[]){3, 1, sizeof binary - 1}));
    assert_true(wk_redis_cmd(redis, 0, &reply, &why, "b", 2, (const char *[]){"GET", "b"}, NULL));
    assert_int_equal(reply.len, sizeof binary - 1);
    assert_memory_equal(reply.text, binary, sizeof binary); /* with a NUL behind */
    wk_redis_reply_finish(&reply);
    assert_true(wk_redis_cmds(redis, 0, "list", reqs, 3, &why));
    assert_int_equal(reqs[1].reply.integer, 2);
    assert_int_equal(reqs[2].reply.type, WK_REDIS_LIST);
    assert_int_equal(reqs[2].reply.len, 2);
    assert_string_equal(wk_redis_at(&reqs[2].reply, 1).text, "y");
    assert_int_equal(wk_redis_at(&reqs[2].reply, 2).type, WK_REDIS_NIL);
    for (size_t i = 0; i < 3; i++)
        wk_redis_reply_finish(&reqs[i].reply);
    assert_null(ASK("list", "INCR", "list")); /* another type */
    assert_string_equal(why.code, "redis.refused");
    assert_int_equal(why.cls, WK_SYSTEM);
    assert_string_equal(ASK("k", "GET", "k"), "value"); /* a refusal harms nothing */
}
static void every_kind_of_answer_arrives(void **state)
{
    (void)state;
    (void)test_redis_cli(&server, "FLUSHALL");
    connect_to(&server);
    run(body_answers);
    assert_int_not_equal(wk_redis_epoch(redis, NULL), 0);
}

static int running, wrong;
static void one_of_many(void *arg)
{
    int me = (int)(intptr_t)arg;
    char key[32], value[32];
    const char *said;
    struct wk_redis_reply reply;

    (void)snprintf(key, sizeof key, "many:%d", me % 100);
    (void)snprintf(value, sizeof value, "%d", me);
    for (int i = 0; i < 10; i++) {
        said = wk_redis_cmd(redis, wk_mono_us() + 5000000, &reply, NULL, key, 2, (const char *[]){"ECHO", value}, NULL) ? reply.text : "lost";
        wrong += strcmp(said, value) != 0;
        wk_redis_reply_finish(&reply);
    }
    running--;
}
static bool none_runs(void) { return !running; }
static void a_thousand_fibers_share_a_connection_and_get_their_own_answers(void **state)
{
    (void)state;
    connect_to(&server);
    wrong = 0;
    for (running = 0; running < 1000; running++)
        assert_non_null(wk_fiber_spawn(sched, "many", one_of_many, (void *)(intptr_t)running, NULL));
    wait_until(none_runs, 10000, "all have their answers");
    assert_int_equal(wrong, 0);
    assert_int_equal(wk_redis_stats(redis)->connects, 1);
}

/* --- gone and back --- */

static int64_t took_us;
static void body_one(void)
{
    int64_t before = wk_mono_us();

    (void)ASK("k", "PING");
    took_us = wk_mono_us() - before;
}

static void a_server_that_died_is_away_at_once_and_comes_back(void **state)
{
    int64_t sum = 0;

    (void)state;
    connect_to(&server);
    test_redis_stop(&server);
    wait_until(is_down, 1000, "the loss is seen");
    for (int i = 0; i < 20; i++) {
        run(body_one);
        assert_string_equal(why.code, "redis.unavailable");
        assert_int_equal(why.cls, WK_TRANSIENT);
        sum += took_us;
    }
    assert_true(sum < 500000); /* not one budget each */
    assert_true(downs >= 1);
    test_redis_start(&server, NULL);
    wait_until(is_up, 3000, "it is found again");
    run(body_one);
    assert_null(why.code);
}

static void a_restart_changes_the_epoch(void **state)
{
    uint64_t before;

    (void)state;
    connect_to(&server);
    before = wk_redis_epoch(redis, NULL);
    test_redis_stop(&server);
    test_redis_start(&server, NULL);
    wait_until(is_down, 1000, "the loss is seen");
    wait_until(is_up, 3000, "it is found again");
    assert_true(wk_redis_epoch(redis, NULL) && wk_redis_epoch(redis, NULL) != before);
}

static void a_mute_server_costs_one_budget_and_then_nothing(void **state)
{
    int64_t sum = 0;

    (void)state;
    budget_ms = 50;
    connect_to(&server);
    run(body_one);
    assert_null(why.code);
    test_redis_freeze(&server);
    run(body_one);
    assert_string_equal(why.code, "redis.unavailable");
    assert_in_range(took_us, 45000, 400000); /* 50 ms, and a busy machine */
    assert_false(wk_redis_is_up(redis));
    for (int i = 0; i < 50; i++) { /* it takes new connections: the kernel does. It must stay away all the same */
        run(body_one);
        assert_string_equal(why.code, "redis.unavailable");
        sum += took_us;
        (void)event_base_loop(base, EVLOOP_NONBLOCK);
        test_redis_pause(5);
    }
    assert_true(sum < 1200000); /* not one budget each */
    test_redis_thaw(&server); /* a short stop: the connection stays */
    wait_until(is_up, 4000, "it is found again");
    run(body_one);
    assert_null(why.code);
    assert_int_equal(wk_redis_stats(redis)->mute, 1);
    assert_int_equal(wk_redis_stats(redis)->connects, 1);
    test_redis_freeze(&server);
    run(body_one);
    (void)event_base_loopexit(base, &(struct timeval){0, 700000});
    (void)event_base_dispatch(base);
    assert_int_equal(downs, 1); /* a long one is told */
    test_redis_thaw(&server);
    wait_until(is_up, 4000, "it is found again");
    assert_int_equal(wk_redis_stats(redis)->connects, 2);
}

static int late;
static void one_late(void *arg)
{
    int64_t before = wk_mono_us();
    struct wk_err err = {0};

    (void)arg;
    if (wk_redis_cmd(redis, 0, NULL, &err, NULL, 1, (const char *[]){"PING"}, NULL) || wk_mono_us() - before > 500000)
        late++;
    running--;
}
static void everybody_who_waits_for_a_mute_server_is_released_together(void **state)
{
    (void)state;
    budget_ms = 50;
    connect_to(&server);
    test_redis_freeze(&server);
    late = 0;
    for (running = 0; running < 200; running++)
        assert_non_null(wk_fiber_spawn(sched, "late", one_late, NULL, NULL));
    wait_until(none_runs, 1000, "nobody waits any more");
    assert_int_equal(late, 0);
    test_redis_thaw(&server);
    wait_until(is_up, 4000, "it is found again");
}

/* --- who may come in --- */

static void passwords_users_databases(void **state)
{
    struct test_redis guarded = {.password = "s3cret"};
    struct wk_err err;

    (void)state;
    test_redis_start(&guarded, "--requirepass", "s3cret", NULL);
    connect_to(&guarded);
    run(body_one);
    assert_null(why.code);
    wk_redis_destroy(redis);
    (void)test_redis_cli(&guarded, "ACL SETUSER shop on '>pw' '~*' '&*' '+@all' '-info'"); /* may not be asked who it is */
    connect_with((struct wk_redis_conf){.servers = servers, .user = "shop", .password = "pw", .database = 3});
    wait_until(is_up, 3000, "the user is let in");
    run(body_one);
    assert_null(why.code);
    wk_redis_destroy(redis);
    connect_with((struct wk_redis_conf){.servers = servers, .password = "wrong"});
    (void)event_base_loopexit(base, &(struct timeval){0, 300000});
    (void)event_base_dispatch(base);
    assert_false(wk_redis_is_up(redis));
    run(body_one);
    assert_string_equal(why.code, "redis.unavailable");
    assert_non_null(strstr(why.msg, "WRONGPASS"));
    assert_null(strstr(why.msg, "wrong"));
    test_redis_remove(&guarded);
    assert_null(wk_redis_create(base, sched, &(struct wk_redis_conf){.servers = "a:1 b:2"}, &err));
    assert_string_equal(err.code, "redis.conf");
    assert_null(wk_redis_create(base, sched, &(struct wk_redis_conf){.servers = "127.0.0.1"}, &err));
    assert_null(wk_redis_create(base, sched, &(struct wk_redis_conf){.servers = " "}, &err));
    assert_null(wk_redis_create(base, sched, &(struct wk_redis_conf){.servers = "127.0.0.1:1", .mode = WK_REDIS_SENTINEL}, &err));
    assert_null(wk_redis_create(base, sched, &(struct wk_redis_conf){.servers = "127.0.0.1:1", .mode = WK_REDIS_CLUSTER, .database = 1}, &err));
}

/* --- what is no Redis --- */

static const char *nonsense;
static void on_nonsense(evutil_socket_t fd, short what, void *arg)
{
    int peer = accept(fd, NULL, NULL);

    (void)what;
    (void)arg;
    if (peer < 0)
        return;
    (void)!write(peer, nonsense, strlen(nonsense));
    (void)close(peer);
}
static void what_talks_nonsense_is_left_alone(void **state)
{
    static const char *const said[] = {"HTTP/1.1 200 OK\r\n\r\n", "+OK\r\n+OK\r\n+OK\r\n", "*2000000000\r\n", "*1048576\r\n:1\r\n", "$-5\r\n", "$99999999999999\r\n",
                                       "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", ":12x\r\n", "-ERR go away\r\n", ""};
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int port = test_redis_free_port(), fd = socket(AF_INET, SOCK_STREAM, 0);
    struct event *ev;

    (void)state;
    a.sin_port = htons((uint16_t)port);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 16), 0);
    ev = event_new(base, fd, EV_READ | EV_PERSIST, on_nonsense, NULL);
    assert_int_equal(event_add(ev, NULL), 0);
    (void)snprintf(servers, sizeof servers, "127.0.0.1:%d", port);
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        nonsense = said[i];
        connect_with((struct wk_redis_conf){.servers = servers});
        (void)event_base_loopexit(base, &(struct timeval){0, 120000});
        (void)event_base_dispatch(base);
        assert_false(wk_redis_is_up(redis));
        run(body_one);
        assert_string_equal(why.code, "redis.unavailable");
        wk_redis_destroy(redis);
        redis = NULL;
    }
    event_free(ev);
    (void)close(fd);
}

/* --- subscriptions --- */

static char heard_text[256];
static int heard_count, listening;
static void heard(void *arg, const char *channel, const char *data, size_t len)
{
    (void)arg;
    if (!data) {
        listening = (int)len;
        return;
    }
    heard_count++;
    (void)snprintf(heard_text, sizeof heard_text, "%s=%.*s", channel, (int)len, data);
}
static bool is_listening(void) { return listening == 1; }
static bool is_deaf(void) { return listening == 0; }
static bool has_heard(void) { return heard_count > 0; }

static void subscriptions_hear_lose_and_come_back(void **state)
{
    struct wk_redis_sub *one, *pattern;

    (void)state;
    connect_to(&server);
    listening = heard_count = 0;
    one = wk_redis_subscribe(redis, "news", false, heard, NULL, NULL);
    assert_non_null(one);
    wait_until(is_listening, 2000, "the subscription stands");
    (void)test_redis_cli(&server, "PUBLISH news hello");
    wait_until(has_heard, 2000, "the message is heard");
    assert_string_equal(heard_text, "news=hello");
    wk_redis_unsubscribe(one);
    heard_count = listening = 0;
    pattern = wk_redis_subscribe(redis, "n*", true, heard, NULL, NULL);
    wait_until(is_listening, 2000, "the pattern stands");
    (void)test_redis_cli(&server, "PUBLISH nothing here");
    wait_until(has_heard, 2000, "the message is heard by pattern");
    assert_string_equal(heard_text, "nothing=here");
    assert_int_equal(heard_count, 1);
    test_redis_stop(&server);
    wait_until(is_deaf, 1000, "the loss is told");
    test_redis_start(&server, NULL);
    wait_until(is_listening, 4000, "it listens again");
    test_redis_freeze(&server);
    wait_until(is_deaf, 4000, "a mute server is found without a command");
    test_redis_thaw(&server);
    wait_until(is_listening, 6000, "it listens again");
    wk_redis_unsubscribe(pattern);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_kind_of_answer_arrives, loop_setup, loop_teardown),
        cmocka_unit_test_setup_teardown(a_thousand_fibers_share_a_connection_and_get_their_own_answers, loop_setup, loop_teardown),
        cmocka_unit_test_setup_teardown(a_server_that_died_is_away_at_once_and_comes_back, loop_setup, loop_teardown),
        cmocka_unit_test_setup_teardown(a_restart_changes_the_epoch, loop_setup, loop_teardown),
        cmocka_unit_test_setup_teardown(a_mute_server_costs_one_budget_and_then_nothing, loop_setup, loop_teardown),
        cmocka_unit_test_setup_teardown(everybody_who_waits_for_a_mute_server_is_released_together, loop_setup, loop_teardown),
        cmocka_unit_test_setup_teardown(passwords_users_databases, loop_setup, loop_teardown),
        cmocka_unit_test_setup_teardown(what_talks_nonsense_is_left_alone, loop_setup, loop_teardown),
        cmocka_unit_test_setup_teardown(subscriptions_hear_lose_and_come_back, loop_setup, loop_teardown),
    };

    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
