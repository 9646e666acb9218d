/* Servers behind the gateway: kept connections, every cut of every answer, what is tried again and what is not. */
#include "rig.h"
#include <arpa/inet.h>
#include <fiber/fiber.h>
#include <http/upstream.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct rig rig;
static struct wk_sched *sched;

struct job {
    struct wk_upstream *up;
    struct wk_upstream_req req;
    struct wk_upstream_res res;
    struct wk_err err;
    char body[4096];
    size_t len;
    bool ok, over, is_kept; /* kept: not given back */
    uint32_t deadline_ms;
    struct wk_fiber *fiber;
};

static void ask(void *arg)
{
    struct job *job = arg;

    if (job->deadline_ms)
        wk_fiber_set_deadline(wk_fiber_self(), wk_mono_us() + (int64_t)job->deadline_ms * 1000);
    job->ok = wk_upstream_ask(job->up, &job->req, &job->res, &job->err);
    if (job->ok) {
        job->len = job->res.body.len;
        memcpy(job->body, job->res.body.data, job->len < sizeof job->body - 1 ? job->len : sizeof job->body - 1);
        if (!job->is_kept)
            wk_upstream_done(job->up, &job->res);
    }
    job->over = true;
}

static void start(struct job *job, struct wk_upstream *up, const char *method, const char *target)
{
    job->up = up;
    job->req.method = method;
    job->req.target = (struct wk_span){target, strlen(target)};
    job->fiber = wk_fiber_spawn(sched, "test", ask, job, NULL);
    assert_non_null(job->fiber);
}

static void join(struct job *job)
{
    for (int i = 0; i < 5000 && !job->over; i++)
        rig_pump(&rig, 1);
    assert_true(job->over);
}

static struct job *get(struct wk_upstream *up, const char *target)
{
    static struct job job;

    memset(&job, 0, sizeof job);
    start(&job, up, "GET", target);
    join(&job);
    return &job;
}

static struct wk_upstream *to(int port, const struct wk_upstream_conf *conf)
{
    char address[64];
    struct wk_upstream *up;
    struct wk_err err;

    snprintf(address, sizeof address, "127.0.0.1:%d", port);
    up = wk_upstream_create(rig.base, address, conf, &err);
    assert_non_null(up);
    return up;
}

static int setup(void **state)
{
    struct wk_err err;

    (void)state;
    rig_start(&rig, NULL);
    sched = wk_sched_create(rig.base, NULL, &err);
    return sched ? 0 : -1;
}
static int teardown(void **state)
{
    (void)state;
    rig_pump(&rig, 10);
    wk_sched_destroy(sched);
    rig_stop(&rig);
    return 0;
}

/* A server that says `text`, `cut` bytes of it first and the rest after a pause, and closes or not. Counts connections and requests. */
static struct {
    struct event *event, *conns[64];
    const char *text;
    size_t cut;
    bool closes;
    int taken, asked, n;
    int close_at; /* this request (from 1) is answered by closing; 0: none */
} odd;

static void odd_rest(evutil_socket_t none, short what, void *arg)
{
    int fd = (int)(intptr_t)arg;

    (void)none, (void)what;
    (void)!send(fd, odd.text + odd.cut, strlen(odd.text) - odd.cut, MSG_NOSIGNAL);
    if (odd.closes)
        shutdown(fd, SHUT_WR);
}

static void odd_said(evutil_socket_t fd, short what, void *arg)
{
    char sink[65536];
    ssize_t n = recv(fd, sink, sizeof sink, 0);

    (void)what, (void)arg;
    if (n <= 0) {
        for (int i = 0; i < odd.n; i++)
            if (odd.conns[i] && event_get_fd(odd.conns[i]) == fd) {
                event_free(odd.conns[i]);
                odd.conns[i] = NULL;
            }
        close(fd);
        return;
    }
    if (!memmem(sink, (size_t)n, "\r\n\r\n", 4))
        return; /* the rest of a body */
    if (++odd.asked == odd.close_at) {
        shutdown(fd, SHUT_RDWR);
        return;
    }
    (void)!send(fd, odd.text, odd.cut, MSG_NOSIGNAL);
    if (odd.cut < strlen(odd.text))
        event_base_once(rig.base, -1, EV_TIMEOUT, odd_rest, (void *)(intptr_t)fd, &(struct timeval){0, 1000});
    else if (odd.closes)
        shutdown(fd, SHUT_WR);
}

static void odd_come(evutil_socket_t fd, short what, void *arg)
{
    int conn = accept(fd, NULL, NULL);

    (void)what, (void)arg;
    odd.taken++;
    odd.conns[odd.n] = event_new(rig.base, conn, EV_READ | EV_PERSIST, odd_said, NULL);
    event_add(odd.conns[odd.n++], NULL);
}

static struct wk_upstream *odd_start(const char *text, size_t cut, bool closes)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof addr;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memset(&odd, 0, sizeof odd);
    odd.text = text;
    odd.cut = cut;
    odd.closes = closes;
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof addr), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
    assert_int_equal(listen(fd, 8), 0);
    odd.event = event_new(rig.base, fd, EV_READ | EV_PERSIST, odd_come, NULL);
    event_add(odd.event, NULL);
    return to(ntohs(addr.sin_port), NULL);
}

static void odd_stop(struct wk_upstream *up)
{
    wk_upstream_destroy(up);
    for (int i = 0; i < odd.n; i++)
        if (odd.conns[i]) {
            close(event_get_fd(odd.conns[i]));
            event_free(odd.conns[i]);
        }
    close(event_get_fd(odd.event));
    event_free(odd.event);
}

static void a_connection_is_kept(void **state)
{
    struct wk_upstream *up = to(rig.port, NULL);

    (void)state;
    for (int i = 0; i < 20; i++) {
        struct job *job = get(up, "/hello");

        assert_true(job->ok);
        assert_int_equal(job->res.status, 200);
        assert_string_equal(job->body, "/hello");
    }
    assert_int_equal(wk_upstream_stats(up)->connects, 1);
    assert_int_equal(wk_upstream_stats(up)->idle, 1);
    assert_int_equal(get(up, "/empty")->res.status, 204);
    wk_upstream_destroy(up);
}

static void a_body_and_headers_go_and_come(void **state)
{
    const struct wk_header_pair headers[] = {{"X-A", "b"}};
    static char large[900000];
    struct wk_upstream *up = to(rig.port, NULL);
    struct job job = {.req = {.headers = headers, .n_headers = 1, .body = "hello", .body_len = 5, .host = "shop.example"}};

    (void)state;
    start(&job, up, "POST", "/hold?a=b");
    while (!rig.n_held)
        rig_pump(&rig, 1);
    assert_string_equal(wk_exchange_method(rig.held[0]), "POST");
    assert_memory_equal(wk_exchange_header(rig.held[0], "x-a").data, "b", 1);
    assert_memory_equal(wk_exchange_header(rig.held[0], "host").data, "shop.example", 12);
    wk_exchange_reply(rig.held[0], 404, (struct wk_header_pair[]){{"X-Found", "not"}}, 1, "no", 2);
    rig.held[0] = NULL;
    job.is_kept = true;
    join(&job);
    assert_true(job.ok);
    assert_int_equal(job.res.status, 404);
    assert_memory_equal(wk_upstream_header(&job.res, "x-found").data, "not", 3);
    wk_upstream_done(up, &job.res);
    memset(large, 'x', sizeof large);
    job = (struct job){.req = {.body = large, .body_len = sizeof large}};
    start(&job, up, "PUT", "/echo");
    join(&job);
    assert_true(job.ok);
    assert_int_equal(job.len, sizeof large);
    wk_upstream_destroy(up);
}

/* Whole in one piece or cut anywhere, all forms of a body. */
static void an_answer_is_the_same_however_it_is_cut(void **state)
{
    static const struct { const char *text, *body; bool closes; int status; } rows[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Two: a  b\r\n\r\nhello", "hello", false, 200},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n", "hello", false, 200},
        {"HTTP/1.1 200 OK\r\n\r\nhello", "hello", true, 200},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Made\r\nContent-Length: 5\r\n\r\nhello", "hello", false, 201},
        {"HTTP/1.1 204 No Content\r\nX-Empty:\r\n\r\n", "", false, 204},
        {"HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nContent-Length: 7\r\n\r\n", "", false, 304},
    };

    (void)state;
    for (size_t i = 0; i < WK_COUNT(rows); i++)
        for (size_t cut = 1; cut <= strlen(rows[i].text); cut++) {
            struct wk_upstream *up = odd_start(rows[i].text, cut, rows[i].closes);

            int rounds = cut == strlen(rows[i].text) ? 3 : 1;

            for (int round = 0; round < rounds; round++) {
                struct job *job = get(up, "/");

                if (!job->ok || job->res.status != rows[i].status || strcmp(job->body, rows[i].body))
                    fail_msg("row %zu cut %zu round %d: %d %d '%s' %s", i, cut, round, job->ok, job->res.status, job->body, job->err.msg);
            }
            assert_int_equal(odd.taken, rows[i].closes ? rounds : 1);
            odd_stop(up);
        }
}

static void what_is_no_answer_is_unknown(void **state)
{
    static const char *const rows[] = {"nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Len", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
                                       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
                                       "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"};

    (void)state;
    for (size_t i = 0; i < WK_COUNT(rows); i++) {
        struct wk_upstream *up = odd_start(rows[i], strlen(rows[i]), true);
        struct job *job = get(up, "/");

        if (job->ok || job->res.outcome != WK_CLIENT_UNKNOWN || strcmp(job->err.code, "http.unknown"))
            fail_msg("row %zu: %d %d %s", i, job->ok, job->res.outcome, job->err.msg);
        assert_int_equal(wk_upstream_stats(up)->open, 0);
        odd_stop(up);
    }
}

static void what_was_closed_meanwhile_is_tried_once_more_if_that_is_safe(void **state)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    struct wk_upstream *up = odd_start(text, sizeof text - 1, false);
    struct job post = {.req = {.body = "x", .body_len = 1}};

    (void)state;
    assert_true(get(up, "/")->ok);
    odd.close_at = 2;
    assert_true(get(up, "/")->ok); /* the second request met a closed connection */
    assert_int_equal(wk_upstream_stats(up)->repeats, 1);
    assert_int_equal(odd.asked, 3);
    odd.close_at = 4;
    start(&post, up, "POST", "/");
    join(&post);
    assert_false(post.ok); /* it may have been done */
    assert_int_equal(post.res.outcome, WK_CLIENT_UNKNOWN);
    odd.close_at = 5; /* a fresh connection that closes is no stale one */
    assert_false(get(up, "/")->ok);
    assert_int_equal(odd.asked, 5);
    odd_stop(up);
}

static void bytes_behind_an_answer_end_the_connection(void **state)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    struct wk_upstream *up = odd_start(text, sizeof text - 1, false);

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_string_equal(get(up, "/")->body, "ok");
    assert_int_equal(odd.taken, 3);
    odd_stop(up);
}

static void limits_hold(void **state)
{
    static char many[8192] = "HTTP/1.1 200 OK\r\n", endless[40000];
    struct wk_upstream *up = to(rig.port, &(struct wk_upstream_conf){.connections_max = 2});
    struct job jobs[3] = {{.req = {.timeout_ms = 300}}, {.req = {.timeout_ms = 300}}, {0}}, large = {.req = {.body_max = 1000}}, head = {0};

    (void)state;
    for (int i = 0; i < 2; i++)
        start(&jobs[i], up, "GET", "/hold");
    rig_pump(&rig, 20);
    start(&jobs[2], up, "GET", "/hello");
    join(&jobs[2]);
    assert_string_equal(jobs[2].err.code, "http.upstream_full");
    assert_int_equal(jobs[2].res.outcome, WK_CLIENT_NOT_SENT);
    for (int i = 0; i < 2; i++) {
        join(&jobs[i]);
        assert_false(jobs[i].ok);
        assert_int_equal(jobs[i].res.outcome, WK_CLIENT_UNKNOWN);
    }
    start(&large, up, "GET", "/big");
    join(&large);
    assert_string_equal(large.err.code, "http.reply_too_large");
    wk_upstream_destroy(up);
    for (int i = 0; i < 70; i++)
        strcat(many, "X-Many: 1\r\n");
    strcat(many, "Content-Length: 0\r\n\r\n");
    up = odd_start(many, strlen(many), false);
    assert_string_equal(get(up, "/")->err.code, "http.unknown");
    odd_stop(up);
    memset(endless, 'a', sizeof endless - 1);
    memcpy(endless, "HTTP/1.1 200 OK\r\nX: ", 20);
    up = odd_start(endless, sizeof endless - 1, false); /* does not close: only the limit ends it */
    start(&head, up, "GET", "/");
    join(&head);
    assert_non_null(strstr(head.err.msg, "a head that has no end"));
    odd_stop(up);
}

static void nobody_there_is_not_sent(void **state)
{
    struct wk_upstream *up = odd_start("", 0, false);
    int port;
    struct sockaddr_in addr;
    socklen_t len = sizeof addr;
    struct wk_err err;

    (void)state;
    assert_int_equal(getsockname(event_get_fd(odd.event), (struct sockaddr *)&addr, &len), 0);
    port = ntohs(addr.sin_port);
    odd_stop(up);
    up = to(port, NULL);
    assert_false(get(up, "/")->ok);
    assert_int_equal(get(up, "/")->res.outcome, WK_CLIENT_NOT_SENT);
    assert_string_equal(get(up, "/")->err.code, "http.not_sent");
    wk_upstream_destroy(up);
    assert_null(wk_upstream_create(rig.base, "localhost", NULL, &err));
    assert_string_equal(err.code, "http.upstream_address");
    assert_null(wk_upstream_create(rig.base, "nowhere.invalid:80", NULL, &err));
}

static void a_cancel_at_any_moment_leaves_nothing(void **state)
{
    struct wk_upstream *up = to(rig.port, NULL);

    (void)state;
    for (int ms = 0; ms < 40; ms++) {
        struct job job = {.req = {.body = "x", .body_len = 1}};

        start(&job, up, "POST", ms % 2 ? "/hold" : "/hello");
        rig_pump(&rig, ms / 8);
        if (!job.over) {
            wk_fiber_cancel(job.fiber);
            join(&job);
            assert_true(job.ok || !strcmp(job.err.code, "call.cancelled"));
        }
    }
    assert_int_equal(wk_upstream_stats(up)->open, wk_upstream_stats(up)->idle);
    wk_upstream_destroy(up);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_connection_is_kept), T(a_body_and_headers_go_and_come), T(an_answer_is_the_same_however_it_is_cut), T(what_is_no_answer_is_unknown),
        T(what_was_closed_meanwhile_is_tried_once_more_if_that_is_safe), T(bytes_behind_an_answer_end_the_connection), T(limits_hold),
        T(nobody_there_is_not_sent), T(a_cancel_at_any_moment_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
