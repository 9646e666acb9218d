/* pidfile.h - run_dir/wakala.pid, locked for as long as its master lives: two masters never share a run directory. */
#ifndef WK_MASTER_PIDFILE_H
#define WK_MASTER_PIDFILE_H
#include <sys/types.h>
#include <wakala/err.h>

int wk_pidfile_take(const char *path, struct wk_err *err); /* the fd holds the lock; -1: err names the pid of the other */
void wk_pidfile_drop(const char *path, int fd);
pid_t wk_pidfile_read(const char *path); /* the living master's pid; 0: none */
#endif
