/* writer.c - what leaves: status line, headers, body, chunks. Bytes go to the socket at once when nothing is queued; only
 * what it does not take is copied. While input is processed, small replies collect so that a pipeline costs one write. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include "internal.h"

#define DEAF_OWNER 16 /* marks of unsent bytes after which a stream that ignores WAIT is cut */
#define COLLECT_MAX 8192 /* replies with larger bodies are not copied into the collected output */

/* --- the queue --------------------------------------------------------------------------------------------------------- */
void wk_writer_free(struct wk_link *c)
{
    struct wk_out *o = &c->out;

    if (!o->data)
        return;
    if (o->cap == WK_HTTP_OUT_BLOCK)
        wk_pool_give(&c->h->out_pool, (struct wk_block *)(void *)(o->data - offsetof(struct wk_block, bytes)));
    else
        free(o->data);
    *o = (struct wk_out){0};
}

/* Room for `more` bytes at the end of the queue. */
static char *reserve(struct wk_link *c, size_t more)
{
    struct wk_out *o = &c->out;
    size_t pending = o->end - o->start, cap = WK_HTTP_OUT_BLOCK;
    char *data;

    if (o->data && o->cap - o->end >= more)
        return o->data + o->end;
    if (o->data && o->cap - pending >= more) {
        memmove(o->data, o->data + o->start, pending);
        o->start = 0;
        o->end = pending;
        return o->data + pending;
    }
    if (!o->data && more <= WK_HTTP_OUT_BLOCK) {
        struct wk_block *b = wk_pool_take(&c->h->out_pool);

        if (!b)
            return NULL;
        *o = (struct wk_out){.data = b->bytes, .cap = WK_HTTP_OUT_BLOCK};
        return o->data;
    }
    while (cap <= WK_HTTP_OUT_BLOCK || cap < pending + more)
        cap *= 2;
    if (!(data = malloc(cap)))
        return NULL;
    if (pending)
        memcpy(data, o->data + o->start, pending);
    wk_writer_free(c);
    *o = (struct wk_out){.data = data, .end = pending, .cap = cap};
    return data + pending;
}

bool wk_writer_append(struct wk_link *c, const void *data, size_t len)
{
    char *p;

    if (!len)
        return true;
    if (!(p = reserve(c, len)))
        return false;
    memcpy(p, data, len);
    c->out.end += len;
    return true;
}

static void watch_writable(struct wk_link *c, bool on)
{
    if (c->writing == on)
        return;
    if (on) {
        c->out_since_us = c->h->now_us;
        c->out_seen = 0;
        event_add(&c->ev_write, NULL);
        wk_wait_set(&c->out_wait, WK_WAIT_WRITE);
    } else {
        event_del(&c->ev_write);
        wk_wait_clear(&c->out_wait);
    }
    c->writing = on;
}

/* Write the queue and then `tail` (n pieces); what is not taken is queued. False = the connection broke. */
static bool send_now(struct wk_link *c, const struct iovec *tail, int n)
{
    struct iovec iov[6];
    int count = 0;
    ssize_t sent;
    size_t left;

    if (wk_out_pending(c))
        iov[count++] = (struct iovec){c->out.data + c->out.start, wk_out_pending(c)};
    for (int i = 0; i < n; i++)
        iov[count++] = tail[i];
    do {
        struct msghdr msg = {.msg_iov = iov, .msg_iovlen = (size_t)count};

        sent = count == 1 ? send(c->fd, iov[0].iov_base, iov[0].iov_len, MSG_NOSIGNAL) : sendmsg(c->fd, &msg, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0 && errno != EAGAIN)
        return false;
    left = sent < 0 ? 0 : (size_t)sent;
    c->h->stats.bytes_out += left;
    c->out_seen += left;
    for (int i = 0, queue = wk_out_pending(c) ? 1 : 0; i < count; i++) {
        size_t took = left < iov[i].iov_len ? left : iov[i].iov_len;

        left -= took;
        if (i < queue)
            c->out.start += took;
        else if (took < iov[i].iov_len && !wk_writer_append(c, (char *)iov[i].iov_base + took, iov[i].iov_len - took))
            return false;
    }
    if (wk_out_pending(c)) {
        watch_writable(c, true);
        return true;
    }
    watch_writable(c, false);
    wk_writer_free(c);
    return true;
}

bool wk_writer_flush(struct wk_link *c) { return !wk_out_pending(c) || send_now(c, NULL, 0); }

/* --- the head of a reply ----------------------------------------------------------------------------------------------- */
static char *put(char *p, const char *text, size_t len)
{
    memcpy(p, text, len);
    return p + len;
}
#define PUT(p, literal) put(p, literal, sizeof(literal) - 1)

static char *put_number(char *p, uint64_t n, unsigned base)
{
    char digits[24];
    int i = sizeof digits;

    do
        digits[--i] = "0123456789abcdef"[n % base];
    while ((n /= base));
    return put(p, digits + i, sizeof digits - (size_t)i);
}

static char *put_clean(char *p, const char *text)
{
    for (; *text; text++)
        *p++ = (unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : *text;
    return p;
}

static const char *date_line(struct wk_httpd *h)
{
    time_t now = time(NULL);
    struct tm tm;

    if (now != h->date_s) {
        h->date_s = now;
        gmtime_r(&now, &tm);
        (void)strftime(h->date, sizeof h->date, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
    }
    return h->date;
}

/* Headers that say how the message is framed are ours. "Connection: close" from the owner is heard. */
static bool is_ours(struct wk_exchange *x, const struct wk_header_pair *hd)
{
    switch (hd->name[0] | 0x20) {
    case 'c':
        if (!strcasecmp(hd->name, "connection")) {
            if (!strcasecmp(hd->value, "close"))
                x->keep_alive = false;
            return true;
        }
        return !strcasecmp(hd->name, "content-length");
    case 't':
        return !strcasecmp(hd->name, "transfer-encoding");
    case 'd':
        return !strcasecmp(hd->name, "date");
    default:
        return hd->name[0] == '\0';
    }
}

static size_t head_size(const struct wk_header_pair *headers, size_t n)
{
    size_t size = 256; /* status line, date, length, connection */

    for (size_t i = 0; i < n; i++)
        size += strlen(headers[i].name) + strlen(headers[i].value) + 4;
    return size;
}

static bool has_no_body(int status) { return status < 200 || status == 204 || status == 304; }

/* length -1: streamed. Queues the head; false without memory. */
static bool put_head(struct wk_exchange *x, int status, const struct wk_header_pair *headers, size_t n, int64_t length)
{
    struct wk_link *c = x->conn;
    const char *reason = wk_http_reason(status);
    char *p = reserve(c, head_size(headers, n));

    if (!p)
        return false;
    if (!wk_reader_can_skip(x) || (c->h->draining && !c->h->give) || (c->half_closed && c->in_pos == c->in_end))
        x->keep_alive = false;
    x->no_body = x->is_head || has_no_body(status);
    x->chunked_out = length < 0 && !has_no_body(status) && x->version == 11;
    if (length < 0 && x->version == 10 && !x->no_body)
        x->keep_alive = false;
    p = PUT(p, "HTTP/1.1 ");
    p = put_number(p, (uint64_t)status, 10);
    *p++ = ' ';
    p = put(p, reason, strlen(reason));
    p = PUT(p, "\r\n");
    p = put(p, date_line(c->h), 37);
    for (size_t i = 0; i < n; i++) {
        if (is_ours(x, &headers[i]))
            continue;
        p = put_clean(p, headers[i].name);
        p = PUT(p, ": ");
        p = put_clean(p, headers[i].value);
        p = PUT(p, "\r\n");
    }
    if (length >= 0 && !has_no_body(status)) {
        p = PUT(p, "Content-Length: ");
        p = put_number(p, (uint64_t)length, 10);
        p = PUT(p, "\r\n");
    }
    if (x->chunked_out)
        p = PUT(p, "Transfer-Encoding: chunked\r\n");
    if (!x->keep_alive)
        p = PUT(p, "Connection: close\r\n");
    else if (x->version == 10)
        p = PUT(p, "Connection: keep-alive\r\n");
    p = PUT(p, "\r\n");
    c->out.end = (size_t)(p - c->out.data);
    return true;
}

/* --- replies ------------------------------------------------------------------------------------------------------------- */
bool wk_writer_canned(struct wk_link *c, int status)
{
    char body[160], text[400];
    int len = snprintf(body, sizeof body, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d}\n", wk_http_reason(status), status);
    int n = snprintf(text, sizeof text,
                     "HTTP/1.1 %d %s\r\n%sContent-Type: application/problem+json\r\nContent-Length: %d\r\n"
                     "Connection: close\r\n\r\n%s",
                     status, wk_http_reason(status), date_line(c->h), len, c->x.is_head ? "" : body);

    return wk_writer_append(c, text, (size_t)n);
}

bool wk_exchange_reply(struct wk_exchange *x, int status, const struct wk_header_pair *headers, size_t n, const void *body,
                       size_t len)
{
    struct wk_link *c = x->conn;
    bool ok = !x->gone && !x->streaming && put_head(x, status, headers, n, (int64_t)len);

    if (ok && len && !x->no_body) {
        if (c->in_process ? len <= COLLECT_MAX : len <= 1024)
            ok = wk_writer_append(c, body, len);
        else
            ok = send_now(c, &(struct iovec){(void *)(uintptr_t)body, len}, 1);
    }
    if (ok && !c->in_process)
        ok = wk_writer_flush(c);
    wk_link_pin(c);
    if (ok)
        c->h->stats.replies++;
    else if (!x->gone)
        wk_link_lost(c, false);
    wk_link_exchange_done(c);
    wk_link_unpin(c);
    return ok;
}

static enum wk_written written(struct wk_exchange *x, bool ok)
{
    if (!ok) {
        wk_link_lost(x->conn, false); /* stays readable: on_request was called */
        return WK_WRITE_GONE;
    }
    if (wk_out_pending(x->conn) <= x->conn->h->conf.write_mark_bytes)
        return WK_WRITTEN;
    x->wait_drain = true;
    return WK_WRITE_WAIT;
}

enum wk_written wk_exchange_begin(struct wk_exchange *x, int status, const struct wk_header_pair *headers, size_t n)
{
    if (x->gone || x->streaming)
        return WK_WRITE_GONE;
    x->delivered = x->known = true; /* from here the owner finishes it, also when it began in on_head */
    if (!put_head(x, status, headers, n, -1))
        return written(x, false);
    x->streaming = true;
    return written(x, x->conn->in_process || wk_writer_flush(x->conn));
}

enum wk_written wk_exchange_write(struct wk_exchange *x, const void *data, size_t len)
{
    struct iovec iov[3] = {{NULL, 0}, {(void *)(uintptr_t)data, len}, {(void *)(uintptr_t) "\r\n", 2}};
    char size[24];

    if (x->gone || !x->streaming)
        return WK_WRITE_GONE;
    if (wk_out_pending(x->conn) > (size_t)DEAF_OWNER * x->conn->h->conf.write_mark_bytes)
        return written(x, false);
    if (x->no_body || !len)
        return written(x, true);
    if (!x->chunked_out)
        return written(x, send_now(x->conn, iov + 1, 1));
    iov[0] = (struct iovec){size, (size_t)(PUT(put_number(size, len, 16), "\r\n") - size)};
    return written(x, send_now(x->conn, iov, 3));
}

bool wk_exchange_end(struct wk_exchange *x)
{
    struct wk_link *c = x->conn;
    bool ok = !x->gone && x->streaming;

    if (ok && x->chunked_out && !x->no_body)
        ok = wk_writer_append(c, "0\r\n\r\n", 5);
    if (ok && !c->in_process)
        ok = wk_writer_flush(c);
    wk_link_pin(c);
    if (ok)
        c->h->stats.replies++;
    else if (!x->gone)
        wk_link_lost(c, false);
    x->streaming = false;
    wk_link_exchange_done(c);
    wk_link_unpin(c);
    return ok;
}

void wk_exchange_release(struct wk_exchange *x)
{
    struct wk_link *c = x->conn;

    wk_link_pin(c);
    if (!x->gone)
        wk_link_lost(c, false);
    wk_link_exchange_done(c);
    wk_link_unpin(c);
}
