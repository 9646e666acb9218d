/* migrate.h - brings a database to what the host and the enabled plugins need: roles, schemas, SQL files. Forward only.
 *
 * <share_dir>/host/sql/000-bootstrap.sql   as the connecting role, again whenever it changes (it must be safe to run twice)
 * <share_dir>/host/sql/NNN-*.sql           as wakala_owner in schema wakala
 * <share_dir>/host/sql/test-clock.sql      the same, only with test_clock; may run again
 * <share_dir>/<plugin>/sql/NNN-*.sql       as wakala_owner in schema pool and in every tenant's own schema
 *
 * A file and its row in wakala.migration are one transaction, so a killed run goes on where it stopped; a file may not say BEGIN or
 * COMMIT. Two runs wait for each other. Threads: any, it blocks: for the command line, never on the loop.
 * Errors (SYSTEM): migrate.changed migrate.order migrate.failed migrate.files; migrate.busy, db.unavailable (TRANSIENT). */
#ifndef WK_MIGRATE_H
#define WK_MIGRATE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wakala/err.h>

struct wk_migrate_conf {
    const char *conninfo;  /* a superuser, or a role that may create roles and the trusted extensions. Pending only: host's */
    const char *share_dir; /* where host/sql and <plugin>/sql lie */
    const char *const *plugins; /* names of the enabled ones, in the order of their needs; those without SQL do not matter */
    size_t plugin_count;
    const char *app_password, *host_password; /* of wakala_app and wakala_host; NULL = leave as it is */
    bool test_clock; /* wakala.now() with an offset that tests move */
    const char *only_schema; /* of one tenant: makes it and brings it up to date, nothing else. NULL: everything */
    bool dry_run;    /* look and report, change nothing */
    uint32_t busy_ms;      /* how long to wait for another run; 0 = 10 minutes */
    uint32_t statement_ms; /* limit of one statement; 0 = 15 minutes */
    uint32_t lock_ms;      /* limit of one wait for a table that is in use; 0 = 5,000 */
};

struct wk_migrate_step {
    const char *schema, *plugin, *file;
    bool is_applied; /* false: missing */
    uint32_t took_ms;
};
/* Called once per file, in order. The step lives for the call only. */
typedef void wk_migrate_report(void *arg, const struct wk_migrate_step *step);

bool wk_migrate(const struct wk_migrate_conf *conf, wk_migrate_report *report, void *arg, struct wk_err *err);
/* What wk_migrate would apply. Needs no more rights than wakala_host has, changes nothing. `report` may be NULL. A changed
 * file is an error here too. */
bool wk_migrate_pending(const struct wk_migrate_conf *conf, wk_migrate_report *report, void *arg, size_t *count,
                        struct wk_err *err);
#endif
