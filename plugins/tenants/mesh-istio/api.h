/* api.h - the Kubernetes API: list what is ours, apply, delete. Each may be repeated: what is repeated does nothing. All suspend. */
#ifndef MESH_ISTIO_API_H
#define MESH_ISTIO_API_H
#include "conf.h"
#include "objects.h"

enum mesh_applied {
    MESH_FAILED = -1, /* err says why */
    MESH_SAME,        /* nothing to do */
    MESH_APPLIED,
    MESH_TAKEN,       /* with fields that somebody else had set */
    MESH_LEFT,        /* somebody else has fields of it, or the object itself: err says who */
};

struct mesh_api {
    struct wk_call *call;
    const struct mesh_conf *conf;
    uint32_t requests;
};

/* Our objects of a kind, {name: object}; lives until the call ends. NULL: err. Starts over when the cluster has forgotten the version of a page. */
json_t *mesh_list(struct mesh_api *api, const struct mesh_kind *kind, struct wk_err *err);
/* `actual`: as listed; NULL: not among ours. */
enum mesh_applied mesh_apply(struct mesh_api *api, const struct mesh_kind *kind, json_t *wanted, const json_t *actual, struct wk_err *err);
bool mesh_delete(struct mesh_api *api, const struct mesh_kind *kind, const json_t *actual, struct wk_err *err);
#endif
