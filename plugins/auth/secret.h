/* secret.h - texts that open doors: "wk_<tenant>_<id>_<secret>" of an API key, "wr_<tenant>_<secret>" of a session. 256 random bits; kept as SHA-256. */
#ifndef AUTH_SECRET_H
#define AUTH_SECRET_H
#include <wakala/call.h>

enum { SECRET_B64 = 43, SECRET_KEY_LEN = 3 + 32 + 1 + 32 + 1 + SECRET_B64, SECRET_REFRESH_LEN = 3 + 32 + 1 + SECRET_B64 };

void secret_sha256(const void *data, size_t len, uint8_t out[32]);
bool secret_hash_is(const uint8_t hash[32], const char *hex); /* in constant time; hex NULL: false */
char *secret_hex(const uint8_t *data, size_t len, char *out); /* 2 * len + 1 bytes; returns out */
bool secret_new(struct wk_call *call, char out[SECRET_B64 + 1], struct wk_err *err);
const char *secret_key_text(struct wk_call *call, const struct wk_uuid *tenant, const struct wk_uuid *id, const char *secret);
const char *secret_refresh_text(struct wk_call *call, const struct wk_uuid *tenant, const char *secret);
/* Hash of the secret inside; false: no such text. */
bool secret_read_key(const char *text, struct wk_uuid *tenant, struct wk_uuid *id, uint8_t hash[32]);
bool secret_read_refresh(const char *text, struct wk_uuid *tenant, uint8_t hash[32]);
#endif
