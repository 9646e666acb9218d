/* The life of one outgoing message: what is committed when, what is sent twice and what never, for every answer and every death. */
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

static void from_to(const char *address, const char *user) /* another message, from this number to this person */
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
static void to(const char *user) { from_to("110000000000001", user); }
static int setup(void **state)
{
    (void)state;
    fake_reset();
    to("27115550100");
    return wa_sender_open(NULL, &err) ? 0 : -1;
}
static int teardown(void **state)
{
    (void)state;
    wa_sender_close();
    fake_end();
    return 0;
}

static void meta_says(enum wk_sent sent, int status, const char *body)
{
    fake.answer_count = fake.fetches; /* from now on, always this */
    if (fake.answer_count >= FAKE_ANSWERS)
        abort();
    fake.answers[fake.answer_count].sent = sent;
    fake.answers[fake.answer_count].status = status;
    fake.answers[fake.answer_count++].body = body;
}
/* One run of the handler with what the host does around it: commit when it succeeds, roll back when not. */
static bool run(void)
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
static void assert_later(int64_t from_us, int64_t to_us) /* after now */
{
    assert_string_equal(err.code, "call.later");
    assert_in_range(fake.later_us - fake.now_us, from_us, to_us);
}
static const char *published(const char *member)
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

static void a_message_is_promised_then_sent_then_settled(void **state)
{
    json_t *body;

    (void)state;
    meta_says(WK_ANSWERED, 200, TAKEN);
    assert_true(run());
    assert_true(fake.was_committed_sending); /* the intent was on disk before Meta heard of it */
    assert_int_equal(fake.fetches, 1);
    assert_string_equal(fake.url, "POST https://graph.facebook.com/v23.0/110000000000001/messages");
    assert_string_equal(fake.authorization, "Bearer test-token");
    body = json_loads(fake.body, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(body, "biz_opaque_callback_data")), ID_TEXT);
    assert_string_equal(json_string_value(json_object_get(body, "to")), "+27115550100");
    json_decref(body);
    assert_string_equal(fake.row.state, "sent");
    assert_string_equal(fake.row.wamid, WAMID);
    assert_int_equal(fake.publishes, 1);
    assert_string_equal(fake.published_type, "whatsapp.sent");
    assert_string_equal(fake.published_key, "27115550100");
    assert_string_equal(published("message_id"), WAMID);
    assert_string_equal(published("status"), "sent");
    assert_string_equal(published("id"), ID_TEXT);
}

static void the_sender_forgets(void) /* its worker was killed, another one goes on */
{
    wa_sender_close();
    assert_true(wa_sender_open(NULL, &err));
}

static void a_message_costs_two_trips(void **state)
{
    (void)state;
    meta_says(WK_ANSWERED, 200, TAKEN);
    for (int i = 0; i < 5; i++) {
        to("27115550100");
        assert_true(run());
        assert_int_equal(fake.trips, 2); /* the intent with its commit; what Meta said, the event and the mark with theirs */
        assert_int_equal(fake.writes, 2);
        fake.writes = 0;
    }
    to("27115550101"); /* that it failed is told only if no status came in between: one more */
    meta_says(WK_ANSWERED, 400, ERROR(131026));
    assert_true(run());
    assert_int_equal(fake.trips, 3);
}

static void a_message_that_comes_again_looks_first(void **state)
{
    (void)state;
    meta_says(WK_ANSWERED, 500, ERROR(2));
    assert_false(run());
    assert_int_equal(fake.trips, 2);
    fake.now_us = fake.later_us;
    fake.writes = 0;
    meta_says(WK_ANSWERED, 200, TAKEN);
    assert_true(run());
    assert_int_equal(fake.trips, 3);
    assert_int_equal(fake.writes, 2); /* and inserts nothing in vain */
    assert_int_equal(fake.row.attempts, 2);
    to("27115550101");
    event.attempt = 2; /* the database was away at the first */
    assert_true(run());
    assert_int_equal(fake.trips, 3);
}

static jmp_buf death;
static void die(void) { longjmp(death, 1); }

static void a_death_between_promise_and_send_is_a_lost_answer(void **state)
{
    (void)state;
    meta_says(WK_ANSWERED, 200, TAKEN);
    fake.on_fetch = die;
    if (!setjmp(death)) {
        (void)run();
        fail();
    }
    fake.on_fetch = NULL;
    fake_rollback(); /* what was committed stays */
    the_sender_forgets();
    assert_true(fake.row.is_there);
    assert_int_equal(fake.fetches, 1);
    assert_false(run()); /* the event again, as if for the first time */
    assert_later(60 * S, 60 * S);
    assert_int_equal(fake.fetches, 1);
    assert_int_equal(fake.row.attempts, 1);
    fake.now_us = fake.later_us;
    assert_true(run());
    assert_int_equal(fake.fetches, 2);
    assert_int_equal(fake.row.attempts, 2);
    assert_string_equal(fake.row.state, "sent");
}

static void what_was_settled_comes_again_and_is_told(void **state)
{
    (void)state;
    meta_says(WK_ANSWERED, 200, TAKEN);
    assert_true(run());
    for (int i = 0; i < 3; i++) { /* the settling is there, the mark is not: only a restore can do that, and even then nothing is said twice */
        the_sender_forgets();
        assert_true(run());
        assert_int_equal(fake.publishes, 1);
        assert_string_equal(published("message_id"), WAMID);
        assert_string_equal(fake.row.state, "sent");
    }
    assert_int_equal(fake.fetches, 1);
    fake.row.rank = fake.committed.rank = 3;
    strcpy(fake.row.state, "sending"), fake.committed = fake.row; /* a status was faster than the settling, which died */
    the_sender_forgets();
    assert_true(run());
    assert_int_equal(fake.fetches, 1);
    assert_string_equal(fake.row.state, "sent");
}

static void somebody_promises(void) /* another owner of the lane, who does not know yet that it is ours */
{
    if (!fake.committed.is_there)
        fake.committed = (struct fake_row){.is_there = true, .state = "sending"};
    fake.committed.attempts++;
    fake.committed.sent_us = fake.now_us;
    fake.row = fake.committed;
    fake.on_step = NULL;
}
static void of_two_who_try_at_once_one_sends(void **state)
{
    (void)state;
    meta_says(WK_ANSWERED, 200, TAKEN);
    fake.on_step = somebody_promises; /* neither looked */
    assert_false(run());
    assert_later(60 * S, 60 * S);
    to("27115550101"); /* both looked, and there was no row */
    event.attempt = 2;
    fake.on_step = somebody_promises;
    assert_false(run());
    assert_string_equal(err.code, "db.conflict"); /* the host runs it again at once */
    assert_int_equal(err.cls, WK_TRANSIENT);
    assert_false(run());
    assert_later(60 * S, 60 * S);
    to("27115550102"); /* both looked, and found the same row */
    fake.row = fake.committed = (struct fake_row){.is_there = true, .state = "sending", .attempts = 1};
    event.attempt = 2;
    fake.on_step = somebody_promises;
    assert_false(run());
    assert_string_equal(err.code, "db.conflict");
    assert_false(run());
    assert_later(60 * S, 60 * S);
    assert_int_equal(fake.fetches, 0);
}

static void a_settled_message_is_told_even_while_its_number_is_stopped(void **state)
{
    (void)state;
    meta_says(WK_ANSWERED, 401, ERROR(190));
    assert_false(run());
    to("27115550101");
    fake.row = fake.committed = (struct fake_row){.is_there = true, .state = "sent", .wamid = WAMID, .attempts = 1};
    assert_true(run());
    assert_string_equal(published("status"), "sent");
    assert_int_equal(fake.trips, 2);
    fake.secret = NULL; /* nor does it need a token */
    the_sender_forgets();
    assert_true(run());
    assert_int_equal(fake.errors_logged, 1);
    assert_int_equal(fake.fetches, 1);
}

static void the_body_may_be_an_object_too(void **state)
{
    (void)state;
    (void)snprintf(payload, sizeof payload, "{\"address\":\"11\",\"to\":\"US.1\",\"body\":{\"type\":\"text\"}}");
    event.payload_len = strlen(payload);
    fake_set("base_url", "http://127.0.0.1:9999/");
    fake_set("api_version", "v24.0");
    meta_says(WK_ANSWERED, 200, TAKEN);
    assert_true(run());
    assert_string_equal(fake.url, "POST http://127.0.0.1:9999/v24.0/11/messages");
}

static void what_is_no_message_is_dead_at_once(void **state)
{
    static const char *const rows[] = {"{}", "[]", "{\"address\":\"11\",\"to\":\"27115550100\"}", "{\"address\":\"1/1\",\"to\":\"27115550100\",\"body\":{}}",
                                       "{\"address\":\"\",\"to\":\"27115550100\",\"body\":{}}", "{\"address\":\"11\",\"to\":\"x\",\"body\":{}}",
                                       "{\"address\":\"11\",\"to\":\"27115550100\",\"body\":\"[]\"}", "{\"address\":\"11\",\"to\":\"27115550100\",\"body\":\"{\"}", "nonsense"};

    (void)state;
    meta_says(WK_ANSWERED, 200, TAKEN);
    for (size_t i = 0; i < WK_COUNT(rows); i++) {
        (void)snprintf(payload, sizeof payload, "%s", rows[i]);
        event.payload_len = strlen(payload);
        assert_false(run());
        assert_int_equal(err.cls, WK_BUSINESS);
    }
    assert_int_equal(fake.fetches, 0);
    assert_int_equal(fake.writes, 0);
}

static void a_lost_answer_waits_for_a_status_then_goes_again(void **state)
{
    (void)state;
    meta_says(WK_SENT_UNKNOWN, 0, NULL);
    assert_false(run());
    assert_later(60 * S, 60 * S);
    assert_string_equal(fake.row.state, "sending");
    assert_true(fake.row.sent_us != 0);
    fake.now_us += 59 * S; /* woken early: waits on */
    assert_false(run());
    assert_later(S, S);
    assert_int_equal(fake.fetches, 1);
    fake.now_us += S; /* no status came */
    meta_says(WK_ANSWERED, 200, TAKEN);
    assert_true(run());
    assert_int_equal(fake.fetches, 2);
    assert_int_equal(fake.row.attempts, 2);
    assert_string_equal(fake.row.state, "sent");
}

static void a_status_settles_what_no_answer_did(void **state)
{
    (void)state;
    meta_says(WK_SENT_UNKNOWN, 0, NULL);
    assert_false(run());
    fake.row.rank = fake.committed.rank = 2; /* the host merged "delivered", found by our callback data */
    strcpy(fake.row.wamid, WAMID), fake.committed = fake.row;
    fake.now_us += 10 * S;
    assert_true(run());
    assert_int_equal(fake.fetches, 1); /* not said twice */
    assert_string_equal(fake.row.state, "sent");
    assert_string_equal(published("status"), "sent");
    assert_string_equal(published("message_id"), WAMID);
}

static void a_200_without_an_id_is_a_lost_answer(void **state)
{
    static const char *const bodies[] = {"", "{}", "<html>", "{\"messages\":[]}", "{\"messages\":[{\"id\":7}]}", "{\"messages\":[{\"id\":\"\"}]}"};

    (void)state;
    for (size_t i = 0; i < WK_COUNT(bodies); i++) {
        to("27115550100");
        meta_says(WK_ANSWERED, 200, bodies[i]);
        assert_false(run());
        assert_later(60 * S, 60 * S);
        assert_true(fake.row.sent_us != 0);
    }
}

static void a_death_after_the_promise_is_a_lost_answer(void **state)
{
    (void)state;
    fake.row = fake.committed = (struct fake_row){.is_there = true, .state = "sending", .attempts = 1, .sent_us = fake.now_us - 20 * S};
    meta_says(WK_ANSWERED, 200, TAKEN);
    assert_false(run());
    assert_later(40 * S, 40 * S);
    assert_int_equal(fake.fetches, 0);
}

static void a_death_before_the_settling_commit_sends_nothing_twice(void **state)
{
    (void)state;
    meta_says(WK_ANSWERED, 200, TAKEN);
    assert_true(run());
    fake.row = fake.committed = (struct fake_row){.is_there = true, .state = "sending", .attempts = 1, .sent_us = fake.now_us}; /* the commit was lost */
    assert_false(run());
    assert_int_equal(fake.fetches, 1);
    assert_later(60 * S, 60 * S);
}

static void what_never_left_goes_again_without_waiting_for_a_status(void **state)
{
    int64_t wait = S;

    (void)state;
    meta_says(WK_NOT_SENT, 0, NULL);
    for (int i = 0; i < 12; i++) { /* 1, 2, 4 ... 300 s, up to a quarter less */
        assert_false(run());
        assert_later(wait * 3 / 4, wait);
        assert_int_equal(fake.row.sent_us, 0); /* committed: nothing is on its way */
        assert_int_equal(fake.row.attempts, i + 1);
        fake.now_us = fake.later_us;
        wait = wait * 2 > 300 * S ? 300 * S : wait * 2;
    }
    assert_int_equal(fake.fetches, 12);
    meta_says(WK_ANSWERED, 200, TAKEN);
    assert_true(run());
    assert_string_equal(fake.row.state, "sent");
}

static void temporary_errors_go_again(void **state)
{
    static const struct { int status; const char *body; int64_t low, high; } rows[] = {
        {500, ERROR(2), 3 * S / 4, S}, {503, "busy", 3 * S / 4, S}, {400, ERROR(131000), 3 * S / 4, S}, {400, ERROR(131016), 3 * S / 4, S},
        {400, ERROR(1), 3 * S / 4, S}, {400, ERROR(131053), 3 * S / 4, S}, {400, ERROR(131057), 60 * S, 60 * S}, {429, "", 3 * S / 4, S},
        {400, ERROR(130429), 3 * S / 4, S}, {400, ERROR(80007), 3 * S / 4, S}, {400, ERROR(131056), S, S}};

    (void)state;
    for (size_t i = 0; i < WK_COUNT(rows); i++) {
        wa_sender_close();
        assert_true(wa_sender_open(NULL, &err));
        to("27115550100");
        meta_says(WK_ANSWERED, rows[i].status, rows[i].body);
        assert_false(run());
        assert_later(rows[i].low, rows[i].high);
        assert_string_equal(fake.row.state, "sending");
        assert_int_equal(fake.row.sent_us, 0);
        assert_int_equal(fake.publishes, 0);
        fake.now_us = fake.later_us;
        meta_says(WK_ANSWERED, 200, TAKEN);
        assert_true(run());
        assert_string_equal(fake.row.state, "sent");
    }
}

static void some_errors_are_tried_once_or_twice_more(void **state)
{
    static const struct { const char *body; unsigned tries; } rows[] = {{ERROR(1), 2}, {ERROR(131053), 3}};

    (void)state;
    for (size_t i = 0; i < WK_COUNT(rows); i++) {
        size_t before;

        to("27115550100");
        meta_says(WK_ANSWERED, 400, rows[i].body);
        before = fake.fetches;
        while (!run())
            fake.now_us = fake.later_us;
        assert_int_equal(fake.fetches, before + rows[i].tries);
        assert_string_equal(fake.row.state, "failed");
        assert_string_equal(published("reason"), "permanent");
    }
}

static void a_refused_pair_waits_longer_each_time_and_alone(void **state)
{
    static const int64_t waits[] = {1, 4, 16, 64};

    (void)state;
    meta_says(WK_ANSWERED, 400, ERROR(131056));
    for (size_t i = 0; i < WK_COUNT(waits); i++) {
        assert_false(run());
        assert_later(waits[i] * S, waits[i] * S);
        fake.now_us = fake.later_us;
    }
    to("27115550199");
    meta_says(WK_ANSWERED, 200, TAKEN);
    assert_true(run()); /* another person is not held up */
}

static void final_errors_fail_with_their_reason(void **state)
{
    static const struct { const char *body; const char *code, *reason; } rows[] = {
        {ERROR(131047), "131047", "window"}, {ERROR(131049), "131049", "wait"}, {ERROR(131048), "131048", "wait"}, {ERROR(132015), "132015", "wait"},
        {ERROR(131026), "131026", "permanent"}, {ERROR(131050), "131050", "permanent"}, {ERROR(100), "100", "permanent"}, {ERROR(132001), "132001", "permanent"},
        {"no json", "400", "permanent"}};

    (void)state;
    for (size_t i = 0; i < WK_COUNT(rows); i++) {
        to("27115550100");
        meta_says(WK_ANSWERED, 400, rows[i].body);
        assert_true(run()); /* handled: not a dead letter, and the next message to this person goes on */
        assert_string_equal(fake.row.state, "failed");
        assert_int_equal(fake.row.error_code, atoi(rows[i].code));
        assert_int_equal(fake.publishes, 1);
        assert_string_equal(published("status"), "failed");
        assert_string_equal(published("code"), rows[i].code);
        assert_string_equal(published("reason"), rows[i].reason);
        assert_string_equal(published("message_id"), "(none)");
    }
}

/* What the host's merge of statuses does while we talk to Meta. */
static void status_comes(void) { fake.row.rank = fake.committed.rank = 1; }
static void failure_comes(void) { strcpy(fake.row.state, "failed"); }

static void an_earlier_attempt_that_arrived_beats_a_late_refusal(void **state)
{
    (void)state;
    meta_says(WK_SENT_UNKNOWN, 0, NULL);
    assert_false(run());
    fake.now_us += 61 * S;
    meta_says(WK_ANSWERED, 400, ERROR(131026));
    fake.on_fetch = status_comes;
    assert_true(run());
    assert_string_equal(fake.row.state, "sent");
    assert_string_equal(published("status"), "sent");
}
static void a_failed_status_before_our_write_stays(void **state)
{
    (void)state;
    meta_says(WK_ANSWERED, 200, TAKEN);
    fake.on_fetch = failure_comes;
    assert_true(run());
    assert_string_equal(fake.row.state, "failed");
    assert_string_equal(fake.row.wamid, WAMID);
}
static void what_is_settled_is_told_and_not_sent(void **state)
{
    (void)state;
    meta_says(WK_ANSWERED, 200, TAKEN);
    fake.row = fake.committed = (struct fake_row){.is_there = true, .state = "failed", .attempts = 1, .error_code = 131026};
    assert_true(run());
    assert_string_equal(published("status"), "failed");
    assert_string_equal(published("code"), "131026");
    fake.row = fake.committed = (struct fake_row){.is_there = true, .state = "sent", .wamid = WAMID, .attempts = 1};
    assert_true(run());
    assert_string_equal(published("status"), "sent");
    assert_int_equal(fake.fetches, 0);
}

static void a_bad_token_stops_the_number_and_tells_once(void **state)
{
    (void)state;
    meta_says(WK_ANSWERED, 401, ERROR(190));
    assert_false(run());
    assert_later(60 * S, 62 * S);
    assert_int_equal(fake.row.sent_us, 0);
    assert_int_equal(fake.errors_logged, 1);
    assert_null(strstr(fake.log[0], "110000000000001"));
    assert_null(strstr(fake.log[0], "test-token"));
    for (int i = 0; i < 5; i++) { /* others of that number wait without asking Meta */
        char user[20];

        (void)snprintf(user, sizeof user, "2711555010%d", i + 1);
        to(user);
        assert_false(run());
        assert_later(60 * S, 62 * S);
    }
    assert_int_equal(fake.fetches, 1);
    fake.now_us += 61 * S; /* one tries */
    assert_false(run());
    assert_int_equal(fake.fetches, 2);
    assert_int_equal(fake.errors_logged, 1);
    fake.now_us += 61 * S;
    meta_says(WK_ANSWERED, 400, ERROR(131026));
    assert_true(run()); /* mended: this message fails for a reason of its own ... */
    meta_says(WK_ANSWERED, 200, TAKEN);
    to("27115550177");
    assert_true(run()); /* ... and the number is open for all */
    assert_int_equal(fake.fetches, 4);
}

/* While Meta thinks about our message others send, so many from one set of a pace table that our cell has to make room. What Meta then says of us
 * must not be written into the cell of whoever is there by now. */
enum { WAYS = 8 };
#define OURS "110000000000001"
static char neighbours[WAYS][20];
static bool are_numbers; /* else people */

static size_t set_of(struct wa_pace *table, const char *name)
{
    const struct wa_cell *cell = are_numbers ? wa_pace_number(table, name) : wa_pace_pair(table, "01000000-0000-0000-0000-000000000000", OURS, name);

    return (size_t)((const char *)cell - (const char *)table) / (WAYS * sizeof *cell);
}
static void find_neighbours(bool numbers, const char *of)
{
    struct wa_pace *table = wa_pace_create();
    size_t found = 0, ours;
    char name[20];

    assert_non_null(table);
    are_numbers = numbers;
    ours = set_of(table, of);
    for (int i = 0; found < WAYS; i++) {
        (void)snprintf(name, sizeof name, "2782%07d", i);
        if (set_of(table, name) == ours)
            strcpy(neighbours[found++], name);
    }
    wa_pace_destroy(table);
}
static void to_neighbour(int i) { are_numbers ? from_to(neighbours[i], "27115550200") : to(neighbours[i]); }
static void neighbours_send(void) /* on other fibers; Meta takes it at once */
{
    struct wk_event ours = event;
    struct fake_row row = fake.row, committed = fake.committed;
    char text[sizeof payload];
    struct wk_err other;

    fake.on_fetch = NULL;
    meta_says(WK_ANSWERED, 200, TAKEN);
    memcpy(text, payload, sizeof text);
    for (int i = 0; i < WAYS; i++) {
        fake.now_us += S;
        to_neighbour(i);
        assert_true(wa_send_outgoing(fake_call(), &event, &other));
        assert_true(fake_commit(&other));
    }
    memcpy(payload, text, sizeof text);
    event = ours;
    fake.row = row, fake.committed = committed;
}
static void a_bad_token_stops_no_neighbour(void **state)
{
    (void)state;
    find_neighbours(true, OURS);
    meta_says(WK_ANSWERED, 401, ERROR(190));
    fake.on_fetch = neighbours_send;
    assert_false(run());
    for (int i = 0; i < WAYS; i++) {
        to_neighbour(i);
        assert_true(run());
    }
    to("27115550103"); /* ours is stopped indeed */
    assert_false(run());
    assert_later(59 * S, 62 * S);
}
static void a_refused_pair_holds_up_no_neighbour(void **state)
{
    (void)state;
    find_neighbours(false, "27115550100");
    meta_says(WK_ANSWERED, 400, ERROR(131056));
    fake.on_fetch = neighbours_send;
    assert_false(run());
    assert_later(S, S);
    for (int i = 0; i < WAYS; i++) {
        to_neighbour(i);
        assert_true(run());
    }
}

static void without_a_token_nothing_is_promised(void **state)
{
    (void)state;
    fake.secret = NULL;
    meta_says(WK_ANSWERED, 200, TAKEN);
    assert_false(run());
    assert_later(60 * S, 60 * S);
    assert_false(fake.row.is_there);
    assert_int_equal(fake.fetches, 0);
    assert_int_equal(fake.errors_logged, 1);
    fake.secret = "test-token";
    fake.now_us = fake.later_us;
    assert_true(run());
}

static void a_pair_is_paced(void **state)
{
    (void)state;
    fake_set("rate_per_number", "1000");
    meta_says(WK_ANSWERED, 200, TAKEN);
    for (int i = 0; i < 45; i++) {
        to("27115550100");
        assert_true(run());
    }
    to("27115550100");
    assert_false(run());
    assert_later(5 * S, 6 * S);
    assert_int_equal(fake.fetches, 45);
    assert_false(fake.row.is_there); /* nothing promised while it waits */
    fake.now_us = fake.later_us;
    assert_true(run());
    to("27115550100");
    assert_false(run());
    assert_later(6 * S, 6 * S);
}

static void a_number_is_paced(void **state)
{
    int64_t from = fake.now_us;

    (void)state;
    fake_set("rate_per_number", "10");
    meta_says(WK_ANSWERED, 200, TAKEN);
    for (int i = 0; i < 50; i++) { /* short waits are slept */
        char user[20];

        (void)snprintf(user, sizeof user, "271155501%02d", i);
        to(user);
        assert_true(run());
    }
    assert_in_range(fake.now_us - from, 4700000, 5100000);
    assert_true(fake.slept_us > 0);
}

static void too_late_is_failed(void **state)
{
    (void)state;
    meta_says(WK_NOT_SENT, 0, NULL);
    assert_false(run());
    fake.now_us += 86401 * S;
    assert_true(run());
    assert_int_equal(fake.fetches, 1);
    assert_string_equal(fake.row.state, "failed");
    assert_string_equal(published("reason"), "expired");
    to("27115550100"); /* never tried at all: the log of what we told people still says so */
    fake.now_us += 86401 * S;
    assert_true(run());
    assert_string_equal(fake.row.state, "failed");
    assert_int_equal(fake.fetches, 1);
}

static void without_the_database_nothing_leaves(void **state)
{
    (void)state;
    meta_says(WK_ANSWERED, 200, TAKEN);
    fake.db_fails = true;
    assert_false(run());
    assert_int_equal(err.cls, WK_TRANSIENT);
    fake.db_fails = false;
    fake.step_fails = true;
    assert_false(run());
    assert_int_equal(err.cls, WK_TRANSIENT);
    assert_int_equal(fake.fetches, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_message_is_promised_then_sent_then_settled), T(a_message_costs_two_trips), T(a_message_that_comes_again_looks_first),
        T(a_death_between_promise_and_send_is_a_lost_answer), T(what_was_settled_comes_again_and_is_told), T(of_two_who_try_at_once_one_sends),
        T(a_settled_message_is_told_even_while_its_number_is_stopped), T(the_body_may_be_an_object_too), T(what_is_no_message_is_dead_at_once),
        T(a_lost_answer_waits_for_a_status_then_goes_again), T(a_status_settles_what_no_answer_did), T(a_200_without_an_id_is_a_lost_answer),
        T(a_death_after_the_promise_is_a_lost_answer), T(a_death_before_the_settling_commit_sends_nothing_twice),
        T(what_never_left_goes_again_without_waiting_for_a_status), T(temporary_errors_go_again), T(some_errors_are_tried_once_or_twice_more),
        T(a_refused_pair_waits_longer_each_time_and_alone), T(final_errors_fail_with_their_reason),
        T(an_earlier_attempt_that_arrived_beats_a_late_refusal), T(a_failed_status_before_our_write_stays),
        T(what_is_settled_is_told_and_not_sent), T(a_bad_token_stops_the_number_and_tells_once), T(a_bad_token_stops_no_neighbour), T(a_refused_pair_holds_up_no_neighbour),
        T(without_a_token_nothing_is_promised),
        T(a_pair_is_paced), T(a_number_is_paced), T(too_late_is_failed), T(without_the_database_nothing_leaves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
