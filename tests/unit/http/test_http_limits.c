/* Every cap and every deadline, each seen in its counter. */
#include "rig.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define H "Host: a\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" H "\r\n"

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void sizes_over_the_limit_have_their_own_answers(void **state)
{
    static char text[40000];
    struct rig r;
    struct heard heard;

    (void)state;
    rig_start(&r, NULL);
    memset(text, 'a', sizeof text - 1);
    memcpy(text, "GET /", 5);
    heard = rig_ask(&r, text, 0); /* a request line without an end */
    assert_int_equal(heard.statuses[0], 414);
    snprintf(text + 9000, 100, " HTTP/1.1\r\n" H "\r\n");
    heard = rig_ask(&r, text, 0); /* and one that does end */
    assert_int_equal(heard.statuses[0], 414);
    memset(text, 'a', sizeof text - 1);
    memcpy(text, "GET / HTTP/1.1\r\n" H "A: ", 28);
    heard = rig_ask(&r, text, 0);
    assert_int_equal(heard.statuses[0], 431);
    assert_true(heard.closed && !heard.reset);
    strcpy(text, "GET / HTTP/1.1\r\n" H);
    for (int i = 0; i < 101; i++)
        sprintf(text + strlen(text), "A%d: b\r\n", i);
    strcat(text, "\r\n");
    heard = rig_ask(&r, text, 0);
    assert_int_equal(heard.statuses[0], 431);
    heard = rig_ask(&r, "POST /echo HTTP/1.1\r\n" H "Content-Length: 1048577\r\n\r\nab", 0);
    assert_int_equal(heard.statuses[0], 413);
    heard = rig_ask(&r, "POST /cap5 HTTP/1.1\r\n" H "Content-Length: 6\r\n\r\n", 0);
    assert_int_equal(heard.statuses[0], 413); /* before a byte of the body */
    heard = rig_ask(&r, "POST /cap5 HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n", 0);
    assert_int_equal(heard.statuses[0], 413);
    heard = rig_ask(&r, "POST /cap5 HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nabcde", 1);
    assert_int_equal(heard.statuses[0], 200);
    assert_int_equal(r.requests, 1);
    assert_int_equal(r.aborts, 3); /* on_head had seen those three */
    assert_int_equal(STATS(&r).over_uri, 2);
    assert_int_equal(STATS(&r).over_header, 2);
    assert_int_equal(STATS(&r).over_body, 3);
    rig_stop(&r);
}

static void chunk_extensions_and_trailers_are_bounded(void **state)
{
    static char text[20000];
    struct rig r;
    struct heard heard;

    (void)state;
    rig_start(&r, NULL);
    strcpy(text, "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3;");
    memset(text + strlen(text), 'x', 5000);
    strcat(text, "\r\nabc\r\n0\r\n\r\n");
    heard = rig_ask(&r, text, 0);
    assert_int_equal(heard.statuses[0], 400);
    memset(text, 0, sizeof text);
    strcpy(text, "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\nA:");
    memset(text + strlen(text), 'x', 9000);
    strcat(text, "\r\n\r\n");
    heard = rig_ask(&r, text, 0);
    assert_int_equal(heard.statuses[0], 400);
    rig_stop(&r);
}

static void all_bodies_together_have_a_budget(void **state)
{
    const struct wk_httpd_conf conf = {.body_total_bytes = 200000};
    static char body[60000];
    struct rig r;
    int fds[6], refused = 0;

    (void)state;
    rig_start(&r, &conf);
    for (int i = 0; i < 6; i++) {
        fds[i] = rig_connect(&r);
        SAY(&r, fds[i], "POST /echo HTTP/1.1\r\n" H "Content-Length: 60001\r\n\r\n");
        rig_say(&r, fds[i], body, sizeof body);
        rig_pump(&r, 3);
    }
    assert_true(STATS(&r).body_bytes_held <= 200000);
    for (int i = 0; i < 6; i++) {
        struct heard heard;

        SAY(&r, fds[i], "x");
        heard = rig_hear(&r, fds[i], 1, 1000);
        refused += heard.statuses[0] == 503;
        close(fds[i]);
    }
    assert_int_equal(refused, 3);
    assert_int_equal(STATS(&r).over_body_total, 3);
    rig_pump(&r, 5);
    assert_int_equal(STATS(&r).body_bytes_held, 0);
    rig_stop(&r);
}

/* Send `first`, then one byte every `gap_ms` (0 = nothing more); how long until the server ends it? */
static int64_t drip(struct rig *r, const char *first, int gap_ms, struct heard *heard)
{
    int fd = rig_connect(r);
    int64_t start = now_ms();

    SAY(r, fd, first);
    do {
        *heard = rig_hear(r, fd, 1, gap_ms ? gap_ms : 3000);
        if (!heard->closed && !heard->n && gap_ms)
            SAY(r, fd, "a");
    } while (!heard->closed && !heard->n && now_ms() - start < 3000);
    if (heard->n && !heard->closed)
        (void)rig_hear(r, fd, 0, 300);
    close(fd);
    rig_pump(r, 5);
    return now_ms() - start;
}

static void deadlines_hold_for_the_silent_and_for_those_who_drip(void **state)
{
    const struct wk_httpd_conf conf = {.header_deadline_ms = 300, .idle_timeout_ms = 500, .body_grace_ms = 300, .body_min_rate = 1000, .linger_ms = 50};
    struct rig r;
    struct heard heard;
    int64_t ms;
    static const struct {
        const char *name, *first;
        int gap_ms, status, min_ms, max_ms;
    } rows[] = {
        {"nothing at all", "", 0, 0, 280, 1500},
        {"half a header", "GET / HTTP/1.1\r\nHo", 0, 408, 280, 1500},
        {"a header dripped", "GET / HTTP/1.1\r\nA: ", 20, 408, 280, 1500},
        {"empty lines only", "\r\n\r\n", 0, 408, 280, 1500},
        {"half a body", "POST /echo HTTP/1.1\r\n" H "Content-Length: 9\r\n\r\nabc", 0, 408, 280, 2000},
        {"a body dripped", "POST /echo HTTP/1.1\r\n" H "Content-Length: 9000\r\n\r\nabc", 20, 408, 280, 2000},
        {"a chunked body dripped", "POST /echo HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n2000\r\nabc", 20, 408, 280, 2000},
        {"half a discarded body", "POST /early HTTP/1.1\r\n" H "Content-Length: 9000\r\n\r\nabc", 0, 401, 0, 1500},
    };

    (void)state;
    rig_start(&r, &conf);
    for (size_t i = 0; i < WK_COUNT(rows); i++) {
        ms = drip(&r, rows[i].first, rows[i].gap_ms, &heard);
        if ((heard.n ? heard.statuses[0] : 0) != rows[i].status || ms < rows[i].min_ms || ms > rows[i].max_ms)
            fail_msg("%s: status %d after %d ms", rows[i].name, heard.n ? heard.statuses[0] : 0, (int)ms);
    }
    assert_int_equal(STATS(&r).header_timeouts, 4);
    assert_in_range(STATS(&r).body_timeouts, 3, 4); /* the discarded one may have left first */
    assert_int_equal(r.aborts, 3); /* on_head had seen the three bodies */
    rig_stop(&r);
}

static void an_idle_connection_is_closed_in_silence(void **state)
{
    const struct wk_httpd_conf conf = {.idle_timeout_ms = 200};
    struct rig r;
    struct heard heard;
    int fd;
    int64_t start;

    (void)state;
    rig_start(&r, &conf);
    fd = rig_connect(&r);
    SAY(&r, fd, GET("/x"));
    heard = rig_hear(&r, fd, 1, 100);
    assert_int_equal(heard.n, 1);
    start = now_ms();
    heard = rig_hear(&r, fd, 0, 1000);
    assert_true(heard.closed && !heard.len);
    assert_in_range(now_ms() - start, 150, 900);
    assert_int_equal(STATS(&r).idle_timeouts, 1);
    close(fd);
    rig_stop(&r);
}

static void a_body_at_a_fair_rate_is_not_cut(void **state)
{
    const struct wk_httpd_conf conf = {.body_grace_ms = 100, .body_min_rate = 1000};
    struct rig r;
    struct heard heard;
    char block[100];
    int fd;

    (void)state;
    memset(block, 'x', sizeof block);
    rig_start(&r, &conf);
    fd = rig_connect(&r);
    SAY(&r, fd, "POST /echo HTTP/1.1\r\n" H "Content-Length: 2500\r\n\r\n");
    for (int i = 0; i < 25; i++) {
        rig_say(&r, fd, block, sizeof block);
        rig_pump(&r, 30);
    }
    heard = rig_hear(&r, fd, 1, 500);
    assert_int_equal(heard.statuses[0], 200);
    close(fd);
    rig_stop(&r);
}

static void a_paused_owner_is_not_the_clients_fault(void **state)
{
    const struct wk_httpd_conf conf = {.body_grace_ms = 50, .body_min_rate = 1000};
    struct rig r;
    struct heard heard;
    int fd;

    (void)state;
    rig_start(&r, &conf);
    r.pause_pieces = true;
    fd = rig_connect(&r);
    SAY(&r, fd, "POST /pieces HTTP/1.1\r\n" H "Content-Length: 6\r\n\r\nabc");
    rig_pump(&r, 400);
    assert_int_equal(r.aborts, 0);
    wk_exchange_resume(r.held[0]);
    r.held[0] = NULL;
    SAY(&r, fd, "def");
    heard = rig_hear(&r, fd, 1, 500);
    assert_int_equal(heard.statuses[0], 200);
    close(fd);
    rig_stop(&r);
}

static void a_client_that_does_not_read_is_cut(void **state)
{
    const struct wk_httpd_conf conf = {.write_grace_ms = 200, .write_min_rate = 1 << 20, .write_mark_bytes = 1 << 20};
    static char block[1 << 20];
    struct rig r;
    int fd;

    (void)state;
    rig_start(&r, &conf);
    fd = rig_connect(&r);
    SAY(&r, fd, GET("/hold"));
    rig_pump(&r, 5);
    assert_int_equal(wk_exchange_begin(r.held[0], 200, NULL, 0), WK_WRITTEN);
    for (int i = 0; i < 20 && wk_exchange_write(r.held[0], block, sizeof block) == WK_WRITTEN; i++)
        ;
    rig_pump(&r, 900);
    assert_int_equal(STATS(&r).write_timeouts, 1);
    assert_int_equal(r.aborts, 1);
    assert_int_equal(STATS(&r).connections, 0);
    close(fd);
    rig_stop(&r);
}

static void at_the_cap_busy_connections_are_kept_and_old_idle_ones_make_room(void **state)
{
    const struct wk_httpd_conf conf = {.max_connections = 3};
    struct rig r;
    struct heard heard;
    int fds[5];

    (void)state;
    rig_start(&r, &conf);
    for (int i = 0; i < 3; i++) {
        fds[i] = rig_connect(&r);
        SAY(&r, fds[i], GET("/hold"));
    }
    rig_pump(&r, 20);
    fds[3] = rig_connect(&r); /* waits in the queue of the socket */
    SAY(&r, fds[3], GET("/x"));
    heard = rig_hear(&r, fds[3], 1, 200);
    assert_int_equal(heard.n, 0);
    assert_false(heard.closed);
    assert_int_equal(STATS(&r).connections, 3);
    assert_true(STATS(&r).cap_pauses >= 1);
    wk_exchange_reply(r.held[0], 200, NULL, 0, "", 0); /* now one is idle, and after a second it must go */
    r.held[0] = NULL;
    heard = rig_hear(&r, fds[3], 1, 200);
    assert_int_equal(heard.n, 0);
    heard = rig_hear(&r, fds[3], 1, 2000);
    assert_int_equal(heard.statuses[0], 200);
    assert_int_equal(STATS(&r).cap_closes, 1);
    for (int i = 0; i < 4; i++)
        close(fds[i]);
    rig_stop(&r);
}

static void without_file_descriptors_accepting_pauses_and_does_not_spin(void **state)
{
    struct rig r;
    struct heard heard;
    struct rlimit old, tight;
    int fds[512], n = 0, fd;
    clock_t cpu;

    (void)state;
    rig_start(&r, NULL);
    fd = rig_connect(&r);
    getrlimit(RLIMIT_NOFILE, &old);
    tight = (struct rlimit){256, old.rlim_max};
    setrlimit(RLIMIT_NOFILE, &tight);
    while (n < 512 && (fds[n] = open("/dev/null", O_RDONLY)) >= 0)
        n++;
    SAY(&r, fd, GET("/x"));
    cpu = clock();
    heard = rig_hear(&r, fd, 1, 450);
    assert_int_equal(heard.n, 0);
    assert_in_range(STATS(&r).accept_errors, 3, 6); /* one per 100 ms */
    assert_true(clock() - cpu < CLOCKS_PER_SEC / 3);
    while (n)
        close(fds[--n]);
    setrlimit(RLIMIT_NOFILE, &old);
    heard = rig_hear(&r, fd, 1, 500);
    assert_int_equal(heard.statuses[0], 200);
    close(fd);
    rig_stop(&r);
}

static void two_listeners_share_one_socket_evenly(void **state)
{
    struct rig r, other;
    struct wk_err err;
    int fds[64];

    (void)state;
    rig_start(&r, NULL);
    rig_start(&other, NULL);
    assert_true(wk_httpd_listen(other.h, r.listener, &err));
    for (int i = 0; i < 64; i++)
        fds[i] = rig_connect(&r);
    for (int i = 0; i < 50; i++) {
        rig_pump(&r, 0);
        rig_pump(&other, 0);
    }
    assert_int_equal(STATS(&r).accepted + STATS(&other).accepted, 64);
    assert_in_range(STATS(&r).accepted, 16, 48);
    for (int i = 0; i < 64; i++)
        close(fds[i]);
    rig_stop(&other);
    rig_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_over_the_limit_have_their_own_answers),
        cmocka_unit_test(chunk_extensions_and_trailers_are_bounded),
        cmocka_unit_test(all_bodies_together_have_a_budget),
        cmocka_unit_test(deadlines_hold_for_the_silent_and_for_those_who_drip),
        cmocka_unit_test(an_idle_connection_is_closed_in_silence),
        cmocka_unit_test(a_body_at_a_fair_rate_is_not_cut),
        cmocka_unit_test(a_paused_owner_is_not_the_clients_fault),
        cmocka_unit_test(a_client_that_does_not_read_is_cut),
        cmocka_unit_test(at_the_cap_busy_connections_are_kept_and_old_idle_ones_make_room),
        cmocka_unit_test(two_listeners_share_one_socket_evenly),
        cmocka_unit_test(without_file_descriptors_accepting_pauses_and_does_not_spin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
