/* pidfile.c - see pidfile.h. flock, because it goes with the process however it ends. */
#include "master/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

static pid_t read_pid(int fd)
{
    char text[32] = "";

    return pread(fd, text, sizeof text - 1, 0) > 0 ? (pid_t)strtol(text, NULL, 10) : 0;
}

int wk_pidfile_take(const char *path, struct wk_err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    char text[32];
    int n;

    if (fd < 0) {
        (void)wk_fail(err, WK_SYSTEM, "master.pid_file", "%s: %s", path, strerror(errno));
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        (void)wk_fail(err, WK_SYSTEM, "master.running", "wakala is running already with this run directory: pid %d (%s)",
                      (int)read_pid(fd), path);
        (void)close(fd);
        return -1;
    }
    n = snprintf(text, sizeof text, "%d\n", (int)getpid());
    if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)n, 0) != n) {
        (void)wk_fail(err, WK_SYSTEM, "master.pid_file", "%s: %s", path, strerror(errno));
        (void)close(fd);
        return -1;
    }
    return fd;
}

void wk_pidfile_drop(const char *path, int fd)
{
    if (fd < 0)
        return;
    (void)unlink(path);
    (void)close(fd);
}

pid_t wk_pidfile_read(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    pid_t pid = 0;

    if (fd < 0)
        return 0;
    if (flock(fd, LOCK_SH | LOCK_NB) < 0) /* held: its writer lives */
        pid = read_pid(fd);
    (void)close(fd);
    return pid;
}
