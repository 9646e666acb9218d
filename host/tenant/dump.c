#include "tenant/dump.h"
#include "db/sync.h"
#include "tenant/life.h"
#include "tenant/tables.h"
#include <stdlib.h>

enum { FETCH = 500 };

struct work {
    PGconn *app;
    struct wk_tables tables;
    char schema[80];
};

static void finish(struct work *w)
{
    wk_tables_finish(&w->tables);
    PQfinish(w->app);
}

static bool find_tables(const struct wk_dump *dump, struct work *w, struct wk_err *err)
{
    w->app = wk_sync_open(dump->app_conninfo, err);
    return w->app && wk_tables_find(w->app, w->schema, &w->tables, err);
}

static bool find_schema(const struct wk_dump *dump, const char *tenant, const char *condition, struct work *w, struct wk_err *err)
{
    char sql[256];
    PGconn *host = wk_sync_open(dump->host_conninfo, err);
    PGresult *r;
    bool ok;

    (void)snprintf(sql, sizeof sql, "SELECT schema_name, %s FROM wakala.tenant WHERE id = $1::uuid", condition);
    r = host ? wk_sync_run(host, sql, 1, &tenant, err) : NULL;
    ok = r && PQntuples(r) == 1;
    if (r && !ok)
        wk_fail(err, WK_BUSINESS, "tenant.unknown", "there is no tenant %s", tenant);
    if (ok && *PQgetvalue(r, 0, 1) != 't')
        ok = wk_fail(err, WK_BUSINESS, "tenant.deleting", "its time is not up: wakala tenant show says when it is");
    if (ok)
        (void)snprintf(w->schema, sizeof w->schema, "%s", PQgetvalue(r, 0, 0));
    PQclear(r);
    PQfinish(host);
    return ok;
}

/* --- writing --- */

static bool put(FILE *out, const char *line, struct wk_err *err)
{
    return fprintf(out, "%s\n", line) > 0 || wk_fail(err, WK_SYSTEM, "tenant.export", "the export cannot be written: no room?");
}

static bool write_table(PGconn *c, const char *quoted, const char *name, FILE *out, size_t *rows, struct wk_err *err)
{
    char sql[512];
    bool ok;
    int n = 1;

    (void)snprintf(sql, sizeof sql, "DECLARE export NO SCROLL CURSOR FOR SELECT json_build_object('table', '%s', 'row', row_to_json(t)) FROM %s t "
                                    "WHERE t.tenant_id = wakala.tenant_id()", name, quoted);
    ok = wk_sync_command(c, sql, 0, NULL, err);
    (void)snprintf(sql, sizeof sql, "FETCH %d FROM export", FETCH);
    while (ok && n) {
        PGresult *r = wk_sync_run(c, sql, 0, NULL, err);

        ok = r != NULL;
        n = r ? PQntuples(r) : 0;
        for (int i = 0; i < n && ok; i++)
            ok = put(out, PQgetvalue(r, i, 0), err);
        *rows += (size_t)n;
        PQclear(r);
    }
    return ok && wk_sync_command(c, "CLOSE export", 0, NULL, err);
}

/* What the host keeps of a tenant: the tenant itself, and its settings. Its secrets are sealed with a key that stays here. */
static bool write_host(const struct wk_dump *dump, FILE *out, size_t *rows, struct wk_err *err)
{
    char tenant[WK_UUID_TEXT];
    const char *values[] = {wk_uuid_text(&dump->tenant, tenant)};
    PGconn *c = wk_sync_open(dump->host_conninfo, err);
    PGresult *r = c ? wk_sync_run(c, "SELECT json_build_object('tenant', wakala.tenant_json($1::uuid)) UNION ALL "
                                     "SELECT json_build_object('table', 'wakala.tenant_setting', 'row', row_to_json(s)) FROM wakala.tenant_setting s WHERE s.tenant_id = $1::uuid",
                                  1, values, err) : NULL;
    bool ok = r != NULL;

    for (int i = 0; ok && i < PQntuples(r); i++)
        ok = put(out, PQgetvalue(r, i, 0), err);
    if (ok)
        *rows += (size_t)PQntuples(r) - 1;
    PQclear(r);
    PQfinish(c);
    return ok;
}

bool wk_dump_write(const struct wk_dump *dump, FILE *out, size_t *rows, struct wk_err *err)
{
    char tenant[WK_UUID_TEXT], end[64];
    struct work w = {0};
    bool ok;

    *rows = 0;
    (void)wk_uuid_text(&dump->tenant, tenant);
    ok = find_schema(dump, tenant, "true", &w, err) && write_host(dump, out, rows, err) && find_tables(dump, &w, err) &&
         wk_tables_begin(w.app, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", tenant, err) && write_table(w.app, "wakala.outbound", "wakala.outbound", out, rows, err) &&
         write_table(w.app, "wakala.audit", "wakala.audit", out, rows, err);
    for (int i = 0; ok && i < wk_tables_count(&w.tables); i++)
        ok = write_table(w.app, wk_tables_quoted(&w.tables, i), wk_tables_name(&w.tables, i), out, rows, err);
    (void)snprintf(end, sizeof end, "{\"rows\": %zu}", *rows);
    ok = ok && put(out, end, err) && (!fflush(out) || wk_fail(err, WK_SYSTEM, "tenant.export", "the export cannot be written: no room?"));
    finish(&w);
    return ok;
}

/* --- removing --- */

bool wk_dump_remove(const struct wk_dump *dump, size_t *rows, struct wk_err *err)
{
    char tenant[WK_UUID_TEXT], *answer = NULL;
    struct wk_life_ask gone = {.what = WK_LIFE_GONE, .id = &dump->tenant, .asked = "{}", .role = "operator"};
    struct work w = {0};
    bool ok;

    *rows = 0;
    (void)wk_uuid_text(&dump->tenant, tenant);
    ok = find_schema(dump, tenant, "coalesce(delete_at <= wakala.now(), false)", &w, err) &&
         (w.app = wk_tables_open(dump->owner_conninfo, dump->server, err)) && wk_tables_find(w.app, w.schema, &w.tables, err) &&
         wk_tables_clear(w.app, &w.tables, tenant, rows, err) && wk_life_now(&(struct wk_life_site){dump->host_conninfo, UINT32_MAX}, 1, &gone, &answer, err);
    free(answer);
    finish(&w);
    return ok;
}

bool wk_dump_due(const char *host_conninfo, struct wk_uuid *ids, size_t max, size_t *n, struct wk_err *err)
{
    PGconn *c = wk_sync_open(host_conninfo, err);
    PGresult *r = c ? wk_sync_run(c, "SELECT id FROM wakala.tenant WHERE delete_at <= wakala.now() AND gone_at IS NULL ORDER BY delete_at", 0, NULL, err) : NULL;

    *n = 0;
    for (int i = 0; r && i < PQntuples(r) && *n < max; i++)
        *n += wk_uuid_parse(PQgetvalue(r, i, 0), &ids[*n]);
    PQclear(r);
    PQfinish(c);
    return r != NULL;
}
