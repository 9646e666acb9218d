/* describe.c - see describe.h. */
#include "describe.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "scan.h"
#include "split.h"

enum { FILE_MAX = 3 * 1024 * 1024 }; /* what the inbox takes */

struct printer {
    struct wk_split to;
    FILE *out;
    const char *path;
    unsigned updates;
};

static void print_cell(FILE *out, struct wk_span text, char end)
{
    if (!text.len)
        fputc('-', out);
    for (size_t i = 0; i < text.len; i++) /* an id may hold anything but control characters; 0x7f is one for a terminal */
        fputc((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7f ? '?' : text.data[i], out);
    fputc(end, out);
}

static struct wk_span payload_of(const struct wk_item *item, const char *name)
{
    for (size_t i = 0; i < WK_COUNT(item->payload); i++)
        if (item->payload_name[i] && !strcmp(item->payload_name[i], name))
            return item->payload[i];
    return (struct wk_span){0};
}

/* A string member of a checked object, or the checked string itself (member NULL), as it stands in the text. */
static struct wk_span text_of(struct wk_span json, const char *member)
{
    struct wa_scan scan;
    struct wa_ref ref;

    if (!json.len || !wa_scan_text(&scan, json.data, json.len, NULL, NULL, &ref))
        return (struct wk_span){0};
    if (member)
        ref = wa_member(&ref, member);
    return ref.kind == WA_STRING ? (struct wk_span){ref.at, ref.len} : (struct wk_span){0};
}

static void print_update(FILE *out, const char *kind, struct wk_span address, struct wk_span id, struct wk_span user, struct wk_span type)
{
    fprintf(out, "%s\t", kind);
    print_cell(out, address, '\t');
    print_cell(out, id, '\t');
    print_cell(out, user, '\t');
    print_cell(out, type, '\n');
}

static bool print_item(struct wk_split *to, const struct wk_item *item)
{
    static const struct wk_span none;
    struct printer *p = (struct printer *)to;
    struct wk_span echo;

    p->updates++;
    switch (item->kind) {
    case WK_ITEM_MESSAGE:
        print_update(p->out, "message", item->address, item->dedupe, item->key, text_of(payload_of(item, "message"), "type"));
        break;
    case WK_ITEM_STATUS:
        print_update(p->out, "status", item->address, item->message_id, item->key, text_of(payload_of(item, "status"), "status"));
        break;
    case WK_ITEM_OTHER: /* what has an id of its own is an echo */
        echo = payload_of(item, "message").len ? item->dedupe : none;
        print_update(p->out, "other", item->address, echo, none, text_of(payload_of(item, "field"), NULL));
        break;
    case WK_ITEM_BAD:
        print_update(p->out, "bad", item->address, none, none, none);
        fprintf(stderr, "%s: update %u: %s\n", p->path, p->updates, item->why);
        break;
    }
    return true;
}

/* The whole file in memory of the caller's; NULL with a line on stderr. */
static char *read_file(const char *path, size_t *len)
{
    FILE *in = fopen(path, "rb");
    char *text = in ? malloc(FILE_MAX + 1) : NULL;

    if (!text) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
    } else {
        *len = fread(text, 1, FILE_MAX + 1, in);
        if (ferror(in) || *len > FILE_MAX) {
            fprintf(stderr, "%s: %s\n", path, ferror(in) ? strerror(errno) : "over 3 MiB, no webhook is that large");
            free(text);
            text = NULL;
        }
    }
    if (in)
        (void)fclose(in);
    return text;
}

int wa_describe_file(FILE *out, const char *path)
{
    static const struct wk_span none;
    struct printer p = {.to = {.size = sizeof p.to, .add = print_item}, .out = out, .path = path};
    struct wk_err err;
    size_t len;
    char *body = read_file(path, &len);

    if (!body)
        return 1;
    if (!wa_split_body(body, len, &p.to, &err)) {
        print_update(out, "bad", none, none, none, none);
        fprintf(stderr, "%s: %s: %s\n", path, err.code, err.msg);
    }
    free(body);
    return 0;
}
