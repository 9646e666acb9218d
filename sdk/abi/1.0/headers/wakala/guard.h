/* guard.h - failures: what people see of them. docs/errors.md lists the codes. */
#ifndef WAKALA_GUARD_H
#define WAKALA_GUARD_H
#include <wakala/call.h>

/* What a person sees, by class: BUSINESS its code and text, SYSTEM and TRANSIENT "SYSTEM_ERROR" with a reference, SECURITY "FORBIDDEN"; another
 * tenant's id looks like nobody's. Never a cause. */
struct wk_told {
    uint32_t size;
    int32_t status;        /* as an HTTP answer */
    const char *code;      /* for programs */
    const char *text;      /* for people, in `language` where the catalogue has it, else English */
    const char *message;   /* what is wrong with what they sent, English; NULL: nothing to add */
    const char *reference; /* 8 hex digits, which begin the trace id of every log line of this call; NULL: BUSINESS */
};
/* `language` NULL: the tenant's. told->size set by the caller. Text lives as long as the call. Does not suspend, cannot fail. */
static inline void wk_error_told(struct wk_call *call, const struct wk_err *err, const char *language, struct wk_told *told)
{
    wk_host->error_told(call, err, language, told);
}
#endif
