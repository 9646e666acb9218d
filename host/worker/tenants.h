/* tenants.h - a fiber that keeps the directory fresh: at a notice from a database server, and once a minute in case one was lost; and that ends moves whose
 * command was killed behind the commit that decides. docs/design/servers.md. Threads: the loop's. */
#ifndef WK_WORKER_TENANTS_H
#define WK_WORKER_TENANTS_H
#include "call/engine.h"
#include <wakala/err.h>

struct wk_tenants_keeper;
struct wk_tenants_conf {
    struct wk_engine *engine; /* with its directory */
    /* Tenants have come to this server: what lies parked for them is known to its log when this returns. Parks. */
    bool (*load_parked)(void *arg, unsigned server, struct wk_err *err);
    void *arg;
};
struct wk_tenants_keeper *wk_tenants_keeper_create(const struct wk_tenants_conf *conf, struct wk_err *err);
bool wk_tenants_keeper_start(struct wk_tenants_keeper *k, bool is_stale, struct wk_err *err); /* stale: read at once */
void wk_tenants_keeper_changed(struct wk_tenants_keeper *k);
void wk_tenants_keeper_drain(struct wk_tenants_keeper *k); /* ends by itself, soon */
bool wk_tenants_keeper_is_done(const struct wk_tenants_keeper *k);
#endif
