/* pool.c - who gets which connection, and when another is opened.
 *
 * A waiter stands in a queue of the pool, or, while its tenant has its half already, in one of the tenant's own; a tenant's `claims` count
 * both what it holds and what it has in the pool's queues, so whoever is first there may take what comes. There is a queue per class;
 * the smallest ticket is first, and a lower class draws later ones.
 * While the server is down one connection probes at a time, later and later (50 ms to 2 s), and acquires fail at once. */
#include "db/internal.h"
#include "fiber/fiber.h"

#include <assert.h>
#include <event2/util.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_DEFAULT = 8,
    MAX_LIMIT = 500,
    STATEMENT_MS = 5000,
    LOCK_MS = 2000,
    IDLE_TX_MS = 5000,
    CONNECT_MS = 3000,
    IDLE_MS = 60000,
    AGE_MS = 3600000,
    PREPARED_MAX = 1000,
    BACKOFF_MIN_MS = 50,
    BACKOFF_MAX_MS = 2000,
    BUDGET_RETRY_MS = 50,
    CONNECTING_MAX = 4,
};

uint32_t wk_db_jitter(struct wk_db *db, uint32_t ms)
{
    db->random = db->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return ms < 2 ? ms : ms / 2 + (uint32_t)((db->random >> 33) % (ms - ms / 2 + 1));
}

static void timer_set(struct event *timer, int64_t ms)
{
    struct timeval wait = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

    if (!evtimer_pending(timer, NULL))
        (void)evtimer_add(timer, &wait);
}

/* Tenants' shares. */

static uint32_t share_limit(const struct wk_pool *pool) { return pool->conf.max > 1 ? pool->conf.max / 2 : 1; }

static struct wk_share *share_of(struct wk_pool *pool, const struct wk_uuid *tenant)
{
    unsigned bucket = (tenant->b[15] ^ tenant->b[14] * 31u ^ tenant->b[7]) % SHARE_BUCKETS;
    struct wk_share *share;

    LIST_FOREACH(share, &pool->shares[bucket], link)
        if (wk_uuid_equal(&share->tenant, tenant))
            return share;
    share = calloc(1, sizeof *share);
    if (!share)
        return NULL;
    share->tenant = *tenant;
    for (unsigned c = 0; c < WK_DB_CLASSES; c++)
        TAILQ_INIT(&share->blocked[c]);
    LIST_INSERT_HEAD(&pool->shares[bucket], share, link);
    return share;
}

static struct wk_waiter *first_of(struct wk_waiters queue[WK_DB_CLASSES])
{
    struct wk_waiter *first = NULL;

    for (unsigned c = 0; c < WK_DB_CLASSES; c++) {
        struct wk_waiter *head = TAILQ_FIRST(&queue[c]);

        if (head && (!first || head->ticket < first->ticket))
            first = head;
    }
    return first;
}

/* By ticket: who was blocked for long goes before who came later. Such tickets are old, so the search from the head is short. */
static void queue_insert(struct wk_pool *pool, struct wk_waiter *waiter)
{
    struct wk_waiters *queue = &pool->queue[waiter->cls];
    struct wk_waiter *other;

    waiter->is_eligible = true;
    pool->queued++;
    if (TAILQ_EMPTY(queue) || TAILQ_LAST(queue, wk_waiters)->ticket < waiter->ticket) {
        TAILQ_INSERT_TAIL(queue, waiter, turn);
        return;
    }
    TAILQ_FOREACH(other, queue, turn)
        if (other->ticket > waiter->ticket)
            break;
    TAILQ_INSERT_BEFORE(other, waiter, turn);
}

static void share_unclaim(struct wk_pool *pool, struct wk_share *share)
{
    struct wk_waiter *next;

    if (!share)
        return;
    share->claims--;
    next = first_of(share->blocked);
    if (next && share->claims < share_limit(pool)) {
        TAILQ_REMOVE(&share->blocked[next->cls], next, turn);
        share->claims++;
        queue_insert(pool, next);
    } else if (!next && !share->claims) {
        LIST_REMOVE(share, link);
        free(share);
    }
}

/* Waiters. */

static void waiter_enter(struct wk_pool *pool, struct wk_waiter *waiter)
{
    static const uint64_t later[WK_DB_CLASSES] = {0, 32, 512};
    struct wk_share *share = waiter->share;

    waiter->ticket = pool->next_ticket++ + later[waiter->cls];
    TAILQ_INSERT_TAIL(&pool->waiters, waiter, all);
    if (++pool->waiting > pool->stats.waiting_max)
        pool->stats.waiting_max = pool->waiting;
    if (share && share->claims >= share_limit(pool)) {
        TAILQ_INSERT_TAIL(&share->blocked[waiter->cls], waiter, turn);
        return;
    }
    if (share)
        share->claims++;
    queue_insert(pool, waiter);
}

/* Out of all queues. Its claim stays with it. */
static void waiter_leave(struct wk_pool *pool, struct wk_waiter *waiter)
{
    TAILQ_REMOVE(&pool->waiters, waiter, all);
    pool->waiting--;
    if (waiter->is_eligible) {
        TAILQ_REMOVE(&pool->queue[waiter->cls], waiter, turn);
        pool->queued--;
    } else {
        TAILQ_REMOVE(&waiter->share->blocked[waiter->cls], waiter, turn);
    }
}

static void waiter_give_up(struct wk_pool *pool, struct wk_waiter *waiter)
{
    waiter_leave(pool, waiter);
    if (waiter->is_eligible)
        share_unclaim(pool, waiter->share);
}

static void hand_over(struct wk_pool *pool, struct wk_waiter *waiter, struct wk_conn *conn)
{
    waiter_leave(pool, waiter);
    TAILQ_REMOVE(&pool->idle, conn, idle);
    pool->idle_count--;
    conn->state = CONN_HELD;
    conn->share = waiter->share;
    conn->trips = 0;
    waiter->conn = conn;
    if (waiter->fiber != wk_fiber_self()) /* it has not parked yet: no wake may be left over for its next wait */
        wk_fiber_wake(waiter->fiber);
}

static void fail_waiters(struct wk_pool *pool, const struct wk_err *why)
{
    struct wk_waiter *waiter;

    while ((waiter = TAILQ_FIRST(&pool->waiters))) {
        waiter_give_up(pool, waiter);
        waiter->has_failed = true;
        waiter->err = *why;
        wk_fiber_wake(waiter->fiber);
    }
}

/* Opening. */

static bool may_open(struct wk_pool *pool)
{
    struct wk_db *db = pool->db;
    int64_t left_us = pool->retry_us - wk_mono_us();

    if (pool->open + pool->connecting >= pool->conf.max)
        return false;
    if (pool->fails && (pool->connecting || left_us > 0)) {
        if (!pool->connecting)
            timer_set(&pool->retry, left_us / 1000 + 1);
        return false;
    }
    if (pool->connecting >= CONNECTING_MAX)
        return false;
    if (db->conf.budget_take && !db->conf.budget_take(db->conf.budget_arg)) {
        timer_set(&pool->retry, BUDGET_RETRY_MS); /* other processes give theirs back without telling us */
        return false;
    }
    return true;
}

void wk_pool_pump(struct wk_pool *pool)
{
    struct wk_waiter *waiter;
    struct wk_conn *conn;
    struct wk_err why;

    if (pool->is_closing)
        return;
    while ((waiter = first_of(pool->queue)) && (conn = TAILQ_FIRST(&pool->idle)))
        hand_over(pool, waiter, conn);
    while ((pool->connecting < pool->queued || pool->open + pool->connecting < pool->conf.min) && may_open(pool)) {
        if (!wk_conn_open(pool, &why)) {
            wk_pool_open_failed(pool, &why);
            return;
        }
    }
}

static void report(struct wk_pool *pool, bool is_up, const struct wk_err *why)
{
    const struct wk_db_conf *conf = &pool->db->conf;

    if (pool->was_reported && pool->is_up == is_up)
        return;
    pool->was_reported = true;
    pool->is_up = is_up;
    if (conf->on_state)
        conf->on_state(conf->on_arg, pool->role, is_up, why);
}

void wk_pool_opened(struct wk_conn *conn)
{
    struct wk_pool *pool = conn->pool;

    pool->connecting--;
    pool->open++;
    pool->fails = 0;
    pool->retry_us = 0;
    pool->stats.last_error.cls = WK_OK;
    (void)evtimer_del(&pool->retry);
    TAILQ_INSERT_HEAD(&pool->idle, conn, idle);
    pool->idle_count++;
    report(pool, true, NULL);
    wk_pool_pump(pool);
    if (pool->open > pool->conf.min)
        timer_set(&pool->trim, pool->db->conf.idle_ms); /* it came too late for who wanted it */
}

void wk_pool_open_failed(struct wk_pool *pool, const struct wk_err *why)
{
    uint32_t delay = BACKOFF_MAX_MS;

    pool->stats.connect_failures++;
    pool->stats.last_error = *why;
    if (pool->is_closing)
        return;
    if (pool->fails < 6)
        delay = (uint32_t)BACKOFF_MIN_MS << pool->fails;
    if (delay > BACKOFF_MAX_MS)
        delay = BACKOFF_MAX_MS;
    if (!pool->connecting || !pool->fails) /* a wave of attempts is one failure */
        pool->fails++;
    delay = wk_db_jitter(pool->db, delay);
    pool->retry_us = wk_mono_us() + (int64_t)delay * 1000;
    if (!pool->open && !pool->connecting) {
        struct wk_err told = *why;

        told.retry_after_ms = delay;
        fail_waiters(pool, &told);
        report(pool, false, why);
    }
    wk_pool_pump(pool); /* arms the retry when somebody needs it */
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    wk_pool_pump(arg);
}

/* The idle list has the last used first, so the end is what the load did not need. */
static void on_trim(evutil_socket_t fd, short what, void *arg)
{
    struct wk_pool *pool = arg;
    int64_t idle_us = (int64_t)pool->db->conf.idle_ms * 1000, limit = wk_mono_us() - idle_us;
    struct wk_conn *conn;
    struct wk_err why;

    (void)fd;
    (void)what;
    wk_fail(&why, WK_TRANSIENT, "db.unavailable", "idle for too long");
    while (pool->open > pool->conf.min && (conn = TAILQ_LAST(&pool->idle, wk_conns)) && conn->idle_us <= limit)
        wk_conn_close(conn, &why);
    if (pool->open > pool->conf.min)
        timer_set(&pool->trim, pool->db->conf.idle_ms);
}

/* Acquire and release. */

static bool is_refused(struct wk_pool *pool, struct wk_err *err)
{
    int64_t left_us = pool->retry_us - wk_mono_us();

    if (!pool->fails || pool->open || pool->connecting || left_us <= 0)
        return false;
    if (err) {
        *err = pool->stats.last_error;
        err->retry_after_ms = (uint32_t)(left_us / 1000) + 1;
    }
    return true;
}

static struct wk_conn *wait_for(struct wk_pool *pool, struct wk_waiter *waiter, int64_t until_us, struct wk_err *err)
{
    enum wk_wake wake = WK_WAKE_READY;

    waiter_enter(pool, waiter);
    wk_pool_pump(pool);
    while (!waiter->conn && !waiter->has_failed && wake == WK_WAKE_READY)
        wake = wk_fiber_park("db connection", until_us);
    if (waiter->conn) /* whatever woke us: it has an owner now */
        return waiter->conn;
    if (waiter->has_failed) {
        if (err)
            *err = waiter->err;
        return NULL;
    }
    waiter_give_up(pool, waiter);
    wk_pool_pump(pool); /* the one behind may be eligible now */
    if (wake == WK_WAKE_CANCELLED)
        (void)wk_fiber_wake_ok(wake, "waiting for a database connection", err);
    else if (pool->open)
        wk_fail(err, WK_TRANSIENT, "db.unavailable", "no connection came free in time: %u are in use, %u wait",
                pool->open - pool->idle_count, pool->waiting);
    else
        wk_fail(err, WK_TRANSIENT, "db.unavailable", "no connection in time: %s",
                pool->fails ? pool->stats.last_error.msg : "the server does not answer, or the budget is used up");
    return NULL;
}

struct wk_conn *wk_db_acquire(struct wk_db *db, enum wk_db_role role, unsigned cls, const struct wk_uuid *tenant, int64_t until_us,
                              struct wk_err *err)
{
    struct wk_pool *pool = db->pools[role];
    struct wk_waiter waiter = { .fiber = wk_fiber_self(), .cls = cls < WK_DB_CLASSES ? cls : WK_DB_CLASSES - 1 };
    int64_t begin = wk_mono_us();
    struct wk_conn *conn = NULL;

    if (!pool || !waiter.fiber) {
        wk_fail(err, WK_SYSTEM, "db.conf", pool ? "acquire: only a fiber can wait" : "this pool is not configured");
        return NULL;
    }
    if (!until_us)
        until_us = begin + (int64_t)pool->conf.statement_ms * 1000;
    pool->stats.acquires++;
    if (!is_refused(pool, err)) {
        if (tenant && !(waiter.share = share_of(pool, tenant)))
            wk_fail(err, WK_SYSTEM, "host.no_memory", "a tenant's share of the pool");
        else
            conn = wait_for(pool, &waiter, until_us, err);
    }
    pool->stats.waited_us += wk_mono_us() - begin;
    if (!conn)
        pool->stats.acquire_failures++;
    return conn;
}

void wk_db_release(struct wk_conn *conn)
{
    struct wk_pool *pool;
    struct wk_share *share;
    struct wk_err why;

    if (!conn)
        return;
    assert(conn->state == CONN_HELD && !conn->job);
    pool = conn->pool;
    share = conn->share;
    conn->share = NULL;
    conn->lost = NULL;
    wk_fail(&why, WK_TRANSIENT, "db.unavailable", "released in doubt, or old");
    if (conn->pg && (conn->in_tx || conn->needs_sync || conn->is_discarded || wk_mono_us() >= conn->replace_us))
        wk_conn_close(conn, &why);
    if (conn->pg) {
        conn->state = CONN_IDLE;
        conn->idle_us = wk_mono_us();
        TAILQ_INSERT_HEAD(&pool->idle, conn, idle);
        pool->idle_count++;
        if (pool->open > pool->conf.min)
            timer_set(&pool->trim, pool->db->conf.idle_ms);
    } else {
        TAILQ_REMOVE(&pool->conns, conn, all);
        wk_conn_free(conn);
    }
    share_unclaim(pool, share);
    wk_pool_pump(pool);
}

bool wk_conn_in_transaction(const struct wk_conn *conn) { return conn->pg && (conn->in_tx || conn->needs_sync); }
bool wk_conn_is_alive(const struct wk_conn *conn) { return conn->pg; }
void wk_conn_discard(struct wk_conn *conn) { conn->is_discarded = true; }
uint32_t wk_conn_trips(const struct wk_conn *conn) { return conn->trips; }

void wk_conn_on_lost(struct wk_conn *conn, void (*lost)(void *arg), void *arg)
{
    conn->lost = lost;
    conn->lost_arg = arg;
}

/* Making and ending. */

static uint32_t or_default(uint32_t value, uint32_t fallback) { return value ? value : fallback; }

static void pool_destroy(struct wk_pool *pool)
{
    struct wk_conn *conn, *next;
    struct wk_err why;

    if (!pool)
        return;
    assert(!pool->waiting && pool->open == pool->idle_count);
    pool->is_closing = true;
    wk_fail(&why, WK_TRANSIENT, "db.unavailable", "the pool is closed");
    for (conn = TAILQ_FIRST(&pool->conns); conn; conn = next) {
        next = TAILQ_NEXT(conn, all);
        wk_conn_close(conn, &why);
    }
    (void)evtimer_del(&pool->retry);
    (void)evtimer_del(&pool->trim);
    wk_conninfo_free(pool->keys, pool->values);
    free(pool);
}

static struct wk_pool *pool_create(struct wk_db *db, enum wk_db_role role, const struct wk_db_pool_conf *conf,
                                   struct wk_err *err)
{
    struct wk_pool *pool = calloc(1, sizeof *pool);

    if (!pool) {
        wk_fail(err, WK_SYSTEM, "host.no_memory", "a pool");
        return NULL;
    }
    pool->db = db;
    pool->role = role;
    pool->conf = *conf;
    pool->conf.conninfo = NULL;
    pool->conf.max = or_default(conf->max, MAX_DEFAULT);
    if (pool->conf.max > MAX_LIMIT)
        pool->conf.max = MAX_LIMIT;
    if (pool->conf.min > pool->conf.max)
        pool->conf.min = pool->conf.max;
    pool->conf.statement_ms = or_default(conf->statement_ms, STATEMENT_MS);
    pool->conf.lock_ms = or_default(conf->lock_ms, LOCK_MS);
    pool->conf.idle_tx_ms = or_default(conf->idle_tx_ms, IDLE_TX_MS);
    TAILQ_INIT(&pool->conns);
    TAILQ_INIT(&pool->idle);
    TAILQ_INIT(&pool->waiters);
    for (unsigned c = 0; c < WK_DB_CLASSES; c++)
        TAILQ_INIT(&pool->queue[c]);
    (void)evtimer_assign(&pool->retry, db->base, on_retry, pool);
    (void)evtimer_assign(&pool->trim, db->base, on_trim, pool);
    if (!wk_conninfo_parse(conf->conninfo, db->application_name, &pool->keys, &pool->values, err)) {
        free(pool);
        return NULL;
    }
    return pool;
}

struct wk_db *wk_db_create(struct event_base *base, const struct wk_db_conf *conf, struct wk_err *err)
{
    struct wk_db *db = calloc(1, sizeof *db);

    if (!db || !(db->application_name = strdup(conf->application_name ? conf->application_name : "wakala")) ||
        !(db->canceller = wk_canceller_create())) {
        wk_db_destroy(db);
        wk_fail(err, WK_SYSTEM, "host.no_memory", "connection pools");
        return NULL;
    }
    db->base = base;
    db->conf = *conf;
    db->conf.connect_timeout_ms = or_default(conf->connect_timeout_ms, CONNECT_MS);
    db->conf.idle_ms = or_default(conf->idle_ms, IDLE_MS);
    db->conf.age_ms = or_default(conf->age_ms, AGE_MS);
    db->conf.prepared_max = or_default(conf->prepared_max, PREPARED_MAX);
    evutil_secure_rng_get_bytes(&db->random, sizeof db->random);
    for (int role = 0; role < WK_DB_ROLES; role++) {
        if (!conf->pool[role].conninfo)
            continue;
        db->pools[role] = pool_create(db, (enum wk_db_role)role, &conf->pool[role], err);
        if (!db->pools[role]) {
            wk_db_destroy(db);
            return NULL;
        }
    }
    for (int role = 0; role < WK_DB_ROLES; role++)
        if (db->pools[role])
            wk_pool_pump(db->pools[role]);
    return db;
}

void wk_db_destroy(struct wk_db *db)
{
    if (!db)
        return;
    for (int role = 0; role < WK_DB_ROLES; role++)
        pool_destroy(db->pools[role]);
    wk_canceller_destroy(db->canceller);
    free(db->application_name);
    free(db);
}

void wk_db_stats(const struct wk_db *db, enum wk_db_role role, struct wk_db_stats *out)
{
    const struct wk_pool *pool = db->pools[role];

    memset(out, 0, sizeof *out);
    if (!pool)
        return;
    *out = pool->stats;
    out->open = pool->open;
    out->idle = pool->idle_count;
    out->busy = pool->open - pool->idle_count;
    out->connecting = pool->connecting;
    out->waiting = pool->waiting;
    out->is_down = pool->fails && !pool->open;
}
