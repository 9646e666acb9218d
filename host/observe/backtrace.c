#include "observe/backtrace.h"
#include "share/share.h"

#include <execinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES = 16, SKIP = 1, CODES = 64 };
#define AGAIN_US INT64_C(60000000)

static __thread struct look {
    const char *code; /* static text: wk_fail()'s rule */
    int64_t at_us;
    int n; /* 0: told */
    void *frame[FRAMES];
} looks[CODES];

static struct look *find(const char *code)
{
    struct look *oldest = looks;

    for (size_t i = 0; i < CODES; i++) {
        if (looks[i].code && !strcmp(looks[i].code, code))
            return &looks[i];
        if (looks[i].at_us < oldest->at_us)
            oldest = &looks[i];
    }
    oldest->code = NULL;
    return oldest;
}

void wk_backtrace_start(void)
{
    void *frame[1];

    (void)backtrace(frame, 1);
}

void wk_backtrace_note(const char *code)
{
    struct look *look = code ? find(code) : NULL;
    int64_t now = wk_share_mono_us();

    if (!look || (look->code && now - look->at_us < AGAIN_US))
        return;
    look->code = code;
    look->at_us = now;
    look->n = backtrace(look->frame, FRAMES);
}

bool wk_backtrace_of(const char *code, char *out, size_t size)
{
    struct look *look = code ? find(code) : NULL;
    char **names;
    size_t at = 0;
    int n;

    if (!look || !look->code || look->n <= SKIP)
        return false;
    n = look->n;
    look->n = 0;
    names = backtrace_symbols(look->frame, n);
    for (int i = SKIP; names && i < n; i++) {
        const char *base = strrchr(names[i], '/');
        int wrote = snprintf(out + at, size - at, "%s%s", i > SKIP ? " < " : "", base ? base + 1 : names[i]);

        if (wrote < 0 || (size_t)wrote >= size - at) {
            out[at] = '\0'; /* whole names only */
            break;
        }
        at += (size_t)wrote;
    }
    free(names);
    return at > 0;
}
