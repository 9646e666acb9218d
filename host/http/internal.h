/* internal.h - what the files of the server share: the connection, its one exchange, buffers, deadline lists.
 * Life of a connection: IDLE -> HEAD -> BODY -> HANDLE -> IDLE ... -> CLOSING -> LINGER -> closed. The exchange is part of
 * the connection and reused; a connection whose client left stays in memory until its owner lets the exchange go. */
#ifndef WK_HTTP_INTERNAL_H
#define WK_HTTP_INTERNAL_H
#include <event2/event.h>
#include <event2/event_struct.h>
#include <llhttp.h>
#include <sys/queue.h>
#include <sys/uio.h>
#include <time.h>
#include "chunked.h"
#include "server.h"

#define WK_HTTP_SCRATCH 16384      /* room for body bytes behind the largest header */
#define WK_HTTP_OUT_BLOCK 16384    /* pooled output buffers; larger ones are allocated and freed */
#define WK_HTTP_DISCARD_MAX 65536  /* an unread body up to this size is skipped rather than costing the connection */
#define WK_HTTP_TURN_REQUESTS 32   /* pipelined requests of one connection per loop turn */
#define WK_HTTP_POOL_KEEP 256
#define WK_HTTP_LISTENERS 8
#define WK_HTTP_BATCH_MAX 64
#define WK_HTTP_PEER 64

enum wk_stage {
    WK_STAGE_IDLE,    /* between requests, no byte of the next one looked at */
    WK_STAGE_HEAD,    /* part of a header is here */
    WK_STAGE_BODY,    /* header known, body to come */
    WK_STAGE_HANDLE,  /* request complete, reply outstanding */
    WK_STAGE_DISCARD, /* replied early; skipping the rest of the body */
    WK_STAGE_CLOSING, /* flush the output, then close */
    WK_STAGE_LINGER,  /* sending side shut; throw input away so that the reply is not reset */
    WK_STAGE_CLOSED,  /* fd gone; in memory only while an owner holds the exchange */
};
enum wk_wait { WK_WAIT_IDLE, WK_WAIT_HEAD, WK_WAIT_BODY, WK_WAIT_LINGER, WK_WAIT_WRITE, WK_WAITS };

struct wk_block { /* a pooled buffer */
    struct wk_block *next;
    char bytes[];
};
struct wk_pool {
    struct wk_block *first;
    size_t bytes;
    uint32_t kept;
};
struct wk_wait_node { /* place in one of the deadline lists; each list is ordered because its interval is constant */
    TAILQ_ENTRY(wk_wait_node) link;
    struct wk_link *conn;
    int64_t due_us;
    int list; /* -1 = none */
};
TAILQ_HEAD(wk_wait_list, wk_wait_node);

struct wk_hdr { /* offsets into the input block: the header does not move once it is parsed */
    uint32_t name, name_len, value, value_len;
};

struct wk_exchange {
    struct wk_link *conn;
    void *data;
    int64_t received_us;
    const char *method;
    struct wk_span target, path, query, host;
    uint32_t n_headers;
    uint8_t version; /* 10 or 11 */
    bool is_head, keep_alive, chunked_in, expects;
    bool open;       /* the request's head is parsed and the exchange not finished */
    bool known;      /* the owner has seen it (on_head or on_request) */
    bool delivered;  /* on_request was called: the owner must finish it */
    bool gone;       /* no reply can reach the client any more */
    bool watch;
    enum wk_body_mode mode;
    uint64_t body_cap_bytes, body_left; /* body_left: content-length bytes not consumed yet */
    size_t body_start;                  /* in the input block, behind the header */
    int64_t content_length; /* -1 = chunked */
    bool body_done, paused;
    struct wk_chunked chunked;
    char *body; /* WHOLE: in the input block, or ext */
    size_t body_len, ext_cap;
    char *ext;
    char *saved_at; /* the byte that the body's NUL overwrote */
    char saved, empty[1];
    bool streaming, chunked_out, no_body, wait_drain;
};

struct wk_out {
    char *data;
    size_t start, end, cap; /* cap == WK_HTTP_OUT_BLOCK: from the pool */
};

struct wk_link {
    struct wk_httpd *h;
    int fd;
    enum wk_stage stage;
    struct event ev_read, ev_write;
    bool reading, writing;         /* events are added */
    bool in_process, kick, half_closed, must_linger;
    uint32_t pins;                 /* callbacks on the stack that will touch it again */
    struct wk_block *in;
    size_t in_pos, in_end, scanned; /* next unparsed byte, end of bytes, complete lines checked behind in_pos */
    struct wk_out out;
    int64_t rate_since_us, out_since_us;
    uint64_t rate_seen, out_seen, lingered;
    struct wk_wait_node in_wait, out_wait;
    uint32_t served;
    struct wk_exchange x;
    TAILQ_ENTRY(wk_link) link;
    char peer[WK_HTTP_PEER];
};

struct wk_listener {
    struct event ev;
    int fd;
    bool on;
};

struct wk_httpd {
    struct event_base *base;
    struct wk_httpd_conf conf;
    struct wk_httpd_ops ops;
    void *arg;
    struct wk_httpd_stats stats;
    struct wk_listener listeners[WK_HTTP_LISTENERS];
    uint32_t n_listeners, held; /* held: closed connections whose exchange is still owned */
    bool stopped, capped, starved, resting, draining, done_told;
    uint32_t batch; /* accepts per wake-up now: grows while nobody else takes from the queue */
    struct event accept_timer, tick, give_timer, done_event;
    bool ticking;
    uint32_t tick_ms;
    int64_t now_us; /* taken once per event */
    TAILQ_HEAD(, wk_link) conns, closed;
    struct wk_wait_list waits[WK_WAITS];
    int64_t wait_us[WK_WAITS];
    struct wk_pool in_pool, out_pool;
    size_t in_cap;
    llhttp_t parser;
    llhttp_settings_t settings;
    int64_t date_s;
    char date[40];
    wk_httpd_give_fn *give;
    void (*done)(void *arg);
    void *drain_arg;
};

/* pool.c */
struct wk_block *wk_pool_take(struct wk_pool *p);
void wk_pool_give(struct wk_pool *p, struct wk_block *b);
void wk_pool_finish(struct wk_pool *p);

static inline int64_t wk_http_now_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}
/* The input block: the header table first, then bytes. */
static inline struct wk_hdr *wk_link_hdrs(const struct wk_link *c) { return (struct wk_hdr *)(void *)c->in->bytes; }
static inline char *wk_link_bytes(const struct wk_link *c)
{
    return c->in->bytes + sizeof(struct wk_hdr) * c->h->conf.header_max_count;
}
static inline size_t wk_out_pending(const struct wk_link *c) { return c->out.end - c->out.start; }

/* server.c */
void wk_httpd_conn_gone(struct wk_httpd *h); /* a connection or held exchange ended: accept again, maybe drained */
void wk_httpd_tick_on(struct wk_httpd *h);

/* wait.c */
void wk_wait_set(struct wk_wait_node *n, int list);
void wk_wait_clear(struct wk_wait_node *n);
void wk_wait_expire(struct wk_httpd *h);

/* conn.c */
struct wk_link *wk_link_create(struct wk_httpd *h, int fd, const char *peer);
void wk_link_set_stage(struct wk_link *c, enum wk_stage stage);
void wk_link_pin(struct wk_link *c);
void wk_link_unpin(struct wk_link *c); /* may free it */
void wk_link_close(struct wk_link *c); /* the fd and everything but a held exchange */
void wk_link_destroy(struct wk_link *c);
void wk_link_lost(struct wk_link *c, bool tell); /* the client is gone; tell: call on_abort */
void wk_link_process(struct wk_link *c);         /* parse and dispatch what is buffered; loop's stack only */
void wk_link_settle(struct wk_link *c);          /* flush, then close, give away, go idle or go on */
void wk_link_kick(struct wk_link *c);            /* process from the loop's stack, soon */
void wk_link_exchange_done(struct wk_link *c);
void wk_link_offer(struct wk_link *c); /* draining: give it away if it is between requests */

/* reader.c */
bool wk_reader_step(struct wk_link *c); /* true = progress, call again */
bool wk_reader_room(struct wk_link *c, struct iovec *room); /* where the next read goes; false = no room */
void wk_reader_got(struct wk_link *c, size_t n);
void wk_reader_refuse(struct wk_link *c, int status); /* answer for ourselves and close */
void wk_reader_free_body(struct wk_exchange *x);
/* May the rest of an unread body be skipped after an early reply, or must the connection close? */
bool wk_reader_can_skip(const struct wk_exchange *x);

/* head.c */
enum wk_head_scan { WK_HEAD_MORE, WK_HEAD_END, WK_HEAD_BAD };
/* Look at complete lines only: strict CRLF, no folding. *scanned is kept between calls; at END it is the head's length. */
enum wk_head_scan wk_head_scan(const char *head, size_t len, size_t *scanned);
int wk_head_parse(struct wk_link *c, size_t len); /* 0, or the status to refuse with */
void wk_head_settings(llhttp_settings_t *settings);

/* writer.c */
bool wk_writer_flush(struct wk_link *c); /* false = the connection broke */
bool wk_writer_append(struct wk_link *c, const void *data, size_t len);
bool wk_writer_canned(struct wk_link *c, int status);
void wk_writer_free(struct wk_link *c);
#endif
