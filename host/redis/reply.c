/* reply.c - hiredis's reply under our names. Errors inside a list (a transaction's) read as NIL. */
#include "redis/internal.h"

struct wk_redis_reply redis_view(const redisReply *one)
{
    struct wk_redis_reply out = {.raw = one};

    switch (one->type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
        out.type = WK_REDIS_TEXT;
        out.text = one->str;
        out.len = one->len;
        break;
    case REDIS_REPLY_INTEGER:
        out.type = WK_REDIS_INTEGER;
        out.integer = one->integer;
        break;
    case REDIS_REPLY_ARRAY:
        out.type = WK_REDIS_LIST;
        out.len = one->elements;
        break;
    default:
        break;
    }
    return out;
}

struct wk_redis_reply wk_redis_at(const struct wk_redis_reply *list, size_t i)
{
    const redisReply *all = list->raw;

    return list->type == WK_REDIS_LIST && i < list->len ? redis_view(all->element[i]) : (struct wk_redis_reply){0};
}

void wk_redis_reply_finish(struct wk_redis_reply *reply)
{
    if (reply->owned)
        freeReplyObject(reply->owned);
    *reply = (struct wk_redis_reply){0};
}
