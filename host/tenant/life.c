#include "tenant/life.h"
#include "db/db.h"
#include "db/lane.h"
#include "db/migrate.h"
#include "db/server.h"
#include "db/shard.h"
#include "db/sync.h"
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>

#define DO_SQL "SELECT wakala.tenant_do($1::text, $2::uuid, $3::int, $4::int, $5::jsonb, $6::jsonb)"
static const struct wk_stmt do_stmt = {"wakala", "host", "tenant_do", DO_SQL, false};
static const struct wk_stmt lock_stmt = {"wakala", "host", "tenants_lock", "SELECT pg_advisory_lock(7310011)", false};
static const struct wk_stmt unlock_stmt = {"wakala", "host", "tenants_unlock", "SELECT pg_advisory_unlock(7310011)", false};
static const char *const names[] = {"create", "ready", "change", "suspend", "resume", "trial_end", "delete", "undelete", "gone", "move", "get", "page"};
_Static_assert(WK_COUNT(names) == WK_LIFE_PAGE + 1, "a name for each");

struct made { /* the statement's parameters */
    struct wk_uuid id;
    char text[WK_UUID_TEXT];
    int shard, lane;
    const char *asked;
    char *who;
};
struct asker { /* all servers, and how one is asked: by a command, or on a fiber */
    void *arg;
    unsigned n;
    uint32_t (*shards)(const struct asker *a, unsigned server);
    bool (*ask)(const struct asker *a, unsigned server, const char *what, const struct made *m, char **answer, struct wk_err *err);
    bool (*lock)(struct asker *a, struct wk_err *err); /* on main: one writer of names and numbers */
    void (*unlock)(struct asker *a);
    void *held;
    int64_t until_us;
};

static void new_id(struct wk_uuid *id)
{
    (void)RAND_bytes(id->b, sizeof id->b);
    id->b[6] = (uint8_t)(0x40 | (id->b[6] & 0x0f));
    id->b[8] = (uint8_t)(0x80 | (id->b[8] & 0x3f));
}

/* Where there are several servers the same request must lead to the same one: its id comes from the request. A UUID of version 8. */
static bool id_of_request(const char *asked, struct wk_uuid *id)
{
    json_t *o = json_loads(asked, 0, NULL);
    const char *request = json_string_value(json_object_get(o, "request_id")), *name = json_string_value(json_object_get(o, "name"));
    unsigned char digest[EVP_MAX_MD_SIZE];
    char text[512];
    bool ok = (request || name) && snprintf(text, sizeof text, "wakala tenant %s:%s", request ? "request" : "name", request ? request : name) > 0 &&
              EVP_Digest(text, strlen(text), digest, NULL, EVP_sha256(), NULL) == 1;

    json_decref(o);
    if (!ok)
        return false;
    memcpy(id->b, digest, sizeof id->b);
    id->b[6] = (uint8_t)(0x80 | (id->b[6] & 0x0f));
    id->b[8] = (uint8_t)(0x80 | (id->b[8] & 0x3f));
    return true;
}

static bool make(const struct wk_life_ask *ask, unsigned servers, struct made *m, struct wk_err *err)
{
    json_t *who = json_pack("{s:s, s:s, s:s}", "subject", ask->subject ? ask->subject : "-", "role", ask->role ? ask->role : "-", "trace",
                            ask->trace ? ask->trace : "-");

    memset(m, 0, sizeof *m);
    m->asked = ask->asked;
    if (ask->id)
        m->id = *ask->id;
    else if (ask->what == WK_LIFE_CREATE && (servers == 1 || !id_of_request(ask->asked, &m->id)))
        new_id(&m->id);
    (void)wk_uuid_text(&m->id, m->text);
    m->shard = (int)wk_shard_of(&m->id);
    m->lane = (int)wk_lane_of(&m->id, m->text, strlen(m->text));
    m->who = who ? json_dumps(who, JSON_COMPACT) : NULL;
    json_decref(who);
    return m->who || wk_fail(err, WK_TRANSIENT, "host.short_of_memory", "a tenant's life");
}

/* --- over all servers --- */

static bool is_null(const char *answer) { return !answer || !strcmp(answer, "null"); }

/* Which server has it. */
static bool find(const struct asker *a, const struct made *m, unsigned *server, struct wk_err *err)
{
    char *answer = NULL;

    for (*server = 0; *server < a->n; ++*server) {
        bool ok = a->ask(a, *server, "get", m, &answer, err);

        free(answer);
        if (ok || !wk_err_is(err, "tenant.unknown"))
            return ok;
    }
    return false;
}

/* With the lock: what the others say, and then the one. */
static bool create(const struct asker *a, const struct made *m, char **answer, struct wk_err *err)
{
    unsigned target = 0;

    for (unsigned i = 0; i < a->n; i++)
        if (a->shards(a, i) & UINT32_C(1) << (m->shard - 1))
            target = i;
    for (unsigned i = 0; i < a->n; i++) {
        if (i == target)
            continue;
        if (!a->ask(a, i, "elsewhere", m, answer, err))
            return false;
        if (!is_null(*answer))
            return true;
        free(*answer);
        *answer = NULL;
    }
    return a->ask(a, target, "create", m, answer, err);
}

static bool change(const struct asker *a, const struct made *m, char **answer, struct wk_err *err)
{
    unsigned at;

    if (!find(a, m, &at, err))
        return false;
    for (unsigned i = 0; i < a->n; i++) {
        if (i != at && !a->ask(a, i, "taken", m, answer, err))
            return false;
        free(*answer);
        *answer = NULL;
    }
    return a->ask(a, at, "change", m, answer, err);
}

static int compare_ids(const void *a, const void *b)
{
    const json_t *const *x = a, *const *y = b;

    return strcmp(json_string_value(json_object_get(*x, "id")), json_string_value(json_object_get(*y, "id")));
}

/* The first of all their pages together. */
static bool merge(json_t *items, bool is_more, size_t limit, char **answer)
{
    size_t n = json_array_size(items), shown = n < limit ? n : limit;
    json_t **sorted = calloc(n + 1, sizeof(json_t *)), *page = json_array(), *all;

    for (size_t i = 0; sorted && i < n; i++)
        sorted[i] = json_array_get(items, i);
    if (sorted && n)
        qsort(sorted, n, sizeof(json_t *), compare_ids);
    for (size_t i = 0; sorted && i < shown; i++)
        (void)json_array_append(page, sorted[i]);
    all = json_pack("{s:o, s:O?}", "items", page, "next", sorted && shown && (is_more || n > shown) ? json_object_get(sorted[shown - 1], "id") : NULL);
    if (all && !json_object_get(all, "next"))
        (void)json_object_set_new(all, "next", json_null());
    *answer = sorted && all ? json_dumps(all, JSON_COMPACT) : NULL;
    json_decref(all);
    free(sorted);
    return *answer != NULL;
}

static bool page(const struct asker *a, const struct made *m, char **answer, struct wk_err *err)
{
    json_t *items = json_array(), *asked = json_loads(m->asked, 0, NULL);
    size_t limit = (size_t)json_integer_value(json_object_get(asked, "limit"));
    bool ok = true, is_more = false;

    for (unsigned i = 0; ok && i < a->n; i++) {
        json_t *part;

        ok = a->ask(a, i, "page", m, answer, err);
        part = ok ? json_loads(*answer, 0, NULL) : NULL;
        is_more |= json_is_string(json_object_get(part, "next"));
        (void)json_array_extend(items, json_object_get(part, "items"));
        json_decref(part);
        free(*answer);
        *answer = NULL;
    }
    ok = ok && (merge(items, is_more, limit, answer) || wk_fail(err, WK_TRANSIENT, "host.short_of_memory", "a page of tenants"));
    json_decref(items);
    json_decref(asked);
    return ok;
}

static bool with_lock(struct asker *a, bool (*what)(const struct asker *a, const struct made *m, char **answer, struct wk_err *err), const struct made *m,
                      char **answer, struct wk_err *err)
{
    bool ok = a->lock(a, err) && what(a, m, answer, err);

    a->unlock(a);
    return ok;
}

static bool ask_all(struct asker *a, const struct wk_life_ask *ask, char **answer, struct wk_err *err)
{
    struct made m;
    bool ok = false;

    *answer = NULL;
    if (!make(ask, a->n, &m, err))
        return false;
    if (a->n > 1 && ask->what == WK_LIFE_CREATE)
        ok = with_lock(a, create, &m, answer, err);
    else if (a->n > 1 && ask->what == WK_LIFE_CHANGE)
        ok = with_lock(a, change, &m, answer, err);
    else if (a->n > 1 && ask->what == WK_LIFE_PAGE)
        ok = page(a, &m, answer, err);
    else
        for (unsigned i = 0; i < a->n && !ok && (!i || wk_err_is(err, "tenant.unknown")); i++)
            ok = a->ask(a, (ask->at + i) % a->n, names[ask->what], &m, answer, err);
    free(m.who);
    return ok;
}

/* --- by a command --- */

static uint32_t site_shards(const struct asker *a, unsigned server) { return ((const struct wk_life_site *)a->arg)[server].shards; }

static bool site_ask(const struct asker *a, unsigned server, const char *what, const struct made *m, char **answer, struct wk_err *err)
{
    char shard[16], lane[16];
    const char *values[] = {what, m->text, shard, lane, m->asked, m->who};
    PGconn *c = wk_sync_open(((const struct wk_life_site *)a->arg)[server].conninfo, err);
    PGresult *r;

    (void)snprintf(shard, sizeof shard, "%d", m->shard);
    (void)snprintf(lane, sizeof lane, "%d", m->lane);
    r = c ? wk_sync_run(c, DO_SQL, WK_COUNT(values), values, err) : NULL;
    *answer = r && PQntuples(r) == 1 ? strdup(PQgetisnull(r, 0, 0) ? "null" : PQgetvalue(r, 0, 0)) : NULL;
    if (r && !*answer)
        wk_fail(err, WK_TRANSIENT, "host.short_of_memory", "a tenant's life");
    PQclear(r);
    PQfinish(c);
    return *answer != NULL;
}

static bool site_lock(struct asker *a, struct wk_err *err)
{
    a->held = wk_sync_open(((const struct wk_life_site *)a->arg)[0].conninfo, err);
    return a->held && wk_sync_command(a->held, lock_stmt.text, 0, NULL, err);
}
static void site_unlock(struct asker *a) { PQfinish(a->held); } /* the lock is the session's */

bool wk_life_now(const struct wk_life_site *sites, unsigned n, const struct wk_life_ask *ask, char **answer, struct wk_err *err)
{
    struct asker a = {.arg = (void *)(uintptr_t)sites, .n = n, .shards = site_shards, .ask = site_ask, .lock = site_lock, .unlock = site_unlock};

    return ask_all(&a, ask, answer, err);
}

/* --- on a fiber --- */

static uint32_t server_shards(const struct asker *a, unsigned server) { return ((const struct wk_dbserver *)a->arg)[server].shards; }

static bool server_ask(const struct asker *a, unsigned server, const char *what, const struct made *m, char **answer, struct wk_err *err)
{
    struct wk_arg args[] = {wk_text(what), wk_text(m->text), wk_int(m->shard), wk_int(m->lane), wk_text(m->asked), wk_text(m->who)};
    struct wk_conn *conn = wk_db_acquire(((struct wk_dbserver *)a->arg)[server].db, WK_DB_HOST, 0, NULL, a->until_us, err);
    struct wk_result *r = NULL;
    bool ok = conn && wk_conn_run(conn, &do_stmt, args, WK_COUNT(args), &r, a->until_us, err);

    *answer = ok ? strdup(wk_result_is_null(r, 0, 0) ? "null" : wk_result_text(r, 0, 0, NULL)) : NULL;
    ok = ok && (*answer || wk_fail(err, WK_TRANSIENT, "host.short_of_memory", "a tenant's life"));
    wk_result_free(r);
    wk_db_release(conn);
    return ok;
}

static bool server_lock(struct asker *a, struct wk_err *err)
{
    struct wk_result *r = NULL;
    bool ok;

    a->held = wk_db_acquire(((struct wk_dbserver *)a->arg)[0].db, WK_DB_HOST, 0, NULL, a->until_us, err);
    ok = a->held && wk_conn_run(a->held, &lock_stmt, NULL, 0, &r, a->until_us, err);
    wk_result_free(r);
    return ok;
}

static void server_unlock(struct asker *a)
{
    struct wk_result *r = NULL;

    if (a->held && !wk_conn_run(a->held, &unlock_stmt, NULL, 0, &r, a->until_us, NULL))
        wk_conn_discard(a->held);
    wk_result_free(r);
    wk_db_release(a->held);
}

bool wk_life_run(struct wk_dbserver *servers, unsigned n, const struct wk_life_ask *ask, int64_t until_us, char **answer, struct wk_err *err)
{
    struct asker a = {.arg = servers, .n = n, .shards = server_shards, .ask = server_ask, .lock = server_lock, .unlock = server_unlock, .until_us = until_us};

    return ask_all(&a, ask, answer, err);
}

/* Schema, migrations, and the last step. Each is safe to repeat; whoever comes second finds it done. */
static bool finish(const char *conninfo, const struct wk_migrate_conf *migrate, const char *id, const char *schema, bool *is_news, struct wk_err *err)
{
    struct wk_migrate_conf conf = *migrate;
    struct wk_uuid tenant;
    struct wk_life_ask ask = {.what = WK_LIFE_READY, .id = &tenant, .asked = "{}", .role = "operator"};
    char *answer = NULL;
    bool ok = wk_uuid_parse(id, &tenant);

    conf.only_schema = schema;
    if (strcmp(schema, "pool") != 0)
        ok = ok && wk_migrate(&conf, NULL, NULL, err);
    ok = ok && wk_life_now(&(struct wk_life_site){conninfo, UINT32_MAX}, 1, &ask, &answer, err);
    *is_news = ok && !strcmp(answer, "true");
    free(answer);
    return ok;
}

bool wk_life_provision(const char *conninfo, const struct wk_migrate_conf *migrate, const struct wk_uuid *only,
                       void (*done)(void *arg, const char *id, const char *name), void *arg, struct wk_err *err)
{
    char text[WK_UUID_TEXT];
    const char *values[] = {only ? wk_uuid_text(only, text) : NULL};
    PGconn *c = wk_sync_open(conninfo, err);
    PGresult *r = c ? wk_sync_run(c, "SELECT t.id, t.name, t.schema_name FROM wakala.tenant t WHERE EXISTS (SELECT FROM wakala.tenant_job j "
                                     "WHERE j.tenant_id = t.id AND j.done_at IS NULL) AND ($1::uuid IS NULL OR t.id = $1::uuid) ORDER BY t.created_at, t.id",
                                  1, values, err) : NULL;
    bool ok = r != NULL;

    PQfinish(c);
    for (int i = 0; ok && i < PQntuples(r); i++) {
        bool is_news;

        ok = finish(conninfo, migrate, PQgetvalue(r, i, 0), PQgetvalue(r, i, 2), &is_news, err);
        if (ok && is_news)
            done(arg, PQgetvalue(r, i, 0), PQgetvalue(r, i, 1));
    }
    PQclear(r);
    return ok;
}
