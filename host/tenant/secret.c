#include "tenant/secret.h"
#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>

enum { NONCE = 12, TAG = 16 };

bool wk_secret_key_parse(const char *hex, uint8_t key[WK_SECRET_KEY], struct wk_err *err)
{
    if (!hex || strlen(hex) != 2 * WK_SECRET_KEY)
        return wk_fail(err, WK_SYSTEM, "secret.key", "secrets.key must be 64 hex digits (openssl rand -hex 32)");
    for (size_t i = 0; i < WK_SECRET_KEY; i++) {
        char pair[3] = {hex[2 * i], hex[2 * i + 1], 0};

        key[i] = (uint8_t)strtoul(pair, NULL, 16);
        if (!isxdigit((unsigned char)pair[0]) || !isxdigit((unsigned char)pair[1])) /* strtoul takes "+1" and " 1" too */
            return wk_fail(err, WK_SYSTEM, "secret.key", "secrets.key has a character that is no hex digit");
    }
    return true;
}

bool wk_secret_key_id(const uint8_t key[WK_SECRET_KEY], char id[WK_SECRET_KEY_ID], struct wk_err *err)
{
    static const char what[] = "wakala secret key id";
    uint8_t text[WK_SECRET_KEY + sizeof what], digest[EVP_MAX_MD_SIZE];

    memcpy(text, what, sizeof what);
    memcpy(text + sizeof what, key, WK_SECRET_KEY);
    if (EVP_Digest(text, sizeof text, digest, NULL, EVP_sha256(), NULL) != 1)
        return wk_fail(err, WK_SYSTEM, "secret.seal", "OpenSSL has no SHA-256");
    (void)snprintf(id, WK_SECRET_KEY_ID, "%02x%02x%02x%02x", digest[0], digest[1], digest[2], digest[3]);
    OPENSSL_cleanse(text, sizeof text);
    return true;
}

/* The associated data: lengths keep "a" + "bc" apart from "ab" + "c". */
static bool bind_to(EVP_CIPHER_CTX *ctx, const struct wk_uuid *tenant, const char *plugin, const char *name)
{
    uint8_t head[18];
    int n;

    memcpy(head, tenant->b, 16);
    head[16] = (uint8_t)strlen(plugin);
    head[17] = (uint8_t)strlen(name);
    return EVP_CipherUpdate(ctx, NULL, &n, head, sizeof head) == 1 &&
           EVP_CipherUpdate(ctx, NULL, &n, (const uint8_t *)plugin, (int)strlen(plugin)) == 1 &&
           EVP_CipherUpdate(ctx, NULL, &n, (const uint8_t *)name, (int)strlen(name)) == 1;
}

size_t wk_secret_seal(const uint8_t key[WK_SECRET_KEY], const struct wk_uuid *tenant, const char *plugin, const char *name,
                      const char *clear, size_t len, uint8_t *sealed, struct wk_err *err)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0, last = 0;
    bool ok = ctx && len <= WK_SECRET_MAX && RAND_bytes(sealed, NONCE) == 1 &&
              EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, sealed, 1) == 1 && bind_to(ctx, tenant, plugin, name) &&
              EVP_CipherUpdate(ctx, sealed + NONCE, &n, (const uint8_t *)clear, (int)len) == 1 &&
              EVP_CipherFinal_ex(ctx, sealed + NONCE + n, &last) == 1 &&
              EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG, sealed + NONCE + len) == 1;

    EVP_CIPHER_CTX_free(ctx);
    if (!ok)
        wk_fail(err, WK_SYSTEM, "secret.seal", "secret %s of plugin %s cannot be sealed (at most %d bytes)", name, plugin, WK_SECRET_MAX);
    return ok ? NONCE + len + TAG : 0;
}

bool wk_secret_open(const uint8_t key[WK_SECRET_KEY], const struct wk_uuid *tenant, const char *plugin, const char *name,
                    const uint8_t *sealed, size_t len, char *clear, struct wk_err *err)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    size_t body = len > WK_SECRET_EXTRA ? len - WK_SECRET_EXTRA : 0;
    uint8_t tag[TAG];
    int n = 0, last = 0;
    bool ok = ctx && len >= WK_SECRET_EXTRA && body <= WK_SECRET_MAX;

    if (ok) {
        memcpy(tag, sealed + NONCE + body, TAG);
        ok = EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, sealed, 0) == 1 && bind_to(ctx, tenant, plugin, name) &&
             EVP_CipherUpdate(ctx, (uint8_t *)clear, &n, sealed + NONCE, (int)body) == 1 &&
             EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG, tag) == 1 &&
             EVP_CipherFinal_ex(ctx, (uint8_t *)clear + n, &last) == 1;
    }
    EVP_CIPHER_CTX_free(ctx);
    if (!ok)
        return wk_fail(err, WK_SECURITY, "secret.forged", "secret %s of plugin %s does not open: wrong secrets.key, or a changed row", name, plugin);
    clear[body] = '\0';
    return true;
}
