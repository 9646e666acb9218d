/* service/mesh.h - mesh/1: what a service mesh in front of the host knows of the tenants: docs/design/mesh.md. The provider makes the objects, one way
 * for `wakala export` and for the mesh's own API, and brings the mesh to them.
 *
 * Only the host calls it, so there are no wrappers. Tenants that share everything are not named: what they need is constant. */
#ifndef WAKALA_SERVICE_MESH_H
#define WAKALA_SERVICE_MESH_H
#include <wakala/call.h>
#include <wakala/service.h>

#define WK_MESH "mesh/1"

struct wk_mesh_tenant { /* one with something of its own; sorted by id. Frozen whole: handed over in arrays */
    struct wk_uuid id;
    const char *server;  /* of the shard map; "": the one that all share */
    const char *domains; /* lower case, separated by spaces; "": none of its own */
};
struct wk_mesh_report {
    uint32_t size;
    uint32_t objects;          /* that there shall be */
    uint32_t applied, removed; /* changed by this round */
    uint32_t taken, left;      /* somebody else's fields: taken back, or left as they are; foreign objects in our place are left */
};

struct wk_mesh {
    struct wk_service_head head;
    /* Every object that there shall be, as JSON text that lives until each() returns; false from it ends it without an error. No call is running; in
     * the command line open() has not run. Does not suspend. */
    bool (*objects)(struct wk_plugin *plugin, const struct wk_mesh_tenant *tenants, size_t n, bool (*each)(void *arg, const char *json), void *arg,
                    struct wk_err *err);
    uint32_t (*interval_ms)(struct wk_plugin *plugin); /* from round to round when nothing has changed; 0: reconcile() is not wanted */
    /* One round: after it the mesh has these objects and none of ours besides. May be repeated, cut short or killed at any point. One at a time per
     * database. report->size is set; it is filled also when it fails, as far as it came. Suspends. */
    bool (*reconcile)(struct wk_call *call, const struct wk_mesh_tenant *tenants, size_t n, struct wk_mesh_report *report, struct wk_err *err);
};
#endif
