/* client.c - the room: its nodes and their coming back, commands of fibers, whether Redis is there. */
#include "redis/internal.h"
#include "fiber/fiber.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { RETRY_MIN_MS = 50, RETRY_MAX_MS = 1000, BUDGET_MS = 50, CONNECT_MS = 1000 };

void redis_timer(struct event *timer, uint32_t ms)
{
    struct timeval wait = {.tv_sec = ms / 1000, .tv_usec = (int)(ms % 1000) * 1000};

    (void)evtimer_add(timer, &wait);
}

uint32_t redis_jitter(struct wk_redis *redis, uint32_t ms)
{
    redis->random ^= redis->random << 13;
    redis->random ^= redis->random >> 7;
    redis->random ^= redis->random << 17;
    return ms / 2 + (uint32_t)(redis->random % (ms / 2 + 1));
}

bool redis_is(const redisReply *reply, const char *word) { return reply->type == REDIS_REPLY_ERROR && !strncmp(reply->str, word, strlen(word)); }

/* --- state --- */

bool wk_redis_is_up(const struct wk_redis *redis)
{
    bool any = false;

    if (!redis || (redis->conf.mode == WK_REDIS_CLUSTER && !redis->has_slots))
        return false;
    for (size_t i = 0; i < redis->node_count; i++)
        any |= redis_conn_can(&redis->nodes[i]->conn);
    return any;
}

void redis_tell_state(struct wk_redis *redis)
{
    bool is_up = wk_redis_is_up(redis);
    struct wk_err why = {0};

    if (redis->is_closing || (redis->was_told && is_up == redis->is_up))
        return;
    redis->was_told = true;
    redis->is_up = is_up;
    wk_fail(&why, WK_TRANSIENT, "redis.unavailable", "no node has been reached");
    for (size_t i = 0; i < redis->node_count; i++)
        if (redis->nodes[i]->why.code)
            why = redis->nodes[i]->why;
    if (redis->conf.on_state)
        redis->conf.on_state(redis->conf.on_arg, is_up, is_up ? NULL : &why);
}

/* --- nodes --- */

static void node_ready(struct redis_conn *conn)
{
    struct redis_node *node = (struct redis_node *)((char *)conn - offsetof(struct redis_node, conn));

    node->fails = 0;
    node->why.code = NULL;
    if (node->redis->conf.mode == WK_REDIS_CLUSTER)
        redis_cluster_refresh(node->redis);
    redis_listener_wanted(node->redis);
    redis_tell_state(node->redis);
}

static void node_again(struct redis_node *node)
{
    uint32_t ms = node->fails < 5 ? (uint32_t)RETRY_MIN_MS << node->fails : RETRY_MAX_MS;

    node->fails++;
    redis_timer(&node->retry, redis_jitter(node->redis, ms));
}

static void node_closed(struct redis_conn *conn, const struct wk_err *why)
{
    struct redis_node *node = (struct redis_node *)((char *)conn - offsetof(struct redis_node, conn));
    struct wk_redis *redis = node->redis;

    node->why = *why;
    redis->stats.lost++;
    if (redis->is_closing)
        return;
    if (!strcmp(redis->listener.address.text, conn->address.text)) /* what it says cannot be relied on either */
        redis_listener_moved(redis);
    if (node->is_wanted)
        node_again(node);
    if (redis->conf.mode == WK_REDIS_SENTINEL)
        redis_sentinel_ask(redis);
    redis->is_map_stale = true;
    redis_tell_state(redis);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
    struct redis_node *node = arg;

    (void)fd;
    (void)what;
    if (node->conn.address.len)
        redis_conn_open(&node->conn);
}

void redis_node_connect(struct redis_node *node)
{
    node->is_wanted = true;
    if (node->conn.state == REDIS_CLOSED && !evtimer_pending(&node->retry, NULL))
        redis_timer(&node->retry, 0);
}

void redis_node_point(struct redis_node *node, const struct redis_address *address)
{
    redis_conn_close(&node->conn, NULL);
    node->redis->stats.lost++;
    node->conn.address = *address;
    node->fails = 0;
    redis_timer(&node->retry, 0);
    redis_listener_moved(node->redis);
    redis_tell_state(node->redis);
}

struct redis_node *redis_node_add(struct wk_redis *redis, const struct redis_address *address)
{
    struct redis_node *node;

    for (size_t i = 0; i < redis->node_count; i++)
        if (!strcmp(redis->nodes[i]->conn.address.text, address->text))
            return redis->nodes[i];
    if (redis->node_count == REDIS_NODES_MAX || !(node = calloc(1, sizeof *node)))
        return NULL;
    node->redis = redis;
    redis_conn_init(&node->conn, redis, REDIS_DATA);
    node->conn.ready = node_ready;
    node->conn.closed = node_closed;
    node->conn.address = *address;
    (void)evtimer_assign(&node->retry, redis->base, on_retry, node);
    redis->nodes[redis->node_count++] = node;
    return node;
}

/* --- life --- */

static bool read_servers(struct wk_redis *redis, const char *servers, struct wk_err *err)
{
    for (const char *p = servers; *(p += strspn(p, " ,"));) {
        size_t n = strcspn(p, " ,");

        if (redis->seed_count == REDIS_SEEDS_MAX)
            return wk_fail(err, WK_SYSTEM, "redis.conf", "more than %d servers", REDIS_SEEDS_MAX);
        if (!redis_address_parse(p, n, true, &redis->seeds[redis->seed_count++], err))
            return false;
        p += n;
    }
    if (!redis->seed_count)
        return wk_fail(err, WK_SYSTEM, "redis.conf", "no server is named");
    if (redis->conf.mode == WK_REDIS_SINGLE && redis->seed_count > 1)
        return wk_fail(err, WK_SYSTEM, "redis.conf", "mode \"single\" takes one server; several are for \"sentinel\" and \"cluster\"");
    return true;
}

static bool keep(const char **text)
{
    *text = strdup(*text ? *text : "");
    return *text != NULL;
}

static bool start(struct wk_redis *redis, struct wk_err *err)
{
    static const struct redis_address nobody;
    struct redis_node *node;

    if (redis->conf.mode == WK_REDIS_CLUSTER)
        return redis_cluster_start(redis, err);
    node = redis_node_add(redis, redis->conf.mode == WK_REDIS_SENTINEL ? &nobody : &redis->seeds[0]);
    if (!node)
        return wk_fail(err, WK_SYSTEM, "host.no_memory", "Redis");
    node->is_wanted = true;
    if (redis->conf.mode == WK_REDIS_SENTINEL)
        redis_sentinel_start(redis);
    else
        redis_node_connect(node);
    return true;
}

struct wk_redis *wk_redis_create(struct event_base *base, struct wk_sched *sched, const struct wk_redis_conf *conf, struct wk_err *err)
{
    struct wk_redis *redis = calloc(1, sizeof *redis);
    bool ok;

    if (!redis) {
        wk_fail(err, WK_SYSTEM, "host.no_memory", "Redis");
        return NULL;
    }
    *redis = (struct wk_redis){.base = base, .sched = sched, .conf = *conf, .random = (uint64_t)wk_mono_us() | 1};
    (void)!getrandom(&redis->random, sizeof redis->random, GRND_NONBLOCK);
    redis->random |= 1;
    redis->conf.budget_ms = conf->budget_ms ? conf->budget_ms : BUDGET_MS;
    redis->conf.connect_ms = conf->connect_ms ? conf->connect_ms : CONNECT_MS;
    redis->conf.servers = NULL;
    redis_listener_init(redis);
    ok = keep(&redis->conf.master); /* all of them: what is freed must be ours */
    ok = keep(&redis->conf.user) && ok;
    ok = keep(&redis->conf.password) && ok;
    ok = keep(&redis->conf.sentinel_password) && ok;
    if (!ok)
        wk_fail(err, WK_SYSTEM, "host.no_memory", "Redis");
    else if (conf->mode == WK_REDIS_SENTINEL && !*redis->conf.master)
        ok = wk_fail(err, WK_SYSTEM, "redis.conf", "mode \"sentinel\" needs the name of the master that the sentinels watch");
    else if (conf->mode == WK_REDIS_CLUSTER && conf->database)
        ok = wk_fail(err, WK_SYSTEM, "redis.conf", "a cluster has database 0 only");
    else if (*redis->conf.user && !*redis->conf.password)
        ok = wk_fail(err, WK_SYSTEM, "redis.conf", "a user needs a password");
    if (!ok || !read_servers(redis, conf->servers, err) || !start(redis, err)) {
        wk_redis_destroy(redis);
        return NULL;
    }
    return redis;
}

void wk_redis_destroy(struct wk_redis *redis)
{
    if (!redis)
        return;
    redis->is_closing = true;
    redis_listener_stop(redis);
    redis_sentinel_stop(redis);
    redis_cluster_stop(redis);
    for (size_t i = 0; i < redis->node_count; i++) {
        redis_conn_close(&redis->nodes[i]->conn, NULL);
        (void)evtimer_del(&redis->nodes[i]->retry);
        free(redis->nodes[i]);
    }
    free((char *)(uintptr_t)redis->conf.master);
    free((char *)(uintptr_t)redis->conf.user);
    free((char *)(uintptr_t)redis->conf.password);
    free((char *)(uintptr_t)redis->conf.sentinel_password);
    free(redis);
}

const struct wk_redis_stats *wk_redis_stats(const struct wk_redis *redis) { return &redis->stats; }

static struct redis_node *node_of(struct wk_redis *redis, const char *key)
{
    return redis->conf.mode == WK_REDIS_CLUSTER ? redis_cluster_node(redis, key) : redis->nodes[0];
}

uint64_t wk_redis_epoch(const struct wk_redis *redis, const char *key)
{
    /* looking a node up notes nothing when it is there */
    const struct redis_node *node = node_of((struct wk_redis *)(uintptr_t)redis, key);

    return node && node->conn.state == REDIS_READY ? node->conn.epoch : 0;
}

/* --- commands --- */

struct wait { /* on the stack of the fiber that waits */
    struct wk_fiber *fiber;
    size_t left;
    struct slot {
        struct wait *wait;
        struct redis_due *due; /* NULL: not under way */
        redisReply *reply;
        bool is_wanted; /* ASKING is not */
    } slots[2 * REDIS_REQS_MAX];
    size_t n;
    bool is_lost;
};

static void on_answer(void *arg, redisReply *reply)
{
    struct slot *slot = arg;

    slot->due = NULL;
    slot->reply = reply;
    slot->wait->is_lost |= !reply;
    if (!--slot->wait->left && slot->wait->fiber != wk_fiber_self())
        wk_fiber_wake(slot->wait->fiber);
}

static bool send_one(struct wait *wait, struct redis_node *node, int argc, const char **argv, const size_t *len, bool is_wanted)
{
    struct slot *slot = &wait->slots[wait->n];

    *slot = (struct slot){.wait = wait, .is_wanted = is_wanted};
    slot->due = redis_conn_send(&node->conn, argc, argv, len, on_answer, slot);
    if (!slot->due)
        return false;
    wait->n++;
    wait->left++;
    return true;
}

static void forget(struct wait *wait)
{
    for (size_t i = 0; i < wait->n; i++) {
        if (wait->slots[i].due)
            wait->slots[i].due->done = NULL;
        if (wait->slots[i].reply)
            freeReplyObject(wait->slots[i].reply);
        wait->slots[i] = (struct slot){0};
    }
}

static bool unavailable(const struct redis_node *node, const char *what, struct wk_err *err)
{
    if (node && node->why.code)
        return wk_fail(err, WK_TRANSIENT, "redis.unavailable", "%s", node->why.msg);
    return wk_fail(err, WK_TRANSIENT, "redis.unavailable", "%s", what);
}

/* Until every answer is in. The caller's time is up: was the server slow, is it mute, or were we late? A mute one is away from now on, so that the
 * next caller does not wait for it. */
static bool await(struct wait *wait, struct redis_node *node, int64_t until_us, struct wk_err *err)
{
    unsigned life = node->conn.life;
    enum wk_wake wake = WK_WAKE_READY;

    while (wait->left && wake == WK_WAKE_READY)
        wake = wk_fiber_park("redis", until_us);
    for (int i = 0; i < 4 && wait->left && wake == WK_WAKE_TIMEOUT && redis_conn_has_unread(&node->conn); i++)
        wake = wk_fiber_park("redis", wk_mono_us() + 5000);
    if (wait->is_lost)
        return unavailable(node, "the connection to Redis was lost", err);
    if (!wait->left)
        return true;
    if (wake == WK_WAKE_TIMEOUT && life == node->conn.life && redis_conn_is_mute(&node->conn)) {
        redis_conn_suspect(&node->conn);
        return wk_fail(err, WK_TRANSIENT, "redis.unavailable", "Redis at %s: connected, but it says nothing", node->conn.address.text);
    }
    return wk_fiber_wake_ok(wake, "Redis", err);
}

enum verdict { DONE, AGAIN, LATER, FAILED };

/* One answer that is an error: go on elsewhere, a little later, or not at all. */
static enum verdict judge(struct wk_redis *redis, struct redis_node **node, bool *is_asking, const redisReply *reply, struct wk_err *err)
{
    static const char *const away[] = {"LOADING", "MASTERDOWN", "CLUSTERDOWN", "READONLY", "NOREPLICAS", "BUSY "};

    if (redis->conf.mode == WK_REDIS_CLUSTER && (redis_is(reply, "MOVED ") || redis_is(reply, "ASK "))) {
        struct redis_node *other = redis_cluster_redirect(redis, reply);

        redis->stats.redirects++;
        *is_asking = redis_is(reply, "ASK ");
        if (!other)
            return wk_fail(err, WK_TRANSIENT, "redis.unavailable", "the cluster sends us to a node that cannot be reached"), FAILED;
        *node = other;
        return AGAIN;
    }
    if (redis_is(reply, "TRYAGAIN"))
        return LATER;
    for (size_t i = 0; i < sizeof away / sizeof *away; i++)
        if (redis_is(reply, away[i])) {
            struct wk_err why;

            wk_fail(&why, WK_TRANSIENT, "redis.unavailable", "Redis at %s: %.120s", (*node)->conn.address.text, reply->str);
            if (err)
                *err = why;
            if (redis_is(reply, "READONLY")) /* somebody else is master now */
                redis_conn_close(&(*node)->conn, &why);
            return FAILED;
        }
    return wk_fail(err, WK_SYSTEM, "redis.refused", "Redis said: %.120s", reply->str), FAILED;
}

/* Sends what has no answer yet; open: those that must be sent again. */
static enum verdict round_trip(struct wk_redis *redis, struct redis_node **node, bool *is_asking, int64_t until_us, struct wk_redis_req *reqs, size_t n,
                               struct wk_err *err)
{
    struct wait wait = {.fiber = wk_fiber_self()};
    size_t of[2 * REDIS_REQS_MAX];
    enum verdict verdict = DONE;
    bool asked = *is_asking;

    if (!redis_conn_can(&(*node)->conn)) {
        redis_node_connect(*node);
        return unavailable(*node, (*node)->conn.is_suspect ? "Redis says nothing" : "Redis is not connected", err), FAILED;
    }
    for (size_t i = 0; i < n; i++) {
        if (reqs[i].reply.owned)
            continue;
        if (asked && !send_one(&wait, *node, 1, (const char *[]){"ASKING"}, NULL, false))
            return forget(&wait), unavailable(*node, "no memory for a command", err), FAILED;
        of[wait.n] = i;
        if (!send_one(&wait, *node, reqs[i].argc, reqs[i].argv, reqs[i].len, true))
            return forget(&wait), unavailable(*node, "no memory for a command", err), FAILED;
    }
    if (!await(&wait, *node, until_us, err)) {
        forget(&wait);
        return FAILED;
    }
    for (size_t i = 0; i < wait.n && verdict != FAILED; i++) {
        redisReply *reply = wait.slots[i].reply;

        if (!wait.slots[i].is_wanted)
            continue;
        if (reply->type == REDIS_REPLY_ERROR) {
            enum verdict one = judge(redis, node, is_asking, reply, err);

            verdict = one > verdict ? one : verdict;
            continue;
        }
        reqs[of[i]].reply = redis_view(reply);
        reqs[of[i]].reply.owned = reply;
        wait.slots[i].reply = NULL;
    }
    forget(&wait);
    return verdict;
}

bool wk_redis_cmds(struct wk_redis *redis, int64_t until_us, const char *key, struct wk_redis_req *reqs, size_t n, struct wk_err *err)
{
    struct redis_node *node = node_of(redis, key);
    enum verdict verdict = AGAIN;
    bool is_asking = false;

    for (size_t i = 0; i < n; i++)
        reqs[i].reply = (struct wk_redis_reply){0};
    until_us = until_us ? until_us : wk_mono_us() + (int64_t)redis->conf.budget_ms * 1000;
    redis->stats.commands += n;
    if (!node || !n || n > REDIS_REQS_MAX) {
        redis_cluster_refresh(redis);
        redis->stats.failures++;
        return wk_fail(err, WK_TRANSIENT, "redis.unavailable", node ? "1 to 16 commands at once" : "no node of the cluster is known yet");
    }
    for (int i = 0; i < REDIS_REDIRECTS && verdict != DONE && verdict != FAILED; i++) {
        if (verdict == LATER && !wk_fiber_sleep(5, err))
            break;
        verdict = round_trip(redis, &node, &is_asking, until_us, reqs, n, err);
    }
    if (verdict == DONE)
        return true;
    if (verdict != FAILED)
        wk_fail(err, WK_TRANSIENT, "redis.unavailable", "the cluster sent us on too often");
    redis->stats.failures++;
    for (size_t i = 0; i < n; i++)
        wk_redis_reply_finish(&reqs[i].reply);
    return false;
}

bool wk_redis_cmd(struct wk_redis *redis, int64_t until_us, struct wk_redis_reply *out, struct wk_err *err, const char *key, int argc, const char **argv,
                  const size_t *len)
{
    struct wk_redis_req req = {.argc = argc, .argv = argv, .len = len};
    bool ok = wk_redis_cmds(redis, until_us, key, &req, 1, err);

    if (out)
        *out = req.reply;
    else
        wk_redis_reply_finish(&req.reply);
    return ok;
}
