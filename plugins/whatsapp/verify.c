/* verify.c - see verify.h. A context per app is keyed once; each webhook restarts it (init with no key), which costs half of a fresh HMAC. */
#include "verify.h"
#include <ctype.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <wakala/metric.h>

enum { DIGEST = 32, TOKEN_MAX = 256, CHALLENGE_MAX = 256 };

struct app {
    char name[WA_APP_NAME_MAX + 1]; /* "": the path without {app} */
    char token[TOKEN_MAX + 1];      /* "": no handshake */
    EVP_MAC_CTX *mac;               /* NULL: no secret, nothing is authentic */
};
static struct {
    struct app *apps; /* sorted by name */
    size_t count;
} keys;

void wa_keys_close(void)
{
    for (size_t i = 0; i < keys.count; i++)
        EVP_MAC_CTX_free(keys.apps[i].mac);
    if (keys.apps)
        OPENSSL_cleanse(keys.apps, keys.count * sizeof *keys.apps);
    free(keys.apps);
    keys.apps = NULL;
    keys.count = 0;
}

static EVP_MAC_CTX *create_mac(const char *secret, size_t len)
{
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *ctx = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){"SHA256"}, 0), OSSL_PARAM_construct_end()};

    EVP_MAC_free(hmac); /* the context holds its own reference */
    if (ctx && !EVP_MAC_init(ctx, (const unsigned char *)secret, len, params)) {
        EVP_MAC_CTX_free(ctx);
        ctx = NULL;
    }
    return ctx;
}

static struct app *find_app(const char *name)
{
    size_t low = 0, high = keys.count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = strcmp(name, keys.apps[mid].name);

        if (!order)
            return &keys.apps[mid];
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return NULL;
}

static bool add_app(struct wk_span name, struct wk_span secret, struct wk_span token, struct wk_err *err)
{
    struct app *grown, app = {0};
    size_t at = keys.count;

    memcpy(app.name, name.data, name.len);
    if (token.len)
        memcpy(app.token, token.data, token.len);
    if (find_app(app.name))
        return wk_fail(err, WK_SYSTEM, "whatsapp.apps", "app %s is there twice", app.name);
    grown = realloc(keys.apps, (keys.count + 1) * sizeof *grown);
    if (!grown)
        return wk_fail(err, WK_SYSTEM, "whatsapp.no_memory", "table of apps");
    keys.apps = grown;
    if (secret.len && !(app.mac = create_mac(secret.data, secret.len)))
        return wk_fail(err, WK_SYSTEM, "whatsapp.crypto", "OpenSSL has no HMAC-SHA256");
    while (at > 0 && strcmp(keys.apps[at - 1].name, app.name) > 0) {
        keys.apps[at] = keys.apps[at - 1];
        at--;
    }
    keys.apps[at] = app;
    keys.count++;
    OPENSSL_cleanse(&app, sizeof app);
    return true;
}

static struct wk_span next_word(const char **p, const char *end)
{
    const char *from;

    while (*p < end && (**p == ' ' || **p == '\t' || **p == '\r'))
        (*p)++;
    from = *p;
    while (*p < end && **p != ' ' && **p != '\t' && **p != '\r')
        (*p)++;
    return (struct wk_span){from, (size_t)(*p - from)};
}

static bool is_name(struct wk_span word) /* what a path segment may hold without escapes */
{
    for (size_t i = 0; i < word.len; i++)
        if (!isalnum((unsigned char)word.data[i]) && !strchr("-_.", word.data[i]))
            return false;
    return word.len > 0 && word.len <= WA_APP_NAME_MAX;
}

static bool add_line(const char *p, const char *end, unsigned line, struct wk_err *err)
{
    struct wk_span name = next_word(&p, end), secret = next_word(&p, end), token = next_word(&p, end), more = next_word(&p, end);

    if (!name.len || name.data[0] == '#')
        return true;
    if (!is_name(name))
        return wk_fail(err, WK_SYSTEM, "whatsapp.apps", "line %u: a name is 1 to %d of A-Z a-z 0-9 - _ .", line, WA_APP_NAME_MAX);
    if (!secret.len || !token.len || token.len > TOKEN_MAX || (more.len && more.data[0] != '#'))
        return wk_fail(err, WK_SYSTEM, "whatsapp.apps", "line %u: wanted: name, app secret, verify token (at most %d bytes)", line, TOKEN_MAX);
    if (keys.count > WA_APPS_MAX)
        return wk_fail(err, WK_SYSTEM, "whatsapp.apps", "line %u: more than %d apps", line, WA_APPS_MAX);
    return add_app(name, secret, token, err);
}

bool wa_keys_open(const char *app_secret, const char *verify_token, const char *apps, struct wk_err *err)
{
    const char *p = apps ? apps : "";
    bool ok = true;

    wa_keys_close();
    app_secret = app_secret ? app_secret : "";
    verify_token = verify_token ? verify_token : "";
    if (strlen(verify_token) > TOKEN_MAX)
        return wk_fail(err, WK_SYSTEM, "whatsapp.verify_token", "verify_token: at most %d bytes", TOKEN_MAX);
    if (*app_secret || *verify_token)
        ok = add_app((struct wk_span){"", 0}, (struct wk_span){app_secret, strlen(app_secret)},
                     (struct wk_span){verify_token, strlen(verify_token)}, err);
    for (unsigned line = 1; ok && *p; line++) {
        const char *end = p + strcspn(p, "\n");

        ok = add_line(p, end, line, err);
        p = *end ? end + 1 : end;
    }
    for (size_t i = 0; ok && i < keys.count; i++)
        if (keys.apps[i].mac)
            return true;
    wa_keys_close();
    return ok ? wk_fail(err, WK_SYSTEM, "whatsapp.no_app_secret",
                        "no webhook could be verified: set app_secret (env:NAME or file:PATH), or apps")
              : false;
}

static enum wk_authentic forged(const struct wk_webhook *hook, struct wk_err *err, const char *code, const char *what)
{
    if (hook->plugin)
        wk_plugin_count(hook->plugin, "forged", 1);
    (void)wk_fail(err, WK_SECURITY, code, "%s", what);
    return WK_FORGED;
}

/* "sha256=" and 64 hex digits, nothing else. */
static bool read_signature(const char *text, size_t len, unsigned char out[DIGEST])
{
    if (!text || len != 7 + 2 * DIGEST || memcmp(text, "sha256=", 7) != 0)
        return false;
    for (size_t i = 0; i < 2 * DIGEST; i++) {
        char c = text[7 + i];
        int v = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;

        if (v < 0)
            return false;
        out[i / 2] = (unsigned char)(i % 2 ? out[i / 2] | v : v << 4);
    }
    return true;
}

enum wk_authentic wa_verify(const struct wk_webhook *hook, struct wk_err *err)
{
    struct app *app = find_app(hook->app ? hook->app : "");
    unsigned char said[DIGEST], is[DIGEST];
    size_t len = 0, n = 0;
    const char *header = hook->header(hook, "X-Hub-Signature-256", &len);

    if (!app || !app->mac)
        return forged(hook, err, "whatsapp.unknown_app", "no app secret for this path");
    if (!read_signature(header, len, said))
        return forged(hook, err, "whatsapp.no_signature", "X-Hub-Signature-256 is missing or not sha256=<64 hex>");
    if (!EVP_MAC_init(app->mac, NULL, 0, NULL) || !EVP_MAC_update(app->mac, (const unsigned char *)hook->body, hook->body_len) ||
        !EVP_MAC_final(app->mac, is, &n, sizeof is) || n != DIGEST)
        return forged(hook, err, "whatsapp.not_verified", "HMAC failed");
    if (CRYPTO_memcmp(said, is, DIGEST) != 0)
        return forged(hook, err, "whatsapp.bad_signature", "the signature is not of this body");
    return WK_AUTHENTIC;
}

/* The challenge goes back as it came, so it must be nothing that a browser could run. */
static bool is_challenge(const char *text)
{
    size_t n = strlen(text);

    return n > 0 && n <= CHALLENGE_MAX &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") == n;
}

static bool is_token(const char *said, const char *wanted)
{
    size_t n = strlen(wanted);

    return n && said && strlen(said) == n && !CRYPTO_memcmp(said, wanted, n);
}

/* Each value is used up before the next is asked for: they may share their memory. */
const char *wa_handshake(const struct wk_webhook *hook)
{
    struct app *app = find_app(hook->app ? hook->app : "");
    const char *mode = hook->query(hook, "hub.mode"), *challenge;

    if (!app || !mode || strcmp(mode, "subscribe") != 0 || !is_token(hook->query(hook, "hub.verify_token"), app->token))
        return NULL;
    challenge = hook->query(hook, "hub.challenge");
    return challenge && is_challenge(challenge) ? challenge : NULL;
}
