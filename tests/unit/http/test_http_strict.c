/* The grammar, and the ways in which two servers could read the same bytes differently: each is refused, and the bytes
 * behind a refused request are never read as another one. */
#include "rig.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define H "Host: a\r\n"
#define POST "POST /echo HTTP/1.1\r\n" H
#define NEXT "GET /smuggled HTTP/1.1\r\n" H "\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

static const struct row {
    const char *name, *request;
    int status;
} refused[] = {
    /* two ways to see where the body ends */
    {"two Content-Length that differ", POST "Content-Length: 5\r\nContent-Length: 30\r\n\r\nhello" NEXT, 400},
    {"two Content-Length that agree", POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello" NEXT, 400},
    {"a list of lengths", POST "Content-Length: 5, 5\r\n\r\nhello" NEXT, 400},
    {"Content-Length and chunked", POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" NEXT, 400},
    {"chunked and Content-Length", POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" NEXT, 400},
    {"xchunked", POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" NEXT, 501},
    {"gzip, chunked", POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" NEXT, 501},
    {"chunked, identity", POST "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" NEXT, 400},
    {"identity", POST "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n" NEXT, 501},
    {"chunked with a parameter", POST "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n" NEXT, 501},
    {"chunked twice", POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" NEXT, 400},
    {"empty Transfer-Encoding", POST "Transfer-Encoding:\r\n\r\n" NEXT, 501},
    {"chunked in HTTP/1.0", "POST /echo HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    /* numbers */
    {"plus sign", POST "Content-Length: +5\r\n\r\nhello" NEXT, 400},
    {"minus sign", POST "Content-Length: -5\r\n\r\nhello" NEXT, 400},
    {"hexadecimal length", POST "Content-Length: 0x5\r\n\r\nhello" NEXT, 400},
    {"length with a space inside", POST "Content-Length: 5 5\r\n\r\nhello" NEXT, 400},
    {"empty length", POST "Content-Length:\r\n\r\n" NEXT, 400},
    {"length beyond 64 bits", POST "Content-Length: 18446744073709551621\r\n\r\nhello" NEXT, 400},
    {"length beyond 63 bits", POST "Content-Length: 9999999999999999999\r\n\r\nhello" NEXT, 400},
    /* lines */
    {"space before the colon", POST "Content-Length : 5\r\n\r\nhello" NEXT, 400},
    {"tab before the colon", POST "A\t: 5\r\n\r\n" NEXT, 400},
    {"folded line", POST "A: b\r\n c\r\n\r\n" NEXT, 400},
    {"folded line with a tab", POST "A: b\r\n\tc\r\n\r\n" NEXT, 400},
    {"white space before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n" NEXT, 400},
    {"bare LF after a field", "GET / HTTP/1.1\r\nHost: a\nA: b\r\n\r\n" NEXT, 400},
    {"bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n" NEXT, 400},
    {"bare LF as the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\n" NEXT, 400},
    {"bare CR inside a value", POST "A: b\rc\r\n\r\n" NEXT, 400},
    {"control character in a value", POST "A: b\001c\r\n\r\n" NEXT, 400},
    {"DEL in a value", POST "A: b\177c\r\n\r\n" NEXT, 400},
    {"space inside a name", POST "Host4 ah:t: x\r\n\r\n" NEXT, 400},
    {"no colon", POST "nonsense\r\n\r\n" NEXT, 400},
    {"empty name", POST ": x\r\n\r\n" NEXT, 400},
    {"name with a separator", POST "A(b): x\r\n\r\n" NEXT, 400},
    /* Host */
    {"no Host", "GET / HTTP/1.1\r\n\r\n" NEXT, 400},
    {"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n" NEXT, 400},
    {"Host with a slash", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n" NEXT, 400},
    {"Host with user information", "GET / HTTP/1.1\r\nHost: me@a\r\n\r\n" NEXT, 400},
    {"two names in Host", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n" NEXT, 400},
    /* request line */
    {"HTTP/1.9", "GET / HTTP/1.9\r\n" H "\r\n" NEXT, 505},
    {"HTTP/2.0", "GET / HTTP/2.0\r\n" H "\r\n" NEXT, 505},
    {"HTTP/0.9", "GET / HTTP/0.9\r\n" H "\r\n" NEXT, 505},
    {"no version", "GET /\r\n\r\n" NEXT, 400},
    {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    {"another protocol", "GET / RTSP/1.0\r\n" H "\r\n", 400},
    {"lower-case protocol", "GET / http/1.1\r\n" H "\r\n", 400},
    {"two spaces", "GET /  HTTP/1.1\r\n" H "\r\n" NEXT, 400},
    {"space in the target", "GET /a b HTTP/1.1\r\n" H "\r\n" NEXT, 400},
    {"tab in the request line", "GET\t/ HTTP/1.1\r\n" H "\r\n" NEXT, 400},
    {"fragment", "GET /a#b HTTP/1.1\r\n" H "\r\n" NEXT, 400},
    {"control character in the target", "GET /\001 HTTP/1.1\r\n" H "\r\n" NEXT, 400},
    {"relative target", "GET a/b HTTP/1.1\r\n" H "\r\n" NEXT, 400},
    {"unknown scheme", "GET ftp://a/b HTTP/1.1\r\n" H "\r\n" NEXT, 400},
    {"no authority", "GET http:///b HTTP/1.1\r\n" H "\r\n" NEXT, 400},
    {"star without OPTIONS", "GET * HTTP/1.1\r\n" H "\r\n" NEXT, 400},
    {"CONNECT", "CONNECT a:443 HTTP/1.1\r\n" H "\r\n" NEXT, 501},
    {"unknown method", "BREW / HTTP/1.1\r\n" H "\r\n" NEXT, 501},
    {"lower-case method", "get / HTTP/1.1\r\n" H "\r\n" NEXT, 400},
    {"garbage", "\x16\x03\x01\x02\n" NEXT, 400},
    {"unknown expectation", POST "Expect: 200-maybe\r\nContent-Length: 5\r\n\r\nhello" NEXT, 417},
    /* chunks */
    {"chunk size zz", CHUNKED "zz\r\n" NEXT, 400},
    {"chunk size -1", CHUNKED "-1\r\n" NEXT, 400},
    {"chunk size 0x3", CHUNKED "0x3\r\nabc\r\n0\r\n\r\n" NEXT, 400},
    {"chunk size with a plus", CHUNKED "+3\r\nabc\r\n0\r\n\r\n" NEXT, 400},
    {"chunk size with a space", CHUNKED "3 \r\nabc\r\n0\r\n\r\n" NEXT, 400},
    {"chunk size of 20 digits", CHUNKED "00000000000000000003\r\nabc\r\n0\r\n\r\n" NEXT, 400},
    {"chunk size beyond 64 bits", CHUNKED "fffffffffffffffff\r\n" NEXT, 400},
    {"no chunk size", CHUNKED "\r\nabc\r\n0\r\n\r\n" NEXT, 400},
    {"bytes behind a chunk", CHUNKED "3\r\nabcXX0\r\n\r\n" NEXT, 400},
    {"bare LF behind a chunk size", CHUNKED "3\nabc\r\n0\r\n\r\n" NEXT, 400},
    {"CR and a letter behind a chunk size", CHUNKED "3\rXabc\r\n0\r\n\r\n" NEXT, 400},
    {"bare LF behind a chunk", CHUNKED "3\r\nabc\n0\r\n\r\n" NEXT, 400},
    {"bare LF in an extension", CHUNKED "3;a\nabc\r\n0\r\n\r\n" NEXT, 400},
    {"bare LF as the last line", CHUNKED "3\r\nabc\r\n0\r\n\n" NEXT, 400},
    {"bare LF behind a trailer", CHUNKED "0\r\nA: b\n\r\n" NEXT, 400},
    {"folded trailer", CHUNKED "0\r\nA: b\r\n c\r\n\r\n" NEXT, 400},
};

static void every_ambiguous_request_is_refused_and_nothing_behind_it_is_read(void **state)
{
    struct rig r;

    (void)state;
    for (size_t i = 0; i < WK_COUNT(refused); i++) {
        struct heard heard;

        rig_start(&r, NULL);
        heard = rig_ask(&r, refused[i].request, 0);
        if (heard.n != 1 || heard.statuses[0] != refused[i].status || !heard.closed || heard.reset || r.requests)
            fail_msg("%s: %d answers, first %d instead of %d, closed %d, %d requests reached the owner", refused[i].name,
                     heard.n, heard.statuses[0], refused[i].status, heard.closed, r.requests);
        assert_int_equal(STATS(&r).bad_requests, 1);
        assert_int_equal(STATS(&r).connections, 0);
        rig_stop(&r);
    }
}

static void a_nul_is_refused_wherever_it_stands(void **state)
{
    static const char request[] = POST "A: bcd\r\n\r\n";
    struct rig r;

    (void)state;
    for (size_t i = 0; i < sizeof request - 3; i++) { /* in the last line nothing has been complete yet */
        char bytes[sizeof request];
        struct heard heard;
        int fd;

        memcpy(bytes, request, sizeof bytes);
        bytes[i] = '\0';
        rig_start(&r, NULL);
        fd = rig_connect(&r);
        rig_say(&r, fd, bytes, sizeof request - 1);
        heard = rig_hear(&r, fd, 1, 100);
        close(fd);
        if (r.requests || (heard.n && heard.statuses[0] < 400))
            fail_msg("NUL at %zu: %s", i, heard.text);
        rig_stop(&r);
    }
}

static const struct row accepted[] = {
    {"plain", "GET /a HTTP/1.1\r\n" H "\r\n", 200},
    {"an empty line first", "\r\n\r\nGET /a HTTP/1.1\r\n" H "\r\n", 200},
    {"absolute form", "GET http://shop.example:80/a?x=1 HTTP/1.1\r\nHost: b\r\n\r\n", 200},
    {"absolute form without a path", "GET http://shop.example?x=1 HTTP/1.1\r\nHost: b\r\n\r\n", 200},
    {"star", "OPTIONS * HTTP/1.1\r\n" H "\r\n", 200},
    {"chunked", CHUNKED "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 200},
    {"chunked in capitals", POST "Transfer-Encoding:  CHUNKED \r\n\r\n3\r\nabc\r\n0\r\n\r\n", 200},
    {"extension and trailer", CHUNKED "3;a=\"b\"\r\nabc\r\n0;x\r\nA: b\r\nC:\r\n\r\n", 200},
    {"leading zeros", CHUNKED "003\r\nabc\r\n000\r\n\r\n", 200},
    {"empty values", "GET / HTTP/1.1\r\n" H "A:\r\nB: \r\n\r\n", 200},
    {"HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", 200},
    {"a wish to upgrade", "GET / HTTP/1.1\r\n" H "Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n", 200},
    {"an IPv6 host", "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", 200},
    {"an empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 200},
    {"bytes above 127 in a value", "GET / HTTP/1.1\r\n" H "A: caf\xc3\xa9\r\n\r\n", 200},
};

static void ordinary_requests_pass(void **state)
{
    struct rig r;

    (void)state;
    rig_start(&r, NULL);
    for (size_t i = 0; i < WK_COUNT(accepted); i++) {
        struct heard heard = rig_ask(&r, accepted[i].request, 1);

        if (heard.n != 1 || heard.statuses[0] != accepted[i].status)
            fail_msg("%s: %s", accepted[i].name, heard.text);
    }
    rig_stop(&r);
}

static void an_absolute_target_gives_path_query_and_host(void **state)
{
    struct rig r;

    (void)state;
    rig_start(&r, NULL);
    rig_ask(&r, "GET http://shop.example:80/a/b?x=1?2 HTTP/1.1\r\nHost: other\r\n\r\n", 1);
    assert_string_equal(r.last_path, "/a/b");
    assert_string_equal(r.last_query, "x=1?2");
    assert_string_equal(r.last_host, "shop.example:80");
    rig_ask(&r, "GET HTTPS://shop.example?q HTTP/1.1\r\nHost: other\r\n\r\n", 1);
    assert_string_equal(r.last_path, "/");
    assert_string_equal(r.last_query, "q");
    rig_stop(&r);
}

/* The same request cut at every byte is the same request. */
static void every_split_reads_alike(void **state)
{
    static const char request[] = CHUNKED "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: v\r\n\r\n" POST "Content-Length: 2\r\n\r\nhi";
    struct rig r;

    (void)state;
    rig_start(&r, NULL);
    for (size_t cut = 1; cut < sizeof request - 1; cut++) {
        int fd = rig_connect(&r);
        struct heard heard;

        rig_say(&r, fd, request, cut);
        rig_say(&r, fd, request + cut, sizeof request - 1 - cut);
        heard = rig_hear(&r, fd, 2, 1000);
        close(fd);
        if (heard.n != 2 || !strstr(heard.text, "\r\n\r\nabcde") || !strstr(heard.text, "\r\n\r\nhi"))
            fail_msg("cut at %zu: %s", cut, heard.text);
    }
    rig_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_ambiguous_request_is_refused_and_nothing_behind_it_is_read),
        cmocka_unit_test(a_nul_is_refused_wherever_it_stands),
        cmocka_unit_test(ordinary_requests_pass),
        cmocka_unit_test(an_absolute_target_gives_path_query_and_host),
        cmocka_unit_test(every_split_reads_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
