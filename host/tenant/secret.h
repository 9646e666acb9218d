/* secret.h - a tenant's secrets at rest: AES-256-GCM with tenant, plugin and key as associated data, so that a row copied to another place does not open.
 * Sealed form: 12 bytes nonce, ciphertext, 16 bytes tag. Pure functions but for the nonce's randomness. */
#ifndef WK_TENANT_SECRET_H
#define WK_TENANT_SECRET_H
#include <wakala/base.h>
#include <wakala/err.h>

enum { WK_SECRET_KEY = 32, WK_SECRET_MAX = 4096, WK_SECRET_EXTRA = 28 };
/* 64 hex digits to the key. secret.key (SYSTEM) otherwise. */
bool wk_secret_key_parse(const char *hex, uint8_t key[WK_SECRET_KEY], struct wk_err *err);
enum { WK_SECRET_KEY_ID = 9 };
/* Which key sealed a row, without telling the key: 8 hex digits of a hash of it. */
bool wk_secret_key_id(const uint8_t key[WK_SECRET_KEY], char id[WK_SECRET_KEY_ID], struct wk_err *err);
/* `sealed` has room for len + WK_SECRET_EXTRA bytes; returns the sealed length, 0 and err on failure. */
size_t wk_secret_seal(const uint8_t key[WK_SECRET_KEY], const struct wk_uuid *tenant, const char *plugin, const char *name,
                      const char *clear, size_t len, uint8_t *sealed, struct wk_err *err);
/* `clear` has room for len bytes; it is NUL-terminated. False: secret.forged (SECURITY): wrong key, or a row that was moved or changed. */
bool wk_secret_open(const uint8_t key[WK_SECRET_KEY], const struct wk_uuid *tenant, const char *plugin, const char *name,
                    const uint8_t *sealed, size_t len, char *clear, struct wk_err *err);
#endif
