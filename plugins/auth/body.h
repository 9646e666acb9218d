/* body.h - what REST requests bring: JSON with known members, pages. */
#ifndef AUTH_BODY_H
#define AUTH_BODY_H
#include <wakala/db.h>
#include <wakala/json.h>

enum { PAGE_DEFAULT = 20, PAGE_MAX = 100 };
/* The body as an object of no other members than `allowed` (separated by blanks). json.* or auth.body (BUSINESS) says which member is wrong. */
json_t *body_read(struct wk_call *call, struct wk_http *http, const char *allowed, struct wk_err *err);
/* A text member of min to max characters; NULL and auth.body when it is not. A missing one: NULL, an error only when min > 0. */
const char *body_text(const json_t *body, const char *member, size_t min, size_t max, struct wk_err *err);
bool body_id(const json_t *body, const char *member, struct wk_uuid *out, struct wk_err *err);
/* Digits of an international number, 8 to 15, a "+" before them allowed; blanks, "-" and brackets are dropped. */
const char *body_phone(struct wk_call *call, const json_t *body, struct wk_err *err);
/* ?limit= and ?after=. `after` is left alone when absent. */
bool page_limit(struct wk_http *http, int64_t *limit, struct wk_err *err);
bool page_after_id(struct wk_http *http, struct wk_uuid *after, struct wk_err *err);
/* {"items": .., "next": .. or null} of rows that were asked for with limit + 1; the first column is what `after` of the next page says. */
bool page_reply(struct wk_call *call, struct wk_http *http, const struct wk_rows *rows, int64_t limit,
                json_t *(*shown)(struct wk_call *call, const struct wk_rows *rows, size_t row), struct wk_err *err);
#endif
