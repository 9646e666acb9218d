/* target.h - percent-decoding, safe paths, query strings and form bodies. Pure functions, no memory of their own. */
#ifndef WK_HTTP_TARGET_H
#define WK_HTTP_TARGET_H
#include <wakala/base.h>

#define WK_HTTP_MAX_PARAMS 256

/* Decode %XX into out (at least in.len + 1 bytes, NUL-terminated; may be in.data itself when that is mutable).
 * False: a broken escape, %00, a control character, or (path) a "." or ".." segment, plain or escaped. In a path "%2F"
 * stays as it is, so that an encoded slash never becomes a separator. */
bool wk_http_decode_path(struct wk_span in, char *out, size_t *len);
bool wk_http_decode_segment(struct wk_span in, char *out, size_t *len); /* one segment: %2F becomes '/', "..": refused */
/* Query or form text: '+' is a space; tab, CR and LF are allowed, NUL and other control characters are not. */
bool wk_http_decode_form(struct wk_span in, char *out, size_t *len);
bool wk_http_form_is_valid(struct wk_span in); /* all of it could be decoded */

/* Iterate "a=1&b=2": raw spans, not decoded. Start with a zeroed it and it.rest = the text. False at the end. */
struct wk_query_iter {
    struct wk_span rest;
    uint32_t count;
};
bool wk_query_next(struct wk_query_iter *it, struct wk_span *name, struct wk_span *value);

struct wk_form_field {
    struct wk_span name, value; /* decoded; NUL-terminated beyond len */
};
/* Split and decode a form (or query) in one go. buf: text.len + 2 bytes per field at most, so 3 * text.len + 2 is always enough.
 * Returns the number of fields, or -1: an undecodable field, more than max (or WK_HTTP_MAX_PARAMS), buffer too small. */
int wk_form_decode(struct wk_span text, struct wk_form_field *fields, size_t max, char *buf, size_t buf_len);
#endif
