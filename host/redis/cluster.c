/* cluster.c - which node has a key: CRC16 of what stands in {braces}, the map of CLUSTER SLOTS, and what MOVED and ASK say about it. */
#include "redis/internal.h"
#include "fiber/fiber.h"

#include <stdlib.h>
#include <string.h>

enum { TICK_MS = 250, FRESH_TICKS = 40 };

/* CRC16 of XMODEM, as the cluster specification wants it. */
static unsigned crc16(const char *text, size_t len)
{
    unsigned crc = 0;

    for (size_t i = 0; i < len; i++) {
        crc ^= (unsigned)(unsigned char)text[i] << 8;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 0x8000 ? (crc << 1 ^ 0x1021) & 0xffff : crc << 1 & 0xffff;
    }
    return crc;
}

unsigned redis_slot_of(const char *key, size_t len)
{
    const char *open = memchr(key, '{', len), *close = open ? memchr(open, '}', len - (size_t)(open - key)) : NULL;

    if (close && close > open + 1)
        return crc16(open + 1, (size_t)(close - open) - 1) % REDIS_SLOTS;
    return crc16(key, len) % REDIS_SLOTS;
}

struct redis_node *redis_cluster_node(struct wk_redis *redis, const char *key)
{
    struct redis_node *any = NULL;

    if (key) {
        unsigned at = redis->slots[redis_slot_of(key, strlen(key))];

        return at ? redis->nodes[at - 1] : NULL;
    }
    for (size_t i = 0; i < redis->node_count && !any; i++)
        if (redis_conn_can(&redis->nodes[i]->conn))
            any = redis->nodes[i];
    return any;
}

static void note(struct wk_redis *redis, unsigned slot, const struct redis_node *node)
{
    for (size_t i = 0; i < redis->node_count; i++)
        if (redis->nodes[i] == node)
            redis->slots[slot] = (uint16_t)(i + 1);
}

struct redis_node *redis_cluster_redirect(struct wk_redis *redis, const redisReply *error)
{
    const char *at = strchr(error->str, ' '), *where = at ? strchr(at + 1, ' ') : NULL;
    long slot = at ? strtol(at + 1, NULL, 10) : -1;
    struct redis_address address;
    struct redis_node *node;

    if (!where || slot < 0 || slot >= REDIS_SLOTS || !redis_address_parse(where + 1, strlen(where + 1), false, &address, NULL) ||
        !(node = redis_node_add(redis, &address)))
        return NULL;
    redis_node_connect(node);
    if (redis_is(error, "MOVED ")) {
        note(redis, (unsigned)slot, node);
        redis->is_map_stale = true;
    }
    for (int i = 0; i < 20 && node->conn.state != REDIS_READY && wk_fiber_self(); i++) /* a new node: its introduction is a trip or two */
        if (!wk_fiber_sleep(1, NULL))
            break;
    return node;
}

/* --- the map --- */

/* [first, last, [ip, port, ...], replicas...]; an empty ip means the node that was asked. */
static bool read_range(struct wk_redis *redis, const struct redis_node *asked, const redisReply *range)
{
    const redisReply *master = range->type == REDIS_REPLY_ARRAY && range->elements >= 3 ? range->element[2] : NULL;
    struct redis_address address;
    struct redis_node *node;

    if (!master || master->type != REDIS_REPLY_ARRAY || master->elements < 2 || range->element[0]->type != REDIS_REPLY_INTEGER ||
        range->element[1]->type != REDIS_REPLY_INTEGER || master->element[1]->type != REDIS_REPLY_INTEGER)
        return false;
    if (range->element[0]->integer < 0 || range->element[1]->integer >= REDIS_SLOTS || range->element[0]->integer > range->element[1]->integer)
        return false;
    if (master->element[0]->type == REDIS_REPLY_STRING && master->element[0]->len) {
        if (!redis_address_set(master->element[0]->str, master->element[0]->len, master->element[1]->integer, &address))
            return false;
    } else {
        address = asked->conn.address;
    }
    if (!(node = redis_node_add(redis, &address)))
        return false;
    redis_node_connect(node);
    for (long long s = range->element[0]->integer; s <= range->element[1]->integer; s++)
        note(redis, (unsigned)s, node);
    return true;
}

static void on_map(void *arg, redisReply *reply)
{
    struct redis_node *asked = arg;
    struct wk_redis *redis = asked->redis;
    bool ok = reply && reply->type == REDIS_REPLY_ARRAY && reply->elements > 0;

    redis->is_asking_map = false;
    if (redis->is_closing || !reply)
        return;
    for (size_t i = 0; ok && i < redis->node_count; i++)
        redis->nodes[i]->is_wanted = false;
    for (size_t i = 0; ok && i < reply->elements; i++)
        ok = read_range(redis, asked, reply->element[i]);
    if (ok) {
        redis->has_slots = true;
        redis->is_map_stale = false;
    } else {
        wk_fail(&asked->why, WK_TRANSIENT, "redis.unavailable", "Redis at %s: is no node of a cluster%s%.80s", asked->conn.address.text,
                reply->type == REDIS_REPLY_ERROR ? ": " : ", or names others by what is no IP address", reply->type == REDIS_REPLY_ERROR ? reply->str : "");
    }
    freeReplyObject(reply);
    redis_tell_state(redis);
}

void redis_cluster_refresh(struct wk_redis *redis)
{
    size_t start = redis->node_count ? redis->random % redis->node_count : 0;

    for (size_t i = 0; i < redis->node_count && !redis->is_asking_map; i++) {
        struct redis_node *node = redis->nodes[(start + i) % redis->node_count];

        if (redis_conn_can(&node->conn))
            redis->is_asking_map = redis_conn_send(&node->conn, 2, (const char *[]){"CLUSTER", "SLOTS"}, NULL, on_map, node) != NULL;
    }
}

/* A node that answers nobody else's command is found mute here. */
static void strike_mute(struct wk_redis *redis)
{
    for (size_t i = 0; i < redis->node_count; i++)
        if (redis_conn_is_mute(&redis->nodes[i]->conn))
            redis_conn_suspect(&redis->nodes[i]->conn);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct wk_redis *redis = arg;

    (void)fd;
    (void)what;
    redis_timer(&redis->cluster_tick, TICK_MS);
    strike_mute(redis);
    (void)redis_jitter(redis, 2); /* another node is asked each time */
    if (!wk_redis_is_up(redis)) /* all that was known may have moved: the named ones are always tried again */
        for (size_t i = 0; i < redis->node_count; i++)
            redis_node_connect(redis->nodes[i]);
    for (size_t i = 0; i < redis->node_count; i++)
        redis->is_map_stale |= redis->nodes[i]->is_wanted && !redis_conn_can(&redis->nodes[i]->conn);
    if (redis->is_map_stale || !redis->has_slots || redis->ticks++ % FRESH_TICKS == 0)
        redis_cluster_refresh(redis);
}

bool redis_cluster_start(struct wk_redis *redis, struct wk_err *err)
{
    redis->slots = calloc(REDIS_SLOTS, sizeof *redis->slots);
    if (!redis->slots)
        return wk_fail(err, WK_SYSTEM, "host.no_memory", "Redis");
    for (size_t i = 0; i < redis->seed_count; i++) {
        struct redis_node *node = redis_node_add(redis, &redis->seeds[i]);

        if (!node)
            return wk_fail(err, WK_SYSTEM, "host.no_memory", "Redis");
        redis_node_connect(node);
    }
    (void)evtimer_assign(&redis->cluster_tick, redis->base, on_tick, redis);
    redis_timer(&redis->cluster_tick, TICK_MS);
    return true;
}

void redis_cluster_stop(struct wk_redis *redis)
{
    if (redis->slots && evtimer_initialized(&redis->cluster_tick))
        (void)evtimer_del(&redis->cluster_tick);
    free(redis->slots);
    redis->slots = NULL;
}
