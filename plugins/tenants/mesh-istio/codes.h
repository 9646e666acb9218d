/* codes.h - what registration with Istio fails with. What the columns mean: err.h. For the descriptor only; sdk/errors/check.py compares with the sources. */
#ifndef MESH_ISTIO_CODES_H
#define MESH_ISTIO_CODES_H
#include <wakala/err.h>

static const struct wk_error_type codes[] = {
    WK_ERROR_TRANSIENT("mesh-istio.busy", "The Kubernetes API asks to come later, or fails: the next round tries again by itself."),
    WK_ERROR_SYSTEM("mesh-istio.conf", "A setting of mesh-istio does not fit: the message names it and says what is allowed."),
    WK_ERROR_TRANSIENT("mesh-istio.conflict",
                       "Somebody changed an object of ours at the same moment, or keeps fields of it (conflicts = \"leave\"): the message names the object."),
    WK_ERROR_SYSTEM("mesh-istio.denied", "The Kubernetes API refuses our token or lacks a role for it: README.md of mesh-istio shows the role."),
    WK_ERROR_SYSTEM("mesh-istio.foreign",
                    "An object of our name was not made by us and is left alone: remove or rename it, or choose another `name`."),
    WK_ERROR_SYSTEM("mesh-istio.no_crd", "The cluster does not know the kind of object: is Istio (1.22 or later) installed there?"),
    WK_ERROR_SYSTEM("mesh-istio.refused",
                    "The Kubernetes API refuses an object as it is: the message says why. A bug, unless a policy of the cluster does."),
    WK_ERROR_SYSTEM("mesh-istio.server", "A tenant lies on a server that the setting `servers` does not name: add it there."),
    WK_ERROR_SYSTEM("mesh-istio.token", "The token file cannot be read: token_file of mesh-istio, and its rights."),
    WK_ERROR_TRANSIENT("mesh-istio.unfinished", "A round had more to do than its time allows: the next one goes on from there."),
    {0},
};
#endif
