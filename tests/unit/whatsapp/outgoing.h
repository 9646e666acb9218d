/* outgoing.h - one outgoing message on the fake host: made, run as the host runs its handler, answered as Meta would. For the sender's two tests. */
#ifndef TEST_OUTGOING_H
#define TEST_OUTGOING_H
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <jansson.h>
#include "fake_host.h"
#include "pace.h"
#include "sender.h"

#define S INT64_C(1000000)
#define WAMID "wamid.HBgLMjcxMTU1NTAxMDAVAgARGBI5QUE"
#define TAKEN "{\"messaging_product\":\"whatsapp\",\"contacts\":[{\"input\":\"+27\"}],\"messages\":[{\"id\":\"" WAMID "\"}]}"
#define ERROR(code) "{\"error\":{\"message\":\"(#" #code ") x\",\"type\":\"OAuthException\",\"code\":" #code ",\"fbtrace_id\":\"A\"}}"

static const struct wk_uuid id = {{0x01, 0x9b, 0x76, 0x01, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 1}};
#define ID_TEXT "019b7601-0000-7000-8000-000000000001"
static char payload[4000];
static struct wk_event event;
static struct wk_err err;

static inline void from_to(const char *address, const char *user) /* another message, from this number to this person */
{
    static char key[80];

    (void)snprintf(key, sizeof key, "%s", user);
    (void)snprintf(payload, sizeof payload,
                   "{\"address\":\"%s\",\"to\":\"%s\",\"body\":\"{\\\"messaging_product\\\":\\\"whatsapp\\\",\\\"to\\\":\\\"+%s\\\"}\"}", address, user,
                   user);
    event = (struct wk_event){.size = sizeof event, .id = id, .type = "whatsapp.outgoing", .key = key, .payload = payload,
                              .payload_len = strlen(payload), .at_us = fake.now_us, .attempt = 1};
    fake.row = fake.committed = (struct fake_row){0};
}
static inline void to(const char *user) { from_to("110000000000001", user); }
static inline int setup(void **state)
{
    (void)state;
    fake_reset();
    to("27115550100");
    return wa_sender_open(NULL, &err) ? 0 : -1;
}
static inline int teardown(void **state)
{
    (void)state;
    wa_sender_close();
    fake_end();
    return 0;
}

static inline void meta_says(enum wk_sent sent, int status, const char *body)
{
    fake.answer_count = fake.fetches; /* from now on, always this */
    if (fake.answer_count >= FAKE_ANSWERS)
        abort();
    fake.answers[fake.answer_count].sent = sent;
    fake.answers[fake.answer_count].status = status;
    fake.answers[fake.answer_count++].body = body;
}
/* One run of the handler with what the host does around it: commit when it succeeds, roll back when not. */
static inline bool run(void)
{
    struct wk_call *call = fake_begin();
    bool ok;

    memset(&err, 0, sizeof err);
    ok = wa_send_outgoing(call, &event, &err) && fake_commit(&err);
    if (!ok)
        fake_rollback();
    fake_end();
    return ok;
}
static inline void assert_later(int64_t from_us, int64_t to_us) /* after now */
{
    assert_string_equal(err.code, "call.later");
    assert_in_range(fake.later_us - fake.now_us, from_us, to_us);
}
static inline const char *published(const char *member)
{
    static char text[200];
    json_t *p = json_loads(fake.published, 0, NULL);
    json_t *v = json_object_get(p, member);

    assert_non_null(p);
    if (json_is_integer(v))
        (void)snprintf(text, sizeof text, "%lld", (long long)json_integer_value(v));
    else
        (void)snprintf(text, sizeof text, "%s", json_is_string(v) ? json_string_value(v) : "(none)");
    json_decref(p);
    return text;
}
#endif
