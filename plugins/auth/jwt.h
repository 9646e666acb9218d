/* jwt.h - a token's text to its claims, in a fixed order, and back. Pure: no call, no clock, nothing waits. docs/design/auth.md. */
#ifndef AUTH_JWT_H
#define AUTH_JWT_H
#include "keys.h"

enum { JWT_MAX = 8192, JWT_SKEW_S = 60, JWT_SUB_MAX = 128 };

struct auth_claims {
    struct wk_uuid tenant;
    int64_t exp_s;
    char sub[JWT_SUB_MAX + 1];
    char role[16];
    char sid[WK_UUID_TEXT]; /* "": no session (an operator's token) */
    bool is_own;            /* one of our rings signed it */
};
struct auth_jwt { /* its three parts as they were sent, and the two that are JSON */
    struct wk_span signed_text, protected, payload, signature;
    json_t *header, *claims;
};
/* Shape only: size, three parts, canonical base64url, JSON objects without duplicates, no crit, no nesting. auth.token_malformed (SECURITY). */
bool auth_jwt_open(const char *token, size_t len, struct auth_jwt *jwt, struct wk_err *err);
void auth_jwt_finish(struct auth_jwt *jwt);
/* The whole check, in the order of the design page. `rings` may hold NULL. auth.token_malformed, _algorithm, _signature, _claims (SECURITY), auth.token_key,
 * _expired, _early (BUSINESS). */
bool auth_jwt_check(const char *token, size_t len, const struct auth_ring *const *rings, size_t n, int64_t now_s, struct auth_claims *claims,
                    struct wk_err *err);
/* Signed by the ring's first key, ES256: malloc'ed. Takes over `payload`. NULL: auth.signing (SYSTEM). */
char *auth_jwt_sign(const struct auth_ring *ring, json_t *payload, struct wk_err *err);
#endif
