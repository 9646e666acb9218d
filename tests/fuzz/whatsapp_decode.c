/* whatsapp_decode - payloads of whatsapp.incoming to messages: never a crash, and what comes out keeps its promises (valid UTF-8, bounded, no half read
 * message). What is accepted is what the scanner accepts. More seeds: the messages of tests/samples/whatsapp, in corpus/whatsapp_decode. */
#undef NDEBUG
#include "../../plugins/whatsapp/scan.c"
#include "../../plugins/whatsapp/decode.c"
#include <assert.h>
#include <jansson.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PIECES = 256 };
static void *pieces[PIECES];
static size_t piece_count;

static void *fuzz_alloc(struct wk_call *call, size_t bytes)
{
    (void)call;
    assert(piece_count < PIECES); /* a message has a bounded number of parts */
    return pieces[piece_count++] = calloc(1, bytes ? bytes : 1);
}
static const struct wk_host table = {.size = sizeof table, .alloc = fuzz_alloc};
WK_HIDDEN const struct wk_host *wk_host = &table;

static void check_text(const char *text, size_t max)
{
    json_t *s;
    size_t characters = 0;

    if (!text)
        return;
    s = json_string(text); /* refuses what is not UTF-8 */
    assert(s);
    json_decref(s);
    for (const char *p = text; *p; p++)
        characters += ((unsigned char)*p & 0xc0) != 0x80;
    assert(characters <= max);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size ? size : 1);
    struct wk_event event = {.size = sizeof event, .type = "whatsapp.incoming", .key = size % 2 ? "27115550100" : "", .payload = text, .payload_len = size};
    struct wk_message m;
    struct wk_err err = {0};

    assert(text);
    memcpy(text, data, size);
    if (!wa_decode(NULL, &event, &m, &err)) {
        assert(err.cls == WK_BUSINESS && err.code);
    } else {
        free(text); /* the message stands alone */
        text = NULL;
        assert(m.type <= WK_MSG_REVOKE && m.raw && strlen(m.raw) == m.raw_len && m.raw[0] == '{');
        check_text(m.id, WA_ID_MAX), check_text(m.address, WA_ID_MAX), check_text(m.user_key, WA_ID_MAX), check_text(m.user_id, WA_ID_MAX);
        check_text(m.phone, 20), check_text(m.name, WA_NAME_MAX), check_text(m.text, WA_TEXT_MAX), check_text(m.choice, size);
        check_text(m.context_id, WA_ID_MAX), check_text(m.place_name, WA_NAME_MAX), check_text(m.place_address, WA_NAME_MAX);
        check_text(m.media_id, WA_ID_MAX), check_text(m.media_type, WA_NAME_MAX), check_text(m.file_name, WA_NAME_MAX);
        assert(m.latitude >= -90 && m.latitude <= 90 && m.longitude >= -180 && m.longitude <= 180);
        assert(m.type != WK_MSG_UNKNOWN || (!m.text && !m.choice && !m.media_id));
        assert((m.type != WK_MSG_BUTTON_REPLY && m.type != WK_MSG_LIST_REPLY) || m.choice);
        assert(m.at_us >= 0);
    }
    free(text);
    while (piece_count)
        free(pieces[--piece_count]);
    return 0;
}
