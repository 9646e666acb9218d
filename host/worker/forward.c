#include "worker/forward.h"
#include "fiber/fiber.h"

enum { ANSWER_MAX = 16 << 20, TIMEOUT_MS = 20000 };

int wk_forward_run(struct wk_server *server, struct wk_http *http)
{
    struct wk_exchange *x = http->x;
    struct wk_pass_try t = {.timeout_ms = TIMEOUT_MS, .reply_max = ANSWER_MAX};
    struct wk_header_pair headers[WK_UPSTREAM_HEADERS] = {{"Retry-After", "1"}};
    struct wk_upstream_res res;
    bool ok = wk_server_ask(server, x, &t, &res, NULL);
    size_t n = ok ? wk_pass_headers(&res, headers, WK_COUNT(headers)) : 1;
    int status = ok ? res.status : 502;

    wk_exchange_set_data(x, NULL);
    if (http->is_gone)
        wk_exchange_release(x);
    else
        (void)wk_exchange_reply(x, status, headers, n, ok ? res.body.data : "", ok ? res.body.len : 0);
    if (ok)
        wk_server_done(server, &res);
    return status;
}
