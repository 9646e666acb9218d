/* address.c - "host:port" and socket paths into what connect() takes. */
#include "redis/internal.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

static bool set_path(const char *path, size_t len, struct redis_address *out)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};

    if (len >= sizeof un.sun_path || len >= sizeof out->text)
        return false;
    memcpy(un.sun_path, path, len);
    memcpy(out->text, path, len);
    memcpy(&out->sa, &un, sizeof un);
    out->len = sizeof un;
    return true;
}

static bool look_up(const char *host, int64_t port, int flags, struct redis_address *out)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags}, *found;
    char digits[8], numeric[INET6_ADDRSTRLEN];

    (void)snprintf(digits, sizeof digits, "%d", (int)port);
    if (getaddrinfo(host, digits, &hints, &found))
        return false;
    memcpy(&out->sa, found->ai_addr, found->ai_addrlen);
    out->len = found->ai_addrlen;
    if (getnameinfo(found->ai_addr, found->ai_addrlen, numeric, sizeof numeric, NULL, 0, NI_NUMERICHOST))
        out->len = 0;
    else
        (void)snprintf(out->text, sizeof out->text, strchr(numeric, ':') ? "[%s]:%d" : "%s:%d", numeric, (int)port);
    freeaddrinfo(found);
    return out->len > 0;
}

bool redis_address_set(const char *host, size_t len, int64_t port, struct redis_address *out)
{
    char name[64];

    memset(out, 0, sizeof *out);
    if (!len || len >= sizeof name || port < 1 || port > 65535)
        return false;
    memcpy(name, host, len);
    name[len] = '\0';
    return look_up(name, port, AI_NUMERICHOST | AI_NUMERICSERV, out);
}

bool redis_address_parse(const char *text, size_t len, bool may_resolve, struct redis_address *out, struct wk_err *err)
{
    const char *colon = memrchr(text, ':', len);
    char host[256], *rest;
    size_t n = colon ? (size_t)(colon - text) : 0;
    long port;

    memset(out, 0, sizeof *out);
    if (len && *text == '/')
        return set_path(text, len, out) || wk_fail(err, WK_SYSTEM, "redis.conf", "%.60s: a socket's path has at most 107 bytes", text);
    if (!n || n >= sizeof host)
        return wk_fail(err, WK_SYSTEM, "redis.conf", "\"%.*s\": allowed is host:port, or the path of a socket", (int)(len < 60 ? len : 60), text);
    port = strtol(colon + 1, &rest, 10);
    if (rest != text + len || rest == colon + 1 || port < 1 || port > 65535)
        return wk_fail(err, WK_SYSTEM, "redis.conf", "\"%.*s\": the port is a number from 1 to 65535", (int)(len < 60 ? len : 60), text);
    if (*text == '[' && text[n - 1] == ']') {
        text++;
        n -= 2;
    }
    memcpy(host, text, n);
    host[n] = '\0';
    return look_up(host, port, (may_resolve ? 0 : AI_NUMERICHOST) | AI_NUMERICSERV, out) ||
           wk_fail(err, WK_SYSTEM, "redis.conf", "%.60s: %s", host, may_resolve ? "no such host" : "not an IP address");
}
