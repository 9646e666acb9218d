/* objects.h - every object of Istio that there shall be, from settings, routes and tenants: the one generator, for the API and for the export. */
#ifndef MESH_ISTIO_OBJECTS_H
#define MESH_ISTIO_OBJECTS_H
#include "conf.h"
#include <jansson.h>
#include <wakala/service/mesh.h>

#define MESH_MANAGER "wakala" /* field manager, and the label app.kubernetes.io/managed-by */
#define MESH_LABEL_MANAGED "app.kubernetes.io/managed-by"
#define MESH_LABEL_INSTANCE "app.kubernetes.io/instance"

struct mesh_kind {
    const char *api, *kind, *plural;
};
extern const struct mesh_kind mesh_kinds[]; /* in the order in which they are applied; api NULL ends it */

/* An array, the caller's. NULL: mesh-istio.server, or call.memory_limit (TRANSIENT). */
json_t *mesh_objects(const struct mesh_conf *conf, const struct wk_mesh_tenant *tenants, size_t n, struct wk_err *err);
#endif
