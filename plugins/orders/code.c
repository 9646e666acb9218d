/* code.c - pickup code and delivery PIN. A PIN of four digits is guessed from its hash in a moment by whoever reads the table, so the hash is
 * keyed with a host secret (setting code_key) that is not in the database; five tries guard it against the person at the door. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <wakala/setting.h>
#include "move.h"

static const char alphabet[] = CODE_ALPHABET;

WK_SQL(code_put,
       "INSERT INTO orders_code (order_id, kind, salt, hash, tries_left) VALUES ($1::uuid, $2::text, $3::bytea, $4::bytea, $5::bigint) "
       "ON CONFLICT (tenant_id, order_id, kind) DO UPDATE SET salt = excluded.salt, hash = excluded.hash, "
       "tries_left = excluded.tries_left, made_at = wakala.now()");
/* The row lock makes parallel guesses queue up: each sees what the one before left. */
WK_SQL(code_get, "SELECT encode(salt, 'hex'), encode(hash, 'hex'), tries_left FROM orders_code "
                 "WHERE order_id = $1::uuid AND kind = $2::text FOR UPDATE");
WK_SQL(code_miss, "UPDATE orders_code SET tries_left = tries_left - 1 WHERE order_id = $1::uuid AND kind = $2::text AND tries_left > 0");

bool code_fold(const char *typed, char out[CODE_SIZE])
{
    size_t n = 0;

    for (const char *p = typed ? typed : ""; *p; p++) {
        if (*p == ' ' || *p == '-' || *p == '\n' || *p == '\t')
            continue;
        if (n + 1 >= CODE_SIZE || !((*p >= '0' && *p <= '9') || (*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z')))
            return false;
        out[n++] = (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p);
    }
    out[n] = '\0';
    return n > 0;
}

bool code_hash(const char *key, const uint8_t salt[16], const struct wk_uuid *order, const char *kind, const char *code, uint8_t out[32])
{
    uint8_t text[16 + 16 + 16 + CODE_SIZE];
    size_t n = 32, kind_len = strlen(kind), code_len = strlen(code);
    unsigned int len = 0;

    if (kind_len > 15 || code_len >= CODE_SIZE)
        return false;
    memcpy(text, salt, 16);
    memcpy(text + 16, order->b, 16);
    memcpy(text + n, kind, kind_len + 1); /* its NUL parts it from the code */
    n += kind_len + 1;
    memcpy(text + n, code, code_len);
    return HMAC(EVP_sha256(), key, (int)strlen(key), text, n + code_len, out, &len) && len == 32;
}

static const char *key_of(struct wk_call *call)
{
    const char *key = wk_secret(call, "code_key", NULL);

    return key ? key : ""; /* not set: still salted, see the README */
}

bool code_make(struct wk_call *call, const struct wk_uuid *order, const char *kind, char out[CODE_SIZE], struct wk_err *err)
{
    uint8_t dice[8], salt[16], hash[32];
    bool is_pin = !strcmp(kind, "delivery");

    if (!wk_random(call, dice, sizeof dice, err) || !wk_random(call, salt, sizeof salt, err))
        return false;
    for (size_t i = 0; i < 4; i++) { /* 16 random bits each: the bias is below 1 in 2000 */
        unsigned v = (unsigned)dice[2 * i] << 8 | dice[2 * i + 1];

        out[i] = is_pin ? (char)('0' + v % 10) : alphabet[v % (sizeof alphabet - 1)];
    }
    out[4] = '\0';
    if (!code_hash(key_of(call), salt, order, kind, out, hash))
        return wk_fail(err, WK_SYSTEM, "order.code_hash", "the code cannot be hashed");
    return wk_db_queue(call, &code_put,
                       WK_ARGS(wk_id(order), wk_text(kind), wk_bytes(salt, sizeof salt), wk_bytes(hash, sizeof hash), wk_int(CODE_TRIES)),
                       1, "order.code_lost", err);
}

static bool unhex(const char *hex, uint8_t *out, size_t n)
{
    if (!hex || strlen(hex) != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++) {
        char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'}, *end;

        out[i] = (uint8_t)strtoul(pair, &end, 16);
        if (*end)
            return false;
    }
    return true;
}

bool code_check(struct wk_call *call, const struct wk_uuid *order, const char *kind, const char *typed, uint32_t *tries_left,
                struct wk_err *err)
{
    struct wk_rows *rows;
    uint8_t salt[16], kept[32], hash[32];
    char code[CODE_SIZE];
    int64_t left;

    if (!wk_db_write(call, &code_get, WK_ARGS(wk_id(order), wk_text(kind)), &rows, err))
        return false;
    if (!wk_rows_count(rows))
        return wk_fail(err, WK_BUSINESS, "order.no_code", "there is no code for this order yet");
    left = wk_rows_int(rows, 0, 2);
    if (left <= 0) {
        *tries_left = 0;
        (void)wk_fail(err, WK_BUSINESS, "order.code_locked", "too many wrong codes");
        return true;
    }
    if (!unhex(wk_rows_text(rows, 0, 0), salt, sizeof salt) || !unhex(wk_rows_text(rows, 0, 1), kept, sizeof kept))
        return wk_fail(err, WK_SYSTEM, "order.code_hash", "the stored code is damaged");
    if (code_fold(typed, code) && code_hash(key_of(call), salt, order, kind, code, hash) && !CRYPTO_memcmp(hash, kept, sizeof kept)) {
        *tries_left = CODE_RIGHT;
        return true;
    }
    if (!wk_db_queue(call, &code_miss, WK_ARGS(wk_id(order), wk_text(kind)), 1, "db.conflict", err))
        return false;
    *tries_left = (uint32_t)left - 1;
    (void)wk_fail(err, WK_BUSINESS, left > 1 ? "order.wrong_code" : "order.code_locked", "wrong code, %d tries left", (int)left - 1);
    return true;
}
