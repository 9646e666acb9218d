/* listen.c - one connection for all subscriptions. RESP2 allows nothing else on it but PING, which is asked every second: a server that is
 * silent for another second has lost us. */
#include "redis/internal.h"
#include "fiber/fiber.h"

#include <stdlib.h>
#include <string.h>

enum { TICK_MS = 1000, SILENCE_US = 1500000 };

struct wk_redis_sub {
    TAILQ_ENTRY(wk_redis_sub) link;
    struct wk_redis *redis;
    void (*heard)(void *arg, const char *channel, const char *data, size_t len);
    void *arg;
    bool is_pattern, is_listening, is_gone; /* gone: ended from inside a callback */
    char channel[];
};

static const char *verb(const struct wk_redis_sub *sub) { return sub->is_pattern ? "PSUBSCRIBE" : "SUBSCRIBE"; }

/* Callbacks may end subscriptions, their own too: they are freed when nobody walks the list any more. */
static void sweep(struct wk_redis *redis)
{
    struct wk_redis_sub *sub = TAILQ_FIRST(&redis->subs), *next;

    if (redis->is_telling)
        return;
    for (; sub; sub = next) {
        next = TAILQ_NEXT(sub, link);
        if (!sub->is_gone)
            continue;
        TAILQ_REMOVE(&redis->subs, sub, link);
        free(sub);
    }
}

static void tell_state(struct wk_redis_sub *sub, bool is_listening)
{
    if (sub->is_gone || sub->is_listening == is_listening)
        return;
    sub->is_listening = is_listening;
    sub->redis->is_telling++;
    sub->heard(sub->arg, sub->channel, NULL, is_listening);
    sub->redis->is_telling--;
}

static bool is_text(const redisReply *list, size_t i) { return i < list->elements && list->element[i]->type == REDIS_REPLY_STRING; }

static void on_pushed(struct redis_conn *conn, const redisReply *reply)
{
    struct wk_redis *redis = conn->redis;
    bool is_list = reply->type == REDIS_REPLY_ARRAY && is_text(reply, 0) && is_text(reply, 1);
    const char *what = is_list ? reply->element[0]->str : "", *name = is_list ? reply->element[1]->str : "";
    bool is_pattern = *what == 'p' && strcmp(what, "pong") != 0;
    struct wk_redis_sub *sub;

    what += is_pattern;
    redis->is_telling++;
    TAILQ_FOREACH(sub, &redis->subs, link) {
        if (sub->is_gone || sub->is_pattern != is_pattern || strcmp(sub->channel, name) != 0)
            continue;
        if (!strcmp(what, "subscribe"))
            tell_state(sub, true);
        else if (!strcmp(what, "message") && is_text(reply, is_pattern ? 3 : 2))
            sub->heard(sub->arg, is_pattern && is_text(reply, 2) ? reply->element[2]->str : name, reply->element[is_pattern ? 3 : 2]->str,
                       reply->element[is_pattern ? 3 : 2]->len);
    }
    redis->is_telling--;
    sweep(redis);
}

static void on_ready(struct redis_conn *conn)
{
    struct wk_redis_sub *sub;

    conn->redis->listener_fails = 0;
    TAILQ_FOREACH(sub, &conn->redis->subs, link)
        if (!sub->is_gone)
            (void)redis_conn_write(conn, 2, (const char *[]){verb(sub), sub->channel});
}

static void lost(struct wk_redis *redis)
{
    struct wk_redis_sub *sub;

    redis->is_telling++;
    TAILQ_FOREACH(sub, &redis->subs, link)
        tell_state(sub, false);
    redis->is_telling--;
    sweep(redis);
}

static void on_closed(struct redis_conn *conn, const struct wk_err *why)
{
    struct wk_redis *redis = conn->redis;
    uint32_t ms = redis->listener_fails < 5 ? 50u << redis->listener_fails : 1000;

    (void)why; /* the node that commands go to says the same, and is asked */
    redis->listener_fails++;
    if (redis->is_closing)
        return;
    redis_timer(&redis->listener_tick, redis_jitter(redis, ms));
    lost(redis);
}

static bool choose(struct wk_redis *redis)
{
    for (size_t i = 0; i < redis->node_count; i++)
        if (redis->nodes[i]->conn.state == REDIS_READY) {
            redis->listener.address = redis->nodes[i]->conn.address;
            return true;
        }
    return false;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct wk_redis *redis = arg;
    struct redis_conn *conn = &redis->listener;
    struct wk_err why;

    (void)fd;
    (void)what;
    if (conn->state == REDIS_READY && wk_mono_us() - conn->heard_us > SILENCE_US) {
        wk_fail(&why, WK_TRANSIENT, "redis.unavailable", "Redis at %s: says nothing to its subscribers", conn->address.text);
        redis_conn_close(conn, &why);
        return;
    }
    if (conn->state == REDIS_READY)
        (void)redis_conn_write(conn, 1, (const char *[]){"PING"});
    else if (conn->state == REDIS_CLOSED && !TAILQ_EMPTY(&redis->subs) && choose(redis))
        redis_conn_open(conn);
    redis_timer(&redis->listener_tick, conn->state == REDIS_READY ? TICK_MS : 100);
}

void redis_listener_init(struct wk_redis *redis)
{
    TAILQ_INIT(&redis->subs);
    redis_conn_init(&redis->listener, redis, REDIS_LISTENER);
    redis->listener.ready = on_ready;
    redis->listener.closed = on_closed;
    redis->listener.pushed = on_pushed;
    (void)evtimer_assign(&redis->listener_tick, redis->base, on_tick, redis);
}

void redis_listener_wanted(struct wk_redis *redis)
{
    if (redis->listener.state == REDIS_CLOSED && !TAILQ_EMPTY(&redis->subs))
        redis_timer(&redis->listener_tick, 0);
}

void redis_listener_moved(struct wk_redis *redis)
{
    if (redis->listener.state == REDIS_CLOSED)
        return;
    redis_conn_close(&redis->listener, NULL);
    lost(redis);
    redis_timer(&redis->listener_tick, 10);
}

void redis_listener_stop(struct wk_redis *redis)
{
    struct wk_redis_sub *sub;

    redis_conn_close(&redis->listener, NULL);
    (void)evtimer_del(&redis->listener_tick);
    while ((sub = TAILQ_FIRST(&redis->subs))) {
        TAILQ_REMOVE(&redis->subs, sub, link);
        free(sub);
    }
}

struct wk_redis_sub *wk_redis_subscribe(struct wk_redis *redis, const char *channel, bool is_pattern,
                                        void (*heard)(void *arg, const char *channel, const char *data, size_t len), void *arg, struct wk_err *err)
{
    struct wk_redis_sub *sub = calloc(1, sizeof *sub + strlen(channel) + 1);

    if (!sub) {
        wk_fail(err, WK_SYSTEM, "host.no_memory", "a subscription");
        return NULL;
    }
    *sub = (struct wk_redis_sub){.redis = redis, .heard = heard, .arg = arg, .is_pattern = is_pattern};
    strcpy(sub->channel, channel);
    TAILQ_INSERT_TAIL(&redis->subs, sub, link);
    if (redis->listener.state == REDIS_READY)
        (void)redis_conn_write(&redis->listener, 2, (const char *[]){verb(sub), sub->channel});
    else
        redis_listener_wanted(redis);
    return sub;
}

void wk_redis_unsubscribe(struct wk_redis_sub *sub)
{
    struct wk_redis *redis = sub ? sub->redis : NULL;

    if (!redis)
        return;
    sub->is_gone = true;
    if (redis->listener.state == REDIS_READY)
        (void)redis_conn_write(&redis->listener, 2, (const char *[]){sub->is_pattern ? "PUNSUBSCRIBE" : "UNSUBSCRIBE", sub->channel});
    sweep(redis);
}
