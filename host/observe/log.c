/* log.c - builds a line in a buffer on the stack and writes it once. Lines stay below PIPE_BUF, so that a pipe takes all or
 * nothing and lines of several processes never mix. */
#include "observe/log.h"
#include "share/share.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    LINE_MAX_BYTES = 4000, /* below PIPE_BUF (4096) */
    FIELD_MAX_BYTES = 256,
    MSG_MAX_BYTES = 2048,
    BURST = 10, /* identical lines per second */
    SEEN = 64,
};

static struct {
    int fd;
    char path[PATH_MAX]; /* "" = stderr */
    enum wk_level level;
    bool is_file; /* regular: never blocks for long, poll says nothing about it */
    struct wk_log_stats stats;
} out = {.fd = STDERR_FILENO, .level = WK_INFO};

static volatile sig_atomic_t wants_reopen;

/* What was said in this second, to tell a flood from news. */
static struct seen {
    uint64_t hash;
    int64_t since_us;
    uint32_t count;
    enum wk_level level;
    char msg[120];
} seen[SEEN];

static const char *const level_names[] = {"debug", "info", "warn", "error"};

/* --- where it goes ------------------------------------------------------------------------------------------------------ */

static bool is_stderr(const char *path) { return !path || !*path || !strcmp(path, "stderr"); }

static void use_fd(int fd)
{
    struct stat st;

    if (out.fd > STDERR_FILENO)
        (void)close(out.fd);
    out.fd = fd;
    out.is_file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static int open_path(const char *path)
{
    /* O_NONBLOCK: a FIFO without a reader must not stop us */
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
}

bool wk_log_open(const char *path, enum wk_level level, struct wk_err *err)
{
    int fd = STDERR_FILENO;

    if (!is_stderr(path)) {
        if (strlen(path) >= sizeof out.path)
            return wk_fail(err, WK_SYSTEM, "log.path", "log file path is too long");
        fd = open_path(path);
        if (fd < 0)
            return wk_fail(err, WK_SYSTEM, "log.open", "%s: %s", path, strerror(errno));
        (void)snprintf(out.path, sizeof out.path, "%s", path);
    } else {
        out.path[0] = '\0';
    }
    out.level = level;
    use_fd(fd);
    return true;
}

void wk_log_reopen(void) { wants_reopen = 1; }

static void reopen(void)
{
    int fd;

    wants_reopen = 0;
    if (!out.path[0])
        return;
    fd = open_path(out.path);
    if (fd >= 0)
        use_fd(fd); /* else the old file goes on: better a renamed log than none */
}

bool wk_log_is_on(enum wk_level level) { return level >= out.level; }

bool wk_log_level_parse(const char *text, enum wk_level *level)
{
    for (size_t i = 0; i < WK_COUNT(level_names); i++)
        if (!strcmp(text, level_names[i])) {
            *level = (enum wk_level)i;
            return true;
        }
    return false;
}

const struct wk_log_stats *wk_log_stats(void) { return &out.stats; }

/* --- text --------------------------------------------------------------------------------------------------------------- */

/* Length of the well-formed UTF-8 character at p, 0 = none. */
static size_t utf8_len(const unsigned char *p, size_t left)
{
    size_t n = *p < 0x80 ? 1 : *p >= 0xc2 && *p <= 0xdf ? 2 : *p >= 0xe0 && *p <= 0xef ? 3 : *p >= 0xf0 && *p <= 0xf4 ? 4 : 0;

    if (!n || n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) || (*p == 0xf0 && p[1] < 0x90) ||
        (*p == 0xf4 && p[1] > 0x8f))
        return 0; /* overlong, surrogate, beyond U+10FFFF */
    return n;
}

/* One character of JSON text into one[]; returns its length and how much input it took. */
static size_t escape_one(const unsigned char *p, size_t left, char one[8], size_t *took)
{
    size_t n = utf8_len(p, left);

    *took = n ? n : 1;
    if (!n)
        return (size_t)sprintf(one, "\xef\xbf\xbd");
    if (*p == '"' || *p == '\\')
        return (size_t)sprintf(one, "\\%c", *p);
    if (*p == '\n' || *p == '\t')
        return (size_t)sprintf(one, "\\%c", *p == '\n' ? 'n' : 't');
    /* C0, DEL and C1: a terminal must not obey what a customer wrote */
    if (*p < 0x20 || *p == 0x7f || (n == 2 && *p == 0xc2 && p[1] < 0xa0))
        return (size_t)sprintf(one, "\\u%04x", n == 2 ? p[1] : *p);
    memcpy(one, p, n);
    return n;
}

size_t wk_log_escape(char *to, size_t size, const char *text, size_t len)
{
    size_t at = 0, took;

    if (!size)
        return 0;
    for (size_t i = 0; i < len; i += took) {
        char one[8];
        size_t n = escape_one((const unsigned char *)text + i, len - i, one, &took);

        if (at + n >= size)
            break;
        memcpy(to + at, one, n);
        at += n;
    }
    to[at] = '\0';
    return at;
}

char *wk_mask_text(char *to, size_t size, const char *text)
{
    size_t n = text ? strlen(text) : 0, keep = n > 8 ? 4 : 0, at = 0;

    if (!size)
        return to;
    for (size_t i = 0; i < n && at + 1 < size; i++)
        to[at++] = i < n - keep ? '*' : text[i];
    to[at] = '\0';
    return to;
}

struct line {
    char text[LINE_MAX_BYTES];
    size_t len;
};

static void add_raw(struct line *line, const char *text)
{
    size_t n = strlen(text);

    if (line->len + n + 2 < sizeof line->text) { /* room for "}\n" */
        memcpy(line->text + line->len, text, n);
        line->len += n;
    }
}

static void add_field(struct line *line, const char *key, const char *value, size_t max)
{
    char body[MSG_MAX_BYTES];
    size_t n;

    if (!value)
        return;
    n = wk_log_escape(body, max < sizeof body ? max : sizeof body, value, strlen(value));
    if (line->len + strlen(key) + n + 8 >= sizeof line->text)
        return; /* a whole field or none: the line stays JSON */
    add_raw(line, ",\"");
    add_raw(line, key);
    add_raw(line, "\":\"");
    add_raw(line, body);
    add_raw(line, "\"");
}

static void add_err(struct line *line, const struct wk_err *err)
{
    static const char *const classes[] = {"ok", "transient", "business", "system", "security"};
    char body[2 * sizeof err->msg], code[96], text[sizeof body + 192];

    if (!err)
        return;
    (void)wk_log_escape(body, sizeof body, err->msg, strnlen(err->msg, sizeof err->msg));
    (void)wk_log_escape(code, sizeof code, err->code ? err->code : "", err->code ? strlen(err->code) : 0);
    (void)snprintf(text, sizeof text, ",\"err\":{\"class\":\"%s\",\"code\":\"%s\",\"message\":\"%s\"}",
                   (size_t)err->cls < WK_COUNT(classes) ? classes[err->cls] : "?", code, body);
    add_raw(line, text);
}

static void add_time(struct line *line)
{
    static time_t last = -1;
    static char second[24];
    struct timespec now;
    char text[48];

    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (now.tv_sec != last) {
        struct tm tm;

        last = now.tv_sec;
        (void)strftime(second, sizeof second, "%Y-%m-%dT%H:%M:%S", gmtime_r(&now.tv_sec, &tm));
    }
    (void)snprintf(text, sizeof text, "{\"ts\":\"%s.%03dZ\"", second, (int)(now.tv_nsec / 1000000));
    add_raw(line, text);
}

/* --- writing ------------------------------------------------------------------------------------------------------------- */

static void put(struct line *line)
{
    struct pollfd p = {.fd = out.fd, .events = POLLOUT};
    ssize_t n;

    memcpy(line->text + line->len, "}\n", 2);
    line->len += 2;
    if (!out.is_file && poll(&p, 1, 0) != 1) { /* a pipe nobody reads: the loop must not wait for it */
        out.stats.dropped++;
        return;
    }
    do
        n = write(out.fd, line->text, line->len);
    while (n < 0 && errno == EINTR);
    if (n == (ssize_t)line->len)
        out.stats.lines++;
    else
        out.stats.dropped++;
}

static void write_line(enum wk_level level, const struct wk_log_fields *f, const char *msg)
{
    struct line line = {.len = 0};

    add_time(&line);
    add_field(&line, "level", level_names[level], FIELD_MAX_BYTES);
    add_field(&line, "msg", msg, MSG_MAX_BYTES);
    if (f) {
        add_field(&line, "plugin", f->plugin, FIELD_MAX_BYTES);
        add_field(&line, "hook", f->hook, FIELD_MAX_BYTES);
        add_field(&line, "tenant", f->tenant, FIELD_MAX_BYTES);
        add_field(&line, "trace_id", f->trace_id, FIELD_MAX_BYTES);
        add_field(&line, "span_id", f->span_id, FIELD_MAX_BYTES);
        add_field(&line, "request_id", f->request_id, FIELD_MAX_BYTES);
        add_field(&line, "kind", f->kind, FIELD_MAX_BYTES);
        add_field(&line, "ip", f->ip, FIELD_MAX_BYTES);
        add_field(&line, "subject", f->subject, FIELD_MAX_BYTES);
        add_err(&line, f->err);
        add_field(&line, "backtrace", f->backtrace, MSG_MAX_BYTES);
    }
    put(&line);
}

/* --- floods ---------------------------------------------------------------------------------------------------------------- */

/* The same text but for its digits is the same news: ids and counters differ in a flood. */
static uint64_t news_hash(enum wk_level level, const struct wk_log_fields *f, const char *msg)
{
    char text[512];
    size_t n = 0;

    text[n++] = (char)('0' + (int)level);
    for (const char *p = msg; *p && n < 400; p++)
        if (!isdigit((unsigned char)*p))
            text[n++] = *p;
    for (const char *p = f && f->plugin ? f->plugin : ""; *p && n < 450; p++)
        text[n++] = *p;
    for (const char *p = f && f->hook ? f->hook : ""; *p && n < sizeof text; p++)
        text[n++] = *p;
    return wk_share_hash(text, n);
}

static void report(struct seen *s)
{
    char text[192];

    (void)snprintf(text, sizeof text, "%u more lines like: %s", s->count - BURST, s->msg);
    s->hash = 0;
    write_line(s->level, NULL, text);
}

/* False: said often enough in this second. */
static bool is_news(enum wk_level level, const struct wk_log_fields *f, const char *msg)
{
    int64_t now = wk_share_mono_us();
    uint64_t hash = news_hash(level, f, msg);
    struct seen *s = &seen[hash % SEEN];

    for (size_t i = 0; i < SEEN; i++)
        if (seen[i].hash && seen[i].count > BURST && now - seen[i].since_us >= 1000000)
            report(&seen[i]);
    if (s->hash != hash || now - s->since_us >= 1000000) {
        if (s->hash && s->count > BURST)
            report(s);
        *s = (struct seen){.hash = hash, .since_us = now, .level = level};
        (void)snprintf(s->msg, sizeof s->msg, "%s", msg);
    }
    if (++s->count <= BURST)
        return true;
    out.stats.suppressed++;
    return false;
}

void wk_log_vline(enum wk_level level, const struct wk_log_fields *fields, const char *fmt, va_list ap)
{
    char msg[MSG_MAX_BYTES];

    if ((unsigned)level > WK_ERROR)
        level = WK_ERROR;
    if (!wk_log_is_on(level))
        return;
    if (wants_reopen)
        reopen();
    (void)vsnprintf(msg, sizeof msg, fmt, ap);
    if (is_news(level, fields, msg))
        write_line(level, fields, msg);
}

void wk_log_line(enum wk_level level, const struct wk_log_fields *fields, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    wk_log_vline(level, fields, fmt, ap);
    va_end(ap);
}

void wk_log_close(void)
{
    for (size_t i = 0; i < SEEN; i++)
        if (seen[i].hash && seen[i].count > BURST)
            report(&seen[i]);
    memset(seen, 0, sizeof seen);
    use_fd(STDERR_FILENO);
    out.path[0] = '\0';
    out.level = WK_INFO;
}
