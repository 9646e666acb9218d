/* client.c - see client.h. */
#include "master/client.h"
#include "share/share.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { ANSWER_MAX = 4 * 1024 * 1024 };

static int dial(const char *run_dir, struct wk_err *err)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (snprintf(sa.sun_path, sizeof sa.sun_path, "%s/control.sock", run_dir) >= (int)sizeof sa.sun_path)
        errno = ENAMETOOLONG;
    else if (fd >= 0 && connect(fd, (struct sockaddr *)&sa, sizeof sa) == 0)
        return fd;
    if (errno == ENOENT || errno == ECONNREFUSED)
        (void)wk_fail(err, WK_SYSTEM, "master.not_running", "no wakala runs with host.run_dir %s", run_dir);
    else
        (void)wk_fail(err, WK_SYSTEM, "master.control", "%s/control.sock: %s", run_dir, strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

/* Everything until the master closes. */
static char *read_all(int fd, int64_t until_us, size_t *len, struct wk_err *err)
{
    char *text = NULL;

    *len = 0;
    while (*len < ANSWER_MAX) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int64_t left_ms = (until_us - wk_share_mono_us()) / 1000;
        char *grown;
        ssize_t n;

        if (left_ms <= 0 || poll(&p, 1, (int)left_ms) == 0) {
            (void)wk_fail(err, WK_TRANSIENT, "master.no_answer", "the master has not answered in time");
            break;
        }
        grown = realloc(text, *len + 65536);
        if (!grown)
            break;
        text = grown;
        n = read(fd, text + *len, 65536);
        if (n == 0)
            return text;
        if (n < 0 && errno != EINTR) {
            (void)wk_fail(err, WK_SYSTEM, "master.control", "reading the answer: %s", strerror(errno));
            break;
        }
        *len += n > 0 ? (size_t)n : 0;
    }
    free(text);
    return NULL;
}

json_t *wk_client_ask(const char *run_dir, const char *verb, int deadline_ms, struct wk_err *err)
{
    int fd = dial(run_dir, err);
    int64_t until_us = wk_share_mono_us() + (int64_t)deadline_ms * 1000;
    char line[64], *text;
    json_t *answer = NULL;
    size_t len = 0;
    int n = snprintf(line, sizeof line, "{\"do\":\"%s\"}\n", verb);

    if (fd < 0)
        return NULL;
    (void)wk_fail(err, WK_SYSTEM, "master.control", "the master has closed the connection without an answer");
    text = send(fd, line, (size_t)n, MSG_NOSIGNAL) == n ? read_all(fd, until_us, &len, err) : NULL;
    if (text && len)
        answer = json_loadb(text, len, 0, NULL);
    free(text);
    (void)close(fd);
    return answer;
}
