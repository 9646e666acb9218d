/* http_reader.c - any bytes, in any cuts, on a connection of the listener. The first byte chooses how the owner behaves,
 * the second how the bytes are cut. Checked: no memory error, every request that reaches the owner is well formed, every
 * body byte came from the input; and the chunked decoder agrees with llhttp wherever both find an end. */
#include <event2/event.h>
#include <fcntl.h>
#include <http/chunked.h>
#include <http/server.h>
#include <llhttp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(claim)                                                                                                          \
    do {                                                                                                                      \
        if (!(claim))                                                                                                         \
            abort();                                                                                                          \
    } while (0)

static struct event_base *base;
static struct wk_httpd *httpd;
static unsigned behaviour;
static struct wk_exchange *held;

static void check(struct wk_exchange *x)
{
    struct wk_span path = wk_exchange_path(x), name, value;
    size_t len, n = 0;
    const char *body = wk_exchange_body(x, &len);

    CHECK(body && body[len] == '\0');
    CHECK(path.len && (path.data[0] == '/' || path.data[0] == '*'));
    CHECK(wk_exchange_header_count(x, "content-length") + wk_exchange_header_count(x, "transfer-encoding") <= 1);
    CHECK(wk_exchange_header_count(x, "host") <= 1);
    for (size_t i = 0; wk_exchange_header_at(x, i, &name, &value); i++, n++) {
        CHECK(name.len && !memchr(name.data, ' ', name.len) && !memchr(name.data, '\n', name.len));
        CHECK(!memchr(value.data, '\0', value.len) && !memchr(value.data, '\r', value.len) && !memchr(value.data, '\n', value.len));
    }
    CHECK(n <= 100);
}

static void on_head(struct wk_exchange *x, void *arg)
{
    (void)arg;
    check(x);
    if (behaviour & 1)
        wk_exchange_set_body(x, WK_BODY_PIECES, behaviour & 2 ? 20 : 0);
    else if (behaviour & 2)
        wk_exchange_set_body(x, WK_BODY_WHOLE, 20);
    if ((behaviour & 12) == 12)
        wk_exchange_reply(x, 403, NULL, 0, "no", 2);
}

static void on_request(struct wk_exchange *x, void *arg)
{
    size_t len;
    char *body = wk_exchange_body(x, &len);

    (void)arg;
    check(x);
    if (behaviour & 16) {
        held = x;
        return;
    }
    if (behaviour & 1)
        return; /* on_body replies at the end */
    if (behaviour & 4) {
        wk_exchange_begin(x, 200, NULL, 0);
        wk_exchange_write(x, body, len);
        wk_exchange_end(x);
    } else {
        wk_exchange_reply(x, 200, NULL, 0, body, len);
    }
}

static void on_body(struct wk_exchange *x, const char *data, size_t len, void *arg)
{
    (void)arg, (void)data;
    if ((!len || (behaviour & 8)) && !(behaviour & 16))
        wk_exchange_reply(x, 200, NULL, 0, "done", 4);
}

static void on_abort(struct wk_exchange *x, void *arg)
{
    (void)arg;
    if (x == held)
        held = NULL;
    wk_exchange_release(x);
}

static void start(void)
{
    static const struct wk_httpd_ops ops = {on_head, on_request, on_body, NULL, on_abort};
    const struct wk_httpd_conf conf = {.header_max_bytes = 2048, .uri_max_bytes = 512, .body_max_bytes = 4096, .linger_ms = 5};

    signal(SIGPIPE, SIG_IGN);
    base = event_base_new();
    httpd = wk_httpd_create(base, &conf, &ops, NULL, NULL);
    CHECK(base && httpd);
}

static void turn(int client)
{
    char sink[65536];

    event_base_loop(base, EVLOOP_NONBLOCK);
    while (recv(client, sink, sizeof sink, MSG_DONTWAIT) > 0)
        ;
    if (held && !(behaviour & 32)) {
        struct wk_exchange *x = held;

        held = NULL;
        wk_exchange_reply(x, 200, NULL, 0, "later", 5);
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
}

static void talk(const uint8_t *data, size_t size, size_t cut)
{
    int socks[2];

    CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, socks));
    CHECK(wk_httpd_adopt(httpd, socks[0], "fuzz", NULL, 0, NULL));
    for (size_t at = 0; at < size; at += cut) {
        if (send(socks[1], data + at, size - at < cut ? size - at : cut, MSG_NOSIGNAL) < 0)
            break;
        turn(socks[1]);
    }
    if (behaviour & 64)
        shutdown(socks[1], SHUT_WR);
    turn(socks[1]);
    close(socks[1]);
    for (int i = 0; i < 20 && wk_httpd_stats(httpd)->connections; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
    if (held)
        wk_exchange_release(held);
    held = NULL;
}

/* --- the chunked decoder against llhttp ---------------------------------------------------------------------------------- */
struct oracle {
    char body[8192];
    size_t len;
    bool done;
};
static int oracle_body(llhttp_t *p, const char *at, size_t len)
{
    struct oracle *o = p->data;

    CHECK(o->len + len <= sizeof o->body);
    memcpy(o->body + o->len, at, len);
    o->len += len;
    return 0;
}
static int oracle_done(llhttp_t *p)
{
    ((struct oracle *)p->data)->done = true;
    return HPE_PAUSED;
}

static void compare(const char *data, size_t size)
{
    static const char head[] = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    struct wk_chunked ch = {0};
    struct oracle o = {.len = 0};
    llhttp_settings_t settings;
    llhttp_t parser;
    enum wk_chunked_got got;
    struct wk_span piece;
    size_t at = 0, used, len = 0;
    char body[8192];

    if (size > sizeof body)
        return;
    while ((got = wk_chunked_next(&ch, data + at, size - at, &used, &piece)) == WK_CHUNKED_DATA) {
        memcpy(body + len, piece.data, piece.len);
        len += piece.len;
        at += used;
    }
    if (got != WK_CHUNKED_END)
        return;
    at += used;
    llhttp_settings_init(&settings);
    settings.on_body = oracle_body;
    settings.on_message_complete = oracle_done;
    llhttp_init(&parser, HTTP_REQUEST, &settings);
    parser.data = &o;
    llhttp_execute(&parser, head, sizeof head - 1);
    llhttp_execute(&parser, data, size);
    if (o.done) /* it may refuse an extension or a trailer name that we skip; it must not see another end or body */
        CHECK(o.len == len && !memcmp(o.body, body, len) && llhttp_get_error_pos(&parser) == data + at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!base)
        start();
    if (size < 2)
        return 0;
    behaviour = data[0];
    talk(data + 2, size - 2, data[1] ? data[1] : size);
    compare((const char *)data + 2, size - 2);
    return 0;
}
