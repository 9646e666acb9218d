/* sign.c - see sign.h. */
#include "sign.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

bool sim_sign(const char *secret, const void *body, size_t len, char out[SIM_SIGNATURE_SIZE])
{
    unsigned char digest[32];
    unsigned n = 0;

    if (!HMAC(EVP_sha256(), secret, (int)strlen(secret), body, len, digest, &n) || n != sizeof digest)
        return false;
    memcpy(out, "sha256=", 7);
    for (unsigned i = 0; i < n; i++)
        (void)snprintf(out + 7 + 2 * i, 3, "%02x", digest[i]);
    return true;
}

char *sim_wamid(const char *person, bool is_inbound, const uint8_t random[SIM_WAMID_RANDOM], char out[SIM_WAMID_SIZE])
{
    unsigned char raw[80];
    size_t n = 0, digits = strlen(person), hex = is_inbound ? 20 : 18;

    if (digits > 20) /* of a user id the beginning will do: the id is unique by its random part */
        digits = 20;
    raw[n++] = 0x1c;
    raw[n++] = 0x18;
    raw[n++] = (unsigned char)digits;
    memcpy(raw + n, person, digits);
    n += digits;
    memcpy(raw + n, "\x15\x02\x00", 3);
    n += 3;
    raw[n++] = is_inbound ? 0x12 : 0x11;
    raw[n++] = 0x18;
    raw[n++] = (unsigned char)hex;
    for (size_t i = 0; i < hex; i++)
        raw[n++] = (unsigned char)"0123456789ABCDEF"[random[i / 2] >> (i % 2 ? 0 : 4) & 15];
    raw[n++] = 0;
    memcpy(out, "wamid.", 6);
    (void)EVP_EncodeBlock((unsigned char *)out + 6, raw, (int)n);
    return out;
}

char *sim_wire_text(const json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ESCAPE_SLASH);

    for (char *p = text; p && *p; p++) {
        if (*p != '\\')
            continue;
        p++;
        for (int i = 1; *p == 'u' && i <= 4; i++)
            if (p[i] >= 'A' && p[i] <= 'F')
                p[i] = (char)(p[i] | 0x20);
    }
    return text;
}
