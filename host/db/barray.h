/* barray.h - one-dimensional PostgreSQL arrays in binary format, filled item by item: no escaping on the hot path. */
#ifndef WK_BARRAY_H
#define WK_BARRAY_H
#include <arpa/inet.h>
#include <stdlib.h>
#include <wakala/db.h>

enum wk_oid { WK_OID_BYTEA = 17, WK_OID_INT2 = 21, WK_OID_INT4 = 23, WK_OID_TEXT = 25, WK_OID_UUID = 2950 };
struct barray {
    char *data;
    size_t len, room;
    uint32_t n, oid;
    bool has_null, is_broken;
};
enum { BARRAY_HEAD = 20 };
static inline void barray_reset(struct barray *a, uint32_t oid)
{
    a->len = BARRAY_HEAD;
    a->n = 0;
    a->oid = oid;
    a->has_null = a->is_broken = false;
}
static inline void barray_finish(struct barray *a) { free(a->data); }
static inline char *barray_space(struct barray *a, size_t bytes) /* room for one item's bytes, its length written; NULL without memory */
{
    size_t room = a->room ? a->room : 4096;
    uint32_t be = htonl((uint32_t)bytes);
    char *data;

    while (room < a->len + bytes + 4)
        room *= 2;
    if (room != a->room || !a->data) {
        data = (char *)realloc(a->data, room);
        if (!data) {
            a->is_broken = true;
            return NULL;
        }
        a->data = data;
        a->room = room;
    }
    memcpy(a->data + a->len, &be, 4);
    a->len += 4 + bytes;
    a->n++;
    return a->data + a->len - bytes;
}
static inline void barray_put(struct barray *a, const void *bytes, size_t len)
{
    char *to = barray_space(a, len);

    if (to && len)
        memcpy(to, bytes, len);
}
static inline void barray_null(struct barray *a)
{
    if (barray_space(a, 0))
        memset(a->data + a->len - 4, 0xff, 4);
    a->has_null = true;
}
static inline void barray_int2(struct barray *a, int v)
{
    uint16_t be = htons((uint16_t)v);

    barray_put(a, &be, 2);
}
static inline void barray_int4(struct barray *a, int32_t v)
{
    uint32_t be = htonl((uint32_t)v);

    barray_put(a, &be, 4);
}
static inline struct wk_arg barray_arg(struct barray *a) /* borrowed until the next reset */
{
    uint32_t head[5] = {htonl(1), htonl(a->has_null), htonl(a->oid), htonl(a->n), htonl(1)};

    if (!a->data)
        return wk_null();
    memcpy(a->data, head, sizeof head);
    return wk_bytes(a->data, a->len);
}
#endif
