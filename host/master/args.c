/* args.c - argv of a worker, read back: strict, because only our own master writes it. */
#include "master/protocol.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

static bool number(const char *text, long long max, int64_t *out)
{
    char *end;
    long long v;

    errno = 0;
    v = strtoll(text, &end, 10);
    if (errno || end == text || *end || v < 0 || v > max)
        return false;
    *out = v;
    return true;
}

static bool listen_fds(const char *text, struct wk_worker_args *out)
{
    while (*text) {
        char *end;
        long fd = strtol(text, &end, 10);

        if (end == text || fd < 0 || fd > INT_MAX || (*end && *end != ',') || out->n_listen == WK_LISTEN_MAX)
            return false;
        out->listen_fds[out->n_listen++] = (int)fd;
        text = *end ? end + 1 : end;
    }
    return true;
}

/* The value of "--name=value", NULL when arg is another. */
static const char *value_of(const char *arg, const char *name)
{
    size_t n = strlen(name);

    return !strncmp(arg, "--", 2) && !strncmp(arg + 2, name, n) && arg[2 + n] == '=' ? arg + 3 + n : NULL;
}

bool wk_worker_args_parse(int argc, char **argv, struct wk_worker_args *out, struct wk_err *err)
{
    struct {
        const char *name;
        long long max;
        int64_t value; /* -1: missing */
    } numbers[] = {
        {"generation", UINT32_MAX, -1}, {"index", UINT32_MAX, -1},  {"slot", WK_SHARE_SLOTS - 1, -1},
        {"workers", UINT32_MAX, -1},    {"rehearsal", 1, -1},       {"share-fd", INT_MAX, -1},
        {"ready-fd", INT_MAX, -1},      {"control-fd", INT_MAX, -1}, {"adopt-fd", INT_MAX, -1},
        {"drain-ms", UINT32_MAX, -1},
    };

    memset(out, 0, sizeof *out);
    for (int i = 2; i < argc; i++) {
        bool is_known = false;
        const char *v;

        for (size_t n = 0; n < WK_COUNT(numbers); n++)
            if ((v = value_of(argv[i], numbers[n].name)))
                is_known = number(v, numbers[n].max, &numbers[n].value);
        if ((v = value_of(argv[i], "dir")))
            is_known = (out->dir = v) != NULL;
        if ((v = value_of(argv[i], "build")))
            is_known = (out->build = v) != NULL;
        if ((v = value_of(argv[i], "listen-fds")))
            is_known = listen_fds(v, out);
        if (!is_known)
            return wk_fail(err, WK_SYSTEM, "worker.args", "`wakala worker` is started by the master only: bad %s", argv[i]);
    }
    for (size_t n = 0; n < WK_COUNT(numbers); n++)
        if (numbers[n].value < 0)
            return wk_fail(err, WK_SYSTEM, "worker.args", "`wakala worker` is started by the master only: no --%s",
                           numbers[n].name);
    if (!out->dir || !out->build)
        return wk_fail(err, WK_SYSTEM, "worker.args", "`wakala worker` is started by the master only: no --dir or --build");
    out->generation = (uint32_t)numbers[0].value;
    out->index = (uint32_t)numbers[1].value;
    out->slot = (uint32_t)numbers[2].value;
    out->workers = (uint32_t)numbers[3].value;
    out->is_rehearsal = numbers[4].value != 0;
    out->share_fd = (int)numbers[5].value;
    out->ready_fd = (int)numbers[6].value;
    out->control_fd = (int)numbers[7].value;
    out->adopt_fd = (int)numbers[8].value;
    out->drain_ms = (uint32_t)numbers[9].value;
    return true;
}
