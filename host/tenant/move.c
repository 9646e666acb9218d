/* move.c - the steps of a move, in their order. docs/design/servers.md. */
#include "tenant/move.h"
#include "db/lane.h"
#include "db/migrate.h"
#include "db/sync.h"
#include "tenant/carry.h"
#include "tenant/tables.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FENCE_WAIT "20s" /* a transaction lasts 5 s at most */

struct move {
    const struct wk_move *ask;
    const struct wk_server_conf *from;
    char id[WK_UUID_TEXT], schema[80], lane[8];
    PGconn *old_host, *old_app, *new_host, *new_app; /* ..app: the owner's, as wakala_app without triggers */
    struct wk_tables tables;
    bool is_decided; /* it has left the old server already */
    bool is_there;   /* and nothing of it is anywhere else */
    int64_t stopped_at_us;
};

static int64_t now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* One statement with $1 the tenant's id. */
static bool run(const struct move *m, PGconn *c, const char *sql, struct wk_err *err)
{
    const char *values[] = {m->id};

    return wk_sync_command(c, sql, strstr(sql, "$1") ? 1 : 0, values, err);
}

/* --- where it is --- */

/* On one server: is it there, or has it left for another? */
static bool look(struct move *m, const struct wk_server_conf *server, bool *is_found, struct wk_err *err)
{
    const char *values[] = {m->ask->tenant, m->ask->to->name};
    PGconn *c = wk_sync_open(server->host, err);
    PGresult *r = c ? wk_sync_run(c, "SELECT t.id, t.schema_name, m.server IS NOT NULL FROM wakala.tenant t LEFT JOIN wakala.moved m ON m.tenant_id = t.id "
                                     "WHERE (t.id::text = $1 OR t.name = $1) AND t.gone_at IS NULL AND CASE WHEN m.server IS NULL THEN t.is_ready ELSE m.server = $2 END "
                                     "ORDER BY t.id::text <> $1 LIMIT 1", 2, values, err) : NULL;

    *is_found = r && PQntuples(r) == 1;
    if (*is_found) {
        (void)snprintf(m->id, sizeof m->id, "%s", PQgetvalue(r, 0, 0));
        (void)snprintf(m->schema, sizeof m->schema, "%s", PQgetvalue(r, 0, 1));
        m->is_decided = *PQgetvalue(r, 0, 2) == 't';
        m->from = server;
    }
    PQclear(r);
    PQfinish(c);
    return r != NULL;
}

static bool find(struct move *m, struct wk_err *err)
{
    bool is_found = false, is_there = false;

    for (size_t i = 0; i < wk_config_server_count(m->ask->config) && !is_found; i++) {
        const struct wk_server_conf *server = wk_config_server(m->ask->config, i);
        bool found;

        if (!look(m, server, &found, err))
            return false;
        is_there |= found && server == m->ask->to;
        is_found = found && server != m->ask->to; /* or has left it for there: what it left behind is removed */
    }
    m->is_there = is_there && !is_found;
    if (is_found || is_there)
        return true;
    return wk_fail(err, WK_BUSINESS, "tenant.unknown", "no tenant is called %s, nor has it as its id: see `wakala tenant list`", m->ask->tenant);
}

/* --- connections, and what must be so --- */

static bool open_all(struct move *m, struct wk_err *err)
{
    struct wk_uuid id;

    (void)wk_uuid_parse(m->id, &id);
    (void)snprintf(m->lane, sizeof m->lane, "%u", wk_lane_of(&id, m->id, strlen(m->id)));
    return (m->old_host = wk_sync_open(m->from->host, err)) && (m->old_app = wk_tables_open(m->from->owner, m->from->name, err)) &&
           (m->new_host = wk_sync_open(m->ask->to->host, err)) &&
           (m->new_app = wk_tables_open(m->ask->to->owner, m->ask->to->name, err)) && run(m, m->old_host, "SET statement_timeout = 0", err) &&
           run(m, m->new_host, "SET statement_timeout = 0", err) && run(m, m->new_host, "SET lock_timeout = '" FENCE_WAIT "'", err) &&
           wk_tables_find(m->old_app, m->schema, &m->tables, err);
}

/* Both servers must have had the same files; a schema of its own is made. */
static bool same_migrations(struct move *m, struct wk_err *err)
{
    static const char sql[] = "SELECT coalesce(string_agg(plugin || '/' || file, ' ' ORDER BY plugin, file), '') FROM wakala.migration WHERE schema IN ($1, 'wakala')";
    const char *values[] = {m->schema};
    PGresult *here, *there;
    bool ok;

    if (strcmp(m->schema, "pool") != 0) {
        struct wk_migrate_conf conf = *m->ask->migrate;

        conf.conninfo = m->ask->to->owner;
        conf.only_schema = m->schema;
        if (!wk_migrate(&conf, NULL, NULL, err))
            return false;
    }
    here = wk_sync_run(m->old_host, sql, 1, values, err);
    there = here ? wk_sync_run(m->new_host, sql, 1, values, err) : NULL;
    ok = here && there;
    if (ok && strcmp(PQgetvalue(here, 0, 0), PQgetvalue(there, 0, 0)) != 0)
        ok = wk_fail(err, WK_BUSINESS, "tenant.invalid", "servers %s and %s have not the same migrations: run `wakala migrate`", m->from->name, m->ask->to->name);
    PQclear(here);
    PQclear(there);
    return ok;
}

/* --- the new server, before: whatever an earlier try left there goes --- */

static bool clear(struct move *m, PGconn *app, PGconn *host, struct wk_err *err)
{
    static const char *const host_tables[] = {"outbound", "once", "orphan_status", "audit", "dead", "parked", "timer", "address", "tenant_setting", "tenant_secret"};
    size_t rows = 0;
    char sql[128];

    if (!wk_tables_clear(app, &m->tables, m->id, &rows, err))
        return false;
    for (size_t i = 0; i < WK_COUNT(host_tables); i++) {
        (void)snprintf(sql, sizeof sql, "DELETE FROM wakala.%s WHERE tenant_id = $1::uuid", host_tables[i]);
        if (!run(m, host, sql, err))
            return false;
    }
    return true;
}

static bool prepare(struct move *m, struct wk_err *err)
{
    char shard[8];
    PGresult *r = wk_sync_run(m->old_host, "SELECT row_to_json(t) FROM wakala.tenant t WHERE id = $1::uuid", 1, (const char *const[]){m->id}, err);
    const char *values[] = {m->id, m->from->name, r ? PQgetvalue(r, 0, 0) : NULL, m->ask->shard ? shard : NULL};
    bool ok;

    (void)snprintf(shard, sizeof shard, "%u", m->ask->shard);
    ok = r && run(m, m->new_host, "BEGIN", err) &&
         wk_sync_command(m->new_host, "INSERT INTO wakala.tenant SELECT * FROM json_populate_record(NULL::wakala.tenant, $1::json) ON CONFLICT (id) DO NOTHING",
                         1, values + 2, err) &&
         wk_sync_command(m->new_host, "UPDATE wakala.tenant o SET (name, tier, status, isolation, schema_name, shard, language, currency, currency_exponent, timezone, config, "
                         "created_at, updated_at, trial_until, is_ready, suspended_at, reason, was_suspended, delete_at, gone_at, comes_from, since_xid) = "
                         "(SELECT t.name, t.tier, t.status, t.isolation, t.schema_name, coalesce($4::int, t.shard), t.language, t.currency, t.currency_exponent, t.timezone, t.config, "
                         "t.created_at, t.updated_at, t.trial_until, false, t.suspended_at, t.reason, t.was_suspended, t.delete_at, t.gone_at, $2::text, pg_current_xact_id() "
                         "FROM json_populate_record(NULL::wakala.tenant, $3::json) t) WHERE o.id = $1::uuid", 4, values, err) &&
         run(m, m->new_host, "DELETE FROM wakala.moved WHERE tenant_id = $1::uuid", err) &&
         run(m, m->new_host, "INSERT INTO wakala.moving (tenant_id, arrives) VALUES ($1::uuid, true) ON CONFLICT (tenant_id) DO UPDATE SET arrives = true", err) &&
         run(m, m->new_host, "COMMIT", err) && clear(m, m->new_app, m->new_host, err);

    PQclear(r);
    return ok;
}

/* --- the fence --- */

static bool stop(struct move *m, struct wk_err *err)
{
    struct wk_err why = {0};

    if (!run(m, m->old_host, "INSERT INTO wakala.moving (tenant_id, arrives) VALUES ($1::uuid, false) ON CONFLICT DO NOTHING", err) ||
        !run(m, m->old_host, "SET lock_timeout = '" FENCE_WAIT "'", err))
        return false;
    m->stopped_at_us = now_us();
    (void)alarm(m->ask->limit_s); /* a server that says nothing must not hold the tenant for ever */
    if (run(m, m->old_host, "SELECT pg_advisory_lock(7310010, hashtext($1))", &why))
        return run(m, m->old_host, "SELECT pg_advisory_lock(7310012)", err) && run(m, m->old_host, "SELECT pg_advisory_unlock(7310012)", err);
    if (strncmp(why.msg, "55P03", 5) != 0) {
        *err = why;
        return false;
    }
    return wk_fail(err, WK_TRANSIENT, "tenant.busy", "a transaction of the tenant does not end within " FENCE_WAIT ", or somebody else moves it: try again");
}

static void go_on(struct move *m)
{
    struct wk_err err;

    if (m->old_host) {
        (void)run(m, m->old_host, "DELETE FROM wakala.moving WHERE tenant_id = $1::uuid", &err);
        (void)run(m, m->old_host, "SELECT pg_advisory_unlock_all()", &err);
    }
}

/* --- the commit that decides, and the end --- */

static bool decide(struct move *m, struct wk_err *err)
{
    const char *values[] = {m->id, m->ask->to->name};

    return run(m, m->old_host, "BEGIN", err) &&
           wk_sync_command(m->old_host, "INSERT INTO wakala.moved (tenant_id, server) VALUES ($1::uuid, $2)", 2, values, err) &&
           run(m, m->old_host, "DELETE FROM wakala.timer WHERE tenant_id = $1::uuid", err) &&
           run(m, m->old_host, "DELETE FROM wakala.parked WHERE tenant_id = $1::uuid", err) &&
           run(m, m->old_host, "DELETE FROM wakala.dead WHERE tenant_id = $1::uuid", err) &&
           run(m, m->old_host, "DELETE FROM wakala.moving WHERE tenant_id = $1::uuid", err) && run(m, m->old_host, "COMMIT", err);
}

static bool arrive(struct move *m, struct wk_err *err)
{
    char who[160];
    const char *values[] = {m->id, m->lane, m->ask->to->name, who};

    (void)snprintf(who, sizeof who, "{\"subject\":\"%.60s\",\"role\":\"operator\"}", m->ask->who);
    return wk_sync_command(m->new_host, "SELECT wakala.tenant_arrive($1::uuid, $2::int, $3, $4::jsonb)", WK_COUNT(values), values, err);
}

/* Its rows are gone; a schema of its own goes as well. */
static bool drop_schema(struct move *m, struct wk_err *err)
{
    const char *values[] = {m->schema};
    PGconn *owner;
    PGresult *drop;
    bool ok;

    if (!strcmp(m->schema, "pool"))
        return true;
    owner = wk_sync_open(m->from->owner, err);
    drop = owner && wk_sync_command(owner, "SET client_min_messages = warning", 0, NULL, err)
               ? wk_sync_run(owner, "SELECT format('DROP SCHEMA IF EXISTS %I CASCADE', $1::text)", 1, values, err) : NULL;
    ok = drop && wk_sync_command(owner, "BEGIN", 0, NULL, err) && wk_sync_command(owner, PQgetvalue(drop, 0, 0), 0, NULL, err) &&
         wk_sync_command(owner, "DELETE FROM wakala.migration WHERE schema = $1", 1, values, err) && wk_sync_command(owner, "COMMIT", 0, NULL, err);
    PQclear(drop);
    PQfinish(owner);
    return ok;
}

static bool carry(struct move *m, struct wk_moved *moved, struct wk_err *err)
{
    struct wk_carry c = {.old_host = m->old_host, .old_app = m->old_app, .new_host = m->new_host, .new_app = m->new_app, .tables = &m->tables, .tenant = m->id};
    bool ok = wk_carry_before(&c, err) && stop(m, err) && wk_carry_all(&c, err);

    (void)alarm(0); /* before what decides: whoever is told that it was given up can believe it */
    ok = ok && decide(m, err);
    moved->rows = c.rows;
    moved->waiting = c.waiting;
    moved->bytes = c.bytes;
    return ok;
}

bool wk_tenant_move(const struct wk_move *move, struct wk_moved *moved, struct wk_err *err)
{
    struct move m = {.ask = move};
    bool ok = find(&m, err);

    *moved = (struct wk_moved){0};
    if (!ok || m.is_there)
        return ok;
    moved->from = m.from->name;
    (void)wk_uuid_parse(m.id, &moved->id);
    ok = open_all(&m, err);
    if (ok && !m.is_decided) {
        ok = same_migrations(&m, err) && prepare(&m, err) && carry(&m, moved, err);
        m.is_decided = ok;
    }
    ok = ok && arrive(&m, err);
    if (m.stopped_at_us)
        moved->stopped_us = now_us() - m.stopped_at_us;
    if (!m.is_decided)
        go_on(&m);
    else if (m.old_host)
        (void)run(&m, m.old_host, "SELECT pg_advisory_unlock_all()", &(struct wk_err){0});
    /* Its name is somebody else's to take there, too. */
    ok = ok && clear(&m, m.old_app, m.old_host, err) && drop_schema(&m, err) && run(&m, m.old_host, "UPDATE wakala.tenant SET name = 'moved ' || id WHERE id = $1::uuid", err);
    wk_tables_finish(&m.tables);
    PQfinish(m.old_host);
    PQfinish(m.old_app);
    PQfinish(m.new_host);
    PQfinish(m.new_app);
    return ok;
}
