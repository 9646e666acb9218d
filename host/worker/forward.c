#include "worker/forward.h"
#include "fiber/fiber.h"
#include "http/client.h"
#include <stdlib.h>

enum { HEADERS_MAX = 40, ANSWER_MAX = 16 << 20, TIMEOUT_MS = 20000 };

/* Hop-by-hop headers end here (RFC 9110 7.6.1); our own identity headers are never taken from outside. */
static bool travels(struct wk_span name)
{
    static const char *const stays[] = {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
                                        "transfer-encoding", "upgrade", "content-length", "expect", "host", "accept-encoding"};

    for (size_t i = 0; i < WK_COUNT(stays); i++)
        if (strlen(stays[i]) == name.len && !strncasecmp(stays[i], name.data, name.len))
            return false;
    return name.len < 9 || strncasecmp(name.data, "x-wakala-", 9) != 0;
}

static char *text(struct wk_span s) { return strndup(s.data, s.len); }

int wk_forward_run(struct wk_engine *engine, const struct wk_forward *forward, struct wk_http *http)
{
    struct wk_exchange *x = http->x;
    struct wk_header_pair headers[HEADERS_MAX], out[3];
    struct wk_span name, value, target = wk_exchange_target(x), type, path = wk_exchange_path(x);
    struct wk_client_req req = {.method = wk_exchange_method(x), .headers = headers, .timeout_ms = TIMEOUT_MS, .res_max_bytes = ANSWER_MAX};
    struct wk_client_res res = {0};
    struct wk_err err = {0};
    size_t n = 0, n_out = 0;
    int status = 502;
    char *url = NULL, *content = NULL;

    if (target.len && *target.data != '/')
        target = path; /* absolute form: the path alone */
    for (size_t i = 0; n < HEADERS_MAX && wk_exchange_header_at(x, i, &name, &value); i++)
        if (travels(name))
            headers[n++] = (struct wk_header_pair){text(name), text(value)};
    req.n_headers = n;
    req.body = wk_exchange_body(x, &req.body_len);
    if (asprintf(&url, "http://%s%.*s", forward->to, (int)target.len, target.data) < 0)
        url = NULL;
    req.url = url;
    if (url && wk_client_fetch(engine->client, &req, &res, &err)) {
        status = res.status;
        type = wk_client_header(&res, "content-type");
        content = type.data ? text(type) : NULL;
        if (content)
            out[n_out++] = (struct wk_header_pair){"Content-Type", content};
    } else {
        out[n_out++] = (struct wk_header_pair){"Retry-After", "1"};
    }
    wk_exchange_set_data(x, NULL);
    if (http->is_gone)
        wk_exchange_release(x);
    else
        (void)wk_exchange_reply(x, status, out, n_out, res.body ? res.body : "", res.len);
    wk_client_res_finish(&res);
    for (size_t i = 0; i < n; i++) {
        free((char *)headers[i].name);
        free((char *)headers[i].value);
    }
    free(content);
    free(url);
    (void)engine;
    return status;
}
