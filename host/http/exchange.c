/* exchange.c - looking at a request, steering its body. */
#include <string.h>
#include <strings.h>
#include "internal.h"

void wk_exchange_set_body(struct wk_exchange *x, enum wk_body_mode mode, uint64_t max_bytes)
{
    x->mode = mode;
    if (max_bytes)
        x->body_cap_bytes = max_bytes;
}

const char *wk_exchange_method(const struct wk_exchange *x) { return x->method; }
struct wk_span wk_exchange_target(const struct wk_exchange *x) { return x->target; }
struct wk_span wk_exchange_path(const struct wk_exchange *x) { return x->path; }
struct wk_span wk_exchange_query(const struct wk_exchange *x) { return x->query; }
struct wk_span wk_exchange_host(const struct wk_exchange *x) { return x->host; }
int wk_exchange_version(const struct wk_exchange *x) { return x->version; }
const char *wk_exchange_peer(const struct wk_exchange *x) { return x->conn->peer; }
bool wk_exchange_keeps_alive(const struct wk_exchange *x) { return x->keep_alive; }
int64_t wk_exchange_received_us(const struct wk_exchange *x) { return x->received_us; }
int64_t wk_exchange_content_length(const struct wk_exchange *x) { return x->content_length; }
void wk_exchange_set_data(struct wk_exchange *x, void *data) { x->data = data; }
void *wk_exchange_data(const struct wk_exchange *x) { return x->data; }
bool wk_exchange_is_gone(const struct wk_exchange *x) { return x->gone; }
void wk_exchange_close_after(struct wk_exchange *x) { x->keep_alive = false; }

static bool is_named(const struct wk_exchange *x, const struct wk_hdr *hd, const char *name, size_t len)
{
    return hd->name_len == len && !strncasecmp(wk_link_bytes(x->conn) + hd->name, name, len);
}

struct wk_span wk_exchange_header(const struct wk_exchange *x, const char *name)
{
    const struct wk_hdr *hdrs = wk_link_hdrs(x->conn);
    size_t len = strlen(name);

    for (uint32_t i = 0; i < x->n_headers; i++)
        if (is_named(x, &hdrs[i], name, len))
            return (struct wk_span){wk_link_bytes(x->conn) + hdrs[i].value, hdrs[i].value_len};
    return (struct wk_span){NULL, 0};
}

size_t wk_exchange_header_count(const struct wk_exchange *x, const char *name)
{
    const struct wk_hdr *hdrs = wk_link_hdrs(x->conn);
    size_t len = strlen(name), n = 0;

    for (uint32_t i = 0; i < x->n_headers; i++)
        n += is_named(x, &hdrs[i], name, len);
    return n;
}

bool wk_exchange_header_at(const struct wk_exchange *x, size_t i, struct wk_span *name, struct wk_span *value)
{
    const struct wk_hdr *hd;

    if (i >= x->n_headers)
        return false;
    hd = &wk_link_hdrs(x->conn)[i];
    *name = (struct wk_span){wk_link_bytes(x->conn) + hd->name, hd->name_len};
    *value = (struct wk_span){wk_link_bytes(x->conn) + hd->value, hd->value_len};
    return true;
}

char *wk_exchange_body(struct wk_exchange *x, size_t *len)
{
    *len = x->mode == WK_BODY_WHOLE ? x->body_len : 0;
    return x->mode == WK_BODY_WHOLE ? x->body : x->empty;
}

void wk_exchange_pause(struct wk_exchange *x)
{
    x->paused = true;
    if (x->conn->in_wait.list == WK_WAIT_BODY) /* it is we who are slow, not the client */
        wk_wait_clear(&x->conn->in_wait);
}

void wk_exchange_resume(struct wk_exchange *x)
{
    if (!x->paused)
        return;
    x->paused = false;
    if (!x->gone)
        wk_link_kick(x->conn);
}

bool wk_exchange_watch(struct wk_exchange *x)
{
    if (x->gone || x->conn->half_closed)
        return false;
    x->watch = true;
    return true;
}
