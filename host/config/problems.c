#include "config/problems.h"
#include <stdarg.h>
#include <stdlib.h>

struct wk_problems {
    char **lines;
    size_t count, room;
};

struct wk_problems *wk_problems_create(void) { return calloc(1, sizeof(struct wk_problems)); }

void wk_problems_destroy(struct wk_problems *problems)
{
    if (!problems)
        return;
    for (size_t i = 0; i < problems->count && i < problems->room; i++)
        free(problems->lines[i]);
    free(problems->lines);
    free(problems);
}

/* Takes `line`, which may be NULL when memory ran out: the count must grow all the same. */
static void take(struct wk_problems *problems, char *line)
{
    if (problems->count >= problems->room) {
        size_t room = problems->count ? problems->count * 2 : 16;
        char **lines = realloc(problems->lines, room * sizeof *lines);

        if (!lines) {
            free(line);
            problems->count++;
            return;
        }
        for (size_t i = problems->room; i < room; i++)
            lines[i] = NULL;
        problems->lines = lines;
        problems->room = room;
    }
    problems->lines[problems->count++] = line;
}

void wk_problems_add(struct wk_problems *problems, const char *fmt, ...)
{
    char *line = NULL;
    va_list ap;

    va_start(ap, fmt);
    if (vasprintf(&line, fmt, ap) < 0)
        line = NULL;
    va_end(ap);
    take(problems, line);
}

void wk_problems_at(struct wk_problems *problems, const char *file, int line, const char *fmt, ...)
{
    char *text = NULL, *whole = NULL;
    va_list ap;
    int n;

    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) < 0)
        text = NULL;
    va_end(ap);
    if (file && line > 0)
        n = asprintf(&whole, "%s:%d: %s", file, line, text ? text : "?");
    else if (file)
        n = asprintf(&whole, "%s: %s", file, text ? text : "?");
    else
        n = asprintf(&whole, "%s", text ? text : "?");
    free(text);
    take(problems, n < 0 ? NULL : whole);
}

size_t wk_problems_count(const struct wk_problems *problems) { return problems->count; }

const char *wk_problems_text(const struct wk_problems *problems, size_t i)
{
    if (i >= problems->count)
        return "";
    return i < problems->room && problems->lines[i] ? problems->lines[i] : "(out of memory while describing a problem)";
}

void wk_problems_print(const struct wk_problems *problems, FILE *out)
{
    for (size_t i = 0; i < problems->count; i++)
        (void)fprintf(out, "%s\n", wk_problems_text(problems, i));
}

bool wk_problems_fail(const struct wk_problems *problems, const char *code, struct wk_err *err)
{
    if (problems->count > 1)
        return wk_fail(err, WK_SYSTEM, code, "%s (and %zu more)", wk_problems_text(problems, 0), problems->count - 1);
    return wk_fail(err, WK_SYSTEM, code, "%s", wk_problems_text(problems, 0));
}
