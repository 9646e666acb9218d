/* listen.c - a connection that only listens. It is not a pool's: it is open for as long as its owner wants it, and when it
 * breaks it comes back with the same backoff. Whoever listens is told NULL each time it does, for what was sent in between is lost. */
#include "db/internal.h"
#include "fiber/fiber.h"

#include <stdlib.h>
#include <string.h>

enum { CHANNEL_MAX = 63, BACKOFF_MIN_MS = 50, BACKOFF_MAX_MS = 2000 };

struct wk_listen {
    struct wk_db *db;
    struct wk_pool *pool; /* for its parameters and its budget */
    char channel[CHANNEL_MAX + 1];
    void (*notify)(void *arg, const char *payload);
    void *arg;
    PGconn *pg;
    struct event io, timer; /* timer: the attempt's limit while connecting, the next attempt while broken */
    bool has_io, is_listening, has_budget;
    bool is_notifying, is_stopped; /* stopped from inside its own callback */
    uint32_t fails;
};

static void listen_begin(struct wk_listen *listen);

static void timer_set(struct wk_listen *listen, uint32_t ms)
{
    struct timeval wait = { .tv_sec = ms / 1000, .tv_usec = (int)(ms % 1000) * 1000 };

    (void)evtimer_add(&listen->timer, &wait);
}

static void listen_cut(struct wk_listen *listen)
{
    const struct wk_db_conf *conf = &listen->db->conf;

    if (listen->has_io)
        (void)event_del(&listen->io);
    (void)evtimer_del(&listen->timer);
    listen->has_io = listen->is_listening = false;
    PQfinish(listen->pg);
    listen->pg = NULL;
    if (listen->has_budget && conf->budget_take)
        conf->budget_give(conf->budget_arg);
    listen->has_budget = false;
}

static void listen_again(struct wk_listen *listen)
{
    uint32_t ms = listen->fails < 6 ? (uint32_t)BACKOFF_MIN_MS << listen->fails : BACKOFF_MAX_MS;

    listen_cut(listen);
    listen->fails++;
    timer_set(listen, wk_db_jitter(listen->db, ms < BACKOFF_MAX_MS ? ms : BACKOFF_MAX_MS));
}

/* False: the callback has stopped us, nothing may be touched any more. */
static bool tell(struct wk_listen *listen, const char *payload)
{
    listen->is_notifying = true;
    listen->notify(listen->arg, payload);
    listen->is_notifying = false;
    if (!listen->is_stopped)
        return true;
    listen_cut(listen);
    free(listen);
    return false;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct wk_listen *listen = arg;
    PGnotify *notify;
    PGresult *result;

    (void)fd;
    (void)what;
    if (!PQconsumeInput(listen->pg) || PQflush(listen->pg) < 0) {
        listen_again(listen);
        return;
    }
    while (!PQisBusy(listen->pg) && (result = PQgetResult(listen->pg))) {
        bool ok = PQresultStatus(result) == PGRES_COMMAND_OK;

        PQclear(result);
        if (!ok) {
            listen_again(listen);
            return;
        }
        if (!listen->is_listening) {
            (void)evtimer_del(&listen->timer);
            listen->is_listening = true;
            listen->fails = 0;
            if (!tell(listen, NULL))
                return;
        }
    }
    while ((notify = PQnotifies(listen->pg))) {
        bool is_alive = tell(listen, notify->extra);

        PQfreemem(notify);
        if (!is_alive)
            return;
    }
    if (PQstatus(listen->pg) != CONNECTION_OK)
        listen_again(listen);
}

static bool arm(struct wk_listen *listen, short what, void (*fn)(evutil_socket_t, short, void *))
{
    if (listen->has_io)
        (void)event_del(&listen->io);
    (void)event_assign(&listen->io, listen->db->base, PQsocket(listen->pg), what, fn, listen);
    listen->has_io = event_add(&listen->io, NULL) == 0;
    return listen->has_io;
}

static bool send_listen(struct wk_listen *listen)
{
    char sql[CHANNEL_MAX * 2 + 32];
    char *quoted = PQescapeIdentifier(listen->pg, listen->channel, strlen(listen->channel));
    bool ok = quoted && PQsetnonblocking(listen->pg, 1) == 0;

    if (ok) {
        (void)snprintf(sql, sizeof sql, "LISTEN %s", quoted);
        ok = PQsendQuery(listen->pg, sql) && PQflush(listen->pg) >= 0;
    }
    PQfreemem(quoted);
    return ok && arm(listen, EV_READ | EV_PERSIST, on_readable);
}

static void no_notices(void *arg, const PGresult *result)
{
    (void)arg;
    (void)result;
}

static void on_handshake(evutil_socket_t fd, short what, void *arg)
{
    struct wk_listen *listen = arg;
    bool ok;

    (void)fd;
    (void)what;
    listen->has_io = false;
    switch (PQconnectPoll(listen->pg)) {
    case PGRES_POLLING_OK:
        ok = send_listen(listen);
        break;
    case PGRES_POLLING_READING:
        ok = arm(listen, EV_READ, on_handshake);
        break;
    case PGRES_POLLING_WRITING:
        ok = arm(listen, EV_WRITE, on_handshake);
        break;
    default:
        ok = false;
        break;
    }
    if (!ok)
        listen_again(listen);
}

static void listen_begin(struct wk_listen *listen)
{
    const struct wk_db_conf *conf = &listen->db->conf;

    listen->has_budget = !conf->budget_take || conf->budget_take(conf->budget_arg);
    if (!listen->has_budget) {
        listen_again(listen);
        return;
    }
    listen->pg = PQconnectStartParams((const char *const *)listen->pool->keys,
                                      (const char *const *)listen->pool->values, 0);
    if (!listen->pg || PQstatus(listen->pg) == CONNECTION_BAD || !arm(listen, EV_WRITE, on_handshake)) {
        listen_again(listen);
        return;
    }
    (void)PQsetNoticeReceiver(listen->pg, no_notices, NULL);
    timer_set(listen, conf->connect_timeout_ms);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct wk_listen *listen = arg;

    (void)fd;
    (void)what;
    if (listen->pg)
        listen_again(listen); /* no answer in time */
    else
        listen_begin(listen);
}

struct wk_listen *wk_db_listen(struct wk_db *db, const char *channel, void (*notify)(void *arg, const char *payload),
                               void *arg, struct wk_err *err)
{
    struct wk_listen *listen;

    if (!db->pools[WK_DB_HOST] || !*channel || strlen(channel) > CHANNEL_MAX) {
        wk_fail(err, WK_SYSTEM, "db.conf", "listen: %s", db->pools[WK_DB_HOST] ? "a channel has 1 to 63 characters"
                                                                                : "the host's pool is not configured");
        return NULL;
    }
    listen = calloc(1, sizeof *listen);
    if (!listen) {
        wk_fail(err, WK_SYSTEM, "host.no_memory", "a listener");
        return NULL;
    }
    listen->db = db;
    listen->pool = db->pools[WK_DB_HOST];
    listen->notify = notify;
    listen->arg = arg;
    strcpy(listen->channel, channel);
    (void)evtimer_assign(&listen->timer, db->base, on_timer, listen);
    listen_begin(listen);
    return listen;
}

void wk_listen_stop(struct wk_listen *listen)
{
    if (!listen)
        return;
    if (listen->is_notifying) {
        listen->is_stopped = true;
        return;
    }
    listen_cut(listen);
    free(listen);
}
