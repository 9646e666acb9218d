/* life.h - how tenants begin, change and end: one statement for the command line (which blocks) and the workers (which park). What it does is SQL:
 * host/db/sql/008-tenants.sql; docs/design/tenants.md. */
#ifndef WK_TENANT_LIFE_H
#define WK_TENANT_LIFE_H
#include <wakala/base.h>
#include <wakala/err.h>

struct wk_migrate_conf;
struct wk_dbserver;

enum wk_life { /* what is done, with what `asked` (JSON text, never NULL) holds. The answer is the tenant, unless it says otherwise */
    WK_LIFE_CREATE,    /* a tenant as in POST /v1/tenants; the answer: {"is_new", "tenant"} */
    WK_LIFE_READY,     /* of one whose schema is made; the answer: is it news? */
    WK_LIFE_CHANGE,    /* members of a tenant */
    WK_LIFE_SUSPEND,   /* {"reason"} */
    WK_LIFE_RESUME,
    WK_LIFE_TRIAL_END, /* suspends a tenant whose trial is over */
    WK_LIFE_DELETE,    /* {"grace_s"} */
    WK_LIFE_UNDELETE,
    WK_LIFE_GONE,      /* of one whose time is up, and whose rows are removed */
    WK_LIFE_MOVE,      /* {"shard"} */
    WK_LIFE_GET,
    WK_LIFE_PAGE,      /* {"after": id or null, "limit"}; the answer: {"items", "next"}; no id */
};
struct wk_life_ask {
    enum wk_life what;
    const struct wk_uuid *id; /* of a new tenant: NULL */
    unsigned at;              /* the server that is asked first for it: where it was last */
    const char *asked;
    const char *subject, *role, *trace; /* for the audit; NULL: "-" */
};
/* tenant.invalid, tenant.name_taken, tenant.number_taken, tenant.request_used, tenant.deleting, tenant.unknown (BUSINESS), db.*. *answer is malloc'd. */
/* Of all servers: a tenant is made on its shard's, found where it is, and its name and numbers are nobody else's on any. */
struct wk_life_site { /* a server, for commands */
    const char *conninfo;
    uint32_t shards;
};
bool wk_life_now(const struct wk_life_site *sites, unsigned n, const struct wk_life_ask *ask, char **answer, struct wk_err *err);
bool wk_life_run(struct wk_dbserver *servers, unsigned n, const struct wk_life_ask *ask, int64_t until_us, char **answer, struct wk_err *err);

/* Finishes what a crash, or a worker (which may make no schema), left open: of one tenant, or (NULL) of all. `migrate` needs the owner's conninfo, share
 * directory and plugins. `done` is called for each. Blocks. Safe to repeat, and beside itself. */
bool wk_life_provision(const char *conninfo, const struct wk_migrate_conf *migrate, const struct wk_uuid *only,
                       void (*done)(void *arg, const char *id, const char *name), void *arg, struct wk_err *err);
#endif
