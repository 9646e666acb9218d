/* bare_http.c - what is left of ingest when nothing is stored: our own listener, the channel's signature check and splitter, then 200.
 * The limit that `ratio_bare_http` measures the whole host against.
 *
 *   bare_http PORT PROCESSES SECRET      processes share the one listening socket, as workers do */
#include <arpa/inet.h>
#include <event2/event.h>
#include <http/server.h>
#include <netinet/in.h>
#include <plugins/whatsapp/split.h>
#include <plugins/whatsapp/verify.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

const struct wk_host *wk_host; /* only asked for counters of forged webhooks, and only with a plugin */

struct counter {
    struct wk_split split;
    size_t items;
};

static bool add(struct wk_split *to, const struct wk_item *item)
{
    ((struct counter *)to)->items += item->kind != WK_ITEM_BAD;
    return true;
}

static const char *header(const struct wk_webhook *hook, const char *name, size_t *len)
{
    struct wk_span v = wk_exchange_header(hook->request, name);

    *len = v.len;
    return v.data;
}

static void on_head(struct wk_exchange *x, void *arg)
{
    (void)arg;
    wk_exchange_set_body(x, WK_BODY_WHOLE, 3 * 1024 * 1024);
}

static void on_request(struct wk_exchange *x, void *arg)
{
    static const struct wk_header_pair type = {"Content-Type", "text/plain"};
    struct wk_webhook hook = {.size = sizeof hook, .app = "", .request = x, .header = header};
    struct counter counter = {.split = {.size = sizeof counter.split, .add = add}};
    struct wk_err err;
    int status = 200;

    (void)arg;
    hook.body = wk_exchange_body(x, &hook.body_len);
    if (wa_verify(&hook, &err) != WK_AUTHENTIC)
        status = 401;
    else if (!wa_split(&hook, &counter.split, &err) || !counter.items)
        status = 400;
    (void)wk_exchange_reply(x, status, &type, 1, "", 0);
}

int main(int argc, char **argv)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)atoi(argc > 1 ? argv[1] : "0"))};
    struct wk_httpd_ops ops = {.on_head = on_head, .on_request = on_request};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct event_base *base;
    struct wk_httpd *h;
    struct wk_err err;

    if (argc != 4) {
        fprintf(stderr, "bare_http PORT PROCESSES SECRET\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(fd, (struct sockaddr *)&addr, sizeof addr) || listen(fd, 1024)) {
        perror("bare_http: bind");
        return 1;
    }
    for (int n = atoi(argv[2]); n > 1; n--)
        if (!fork()) {
            prctl(PR_SET_PDEATHSIG, SIGTERM);
            break;
        }
    base = event_base_new();
    h = base ? wk_httpd_create(base, NULL, &ops, NULL, &err) : NULL;
    if (!h || !wa_keys_open(argv[3], "", "", &err) || !wk_httpd_listen(h, fd, &err)) {
        fprintf(stderr, "bare_http: %s\n", err.msg);
        return 1;
    }
    return event_base_dispatch(base) < 0;
}
