/* carry.h - what a tenant has on one server, brought to another: rows of the plugins' and the host's tables, events that were not handled yet, and the keys by
 * which webhooks are known that came before. move.c decides when. Blocks; never on the loop. */
#ifndef WK_TENANT_CARRY_H
#define WK_TENANT_CARRY_H
#include "tenant/tables.h"
#include <stdint.h>

struct wk_carry {
    PGconn *old_host, *old_app, *new_host, *new_app;
    const struct wk_tables *tables; /* the plugins' */
    const char *tenant;             /* its id */
    char since[24];                 /* xid: what began later is not carried yet */
    size_t rows, waiting;
    uint64_t bytes;
};
/* While it is served: what does not change any more, or may be too much to wait for. */
bool wk_carry_before(struct wk_carry *c, struct wk_err *err);
/* Behind the fence: all the rest. Some thousand rows a transaction, for readers of the new server's log wait for its oldest writer. */
bool wk_carry_all(struct wk_carry *c, struct wk_err *err);
#endif
