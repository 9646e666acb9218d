/* log.h - one JSON line per fact, to stderr or a file: ts level msg plugin hook tenant trace_id span_id request_id err.
 * One write(2) with O_APPEND per line: processes share a file without tearing lines. A line that cannot be written at once is
 * dropped and counted, so a full disk or a stuck pipe never stops the loop. Only programs log (worker, master, call's wk_log);
 * rooms return errors. Threads: the loop's thread; wk_log_reopen is also signal-safe. */
#ifndef WK_OBSERVE_LOG_H
#define WK_OBSERVE_LOG_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wakala/abi.h>

struct wk_log_fields { /* any may be NULL: left out. Text is escaped and cut at 256 bytes each */
    const char *plugin, *hook, *tenant, *trace_id, *span_id, *request_id;
    const struct wk_err *err; /* {"class","code","message"} */
    const char *kind;         /* "security": the lines a watchman reads; with ip and subject, "" when there is none */
    const char *ip, *subject;
    const char *backtrace;    /* where a SYSTEM error was raised */
};

/* path NULL, "" or "stderr": stderr. Before the first open: stderr, WK_INFO. */
bool wk_log_open(const char *path, enum wk_level level, struct wk_err *err);
void wk_log_close(void);
void wk_log_reopen(void); /* the next line opens the path again (SIGUSR1, after logrotate) */
bool wk_log_is_on(enum wk_level level);
bool wk_log_level_parse(const char *text, enum wk_level *out); /* debug info warn error */

/* Identical lines (same level, plugin, hook, and text but for its digits) above 10 a second are counted, and reported once a second. */
void wk_log_line(enum wk_level level, const struct wk_log_fields *fields, const char *fmt, ...) WK_PRINTF(3, 4);
void wk_log_vline(enum wk_level level, const struct wk_log_fields *fields, const char *fmt, va_list ap) WK_PRINTF(3, 0);

struct wk_log_stats {
    uint64_t lines, dropped, suppressed;
};
const struct wk_log_stats *wk_log_stats(void); /* this process */

/* JSON string body of text[len] into out (always NUL-terminated, whole characters, bad UTF-8 as U+FFFD); returns its length. */
size_t wk_log_escape(char *out, size_t size, const char *text, size_t len);
/* "12025550101" -> "*******0101"; 8 characters or fewer: all stars. Returns out. */
char *wk_mask_text(char *out, size_t size, const char *text);
#endif
