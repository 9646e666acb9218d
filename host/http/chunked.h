/* chunked.h - strict decoder of the chunked transfer coding.
 * By hand, although the header is llhttp's: llhttp 8.1 takes "0 CRLF LF" as the end of a body, and compiled in its loose
 * mode any two bytes behind a chunk. The fuzzer holds it against llhttp: what this accepts, llhttp reads alike. */
#ifndef WK_HTTP_CHUNKED_H
#define WK_HTTP_CHUNKED_H
#include <stdint.h>
#include <wakala/base.h>

#define WK_CHUNKED_TRAILER_MAX 8192   /* all trailer lines; read and dropped */
#define WK_CHUNKED_EXTENSION_MAX 4096 /* all extensions of one body; read and dropped */

struct wk_chunked { /* zeroed = at the first byte */
    uint8_t state;
    uint8_t digits;
    bool line_has_name; /* the trailer line has its colon */
    uint32_t line_len, extension, trailer;
    uint64_t left;
};
enum wk_chunked_got {
    WK_CHUNKED_MORE, /* all of p consumed */
    WK_CHUNKED_DATA, /* *data is a piece of the body, within p */
    WK_CHUNKED_END,  /* the body is over; *used bytes belonged to it */
    WK_CHUNKED_BAD,
};
extern const bool wk_http_token[256]; /* the bytes of field names and methods (RFC 9110 token) */
enum wk_chunked_got wk_chunked_next(struct wk_chunked *ch, const char *p, size_t n, size_t *used, struct wk_span *data);
#endif
