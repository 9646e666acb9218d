/* client.c - curl's multi handle driven by libevent; a call lives on its fiber's stack and is linked into its easy handle.
 * Two rules of libcurl shape this file: nothing is removed inside one of its callbacks (so a call is only marked done
 * there and the fiber removes it after waking), and every action is followed by reading the list of finished transfers. */
#include "client.h"
#include <curl/curl.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "../fiber/fault.h"
#include "../fiber/fiber.h"

#define POOL_HANDLES 64
#define HEAD_MAX 65536

struct call {
    struct wk_client *client;
    struct wk_fiber *fiber;
    const struct wk_client_req *req;
    size_t body_at; /* what of req->body curl has taken */
    struct wk_client_res *res;
    CURL *easy;
    struct curl_slist *headers;
    size_t body_cap, head_cap, max;
    bool done, too_large, no_memory, head_done;
    CURLcode code;
    char error[CURL_ERROR_SIZE];
};

struct watch { /* one per socket of curl's */
    struct event *ev;
};

struct wk_client {
    struct event_base *base;
    struct wk_client_conf conf;
    struct wk_client_stats stats;
    CURLM *multi;
    struct event *timer;
    CURL *pool[POOL_HANDLES];
    size_t n_pool;
};

/* --- libevent on one side, curl on the other ------------------------------------------------------------------------- */
static void collect(struct wk_client *c)
{
    CURLMsg *msg;
    int left;

    while ((msg = curl_multi_info_read(c->multi, &left))) {
        struct call *call = NULL;

        if (msg->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &call);
        call->done = true;
        call->code = msg->data.result;
        wk_fiber_wake(call->fiber);
    }
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
    struct wk_client *c = arg;
    int action = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0), running;

    curl_multi_socket_action(c->multi, fd, action, &running);
    collect(c);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct wk_client *c = arg;
    int running;

    (void)fd, (void)what;
    curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    collect(c);
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    struct wk_client *c = arg;
    struct watch *w = socket_arg;
    short kind = (short)(EV_PERSIST | (what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0));

    (void)easy;
    if (w) {
        event_free(w->ev);
        w->ev = NULL;
    }
    if (what == CURL_POLL_REMOVE) {
        free(w);
        curl_multi_assign(c->multi, fd, NULL);
        return 0;
    }
    if (!w && !(w = calloc(1, sizeof *w)))
        return -1;
    w->ev = event_new(c->base, fd, kind, on_socket, c);
    if (!w->ev || event_add(w->ev, NULL)) {
        if (w->ev)
            event_free(w->ev);
        free(w);
        curl_multi_assign(c->multi, fd, NULL);
        return -1;
    }
    curl_multi_assign(c->multi, fd, w);
    return 0;
}

static int set_timer(CURLM *multi, long ms, void *arg)
{
    struct wk_client *c = arg;

    (void)multi;
    if (ms < 0)
        return event_del(c->timer);
    return event_add(c->timer, &(struct timeval){ms / 1000, ms % 1000 * 1000});
}

/* --- what comes back --------------------------------------------------------------------------------------------------- */
static bool append(char **text, size_t *len, size_t *cap, const void *data, size_t n)
{
    if (*len + n + 1 > *cap) {
        size_t more = *cap ? *cap : 4096;
        char *grown;

        while (more < *len + n + 1)
            more *= 2;
        if (!(grown = realloc(*text, more)))
            return false;
        *text = grown;
        *cap = more;
    }
    memcpy(*text + *len, data, n);
    *len += n;
    (*text)[*len] = '\0';
    return true;
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
    struct call *call = arg;

    n *= size;
    if (call->res->len + n > call->max) {
        call->too_large = true;
        return 0; /* ends the transfer */
    }
    if (!append(&call->res->body, &call->res->len, &call->body_cap, data, n)) {
        call->no_memory = true;
        return 0;
    }
    return n;
}

/* Only the final answer's lines are kept: a new status line starts over (100 Continue, a proxy's 200). */
static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
    struct call *call = arg;
    struct wk_client_res *res = call->res;

    n *= size;
    if (n >= 5 && !memcmp(data, "HTTP/", 5))
        res->head_len = 0, call->head_done = false;
    if (n <= 2)
        call->head_done = true; /* the empty line; trailers of a chunked body may follow */
    if (res->head_len + n > HEAD_MAX) {
        call->too_large = true;
        return 0;
    }
    if (!append(&res->head, &res->head_len, &call->head_cap, data, n)) {
        call->no_memory = true;
        return 0;
    }
    return n;
}

struct wk_span wk_client_header(const struct wk_client_res *res, const char *name)
{
    const char *p = res->head, *end = p ? p + res->head_len : NULL;
    size_t len = strlen(name);

    while (p && p < end) {
        const char *lf = memchr(p, '\n', (size_t)(end - p)), *value = p + len + 1, *stop = lf ? lf : end;

        if ((size_t)(stop - p) > len && p[len] == ':' && !strncasecmp(p, name, len)) {
            while (value < stop && (*value == ' ' || *value == '\t'))
                value++;
            while (stop > value && (stop[-1] == '\r' || stop[-1] == ' ' || stop[-1] == '\t'))
                stop--;
            return (struct wk_span){value, (size_t)(stop - value)};
        }
        p = lf ? lf + 1 : end;
    }
    return (struct wk_span){NULL, 0};
}

/* --- one call ------------------------------------------------------------------------------------------------------------ */
static CURL *take_handle(struct wk_client *c)
{
    CURL *easy;

    if (c->n_pool)
        return c->pool[--c->n_pool];
    easy = curl_easy_init();
    c->stats.handles_made += easy != NULL;
    return easy;
}

static void give_handle(struct wk_client *c, CURL *easy)
{
    curl_easy_reset(easy); /* options go, the handle and its caches stay; connections belong to the multi handle */
    if (c->n_pool < POOL_HANDLES)
        c->pool[c->n_pool++] = easy;
    else
        curl_easy_cleanup(easy);
}

static bool add_header(struct call *call, const char *line)
{
    struct curl_slist *list = curl_slist_append(call->headers, line);

    if (!list)
        return false;
    call->headers = list;
    return true;
}

static bool has_control(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            return true;
    return false;
}

static bool add_headers(struct call *call, struct wk_err *err)
{
    const struct wk_client_req *req = call->req;
    char line[8192];

    if (!add_header(call, "Expect:")) /* or curl waits up to a second before a larger body */
        return wk_fail(err, WK_SYSTEM, "http.no_memory", "headers");
    for (size_t i = 0; i < req->n_headers; i++) {
        const struct wk_header_pair *h = &req->headers[i];
        int n = snprintf(line, sizeof line, *h->value ? "%s: %s" : "%s;", h->name, h->value);

        if (has_control(h->name) || has_control(h->value) || !*h->name || strpbrk(h->name, ": ") || n >= (int)sizeof line)
            return wk_fail(err, WK_SYSTEM, "http.bad_request", "header %.60s: too long or not allowed", h->name);
        if (!add_header(call, line))
            return wk_fail(err, WK_SYSTEM, "http.no_memory", "headers");
    }
    return true;
}

/* The body goes out through a callback and there is no way to rewind it, on purpose: curl silently repeats a request, POST included,
 * when a kept connection turns out to be dead. Now it can only say that it does not know. */
static size_t on_read(char *to, size_t size, size_t n, void *arg)
{
    struct call *call = arg;
    size_t left = call->req->body_len - call->body_at, len = size * n < left ? size * n : left;

    memcpy(to, (const char *)call->req->body + call->body_at, len);
    call->body_at += len;
    return len;
}

static void set_method(struct call *call)
{
    const struct wk_client_req *req = call->req;
    CURL *easy = call->easy;
    const char *method = req->method ? req->method : req->body_len ? "POST" : "GET";

    if (!strcmp(method, "HEAD")) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return;
    }
    if (req->body_len) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body_len);
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
        curl_easy_setopt(easy, CURLOPT_READDATA, call);
    } else if (!strcmp(method, "POST") || !strcmp(method, "PUT") || !strcmp(method, "PATCH")) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)0);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
}

static bool set_up(struct call *call, struct wk_err *err)
{
    const struct wk_client_req *req = call->req;
    CURL *easy = call->easy;

    if (!add_headers(call, err))
        return false;
    if (curl_easy_setopt(easy, CURLOPT_URL, req->url) != CURLE_OK || has_control(req->url))
        return wk_fail(err, WK_SYSTEM, "http.bad_request", "this URL is not usable");
    curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->error);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "wakala/1.0");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, req->https_only ? "https" : "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(req->connect_timeout_ms ? req->connect_timeout_ms : 3000));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(req->timeout_ms ? req->timeout_ms : 10000));
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
    if (req->ca_file || call->client->conf.ca_file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, req->ca_file ? req->ca_file : call->client->conf.ca_file);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, (long)req->once);
    set_method(call);
    return true;
}

/* Did any byte of the request leave? Curl counts them (CURLINFO_REQUEST_SIZE grows when the header is handed to the
 * socket); it is zero after a failed look-up, connect or TLS handshake. In doubt the answer is yes: UNKNOWN. */
static bool was_sent(CURL *easy)
{
    long bytes = 0;

    return curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &bytes) != CURLE_OK || bytes > 0;
}

static bool explain(struct call *call, enum wk_wake wake, struct wk_err *err)
{
    struct wk_client_res *res = call->res;
    const char *why = call->error[0] ? call->error : curl_easy_strerror(call->code);

    res->timed_out = call->code == CURLE_OPERATION_TIMEDOUT;
    res->outcome = was_sent(call->easy) ? WK_CLIENT_UNKNOWN : WK_CLIENT_NOT_SENT;
    if (!call->done) { /* our own deadline, or a cancel */
        call->client->stats.cancelled++;
        return wk_fiber_wake_ok(wake, "http call", err);
    }
    if (call->too_large)
        return wk_fail(err, WK_SYSTEM, "http.reply_too_large", "the answer is larger than %zu bytes", call->max);
    if (call->no_memory)
        return wk_fail(err, WK_SYSTEM, "http.no_memory", "the answer");
    if (res->outcome == WK_CLIENT_NOT_SENT && (call->code == CURLE_UNSUPPORTED_PROTOCOL || call->code == CURLE_URL_MALFORMAT))
        return wk_fail(err, WK_SYSTEM, "http.bad_request", "%s", why);
    return wk_fail(err, WK_TRANSIENT, res->outcome == WK_CLIENT_UNKNOWN ? "http.unknown" : "http.not_sent", "%s", why);
}

/* Park until curl is done with it. READY without done is a wake meant for somebody else: park again. */
static enum wk_wake wait(struct call *call)
{
    enum wk_wake wake = WK_WAKE_READY;

    while (!call->done && wake == WK_WAKE_READY)
        wake = wk_fiber_park("http", 0);
    return wake;
}

static bool finish(struct call *call, enum wk_wake wake, struct wk_err *err)
{
    struct wk_client_res *res = call->res;
    struct wk_client *c = call->client;
    curl_off_t us = 0;
    long status = 0, connects = 0;

    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(call->easy, CURLINFO_TOTAL_TIME_T, &us);
    curl_easy_getinfo(call->easy, CURLINFO_NUM_CONNECTS, &connects);
    res->status = (int)status;
    res->elapsed_ms = (uint32_t)(us / 1000);
    res->reused_connection = !connects;
    if (call->done && call->code == CURLE_OK && !call->head_done)
        call->code = CURLE_PARTIAL_FILE; /* curl takes a header cut off by the end of the connection for an answer */
    if (call->done && call->code == CURLE_OK) {
        res->outcome = WK_CLIENT_ANSWERED;
        c->stats.answered++;
        return true;
    }
    explain(call, wake, err);
    if (res->outcome == WK_CLIENT_UNKNOWN)
        c->stats.unknown++;
    else
        c->stats.not_sent++;
    return false;
}

static bool run(struct call *call, struct wk_err *err)
{
    struct wk_client *c = call->client;
    enum wk_wake wake;
    bool ok;

    if (!set_up(call, err))
        return false;
    wk_fault_point("http.send");
    if (curl_multi_add_handle(c->multi, call->easy) != CURLM_OK)
        return wk_fail(err, WK_SYSTEM, "http.no_memory", "curl refused the call");
    wake = wait(call);
    wk_fault_point("http.sent");
    ok = finish(call, wake, err);
    curl_multi_remove_handle(c->multi, call->easy); /* a transfer still running is aborted and its connection closed */
    return ok;
}

bool wk_client_fetch(struct wk_client *c, const struct wk_client_req *req, struct wk_client_res *res, struct wk_err *err)
{
    struct call call = {.client = c, .fiber = wk_fiber_self(), .req = req, .res = res,
                        .max = req->res_max_bytes ? req->res_max_bytes : 1u << 20};
    bool ok;

    memset(res, 0, sizeof *res); /* outcome NOT_SENT until something says otherwise */
    if (c->stats.running >= c->conf.max_parked)
        return wk_fail(err, WK_TRANSIENT, "http.client_full", "%u calls are under way", c->stats.running);
    if (!append(&res->body, &res->len, &call.body_cap, "", 0) || !(call.easy = take_handle(c)))
        return wk_fail(err, WK_SYSTEM, "http.no_memory", "an HTTP call");
    c->stats.calls++;
    c->stats.running++;
    ok = run(&call, err);
    c->stats.running--;
    give_handle(c, call.easy);
    curl_slist_free_all(call.headers);
    return ok;
}

void wk_client_res_finish(struct wk_client_res *res)
{
    free(res->body);
    free(res->head);
    res->body = res->head = NULL;
    res->len = res->head_len = 0;
}

/* --- life ---------------------------------------------------------------------------------------------------------------- */
struct wk_client *wk_client_create(struct event_base *base, const struct wk_client_conf *conf, struct wk_err *err)
{
    struct wk_client *c = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? calloc(1, sizeof *c) : NULL;

    if (c && conf)
        c->conf = *conf;
    if (c) {
        c->base = base;
        c->multi = curl_multi_init();
        c->timer = event_new(base, -1, 0, on_timer, c);
    }
    if (!c || !c->multi || !c->timer) {
        wk_client_destroy(c);
        wk_fail(err, WK_SYSTEM, "http.no_memory", "the HTTP client");
        return NULL;
    }
    if (!c->conf.max_host_connections)
        c->conf.max_host_connections = 16;
    if (!c->conf.max_total_connections)
        c->conf.max_total_connections = 128;
    if (!c->conf.max_parked)
        c->conf.max_parked = 1024;
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)c->conf.max_host_connections);
    curl_multi_setopt(c->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)c->conf.max_total_connections);
    curl_multi_setopt(c->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    return c;
}

void wk_client_destroy(struct wk_client *c)
{
    if (!c)
        return;
    while (c->n_pool)
        curl_easy_cleanup(c->pool[--c->n_pool]);
    if (c->multi)
        curl_multi_cleanup(c->multi); /* closes kept connections through watch_socket: the base must still be alive */
    if (c->timer)
        event_free(c->timer);
    free(c);
}

const struct wk_client_stats *wk_client_stats(struct wk_client *c) { return &c->stats; }
