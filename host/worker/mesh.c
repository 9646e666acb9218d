#include "worker/mesh.h"
#include "call/call.h"
#include "call/watch.h"
#include "fiber/fiber.h"
#include "observe/log.h"
#include "observe/metric.h"
#include "plugin/registry.h"
#include "tenant/places.h"
#include <stdlib.h>

enum { LOOK_MS = 2000, ROUND_MS = 120000, SETTLE_MS = 200, PAUSE_MS = 1000, PAUSE_MAX_MS = 60000, STATEMENT_US = 5000000 };

struct wk_mesh_keeper {
    struct wk_engine *engine;
    const struct wk_mesh *mesh;
    struct wk_plugin *plugin;
    struct wk_fiber *fiber;
    struct wk_conn *conn; /* whose session has the lock; NULL: somebody else is the keeper */
    bool is_changed, is_draining, is_lost;
    int64_t next_us;      /* of the next round, monotonic */
    uint32_t pause_ms;    /* after the last failure */
};

static const struct wk_stmt q_lock = {"wakala", "host", "mesh_lock", "SELECT pg_try_advisory_lock(7310006, 0)", false};

static const struct wk_mesh *provider(const struct wk_engine *engine)
{
    const char *name;

    return wk_registry_service_names(engine->registry, WK_MESH, &name, 1)
               ? (const struct wk_mesh *)wk_registry_service(engine->registry, WK_MESH, NULL, NULL) : NULL;
}

static struct wk_plugin *owner(const struct wk_mesh *mesh) { return (struct wk_plugin *)mesh->head.self; }

bool wk_mesh_is_wanted(const struct wk_engine *engine)
{
    const struct wk_mesh *mesh = provider(engine);

    return mesh && mesh->interval_ms(owner(mesh));
}

/* --- the lock --- */

static void on_lost(void *arg)
{
    struct wk_mesh_keeper *k = arg;

    k->is_lost = true;
    wk_fiber_wake(k->fiber);
}

static void resign(struct wk_mesh_keeper *k)
{
    if (!k->conn)
        return;
    wk_conn_discard(k->conn); /* the session ends, and its lock with it */
    wk_db_release(k->conn);
    k->conn = NULL;
    wk_share_set_dep(k->engine->share, "mesh", true, false, 0);
}

/* False: somebody else has it, or the database does not answer. */
static bool become_keeper(struct wk_mesh_keeper *k)
{
    struct wk_conn *conn = wk_db_acquire(k->engine->server[0].db, WK_DB_HOST, 0, NULL, wk_mono_us() + STATEMENT_US, NULL);
    struct wk_result *rows = NULL;

    if (conn && wk_conn_run(conn, &q_lock, NULL, 0, &rows, wk_mono_us() + STATEMENT_US, NULL) && *wk_result_text(rows, 0, 0, NULL) == 't') {
        k->conn = conn;
        k->is_lost = false;
        k->is_changed = true; /* whatever the one before us had not finished */
        k->pause_ms = 0;
        wk_conn_on_lost(conn, on_lost, k);
        wk_log_line(WK_INFO, NULL, "keeper of the mesh");
    } else {
        wk_db_release(conn);
    }
    wk_result_free(rows);
    return k->conn != NULL;
}

/* --- a round --- */

static void count(const char *name, const char *help, uint32_t by)
{
    if (by)
        wk_metric_add(wk_metric(WK_COUNTER, name, NULL, help), by);
}

static void tell(struct wk_mesh_keeper *k, bool ok, const struct wk_mesh_report *report, const struct wk_call *call, const struct wk_err *err,
                 int64_t took_us)
{
    struct wk_log_fields fields = {.plugin = k->plugin->name};

    count("wakala_mesh_applied_total", "Objects of the mesh written.", report->applied);
    count("wakala_mesh_removed_total", "Objects of the mesh deleted.", report->removed);
    count("wakala_mesh_taken_total", "Of the written ones, those with fields that somebody else had set.", report->taken);
    count("wakala_mesh_left_total", "Objects of the mesh that others keep as they are.", report->left);
    count("wakala_mesh_rounds_failed_total", "Rounds that did not bring the mesh to what it shall be.", !ok);
    count("wakala_mesh_rounds_total", "Rounds in which the mesh was compared with what it shall be.", 1);
    wk_share_set_dep(k->engine->share, "mesh", true, !ok, (uint32_t)(took_us / 1000));
    if (report->applied || report->removed || report->left)
        wk_log_line(WK_INFO, &fields, "mesh: %u objects, %u applied (%u taken back), %u removed, %u left", report->objects, report->applied,
                    report->taken, report->removed, report->left);
    if (!ok)
        wk_watch(k->engine, &(struct wk_watched){.err = err, .plugin = k->plugin->name, .route = "mesh.reconcile", .trace_id = call->trace.trace_id});
}

static bool reconcile(struct wk_mesh_keeper *k, const struct wk_places *places, struct wk_err *err)
{
    struct wk_call_spec spec = {.hook = "mesh.reconcile", .plugin = k->plugin, .ref = "mesh", .deadline_ms = ROUND_MS};
    struct wk_mesh_report report = {.size = sizeof report};
    int64_t began = wk_mono_us();
    struct wk_frame frame;
    struct wk_call call;
    bool ok;

    if (!wk_call_init(&call, k->engine, &spec, err))
        return false;
    wk_call_enter(&call, &frame, k->plugin, "mesh.reconcile");
    ok = k->mesh->reconcile(&call, places->tenants, places->n, &report, err);
    wk_call_leave(&call, &frame);
    if (!k->is_draining)
        tell(k, ok, &report, &call, err, wk_mono_us() - began);
    wk_call_finish(&call);
    return ok;
}

static void run_round(struct wk_mesh_keeper *k)
{
    struct wk_places places = {0};
    struct wk_err err = {0};
    uint32_t interval = k->mesh->interval_ms(k->plugin);
    bool ok;

    k->is_changed = false; /* before: what changes while we read is another round's */
    ok = wk_places_read(k->engine->server, k->engine->servers, wk_mono_us() + STATEMENT_US, &places, &err) && reconcile(k, &places, &err);
    wk_places_finish(&places);
    k->pause_ms = ok ? 0 : k->pause_ms ? 2 * k->pause_ms : PAUSE_MS;
    k->pause_ms = k->pause_ms < PAUSE_MAX_MS ? k->pause_ms : PAUSE_MAX_MS;
    if (!ok && k->pause_ms < err.retry_after_ms && err.retry_after_ms <= PAUSE_MAX_MS)
        k->pause_ms = err.retry_after_ms;
    k->next_us = wk_mono_us() + (int64_t)(ok ? interval : k->pause_ms) * 1000;
}

static void keep(void *arg)
{
    struct wk_mesh_keeper *k = arg;

    while (!k->is_draining) {
        wk_fiber_set_deadline(k->fiber, 0); /* a call's deadline is its fiber's */
        if (k->conn && (k->is_lost || !wk_conn_is_alive(k->conn)))
            resign(k);
        if (!k->conn && !become_keeper(k)) {
            (void)wk_fiber_park("mesh.keeper", wk_mono_us() + LOOK_MS * 1000);
            continue;
        }
        if (k->is_changed && !k->pause_ms)
            k->next_us = 0;
        if (wk_mono_us() >= k->next_us)
            run_round(k);
        else
            (void)wk_fiber_park("mesh.keeper", k->next_us);
        if (k->is_changed && !k->is_draining && !k->is_lost)
            (void)wk_fiber_sleep(SETTLE_MS, NULL); /* a change seldom comes alone */
    }
    resign(k);
    k->fiber = NULL;
}

/* --- life --- */

struct wk_mesh_keeper *wk_mesh_keeper_create(struct wk_engine *engine, struct wk_err *err)
{
    struct wk_mesh_keeper *k = calloc(1, sizeof *k);

    if (!k) {
        (void)wk_fail(err, WK_SYSTEM, "host.no_memory", "mesh");
        return NULL;
    }
    k->engine = engine;
    k->mesh = provider(engine);
    k->plugin = owner(k->mesh);
    return k;
}

bool wk_mesh_keeper_start(struct wk_mesh_keeper *k, struct wk_err *err)
{
    return !k || k->fiber || (k->fiber = wk_fiber_spawn(k->engine->sched, "worker.mesh", keep, k, err));
}

void wk_mesh_keeper_changed(struct wk_mesh_keeper *k)
{
    if (!k || !k->conn || !k->fiber)
        return;
    k->is_changed = true;
    wk_fiber_wake(k->fiber);
}

void wk_mesh_keeper_drain(struct wk_mesh_keeper *k)
{
    if (!k || !k->fiber)
        return;
    k->is_draining = true;
    wk_fiber_cancel(k->fiber);
}

bool wk_mesh_keeper_is_done(const struct wk_mesh_keeper *k) { return !k || !k->fiber; }
