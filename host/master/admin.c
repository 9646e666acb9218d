/* admin.c - /metrics /healthz /readyz on the private port, answered by the master alone: they answer when every worker hangs.
 * evhttp is good enough here: few trusted clients, GET only, with every limit set. */
#include "master/socket.h"
#include "master/status.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEADER_MAX = 8192, BODY_MAX = 1024, TIMEOUT_S = 5 };

struct wk_admin {
    struct evhttp *http;
};

static void reply(struct evhttp_request *req, int status, const char *type, const char *text, size_t len)
{
    struct evbuffer *body = evbuffer_new();
    struct evkeyvalq *headers = evhttp_request_get_output_headers(req);

    (void)evhttp_add_header(headers, "Content-Type", type);
    (void)evhttp_add_header(headers, "Cache-Control", "no-store");
    (void)evhttp_add_header(headers, "Connection", "close"); /* scrapers are few, and kept ones would outlive a stop */
    if (!body || evbuffer_add(body, text, len) < 0)
        status = 500;
    evhttp_send_reply(req, status, NULL, body);
    if (body)
        evbuffer_free(body);
}

static void reply_json(struct evhttp_request *req, bool is_ok, json_t *json)
{
    char *text = json_dumps(json, JSON_INDENT(2));

    reply(req, text ? (is_ok ? 200 : 503) : 500, "application/json", text ? text : "", text ? strlen(text) : 0);
    free(text);
    json_decref(json);
}

static void on_metrics(struct evhttp_request *req, void *arg)
{
    size_t len = 0;
    char *text = wk_status_metrics(arg, &len);

    reply(req, text ? 200 : 500, "text/plain; version=0.0.4; charset=utf-8", text ? text : "", len);
    free(text);
}

static void on_healthz(struct evhttp_request *req, void *arg)
{
    bool is_ok;
    json_t *json = wk_status_health(arg, &is_ok);

    reply_json(req, is_ok, json);
}

static void on_readyz(struct evhttp_request *req, void *arg)
{
    bool is_ok;
    json_t *json = wk_status_ready(arg, &is_ok);

    reply_json(req, is_ok, json);
}

static void on_other(struct evhttp_request *req, void *arg)
{
    static const char text[] = "here are /metrics /healthz /readyz\n";

    (void)arg;
    reply(req, 404, "text/plain", text, sizeof text - 1);
}

struct wk_admin *wk_admin_create(struct wk_master *m, struct wk_err *err)
{
    struct wk_admin *admin = calloc(1, sizeof *admin);
    int fd = admin ? wk_socket_bind(m->conf.admin, err) : -1;

    if (!admin || fd < 0) {
        free(admin);
        return NULL;
    }
    admin->http = evhttp_new(m->base);
    if (!admin->http || evhttp_accept_socket(admin->http, fd) < 0) {
        (void)wk_fail(err, WK_SYSTEM, "master.admin", "host.admin: no memory to listen on %s", m->conf.admin);
        (void)close(fd);
        wk_admin_destroy(admin);
        return NULL;
    }
    evhttp_set_allowed_methods(admin->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
    evhttp_set_max_headers_size(admin->http, HEADER_MAX);
    evhttp_set_max_body_size(admin->http, BODY_MAX);
    evhttp_set_timeout(admin->http, TIMEOUT_S);
    (void)evhttp_set_cb(admin->http, "/metrics", on_metrics, m);
    (void)evhttp_set_cb(admin->http, "/healthz", on_healthz, m);
    (void)evhttp_set_cb(admin->http, "/readyz", on_readyz, m);
    evhttp_set_gencb(admin->http, on_other, NULL);
    return admin;
}

void wk_admin_destroy(struct wk_admin *admin)
{
    if (!admin)
        return;
    if (admin->http)
        evhttp_free(admin->http); /* closes the socket it accepted on */
    free(admin);
}
