/* handover.h - a connection travels to another process: its fd by SCM_RIGHTS, its peer and the bytes already read in the
 * same message, over a SOCK_SEQPACKET unix socket, so that a message is whole or not there. Non-blocking. */
#ifndef WK_HTTP_HANDOVER_H
#define WK_HTTP_HANDOVER_H
#include <stdbool.h>
#include <stddef.h>
#include <wakala/err.h>

#define WK_HANDOVER_MAX_LEFTOVER 65536
#define WK_HANDOVER_PEER 64

struct wk_handover {
    int fd; /* the receiver's from now on */
    char peer[WK_HANDOVER_PEER];
    size_t len;
    char leftover[WK_HANDOVER_MAX_LEFTOVER];
};
enum wk_handover_got { WK_HANDOVER_GOT, WK_HANDOVER_AGAIN, WK_HANDOVER_CLOSED, WK_HANDOVER_FAILED };

bool wk_handover_pair(int socks[2], struct wk_err *err); /* non-blocking, close-on-exec */
/* false: nothing was sent (TRANSIENT http.handover_full: the receiver's queue is full); fd stays the caller's either way. */
bool wk_handover_send(int sock, int fd, const char *peer, const void *leftover, size_t len, struct wk_err *err);
enum wk_handover_got wk_handover_recv(int sock, struct wk_handover *out, struct wk_err *err);
#endif
