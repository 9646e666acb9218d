#include "tenant/life.h"
#include "db/db.h"
#include "db/lane.h"
#include "db/migrate.h"
#include "db/shard.h"
#include "db/sync.h"
#include <jansson.h>
#include <openssl/rand.h>
#include <stdlib.h>

#define DO_SQL "SELECT wakala.tenant_do($1::text, $2::uuid, $3::int, $4::int, $5::jsonb, $6::jsonb)"
static const struct wk_stmt do_stmt = {"wakala", "host", "tenant_do", DO_SQL, false};
static const char *const names[] = {"create", "ready", "change", "suspend", "resume", "trial_end", "delete", "undelete", "gone", "move", "get", "page"};
_Static_assert(WK_COUNT(names) == WK_LIFE_PAGE + 1, "a name for each");

struct made { /* the statement's parameters */
    struct wk_uuid id;
    char text[WK_UUID_TEXT];
    int shard, lane;
    char *who;
};

static void new_id(struct wk_uuid *id)
{
    (void)RAND_bytes(id->b, sizeof id->b);
    id->b[6] = (uint8_t)(0x40 | (id->b[6] & 0x0f));
    id->b[8] = (uint8_t)(0x80 | (id->b[8] & 0x3f));
}

static bool make(const struct wk_life_ask *ask, struct made *m, struct wk_err *err)
{
    json_t *who = json_pack("{s:s, s:s, s:s}", "subject", ask->subject ? ask->subject : "-", "role", ask->role ? ask->role : "-", "trace",
                            ask->trace ? ask->trace : "-");

    memset(m, 0, sizeof *m);
    if (ask->id)
        m->id = *ask->id;
    else if (ask->what == WK_LIFE_CREATE)
        new_id(&m->id);
    (void)wk_uuid_text(&m->id, m->text);
    m->shard = (int)wk_shard_of(&m->id);
    m->lane = (int)wk_lane_of(&m->id, m->text, strlen(m->text));
    m->who = who ? json_dumps(who, JSON_COMPACT) : NULL;
    json_decref(who);
    return m->who || wk_fail(err, WK_TRANSIENT, "host.short_of_memory", "a tenant's life");
}

bool wk_life_now(const char *conninfo, const struct wk_life_ask *ask, char **answer, struct wk_err *err)
{
    char shard[16], lane[16];
    const char *values[] = {names[ask->what], NULL, shard, lane, ask->asked, NULL};
    PGconn *c = wk_sync_open(conninfo, err);
    PGresult *r = NULL;
    struct made m;

    *answer = NULL;
    if (c && make(ask, &m, err)) {
        values[1] = m.text;
        values[5] = m.who;
        (void)snprintf(shard, sizeof shard, "%d", m.shard);
        (void)snprintf(lane, sizeof lane, "%d", m.lane);
        r = wk_sync_run(c, DO_SQL, WK_COUNT(values), values, err);
        *answer = r && PQntuples(r) == 1 ? strdup(PQgetvalue(r, 0, 0)) : NULL;
        free(m.who);
    }
    if (r && !*answer)
        wk_fail(err, WK_TRANSIENT, "host.short_of_memory", "a tenant's life");
    PQclear(r);
    PQfinish(c);
    return *answer != NULL;
}

bool wk_life_run(struct wk_db *db, const struct wk_life_ask *ask, int64_t until_us, char **answer, struct wk_err *err)
{
    struct wk_conn *conn = wk_db_acquire(db, WK_DB_HOST, 0, NULL, until_us, err);
    struct wk_result *r = NULL;
    struct made m;
    bool ok = conn && make(ask, &m, err);

    *answer = NULL;
    if (ok) {
        struct wk_arg args[] = {wk_text(names[ask->what]), wk_text(m.text), wk_int(m.shard), wk_int(m.lane), wk_text(ask->asked), wk_text(m.who)};

        ok = wk_conn_run(conn, &do_stmt, args, WK_COUNT(args), &r, until_us, err);
        *answer = ok && wk_result_text(r, 0, 0, NULL) ? strdup(wk_result_text(r, 0, 0, NULL)) : NULL;
        ok = ok && (*answer || wk_fail(err, WK_TRANSIENT, "host.short_of_memory", "a tenant's life"));
        wk_result_free(r);
        free(m.who);
    }
    wk_db_release(conn);
    return ok;
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
    ok = ok && wk_life_now(conninfo, &ask, &answer, err);
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
