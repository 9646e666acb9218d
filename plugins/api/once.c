#include "once.h"
#include <openssl/evp.h>
#include <stdlib.h>

enum { LEASE_MORE_MS = 2000, ROUTE_MS = 15000, CLEAN_STEP = 1000 };

/* A mark is made when the key is new or its day is over; taken over when its owner's time is up, or it is our own from a run that met a conflict. */
WK_SQL(once_mark,
       "WITH mark AS (INSERT INTO api_once AS o (subject, key, fingerprint, token, lease_until) "
       "VALUES ($1, $2, $3, $4, wakala.now() + $5 * interval '1 millisecond') "
       "ON CONFLICT (tenant_id, subject, key) DO UPDATE SET fingerprint = excluded.fingerprint, token = excluded.token, lease_until = excluded.lease_until, "
       "created_at = excluded.created_at, answer = NULL, headers = NULL, body = NULL "
       "WHERE o.created_at < wakala.now() - $6 * interval '1 millisecond' OR (o.answer IS NULL AND o.fingerprint = excluded.fingerprint "
       "AND (o.lease_until < wakala.now() OR o.token = excluded.token)) RETURNING 1) "
       "SELECT (SELECT count(*) FROM mark), o.key IS NOT NULL, coalesce(o.fingerprint = $3, false), o.answer, o.headers, o.body "
       "FROM (SELECT 1) AS one LEFT JOIN api_once o ON o.tenant_id = wakala.tenant_id() AND o.subject = $1 AND o.key = $2");
WK_SQL(once_answer, "UPDATE api_once SET answer = $4, headers = $5, body = $6 "
                    "WHERE tenant_id = wakala.tenant_id() AND subject = $1 AND key = $2 AND token = $3 AND answer IS NULL");
WK_SQL(once_let_go, "DELETE FROM api_once WHERE tenant_id = wakala.tenant_id() AND subject = $1 AND key = $2 AND token = $3 AND answer IS NULL");
WK_SQL(once_old, "DELETE FROM api_once WHERE tenant_id = wakala.tenant_id() AND ctid = ANY (ARRAY(SELECT ctid FROM api_once "
                 "WHERE tenant_id = wakala.tenant_id() AND created_at < wakala.now() - $1 * interval '1 millisecond' ORDER BY created_at LIMIT $2))");
WK_SQL(once_younger, "SELECT 1 FROM api_once WHERE tenant_id = wakala.tenant_id() AND created_at >= wakala.now() - $1 * interval '1 millisecond' LIMIT 1");

static const char *const travels[] = {"Content-Type", "Location", "ETag", "Content-Language", "Last-Modified", "Link"};

/* --- pure --- */

enum once_answer once_decide(bool is_marked, bool has_row, bool is_same_request, bool has_answer)
{
    if (is_marked)
        return ONCE_RUN;
    if (has_row && !is_same_request)
        return ONCE_OTHER;
    return has_row && has_answer ? ONCE_REPLAY : ONCE_BUSY; /* no row: made by somebody in this moment */
}

bool once_is_key(const char *key)
{
    size_t n = strlen(key);

    for (size_t i = 0; i < n; i++)
        if (key[i] <= ' ' || key[i] > '~')
            return false;
    return n >= 1 && n <= 255;
}

void once_fingerprint(const char *method, const char *path, const char *query, struct wk_span body, char out[65])
{
    struct wk_span parts[] = {{method, strlen(method)}, {path, strlen(path)}, {query, strlen(query)}, body};
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool ok = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL);
    uint8_t sum[32];

    for (size_t i = 0; i < WK_COUNT(parts); i++) {
        uint64_t len = parts[i].len;

        ok = ok && EVP_DigestUpdate(md, &len, sizeof len) && (!len || EVP_DigestUpdate(md, parts[i].data, len));
    }
    if (!ok || !EVP_DigestFinal_ex(md, sum, NULL))
        abort(); /* without memory for a digest: a wrong one would be another request's answer */
    EVP_MD_CTX_free(md);
    for (size_t i = 0; i < sizeof sum; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", sum[i]);
}

static int digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

size_t once_unhex(char *text)
{
    size_t n = strlen(text) / 2;

    if (text[0] != '\\' || text[1] != 'x' || strlen(text) % 2)
        return SIZE_MAX;
    for (size_t i = 1; i < n; i++) {
        int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

        if (high < 0 || low < 0)
            return SIZE_MAX;
        text[i - 1] = (char)(high << 4 | low);
    }
    text[n - 1] = '\0';
    return n - 1;
}

/* --- the filter --- */

/* The key of an unsafe request of somebody who is signed in. */
static const char *sent_key(struct wk_call *call, struct wk_http *http)
{
    const char *method = wk_http_method(http);

    if (!strcmp(method, "GET") || !strcmp(method, "HEAD") || !strcmp(method, "OPTIONS") || !wk_principal(call)->subject)
        return NULL;
    return wk_http_header(http, "Idempotency-Key");
}

/* The key, when it counts: answers are kept by tenant, and somebody of the platform may have named none. */
static const char *key_of(struct wk_call *call, struct wk_http *http) { return wk_tenant(call) ? sent_key(call, http) : NULL; }

static bool replay(struct wk_call *call, struct wk_http *http, struct wk_rows *rows, struct wk_err *err)
{
    char *headers = wk_strdup(call, wk_rows_text(rows, 0, 4)), *body = wk_strdup(call, wk_rows_text(rows, 0, 5));
    const char *type = NULL;
    size_t len;

    if (!headers || !body)
        return wk_fail(err, WK_TRANSIENT, "call.memory_limit", "the answer of before");
    if ((len = once_unhex(body)) == SIZE_MAX)
        return wk_fail(err, WK_SYSTEM, "api.idempotency_row", "a row of api_once holds no body");
    for (char *line = headers; *line;) {
        char *end = line + strcspn(line, "\n"), *colon = strstr(line, ": "), *after = *end ? end + 1 : end;

        *end = '\0';
        if (colon && colon < end) {
            *colon = '\0';
            if (!strcmp(line, "Content-Type"))
                type = colon + 2;
            else if (!wk_http_set_header(http, line, colon + 2, err))
                return false;
        }
        line = after;
    }
    wk_count(call, "replayed", 1);
    return wk_http_set_header(http, "Idempotency-Replayed", "true", err) &&
           wk_http_reply(http, (int)wk_rows_int(rows, 0, 3), type, body, len, err);
}

enum wk_verdict once_before(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const char *key = sent_key(call, http);
    const struct wk_route *route = wk_http_route(http);
    struct wk_span body = {"", 0};
    struct wk_uuid token;
    struct wk_rows *rows;
    char fingerprint[65];

    if (!key)
        return WK_DECLINED;
    if (!once_is_key(key)) {
        wk_fail(err, WK_BUSINESS, "api.idempotency_key", "Idempotency-Key: allowed are 1 to 255 visible ASCII characters");
        return WK_FAILED;
    }
    if (!wk_tenant(call))
        return WK_DECLINED;
    token = wk_http_id(http);
    if (!(route->flags & WK_ROUTE_PIECES))
        body = wk_http_body(http);
    once_fingerprint(wk_http_method(http), wk_http_path(http), wk_http_query_text(http), body, fingerprint);
    if (!wk_db_apart(call, &once_mark,
                     WK_ARGS(wk_text(wk_principal(call)->subject), wk_text(key), wk_text(fingerprint), wk_id(&token),
                             wk_int((route->deadline_ms ? route->deadline_ms : ROUTE_MS) + LEASE_MORE_MS), wk_int(wk_setting_ms(call, "idempotency_ttl"))),
                     &rows, err))
        return WK_FAILED;
    switch (once_decide(wk_rows_int(rows, 0, 0) == 1, wk_rows_bool(rows, 0, 1), wk_rows_bool(rows, 0, 2), wk_rows_text(rows, 0, 3) != NULL)) {
    case ONCE_RUN:
        return WK_DECLINED;
    case ONCE_REPLAY:
        return replay(call, http, rows, err) ? WK_HANDLED : WK_FAILED;
    case ONCE_OTHER:
        wk_fail(err, WK_BUSINESS, "api.idempotency_mismatch", "the key was used for another request");
        return WK_FAILED;
    case ONCE_BUSY:
        break;
    }
    wk_fail(err, WK_BUSINESS, "api.idempotency_busy", "the first request with this key is under way");
    if (err)
        err->retry_after_ms = 1000;
    return WK_FAILED;
}

bool once_seal(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const char *key = key_of(call, http), *headers = "";
    int status = wk_http_status(http) ? wk_http_status(http) : 204;
    struct wk_span body = wk_http_answer(http);
    struct wk_uuid token;

    if (!key || status >= 500)
        return true;
    token = wk_http_id(http);
    for (size_t i = 0; i < WK_COUNT(travels) && headers; i++) {
        const char *value = wk_http_answer_header(http, travels[i]);

        if (value && !strchr(value, '\n'))
            headers = wk_printf(call, "%s%s: %s\n", headers, travels[i], value);
    }
    return (headers || wk_fail(err, WK_TRANSIENT, "call.memory_limit", "the answer to keep")) &&
           wk_db_queue(call, &once_answer,
                       WK_ARGS(wk_text(wk_principal(call)->subject), wk_text(key), wk_id(&token), wk_int(status), wk_text(headers),
                               wk_bytes(body.data ? body.data : "", body.len)),
                       1, "api.idempotency_taken", err) &&
           wk_schedule_lazy(call, "once", "clean", wk_now(call) + (wk_setting_ms(call, "idempotency_ttl") + 60000) * 1000, "api.clean", "{}", 2, err);
}

/* What failed has left nothing: its key is free for the next try at once, not only when the lease is over. */
void once_after(struct wk_call *call, struct wk_http *http)
{
    const char *key = wk_http_status(http) >= 400 ? key_of(call, http) : NULL;
    struct wk_uuid token;

    if (!key || !once_is_key(key))
        return;
    token = wk_http_id(http);
    (void)wk_db_apart(call, &once_let_go, WK_ARGS(wk_text(wk_principal(call)->subject), wk_text(key), wk_id(&token)), NULL, NULL);
}

bool once_clean(struct wk_call *call, const struct wk_event *event, struct wk_err *err)
{
    int64_t ttl_ms = wk_setting_ms(call, "idempotency_ttl"), next_ms = ttl_ms / 24 > 60000 ? ttl_ms / 24 : 60000;
    struct wk_rows *rows;
    bool is_full;

    (void)event;
    if (!wk_db_write(call, &once_old, WK_ARGS(wk_int(ttl_ms), wk_int(CLEAN_STEP)), &rows, err))
        return false;
    is_full = wk_rows_affected(rows) == CLEAN_STEP;
    wk_count(call, "keys_forgotten", wk_rows_affected(rows));
    if (!is_full && !wk_db_read(call, &once_younger, WK_ARGS(wk_int(ttl_ms)), &rows, err))
        return false;
    if (!is_full && !wk_rows_count(rows))
        return true; /* the next key arms it again */
    return wk_schedule(call, "once", "clean", wk_now(call) + (is_full ? 0 : next_ms * 1000), "api.clean", "{}", 2, err);
}
