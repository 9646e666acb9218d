/* mesh.h - keeps the mesh as the tenants need it: of all workers of a database one, the keeper, runs rounds of the provider of mesh/1. Its place is a
 * session advisory lock, so a killed one frees it at once. docs/design/mesh.md. Threads: the loop's. */
#ifndef WK_WORKER_MESH_H
#define WK_WORKER_MESH_H
#include <stdbool.h>
#include <wakala/err.h>

struct wk_engine;
struct wk_mesh_keeper;

bool wk_mesh_is_wanted(const struct wk_engine *engine); /* a provider is enabled and wants rounds */
/* When it is wanted; begins with start. NULL: no memory. */
struct wk_mesh_keeper *wk_mesh_keeper_create(struct wk_engine *engine, struct wk_err *err);
bool wk_mesh_keeper_start(struct wk_mesh_keeper *keeper, struct wk_err *err);
void wk_mesh_keeper_changed(struct wk_mesh_keeper *keeper); /* of a tenant; NULL allowed, as everywhere below */
void wk_mesh_keeper_drain(struct wk_mesh_keeper *keeper);   /* a round under way is cut short: the next keeper goes on */
bool wk_mesh_keeper_is_done(const struct wk_mesh_keeper *keeper);
#endif
