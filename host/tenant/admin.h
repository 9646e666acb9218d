/* admin.h - the tenant commands of the command line, straight to the database as role wakala_host; workers hear of every change by notification.
 * Blocks; never on the loop. */
#ifndef WK_TENANT_ADMIN_H
#define WK_TENANT_ADMIN_H
#include <stdio.h>
#include <wakala/base.h>
#include <wakala/err.h>

bool wk_tenant_list(const char *conninfo, const char *server, FILE *out, struct wk_err *err); /* id, name, tier, status, shard, numbers, server unless NULL: tab-separated */
/* A tenant's id, by id or name. tenant.unknown (BUSINESS). */
bool wk_tenant_find(const char *conninfo, const char *id_or_name, struct wk_uuid *id, struct wk_err *err);
/* What the caches of all hosts keep of the tenant under a tag or pattern is not served any more: for changes made by SQL. tenant.unknown (BUSINESS). */
bool wk_tenant_forget(const char *conninfo, const char *id_or_name, const char *pattern, struct wk_err *err);
/* Our side of a channel or gateway, and the tenant it belongs to: a number, or a gateway's account as it stands in the webhook's path. */
struct wk_tenant_address {
    const char *tenant; /* id or name */
    const char *channel, *address;
    const char *account; /* what the address belongs to on the channel (WABA id); NULL: none, or as it is */
};
enum { WK_ADDRESS_MAX = 128 };
/* The same again changes the account. tenant.invalid, tenant.unknown, tenant.address_taken (BUSINESS). */
bool wk_tenant_address_add(const char *conninfo, const struct wk_tenant_address *wanted, struct wk_err *err);
bool wk_tenant_address_remove(const char *conninfo, const struct wk_tenant_address *unwanted, struct wk_err *err); /* tenant.no_address (BUSINESS) */
/* channel, address, account, tenant id, tenant name: tab-separated; of one tenant, or (NULL) of all. */
bool wk_tenant_address_list(const char *conninfo, const char *tenant, FILE *out, struct wk_err *err);
/* Have several tenants addresses of this account? What names only the account then reaches none of them. */
bool wk_tenant_account_is_shared(const char *conninfo, const char *channel, const char *account, bool *is_shared, struct wk_err *err);
#endif
