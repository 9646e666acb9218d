#include "worker/tenants.h"
#include "db/db.h"
#include "db/lane.h"
#include "fiber/fiber.h"
#include "observe/log.h"
#include "tenant/directory.h"
#include <stdlib.h>

enum { FULL_US = 60000000, END_MOVE_US = 5000000, STATEMENT_US = 2000000 };

struct wk_tenants_keeper {
    struct wk_tenants_conf conf;
    struct wk_engine *engine;
    struct wk_fiber *fiber;
    bool is_stale, is_draining;
};

static const struct wk_stmt q_arrive = {"wakala", "host", "tenant_arrive", "SELECT wakala.tenant_arrive($1, $2, $3, '{}')", false};

static void say(const struct wk_err *err, const char *text)
{
    struct wk_log_fields fields = {.err = err};

    wk_log_line(WK_WARN, &fields, "%s", text);
}

/* A change alone is read at once; of a storm of them, those that come within the next moments together: reading all tenants takes at most a fifth of the time. */
static void rest_after(struct wk_tenants_keeper *k, int64_t took_us)
{
    int64_t until = wk_mono_us() + (4 * took_us < 500000 ? 4 * took_us : 500000);

    while (!k->is_draining && wk_mono_us() < until)
        (void)wk_fiber_park("worker.tenants", until);
}

/* What waits for a tenant that has come from another server came before all that comes now: it is known before the tenant is. */
static bool read_directory(struct wk_tenants_keeper *k, struct wk_err *err)
{
    struct wk_snapshot *next;
    bool ok = wk_directory_read(k->engine->directory, k->engine->server, k->engine->servers, &next, err);
    uint32_t arrivals = wk_directory_arrivals(k->engine->directory, next);

    for (unsigned i = 0; i < k->engine->servers; i++)
        if ((arrivals & UINT32_C(1) << i) && !k->conf.load_parked(k->conf.arg, i, err)) {
            wk_snapshot_drop(next);
            return false;
        }
    wk_directory_use(k->engine->directory, next);
    return ok;
}

static void note_arriving(const struct wk_tenant_ref *ref, void *arg)
{
    const struct wk_tenant_ref **found = arg;

    if (ref->is_arriving && !*found)
        *found = ref;
}

/* Tenants whose move was decided before its command was killed: the end of it is anybody's. NULL: there are none. */
static const struct wk_tenant_ref *arriving(const struct wk_tenants_keeper *k)
{
    const struct wk_tenant_ref *found = NULL;

    wk_directory_each(k->engine->directory, note_arriving, &found);
    return found;
}

static void end_move(struct wk_tenants_keeper *k, const struct wk_tenant_ref *ref)
{
    const struct wk_dbserver *server = &k->engine->server[ref->server];
    struct wk_arg args[] = {wk_id(&ref->tenant.id), wk_int(wk_lane_of(&ref->tenant.id, ref->tenant.id_text, strlen(ref->tenant.id_text))), wk_text(server->name)};
    struct wk_err err = {0};
    struct wk_conn *conn;
    struct wk_result *r = NULL;

    (void)wk_tenant_take(ref); /* others may read the directory anew meanwhile */
    conn = wk_db_acquire(server->db, WK_DB_HOST, 0, NULL, wk_mono_us() + STATEMENT_US, &err);
    if (conn && wk_conn_run(conn, &q_arrive, args, WK_COUNT(args), &r, wk_mono_us() + STATEMENT_US, &err))
        wk_log_line(WK_WARN, NULL, "tenant %s has moved to server %s; its command ended before its end: `wakala tenant move` again removes what is left on the old server",
                    ref->tenant.id_text, server->name);
    else
        say(&err, "a tenant's move could not be ended");
    wk_result_free(r);
    wk_db_release(conn);
    wk_tenant_drop(ref);
}

/* Keeps the directory fresh: at a notice, and once a minute in case one was lost. */
static void keep(void *arg)
{
    struct wk_tenants_keeper *k = arg;
    struct wk_err err;
    int64_t began;

    while (!k->is_draining) {
        const struct wk_tenant_ref *late = arriving(k);

        if (!k->is_stale)
            (void)wk_fiber_park("worker.tenants", wk_mono_us() + (late ? END_MOVE_US : FULL_US));
        if (k->is_draining)
            break;
        if (!k->is_stale && (late = arriving(k))) /* nobody has said anything for five seconds */
            end_move(k, late);
        began = wk_mono_us();
        k->is_stale = false; /* before: a notice that comes while we read is about what we may not have seen */
        if (!read_directory(k, &err)) {
            k->is_stale = true;
            say(&err, "tenant directory could not be read again; the last one serves");
            (void)wk_fiber_sleep(500, NULL);
        }
        rest_after(k, wk_mono_us() - began);
    }
    k->fiber = NULL;
}

/* --- life --- */

struct wk_tenants_keeper *wk_tenants_keeper_create(const struct wk_tenants_conf *conf, struct wk_err *err)
{
    struct wk_tenants_keeper *k = calloc(1, sizeof *k);

    if (!k) {
        (void)wk_fail(err, WK_SYSTEM, "host.no_memory", "tenants");
        return NULL;
    }
    k->conf = *conf;
    k->engine = conf->engine;
    return k;
}

bool wk_tenants_keeper_start(struct wk_tenants_keeper *k, bool is_stale, struct wk_err *err)
{
    k->is_stale = is_stale;
    return (k->fiber = wk_fiber_spawn(k->engine->sched, "worker.tenants", keep, k, err));
}

void wk_tenants_keeper_changed(struct wk_tenants_keeper *k)
{
    k->is_stale = true;
    if (k->fiber)
        wk_fiber_wake(k->fiber);
}

void wk_tenants_keeper_drain(struct wk_tenants_keeper *k)
{
    k->is_draining = true;
    if (k->fiber)
        wk_fiber_wake(k->fiber);
}

bool wk_tenants_keeper_is_done(const struct wk_tenants_keeper *k) { return !k->fiber; }
