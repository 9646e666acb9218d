/* openapi.h - one OpenAPI 3.1 document of what this host serves below /v1/ and /.well-known/: made once per worker from the route tables, the
 * fragments <share>/<plugin>/openapi.json and the shared part <share>/api/assets/openapi.json. docs/design/openapi.md. */
#ifndef API_OPENAPI_H
#define API_OPENAPI_H
#include <wakala/http.h>

struct openapi {
    char *text; /* the document, compact, members sorted: the same in every worker and host that serves the same */
    size_t len;
    char etag[36];      /* quoted, of the text */
    char missing[160];  /* the first route that no fragment describes; "": none */
    size_t missing_count;
};
/* For .errors of the plugin. */
#define OPENAPI_ERRORS                                                                                                              \
    WK_ERROR_SYSTEM("api.openapi", "An openapi.json is not there, is no JSON, or contradicts another: the message says which. Install that plugin's files again.")

/* In open(). `version`: what info.version says. False: api.openapi (SYSTEM), out is empty. Reads files; does not suspend. */
bool openapi_make(const char *version, struct openapi *out, struct wk_err *err);
void openapi_drop(struct openapi *doc); /* an empty one too */
/* The handler's answer: the document with its ETag, or 304 when the client has it. Says once per worker which routes are not in it. */
bool openapi_serve(struct wk_call *call, struct wk_http *http, struct openapi *doc, struct wk_err *err);
#endif
