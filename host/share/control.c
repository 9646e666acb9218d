/* control.c - see control.h. A verdict's JSON is written by hand: a worker that reports "no memory" must not need any. */
#include "share/control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union fd_room { /* aligned as the kernel wants it */
    struct cmsghdr head;
    char bytes[CMSG_SPACE(sizeof(int))];
};

bool wk_control_send(int sock, enum wk_control kind, int fd, struct wk_err *err)
{
    char byte = (char)kind;
    struct iovec iov = {.iov_base = &byte, .iov_len = 1};
    union fd_room room;
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    ssize_t n;

    memset(&room, 0, sizeof room);
    if (fd >= 0) {
        msg.msg_control = room.bytes;
        msg.msg_controllen = sizeof room.bytes;
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(c), &fd, sizeof fd);
    }
    do
        n = sendmsg(sock, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n == 1 || wk_fail(err, WK_SYSTEM, "share.control", "telling a worker: %s", strerror(errno));
}

enum wk_control wk_control_recv(int sock, int *fd)
{
    char byte = 0;
    struct iovec iov = {.iov_base = &byte, .iov_len = 1};
    union fd_room room;
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = room.bytes, .msg_controllen = sizeof room.bytes};
    ssize_t n;

    *fd = -1;
    do
        n = recvmsg(sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN ? WK_CONTROL_NONE : WK_CONTROL_CLOSED;
    if (n == 0)
        return WK_CONTROL_CLOSED;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
            memcpy(fd, CMSG_DATA(c), sizeof *fd);
    switch (byte) {
    case WK_CONTROL_SERVE:
    case WK_CONTROL_DRAIN:
    case WK_CONTROL_REOPEN:
        return (enum wk_control)byte;
    default: /* the master is of the same build: only a bug gets here, and ignoring it is the least harm */
        return WK_CONTROL_NONE;
    }
}

/* --- the verdict ------------------------------------------------------------------------------------------------------- */

struct line {
    char text[32768]; /* below the pipe's 64 KiB: one write takes it all */
    size_t len;
};

static void add(struct line *line, const char *text)
{
    size_t n = strlen(text);

    if (line->len + n < sizeof line->text) {
        memcpy(line->text + line->len, text, n);
        line->len += n;
    }
}

static void add_string(struct line *line, const char *text)
{
    static const char hex[] = "0123456789abcdef";
    const size_t room = sizeof line->text - 64; /* the tail of the line always fits */

    add(line, "\"");
    for (const unsigned char *p = (const unsigned char *)text; *p && line->len + 8 < room; p++) {
        char one[8] = {(char)*p, '\0'};

        if (*p == '"' || *p == '\\') {
            one[0] = '\\';
            one[1] = (char)*p;
        } else if (*p < 0x20) {
            memcpy(one, "\\u00", 4);
            one[4] = hex[*p >> 4];
            one[5] = hex[*p & 15];
        }
        add(line, one);
    }
    add(line, "\"");
}

bool wk_verdict_write(int fd, bool is_ok, const char *plugin, const char *const *problems, size_t n)
{
    struct line line = {.len = 0};
    ssize_t got;

    add(&line, is_ok ? "{\"ok\":true" : "{\"ok\":false");
    if (plugin) {
        add(&line, ",\"plugin\":");
        add_string(&line, plugin);
    }
    if (!is_ok) {
        add(&line, ",\"problems\":[");
        for (size_t i = 0; i < n && line.len + 1024 < sizeof line.text; i++) {
            if (i)
                add(&line, ",");
            add_string(&line, problems[i]);
        }
        add(&line, "]");
    }
    add(&line, "}\n");
    do
        got = write(fd, line.text, line.len);
    while (got < 0 && errno == EINTR);
    return got == (ssize_t)line.len;
}
