/* auth_jwt.c - any bytes as a token, as a JWK set and as PEM: refused or read, never a crash; and none passes without a signature. */
#include <stdlib.h>
#include "../../plugins/auth/jwt.c"
#define text_of keys_text_of
#define names keys_names
#include "../../plugins/auth/keys.c"
#include "../unit/auth/vectors.h"

static struct auth_ring own = {.issuer = "wakala", .audience = "wakala", .is_own = true}, theirs = {.issuer = "them", .audience = "us"};

static bool is_known(const char *token, size_t len)
{
    for (size_t i = 0; i < WK_COUNT(vectors); i++)
        if (strlen(vectors[i].token) == len && !memcmp(vectors[i].token, token, len))
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct auth_ring *const rings[] = {&own, &theirs};
    struct auth_ring ring = {0};
    struct auth_claims claims;
    struct wk_err err = {0};
    char *text = malloc(size + 1);

    if (!own.n && (!auth_ring_add_pem(&own, vector_own, &err) || !auth_ring_add_set(&theirs, vector_keys, strlen(vector_keys), true, &err)))
        abort();
    memcpy(text, data, size);
    if (auth_jwt_check(text, size, rings, WK_COUNT(rings), VECTOR_NOW, &claims, &err) && !is_known(text, size))
        abort();
    (void)auth_ring_add_set(&ring, text, size, true, &err);
    text[size] = '\0';
    (void)auth_ring_add_pem(&ring, text, &err);
    auth_ring_finish(&ring);
    free(text);
    return 0;
}
