/* Leaving: connections are given to another listener in mid-life and no request is lost. */
#include "rig.h"
#include <http/handover.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define H "Host: a\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" H "\r\n"

struct pair { /* the old generation drains into the new one, on one loop */
    struct rig old, next;
    int socks[2];
    int given, later, done;
    bool refuse;
};

static enum wk_give give(int fd, const char *peer, const void *leftover, size_t len, void *arg)
{
    struct pair *p = arg;
    struct wk_err err;

    if (p->refuse)
        return WK_GIVE_CLOSE;
    if (!wk_handover_send(p->socks[0], fd, peer, leftover, len, &err)) {
        p->later++;
        assert_int_equal(err.cls, WK_TRANSIENT);
        return WK_GIVE_LATER;
    }
    p->given++;
    return WK_GIVEN;
}

static void done(void *arg) { ((struct pair *)arg)->done++; }

static void take_over(struct pair *p, int max)
{
    static struct wk_handover got;
    struct wk_err err;

    for (int i = 0; i < max && wk_handover_recv(p->socks[1], &got, &err) == WK_HANDOVER_GOT; i++) {
        assert_string_equal(got.peer, "127.0.0.1");
        assert_true(wk_httpd_adopt(p->next.h, got.fd, got.peer, got.leftover, got.len, &err));
    }
}

static void pump_both(struct pair *p, int ms)
{
    for (int i = 0; i <= ms; i++) {
        rig_pump(&p->old, 0);
        take_over(p, 1000);
        rig_pump(&p->next, 0);
    }
}

static int setup(void **state)
{
    static struct pair p;
    struct wk_err err;

    memset(&p, 0, sizeof p);
    rig_start(&p.old, NULL);
    rig_start(&p.next, NULL);
    assert_true(wk_handover_pair(p.socks, &err));
    *state = &p;
    return 0;
}
static int teardown(void **state)
{
    struct pair *p = *state;

    close(p->socks[0]);
    close(p->socks[1]);
    rig_stop(&p->old);
    rig_stop(&p->next);
    return 0;
}

static void idle_connections_move_and_answer_on(void **state)
{
    struct pair *p = *state;
    struct heard heard;
    int fds[64];

    for (int i = 0; i < 64; i++) {
        fds[i] = rig_connect(&p->old);
        SAY(&p->old, fds[i], GET("/before"));
        heard = rig_hear(&p->old, fds[i], 1, 1000);
        assert_int_equal(heard.statuses[0], 200);
    }
    wk_httpd_drain(p->old.h, give, done, p);
    pump_both(p, 20);
    assert_int_equal(p->given, 64);
    assert_int_equal(p->done, 1);
    assert_int_equal(STATS(&p->old).connections, 0);
    assert_int_equal(STATS(&p->next).adopted, 64);
    for (int i = 0; i < 64; i++) {
        SAY(&p->next, fds[i], GET("/after"));
        heard = rig_hear(&p->next, fds[i], 1, 1000);
        assert_int_equal(heard.statuses[0], 200);
        close(fds[i]);
    }
    assert_int_equal(p->next.requests, 64);
}

static void a_busy_connection_finishes_its_reply_and_moves_with_its_next_bytes(void **state)
{
    struct pair *p = *state;
    struct heard heard;
    int fd = rig_connect(&p->old);

    SAY(&p->old, fd, GET("/hold") "GET /next HTTP/1.1\r\nHo");
    pump_both(p, 10);
    wk_httpd_drain(p->old.h, give, done, p);
    pump_both(p, 10);
    assert_int_equal(p->given, 0);
    assert_int_equal(p->done, 0);
    wk_exchange_reply(p->old.held[0], 200, NULL, 0, "held", 4);
    p->old.held[0] = NULL;
    pump_both(p, 10);
    assert_int_equal(p->given, 1);
    assert_int_equal(p->done, 1);
    heard = rig_hear(&p->next, fd, 1, 500);
    assert_null(strstr(heard.text, "Connection: close"));
    SAY(&p->next, fd, "st: a\r\n\r\n");
    heard = rig_hear(&p->next, fd, 1, 1000);
    assert_non_null(strstr(heard.text, "\r\n\r\n/next"));
    assert_int_equal(p->old.requests, 1);
    close(fd);
}

static void a_connection_in_mid_header_moves_too(void **state)
{
    struct pair *p = *state;
    struct heard heard;
    int fd = rig_connect(&p->old);

    SAY(&p->old, fd, "GET /x HTTP/1.1\r\n");
    pump_both(p, 10);
    wk_httpd_drain(p->old.h, give, done, p);
    pump_both(p, 10);
    assert_int_equal(p->done, 1);
    SAY(&p->next, fd, H "\r\n");
    heard = rig_hear(&p->next, fd, 1, 1000);
    assert_int_equal(heard.statuses[0], 200);
    close(fd);
}

static void more_leftover_than_a_header_is_answered_here_first(void **state)
{
    struct pair *p = *state;
    struct heard heard;
    static char body[20000];
    int fd = rig_connect(&p->old);

    memset(body, 'x', sizeof body);
    SAY(&p->old, fd, GET("/hold") "POST /echo HTTP/1.1\r\n" H "Content-Length: 20000\r\n\r\n");
    rig_say(&p->old, fd, body, sizeof body);
    pump_both(p, 10);
    wk_httpd_drain(p->old.h, give, done, p);
    wk_exchange_reply(p->old.held[0], 200, NULL, 0, "held", 4);
    p->old.held[0] = NULL;
    pump_both(p, 20);
    assert_int_equal(p->old.requests, 2);
    assert_int_equal(p->given, 1);
    heard = rig_hear(&p->next, fd, 2, 500);
    assert_int_equal(heard.n, 2);
    assert_null(strstr(heard.text, "Connection: close"));
    close(fd);
}

static void a_full_channel_delays_but_loses_nobody(void **state)
{
    struct pair *p = *state;
    int fds[200], small = 4096;
    struct heard heard;

    setsockopt(p->socks[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    for (int i = 0; i < 200; i++) {
        fds[i] = rig_connect(&p->old);
        if (i % 64 == 63)
            rig_pump(&p->old, 5);
    }
    rig_pump(&p->old, 20);
    assert_int_equal(STATS(&p->old).connections, 200);
    wk_httpd_drain(p->old.h, give, done, p);
    assert_true(p->later > 0);
    assert_true(p->given < 200);
    SAY(&p->old, fds[199], GET("/still-here")); /* served by the old one while it waits */
    heard = rig_hear(&p->old, fds[199], 1, 500);
    assert_int_equal(heard.statuses[0], 200);
    for (int i = 0; i < 200 && !p->done; i++)
        pump_both(p, 5);
    assert_int_equal(p->done, 1);
    assert_int_equal(STATS(&p->next).adopted, 200);
    for (int i = 0; i < 200; i++)
        close(fds[i]);
    rig_pump(&p->next, 20);
}

static void without_a_taker_idle_ones_close_and_replies_say_so(void **state)
{
    struct pair *p = *state;
    struct heard heard;
    int idle = rig_connect(&p->old), busy = rig_connect(&p->old);

    SAY(&p->old, busy, GET("/hold"));
    SAY(&p->old, idle, GET("/x"));
    rig_hear(&p->old, idle, 1, 500);
    wk_httpd_drain(p->old.h, NULL, done, p);
    heard = rig_hear(&p->old, idle, 0, 500);
    assert_true(heard.closed && !heard.reset);
    assert_int_equal(p->done, 0);
    wk_exchange_reply(p->old.held[0], 200, NULL, 0, "held", 4);
    p->old.held[0] = NULL;
    heard = rig_hear(&p->old, busy, 0, 500);
    assert_non_null(strstr(heard.text, "Connection: close"));
    assert_true(heard.closed && !heard.reset);
    rig_pump(&p->old, 5);
    assert_int_equal(p->done, 1);
    close(idle);
    close(busy);
}

static void an_untidy_message_leaks_no_descriptor(void **state)
{
    struct pair *p = *state;
    static struct wk_handover got;
    struct wk_err err;

    assert_int_equal(wk_handover_recv(p->socks[1], &got, &err), WK_HANDOVER_AGAIN);
    assert_int_equal(send(p->socks[0], "hello", 5, 0), 5);
    assert_int_equal(wk_handover_recv(p->socks[1], &got, &err), WK_HANDOVER_FAILED);
    assert_string_equal(err.code, "http.handover");
    shutdown(p->socks[0], SHUT_WR);
    assert_int_equal(wk_handover_recv(p->socks[1], &got, &err), WK_HANDOVER_CLOSED);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(idle_connections_move_and_answer_on),
        T(a_busy_connection_finishes_its_reply_and_moves_with_its_next_bytes),
        T(a_connection_in_mid_header_moves_too),
        T(more_leftover_than_a_header_is_answered_here_first),
        T(a_full_channel_delays_but_loses_nobody),
        T(without_a_taker_idle_ones_close_and_replies_say_so),
        T(an_untidy_message_leaks_no_descriptor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
