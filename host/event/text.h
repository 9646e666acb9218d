/* text.h - PostgreSQL array literals built up item by item: "{1,2,3}". Items are numbers or texts without commas, quotes or braces;
 * text_quoted() takes any text. Without memory the array is broken on purpose ("{"), which the server refuses. */
#ifndef WK_EVENT_TEXT_H
#define WK_EVENT_TEXT_H
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <wakala/base.h>

struct text {
    char *data;
    size_t len, room;
    bool is_broken;
};
static inline void text_init(struct text *t) { *t = (struct text){0}; }
static inline void text_finish(struct text *t) { free(t->data); }
static inline bool text_room(struct text *t, size_t more)
{
    size_t room = t->room ? t->room : 256;
    char *data;

    while (room < t->len + more + 4)
        room *= 2;
    if (room == t->room)
        return true;
    data = t->is_broken ? NULL : (char *)realloc(t->data, room);
    if (!data) {
        t->is_broken = true;
        return false;
    }
    t->data = data;
    t->room = room;
    return true;
}
WK_PRINTF(2, 3) static inline void text_item(struct text *t, const char *fmt, ...)
{
    va_list ap;

    if (!text_room(t, 64))
        return;
    t->data[t->len] = t->len ? ',' : '{';
    va_start(ap, fmt);
    t->len += 1 + (size_t)vsnprintf(t->data + t->len + 1, 60, fmt, ap);
    va_end(ap);
}
static inline void text_quoted(struct text *t, const char *text, size_t len)
{
    if (!text_room(t, 2 * len + 8))
        return;
    t->data[t->len] = t->len ? ',' : '{';
    t->len++;
    t->data[t->len++] = '"';
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"' || text[i] == '\\')
            t->data[t->len++] = '\\';
        t->data[t->len++] = text[i];
    }
    t->data[t->len++] = '"';
}
static inline const char *text_array(struct text *t)
{
    if (t->is_broken || !text_room(t, 4))
        return "{";
    if (!t->len)
        t->data[t->len++] = '{';
    t->data[t->len++] = '}';
    t->data[t->len] = '\0';
    return t->data;
}
#endif
