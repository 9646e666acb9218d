/* Calls out, from fibers: what is known about each one's fate, and that nothing is left behind when it is cut short. */
#include "rig.h"
#include <arpa/inet.h>
#include <fiber/fiber.h>
#include <http/client.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct rig rig;
static struct wk_sched *sched;
static struct wk_client *client;

struct job {
    struct wk_client_req req;
    struct wk_client_res res;
    struct wk_err err;
    char url[256];
    bool ok, over;
    uint32_t deadline_ms;
    struct wk_fiber *fiber;
};

static void fetch(void *arg)
{
    struct job *job = arg;

    if (job->deadline_ms)
        wk_fiber_set_deadline(wk_fiber_self(), wk_mono_us() + (int64_t)job->deadline_ms * 1000);
    job->ok = wk_client_fetch(client, &job->req, &job->res, &job->err);
    job->over = true;
}

static void start(struct job *job, const char *path)
{
    if (strstr(path, "://"))
        snprintf(job->url, sizeof job->url, "%s", path);
    else
        snprintf(job->url, sizeof job->url, "http://127.0.0.1:%d%s", rig.port, path);
    job->req.url = job->url;
    job->fiber = wk_fiber_spawn(sched, "test", fetch, job, NULL);
    assert_non_null(job->fiber);
}

static void join(struct job *job)
{
    for (int i = 0; i < 5000 && !job->over; i++)
        rig_pump(&rig, 1);
    assert_true(job->over);
}

static struct job *get(const char *path)
{
    static struct job job;

    wk_client_res_finish(&job.res);
    memset(&job, 0, sizeof job);
    start(&job, path);
    join(&job);
    return &job;
}

static int setup(void **state)
{
    struct wk_err err;

    (void)state;
    rig_start(&rig, NULL);
    sched = wk_sched_create(rig.base, NULL, &err);
    client = wk_client_create(rig.base, &(struct wk_client_conf){.max_host_connections = 4}, &err);
    return sched && client ? 0 : -1;
}
static int teardown(void **state)
{
    struct job *last = get("/last"); /* also frees the job before */

    (void)state;
    wk_client_res_finish(&last->res);
    assert_int_equal(wk_client_stats(client)->running, 0);
    wk_client_destroy(client);
    rig_pump(&rig, 10);
    wk_sched_destroy(sched);
    rig_stop(&rig);
    return 0;
}

/* A server that takes one connection, reads something, says `answer` and closes. */
static struct event *odd_event;
static void odd_server(evutil_socket_t fd, short what, void *arg)
{
    int conn = accept(fd, NULL, NULL);
    char sink[4096];

    (void)what;
    usleep(2000);
    (void)!recv(conn, sink, sizeof sink, MSG_DONTWAIT);
    (void)!send(conn, arg, strlen(arg), MSG_NOSIGNAL);
    shutdown(conn, SHUT_WR);
    close(conn);
}
static int odd_port(const char *answer)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof addr;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof addr), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
    if (!answer) { /* nobody listens */
        close(fd);
        return ntohs(addr.sin_port);
    }
    assert_int_equal(listen(fd, 8), 0);
    odd_event = event_new(rig.base, fd, EV_READ | EV_PERSIST, odd_server, (void *)(uintptr_t)answer);
    event_add(odd_event, NULL);
    return ntohs(addr.sin_port);
}
static void odd_stop(void)
{
    close(event_get_fd(odd_event));
    event_free(odd_event);
}

static void an_answer_comes_with_status_headers_and_body(void **state)
{
    struct job *job = get("/hello");

    (void)state;
    assert_true(job->ok);
    assert_int_equal(job->res.outcome, WK_CLIENT_ANSWERED);
    assert_int_equal(job->res.status, 200);
    assert_string_equal(job->res.body, "/hello");
    assert_int_equal(wk_client_header(&job->res, "content-LENGTH").len, 1);
    assert_null(wk_client_header(&job->res, "Content").data);
    job = get("/empty");
    assert_true(job->ok);
    assert_int_equal(job->res.status, 204);
    assert_string_equal(job->res.body, "");
    assert_true(job->res.reused_connection);
    assert_int_equal(wk_client_stats(client)->handles_made, 1);
}

static void a_body_and_headers_are_sent(void **state)
{
    const struct wk_header_pair headers[] = {{"X-A", "b"}, {"X-Empty", ""}};
    static char large[200000];
    struct job job = {.req = {.headers = headers, .n_headers = 2, .body = "hello", .body_len = 5}};

    (void)state;
    start(&job, "/hold");
    while (!rig.n_held)
        rig_pump(&rig, 1);
    assert_string_equal(wk_exchange_method(rig.held[0]), "POST");
    assert_memory_equal(wk_exchange_header(rig.held[0], "x-a").data, "b", 1);
    assert_int_equal(wk_exchange_header_count(rig.held[0], "x-empty"), 1);
    assert_int_equal(wk_exchange_header_count(rig.held[0], "expect"), 0);
    assert_memory_equal(wk_exchange_header(rig.held[0], "user-agent").data, "wakala/1.0", 10);
    wk_exchange_reply(rig.held[0], 404, NULL, 0, "no", 2);
    rig.held[0] = NULL;
    join(&job);
    assert_true(job.ok); /* a 404 is an answer */
    assert_int_equal(job.res.status, 404);
    wk_client_res_finish(&job.res);
    memset(large, 'x', sizeof large);
    job = (struct job){.req = {.method = "PUT", .body = large, .body_len = sizeof large}};
    start(&job, "/echo");
    join(&job);
    assert_int_equal(job.res.len, sizeof large);
    wk_client_res_finish(&job.res);
}

static void what_never_left_is_not_sent(void **state)
{
    char url[64];
    struct job *job;

    (void)state;
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", odd_port(NULL));
    job = get(url); /* refused */
    assert_false(job->ok);
    assert_int_equal(job->res.outcome, WK_CLIENT_NOT_SENT);
    assert_string_equal(job->err.code, "http.not_sent");
    assert_int_equal(job->err.cls, WK_TRANSIENT);
    job = get("http://nowhere.invalid/");
    assert_int_equal(job->res.outcome, WK_CLIENT_NOT_SENT);
    snprintf(url, sizeof url, "https://127.0.0.1:%d/", rig.port); /* TLS fails */
    job = get(url);
    assert_int_equal(job->res.outcome, WK_CLIENT_NOT_SENT);
    assert_string_equal(job->err.code, "http.not_sent");
}

static void what_left_without_a_whole_answer_is_unknown(void **state)
{
    static const char *answers[] = {"", "HTTP/1.1 200 OK\r\nContent-Len", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
                                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "nonsense\r\n\r\n"};
    char url[64];

    (void)state;
    for (size_t i = 0; i < WK_COUNT(answers); i++) {
        struct job *job;

        snprintf(url, sizeof url, "http://127.0.0.1:%d/", odd_port(answers[i]));
        job = get(url);
        if (job->ok || job->res.outcome != WK_CLIENT_UNKNOWN || strcmp(job->err.code, "http.unknown") != 0)
            fail_msg("answer %zu: ok %d outcome %d %s", i, job->ok, job->res.outcome, job->err.msg);
        odd_stop();
    }
}

static void a_timeout_is_unknown_and_frees_everything(void **state)
{
    struct job job = {.req = {.timeout_ms = 100}};

    (void)state;
    start(&job, "/hold");
    join(&job);
    assert_false(job.ok);
    assert_int_equal(job.res.outcome, WK_CLIENT_UNKNOWN);
    assert_in_range(job.res.elapsed_ms, 80, 1000);
    wk_client_res_finish(&job.res);
    job = (struct job){.deadline_ms = 100};
    start(&job, "/hold");
    join(&job);
    assert_int_equal(job.res.outcome, WK_CLIENT_UNKNOWN);
    assert_string_equal(job.err.code, "call.deadline");
    wk_client_res_finish(&job.res);
}

static void a_cancelled_call_is_aborted_at_any_moment(void **state)
{
    (void)state;
    for (int ms = 0; ms < 40; ms++) {
        struct job job = {.req = {.body = "x", .body_len = 1}};

        start(&job, ms % 2 ? "/hold" : "/big");
        rig_pump(&rig, ms / 8);
        if (!job.over) { /* a finished fiber is gone */
            wk_fiber_cancel(job.fiber);
            join(&job);
            assert_true(job.ok || !strcmp(job.err.code, "call.cancelled"));
        }
        wk_client_res_finish(&job.res);
    }
    assert_true(wk_client_stats(client)->cancelled > 0);
}

static void an_answer_over_the_cap_is_cut(void **state)
{
    struct job job = {.req = {.res_max_bytes = 1000}};

    (void)state;
    start(&job, "/big");
    join(&job);
    assert_false(job.ok);
    assert_string_equal(job.err.code, "http.reply_too_large");
    assert_int_equal(job.res.outcome, WK_CLIENT_UNKNOWN);
    assert_int_equal(job.res.status, 200);
    assert_true(job.res.len <= 1000);
    wk_client_res_finish(&job.res);
}

static void many_calls_share_few_connections(void **state)
{
    static struct job jobs[60];

    (void)state;
    memset(jobs, 0, sizeof jobs);
    for (size_t i = 0; i < WK_COUNT(jobs); i++)
        start(&jobs[i], "/defer");
    for (size_t i = 0; i < WK_COUNT(jobs); i++) {
        join(&jobs[i]);
        assert_true(jobs[i].ok);
        assert_string_equal(jobs[i].res.body, "deferred");
        wk_client_res_finish(&jobs[i].res);
    }
    assert_in_range(STATS(&rig).accepted, 1, 4);
}

static void once_means_a_connection_of_its_own(void **state)
{
    struct job job = {.req = {.once = true}};

    (void)state;
    get("/a");
    start(&job, "/b");
    join(&job);
    assert_true(job.ok);
    assert_false(job.res.reused_connection);
    wk_client_res_finish(&job.res);
}

static void redirects_proxies_and_other_protocols_are_not_followed(void **state)
{
    struct job *job, strict = {.req = {.https_only = true}};
    char url[64];

    (void)state;
    setenv("http_proxy", "http://127.0.0.1:1/", 1);
    job = get("/direct");
    assert_true(job->ok);
    unsetenv("http_proxy");
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", odd_port("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"));
    job = get(url);
    assert_true(job->ok);
    assert_int_equal(job->res.status, 302);
    odd_stop();
    job = get("file:///etc/passwd");
    assert_false(job->ok);
    assert_string_equal(job->err.code, "http.bad_request");
    start(&strict, "/plain");
    join(&strict);
    assert_string_equal(strict.err.code, "http.bad_request");
    wk_client_res_finish(&strict.res);
}

static void a_header_that_would_split_the_request_is_refused(void **state)
{
    const struct wk_header_pair bad[] = {{"X-A", "b\r\nX-Evil: 1"}};
    struct job job = {.req = {.headers = bad, .n_headers = 1}};

    (void)state;
    start(&job, "/a");
    join(&job);
    assert_false(job.ok);
    assert_string_equal(job.err.code, "http.bad_request");
    assert_int_equal(rig.requests, 0);
    wk_client_res_finish(&job.res);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(an_answer_comes_with_status_headers_and_body),
        T(a_body_and_headers_are_sent),
        T(what_never_left_is_not_sent),
        T(what_left_without_a_whole_answer_is_unknown),
        T(a_timeout_is_unknown_and_frees_everything),
        T(a_cancelled_call_is_aborted_at_any_moment),
        T(an_answer_over_the_cap_is_cut),
        T(many_calls_share_few_connections),
        T(once_means_a_connection_of_its_own),
        T(redirects_proxies_and_other_protocols_are_not_followed),
        T(a_header_that_would_split_the_request_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
