/* socket.h - the public listening socket: bound once by the master, inherited by all workers. One shared socket and not one
 * per worker (SO_REUSEPORT): closing such a one resets the connections in its queue at each reload. */
#ifndef WK_MASTER_SOCKET_H
#define WK_MASTER_SOCKET_H
#include <wakala/err.h>

/* "0.0.0.0:8080", "[::]:8080". Listening, non-blocking, close-on-exec; -1 and err, which names the holder of a taken port. */
int wk_socket_bind(const char *address, struct wk_err *err);
/* "pid 12 (nginx: master process)" of who listens on that TCP port; false when it cannot be seen (another user's). */
bool wk_socket_holder(unsigned port, char *out, size_t size);
#endif
