/* httpd_trivial.c - the bare listener with one constant answer, to be measured against nginx's `return 200`.
 * Usage: httpd_trivial PORT [PROCESSES]; several processes share the one listening socket. */
#include <arpa/inet.h>
#include <event2/event.h>
#include <http/server.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static void on_request(struct wk_exchange *x, void *arg)
{
    static const struct wk_header_pair headers[] = {{"Content-Type", "text/plain"}, {"Cache-Control", "public, max-age=300"}};

    (void)arg;
    wk_exchange_reply(x, 200, headers, 2, "ok\n", 3);
}

int main(int argc, char **argv)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct wk_httpd_ops ops = {.on_request = on_request};
    struct event_base *base;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct wk_httpd *h;
    struct wk_err err;

    signal(SIGPIPE, SIG_IGN);
    addr.sin_port = htons((uint16_t)atoi(argc > 1 ? argv[1] : "8080"));
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(fd, (struct sockaddr *)&addr, sizeof addr) || listen(fd, 1024)) {
        perror("bind");
        return 1;
    }
    for (int n = argc > 2 ? atoi(argv[2]) : 1; n > 1; n--)
        if (!fork()) {
            prctl(PR_SET_PDEATHSIG, SIGTERM);
            break;
        }
    base = event_base_new();
    h = wk_httpd_create(base, NULL, &ops, NULL, &err);
    if (!h || !wk_httpd_listen(h, fd, &err)) {
        fprintf(stderr, "%s\n", err.msg);
        return 1;
    }
    return event_base_dispatch(base) < 0;
}
