/* cached.h - phase CACHE: kept answers of GET, strong ETags, 304; and what a write makes untrue. */
#ifndef API_CACHED_H
#define API_CACHED_H
#include <wakala/plugin.h>

/* The tags of every route, made in open(). */
struct tagged {
    struct {
        const struct wk_route *route;
        char *tags;
        bool is_kept; /* of a write: some kept answer has one of its tags */
    } *list;
    size_t n;
};
bool tagged_make(struct tagged *tagged, struct wk_err *err);
void tagged_finish(struct tagged *tagged);

enum wk_verdict cached_before(struct wk_call *call, struct wk_http *http, struct wk_err *err);
bool cached_seal(struct wk_call *call, struct wk_http *http, struct wk_err *err);

/* Pure. The tag of a path that names none: its first word behind the version. Into out. */
void cached_path_tag(const char *path, char out[65]);
/* Pure. The query with its parameters in the order of their names; those of one name stay in theirs. `out` has room for strlen(query) + 1. */
void cached_sort_query(const char *query, char *out);
/* Pure. If-None-Match against a tag, the weak way (RFC 9110 13.1.2). */
bool cached_matches(const char *if_none_match, const char *etag);
/* Pure. May it be kept: what the route said of its answer. */
bool cached_may_keep(int status, const char *cache_control, const char *set_cookie, const char *content_encoding);
/* Pure. Is all that the answer's Vary names part of the key, or none of the answer's business? `names`: the setting cache_vary. */
bool cached_knows_vary(const char *vary, const char *names);

struct cached_key { /* what an answer depends on; NULL: not at all */
    const char *role, *subject, *path, *query;
    const char *vary; /* "accept-language=de\n" of each header that is named */
};
/* Pure. SHA-256 over its parts, each with its length: "ab" "c" is not "a" "bc". */
void cached_key(const struct cached_key *key, uint8_t out[32]);
#endif
