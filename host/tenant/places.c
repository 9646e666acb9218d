#include "tenant/places.h"
#include "db/db.h"
#include "db/sync.h"
#include <stdlib.h>

/* The default server of the shard map is everybody's. */
#define PLACES                                                                                                                                  \
    "SELECT t.id, CASE WHEN t.isolation = 'schema' AND m.server <> 'main' THEN m.server ELSE '' END, coalesce(string_agg(a.address, ' ' ORDER BY a.address), '') " \
    "FROM wakala.tenant t JOIN wakala.shard_map m ON m.shard = t.shard LEFT JOIN wakala.address a ON a.tenant_id = t.id AND a.channel = 'domain' "  \
    "WHERE t.is_ready AND (t.delete_at IS NULL OR t.delete_at > wakala.now()) "                                                                  \
    "GROUP BY t.id, t.isolation, m.server HAVING count(a.address) > 0 OR (t.isolation = 'schema' AND m.server <> 'main') ORDER BY t.id"
static const struct wk_stmt q_places = {"wakala", "host", "tenant_places", PLACES, false};

typedef const char *text_fn(const void *rows, size_t row, size_t column);

static const char *pool_text(const void *rows, size_t row, size_t column) { return wk_result_text(rows, row, column, NULL); }
static const char *sync_text(const void *rows, size_t row, size_t column) { return PQgetvalue(rows, (int)row, (int)column); }

/* Copied: the connection's answer is freed long before a round has ended. */
static bool take(struct wk_places *out, const void *rows, size_t n, text_fn *text, struct wk_err *err)
{
    size_t bytes = 1;
    char *p;

    for (size_t i = 0; i < n; i++)
        bytes += strlen(text(rows, i, 1)) + strlen(text(rows, i, 2)) + 2;
    *out = (struct wk_places){.tenants = calloc(n + 1, sizeof *out->tenants), .texts = malloc(bytes)};
    if (!out->tenants || !out->texts) {
        wk_places_finish(out);
        return wk_fail(err, WK_SYSTEM, "host.no_memory", "%zu tenants", n);
    }
    p = out->texts;
    for (; out->n < n; out->n++) {
        struct wk_mesh_tenant *t = &out->tenants[out->n];

        (void)wk_uuid_parse(text(rows, out->n, 0), &t->id);
        t->server = p;
        p = stpcpy(p, text(rows, out->n, 1)) + 1;
        t->domains = p;
        p = stpcpy(p, text(rows, out->n, 2)) + 1;
    }
    return true;
}

bool wk_places_read(struct wk_conn *conn, int64_t until_us, struct wk_places *out, struct wk_err *err)
{
    struct wk_result *rows = NULL;
    bool ok = wk_conn_run(conn, &q_places, NULL, 0, &rows, until_us, err) && take(out, rows, wk_result_rows(rows), pool_text, err);

    wk_result_free(rows);
    return ok;
}

bool wk_places_read_sync(const char *conninfo, struct wk_places *out, struct wk_err *err)
{
    PGconn *c = wk_sync_open(conninfo, err);
    PGresult *rows = c ? wk_sync_run(c, PLACES, 0, NULL, err) : NULL;
    bool ok = rows && take(out, rows, (size_t)PQntuples(rows), sync_text, err);

    PQclear(rows);
    PQfinish(c);
    return ok;
}

void wk_places_finish(struct wk_places *places)
{
    free(places->tenants);
    free(places->texts);
    *places = (struct wk_places){0};
}
