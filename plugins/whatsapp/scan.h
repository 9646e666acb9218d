/* scan.h - a strict JSON scanner over bytes that stay where they are: it checks and points, it never copies and never allocates.
 *
 * RFC 8259 to the letter: UTF-8 without overlong forms or surrogates, escapes, numbers, nothing after the value, at most WA_DEPTH levels. Two things
 * that the grammar allows and most readers refuse are allowed here too, because one odd character must not cost a person's message: \u0000
 * and lone surrogates in strings. They are flagged WA_ODD; wa_unescape() turns them into U+FFFD, and no id may hold them.
 * Of members with the same name the last one counts. Recursion is bounded by WA_DEPTH. Pure C: no SDK call, no state. */
#ifndef WA_SCAN_H
#define WA_SCAN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WA_DEPTH 64

enum wa_kind { WA_NONE = 0, WA_STRING, WA_NUMBER, WA_OBJECT, WA_ARRAY, WA_TRUE, WA_FALSE, WA_NULL };
enum wa_flags {
    WA_ESCAPED = 1, /* the string holds escapes: not what it means yet */
    WA_ODD = 2,     /* ... among them \u0000 or half a surrogate pair */
};
struct wa_ref { /* a checked value inside the text; strings without their quotes */
    const char *at;
    uint32_t len;
    uint8_t kind, flags;
};

struct wa_scan {
    const char *end;
    const char *stop; /* after a failure: where */
    const char *why;  /* ... and why, static text */
};

/* Reads one value that begins at p (no space before it) inside `depth` open levels; returns what follows it, NULL on failure. */
typedef const char *(*wa_visit)(struct wa_scan *s, const char *p, unsigned depth, void *owner, struct wa_ref *ref);
struct wa_field { /* a member worth knowing */
    const char *name;
    uint32_t len;
    wa_visit visit; /* NULL: just check the value */
};
#define WA_FIELD(text, how) {.name = text, .len = sizeof(text) - 1, .visit = how}

/* Check one value and say where it is. */
const char *wa_scan_value(struct wa_scan *s, const char *p, unsigned depth, struct wa_ref *ref);
/* The same; when it is an object, refs[i] becomes its member fields[i] (refs must be zeroed: absent ones stay WA_NONE). */
const char *wa_scan_record(struct wa_scan *s, const char *p, unsigned depth, const struct wa_field *fields, size_t n,
                           struct wa_ref *refs, void *owner, struct wa_ref *ref);
/* The same; when it is an array, `element` reads each element with `owner`; its ref is thrown away. */
const char *wa_scan_list(struct wa_scan *s, const char *p, unsigned depth, wa_visit element, void *owner, struct wa_ref *ref);
/* A whole text: space, one value read by `visit` (NULL: any), space, end. False: s->stop and s->why are set. */
bool wa_scan_text(struct wa_scan *s, const char *text, size_t len, wa_visit visit, void *owner, struct wa_ref *ref);
const char *wa_scan_fail(struct wa_scan *s, const char *p, const char *why); /* always NULL */

/* Values that have been checked before. */
/* Members of an object, as wa_scan_record; clears refs first. False when `object` is none. */
bool wa_members(const struct wa_ref *object, const struct wa_field *fields, size_t n, struct wa_ref *refs);
struct wa_ref wa_member(const struct wa_ref *object, const char *name); /* kind WA_NONE: absent */
struct wa_ref wa_first(const struct wa_ref *array);                     /* first element; WA_NONE: empty or no array */
bool wa_is(const struct wa_ref *string, const char *text);              /* equal once unescaped */
bool wa_same(const struct wa_ref *a, const struct wa_ref *b);           /* two strings, equal once unescaped; false when either is no string */
/* A string as it is meant, into out (at least len bytes, no NUL added); returns the bytes written, never more than len. */
size_t wa_unescape(const struct wa_ref *string, char *out);
bool wa_integer(const struct wa_ref *value, int64_t *out); /* an integer, or a string of digits; at most 18 digits */
bool wa_real(const struct wa_ref *value, double *out);     /* a number, or a string that is one; finite */
#endif
