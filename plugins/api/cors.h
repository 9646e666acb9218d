/* cors.h - which pages of other origins may call (Fetch standard, CORS protocol). Pure but for cors_answer(). */
#ifndef API_CORS_H
#define API_CORS_H
#include <wakala/plugin.h>

/* Blanks between; "https://shop.example", "http://localhost:3000", with "*." for any labels in front of the host, or "*": is every entry one? bad: the first that is not, NULL: all are. */
bool cors_check(const char *origins, bool has_credentials, struct wk_span *bad);
/* Exact but for case of the host; "*." stands for one or more labels; "*" for all. */
bool cors_allows(const char *origins, const char *origin);
/* The headers of an answer, or the whole answer of a preflight (HANDLED). */
enum wk_verdict cors_answer(struct wk_call *call, struct wk_http *http, struct wk_err *err);
#endif
