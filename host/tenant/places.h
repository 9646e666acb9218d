/* places.h - which tenants have something of their own for a mesh in front: domains (addresses of channel "domain"), or a server that they do not share. */
#ifndef WK_TENANT_PLACES_H
#define WK_TENANT_PLACES_H
#include <wakala/err.h>
#include <wakala/service/mesh.h>

struct wk_conn;

struct wk_places {
    struct wk_mesh_tenant *tenants; /* sorted by id */
    size_t n;
    char *texts;
};
#define WK_CHANNEL_DOMAIN "domain"

/* Parks. */
bool wk_places_read(struct wk_conn *conn, int64_t until_us, struct wk_places *out, struct wk_err *err);
bool wk_places_read_sync(const char *conninfo, struct wk_places *out, struct wk_err *err); /* for commands: blocks */
void wk_places_finish(struct wk_places *places); /* zeroed or filled */
#endif
