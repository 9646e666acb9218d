/* How fast and whether at all: the pace of a number and of a pair, what Meta says about either, and that a neighbour in the tables is left alone. */
#include "outgoing.h"

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

/* 131048/130429 halves the number's rate here: 10 per second become 5, and the burst of a tenth of a second with it. */
static void a_slowed_number_sends_half_as_fast(void **state)
{
    int64_t from;

    (void)state;
    fake_set("rate_per_number", "10");
    to("27115550100");
    meta_says(WK_ANSWERED, 400, ERROR(130429));
    assert_false(run());
    meta_says(WK_ANSWERED, 200, TAKEN);
    from = fake.now_us;
    for (int i = 0; i < 25; i++) {
        char user[20];

        (void)snprintf(user, sizeof user, "271155502%02d", i);
        to(user);
        assert_true(run());
    }
    assert_in_range(fake.now_us - from, 4700000, 5200000);
}

/* The breaker is open: the message waits, promises nothing and loses no attempt; when it heals, it goes. */
static void an_open_breaker_is_waited_for(void **state)
{
    (void)state;
    meta_says(WK_ANSWERED, 200, TAKEN);
    fake.target_wait_ms = 4000;
    assert_false(run());
    assert_later(4 * S, 5 * S);
    assert_false(fake.row.is_there);
    assert_int_equal(fake.fetches, 0);
    fake.now_us = fake.later_us;
    fake.target_wait_ms = 0;
    assert_true(run());
    assert_int_equal(fake.row.attempts, 1);
}

static void a_breaker_that_opens_in_the_last_moment_costs_no_attempt(void **state)
{
    (void)state;
    meta_says(WK_ANSWERED, 200, TAKEN);
    fake.is_held_back = true;
    for (int i = 0; i < 3; i++) {
        assert_false(run());
        assert_later(3 * S, 4 * S);
        assert_true(fake.row.is_there);
        assert_int_equal(fake.row.attempts, 0);
        assert_int_equal(fake.row.sent_us, 0); /* nothing is on its way: the next try need not wait for a status */
        fake.now_us = fake.later_us;
    }
    fake.is_held_back = false;
    assert_true(run());
    assert_int_equal(fake.fetches, 1);
    assert_int_equal(fake.row.attempts, 1);
    assert_string_equal(fake.row.state, "sent");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_refused_pair_waits_longer_each_time_and_alone),
        T(a_bad_token_stops_the_number_and_tells_once),
        T(a_bad_token_stops_no_neighbour),
        T(a_refused_pair_holds_up_no_neighbour),
        T(without_a_token_nothing_is_promised),
        T(a_pair_is_paced),
        T(a_number_is_paced),
        T(a_slowed_number_sends_half_as_fast),
        T(an_open_breaker_is_waited_for),
        T(a_breaker_that_opens_in_the_last_moment_costs_no_attempt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
