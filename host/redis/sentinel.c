/* sentinel.c - who is the master: one sentinel at a time is asked, at every loss and once a second; one that is silent, or knows nothing, is left
 * for the next. A fail-over is seen by the lost connection, by READONLY, or by the next answer, whatever comes first. */
#include "redis/internal.h"

#include <stdlib.h>
#include <string.h>

enum { ASK_MS = 1000, NEXT_MS = 100 };

static void on_master(void *arg, redisReply *reply)
{
    struct wk_redis *redis = arg;
    struct redis_node *node = redis->nodes[0];
    struct redis_address address;
    bool is_pair = reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 && reply->element[0]->type == REDIS_REPLY_STRING &&
                   reply->element[1]->type == REDIS_REPLY_STRING;

    if (!reply)
        return;
    if (is_pair && redis_address_set(reply->element[0]->str, reply->element[0]->len, strtol(reply->element[1]->str, NULL, 10), &address)) {
        if (strcmp(address.text, node->conn.address.text) != 0)
            redis_node_point(node, &address);
    } else {
        wk_fail(&node->why, WK_TRANSIENT, "redis.unavailable", "sentinel %s names no master called %.60s by its IP address", redis->sentinel.address.text,
                redis->conf.master);
        redis_timer(&redis->sentinel_tick, NEXT_MS);
    }
    freeReplyObject(reply);
}

void redis_sentinel_ask(struct wk_redis *redis)
{
    if (redis->sentinel.state == REDIS_READY && TAILQ_EMPTY(&redis->sentinel.dues))
        (void)redis_conn_send(&redis->sentinel, 3, (const char *[]){"SENTINEL", "get-master-addr-by-name", redis->conf.master}, NULL, on_master, redis);
}

static void on_ready(struct redis_conn *conn)
{
    redis_sentinel_ask(conn->redis);
    redis_timer(&conn->redis->sentinel_tick, ASK_MS);
}

static void on_closed(struct redis_conn *conn, const struct wk_err *why)
{
    struct wk_redis *redis = conn->redis;

    if (redis->is_closing)
        return;
    if (redis->nodes[0]->conn.state != REDIS_READY)
        redis->nodes[0]->why = *why;
    redis->sentinel_at++;
    redis_timer(&redis->sentinel_tick, redis_jitter(redis, NEXT_MS));
    redis_tell_state(redis);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct wk_redis *redis = arg;
    struct redis_conn *conn = &redis->sentinel;
    struct wk_err why;

    (void)fd;
    (void)what;
    if (conn->state == REDIS_CLOSED) {
        conn->address = redis->seeds[redis->sentinel_at % redis->seed_count];
        redis_conn_open(conn);
    } else if (redis_conn_is_mute(conn)) {
        wk_fail(&why, WK_TRANSIENT, "redis.unavailable", "sentinel at %s: connected, but it says nothing", conn->address.text);
        redis_conn_close(conn, &why);
    } else {
        redis_sentinel_ask(redis);
        redis_timer(&redis->sentinel_tick, ASK_MS);
    }
}

void redis_sentinel_start(struct wk_redis *redis)
{
    redis_conn_init(&redis->sentinel, redis, REDIS_SENTINEL_PEER);
    redis->sentinel.ready = on_ready;
    redis->sentinel.closed = on_closed;
    (void)evtimer_assign(&redis->sentinel_tick, redis->base, on_tick, redis);
    redis_timer(&redis->sentinel_tick, 0);
}

void redis_sentinel_stop(struct wk_redis *redis)
{
    if (!redis->sentinel.redis)
        return;
    redis_conn_close(&redis->sentinel, NULL);
    (void)evtimer_del(&redis->sentinel_tick);
}
