/* sign.c - ES256 for many tokens: reads lines "header.claims", writes them with their signature. Usage: sign KEY.pem */
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

static void put_base64url(const unsigned char *in, size_t len)
{
    char out[128];
    int n = EVP_EncodeBlock((unsigned char *)out, in, (int)len);

    for (int i = 0; i < n && out[i] != '='; i++)
        putchar(out[i] == '+' ? '-' : out[i] == '/' ? '_' : out[i]);
}

int main(int argc, char **argv)
{
    FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
    EVP_PKEY *key = file ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
    static char line[4096];

    if (!key) {
        fprintf(stderr, "usage: sign KEY.pem\n");
        return 2;
    }
    while (fgets(line, sizeof line, stdin)) {
        unsigned char der[128], raw[64];
        const unsigned char *at = der;
        size_t len = sizeof der;
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        ECDSA_SIG *sig;

        line[strcspn(line, "\n")] = '\0';
        if (!ctx || EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) != 1 || EVP_DigestSign(ctx, der, &len, (unsigned char *)line, strlen(line)) != 1)
            return 1;
        sig = d2i_ECDSA_SIG(NULL, &at, (long)len);
        if (!sig || BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, 32) != 32 || BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + 32, 32) != 32)
            return 1;
        printf("%s.", line);
        put_base64url(raw, sizeof raw);
        putchar('\n');
        ECDSA_SIG_free(sig);
        EVP_MD_CTX_free(ctx);
    }
    EVP_PKEY_free(key);
    return 0;
}
