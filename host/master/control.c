/* control.c - run_dir/control.sock: one JSON line in, one JSON line out, closed. Mode 0600: who may write to it is operator.
 * {"do":"reload"} {"do":"rollback"} (answered when the verdict is there) {"do":"status"} {"do":"stop"} {"do":"reopen"} */
#include "master/status.h"
#include "observe/log.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 4096, CLIENTS_MAX = 32, TIMEOUT_S = 5 };

struct client {
    LIST_ENTRY(client) link;
    struct wk_ctl *ctl;
    struct bufferevent *bev;
    bool is_waiting, is_closing;
};

struct wk_ctl {
    struct wk_master *m;
    struct evconnlistener *listener;
    LIST_HEAD(, client) clients;
    size_t n_clients;
    char path[108];
};

static void client_destroy(struct client *c)
{
    if (c->is_waiting)
        wk_reload_forget(c->ctl->m, c);
    LIST_REMOVE(c, link);
    c->ctl->n_clients--;
    bufferevent_free(c->bev);
    free(c);
}

static void answer(struct client *c, json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);
    const struct timeval limit = {.tv_sec = TIMEOUT_S};

    json_decref(json);
    c->is_waiting = false;
    c->is_closing = true; /* when it is written */
    (void)bufferevent_set_timeouts(c->bev, &limit, &limit);
    (void)evbuffer_add_printf(bufferevent_get_output(c->bev), "%s\n", text ? text : "{\"error\":\"no memory\"}");
    free(text);
}

static void on_verdict(const struct wk_verdict *v, void *arg)
{
    struct client *c = arg;

    answer(c, wk_status_verdict(v, c->ctl->m));
}

static json_t *simple(bool is_ok, const char *error)
{
    json_t *out = json_object();

    (void)json_object_set_new(out, "ok", json_boolean(is_ok));
    if (error)
        (void)json_object_set_new(out, "error", json_string(error));
    return out;
}

static void run(struct client *c, const char *verb)
{
    struct wk_master *m = c->ctl->m;

    if (!strcmp(verb, "reload") || !strcmp(verb, "rollback")) {
        if (m->is_stopping) {
            answer(c, simple(false, "wakala is stopping"));
            return;
        }
        c->is_waiting = true;
        (void)bufferevent_set_timeouts(c->bev, NULL, NULL); /* the master's own deadlines end a reload */
        wk_reload_ask(m, *verb == 'r' && verb[1] == 'o' ? WK_RELOAD_BACK : WK_RELOAD_CONF, on_verdict, c);
    } else if (!strcmp(verb, "status")) {
        answer(c, wk_status_json(m));
    } else if (!strcmp(verb, "reopen")) {
        wk_master_reopen(m);
        answer(c, simple(true, NULL));
    } else if (!strcmp(verb, "stop")) {
        answer(c, simple(true, NULL));
        wk_master_stop(m);
    } else {
        answer(c, simple(false, "unknown request"));
    }
}

static void on_read(struct bufferevent *bev, void *arg)
{
    struct client *c = arg;
    struct evbuffer *in = bufferevent_get_input(bev);
    char *line;
    json_t *request;
    const char *verb;

    if (c->is_waiting || c->is_closing) { /* one request only: the rest is thrown away */
        (void)evbuffer_drain(in, evbuffer_get_length(in));
        return;
    }
    line = evbuffer_readln(in, NULL, EVBUFFER_EOL_LF);
    if (!line) {
        if (evbuffer_get_length(in) > LINE_MAX_BYTES)
            answer(c, simple(false, "the request is too long"));
        return;
    }
    request = json_loads(line, 0, NULL);
    verb = json_string_value(json_object_get(request, "do"));
    if (verb)
        run(c, verb);
    else
        answer(c, simple(false, "not a request"));
    json_decref(request);
    free(line);
}

static void on_written(struct bufferevent *bev, void *arg)
{
    struct client *c = arg;

    if (c->is_closing && !evbuffer_get_length(bufferevent_get_output(bev)))
        client_destroy(c);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
    struct client *c = arg;

    (void)bev;
    if (!(what & BEV_EVENT_CONNECTED))
        client_destroy(c);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *sa, int len, void *arg)
{
    struct wk_ctl *ctl = arg;
    const struct timeval limit = {.tv_sec = TIMEOUT_S};
    struct client *c = ctl->n_clients < CLIENTS_MAX ? calloc(1, sizeof *c) : NULL;

    (void)listener;
    (void)sa;
    (void)len;
    if (c)
        c->bev = bufferevent_socket_new(ctl->m->base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (!c || !c->bev) {
        free(c);
        (void)close(fd);
        return;
    }
    c->ctl = ctl;
    ctl->n_clients++;
    LIST_INSERT_HEAD(&ctl->clients, c, link);
    bufferevent_setwatermark(c->bev, EV_READ, 0, 2 * LINE_MAX_BYTES);
    bufferevent_setcb(c->bev, on_read, on_written, on_event, c);
    (void)bufferevent_set_timeouts(c->bev, &limit, &limit);
    (void)bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

static int bind_private(const char *path, struct wk_err *err)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    mode_t old;
    bool is_ok;

    (void)snprintf(sa.sun_path, sizeof sa.sun_path, "%s", path);
    (void)unlink(path); /* the pid file's lock says that nobody uses it */
    old = umask(0177);
    is_ok = fd >= 0 && bind(fd, (struct sockaddr *)&sa, sizeof sa) == 0 && listen(fd, CLIENTS_MAX) == 0;
    (void)umask(old);
    if (is_ok)
        return fd;
    (void)wk_fail(err, WK_SYSTEM, "master.control", "%s: %s", path, strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

struct wk_ctl *wk_ctl_create(struct wk_master *m, struct wk_err *err)
{
    struct wk_ctl *ctl = calloc(1, sizeof *ctl);
    int fd;

    if (!ctl) {
        (void)wk_fail(err, WK_SYSTEM, "master.memory", "no memory");
        return NULL;
    }
    ctl->m = m;
    LIST_INIT(&ctl->clients);
    if (snprintf(ctl->path, sizeof ctl->path, "%s/control.sock", m->conf.run_dir) >= (int)sizeof ctl->path) {
        (void)wk_fail(err, WK_SYSTEM, "master.control", "host.run_dir: %s is too long for a socket's path (at most 94 bytes)",
                      m->conf.run_dir);
        free(ctl);
        return NULL;
    }
    fd = bind_private(ctl->path, err);
    if (fd >= 0)
        ctl->listener = evconnlistener_new(m->base, on_accept, ctl, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    if (!ctl->listener) {
        if (fd >= 0)
            (void)wk_fail(err, WK_SYSTEM, "master.memory", "no memory for %s", ctl->path);
        ctl->path[0] = '\0';
        wk_ctl_destroy(ctl);
        return NULL;
    }
    return ctl;
}

void wk_ctl_destroy(struct wk_ctl *ctl)
{
    struct client *c;

    if (!ctl)
        return;
    while ((c = LIST_FIRST(&ctl->clients)))
        client_destroy(c);
    if (ctl->listener)
        evconnlistener_free(ctl->listener);
    if (ctl->path[0])
        (void)unlink(ctl->path);
    free(ctl);
}
