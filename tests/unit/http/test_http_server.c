/* Requests and replies on one connection: order, keep-alive, pieces, streams, clients that leave. */
#include "rig.h"
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define H "Host: a\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" H "\r\n"

static int setup(void **state)
{
    static struct rig r;

    rig_start(&r, NULL);
    *state = &r;
    return 0;
}
static int teardown(void **state)
{
    rig_stop(*state);
    return 0;
}

static const char *body_of(const struct heard *heard)
{
    const char *end = strstr(heard->text, "\r\n\r\n");

    return end ? end + 4 : "";
}

static void a_reply_has_length_and_date_and_the_connection_stays(void **state)
{
    struct rig *r = *state;
    int fd = rig_connect(r);
    struct heard heard;

    for (int i = 0; i < 3; i++) {
        SAY(r, fd, GET("/hello"));
        heard = rig_hear(r, fd, 1, 1000);
        assert_int_equal(heard.statuses[0], 200);
        assert_non_null(strstr(heard.text, "\r\nContent-Length: 6\r\n"));
        assert_non_null(strstr(heard.text, "\r\nDate: "));
        assert_non_null(strstr(heard.text, " GMT\r\n"));
        assert_null(strstr(heard.text, "Connection:"));
        assert_string_equal(body_of(&heard), "/hello");
        assert_false(heard.closed);
    }
    assert_int_equal(STATS(r).accepted, 1);
    assert_int_equal(STATS(r).keepalive_reuses, 2);
    assert_int_equal(STATS(r).idle, 1);
    close(fd);
    rig_pump(r, 5);
    assert_int_equal(STATS(r).connections, 0);
}

static void head_gets_the_length_but_no_body_and_204_neither(void **state)
{
    struct rig *r = *state;
    int fd = rig_connect(r);
    struct heard heard;

    SAY(r, fd, "HEAD /hello HTTP/1.1\r\n" H "\r\n" GET("/empty") "HEAD /stream HTTP/1.1\r\n" H "\r\n" GET("/end"));
    heard = rig_hear(r, fd, 4, 1000);
    assert_int_equal(heard.n, 4);
    assert_non_null(strstr(heard.text, "Content-Length: 6\r\n\r\nHTTP/1.1 204 No Content\r\n"));
    assert_null(strstr(strstr(heard.text, "204 No Content"), "Content-Length: 0"));
    assert_null(strstr(heard.text, "one,"));
    assert_string_equal(heard.text + heard.len - 4, "/end");
    close(fd);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    struct rig *r = *state;
    struct heard heard;
    int fd = rig_connect(r);

    SAY(r, fd, GET("/1") GET("/2"));
    heard = rig_hear(r, fd, 2, 1000);
    assert_int_equal(heard.n, 2);
    assert_true(strstr(heard.text, "\r\n\r\n/1") < strstr(heard.text, "\r\n\r\n/2"));
    SAY(r, fd, GET("/defer") GET("/2") "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
                                       "POST /echo HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nxyz" GET("/defer"));
    heard = rig_hear(r, fd, 5, 1000);
    assert_int_equal(heard.n, 5);
    {
        const char *want[] = {"\r\n\r\ndeferred", "\r\n\r\n/2", "\r\n\r\nabc", "\r\n\r\nxyz", "\r\n\r\ndeferred"};
        const char *at = heard.text;

        for (size_t i = 0; i < WK_COUNT(want); i++) {
            at = strstr(at, want[i]);
            if (!at)
                fail_msg("%s is missing or out of order in %s", want[i], heard.text);
            at += 4;
        }
    }
    close(fd);
}

static void a_thousand_pipelined_requests_take_turns_and_stay_bounded(void **state)
{
    struct rig *r = *state;
    static char all[64 * 1024];
    size_t len = 0;
    int fd = rig_connect(r);
    struct heard heard;

    for (int i = 0; i < 1000; i++)
        len += (size_t)sprintf(all + len, "GET /%d HTTP/1.1\r\n" H "\r\n", i);
    rig_say(r, fd, all, len);
    heard = rig_hear(r, fd, 0, 300);
    assert_non_null(strstr(heard.text, "\r\n\r\n/999"));
    assert_int_equal(STATS(r).requests, 1000);
    close(fd);
}

static void a_client_that_pipelines_behind_a_held_request_is_not_read_without_bound(void **state)
{
    struct rig *r = *state;
    int fd = rig_connect(r);
    char block[4096];
    size_t sent = 0;

    memset(block, 'x', sizeof block);
    SAY(r, fd, GET("/hold"));
    rig_pump(r, 10);
    for (int i = 0; i < 3000; i++) {
        ssize_t n = send(fd, block, sizeof block, MSG_NOSIGNAL | MSG_DONTWAIT);

        sent += n > 0 ? (size_t)n : 0;
        if (i % 50 == 0)
            rig_pump(r, 1);
    }
    assert_true(sent > 100000);
    assert_true(STATS(r).bytes_in < 40000);
    close(fd);
}

static void a_half_closed_client_gets_its_deferred_reply(void **state)
{
    struct rig *r = *state;
    int fd = rig_connect(r);
    struct heard heard;

    SAY(r, fd, GET("/defer") GET("/2"));
    shutdown(fd, SHUT_WR);
    heard = rig_hear(r, fd, 0, 1000);
    assert_int_equal(heard.n, 2);
    assert_true(heard.closed && !heard.reset);
    assert_int_equal(r->aborts, 0);
    assert_int_equal(STATS(r).connections, 0);
    close(fd);
}

static void connection_close_is_honoured_in_a_list_too(void **state)
{
    struct rig *r = *state;
    static const char *requests[] = {"GET / HTTP/1.1\r\n" H "Connection: close\r\n\r\n", "GET / HTTP/1.1\r\n" H "Connection: close, foo\r\n\r\n",
                                     "GET / HTTP/1.1\r\n" H "Connection: foo,  Close\r\n\r\n",
                                     "GET / HTTP/1.1\r\n" H "Connection: keep-alive\r\nConnection: close\r\n\r\n",
                                     "GET / HTTP/1.0\r\n\r\n", "GET /close HTTP/1.1\r\n" H "\r\n"};

    for (size_t i = 0; i < WK_COUNT(requests); i++) {
        struct heard heard = rig_ask(r, requests[i], 0);

        assert_int_equal(heard.n, 1);
        assert_true(heard.closed && !heard.reset);
        assert_non_null(strstr(heard.text, "\r\nConnection: close\r\n"));
    }
}

static void http_1_0_keeps_alive_when_asked(void **state)
{
    struct rig *r = *state;
    int fd = rig_connect(r);
    struct heard heard;

    SAY(r, fd, "GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    heard = rig_hear(r, fd, 1, 1000);
    assert_false(heard.closed);
    assert_non_null(strstr(heard.text, "\r\nConnection: keep-alive\r\n"));
    SAY(r, fd, "GET /2 HTTP/1.0\r\n\r\n");
    heard = rig_hear(r, fd, 0, 1000);
    assert_true(heard.closed);
    assert_string_equal(body_of(&heard), "/2");
    close(fd);
}

static void a_stream_is_chunked_or_ends_with_the_connection(void **state)
{
    struct rig *r = *state;
    int fd = rig_connect(r);
    struct heard heard;

    SAY(r, fd, GET("/stream") GET("/next"));
    heard = rig_hear(r, fd, 2, 1000);
    assert_non_null(strstr(heard.text, "Transfer-Encoding: chunked\r\n\r\n4\r\none,\r\n4\r\ntwo,\r\n5\r\nthree\r\n0\r\n\r\nHTTP/1.1 200"));
    close(fd);
    heard = rig_ask(r, "GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 0);
    assert_true(heard.closed);
    assert_string_equal(body_of(&heard), "one,two,three");
}

static void bodies_small_large_and_chunked_come_whole(void **state)
{
    struct rig *r = *state;
    static char body[700001], head[200];
    int fd = rig_connect(r);
    struct heard heard;
    size_t sizes[] = {1, 16300, 16384, 20000, 32700, 32768, 33000, 70000, 700000};

    for (size_t i = 0; i < sizeof body - 1; i++)
        body[i] = (char)('a' + i % 23);
    for (size_t i = 0; i < WK_COUNT(sizes); i++) {
        snprintf(head, sizeof head, "POST /echo HTTP/1.1\r\n" H "Content-Length: %zu\r\n\r\n", sizes[i]);
        SAY(r, fd, head);
        rig_say(r, fd, body, sizes[i]);
        heard = rig_hear(r, fd, 1, 2000);
        assert_int_equal(heard.len - (size_t)(body_of(&heard) - heard.text), sizes[i]);
        assert_memory_equal(body_of(&heard), body, sizes[i]);
        SAY(r, fd, "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n");
        for (size_t at = 0; at < sizes[i]; at += 10000) {
            size_t n = sizes[i] - at < 10000 ? sizes[i] - at : 10000;

            snprintf(head, sizeof head, "%zX\r\n", n);
            SAY(r, fd, head);
            rig_say(r, fd, body + at, n);
            SAY(r, fd, "\r\n");
        }
        SAY(r, fd, "0\r\n\r\n");
        heard = rig_hear(r, fd, 1, 2000);
        assert_int_equal(heard.len - (size_t)(body_of(&heard) - heard.text), sizes[i]);
        assert_memory_equal(body_of(&heard), body, sizes[i]);
    }
    assert_int_equal(STATS(r).body_bytes_held, 0);
    close(fd);
}

static void pieces_arrive_with_back_pressure(void **state)
{
    struct rig *r = *state;
    int fd = rig_connect(r);
    char block[1000];
    struct heard heard;

    memset(block, 'p', sizeof block);
    r->pause_pieces = true;
    SAY(r, fd, "POST /pieces HTTP/1.1\r\n" H "Content-Length: 50000\r\n\r\n");
    for (int i = 0; i < 50; i++)
        rig_say(r, fd, block, sizeof block);
    rig_pump(r, 10);
    assert_int_equal(r->requests, 1);
    assert_int_equal(r->pieces_len, 0);          /* paused in on_request: nothing has come */
    assert_true(STATS(r).bytes_in < 40000);      /* and not everything was read */
    wk_exchange_resume(r->held[0]);
    heard = rig_hear(r, fd, 1, 1000);
    r->held[0] = NULL;
    assert_int_equal(r->pieces_len, 50000);
    assert_int_equal(r->ends, 1);
    assert_int_equal(heard.statuses[0], 200);
    SAY(r, fd, GET("/after"));
    heard = rig_hear(r, fd, 1, 1000);
    assert_string_equal(body_of(&heard), "/after");
    close(fd);
}

static void a_chunked_body_comes_in_pieces_and_the_next_request_follows(void **state)
{
    struct rig *r = *state;
    int fd = rig_connect(r);
    struct heard heard;

    SAY(r, fd, "POST /pieces HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n" GET("/after"));
    heard = rig_hear(r, fd, 2, 1000);
    r->held[0] = NULL;
    assert_int_equal(heard.n, 2);
    assert_non_null(strstr(heard.text, "\r\n\r\nabcdef"));
    assert_non_null(strstr(heard.text, "\r\n\r\n/after"));
    close(fd);
}

static void an_early_reply_skips_a_small_body_and_cuts_off_a_large_one(void **state)
{
    struct rig *r = *state;
    int fd = rig_connect(r);
    struct heard heard;

    SAY(r, fd, "POST /early HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhello" GET("/after"));
    heard = rig_hear(r, fd, 2, 1000);
    assert_int_equal(heard.n, 2);
    assert_int_equal(heard.statuses[0], 401);
    assert_non_null(strstr(heard.text, "\r\n\r\n/after"));
    SAY(r, fd, "POST /early HTTP/1.1\r\n" H "Content-Length: 20000\r\n\r\nhel");
    heard = rig_hear(r, fd, 1, 1000);
    assert_false(heard.closed);
    for (int i = 0; i < 20; i++) {
        char rest[1000] = {0};

        rig_say(r, fd, rest, i == 19 ? 997 : 1000);
    }
    SAY(r, fd, GET("/again"));
    heard = rig_hear(r, fd, 1, 1000);
    assert_non_null(strstr(heard.text, "\r\n\r\n/again"));
    close(fd);
    heard = rig_ask(r, "POST /early HTTP/1.1\r\n" H "Content-Length: 900000\r\n\r\nhello", 0);
    assert_int_equal(heard.statuses[0], 401);
    assert_non_null(strstr(heard.text, "Connection: close"));
    assert_true(heard.closed && !heard.reset);
    assert_int_equal(r->requests, 2);
}

static void expect_continue_is_answered_before_the_body_unless_the_reply_is_final(void **state)
{
    struct rig *r = *state;
    int fd = rig_connect(r);
    struct heard heard;

    SAY(r, fd, "POST /echo HTTP/1.1\r\n" H "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    heard = rig_hear(r, fd, 1, 1000);
    assert_string_equal(heard.text, "HTTP/1.1 100 Continue\r\n\r\n");
    SAY(r, fd, "hello");
    heard = rig_hear(r, fd, 1, 1000);
    assert_string_equal(body_of(&heard), "hello");
    close(fd);
    heard = rig_ask(r, "POST /early HTTP/1.1\r\n" H "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n", 0);
    assert_int_equal(heard.n, 1); /* it may or may not send the body now: the connection ends */
    assert_int_equal(heard.statuses[0], 401);
    assert_true(heard.closed);
    heard = rig_ask(r, "POST /echo HTTP/1.1\r\n" H "Content-Length: 5000000\r\nExpect: 100-continue\r\n\r\n", 0);
    assert_int_equal(heard.n, 1);
    assert_int_equal(heard.statuses[0], 413);
}

static void clients_that_leave_while_their_reply_is_deferred_do_no_harm(void **state)
{
    struct rig *r = *state;

    for (int i = 0; i < 60; i++) {
        int fd = rig_connect(r);

        SAY(r, fd, i % 3 ? GET("/defer") : GET("/defer") GET("/defer"));
        if (i % 2) { /* by RST */
            struct linger hard = {1, 0};

            setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        }
        close(fd);
    }
    rig_pump(r, 120);
    assert_int_equal(STATS(r).connections, 0);
    assert_true(r->aborts >= 30); /* the RSTs; a FIN may be a half close */
}

static void the_exchange_outlives_its_connection_until_released(void **state)
{
    struct rig *r = *state;
    struct linger hard = {1, 0};
    int fd = rig_connect(r);
    size_t len;

    r->keep_on_abort = true;
    SAY(r, fd, "POST /hold HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhello");
    rig_pump(r, 5);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(fd);
    rig_pump(r, 5);
    assert_int_equal(r->aborts, 1);
    assert_int_equal(STATS(r).connections, 0);
    assert_memory_equal(wk_exchange_body(r->held[0], &len), "hello", 6);
    assert_memory_equal(wk_exchange_header(r->held[0], "HOST").data, "a", 1);
    assert_false(wk_exchange_reply(r->held[0], 200, NULL, 0, "x", 1));
    r->held[0] = NULL;
}

static void a_watched_stream_hears_of_a_fin(void **state)
{
    struct rig *r = *state;
    int fd = rig_connect(r);

    SAY(r, fd, GET("/hold"));
    rig_pump(r, 5);
    assert_int_equal(wk_exchange_begin(r->held[0], 200, NULL, 0), WK_WRITTEN);
    assert_true(wk_exchange_watch(r->held[0]));
    shutdown(fd, SHUT_WR);
    rig_pump(r, 5);
    assert_int_equal(r->aborts, 1);
    close(fd);
}

static void a_slow_reader_makes_a_stream_wait_and_drain(void **state)
{
    struct rig *r = *state;
    static char block[64 << 10];
    int fd = rig_connect(r);
    size_t written = 0, got = 0;
    enum wk_written w = WK_WRITTEN;

    SAY(r, fd, GET("/hold"));
    rig_pump(r, 5);
    assert_int_equal(wk_exchange_begin(r->held[0], 200, NULL, 0), WK_WRITTEN);
    while (w == WK_WRITTEN && written < 100u << 20) {
        w = wk_exchange_write(r->held[0], block, sizeof block);
        written += sizeof block;
    }
    assert_int_equal(w, WK_WRITE_WAIT);
    assert_int_equal(r->drains, 0);
    for (int i = 0; i < 1000 && !r->drains; i++) {
        char sink[65536];
        ssize_t n = recv(fd, sink, sizeof sink, 0);

        got += n > 0 ? (size_t)n : 0;
        rig_pump(r, 0);
    }
    assert_int_equal(r->drains, 1);
    assert_true(wk_exchange_end(r->held[0]));
    r->held[0] = NULL;
    for (int i = 0; i < 20000 && got < written; i++) {
        char sink[65536];
        ssize_t n = recv(fd, sink, sizeof sink, 0);

        got += n > 0 ? (size_t)n : 0;
        rig_pump(r, 0);
    }
    assert_true(got > written);
    close(fd);
}

static void a_stream_that_ignores_wait_is_cut_before_memory_is(void **state)
{
    struct rig *r = *state;
    static char block[1 << 20];
    int fd = rig_connect(r), n = 0;

    SAY(r, fd, GET("/hold"));
    rig_pump(r, 5);
    wk_exchange_begin(r->held[0], 200, NULL, 0);
    while (n < 100 && wk_exchange_write(r->held[0], block, sizeof block) != WK_WRITE_GONE)
        n++;
    assert_in_range(n, 4, 20);
    assert_true(wk_exchange_is_gone(r->held[0]));
    close(fd);
}

static void a_large_reply_survives_partial_writes(void **state)
{
    struct rig *r = *state;
    int fd = rig_connect(r);
    struct heard heard;

    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){60000}, sizeof(int));
    SAY(r, fd, GET("/big") GET("/big") GET("/end"));
    heard = rig_hear(r, fd, 3, 5000);
    assert_int_equal(heard.n, 3);
    assert_true(heard.len > 600000);
    assert_string_equal(heard.text + heard.len - 4, "/end");
    close(fd);
}

static void a_header_value_cannot_split_the_reply(void **state)
{
    struct rig *r = *state;
    int fd = rig_connect(r);
    const struct wk_header_pair headers[] = {{"X-A", "b\r\nSet-Cookie: evil=1"}, {"Content-Length", "99"}, {"Connection", "close"}};
    struct heard heard;

    SAY(r, fd, GET("/hold"));
    rig_pump(r, 5);
    wk_exchange_reply(r->held[0], 200, headers, 3, "x", 1);
    r->held[0] = NULL;
    heard = rig_hear(r, fd, 0, 1000);
    assert_null(strstr(heard.text, "\nSet-Cookie"));
    assert_null(strstr(heard.text, "99"));
    assert_true(heard.closed);
    close(fd);
}

static void headers_are_found_by_name_counted_and_walked(void **state)
{
    struct rig *r = *state;
    int fd = rig_connect(r);
    struct wk_span name, value;
    struct wk_exchange *x;
    size_t n = 0;

    SAY(r, fd, "GET /hold?q=1 HTTP/1.1\r\nHost: a\r\nX-A:  one \r\nx-a: two\r\nEmpty:\r\n\r\n");
    rig_pump(r, 5);
    x = r->held[0];
    assert_string_equal(wk_exchange_method(x), "GET");
    assert_string_equal(wk_exchange_peer(x), "127.0.0.1");
    assert_int_equal(wk_exchange_version(x), 11);
    assert_int_equal(wk_exchange_header_count(x, "X-a"), 2);
    value = wk_exchange_header(x, "x-A");
    assert_int_equal(value.len, 3);
    assert_memory_equal(value.data, "one", 3);
    value = wk_exchange_header(x, "empty");
    assert_non_null(value.data);
    assert_int_equal(value.len, 0);
    assert_null(wk_exchange_header(x, "absent").data);
    while (wk_exchange_header_at(x, n, &name, &value))
        n++;
    assert_int_equal(n, 4);
    assert_null(wk_exchange_query(x).data == NULL ? "" : NULL);
    close(fd);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_reply_has_length_and_date_and_the_connection_stays),
        T(head_gets_the_length_but_no_body_and_204_neither),
        T(pipelined_requests_are_answered_in_order),
        T(a_thousand_pipelined_requests_take_turns_and_stay_bounded),
        T(a_client_that_pipelines_behind_a_held_request_is_not_read_without_bound),
        T(a_half_closed_client_gets_its_deferred_reply),
        T(connection_close_is_honoured_in_a_list_too),
        T(http_1_0_keeps_alive_when_asked),
        T(a_stream_is_chunked_or_ends_with_the_connection),
        T(bodies_small_large_and_chunked_come_whole),
        T(pieces_arrive_with_back_pressure),
        T(a_chunked_body_comes_in_pieces_and_the_next_request_follows),
        T(an_early_reply_skips_a_small_body_and_cuts_off_a_large_one),
        T(expect_continue_is_answered_before_the_body_unless_the_reply_is_final),
        T(clients_that_leave_while_their_reply_is_deferred_do_no_harm),
        T(the_exchange_outlives_its_connection_until_released),
        T(a_watched_stream_hears_of_a_fin),
        T(a_slow_reader_makes_a_stream_wait_and_drain),
        T(a_stream_that_ignores_wait_is_cut_before_memory_is),
        T(a_large_reply_survives_partial_writes),
        T(a_header_value_cannot_split_the_reply),
        T(headers_are_found_by_name_counted_and_walked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
