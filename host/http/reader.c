/* reader.c - what arrives: header, body whole or in pieces, and what is refused. */
#include <stdlib.h>
#include <string.h>
#include "internal.h"

/* --- where bytes go -------------------------------------------------------------------------------------------------- */
static bool in_ext(const struct wk_exchange *x) { return x->open && x->ext && !x->chunked_in && x->mode == WK_BODY_WHOLE; }

bool wk_reader_room(struct wk_link *c, struct iovec *room)
{
    struct wk_exchange *x = &c->x;

    if (c->stage == WK_STAGE_BODY && in_ext(x)) { /* straight into the body's own buffer */
        size_t want = x->body_left < x->ext_cap - 1 - x->body_len ? (size_t)x->body_left : x->ext_cap - 1 - x->body_len;

        *room = (struct iovec){x->ext + x->body_len, want};
        return want > 0;
    }
    if (!c->in && !(c->in = wk_pool_take(&c->h->in_pool)))
        return false;
    *room = (struct iovec){wk_link_bytes(c) + c->in_end, c->h->in_cap - c->in_end};
    return room->iov_len > 0;
}

void wk_reader_got(struct wk_link *c, size_t n)
{
    struct wk_exchange *x = &c->x;

    c->rate_seen += n;
    if (c->stage == WK_STAGE_BODY && in_ext(x)) {
        x->body_len += n;
        x->body_left -= n;
    } else {
        c->in_end += n;
    }
}

void wk_reader_free_body(struct wk_exchange *x)
{
    if (x->saved_at)
        *x->saved_at = x->saved;
    x->saved_at = NULL;
    if (x->ext) {
        x->conn->h->stats.body_bytes_held -= x->ext_cap;
        free(x->ext);
        x->ext = NULL;
        x->ext_cap = 0;
    }
}

/* --- refusing ---------------------------------------------------------------------------------------------------------- */
static void count_refusal(struct wk_httpd *h, int status)
{
    switch (status) {
    case 408: /* counted by the deadline that passed */
        break;
    case 413:
        h->stats.over_body++;
        break;
    case 414:
        h->stats.over_uri++;
        break;
    case 431:
        h->stats.over_header++;
        break;
    case 503:
        h->stats.over_body_total++;
        break;
    default:
        h->stats.bad_requests++;
    }
}

/* Say why and close. An owner that knows the request hears on_abort; if its stream has begun, the connection is just cut. */
void wk_reader_refuse(struct wk_link *c, int status)
{
    struct wk_exchange *x = &c->x;
    struct wk_httpd *h = c->h;

    count_refusal(h, status);
    wk_link_pin(c);
    wk_wait_clear(&c->in_wait);
    if ((x->open && x->streaming) || !wk_writer_canned(c, status)) {
        wk_link_lost(c, true);
    } else {
        wk_link_set_stage(c, WK_STAGE_CLOSING);
        c->must_linger = true;
        x->gone = true;
        if (x->open && x->known && h->ops.on_abort)
            h->ops.on_abort(x, h->arg);
        if (x->open && !x->delivered) {
            x->open = false;
            wk_reader_free_body(x);
        }
    }
    wk_link_unpin(c);
}

/* --- the body ---------------------------------------------------------------------------------------------------------- */
static void deliver(struct wk_link *c)
{
    struct wk_exchange *x = &c->x;

    if (x->delivered)
        return; /* on_head has begun a stream: it will end it */
    x->known = x->delivered = true;
    c->h->ops.on_request(x, c->h->arg);
}

/* WHOLE and complete, or PIECES and its last piece given. */
static void body_complete(struct wk_link *c)
{
    struct wk_exchange *x = &c->x;

    x->body_done = true;
    wk_wait_clear(&c->in_wait);
    wk_link_set_stage(c, WK_STAGE_HANDLE);
    if (x->mode == WK_BODY_WHOLE)
        deliver(c);
    else if (c->h->ops.on_body)
        c->h->ops.on_body(x, NULL, 0, c->h->arg);
}

/* Room for `need` bytes and a NUL in the body's own buffer: 0, or the status to refuse with. */
static int grow_body(struct wk_exchange *x, size_t need)
{
    struct wk_httpd *h = x->conn->h;
    size_t cap = x->ext_cap ? x->ext_cap : 16384;
    char *grown;

    if (need + 1 <= x->ext_cap)
        return 0;
    while (cap < need + 1)
        cap *= 2;
    if (!x->chunked_in && cap > (uint64_t)x->content_length + 1 && (uint64_t)x->content_length + 1 >= need + 1)
        cap = (size_t)x->content_length + 1;
    if (h->stats.body_bytes_held + cap - x->ext_cap > h->conf.body_total_bytes)
        return 503;
    grown = realloc(x->ext, cap);
    if (!grown)
        return 503;
    h->stats.body_bytes_held += cap - x->ext_cap;
    x->ext = grown;
    x->ext_cap = cap;
    return 0;
}

static int append_body(struct wk_exchange *x, const char *data, size_t len)
{
    int status;

    if (x->body_len + len > x->body_cap_bytes)
        return 413;
    status = grow_body(x, x->body_len + len);
    if (status)
        return status;
    memcpy(x->ext + x->body_len, data, len);
    x->body_len += len;
    return 0;
}

/* The body lies behind the header in the input block: end it with a NUL, which is taken back when the exchange ends. */
static void body_in_place(struct wk_link *c)
{
    struct wk_exchange *x = &c->x;

    x->body_len = (size_t)x->content_length;
    x->body_left = 0;
    x->body = wk_link_bytes(c) + c->in_pos;
    c->in_pos += x->body_len;
    if (c->in_pos < c->in_end) {
        x->saved_at = wk_link_bytes(c) + c->in_pos;
        x->saved = *x->saved_at;
    } else {
        c->in_end = ++c->in_pos; /* a gap, or the next read would overwrite the NUL */
    }
    x->body[x->body_len] = '\0';
}

static bool step_whole_length(struct wk_link *c)
{
    struct wk_exchange *x = &c->x;
    size_t have = c->in_end - c->in_pos;
    int status;

    if (!x->ext && c->in_pos + (uint64_t)x->content_length + 1 <= c->h->in_cap) {
        if (have < (uint64_t)x->content_length)
            return false;
        body_in_place(c);
        body_complete(c);
        return true;
    }
    if (have > x->body_left)
        have = (size_t)x->body_left;
    status = append_body(x, wk_link_bytes(c) + c->in_pos, have);
    if (!status && x->body_left > have && x->body_len + 1 == x->ext_cap)
        status = grow_body(x, x->body_len + 1); /* so that the next read has room */
    if (status) {
        wk_reader_refuse(c, status);
        return false;
    }
    c->in_pos += have;
    x->body_left -= have;
    if (x->body_left)
        return false;
    x->ext[x->body_len] = '\0';
    x->body = x->ext;
    body_complete(c);
    return true;
}

/* The chunked coding, whole or in pieces. */
static bool step_chunked(struct wk_link *c)
{
    struct wk_exchange *x = &c->x;
    struct wk_span piece;
    size_t used;
    int status = 0;

    switch (wk_chunked_next(&x->chunked, wk_link_bytes(c) + c->in_pos, c->in_end - c->in_pos, &used, &piece)) {
    case WK_CHUNKED_MORE:
        c->in_pos = c->in_end = x->body_start;
        return false;
    case WK_CHUNKED_DATA:
        c->in_pos += used;
        if (x->mode == WK_BODY_WHOLE)
            status = append_body(x, piece.data, piece.len);
        else if ((x->body_len += piece.len) > x->body_cap_bytes)
            status = 413;
        else if (c->h->ops.on_body)
            c->h->ops.on_body(x, piece.data, piece.len, c->h->arg);
        break;
    case WK_CHUNKED_END:
        c->in_pos += used;
        if (x->mode == WK_BODY_WHOLE && !(status = append_body(x, "", 0))) {
            x->body = x->ext;
            x->body[x->body_len] = '\0';
        }
        if (!status)
            body_complete(c);
        break;
    case WK_CHUNKED_BAD:
        status = 400;
        break;
    }
    if (status)
        wk_reader_refuse(c, status);
    return !status;
}

static bool step_pieces_length(struct wk_link *c)
{
    struct wk_exchange *x = &c->x;
    size_t have = c->in_end - c->in_pos;
    const char *data = wk_link_bytes(c) + c->in_pos;

    if (have > x->body_left)
        have = (size_t)x->body_left;
    if (!have) {
        c->in_pos = c->in_end = x->body_start;
        return false;
    }
    c->in_pos += have;
    x->body_left -= have;
    if (c->h->ops.on_body)
        c->h->ops.on_body(x, data, have, c->h->arg);
    if (x->open && !x->gone && !x->body_left)
        body_complete(c);
    return true;
}

static bool step_body(struct wk_link *c)
{
    struct wk_exchange *x = &c->x;
    bool progress;

    if (x->paused)
        return false;
    progress = x->chunked_in                ? step_chunked(c)
               : x->mode == WK_BODY_PIECES ? step_pieces_length(c)
                                            : step_whole_length(c);
    if (!progress && c->stage == WK_STAGE_BODY && c->in_wait.list != WK_WAIT_BODY) {
        c->rate_since_us = c->h->now_us;
        c->rate_seen = 0;
        wk_wait_set(&c->in_wait, WK_WAIT_BODY);
    }
    return progress;
}

bool wk_reader_can_skip(const struct wk_exchange *x)
{
    return x->body_done || (!x->chunked_in && !x->expects && x->body_left <= WK_HTTP_DISCARD_MAX);
}

static bool step_discard(struct wk_link *c)
{
    struct wk_exchange *x = &c->x;
    size_t have = c->in_end - c->in_pos;

    if (have > x->body_left)
        have = (size_t)x->body_left;
    c->in_pos += have;
    x->body_left -= have;
    if (x->body_left) {
        c->in_pos = c->in_end = 0; /* nobody looks at the header any more */
        return false;
    }
    wk_wait_clear(&c->in_wait);
    wk_link_set_stage(c, WK_STAGE_IDLE);
    return true;
}

/* --- the header -------------------------------------------------------------------------------------------------------- */
static void reset_exchange(struct wk_link *c)
{
    struct wk_exchange *x = &c->x;

    memset(x, 0, sizeof *x);
    x->conn = c;
    x->received_us = c->h->now_us;
    x->body_cap_bytes = c->h->conf.body_max_bytes;
}

/* The owner may look at the header, choose how the body comes, or reply at once. */
static bool begin_request(struct wk_link *c)
{
    struct wk_exchange *x = &c->x;
    struct wk_httpd *h = c->h;

    x->open = true;
    x->body = x->empty;
    x->body_start = c->in_pos;
    x->body_left = x->chunked_in ? 0 : (uint64_t)x->content_length;
    x->body_done = x->content_length == 0;
    c->served++;
    h->stats.requests++;
    if (c->served > 1)
        h->stats.keepalive_reuses++;
    wk_link_set_stage(c, x->body_done ? WK_STAGE_HANDLE : WK_STAGE_BODY);
    if (h->ops.on_head) {
        x->known = true;
        h->ops.on_head(x, h->arg);
        if (!x->open)
            return true;
    }
    if (!x->chunked_in && (uint64_t)x->content_length > x->body_cap_bytes) {
        wk_reader_refuse(c, 413);
        return false;
    }
    if (x->expects && c->in_pos == c->in_end && !wk_writer_append(c, "HTTP/1.1 100 Continue\r\n\r\n", 25)) {
        wk_link_lost(c, true);
        return false;
    }
    x->expects = false;
    if (x->mode == WK_BODY_PIECES || x->body_done)
        deliver(c);
    if (x->open && x->body_done && x->mode == WK_BODY_PIECES)
        body_complete(c);
    return true;
}

/* Room behind this header for the rest of its request: move it to the front when it lies far back. */
static void make_room(struct wk_link *c, size_t head_len)
{
    if (!c->in_pos || c->h->in_cap - c->in_pos - head_len >= WK_HTTP_SCRATCH / 2)
        return;
    memmove(wk_link_bytes(c), wk_link_bytes(c) + c->in_pos, c->in_end - c->in_pos);
    c->in_end -= c->in_pos;
    c->in_pos = 0;
}

/* 0 = keep waiting */
static int incomplete_head(const struct wk_link *c)
{
    size_t len = c->in_end - c->in_pos;

    if (!c->scanned && len > c->h->conf.uri_max_bytes + 32)
        return 414; /* not even the request line has ended */
    return len >= c->h->conf.header_max_bytes ? 431 : 0;
}

static bool wait_for_head(struct wk_link *c)
{
    int status = incomplete_head(c);

    if (status) {
        wk_reader_refuse(c, status);
    } else if (c->half_closed) {
        wk_link_close(c);
    } else if (c->in_pos) {
        memmove(wk_link_bytes(c), wk_link_bytes(c) + c->in_pos, c->in_end - c->in_pos);
        c->in_end -= c->in_pos;
        c->in_pos = 0;
    }
    return false;
}

static bool step_head(struct wk_link *c)
{
    enum wk_head_scan scan;
    int status = 0;

    if (c->in_pos == c->in_end)
        return false;
    if (c->stage == WK_STAGE_IDLE) {
        reset_exchange(c);
        c->scanned = 0;
        if (c->in_wait.list == WK_WAIT_IDLE) /* a new connection's deadline runs since accept */
            wk_wait_clear(&c->in_wait);
        wk_link_set_stage(c, WK_STAGE_HEAD);
    }
    while (!c->scanned && c->in_end - c->in_pos >= 2 && !memcmp(wk_link_bytes(c) + c->in_pos, "\r\n", 2))
        c->in_pos += 2; /* empty lines before a request are allowed; the header deadline bounds them */
    scan = wk_head_scan(wk_link_bytes(c) + c->in_pos, c->in_end - c->in_pos, &c->scanned);
    if (scan == WK_HEAD_MORE) {
        if (c->in_wait.list < 0)
            wk_wait_set(&c->in_wait, WK_WAIT_HEAD);
        return wait_for_head(c);
    }
    wk_wait_clear(&c->in_wait);
    if (scan == WK_HEAD_BAD)
        status = 400;
    else if (c->scanned > c->h->conf.header_max_bytes)
        status = 431;
    else {
        make_room(c, c->scanned);
        status = wk_head_parse(c, c->scanned);
    }
    if (status) {
        wk_reader_refuse(c, status);
        return false;
    }
    c->in_pos += c->scanned;
    return begin_request(c);
}

/* One step through the input: true = progress, call again. */
bool wk_reader_step(struct wk_link *c)
{
    if (!c->in)
        return false;
    switch (c->stage) {
    case WK_STAGE_IDLE:
    case WK_STAGE_HEAD:
        return step_head(c);
    case WK_STAGE_BODY:
        return step_body(c);
    case WK_STAGE_DISCARD:
        return step_discard(c);
    default:
        return false;
    }
}
