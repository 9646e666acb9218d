/* admin.h - the tenant commands of the command line, straight to the database as role wakala_host; workers hear of every change by notification.
 * Blocks; never on the loop. */
#ifndef WK_TENANT_ADMIN_H
#define WK_TENANT_ADMIN_H
#include <stdio.h>
#include <wakala/base.h>
#include <wakala/err.h>

struct wk_tenant_new {
    const char *name, *tier; /* tier NULL: basic */
    const char *numbers;     /* phone number ids, "ID,ID" */
    const char *waba;        /* WhatsApp business account id */
    const char *currency, *language, *timezone; /* NULL: ZAR (2 digits), en, Africa/Johannesburg */
    int currency_exponent;
};
/* The same name again returns the same tenant, with the numbers added. tenant.invalid, tenant.number_taken (BUSINESS). */
bool wk_tenant_create(const char *conninfo, const struct wk_tenant_new *wanted, struct wk_uuid *id, bool *is_new, struct wk_err *err);
bool wk_tenant_list(const char *conninfo, FILE *out, struct wk_err *err); /* id, name, tier, status, shard, numbers: tab-separated */
bool wk_tenant_set_status(const char *conninfo, const char *id_or_name, const char *status, struct wk_err *err);
/* Dead letters. */
bool wk_dead_list(const char *conninfo, FILE *out, struct wk_err *err);
bool wk_dead_show(const char *conninfo, int64_t id, FILE *out, struct wk_err *err);
bool wk_dead_requeue(const char *conninfo, int64_t id, struct wk_err *err);
#endif
