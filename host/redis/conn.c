/* conn.c - one connection: connect, introduce, write, read, close. hiredis formats and parses; the socket is a bufferevent's.
 * hiredis's own asynchronous context is not used: docs/design/cache.md says why. */
#include "redis/internal.h"
#include "fiber/fiber.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

enum { SILENCE_MS = 450, REPLY_MAX = 64 << 20, ELEMENTS_MAX = 1 << 20 }; /* beyond it the peer is no Redis that we know */

static redisReplyObjectFunctions functions;
static void *(*create_array)(const redisReadTask *, int);

/* hiredis 0.14 believes any number of elements and asks for the memory at once. */
static void *bounded_array(const redisReadTask *task, int elements)
{
    return elements > ELEMENTS_MAX ? NULL : create_array(task, elements);
}

static redisReader *reader_create(void)
{
    redisReader *reader = redisReaderCreate();

    if (!reader)
        return NULL;
    if (!create_array) {
        functions = *reader->fn;
        create_array = functions.createArray;
        functions.createArray = bounded_array;
    }
    reader->fn = &functions;
    return reader;
}

static void fail(struct redis_conn *conn, const char *what, const char *more)
{
    struct wk_err why;

    wk_fail(&why, WK_TRANSIENT, "redis.unavailable", "Redis at %s: %s%s%s", conn->address.text, what, more ? ": " : "", more ? more : "");
    redis_conn_close(conn, &why);
}

void redis_conn_close(struct redis_conn *conn, const struct wk_err *why)
{
    struct redis_due *due;
    bool was_open = conn->state != REDIS_CLOSED;

    conn->state = REDIS_CLOSED;
    conn->is_suspect = false;
    conn->life++;
    (void)evtimer_del(&conn->limit);
    if (conn->bev)
        bufferevent_free(conn->bev);
    if (conn->reader)
        redisReaderFree(conn->reader);
    conn->bev = NULL;
    conn->reader = NULL;
    while ((due = TAILQ_FIRST(&conn->dues))) {
        TAILQ_REMOVE(&conn->dues, due, link);
        if (due->done)
            due->done(due->arg, NULL);
        free(due);
    }
    if (was_open && why)
        conn->closed(conn, why);
}

/* --- out --- */

static bool put(struct redis_conn *conn, int argc, const char **argv, const size_t *len)
{
    char *text = NULL;
    int n = redisFormatCommandArgv(&text, argc, argv, len);
    bool ok = n > 0 && bufferevent_write(conn->bev, text, (size_t)n) == 0;

    free(text);
    return ok;
}

bool redis_conn_write(struct redis_conn *conn, int argc, const char **argv) { return conn->bev && put(conn, argc, argv, NULL); }

struct redis_due *redis_conn_send(struct redis_conn *conn, int argc, const char **argv, const size_t *len, void (*done)(void *, redisReply *), void *arg)
{
    struct redis_due *due = conn->bev ? calloc(1, sizeof *due) : NULL;

    if (!due || !put(conn, argc, argv, len)) {
        free(due);
        return NULL;
    }
    *due = (struct redis_due){.done = done, .arg = arg, .sent_us = wk_mono_us()};
    TAILQ_INSERT_TAIL(&conn->dues, due, link);
    return due;
}

bool redis_conn_is_mute(const struct redis_conn *conn)
{
    const struct redis_due *due = TAILQ_FIRST(&conn->dues);
    int64_t since = due && due->sent_us > conn->heard_us ? due->sent_us : conn->heard_us;

    return due && wk_mono_us() - since >= (int64_t)conn->redis->conf.budget_ms * 1000;
}

bool redis_conn_can(const struct redis_conn *conn) { return conn->state == REDIS_READY && !conn->is_suspect; }

bool redis_conn_has_unread(const struct redis_conn *conn)
{
    int n = 0;

    return conn->bev && ioctl(bufferevent_getfd(conn->bev), FIONREAD, &n) == 0 && n > 0;
}

/* A busy machine stops a server for a moment, and a new connection would take longer than that: so it gets a little time, but nobody's. */
void redis_conn_suspect(struct redis_conn *conn)
{
    if (!redis_conn_can(conn))
        return;
    conn->is_suspect = true;
    conn->redis->stats.mute++;
    redis_timer(&conn->limit, SILENCE_MS);
}

/* --- introduction: AUTH, SELECT, who are you, are you able --- */

static uint64_t hash_of(const char *text, size_t len)
{
    uint64_t h = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
    return h ? h : 1;
}

static void introduced(struct redis_conn *conn)
{
    if (--conn->to_come)
        return;
    (void)evtimer_del(&conn->limit);
    conn->state = REDIS_READY;
    conn->redis->stats.connects++;
    conn->ready(conn);
}

static void on_hello(void *arg, redisReply *reply) /* AUTH, SELECT, PING: yes or no */
{
    struct redis_conn *conn = arg;
    char text[160];

    if (!reply)
        return; /* closing */
    if (reply->type == REDIS_REPLY_ERROR) {
        (void)snprintf(text, sizeof text, "%s", reply->str);
        freeReplyObject(reply);
        fail(conn, "does not take us in", text);
        return;
    }
    freeReplyObject(reply);
    introduced(conn);
}

/* A replica answers reads and refuses writes: it is not who we look for. A server that may not be asked is taken as it is. */
static void on_info(void *arg, redisReply *reply)
{
    static const char id[] = "master_replid:";
    struct redis_conn *conn = arg;
    const char *at;
    bool is_replica;

    if (!reply)
        return;
    at = reply->type == REDIS_REPLY_STRING ? strstr(reply->str, id) : NULL;
    conn->epoch = at ? hash_of(at + sizeof id - 1, strcspn(at + sizeof id - 1, "\r\n")) : 0;
    is_replica = reply->type == REDIS_REPLY_STRING && strstr(reply->str, "role:slave") && conn->redis->conf.mode != WK_REDIS_CLUSTER;
    freeReplyObject(reply);
    if (is_replica && conn->peer == REDIS_DATA)
        fail(conn, "is a replica: name its master, or the sentinels", NULL);
    else
        introduced(conn);
}

static bool say(struct redis_conn *conn, void (*done)(void *, redisReply *), int argc, const char **argv)
{
    conn->to_come++;
    return redis_conn_send(conn, argc, argv, NULL, done, conn) != NULL;
}

static void introduce(struct redis_conn *conn)
{
    const struct wk_redis_conf *conf = &conn->redis->conf;
    const char *password = conn->peer == REDIS_SENTINEL_PEER ? conf->sentinel_password : conf->password;
    bool has_user = conn->peer != REDIS_SENTINEL_PEER && *conf->user, ok = true;
    char number[16];
    int one = 1;

    (void)setsockopt(bufferevent_getfd(conn->bev), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* fails on a socket path, which needs none */
    (void)snprintf(number, sizeof number, "%u", conf->database);
    conn->state = REDIS_INTRODUCING;
    conn->to_come = 0;
    if (*password)
        ok = has_user ? say(conn, on_hello, 3, (const char *[]){"AUTH", conf->user, password}) : say(conn, on_hello, 2, (const char *[]){"AUTH", password});
    if (ok && conf->database && conn->peer != REDIS_SENTINEL_PEER)
        ok = say(conn, on_hello, 2, (const char *[]){"SELECT", number});
    if (ok && conn->peer == REDIS_DATA)
        ok = say(conn, on_info, 2, (const char *[]){"INFO", "replication"});
    ok = ok && say(conn, on_hello, 1, (const char *[]){"PING"}); /* refused while it loads its data */
    if (!ok)
        fail(conn, "no memory", NULL);
}

/* --- in --- */

static bool deliver(struct redis_conn *conn, redisReply *reply)
{
    struct redis_due *due = TAILQ_FIRST(&conn->dues);

    if (conn->peer == REDIS_LISTENER && conn->state == REDIS_READY) {
        conn->pushed(conn, reply);
        freeReplyObject(reply);
        return true;
    }
    if (!due) {
        freeReplyObject(reply);
        return false;
    }
    TAILQ_REMOVE(&conn->dues, due, link);
    if (due->done)
        due->done(due->arg, reply);
    else
        freeReplyObject(reply);
    free(due);
    return true;
}

static void on_read(struct bufferevent *bev, void *arg)
{
    struct redis_conn *conn = arg;
    struct evbuffer *in = bufferevent_get_input(bev);
    unsigned life = conn->life;
    char piece[16384];
    void *reply;
    int n;

    conn->heard_us = wk_mono_us();
    if (conn->is_suspect) {
        conn->is_suspect = false;
        (void)evtimer_del(&conn->limit);
    }
    while (life == conn->life && (n = evbuffer_remove(in, piece, sizeof piece)) > 0) {
        if (redisReaderFeed(conn->reader, piece, (size_t)n) != REDIS_OK) {
            fail(conn, "no memory for its answer", NULL);
            return;
        }
        for (;;) {
            if (redisReaderGetReply(conn->reader, &reply) != REDIS_OK) {
                fail(conn, "does not speak RESP2", conn->reader->errstr);
                return;
            }
            if (!reply)
                break;
            if (!deliver(conn, reply)) {
                fail(conn, "an answer that nobody asked for", NULL);
                return;
            }
            if (life != conn->life)
                return;
        }
        if (conn->reader->len - conn->reader->pos > REPLY_MAX) {
            fail(conn, "an answer that is too large", NULL);
            return;
        }
    }
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
    struct redis_conn *conn = arg;

    (void)bev;
    if (what & BEV_EVENT_CONNECTED)
        introduce(conn);
    else if (what & BEV_EVENT_EOF)
        fail(conn, "closed the connection", NULL);
    else if (what & BEV_EVENT_ERROR)
        fail(conn, conn->state == REDIS_CONNECTING ? "cannot connect" : "connection lost", strerror(EVUTIL_SOCKET_ERROR()));
}

static void on_limit(evutil_socket_t fd, short what, void *arg)
{
    struct redis_conn *conn = arg;

    (void)fd;
    (void)what;
    fail(conn, conn->state == REDIS_CONNECTING ? "no connection in time" : "connected, but it says nothing", NULL);
}

void redis_conn_init(struct redis_conn *conn, struct wk_redis *redis, enum redis_peer peer)
{
    conn->redis = redis;
    conn->peer = peer;
    TAILQ_INIT(&conn->dues);
    (void)evtimer_assign(&conn->limit, redis->base, on_limit, conn);
}

void redis_conn_open(struct redis_conn *conn)
{
    unsigned life;

    redis_conn_close(conn, NULL);
    life = conn->life;
    conn->state = REDIS_CONNECTING;
    conn->heard_us = wk_mono_us();
    conn->reader = reader_create();
    conn->bev = bufferevent_socket_new(conn->redis->base, -1, BEV_OPT_CLOSE_ON_FREE);
    if (!conn->reader || !conn->bev) {
        fail(conn, "no memory", NULL);
        return;
    }
    bufferevent_setcb(conn->bev, on_read, NULL, on_event, conn);
    redis_timer(&conn->limit, conn->redis->conf.connect_ms);
    if (bufferevent_enable(conn->bev, EV_READ | EV_WRITE) != 0 ||
        bufferevent_socket_connect(conn->bev, (struct sockaddr *)&conn->address.sa, (int)conn->address.len) != 0) {
        if (life == conn->life)
            fail(conn, "cannot connect", strerror(errno));
    }
}
