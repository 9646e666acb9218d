/* chunked.c - one byte at a time through the framing, whole pieces through the data. */
#include "chunked.h"

enum { SIZE, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF, TRAILER, TRAILER_LF, OVER };

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

const bool wk_http_token[256] = {
    ['!'] = true,         ['#' ... '\''] = true, ['*'] = true,         ['+'] = true, ['-'] = true, ['.'] = true,
    ['0' ... '9'] = true, ['A' ... 'Z'] = true,  ['^' ... 'z'] = true, ['|'] = true, ['~'] = true,
};

static bool is_text(char c)
{
    return c == '\t' || ((unsigned char)c >= 0x20 && c != 0x7f);
}

static bool size_byte(struct wk_chunked *ch, char c)
{
    int v = hex(c);

    if (v >= 0) {
        if (++ch->digits > 15) /* 60 bits: no overflow, and no endless zeros */
            return false;
        ch->left = ch->left << 4 | (unsigned)v;
        return true;
    }
    if (!ch->digits || (c != ';' && c != '\r'))
        return false;
    ch->state = c == ';' ? EXTENSION : SIZE_LF;
    return true;
}

static bool trailer_byte(struct wk_chunked *ch, char c)
{
    if (++ch->trailer > WK_CHUNKED_TRAILER_MAX)
        return false;
    if (c == '\r') {
        if (ch->line_len && !ch->line_has_name)
            return false;
        ch->state = TRAILER_LF;
        return true;
    }
    if (!ch->line_has_name) {
        if (c == ':' && ch->line_len)
            ch->line_has_name = true;
        else if (!wk_http_token[(unsigned char)c]) /* so no folding and no space before the colon */
            return false;
    } else if (!is_text(c)) {
        return false;
    }
    ch->line_len++;
    return true;
}

/* A byte of the framing; false = malformed. */
static bool frame_byte(struct wk_chunked *ch, char c)
{
    switch (ch->state) {
    case SIZE:
        return size_byte(ch, c);
    case EXTENSION:
        if (c == '\r')
            ch->state = SIZE_LF;
        else if (!is_text(c) || ++ch->extension > WK_CHUNKED_EXTENSION_MAX)
            return false;
        return true;
    case SIZE_LF:
        ch->state = ch->left ? DATA : TRAILER;
        return c == '\n';
    case DATA_CR:
        ch->state = DATA_LF;
        return c == '\r';
    case DATA_LF:
        ch->state = SIZE;
        ch->digits = 0;
        return c == '\n';
    case TRAILER:
        return trailer_byte(ch, c);
    case TRAILER_LF:
        ch->state = ch->line_len ? TRAILER : OVER;
        ch->line_len = 0;
        ch->line_has_name = false;
        return c == '\n';
    default:
        return false;
    }
}

enum wk_chunked_got wk_chunked_next(struct wk_chunked *ch, const char *p, size_t n, size_t *used, struct wk_span *data)
{
    for (size_t i = 0; i < n; i++) {
        if (ch->state == DATA) {
            size_t len = n - i < ch->left ? n - i : (size_t)ch->left;

            *data = (struct wk_span){p + i, len};
            *used = i + len;
            ch->left -= len;
            if (!ch->left)
                ch->state = DATA_CR;
            return WK_CHUNKED_DATA;
        }
        if (!frame_byte(ch, p[i])) {
            *used = i;
            return WK_CHUNKED_BAD;
        }
        if (ch->state == OVER) {
            *used = i + 1;
            return WK_CHUNKED_END;
        }
    }
    *used = n;
    return WK_CHUNKED_MORE;
}
