/* upstream.c - a connection holds one exchange and its bytes; its read event stays added for its whole life, so a request costs one send and one recv. */
#include "upstream.h"
#include "../fiber/fiber.h"
#include <errno.h>
#include <event2/event.h>
#include <llhttp.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/queue.h>
#include <unistd.h>

enum { FIRST_ROOM = 8192, KEPT_ROOM = 64 << 10, LINE_MAX_ = 200 };

struct piece { /* of the buffer, which may move */
    size_t at, len;
};
struct link {
    TAILQ_ENTRY(link) all;
    LIST_ENTRY(link) idle;
    struct wk_upstream *up;
    int fd;
    struct event *readable;
    struct wk_fiber *fiber; /* who waits for it; NULL: idle, or its fiber runs */
    bool is_ready, is_idle, was_used;
    /* the answer */
    llhttp_t parser;
    char *buf;
    size_t len, room, parsed;
    struct piece name[WK_UPSTREAM_HEADERS], value[WK_UPSTREAM_HEADERS], body;
    size_t n_headers, body_max;
    bool is_head /* no body comes */, is_whole, is_kept, is_too_large, has_too_many, has_head;
};
struct wk_upstream {
    struct event_base *base;
    struct wk_upstream_conf conf;
    struct sockaddr_storage address;
    socklen_t address_len;
    char name[LINE_MAX_];
    TAILQ_HEAD(, link) links;
    LIST_HEAD(, link) idle;
    struct wk_upstream_stats stats;
    llhttp_settings_t settings;
};

/* --- the parser: everything it tells lies in the link's buffer ------------------------------------------------------------ */

/* A text may come in parts, one right behind the other. */
static void extend(struct piece *p, size_t at, size_t len)
{
    if (!p->len)
        p->at = at;
    p->len += len;
}

static int on_name(llhttp_t *parser, const char *at, size_t len)
{
    struct link *l = parser->data;

    if (l->n_headers == WK_UPSTREAM_HEADERS) {
        l->has_too_many = true;
        return -1;
    }
    extend(&l->name[l->n_headers], (size_t)(at - l->buf), len);
    return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t len)
{
    struct link *l = parser->data;

    extend(&l->value[l->n_headers], (size_t)(at - l->buf), len);
    return 0;
}

static int on_header(llhttp_t *parser)
{
    ((struct link *)parser->data)->n_headers++;
    return 0;
}

static int on_head(llhttp_t *parser)
{
    struct link *l = parser->data;

    l->has_head = true;
    l->is_head |= parser->status_code == 204 || parser->status_code == 304;
    if (!(parser->flags & F_CHUNKED) && (parser->flags & F_CONTENT_LENGTH) && parser->content_length > l->body_max && !l->is_head) {
        l->is_too_large = true;
        return -1;
    }
    return l->is_head; /* 1: no body follows, whatever the length says */
}

/* Chunks are moved together; where they go has been read already. */
static int on_body(llhttp_t *parser, const char *at, size_t len)
{
    struct link *l = parser->data;

    if (l->body.len + len > l->body_max) {
        l->is_too_large = true;
        return -1;
    }
    if (!l->body.len)
        l->body.at = (size_t)(at - l->buf);
    else if (l->buf + l->body.at + l->body.len != at)
        memmove(l->buf + l->body.at + l->body.len, at, len);
    l->body.len += len;
    return 0;
}

static int on_whole(llhttp_t *parser)
{
    struct link *l = parser->data;

    if (parser->status_code < 200 && parser->status_code != 101) { /* "100 Continue": the answer comes behind it */
        l->n_headers = 0;
        l->has_head = false;
        memset(l->name, 0, sizeof l->name);
        memset(l->value, 0, sizeof l->value);
        return 0;
    }
    l->is_whole = true;
    l->is_kept = llhttp_should_keep_alive(parser) && parser->status_code != 101;
    return HPE_PAUSED;
}

/* --- connections ------------------------------------------------------------------------------------------------------------- */

static void link_close(struct link *l)
{
    struct wk_upstream *up = l->up;

    if (l->is_idle) {
        LIST_REMOVE(l, idle);
        up->stats.idle--;
    }
    TAILQ_REMOVE(&up->links, l, all);
    up->stats.open--;
    if (l->readable)
        event_free(l->readable);
    if (l->fd >= 0)
        (void)close(l->fd);
    free(l->buf);
    free(l);
}

/* Nobody speaks on an idle connection: it was closed, or cannot be trusted. */
static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct link *l = arg;

    (void)fd, (void)what;
    if (l->is_idle) {
        link_close(l);
        return;
    }
    l->is_ready = true;
    if (l->fiber)
        wk_fiber_wake(l->fiber);
}

static bool failed(struct wk_err *err, const char *code, const char *what, const struct wk_upstream *up, int why)
{
    return wk_fail(err, WK_TRANSIENT, code, "%s %s%s%s", up->name, what, why ? ": " : "", why ? strerror(why) : "");
}

/* Parked until the socket can be read, or written. */
static bool wait_for(struct link *l, bool is_write, int64_t until_us, struct wk_err *err)
{
    struct event *writable = is_write ? event_new(l->up->base, l->fd, EV_WRITE, on_readable, l) : NULL;
    enum wk_wake wake = WK_WAKE_READY;

    if (is_write && (!writable || event_add(writable, NULL))) {
        if (writable)
            event_free(writable);
        return wk_fail(err, WK_TRANSIENT, "host.short_of_memory", "an event");
    }
    if (is_write && l->readable) /* an answer that comes early must not wake us again and again */
        (void)event_del(l->readable);
    l->fiber = wk_fiber_self();
    while (!l->is_ready && wake == WK_WAKE_READY)
        wake = wk_fiber_park("http.upstream", until_us);
    l->fiber = NULL;
    l->is_ready = false;
    if (writable)
        event_free(writable);
    if (is_write && l->readable && event_add(l->readable, NULL))
        return wk_fail(err, WK_TRANSIENT, "host.short_of_memory", "an event");
    return wake == WK_WAKE_READY || wk_fiber_wake_ok(wake, "waiting for a server behind the gateway", err);
}

static struct link *link_open(struct wk_upstream *up, int64_t until_us, struct wk_err *err)
{
    struct link *l = calloc(1, sizeof *l);
    int64_t limit = wk_mono_us() + (int64_t)up->conf.connect_timeout_ms * 1000;
    int why = 0, one = 1;
    socklen_t size = sizeof why;

    if (!l) {
        wk_fail(err, WK_TRANSIENT, "host.short_of_memory", "a connection");
        return NULL;
    }
    l->up = up;
    TAILQ_INSERT_TAIL(&up->links, l, all);
    up->stats.open++;
    up->stats.connects++;
    l->fd = socket(up->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->fd >= 0 && !connect(l->fd, (struct sockaddr *)&up->address, up->address_len))
        why = 0;
    else if (l->fd < 0 || errno != EINPROGRESS)
        why = errno;
    else if (!wait_for(l, true, limit < until_us ? limit : until_us, err)) {
        link_close(l);
        return NULL;
    } else if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &why, &size))
        why = errno;
    if (!why)
        (void)setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    l->readable = why ? NULL : event_new(up->base, l->fd, EV_READ | EV_PERSIST, on_readable, l);
    if (why || !l->readable || event_add(l->readable, NULL)) {
        failed(err, "http.not_sent", "cannot be reached", up, why);
        link_close(l);
        return NULL;
    }
    return l;
}

static struct link *link_take(struct wk_upstream *up, bool is_fresh, int64_t until_us, struct wk_err *err)
{
    struct link *l = is_fresh ? NULL : LIST_FIRST(&up->idle);

    if (l) {
        LIST_REMOVE(l, idle);
        up->stats.idle--;
        l->is_idle = l->is_ready = false;
        l->was_used = true;
        return l;
    }
    if (up->stats.open - up->stats.idle >= up->conf.connections_max) {
        failed(err, "http.upstream_full", "has as many requests under way as it may", up, 0);
        return NULL;
    }
    return link_open(up, until_us, err);
}

/* --- one exchange -------------------------------------------------------------------------------------------------------------- */

static size_t put(char *to, size_t at, const char *text, size_t len)
{
    if (to)
        memcpy(to + at, text, len);
    return at + len;
}

/* The head into `to`; with NULL only how long it is. */
static size_t head_of(const struct wk_upstream *up, const struct wk_upstream_req *req, char *to)
{
    const char *host = req->host ? req->host : up->name;
    char length[48];
    size_t n = put(to, 0, req->method, strlen(req->method));

    n = put(to, n, " ", 1);
    n = put(to, n, req->target.data, req->target.len);
    n = put(to, n, " HTTP/1.1\r\nHost: ", 17);
    n = put(to, n, host, strlen(host));
    for (size_t i = 0; i < req->n_headers; i++) {
        n = put(to, n, "\r\n", 2);
        n = put(to, n, req->headers[i].name, strlen(req->headers[i].name));
        n = put(to, n, ": ", 2);
        n = put(to, n, req->headers[i].value, strlen(req->headers[i].value));
    }
    if (req->body_len || (strcmp(req->method, "GET") && strcmp(req->method, "HEAD") && strcmp(req->method, "DELETE"))) {
        int w = snprintf(length, sizeof length, "\r\nContent-Length: %zu", req->body_len);

        n = put(to, n, length, (size_t)w);
    }
    return put(to, n, "\r\n\r\n", 4);
}

static bool send_all(struct link *l, const struct wk_upstream_req *req, bool *has_left, int64_t until_us, struct wk_err *err)
{
    size_t head = head_of(l->up, req, NULL), all = head + req->body_len, at = 0;
    char *out = malloc(all + 1);
    bool ok = out || wk_fail(err, WK_TRANSIENT, "host.short_of_memory", "a request of %zu bytes", all);

    if (ok) {
        (void)head_of(l->up, req, out);
        if (req->body_len)
            memcpy(out + head, req->body, req->body_len);
    }
    while (ok && at < all) {
        ssize_t n = send(l->fd, out + at, all - at, MSG_NOSIGNAL);

        if (n > 0) {
            at += (size_t)n;
            *has_left = true;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            ok = wait_for(l, true, until_us, err);
        } else if (errno != EINTR) {
            ok = failed(err, *has_left ? "http.unknown" : "http.not_sent", "closed while the request was sent", l->up, errno);
        }
    }
    free(out);
    return ok;
}

static bool make_room(struct link *l)
{
    size_t room = l->room ? 2 * l->room : FIRST_ROOM;
    char *more;

    if (l->len < l->room)
        return true;
    if (!(more = realloc(l->buf, room)))
        return false;
    l->buf = more;
    l->room = room;
    return true;
}

static bool parse(struct link *l, struct wk_err *err)
{
    enum llhttp_errno told = llhttp_execute(&l->parser, l->buf + l->parsed, l->len - l->parsed);

    if (l->is_whole) {
        const char *end = llhttp_get_error_pos(&l->parser);

        l->parsed = end ? (size_t)(end - l->buf) : l->len;
        return true;
    }
    l->parsed = l->len;
    if (l->is_too_large)
        return wk_fail(err, WK_SYSTEM, "http.reply_too_large", "%s answers with more than %zu bytes", l->up->name, l->body_max);
    if (told != HPE_OK)
        return failed(err, "http.unknown", l->has_too_many ? "answers with too many headers" : "answers with something that is not HTTP", l->up, 0);
    if (!l->has_head && l->len > l->up->conf.head_max)
        return failed(err, "http.unknown", "answers with a head that has no end", l->up, 0);
    return true;
}

/* is_lost: the connection ended before a byte of the answer. */
static bool receive(struct link *l, int64_t until_us, bool *is_lost, struct wk_err *err)
{
    while (!l->is_whole) {
        ssize_t n;

        if (!make_room(l))
            return wk_fail(err, WK_TRANSIENT, "host.short_of_memory", "an answer");
        n = recv(l->fd, l->buf + l->len, l->room - l->len, 0);
        if (n > 0) {
            l->len += (size_t)n;
            if (!parse(l, err))
                return false;
        } else if (!n) {
            *is_lost = !l->len;
            if (!l->len || llhttp_finish(&l->parser) != HPE_OK || !l->is_whole) /* a body without a length ends so */
                return l->is_whole || failed(err, "http.unknown", "closed before its answer was whole", l->up, 0);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            if (!wait_for(l, false, until_us, err))
                return false;
        } else if (errno != EINTR) {
            *is_lost = !l->len;
            return failed(err, "http.unknown", "broke off", l->up, errno);
        }
    }
    return true;
}

static void begin(struct link *l, const struct wk_upstream_req *req)
{
    llhttp_init(&l->parser, HTTP_RESPONSE, &l->up->settings);
    l->parser.data = l;
    l->len = l->parsed = l->n_headers = 0;
    l->body = (struct piece){0};
    memset(l->name, 0, sizeof l->name);
    memset(l->value, 0, sizeof l->value);
    l->is_whole = l->is_kept = l->is_too_large = l->has_too_many = l->has_head = false;
    l->is_head = !strcmp(req->method, "HEAD");
    l->body_max = req->body_max ? req->body_max : 1 << 20;
}

static void fill(struct link *l, struct wk_upstream_res *res)
{
    res->outcome = WK_CLIENT_ANSWERED;
    res->status = l->parser.status_code;
    res->n_headers = l->n_headers;
    for (size_t i = 0; i < l->n_headers; i++) {
        res->header[i].name = (struct wk_span){l->buf + l->name[i].at, l->name[i].len};
        res->header[i].value = (struct wk_span){l->buf + l->value[i].at, l->value[i].len};
    }
    res->body = (struct wk_span){l->buf + l->body.at, l->body.len};
    res->link = l;
}

static bool is_safe(const char *method)
{
    static const char *const safe[] = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"};

    for (size_t i = 0; i < WK_COUNT(safe); i++)
        if (!strcmp(method, safe[i]))
            return true;
    return false;
}

bool wk_upstream_ask(struct wk_upstream *up, const struct wk_upstream_req *req, struct wk_upstream_res *res, struct wk_err *err)
{
    int64_t until_us = wk_mono_us() + (int64_t)(req->timeout_ms ? req->timeout_ms : 10000) * 1000;
    bool is_fresh = false, is_lost, has_left;
    struct link *l;

    up->stats.asked++;
    for (;;) {
        *res = (struct wk_upstream_res){.outcome = WK_CLIENT_NOT_SENT};
        is_lost = has_left = false;
        l = link_take(up, is_fresh, until_us, err);
        if (!l)
            return false;
        begin(l, req);
        if (send_all(l, req, &has_left, until_us, err) && receive(l, until_us, &is_lost, err)) {
            fill(l, res);
            return true;
        }
        res->outcome = has_left ? WK_CLIENT_UNKNOWN : WK_CLIENT_NOT_SENT;
        is_lost = (is_lost || !has_left) && l->was_used && (is_safe(req->method) || !has_left) && !wk_fiber_is_cancelled(wk_fiber_self()) && wk_mono_us() < until_us;
        link_close(l);
        if (is_fresh || !is_lost)
            return false;
        is_fresh = true; /* it had been closed at the other end while it was idle */
        up->stats.repeats++;
    }
}

void wk_upstream_done(struct wk_upstream *up, struct wk_upstream_res *res)
{
    struct link *l = res->link;

    res->link = NULL;
    if (!l)
        return;
    if (!l->is_kept || l->parsed != l->len || l->is_ready || up->stats.idle >= up->conf.idle_max) {
        link_close(l);
        return;
    }
    if (l->room > KEPT_ROOM) {
        free(l->buf);
        l->buf = NULL;
        l->room = 0;
    }
    l->is_idle = true;
    LIST_INSERT_HEAD(&up->idle, l, idle);
    up->stats.idle++;
}

struct wk_span wk_upstream_header(const struct wk_upstream_res *res, const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < res->n_headers; i++)
        if (res->header[i].name.len == len && !strncasecmp(res->header[i].name.data, name, len))
            return res->header[i].value;
    return (struct wk_span){0};
}

const struct wk_upstream_stats *wk_upstream_stats(const struct wk_upstream *up) { return &up->stats; }

/* --- making and ending ----------------------------------------------------------------------------------------------------------- */

static bool resolve(struct wk_upstream *up, const char *address, struct wk_err *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *found = NULL;
    const char *colon = strrchr(address, ':');
    char host[LINE_MAX_] = "";
    int why = EAI_NONAME;

    if (colon && colon > address && strlen(address) < sizeof host) {
        bool is_bracketed = *address == '[' && colon[-1] == ']';

        (void)snprintf(host, sizeof host, "%.*s", (int)(colon - address) - 2 * is_bracketed, address + is_bracketed);
        why = getaddrinfo(host, colon + 1, &hints, &found);
    }
    if (why)
        return wk_fail(err, WK_BUSINESS, "http.upstream_address", "%.100s: %s; wanted is host:port", address, colon ? gai_strerror(why) : "no port");
    memcpy(&up->address, found->ai_addr, found->ai_addrlen);
    up->address_len = found->ai_addrlen;
    (void)snprintf(up->name, sizeof up->name, "%s", address);
    freeaddrinfo(found);
    return true;
}

struct wk_upstream *wk_upstream_create(struct event_base *base, const char *address, const struct wk_upstream_conf *conf, struct wk_err *err)
{
    struct wk_upstream *up = calloc(1, sizeof *up);

    if (!up) {
        wk_fail(err, WK_SYSTEM, "host.no_memory", "upstream");
        return NULL;
    }
    up->base = base;
    up->conf = conf ? *conf : (struct wk_upstream_conf){0};
    up->conf.connections_max = up->conf.connections_max ? up->conf.connections_max : 256;
    up->conf.idle_max = up->conf.idle_max ? up->conf.idle_max : 128;
    up->conf.connect_timeout_ms = up->conf.connect_timeout_ms ? up->conf.connect_timeout_ms : 2000;
    up->conf.head_max = up->conf.head_max ? up->conf.head_max : 32 << 10;
    TAILQ_INIT(&up->links);
    LIST_INIT(&up->idle);
    llhttp_settings_init(&up->settings);
    up->settings.on_header_field = on_name;
    up->settings.on_header_value = on_value;
    up->settings.on_header_value_complete = on_header;
    up->settings.on_headers_complete = on_head;
    up->settings.on_body = on_body;
    up->settings.on_message_complete = on_whole;
    if (resolve(up, address, err))
        return up;
    free(up);
    return NULL;
}

void wk_upstream_destroy(struct wk_upstream *up)
{
    struct link *l;

    if (!up)
        return;
    while ((l = TAILQ_FIRST(&up->links)))
        link_close(l);
    free(up);
}
