/* rig.h - a listener in this very process and raw sockets that talk to it: the loop is pumped while a client waits. */
#ifndef TEST_HTTP_RIG_H
#define TEST_HTTP_RIG_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <event2/event.h>
#include <http/server.h>

struct rig {
    struct event_base *base;
    struct wk_httpd *h;
    int listener;
    uint16_t port;
    struct wk_exchange *held[64]; /* of paths that start with /hold */
    int n_held, aborts, heads, requests, drains, ends;
    char pieces[1 << 16];         /* what on_body brought */
    size_t pieces_len;
    bool pause_pieces, keep_on_abort;
    char last_path[256], last_query[256], last_host[128];
};
void rig_start(struct rig *r, const struct wk_httpd_conf *conf);
void rig_stop(struct rig *r);
void rig_pump(struct rig *r, int ms);
int rig_connect(struct rig *r);
void rig_say(struct rig *r, int fd, const char *data, size_t len);
/* Pump until `n` status lines are here and nothing more comes, or the server closed; NUL-terminated, static buffer. */
struct heard {
    char *text;
    size_t len;
    int statuses[64], n;
    bool closed, reset;
};
struct heard rig_hear(struct rig *r, int fd, int n, int ms);
struct heard rig_ask(struct rig *r, const char *request, int n); /* connect, say, hear, close */
#define SAY(r, fd, text) rig_say(r, fd, text, strlen(text))
#define STATS(r) (*wk_httpd_stats((r)->h))
#endif
