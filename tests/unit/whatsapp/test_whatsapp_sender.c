/* The life of one outgoing message: what is committed when, what is sent twice and what never, for every answer and every death. */
#include "outgoing.h"

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
        T(what_never_left_goes_again_without_waiting_for_a_status), T(temporary_errors_go_again), T(some_errors_are_tried_once_or_twice_more), T(final_errors_fail_with_their_reason),
        T(an_earlier_attempt_that_arrived_beats_a_late_refusal), T(a_failed_status_before_our_write_stays),
        T(what_is_settled_is_told_and_not_sent), T(too_late_is_failed), T(without_the_database_nothing_leaves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
