/* vault.h - tenants' secrets from the command line: set, list, remove, seal again with a new key. Nothing prints one. Blocks. */
#ifndef WK_TENANT_VAULT_H
#define WK_TENANT_VAULT_H
#include "tenant/secret.h"
#include <stdio.h>

struct wk_vault {
    const char *conninfo;
    const char *key_hex, *old_key_hex; /* secrets.key, and (NULL: none) secrets.old_key */
};
/* In place of what is there. tenant.unknown (BUSINESS), secret.key, secret.seal (SYSTEM). */
bool wk_vault_set(const struct wk_vault *vault, const char *tenant, const char *plugin, const char *key, const char *clear, size_t len, struct wk_err *err);
bool wk_vault_remove(const struct wk_vault *vault, const char *tenant, const char *plugin, const char *key, struct wk_err *err); /* tenant.no_secret (BUSINESS) */
/* tenant id, tenant name, plugin, key, key id: tab-separated; of one tenant, or (NULL) of all. */
bool wk_vault_list(const struct wk_vault *vault, const char *tenant, FILE *out, struct wk_err *err);
/* Every row that another key sealed, one at a time: safe to stop and to run again, and while tenants change theirs. Rows that neither key opens are
 * counted in *lost and stay. */
bool wk_vault_rotate(const struct wk_vault *vault, size_t *sealed, size_t *lost, struct wk_err *err);
#endif
