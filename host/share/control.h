/* control.h - what the master says to a worker (SOCK_SEQPACKET, one kind per packet, at most one fd with it), and the one
 * verdict a worker says to the master (a pipe, one JSON line). Non-blocking; no allocation. */
#ifndef WK_SHARE_CONTROL_H
#define WK_SHARE_CONTROL_H
#include <stdbool.h>
#include <stddef.h>
#include <wakala/err.h>

enum wk_control {
    WK_CONTROL_NONE = 0,   /* recv: nothing there now */
    WK_CONTROL_CLOSED,     /* recv: the master is gone: drain and exit */
    WK_CONTROL_SERVE = 'S', /* after all of the generation are ready: accept, adopt, take lanes */
    WK_CONTROL_DRAIN = 'D', /* stop accepting, give idle connections to `fd` (-1: nobody takes them), finish, exit 0 */
    WK_CONTROL_REOPEN = 'R', /* wk_log_reopen() */
};
bool wk_control_send(int sock, enum wk_control kind, int fd, struct wk_err *err); /* fd -1: none; stays the caller's */
enum wk_control wk_control_recv(int sock, int *fd); /* *fd is the receiver's, close-on-exec; -1: none came */

/* Exactly one per worker, then the worker closes the pipe. Problems read "file:line: what is wrong"; may be NULL when ok. */
bool wk_verdict_write(int fd, bool is_ok, const char *plugin, const char *const *problems, size_t n);
#endif
