#include "tenant/vault.h"
#include "db/sync.h"
#include "tenant/admin.h"
#include <openssl/crypto.h>
#include <stdlib.h>

struct keys {
    uint8_t now[WK_SECRET_KEY], old[WK_SECRET_KEY];
    char id[WK_SECRET_KEY_ID];
    bool has_old;
};

static bool read_keys(const struct wk_vault *vault, struct keys *keys, struct wk_err *err)
{
    keys->has_old = vault->old_key_hex != NULL;
    if (!vault->key_hex)
        return wk_fail(err, WK_SYSTEM, "secret.key", "secrets.key is not set in wakala.conf");
    return wk_secret_key_parse(vault->key_hex, keys->now, err) && (!keys->has_old || wk_secret_key_parse(vault->old_key_hex, keys->old, err)) &&
           wk_secret_key_id(keys->now, keys->id, err);
}

static void hex_of(const uint8_t *bytes, size_t len, char *out) /* as bytea is written: \x... */
{
    memcpy(out, "\\x", 3);
    for (size_t i = 0; i < len; i++)
        (void)snprintf(out + 2 + 2 * i, 3, "%02x", bytes[i]);
}

enum { SEALED_MAX = WK_SECRET_MAX + WK_SECRET_EXTRA, HEX_MAX = 2 * SEALED_MAX + 3 };

static bool seal(const struct keys *keys, const struct wk_uuid *id, const char *plugin, const char *key, const char *clear, size_t len, char hex[HEX_MAX],
                 struct wk_err *err)
{
    uint8_t sealed[SEALED_MAX];
    size_t n = len <= WK_SECRET_MAX ? wk_secret_seal(keys->now, id, plugin, key, clear, len, sealed, err) : 0;

    if (len > WK_SECRET_MAX)
        return wk_fail(err, WK_SYSTEM, "secret.seal", "a secret has at most %d bytes", WK_SECRET_MAX);
    if (n)
        hex_of(sealed, n, hex);
    return n > 0;
}

bool wk_vault_set(const struct wk_vault *vault, const char *tenant, const char *plugin, const char *key, const char *clear, size_t len, struct wk_err *err)
{
    char text[WK_UUID_TEXT], hex[HEX_MAX];
    struct keys keys = {0};
    const char *values[] = {text, plugin, key, hex, keys.id};
    struct wk_uuid id;
    bool ok = read_keys(vault, &keys, err) && wk_tenant_find(vault->conninfo, tenant, &id, err) && seal(&keys, &id, plugin, key, clear, len, hex, err);
    PGconn *c = ok ? wk_sync_open(vault->conninfo, err) : NULL;

    if (ok)
        (void)wk_uuid_text(&id, text);
    ok = c && wk_sync_command(c, "INSERT INTO wakala.tenant_secret (tenant_id, plugin, key, sealed, key_id) VALUES ($1, $2, $3, $4::bytea, $5) "
                                 "ON CONFLICT (tenant_id, plugin, key) DO UPDATE SET sealed = excluded.sealed, key_id = excluded.key_id",
                              WK_COUNT(values), values, err);
    PQfinish(c);
    OPENSSL_cleanse(&keys, sizeof keys);
    return ok;
}

bool wk_vault_remove(const struct wk_vault *vault, const char *tenant, const char *plugin, const char *key, struct wk_err *err)
{
    char text[WK_UUID_TEXT];
    const char *values[] = {text, plugin, key};
    struct wk_uuid id;
    PGconn *c = wk_tenant_find(vault->conninfo, tenant, &id, err) ? wk_sync_open(vault->conninfo, err) : NULL;
    PGresult *r = NULL;
    bool found;

    if (c) {
        (void)wk_uuid_text(&id, text);
        r = wk_sync_run(c, "DELETE FROM wakala.tenant_secret WHERE tenant_id = $1 AND plugin = $2 AND key = $3 RETURNING 1", WK_COUNT(values), values, err);
    }
    found = r && PQntuples(r) == 1;
    if (r && !found)
        wk_fail(err, WK_BUSINESS, "tenant.no_secret", "%s has no secret %.40s of plugin %.40s: see `wakala tenant secret list`", tenant, key, plugin);
    PQclear(r);
    PQfinish(c);
    return found;
}

bool wk_vault_list(const struct wk_vault *vault, const char *tenant, FILE *out, struct wk_err *err)
{
    char text[WK_UUID_TEXT];
    const char *values[] = {tenant ? text : NULL};
    struct wk_uuid id;

    if (tenant && !wk_tenant_find(vault->conninfo, tenant, &id, err))
        return false;
    if (tenant)
        (void)wk_uuid_text(&id, text);
    return wk_sync_print(vault->conninfo, "SELECT t.id, t.name, s.plugin, s.key, s.key_id FROM wakala.tenant_secret s JOIN wakala.tenant t ON t.id = s.tenant_id "
                                          "WHERE $1::uuid IS NULL OR t.id = $1::uuid ORDER BY t.name, s.plugin, s.key", 1, values, out, err);
}

/* One row: what it says is sealed again, unless somebody has changed it meanwhile. */
static bool again(PGconn *c, const struct keys *keys, const PGresult *rows, int row, size_t *sealed, size_t *lost, struct wk_err *err)
{
    const char *plugin = PQgetvalue(rows, row, 1), *key = PQgetvalue(rows, row, 2);
    char hex[HEX_MAX], clear[SEALED_MAX + 1];
    const char *values[] = {PQgetvalue(rows, row, 0), plugin, key, hex, keys->id, PQgetvalue(rows, row, 3)};
    struct wk_uuid id;
    struct wk_err why;
    size_t len;
    unsigned char *bytes = PQunescapeBytea((const unsigned char *)PQgetvalue(rows, row, 3), &len);
    bool opened = bytes && len <= SEALED_MAX && wk_uuid_parse(PQgetvalue(rows, row, 0), &id) &&
                  ((keys->has_old && wk_secret_open(keys->old, &id, plugin, key, bytes, len, clear, &why)) ||
                   wk_secret_open(keys->now, &id, plugin, key, bytes, len, clear, &why)),
         ok = true;

    if (opened)
        ok = seal(keys, &id, plugin, key, clear, len - WK_SECRET_EXTRA, hex, err) &&
             wk_sync_command(c, "UPDATE wakala.tenant_secret SET sealed = $4::bytea, key_id = $5 WHERE tenant_id = $1 AND plugin = $2 AND key = $3 "
                                "AND sealed = $6::bytea", WK_COUNT(values), values, err);
    *sealed += opened && ok;
    *lost += !opened;
    OPENSSL_cleanse(clear, sizeof clear);
    PQfreemem(bytes);
    return ok;
}

bool wk_vault_rotate(const struct wk_vault *vault, size_t *sealed, size_t *lost, struct wk_err *err)
{
    struct keys keys = {0};
    const char *values[] = {keys.id};
    PGconn *c = read_keys(vault, &keys, err) ? wk_sync_open(vault->conninfo, err) : NULL;
    PGresult *r = c ? wk_sync_run(c, "SELECT tenant_id, plugin, key, sealed FROM wakala.tenant_secret WHERE key_id <> $1 ORDER BY tenant_id, plugin, key", 1, values, err)
                    : NULL;
    bool ok = r != NULL;

    *sealed = *lost = 0;
    for (int i = 0; ok && i < PQntuples(r); i++)
        ok = again(c, &keys, r, i, sealed, lost, err);
    PQclear(r);
    PQfinish(c);
    OPENSSL_cleanse(&keys, sizeof keys);
    return ok;
}
