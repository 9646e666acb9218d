/* move.h - a tenant from one database server to another while both are served: docs/design/servers.md. Blocks; a command's, never on the loop. */
#ifndef WK_TENANT_MOVE_H
#define WK_TENANT_MOVE_H
#include "config/config.h"
#include <stdint.h>
#include <wakala/base.h>
#include <wakala/err.h>

struct wk_migrate_conf;

struct wk_move {
    const struct wk_config *config;
    const struct wk_migrate_conf *migrate; /* share directory and plugins: for a schema of its own */
    const char *tenant;                    /* id or name */
    const struct wk_server_conf *to;
    uint32_t shard;                        /* it has there; 0: as before */
    const char *who;                       /* for the audit */
    unsigned limit_s;                      /* behind the fence at most; then SIGALRM, whose end of the process gives the tenant back. 0: none */
};
struct wk_moved {
    struct wk_uuid id;
    const char *from;     /* NULL: it was there already */
    size_t rows, waiting; /* rows that came along; events that were not handled yet among them, once for each subscription */
    uint64_t bytes;
    int64_t stopped_us;   /* for how long nothing was written for the tenant */
};
/* Safe to repeat after a kill at any moment: it begins again, or finishes what only had to be cleaned. tenant.unknown, tenant.invalid (BUSINESS): the
 * server lacks migrations or rights; tenant.busy (TRANSIENT): transactions of the tenant do not end, or somebody else moves it; db.*. Until the one
 * commit on the old server that decides, an error leaves the tenant where it was. */
bool wk_tenant_move(const struct wk_move *move, struct wk_moved *moved, struct wk_err *err);
#endif
