/* gzip.h - answers made smaller for those who can read them. */
#ifndef API_GZIP_H
#define API_GZIP_H
#include <wakala/plugin.h>

/* After the commit: compresses the whole answer where that pays, and says in Vary that it might. What cannot be compressed stays as it is. */
void gzip_answer(struct wk_call *call, struct wk_http *http);
/* Pure. Does the header Accept-Encoding take gzip (RFC 9110 12.5.3)? NULL: no. */
bool gzip_is_wanted(const char *accept_encoding);
/* Pure. Text, JSON, XML, scripts: what shrinks. */
bool gzip_is_text(const char *content_type);
#endif
