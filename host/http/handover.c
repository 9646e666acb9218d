/* handover.c - one sendmsg per connection: header, peer, leftover as data, the fd as SCM_RIGHTS. */
#include "handover.h"
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

struct wire {
    uint32_t magic, len;
    char peer[WK_HANDOVER_PEER];
};
#define MAGIC 0x776b6831u /* "wkh1": both ends may be different builds of us */

bool wk_handover_pair(int socks[2], struct wk_err *err)
{
    int room = 1 << 20; /* a burst of idle connections should not have to come back; the kernel may give less */

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, socks))
        return wk_fail(err, WK_SYSTEM, "http.handover", "socketpair: %s", strerror(errno));
    for (int i = 0; i < 2; i++)
        (void)setsockopt(socks[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    return true;
}

bool wk_handover_send(int sock, int fd, const char *peer, const void *leftover, size_t len, struct wk_err *err)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct wire wire = {.magic = MAGIC, .len = (uint32_t)len};
    struct iovec iov[2] = {{&wire, sizeof wire}, {(void *)(uintptr_t)leftover, len}};
    struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
    ssize_t sent;

    if (len > WK_HANDOVER_MAX_LEFTOVER)
        return wk_fail(err, WK_SYSTEM, "http.handover", "%zu bytes of leftover", len);
    (void)snprintf(wire.peer, sizeof wire.peer, "%s", peer ? peer : "");
    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(cmsg), &fd, sizeof fd);
    do
        sent = sendmsg(sock, &msg, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent >= 0)
        return true; /* a SEQPACKET message goes whole */
    /* ETOOMANYREFS: too many fds in flight on this machine, which passes as well. */
    if (errno == EAGAIN || errno == ENOBUFS || errno == ETOOMANYREFS)
        return wk_fail(err, WK_TRANSIENT, "http.handover_full", "the receiver is behind");
    return wk_fail(err, WK_SYSTEM, "http.handover", "sendmsg: %s", strerror(errno));
}

/* Every fd that came, or an untidy message would leak them. The first is kept. */
static int take_fds(struct msghdr *msg)
{
    int first = -1;

    for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
        if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i < (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
            int fd;

            memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof fd, sizeof fd);
            if (first < 0)
                first = fd;
            else
                close(fd);
        }
    }
    return first;
}

enum wk_handover_got wk_handover_recv(int sock, struct wk_handover *out, struct wk_err *err)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int) * 4)];
    } control;
    struct wire wire;
    struct iovec iov[2] = {{&wire, sizeof wire}, {out->leftover, sizeof out->leftover}};
    struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    ssize_t got;

    out->fd = -1;
    do
        got = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN)
        return WK_HANDOVER_AGAIN;
    if (got == 0)
        return WK_HANDOVER_CLOSED;
    if (got > 0)
        out->fd = take_fds(&msg);
    if (got < (ssize_t)sizeof wire || wire.magic != MAGIC || (size_t)got - sizeof wire != wire.len || out->fd < 0 ||
        (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
        if (out->fd >= 0)
            close(out->fd);
        out->fd = -1;
        wk_fail(err, WK_SYSTEM, "http.handover", "a message that is no connection (%zd bytes)", got);
        return WK_HANDOVER_FAILED;
    }
    memcpy(out->peer, wire.peer, sizeof out->peer);
    out->peer[sizeof out->peer - 1] = '\0';
    out->len = wire.len;
    return WK_HANDOVER_GOT;
}
