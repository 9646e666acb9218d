/* places.h - which tenants have something of their own for a mesh in front: domains (addresses of channel "domain"), or a server that they do not share. */
#ifndef WK_TENANT_PLACES_H
#define WK_TENANT_PLACES_H
#include "db/server.h"
#include <wakala/err.h>
#include <wakala/service/mesh.h>

struct wk_config;

struct wk_places {
    struct wk_mesh_tenant *tenants; /* sorted by id */
    size_t n;
    char *texts[WK_SERVERS];
    unsigned servers;
};
#define WK_CHANNEL_DOMAIN "domain"

/* Of all servers; without one of them there is no answer. Parks. */
bool wk_places_read(struct wk_dbserver *servers, unsigned n, int64_t until_us, struct wk_places *out, struct wk_err *err);
bool wk_places_read_sync(const struct wk_config *config, struct wk_places *out, struct wk_err *err); /* for commands: blocks */
void wk_places_finish(struct wk_places *places); /* zeroed or filled */
#endif
