/* keys.h - sets of keys by their id: our own from PEM, operators' from a JWKS. One key, one algorithm. Owner: who made the ring; one thread. */
#ifndef AUTH_KEYS_H
#define AUTH_KEYS_H
#include <jansson.h>
#include <jose/cfg.h>
#include <openssl/evp.h>
#include <wakala/err.h>

enum auth_alg { AUTH_NONE, AUTH_RS256, AUTH_ES256, AUTH_EDDSA, AUTH_HS256 };
enum { AUTH_KEYS_MAX = 64, AUTH_KID_MAX = 128 };

struct auth_key {
    char kid[AUTH_KID_MAX + 1];
    enum auth_alg alg;
    json_t *jwk;      /* what verifies: public, or the shared secret */
    json_t *private;  /* what signs: our own only */
    EVP_PKEY *edward; /* EdDSA, which jose 11 does not know */
};
struct auth_ring {
    struct auth_key key[AUTH_KEYS_MAX];
    size_t n;
    size_t skipped; /* keys of the set that are of no use here: other algorithms, encryption, too short */
    const char *issuer, *audience; /* what its tokens must name; borrowed */
    bool is_own;
};

enum auth_alg auth_alg_of(const char *name); /* AUTH_NONE: not one of ours */
const char *auth_alg_name(enum auth_alg alg);
/* EC P-256 private keys in PEM, one after the other; the first signs. Their ids are RFC 7638 thumbprints. auth.config (SYSTEM) says what is wrong. */
bool auth_ring_add_pem(struct auth_ring *ring, const char *pem, struct wk_err *err);
/* A JWK set. Symmetric keys only where may_share (a file, never an address). auth.config (SYSTEM) when it is no set or no key of it is of use. */
bool auth_ring_add_set(struct auth_ring *ring, const char *text, size_t len, bool may_share, struct wk_err *err);
const struct auth_key *auth_ring_find(const struct auth_ring *ring, const char *kid); /* NULL: none */
json_t *auth_ring_public(const struct auth_ring *ring); /* a JWK set; the caller's */
void auth_ring_finish(struct auth_ring *ring);
jose_cfg_t *auth_jose(void); /* one that prints nothing; of the process */
#endif
