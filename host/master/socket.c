/* socket.c - see socket.h. The holder is found through /proc: the port's inode, then who has it open. */
#include "master/socket.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 4096, INODES = 16, TCP_LISTENING = 0x0a };

static size_t find_inodes(const char *table, unsigned port, unsigned long *inodes, size_t n)
{
    FILE *f = fopen(table, "re");
    char line[512];

    while (f && n < INODES && fgets(line, sizeof line, f)) {
        unsigned local, state;
        unsigned long inode;

        if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*u %*u %lu", &local, &state, &inode) == 3 &&
            local == port && state == TCP_LISTENING)
            inodes[n++] = inode;
    }
    if (f)
        (void)fclose(f);
    return n;
}

static bool holds(const char *pid, const unsigned long *inodes, size_t n)
{
    char path[300], target[64], wanted[64];
    DIR *fds;
    bool is_found = false;
    ssize_t len;

    (void)snprintf(path, sizeof path, "/proc/%s/fd", pid);
    fds = opendir(path);
    for (const struct dirent *e = NULL; fds && !is_found && (e = readdir(fds));) {
        len = readlinkat(dirfd(fds), e->d_name, target, sizeof target - 1);
        if (len <= 0)
            continue;
        target[len] = '\0';
        for (size_t i = 0; i < n && !is_found; i++) {
            (void)snprintf(wanted, sizeof wanted, "socket:[%lu]", inodes[i]);
            is_found = !strcmp(target, wanted);
        }
    }
    if (fds)
        (void)closedir(fds);
    return is_found;
}

static void describe(const char *pid, char *out, size_t size)
{
    char path[300], command[120] = "?";
    FILE *f;
    size_t n;

    (void)snprintf(path, sizeof path, "/proc/%s/cmdline", pid);
    f = fopen(path, "re");
    if (f) {
        n = fread(command, 1, sizeof command - 1, f);
        (void)fclose(f);
        command[n] = '\0';
        for (size_t i = 0; i + 1 < n; i++)
            if (!isprint((unsigned char)command[i]))
                command[i] = ' ';
    }
    (void)snprintf(out, size, "pid %s (%s)", pid, command);
}

bool wk_socket_holder(unsigned port, char *out, size_t size)
{
    unsigned long inodes[INODES];
    size_t n = find_inodes("/proc/net/tcp", port, inodes, 0);
    DIR *proc = NULL;
    bool is_found = false;

    n = find_inodes("/proc/net/tcp6", port, inodes, n);
    if (n)
        proc = opendir("/proc");
    for (const struct dirent *e = NULL; proc && !is_found && (e = readdir(proc));) {
        if (!isdigit((unsigned char)e->d_name[0]) || !holds(e->d_name, inodes, n))
            continue;
        is_found = true;
        describe(e->d_name, out, size);
    }
    if (proc)
        (void)closedir(proc);
    return is_found;
}

static unsigned port_of(const struct sockaddr_storage *sa)
{
    return ntohs(sa->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)sa)->sin6_port
                                           : ((const struct sockaddr_in *)sa)->sin_port);
}

static int fail(int fd, const char *address, const struct sockaddr_storage *sa, struct wk_err *err)
{
    int why = errno;
    char holder[200];

    if (why == EADDRINUSE && wk_socket_holder(port_of(sa), holder, sizeof holder))
        (void)wk_fail(err, WK_SYSTEM, "master.port_taken", "%s is taken by %s", address, holder);
    else if (why == EADDRINUSE)
        (void)wk_fail(err, WK_SYSTEM, "master.port_taken", "%s is taken; `ss -ltnp` as root says by whom", address);
    else if (why == EACCES)
        (void)wk_fail(err, WK_SYSTEM, "master.port_forbidden", "%s: only root may bind a port below 1024", address);
    else
        (void)wk_fail(err, WK_SYSTEM, "master.bind", "%s: %s", address, strerror(why));
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

int wk_socket_bind(const char *address, struct wk_err *err)
{
    struct sockaddr_storage sa = {0};
    int len = sizeof sa, fd, one = 1;

    if (evutil_parse_sockaddr_port(address, (struct sockaddr *)&sa, &len) != 0 || !port_of(&sa)) {
        (void)wk_fail(err, WK_SYSTEM, "master.address", "%s is not an address like 0.0.0.0:8080 or [::]:8080", address);
        return -1;
    }
    fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fail(fd, address, &sa, err);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&sa, (socklen_t)len) < 0 || listen(fd, BACKLOG) < 0)
        return fail(fd, address, &sa, err);
    return fd;
}
