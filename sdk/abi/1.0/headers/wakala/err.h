/* err.h - what went wrong: who must act (class), a stable code, a text for people.
 * A function that can fail takes `struct wk_err *err` last, returns false or NULL, and has then filled it; success leaves it
 * alone. err may be NULL when the caller does not care. Nothing here suspends. */
#ifndef WAKALA_ERR_H
#define WAKALA_ERR_H
#include <stdarg.h>
#include <stdio.h>
#include <wakala/base.h>

enum wk_class {    /* named for who must act */
    WK_OK = 0,
    WK_TRANSIENT,  /* nobody: the same call may work later */
    WK_BUSINESS,   /* the caller: a rule said no; retrying is useless */
    WK_SYSTEM,     /* the operator: disk, configuration, bug */
    WK_SECURITY,   /* the operator, now: bad signature, forged token */
};

struct wk_err {
    enum wk_class cls;
    uint32_t retry_after_ms; /* 0 = no advice */
    const char *code;        /* static text (it outlives the call) and stable, "<plugin>.<what>": alerts match on it */
    char msg[240];           /* for people; may change; carries no secret and no phone number */
};
/* The catalogue: every code a plugin may fail with, in its descriptor (.errors). Unique over host and all plugins; one code, one class. What people
 * see of it: guard.h. wakala errors prints it. */
struct wk_error_type {
    const char *code; /* NULL ends the table */
    enum wk_class cls;
    uint16_t status;  /* as an HTTP answer: 400..599 */
    uint16_t flags;   /* WK_ERROR_... */
    const char *text; /* BUSINESS: the sentence a person reads, English, no internals; others: NULL, they read their class's */
    const char *cure; /* what it means, and what operator, integrator or user do about it */
};
enum wk_error_flags {
    WK_ERROR_MESSAGE = 1, /* BUSINESS: wk_fail()'s message is written for the caller (which field, what is allowed) and goes out with the text */
};
#define WK_ERROR_TRANSIENT(code, cure) {code, WK_TRANSIENT, 503, 0, NULL, cure}
#define WK_ERROR_BUSINESS(code, status, text, cure) {code, WK_BUSINESS, status, 0, text, cure}
#define WK_ERROR_REFUSAL(code, status, text, cure) {code, WK_BUSINESS, status, WK_ERROR_MESSAGE, text, cure}
#define WK_ERROR_SYSTEM(code, cure) {code, WK_SYSTEM, 500, 0, NULL, cure}
#define WK_ERROR_SECURITY(code, status, cure) {code, WK_SECURITY, status, 0, NULL, cure} /* 401, 403; 404: as if the id were nobody's */

_Static_assert(offsetof(struct wk_err, code) == 8 && offsetof(struct wk_err, msg) == 16, "frozen in ABI 1.0");

/* The host's: told of every SYSTEM error where it is made, for its backtrace. Absent where nobody defines it. */
extern WK_HIDDEN void (*wk_fail_ear)(const char *code) __attribute__((weak));

/* Fill err and return false, so that a failing line reads: return wk_fail(err, ...); */
WK_PRINTF(4, 5)
static inline bool wk_fail(struct wk_err *err, enum wk_class cls, const char *code, const char *fmt, ...)
{
    va_list ap;

    if (!err)
        return false;
    err->cls = cls;
    err->code = code;
    err->retry_after_ms = 0;
    va_start(ap, fmt);
    (void)vsnprintf(err->msg, sizeof err->msg, fmt, ap);
    va_end(ap);
    if (cls == WK_SYSTEM && &wk_fail_ear && wk_fail_ear)
        wk_fail_ear(code);
    return false;
}
/* Codes, not messages, are what a program compares. `err` must have been filled, or be zeroed. */
static inline bool wk_err_is(const struct wk_err *err, const char *code) { return err->code && !strcmp(err->code, code); }
#endif
