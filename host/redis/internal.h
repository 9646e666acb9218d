/* internal.h - what the files of this room share: connections, nodes, the room itself. Nobody else includes it.
 * A connection is closed and opened again in place; whatever it still owes is answered with "lost" when it closes. */
#ifndef WK_REDIS_INTERNAL_H
#define WK_REDIS_INTERNAL_H
#include "redis/redis.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <hiredis/hiredis.h>
#include <sys/queue.h>
#include <sys/socket.h>

struct bufferevent;
struct wk_fiber;

enum { REDIS_SLOTS = 16384, REDIS_NODES_MAX = 128, REDIS_SEEDS_MAX = 16, REDIS_REQS_MAX = 16, REDIS_ADDRESS = 112, REDIS_REDIRECTS = 6 };

struct redis_address {
    char text[REDIS_ADDRESS]; /* "127.0.0.1:6379", "[::1]:6379" or a path: for people and to compare */
    struct sockaddr_storage sa;
    socklen_t len; /* 0: not known */
};

/* An answer that is due. done gets it and owns it; NULL: the connection was lost. done NULL: nobody waits any more. */
struct redis_due {
    TAILQ_ENTRY(redis_due) link;
    void (*done)(void *arg, redisReply *reply);
    void *arg;
    int64_t sent_us;
};
TAILQ_HEAD(redis_dues, redis_due);

enum redis_conn_state { REDIS_CLOSED, REDIS_CONNECTING, REDIS_INTRODUCING, REDIS_READY };
enum redis_peer { REDIS_DATA, REDIS_LISTENER, REDIS_SENTINEL_PEER };

struct redis_conn {
    struct wk_redis *redis;
    enum redis_peer peer;
    void (*ready)(struct redis_conn *conn);
    void (*closed)(struct redis_conn *conn, const struct wk_err *why); /* has been closed; may be opened again from here */
    void (*pushed)(struct redis_conn *conn, const redisReply *reply);  /* LISTENER: what comes after it is ready */
    struct redis_address address;
    struct bufferevent *bev;
    redisReader *reader;
    struct event limit; /* of connecting and introducing, and of silence */
    struct redis_dues dues;
    enum redis_conn_state state;
    bool is_suspect;   /* silent for a budget: nobody waits for it until it speaks; silent for longer, it is closed */
    unsigned life;     /* counts openings: a callback that finds another number must not go on */
    unsigned to_come;  /* answers of the introduction */
    int64_t heard_us;  /* the last byte */
    uint64_t epoch;    /* of the server's replication id; 0: not told */
};

struct redis_node {
    struct wk_redis *redis;
    struct redis_conn conn;
    struct event retry;
    unsigned fails;
    bool is_wanted; /* has slots, or is the only one: comes back by itself */
    struct wk_err why;
};

struct wk_redis {
    struct event_base *base;
    struct wk_sched *sched;
    struct wk_redis_conf conf; /* texts are copies */
    struct redis_address seeds[REDIS_SEEDS_MAX];
    size_t seed_count;
    struct redis_node *nodes[REDIS_NODES_MAX]; /* one, but for a cluster */
    size_t node_count;
    bool is_up, was_told, is_closing;
    uint64_t random;
    struct wk_redis_stats stats;
    struct redis_conn sentinel;
    size_t sentinel_at;
    struct event sentinel_tick;
    uint16_t *slots; /* CLUSTER: node of each slot + 1; 0: not known */
    bool has_slots, is_map_stale, is_asking_map;
    struct event cluster_tick;
    unsigned ticks;
    struct redis_conn listener;
    struct event listener_tick;
    unsigned listener_fails, is_telling;
    TAILQ_HEAD(redis_subs, wk_redis_sub) subs;
};

/* conn.c */
void redis_conn_init(struct redis_conn *conn, struct wk_redis *redis, enum redis_peer peer);
void redis_conn_open(struct redis_conn *conn); /* its address is set; failure comes by closed() */
void redis_conn_close(struct redis_conn *conn, const struct wk_err *why); /* why NULL: quietly, closed() is not called */
/* NULL: not connected, or no memory. */
struct redis_due *redis_conn_send(struct redis_conn *conn, int argc, const char **argv, const size_t *len, void (*done)(void *, redisReply *), void *arg);
bool redis_conn_write(struct redis_conn *conn, int argc, const char **argv); /* nothing is due for it: SUBSCRIBE */
bool redis_conn_can(const struct redis_conn *conn); /* a command makes sense now */
void redis_conn_suspect(struct redis_conn *conn);
bool redis_conn_has_unread(const struct redis_conn *conn); /* it has spoken, and we are late */
bool redis_conn_is_mute(const struct redis_conn *conn); /* something is due for longer than the budget, and no byte came */

/* reply.c */
struct wk_redis_reply redis_view(const redisReply *reply); /* borrowed */

/* address.c */
bool redis_address_parse(const char *text, size_t len, bool may_resolve, struct redis_address *out, struct wk_err *err);
bool redis_address_set(const char *host, size_t len, int64_t port, struct redis_address *out); /* numeric only */

/* client.c */
struct redis_node *redis_node_add(struct wk_redis *redis, const struct redis_address *address); /* the one that is there, or a new one */
void redis_node_point(struct redis_node *node, const struct redis_address *address); /* another address: connect there at once */
void redis_node_connect(struct redis_node *node); /* unless it is connected, or waits for its next attempt */
void redis_tell_state(struct wk_redis *redis);
uint32_t redis_jitter(struct wk_redis *redis, uint32_t ms); /* between half of ms and ms */
void redis_timer(struct event *timer, uint32_t ms);
bool redis_is(const redisReply *reply, const char *word); /* an error that begins with the word */

/* sentinel.c */
void redis_sentinel_start(struct wk_redis *redis);
void redis_sentinel_ask(struct wk_redis *redis); /* the master is gone: who is it now */
void redis_sentinel_stop(struct wk_redis *redis);

/* cluster.c */
bool redis_cluster_start(struct wk_redis *redis, struct wk_err *err);
void redis_cluster_stop(struct wk_redis *redis);
void redis_cluster_refresh(struct wk_redis *redis); /* ask for the map when it is stale and nobody is asking */
unsigned redis_slot_of(const char *key, size_t len);
struct redis_node *redis_cluster_node(struct wk_redis *redis, const char *key); /* NULL: nobody known */
/* "MOVED 3999 127.0.0.1:6381": the node meant, noted in the map when it moved for good. NULL: cannot be read. */
struct redis_node *redis_cluster_redirect(struct wk_redis *redis, const redisReply *error);

/* listen.c */
void redis_listener_init(struct wk_redis *redis);
void redis_listener_wanted(struct wk_redis *redis); /* a server is there: listen, if somebody wants to */
void redis_listener_moved(struct wk_redis *redis); /* the server changed: come along */
void redis_listener_stop(struct wk_redis *redis);
#endif
