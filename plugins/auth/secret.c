#include "secret.h"

#include <jose/b64.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>

#define B64 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

void secret_sha256(const void *data, size_t len, uint8_t out[32]) { (void)SHA256(data, len, out); }

char *secret_hex(const uint8_t *data, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", data[i]);
    return out;
}

bool secret_hash_is(const uint8_t hash[32], const char *hex)
{
    char mine[65];

    return hex && strlen(hex) == 64 && !CRYPTO_memcmp(secret_hex(hash, 32, mine), hex, 64);
}

bool secret_new(struct wk_call *call, char out[SECRET_B64 + 1], struct wk_err *err)
{
    uint8_t raw[32];
    bool ok = wk_random(call, raw, sizeof raw, err);

    if (ok)
        out[jose_b64_enc_buf(raw, sizeof raw, out, SECRET_B64)] = '\0';
    OPENSSL_cleanse(raw, sizeof raw);
    return ok;
}

const char *secret_key_text(struct wk_call *call, const struct wk_uuid *tenant, const struct wk_uuid *id, const char *secret)
{
    char t[33], i[33];

    return wk_printf(call, "wk_%s_%s_%s", secret_hex(tenant->b, 16, t), secret_hex(id->b, 16, i), secret);
}

const char *secret_refresh_text(struct wk_call *call, const struct wk_uuid *tenant, const char *secret)
{
    char t[33];

    return wk_printf(call, "wr_%s_%s", secret_hex(tenant->b, 16, t), secret);
}

static bool unhex(const char *text, struct wk_uuid *out)
{
    static const char digits[] = "0123456789abcdef";

    for (int i = 0; i < 32; i++) {
        const char *at = text[i] ? strchr(digits, text[i]) : NULL;

        if (!at)
            return false;
        out->b[i / 2] = (uint8_t)(out->b[i / 2] << 4 | (at - digits));
    }
    return true;
}

static bool is_secret(const char *text) { return strspn(text, B64) == SECRET_B64 && !text[SECRET_B64]; }

bool secret_read_key(const char *text, struct wk_uuid *tenant, struct wk_uuid *id, uint8_t hash[32])
{
    if (strlen(text) != SECRET_KEY_LEN || strncmp(text, "wk_", 3) || !unhex(text + 3, tenant) || text[35] != '_' || !unhex(text + 36, id) || text[68] != '_' ||
        !is_secret(text + 69))
        return false;
    secret_sha256(text + 69, SECRET_B64, hash);
    return true;
}

bool secret_read_refresh(const char *text, struct wk_uuid *tenant, uint8_t hash[32])
{
    if (strlen(text) != SECRET_REFRESH_LEN || strncmp(text, "wr_", 3) || !unhex(text + 3, tenant) || text[35] != '_' || !is_secret(text + 36))
        return false;
    secret_sha256(text + 36, SECRET_B64, hash);
    return true;
}
