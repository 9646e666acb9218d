#include "tenant/places.h"
#include "config/config.h"
#include "db/db.h"
#include "db/sync.h"
#include <stdlib.h>

/* Of the server $1; main is everybody's. */
#define PLACES                                                                                                                                  \
    "SELECT t.id, CASE WHEN t.isolation = 'schema' AND $1::text <> 'main' THEN $1::text ELSE '' END, coalesce(string_agg(a.address, ' ' ORDER BY a.address), '') " \
    "FROM wakala.tenant t LEFT JOIN wakala.address a ON a.tenant_id = t.id AND a.channel = 'domain' "                                            \
    "WHERE t.is_ready AND wakala.tenant_is_here(t.id) AND (t.delete_at IS NULL OR t.delete_at > wakala.now()) "                                  \
    "GROUP BY t.id, t.isolation HAVING count(a.address) > 0 OR (t.isolation = 'schema' AND $1::text <> 'main') ORDER BY t.id"
static const struct wk_stmt q_places = {"wakala", "host", "tenant_places", PLACES, false};

typedef const char *text_fn(const void *rows, size_t row, size_t column);

static const char *pool_text(const void *rows, size_t row, size_t column) { return wk_result_text(rows, row, column, NULL); }
static const char *sync_text(const void *rows, size_t row, size_t column) { return PQgetvalue(rows, (int)row, (int)column); }

/* Copied: the connection's answer is freed long before a round has ended. */
static bool take(struct wk_places *out, const void *rows, size_t n, text_fn *text, struct wk_err *err)
{
    size_t bytes = 1;
    struct wk_mesh_tenant *more = reallocarray(out->tenants, out->n + n + 1, sizeof *more);
    char *p;

    for (size_t i = 0; i < n; i++)
        bytes += strlen(text(rows, i, 1)) + strlen(text(rows, i, 2)) + 2;
    p = malloc(bytes);
    if (more)
        out->tenants = more;
    if (!more || !p) {
        free(p);
        return wk_fail(err, WK_SYSTEM, "host.no_memory", "%zu tenants", n);
    }
    out->texts[out->servers++] = p;
    for (size_t i = 0; i < n; i++) {
        struct wk_mesh_tenant *t = &out->tenants[out->n++];

        *t = (struct wk_mesh_tenant){0};
        (void)wk_uuid_parse(text(rows, i, 0), &t->id);
        t->server = p;
        p = stpcpy(p, text(rows, i, 1)) + 1;
        t->domains = p;
        p = stpcpy(p, text(rows, i, 2)) + 1;
    }
    return true;
}

static int by_id(const void *a, const void *b)
{
    return memcmp(&((const struct wk_mesh_tenant *)a)->id, &((const struct wk_mesh_tenant *)b)->id, sizeof(struct wk_uuid));
}

static bool sorted(struct wk_places *out, bool ok)
{
    if (!ok)
        wk_places_finish(out);
    else if (out->n)
        qsort(out->tenants, out->n, sizeof *out->tenants, by_id);
    return ok;
}

bool wk_places_read(struct wk_dbserver *servers, unsigned n, int64_t until_us, struct wk_places *out, struct wk_err *err)
{
    bool ok = true;

    *out = (struct wk_places){0};
    for (unsigned i = 0; ok && i < n; i++) {
        struct wk_conn *conn = wk_db_acquire(servers[i].db, WK_DB_HOST, 0, NULL, until_us, err);
        struct wk_arg arg = wk_text(servers[i].name);
        struct wk_result *rows = NULL;

        ok = conn && wk_conn_run(conn, &q_places, &arg, 1, &rows, until_us, err) && take(out, rows, wk_result_rows(rows), pool_text, err);
        wk_result_free(rows);
        wk_db_release(conn);
    }
    return sorted(out, ok);
}

bool wk_places_read_sync(const struct wk_config *config, struct wk_places *out, struct wk_err *err)
{
    bool ok = true;

    *out = (struct wk_places){0};
    for (size_t i = 0; ok && i < wk_config_server_count(config); i++) {
        const struct wk_server_conf *server = wk_config_server(config, i);
        PGconn *c = wk_sync_open(server->host, err);
        PGresult *rows = c ? wk_sync_run(c, PLACES, 1, &server->name, err) : NULL;

        ok = rows && take(out, rows, (size_t)PQntuples(rows), sync_text, err);
        PQclear(rows);
        PQfinish(c);
    }
    return sorted(out, ok);
}

void wk_places_finish(struct wk_places *places)
{
    free(places->tenants);
    for (unsigned i = 0; i < places->servers; i++)
        free(places->texts[i]);
    *places = (struct wk_places){0};
}
