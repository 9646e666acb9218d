#include "config/networks.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

static bool address_parse(const char *text, uint8_t out[16], bool *is_v4)
{
    *is_v4 = inet_pton(AF_INET, text, out + 12) == 1;
    if (*is_v4)
        memcpy(out, mapped, sizeof mapped);
    return *is_v4 || inet_pton(AF_INET6, text, out) == 1;
}

static bool one_parse(const char *text, struct wk_networks *out)
{
    char address[WK_ADDRESS_TEXT];
    size_t len = strcspn(text, "/");
    unsigned long bits;
    char *end = NULL;
    bool is_v4;

    if (len >= sizeof address)
        return false;
    (void)snprintf(address, sizeof address, "%.*s", (int)len, text);
    if (!address_parse(address, out->at[out->n].address, &is_v4))
        return false;
    bits = is_v4 ? 32 : 128;
    if (text[len]) {
        unsigned long given = text[len + 1] >= '0' && text[len + 1] <= '9' ? strtoul(text + len + 1, &end, 10) : 999;

        if (given > bits || !end || *end)
            return false;
        bits = given;
    }
    out->at[out->n++].bits = (unsigned)bits + (is_v4 ? 96 : 0);
    return true;
}

bool wk_networks_parse(const char *text, struct wk_networks *out, char *why, size_t size)
{
    char one[WK_ADDRESS_TEXT + 8];

    out->n = 0;
    for (size_t len; *(text += strspn(text, " \t\n,")); text += len) {
        len = strcspn(text, " \t\n,");
        (void)snprintf(one, sizeof one, "%.*s", (int)(len < sizeof one ? len : sizeof one - 1), text);
        if (out->n < WK_NETWORKS_MAX && len < sizeof one && one_parse(one, out))
            continue;
        if (out->n == WK_NETWORKS_MAX)
            (void)snprintf(why, size, "holds more than %d networks", WK_NETWORKS_MAX);
        else
            (void)snprintf(why, size, "\"%.50s\" is neither an address nor a network such as 10.0.0.0/8 or fd00::/8", one);
        out->n = 0;
        return false;
    }
    return true;
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;

    return !memcmp(a, b, whole) && (!rest || !((a[whole] ^ b[whole]) >> (8 - rest)));
}

bool wk_networks_have(const struct wk_networks *list, const char *address)
{
    uint8_t bytes[16];
    bool is_v4, found = false;

    if (!list->n || !address_parse(address, bytes, &is_v4))
        return false;
    for (size_t i = 0; i < list->n && !found; i++)
        found = same_bits(bytes, list->at[i].address, list->at[i].bits);
    return found;
}

/* "10.1.2.3", "10.1.2.3:443", "2001:db8::1", "[2001:db8::1]:443": the address alone, as inet_ntop() writes it. */
static bool forwarded_parse(struct wk_span item, char out[WK_ADDRESS_TEXT])
{
    char text[WK_ADDRESS_TEXT], *at = text, *end;
    uint8_t bytes[16];
    bool is_v4;

    if (item.len >= sizeof text)
        return false;
    memcpy(text, item.data, item.len);
    text[item.len] = '\0';
    if (strlen(text) != item.len)
        return false;
    if (*text == '[') {
        if (!(end = strchr(++at, ']')) || (end[1] && end[1] != ':'))
            return false;
        *end = '\0';
    } else if ((end = strchr(text, ':')) && !strchr(end + 1, ':')) {
        *end = '\0';
    }
    if (!address_parse(at, bytes, &is_v4))
        return false;
    is_v4 = is_v4 || !memcmp(bytes, mapped, sizeof mapped);
    return inet_ntop(is_v4 ? AF_INET : AF_INET6, is_v4 ? bytes + 12 : bytes, out, WK_ADDRESS_TEXT) != NULL;
}

bool wk_networks_client(const struct wk_networks *trusted, struct wk_span line, char client[WK_ADDRESS_TEXT])
{
    const char *begin = line.data, *end = begin ? begin + line.len : NULL;

    while (end > begin) {
        const char *comma = end, *stop = end;
        char address[WK_ADDRESS_TEXT];

        while (comma > begin && comma[-1] != ',')
            comma--;
        end = comma > begin ? comma - 1 : begin;
        while (comma < stop && (*comma == ' ' || *comma == '\t'))
            comma++;
        while (stop > comma && (stop[-1] == ' ' || stop[-1] == '\t'))
            stop--;
        if (!forwarded_parse((struct wk_span){comma, (size_t)(stop - comma)}, address))
            return true;
        (void)snprintf(client, WK_ADDRESS_TEXT, "%s", address);
        if (!wk_networks_have(trusted, address))
            return true;
    }
    return false;
}
