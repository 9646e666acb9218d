/* t-asks - asks a peer outside, as often and as badly as it is told: over HTTP, and in chat ("ask <path>"). */
#include <stdlib.h>
#include <wakala/json.h>
#include <wakala/plugin.h>

static const struct wk_setting settings[] = {WK_SETTING_STRING("peer", "http://127.0.0.1:9", WK_SCOPE_HOST, "where the peer is"), {0}};
static const struct wk_error_type errors[] = {WK_ERROR_TRANSIENT("t-asks.refused", "The peer said no; it may say yes later."), {0}};

static bool ask(struct wk_call *call, const char *target, const char *path, uint32_t timeout_ms, int *status, struct wk_err *err)
{
    const char *url = wk_printf(call, "%s/%s", wk_setting_string(call, "peer"), path);
    struct wk_fetch request = {.size = sizeof request, .timeout_ms = timeout_ms, .method = "GET", .url = url, .target = target};
    struct wk_fetched reply = {.size = sizeof reply};

    if (!url || !wk_fetch(call, &request, &reply, err))
        return false;
    *status = reply.status;
    if (!strcmp(path, "nonsense") && target && !wk_json_parse(call, reply.body, reply.body_len, NULL))
        wk_target_garbage(call, target);
    return reply.status < 400 || wk_fail(err, WK_TRANSIENT, "t-asks.refused", "status %d", reply.status);
}

static int64_t number(struct wk_http *http, const char *name, int64_t otherwise)
{
    const char *text = wk_http_query(http, name);

    return text ? strtoll(text, NULL, 10) : otherwise;
}

static bool answer(struct wk_call *call, struct wk_http *http, json_t *json, struct wk_err *err)
{
    size_t len;
    const char *text = wk_json_text(call, json, &len);

    return text && wk_http_reply(http, 200, "application/json", text, len, err);
}

static bool on_ask(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    struct wk_err why = {0};
    struct wk_retry retry = {.size = sizeof retry, .target = wk_http_query(http, "target")};
    bool is_repeated = number(http, "retry", 0), ok;
    int64_t from = wk_now(call);
    int status = 0;

    while (!(ok = ask(call, retry.target, wk_http_query(http, "path"), (uint32_t)number(http, "timeout", 1000), &status, &why)) && is_repeated &&
           wk_retry(call, &retry, &why))
        ;
    return answer(call, http,
                  json_pack("{s:b, s:s, s:i, s:I, s:i, s:I}", "ok", ok, "code", ok ? "" : why.code, "status", status, "ms",
                            (json_int_t)((wk_now(call) - from) / 1000), "tries", (int)retry.tries, "retry_after", (json_int_t)why.retry_after_ms),
                  err);
}

static bool on_limit(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    int64_t wait_us;
    bool ok = wk_limit_reserve(call, wk_http_query(http, "name"), (double)number(http, "rate", 1), (uint32_t)number(http, "burst", 1), 1,
                               (uint32_t)number(http, "wait", 0), &wait_us);

    return answer(call, http, json_pack("{s:b, s:I}", "ok", ok, "wait_us", (json_int_t)wait_us), err);
}

static bool on_penalty(struct wk_call *call, struct wk_http *http, struct wk_err *err)
{
    const char *key = wk_http_query(http, "key");
    enum wk_penalty_kind kind = (enum wk_penalty_kind)number(http, "kind", WK_PENALTY_ADDRESS);
    bool counted = wk_penalty_add(call, http, kind, key, (uint32_t)number(http, "points", 0));

    return answer(call, http, json_pack("{s:b, s:I}", "counted", counted, "left_ms", (json_int_t)wk_penalty_left(call, http, kind, key)), err);
}
static const struct wk_route routes[] = {{.method = WK_GET, .path = "/asks/peer", .permission = WK_PUBLIC, .run = on_ask},
                                         {.method = WK_GET, .path = "/asks/limit", .permission = WK_PUBLIC, .run = on_limit},
                                         {.method = WK_GET, .path = "/asks/penalty", .permission = WK_PUBLIC, .run = on_penalty},
                                         {0}};

static enum wk_verdict on_message(struct wk_call *call, const struct wk_message *message, struct wk_err *err)
{
    const char *path = message->text && !strncmp(message->text, "ask ", 4) ? message->text + 4 : NULL, *text;
    int status = 0;

    if (!path || message->failure)
        return WK_DECLINED;
    if (!ask(call, "chat-peer", path, 2000, &status, err))
        return WK_FAILED;
    text = wk_printf(call, "the peer said %d", status);
    return text && wk_reply_text(call, text, err) ? WK_HANDLED : WK_FAILED;
}

WK_PLUGIN("t-asks", "1.0.0", .summary = "Asks outside", .settings = settings, .errors = errors, .routes = routes, .on_message = on_message,
          .message_priority = 5);
