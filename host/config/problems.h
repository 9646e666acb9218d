/* problems.h - everything that is wrong, not only the first thing: one line per problem, in the order found.
 * A check adds lines and goes on; the caller looks at the count at the end and prints all. Never holds a secret's value.
 * Threads: one. Adding without memory counts the problem and loses its text. */
#ifndef WK_PROBLEMS_H
#define WK_PROBLEMS_H
#include <stdio.h>
#include <wakala/base.h>
#include <wakala/err.h>

struct wk_problems;

struct wk_problems *wk_problems_create(void); /* NULL without memory */
void wk_problems_destroy(struct wk_problems *problems);
WK_PRINTF(2, 3) void wk_problems_add(struct wk_problems *problems, const char *fmt, ...);
/* "file:line: text"; file NULL: only the text, line 0: "file: text". */
WK_PRINTF(4, 5) void wk_problems_at(struct wk_problems *problems, const char *file, int line, const char *fmt, ...);
size_t wk_problems_count(const struct wk_problems *problems);
const char *wk_problems_text(const struct wk_problems *problems, size_t i); /* borrowed until the next add; "" past the end */
void wk_problems_print(const struct wk_problems *problems, FILE *out);      /* one per line */
/* The first problem and how many more there are, as one error (SYSTEM); false always, as wk_fail. */
bool wk_problems_fail(const struct wk_problems *problems, const char *code, struct wk_err *err);
WK_DEFINE_AUTO(wk_problems)
#endif
