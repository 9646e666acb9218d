/* redis.h - Redis from fibers: single server, Sentinel or Cluster; one connection per node, commands of all fibers pipelined on it.
 *
 * Redis only accelerates: while it is away (refused, lost, or connected and mute) every function fails at once with redis.unavailable,
 * and the room reconnects by itself. No TLS: put a local TLS proxy before it and name the proxy. docs/design/cache.md.
 * Threads: the loop's. Error codes: redis.unavailable call.deadline call.cancelled (TRANSIENT), redis.refused redis.conf (SYSTEM). No message
 * carries a key or a value. */
#ifndef WK_REDIS_H
#define WK_REDIS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wakala/err.h>

struct event_base;
struct wk_sched;
struct wk_redis;
struct wk_redis_sub;

enum wk_redis_mode { WK_REDIS_SINGLE, WK_REDIS_SENTINEL, WK_REDIS_CLUSTER };

struct wk_redis_conf {
    const char *servers; /* "host:port host:port ..." or "/path/of.socket"; of SENTINEL the sentinels, of CLUSTER any nodes. Names are looked up
                          * once, in wk_redis_create(); what sentinels and nodes announce must be IP addresses */
    enum wk_redis_mode mode;
    const char *master;            /* SENTINEL: the name it watches */
    const char *user, *password;   /* NULL or "": none */
    const char *sentinel_password; /* NULL or "": none */
    uint32_t database;             /* 0 on a cluster */
    uint32_t budget_ms;            /* longest wait of a caller that names no deadline; a connection that says nothing for so long is mute. 0 = 50 */
    uint32_t connect_ms;           /* connect and introduce; 0 = 1,000 */
    /* Optional, on the loop's stack: commands can be sent, or not any more (err says why). */
    void (*on_state)(void *arg, bool is_up, const struct wk_err *err);
    void *on_arg;
};
/* Copies the conf; may block in DNS (start-up only). redis.conf when it cannot be meant. */
struct wk_redis *wk_redis_create(struct event_base *base, struct wk_sched *sched, const struct wk_redis_conf *conf, struct wk_err *err);
void wk_redis_destroy(struct wk_redis *redis); /* NULL allowed; no command may be waiting */
bool wk_redis_is_up(const struct wk_redis *redis); /* NULL allowed: false. Of a cluster: at least one node */

/* What came back; the owner calls wk_redis_reply_finish(). Texts are NUL-terminated and may hold NULs. */
enum wk_redis_type { WK_REDIS_NIL, WK_REDIS_TEXT, WK_REDIS_INTEGER, WK_REDIS_LIST };
struct wk_redis_reply {
    enum wk_redis_type type;
    int64_t integer;
    const char *text;
    size_t len; /* of text; of a LIST the number of elements */
    const void *raw;
    void *owned;
};
struct wk_redis_reply wk_redis_at(const struct wk_redis_reply *list, size_t i); /* borrowed; out of range: NIL */
void wk_redis_reply_finish(struct wk_redis_reply *reply); /* zeroed ones too */

/* Parks until the answer is there. until_us: monotonic, 0 = the budget from now. `key` chooses the node of a cluster (what stands in {braces} of it);
 * NULL: any. `len` NULL: the arguments are texts. out NULL: not wanted. False: redis.unavailable (away, mute, loading, no master), redis.refused (the
 * server said no: wrong type, no memory, not permitted), call.deadline, call.cancelled. After a deadline the command may still take effect. */
bool wk_redis_cmd(struct wk_redis *redis, int64_t until_us, struct wk_redis_reply *out, struct wk_err *err, const char *key, int argc,
                  const char **argv, const size_t *len);
/* Up to 16 commands about one key (or keys with the same {tag}) in one trip, in order. False: the first failure; every reply is NIL then. */
struct wk_redis_req {
    int argc;
    const char **argv;
    const size_t *len;           /* NULL: texts */
    struct wk_redis_reply reply; /* out */
};
bool wk_redis_cmds(struct wk_redis *redis, int64_t until_us, const char *key, struct wk_redis_req *reqs, size_t n, struct wk_err *err);

/* A connection of its own for all subscriptions, which comes back by itself and is asked for a sign of life every second. `heard` runs on the loop's
 * stack. data NULL: the state changed; len 1: listening since now (what was sent before is lost), len 0: not listening any more.
 * A pattern is Redis's glob. */
struct wk_redis_sub *wk_redis_subscribe(struct wk_redis *redis, const char *channel, bool is_pattern,
                                        void (*heard)(void *arg, const char *channel, const char *data, size_t len), void *arg, struct wk_err *err);
void wk_redis_unsubscribe(struct wk_redis_sub *sub); /* NULL allowed; also from inside `heard` */

struct wk_redis_stats {
    uint64_t commands, failures, connects, lost, mute, redirects;
};
const struct wk_redis_stats *wk_redis_stats(const struct wk_redis *redis);
/* Of the server that has `key`: changes when it restarted or another one took over, so what it knew may be forgotten. 0: not known. */
uint64_t wk_redis_epoch(const struct wk_redis *redis, const char *key);
#endif
