/* sign.h - X-Hub-Signature-256, message ids in Meta's layout, and the escaped text that Meta signs. Pure but for the random bytes given. */
#ifndef SIM_SIGN_H
#define SIM_SIGN_H
#include <jansson.h>
#include <wakala/base.h>

enum { SIM_SIGNATURE_SIZE = 7 + 64 + 1, SIM_WAMID_SIZE = 129, SIM_WAMID_RANDOM = 10 };

/* "sha256=<64 hex>" of body under secret; false: no HMAC in OpenSSL. */
bool sim_sign(const char *secret, const void *body, size_t len, char out[SIM_SIGNATURE_SIZE]);
/* "wamid...." like the real ones: base64 of a little binary record with the person's number in it. */
char *sim_wamid(const char *person, bool is_inbound, const uint8_t random[SIM_WAMID_RANDOM], char out[SIM_WAMID_SIZE]);
/* Compact JSON in ASCII as Meta sends it: \u00e4 with small letters, "/" as "\/". Freed by the caller; NULL without memory. */
char *sim_wire_text(const json_t *json);
#endif
