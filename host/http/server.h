/* server.h - the HTTP/1.1 listener: connections, requests, replies, limits, drain.
 * Plain libevent events, llhttp for the grammar, no fiber inside: every op runs on the loop's stack, every function below
 * may be called from the loop or from a fiber. One request per connection is open at a time; pipelined ones wait in a
 * bounded buffer and are answered in order. Threads: loop only. Limits and reasons: docs/design/http.md. */
#ifndef WK_HTTP_SERVER_H
#define WK_HTTP_SERVER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wakala/base.h>
#include <wakala/err.h>

struct event_base;
struct wk_httpd;
struct wk_exchange; /* one request and its reply */

struct wk_httpd_conf { /* every 0 means the default in brackets */
    uint32_t header_max_bytes;   /* [16 KiB] request line and headers; above: 431 */
    uint32_t uri_max_bytes;      /* [8 KiB] above: 414 */
    uint32_t header_max_count;   /* [100] above: 431 */
    uint64_t body_max_bytes;     /* [1 MiB] above: 413; on_head may set another */
    uint64_t body_total_bytes;   /* [256 MiB] bodies held at once by all connections; above: 503 */
    uint32_t max_connections;    /* [10,000] at the cap the longest idle one is closed, else accepting pauses */
    uint32_t header_deadline_ms; /* [10 s] first byte (or accept) to the end of the header */
    uint32_t idle_timeout_ms;    /* [75 s] between requests */
    uint32_t body_min_rate;      /* [1,024 bytes/s] averaged after body_grace_ms */
    uint32_t body_grace_ms;      /* [5 s] */
    uint32_t write_min_rate;     /* [1,024 bytes/s] the client must take a pending reply this fast, after write_grace_ms */
    uint32_t write_grace_ms;     /* [10 s] */
    uint32_t write_mark_bytes;   /* [256 KiB] wk_exchange_write says WAIT above it; on_drain comes at half of it */
    uint32_t linger_ms;          /* [1 s] how long unread input is thrown away after an early reply, so that it arrives */
    uint32_t accept_batch;       /* [2] accepts per wake-up, then 1 ms rest: processes share one socket evenly */
    uint32_t accept_retry_ms;    /* [100] pause after EMFILE/ENFILE */
};

/* Any op may be NULL except on_request. An op may reply, also within on_head; after a reply nothing more is called for
 * that exchange. */
struct wk_httpd_ops {
    void (*on_head)(struct wk_exchange *x, void *arg);    /* header complete, body not read: set mode and cap, or reply */
    void (*on_request)(struct wk_exchange *x, void *arg); /* body whole (WHOLE) or about to come (PIECES): reply now or later */
    void (*on_body)(struct wk_exchange *x, const char *data, size_t len, void *arg); /* PIECES; len 0 = the end */
    void (*on_drain)(struct wk_exchange *x, void *arg);   /* after WAIT: the buffer is below half of the mark */
    /* The client is gone before the reply finished, or its body was refused or cut off. Called once, never from inside one
     * of the functions below, not after WK_WRITE_GONE. When on_request has been called, the exchange stays readable until
     * wk_exchange_release() or until its reply is finished; before on_request it ends when on_abort returns. NULL: the
     * owner learns of it by its next write or reply. */
    void (*on_abort)(struct wk_exchange *x, void *arg);
};

struct wk_httpd_stats { /* counters since create, except the first three */
    uint32_t connections, idle, busy; /* now; busy = a request is being read, handled or answered */
    uint64_t body_bytes_held;
    uint64_t accepted, adopted, given, requests, replies, bytes_in, bytes_out, keepalive_reuses;
    uint64_t bad_requests;      /* refused by grammar: 400, 417, 501, 505 */
    uint64_t over_header, over_uri, over_body, over_body_total;
    uint64_t header_timeouts, idle_timeouts, body_timeouts, write_timeouts;
    uint64_t aborts, accept_errors, accept_pauses, cap_closes, cap_pauses;
};

struct wk_httpd *wk_httpd_create(struct event_base *base, const struct wk_httpd_conf *conf, const struct wk_httpd_ops *ops,
                                 void *arg, struct wk_err *err);
/* Closes every connection without on_abort; exchanges still held by owners must have been released. NULL allowed. */
void wk_httpd_destroy(struct wk_httpd *h);
/* Accept on `fd`: already listening, inherited, shared with other processes; stays the caller's. May be called for several. */
bool wk_httpd_listen(struct wk_httpd *h, int fd, struct wk_err *err);
const struct wk_httpd_stats *wk_httpd_stats(struct wk_httpd *h);

/* --- drain and hand-over ------------------------------------------------------------------------------------------- */
enum wk_give {
    WK_GIVEN,      /* the send duplicated the fd; the server closes its own */
    WK_GIVE_LATER, /* the channel is full: served on, offered again in 10 ms */
    WK_GIVE_CLOSE, /* nobody wants it: the server closes it */
};
/* Takes one connection between two requests. `leftover` = bytes of a next request already read. */
typedef enum wk_give wk_httpd_give_fn(int fd, const char *peer, const void *leftover, size_t len, void *arg);

void wk_httpd_stop_accepting(struct wk_httpd *h);
/* Stop accepting; give away idle connections now and busy ones after their reply. give NULL: close instead, with
 * "Connection: close" on the last reply. `done` is called from the loop when no connection and no held exchange is left. */
void wk_httpd_drain(struct wk_httpd *h, wk_httpd_give_fn *give, void (*done)(void *arg), void *arg);
/* Take over a connection that another process gave; owns `fd` from here, also on failure. */
bool wk_httpd_adopt(struct wk_httpd *h, int fd, const char *peer, const void *leftover, size_t len, struct wk_err *err);

/* --- the request: everything lives until the exchange ends ----------------------------------------------------------- */
enum wk_body_mode { WK_BODY_WHOLE, WK_BODY_PIECES };
void wk_exchange_set_body(struct wk_exchange *x, enum wk_body_mode mode, uint64_t max_bytes); /* in on_head; max 0 = default */

const char *wk_exchange_method(const struct wk_exchange *x);        /* "GET": static text */
struct wk_span wk_exchange_target(const struct wk_exchange *x);     /* as sent */
struct wk_span wk_exchange_path(const struct wk_exchange *x);       /* raw, starts with '/', also of an absolute-form target ("*" for OPTIONS *) */
struct wk_span wk_exchange_query(const struct wk_exchange *x);      /* after '?', without it; data NULL = no '?' */
struct wk_span wk_exchange_host(const struct wk_exchange *x);       /* authority: absolute-form target, else Host */
int wk_exchange_version(const struct wk_exchange *x);               /* 10 or 11 */
const char *wk_exchange_peer(const struct wk_exchange *x);          /* address text without port */
bool wk_exchange_keeps_alive(const struct wk_exchange *x);
int64_t wk_exchange_received_us(const struct wk_exchange *x);       /* monotonic, first byte of the request */
struct wk_span wk_exchange_header(const struct wk_exchange *x, const char *name); /* first of that name; data NULL = absent */
size_t wk_exchange_header_count(const struct wk_exchange *x, const char *name);
/* The i-th header in order; false at the end. */
bool wk_exchange_header_at(const struct wk_exchange *x, size_t i, struct wk_span *name, struct wk_span *value);
int64_t wk_exchange_content_length(const struct wk_exchange *x);    /* -1 = chunked */
/* WHOLE only: contiguous, mutable, body[len] == 0. data is never NULL. */
char *wk_exchange_body(struct wk_exchange *x, size_t *len);
void wk_exchange_pause(struct wk_exchange *x);  /* PIECES: no on_body until resume; the client is held back by TCP */
void wk_exchange_resume(struct wk_exchange *x);
void wk_exchange_set_data(struct wk_exchange *x, void *data); /* the owner's slot; NULL for a new request */
void *wk_exchange_data(const struct wk_exchange *x);

/* --- the reply ------------------------------------------------------------------------------------------------------- */
struct wk_header_pair {
    const char *name, *value; /* control characters are replaced by spaces; framing headers and Date are ours and skipped */
};
/* Whole reply: copies what the socket does not take at once, sets Content-Length and Date, knows HEAD, 204, 304. Ends the
 * exchange: x is invalid afterwards. false = the client is gone. */
bool wk_exchange_reply(struct wk_exchange *x, int status, const struct wk_header_pair *headers, size_t n, const void *body,
                       size_t len);
enum wk_written {
    WK_WRITTEN,
    WK_WRITE_WAIT, /* taken, but the buffer is above its mark: write on after on_drain (at 16 marks the stream is cut) */
    WK_WRITE_GONE, /* the client is gone: release or end */
};
/* Streamed reply: chunked, or closed by end of connection for HTTP/1.0. */
enum wk_written wk_exchange_begin(struct wk_exchange *x, int status, const struct wk_header_pair *headers, size_t n);
enum wk_written wk_exchange_write(struct wk_exchange *x, const void *data, size_t len);
bool wk_exchange_end(struct wk_exchange *x); /* x is invalid afterwards */
/* Give up: without a reply (or in mid-stream) the connection is cut. x is invalid afterwards. */
void wk_exchange_release(struct wk_exchange *x);
void wk_exchange_close_after(struct wk_exchange *x); /* "Connection: close" on this reply */
/* A client that only closed its sending side still gets its reply, so by default its FIN is not "gone". A silent stream
 * (server-sent events) calls this to have on_abort at the FIN. false = it has already come. */
bool wk_exchange_watch(struct wk_exchange *x);
bool wk_exchange_is_gone(const struct wk_exchange *x);
const char *wk_http_reason(int status); /* "Not Found"; "Status" when unknown */
#endif
