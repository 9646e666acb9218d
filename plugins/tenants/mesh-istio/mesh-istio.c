/* mesh-istio - keeps Istio's objects as the tenants need them, through the Kubernetes API: docs/design/mesh.md. */
#include "api.h"
#include "codes.h"
#include "objects.h"
#include <stdlib.h>
#include <wakala/json.h>

enum { KINDS = 8, RESERVE_MS = 2000 }; /* the call's last moments are for the answer that is under way */

struct round {
    struct mesh_api api;
    struct wk_mesh_report report;
    json_t *wanted[KINDS], *actual[KINDS]; /* {name: object} */
    struct wk_err first; /* of what went wrong; the rest goes on */
};

static const char *text(const json_t *object, const char *a, const char *b)
{
    return wk_json_string(b ? json_object_get(object, a) : object, b ? b : a, "");
}

/* The first error is the round's; a SYSTEM one before a TRANSIENT one, since only the operator ends it. */
static void note(struct round *r, const struct wk_err *err)
{
    if (!r->first.code || (err->cls == WK_SYSTEM && r->first.cls == WK_TRANSIENT))
        r->first = *err;
}

static bool is_over(struct round *r)
{
    struct wk_err err = {0};

    if (wk_left_ms(r->api.call) > RESERVE_MS)
        return false;
    (void)wk_fail(&err, WK_TRANSIENT, "mesh-istio.unfinished", "after %u requests", r->api.requests);
    note(r, &err);
    return true;
}

/* Will the other requests of this round meet the same? */
static bool ends_round(const struct wk_err *err)
{
    static const char *const codes_[] = {"mesh-istio.busy", "mesh-istio.denied", "mesh-istio.token", "mesh-istio.unfinished", NULL};

    for (size_t i = 0; codes_[i]; i++)
        if (wk_err_is(err, codes_[i]))
            return true;
    return err->cls == WK_TRANSIENT && !wk_err_is(err, "mesh-istio.conflict");
}

static bool list_all(struct round *r, struct wk_err *err)
{
    for (size_t k = 0; mesh_kinds[k].api; k++)
        if (!(r->actual[k] = mesh_list(&r->api, &mesh_kinds[k], err)))
            return false;
    return true;
}

/* False: the rest of the round is not worth trying. */
static bool apply_one(struct round *r, size_t kind, const char *name, json_t *wanted)
{
    struct wk_err err = {0};
    enum mesh_applied how = mesh_apply(&r->api, &mesh_kinds[kind], wanted, json_object_get(r->actual[kind], name), &err);

    r->report.applied += how == MESH_APPLIED || how == MESH_TAKEN;
    r->report.taken += how == MESH_TAKEN;
    r->report.left += how == MESH_LEFT;
    if (how == MESH_LEFT && err.cls == WK_TRANSIENT)
        wk_log(r->api.call, WK_WARN, "left as it is: %s", err.msg);
    else if (how == MESH_FAILED || how == MESH_LEFT)
        note(r, &err);
    return how != MESH_FAILED || !ends_round(&err);
}

static bool apply_all(struct round *r)
{
    const char *name;
    json_t *wanted;

    for (size_t k = 0; mesh_kinds[k].api; k++)
        json_object_foreach(r->wanted[k], name, wanted)
            if (is_over(r) || !apply_one(r, k, name, wanted))
                return false;
    return true;
}

/* In the other order: what leans on others goes first. */
static void remove_rest(struct round *r)
{
    size_t kinds = 0;
    const char *name;
    json_t *actual;

    while (mesh_kinds[kinds].api)
        kinds++;
    while (kinds-- > 0)
        json_object_foreach(r->actual[kinds], name, actual) {
            struct wk_err err = {0};

            if (json_object_get(r->wanted[kinds], name))
                continue;
            if (is_over(r))
                return;
            if (mesh_delete(&r->api, &mesh_kinds[kinds], actual, &err)) {
                r->report.removed++;
                continue;
            }
            note(r, &err);
            if (ends_round(&err))
                return;
        }
}

/* By kind and name, as the lists are. Takes over `all`. */
static bool sort_wanted(struct round *r, json_t *all, struct wk_err *err)
{
    bool ok = true;

    for (size_t k = 0; mesh_kinds[k].api && ok; k++) {
        r->wanted[k] = json_object();
        ok = r->wanted[k] && wk_defer(r->api.call, wk_json_drop, r->wanted[k]);
        for (size_t i = 0; i < json_array_size(all) && ok; i++)
            if (!strcmp(text(json_array_get(all, i), "kind", NULL), mesh_kinds[k].kind))
                ok = !json_object_set(r->wanted[k], text(json_array_get(all, i), "metadata", "name"), json_array_get(all, i));
    }
    r->report.objects = (uint32_t)json_array_size(all);
    json_decref(all);
    return ok || wk_fail(err, WK_TRANSIENT, "call.memory_limit", "objects");
}

static bool reconcile(struct wk_call *call, const struct wk_mesh_tenant *tenants, size_t n, struct wk_mesh_report *report, struct wk_err *err)
{
    struct mesh_conf *conf = wk_alloc(call, sizeof *conf);
    struct round *r = wk_alloc(call, sizeof *r);
    json_t *all;

    if (!conf || !r)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "settings");
    r->api = (struct mesh_api){.call = call, .conf = conf};
    if (!mesh_conf_read(wk_state(call), conf, err) || !(all = mesh_objects(conf, tenants, n, err)) || !sort_wanted(r, all, err))
        return false;
    if (list_all(r, &r->first) && apply_all(r)) /* what is there must be known before anything is deleted */
        remove_rest(r);
    r->report.size = report->size;
    memcpy(report, &r->report, report->size < sizeof r->report ? report->size : sizeof r->report);
    if (r->first.code)
        *err = r->first;
    return !r->first.code;
}

static bool objects(struct wk_plugin *plugin, const struct wk_mesh_tenant *tenants, size_t n, bool (*each)(void *arg, const char *json), void *arg,
                    struct wk_err *err)
{
    struct mesh_conf conf;
    json_t *all = mesh_conf_read(plugin, &conf, err) ? mesh_objects(&conf, tenants, n, err) : NULL;
    bool ok = all != NULL, wants_more = true;

    for (size_t i = 0; i < json_array_size(all) && ok && wants_more; i++) {
        char *json = json_dumps(json_array_get(all, i), JSON_COMPACT);

        ok = json || wk_fail(err, WK_TRANSIENT, "call.memory_limit", "object");
        wants_more = json && each(arg, json);
        free(json);
    }
    json_decref(all);
    return ok;
}

static uint32_t interval_ms(struct wk_plugin *plugin)
{
    return wk_plugin_setting_int(plugin, "register") ? (uint32_t)wk_plugin_setting_int(plugin, "interval") : 0;
}

static bool mesh_open(struct wk_plugin *plugin, struct wk_err *err)
{
    struct mesh_conf conf;

    wk_set_state(plugin, plugin);
    return mesh_conf_read(plugin, &conf, err);
}

static struct wk_mesh service = {
    .head = {.size = sizeof service, .version = 1}, .objects = objects, .interval_ms = interval_ms, .reconcile = reconcile};
static const struct wk_provide provides[] = {{WK_MESH, &service.head}, {0}};

WK_PLUGIN("mesh-istio", "1.0.0", .summary = "Registers the host and its tenants with Istio", .settings = mesh_settings, .provides = provides,
          .errors = codes, .open = mesh_open);
