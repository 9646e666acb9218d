/* The directory with 10,000 tenants: every number and account finds its own, old snapshots serve who holds them. */
#include "call/fixture.h"

static void notes_nothing(const struct wk_tenant_ref *ref, void *arg)
{
    (void)ref;
    ++*(size_t *)arg;
}

static void ten_thousand(void *arg)
{
    struct wk_err err = {0};
    int64_t began = wk_mono_us();
    const struct wk_tenant_ref *ref, *held;
    struct wk_uuid id = {{0}};
    char text[40], name[40];
    size_t n = 0, len;

    (void)arg;
    if (!wk_directory_load(engine.directory, engine.server, engine.servers, &err))
        fail_msg("%s: %s", err.code, err.msg);
    print_message("read in %lld ms\n", (long long)(wk_mono_us() - began) / 1000);
    wk_directory_each(engine.directory, notes_nothing, &n);
    assert_int_equal(n, 10001);
    began = wk_mono_us();
    for (int i = 1; i <= 10000; i++) {
        (void)snprintf(text, sizeof text, "%015d", i);
        (void)snprintf(name, sizeof name, "Tenant %d", i);
        ref = wk_directory_by_address(engine.directory, "whatsapp", text, strlen(text));
        assert_non_null(ref);
        assert_string_equal(ref->tenant.name, name);
        assert_ptr_equal(wk_directory_find(engine.directory, &ref->tenant.id), ref);
        (void)snprintf(text, sizeof text, "9%d", i);
        assert_ptr_equal(wk_directory_by_account(engine.directory, "whatsapp", text, strlen(text)), ref);
        (void)snprintf(text, sizeof text, "value %d", i);
        assert_string_equal(wk_tenant_value(ref, "probe", "setting"), text);
        assert_null(wk_tenant_value(ref, "probe", "settin"));
        assert_null(wk_tenant_value(ref, "prob", "setting"));
        assert_non_null(wk_tenant_sealed(ref, "probe", "secret", &len));
        assert_int_equal(len, 4);
        assert_null(wk_tenant_value(ref, "probe", "secret"));      /* a secret is no setting */
        assert_null(wk_tenant_sealed(ref, "probe", "setting", &len)); /* nor the other way round */
        assert_string_equal(wk_tenant_value(ref, "probe", "both"), "open"); /* one of each kind under one name */
        assert_non_null(wk_tenant_sealed(ref, "probe", "both", &len));
    }
    assert_true(wk_mono_us() - began < 5000000);
    assert_null(wk_directory_by_address(engine.directory, "whatsapp", "00000000000000", 14)); /* a part is not the whole */
    assert_null(wk_directory_by_address(engine.directory, "telegram", "000000000000001", 15));
    assert_null(wk_directory_by_address(engine.directory, "whatsapp", "", 0));
    assert_null(wk_directory_by_account(engine.directory, "whatsapp", "", 0));
    assert_null(wk_directory_find(engine.directory, &id));
    held = wk_tenant_take(wk_directory_by_address(engine.directory, "whatsapp", "000000000000007", 15));
    test_pg_sql(&pg, "UPDATE wakala.tenant SET status = 'suspended' WHERE name = 'Tenant 7'");
    assert_true(wk_directory_load(engine.directory, engine.server, engine.servers, &err));
    assert_string_equal(held->tenant.status, "active");
    ref = wk_directory_by_address(engine.directory, "whatsapp", "000000000000007", 15);
    assert_string_equal(ref->tenant.status, "suspended");
    wk_tenant_drop(held);
    wk_tenant_drop(NULL);
}

static void ten_thousand_tenants_are_found(void **state)
{
    (void)state;
    test_pg_sql(&pg, "INSERT INTO wakala.tenant (id, name, shard) SELECT gen_random_uuid(), 'Tenant ' || i, 1 + i % 32 FROM generate_series(1, 10000) i;"
                     "INSERT INTO wakala.address SELECT 'whatsapp', lpad(substr(name, 8), 15, '0'), '9' || substr(name, 8), id FROM wakala.tenant WHERE name LIKE 'Tenant %';"
                     "INSERT INTO wakala.tenant_setting SELECT id, 'probe', 'setting', 'value ' || substr(name, 8) FROM wakala.tenant WHERE name LIKE 'Tenant %';"
                     "INSERT INTO wakala.tenant_setting SELECT id, 'probe', 'both', 'open' FROM wakala.tenant WHERE name LIKE 'Tenant %';"
                     "INSERT INTO wakala.tenant_secret SELECT id, 'probe', k, '\\x00ff0102', '1' FROM wakala.tenant, unnest('{secret,both}'::text[]) k "
                     "WHERE name LIKE 'Tenant %'");
    run_body(&(struct body){.bare = ten_thousand});
}

/* Two businesses on one WhatsApp business account: an update that names only the account is neither's. */
static void shared(void *arg)
{
    struct wk_err err = {0};
    const struct wk_tenant_ref *ref;

    (void)arg;
    if (!wk_directory_load(engine.directory, engine.server, engine.servers, &err))
        fail_msg("%s: %s", err.code, err.msg);
    assert_null(wk_directory_by_account(engine.directory, "shared", "77", 2));
    assert_true(wk_directory_is_shared(engine.directory, "shared", "77", 2));
    ref = wk_directory_by_address(engine.directory, "shared", "1", 1);
    assert_non_null(ref);
    assert_string_equal(ref->tenant.name, "One");
    assert_string_equal(wk_directory_by_address(engine.directory, "shared", "2", 1)->tenant.name, "Two");
    assert_string_equal(wk_tenant_address_of(ref, "shared"), "1"); /* its first */
    assert_null(wk_tenant_address_of(ref, "other"));
    assert_ptr_equal(wk_directory_by_account(engine.directory, "shared", "78", 2), ref); /* two numbers of one business are no sharing */
    assert_false(wk_directory_is_shared(engine.directory, "shared", "78", 2));
    assert_false(wk_directory_is_shared(engine.directory, "shared", "79", 2));
    assert_false(wk_directory_is_shared(engine.directory, "other", "77", 2));
    assert_false(wk_directory_is_shared(engine.directory, "shared", "", 0)); /* no account at all */
}

static void an_account_of_several_tenants_is_nobodys(void **state)
{
    (void)state;
    test_pg_sql(&pg, "INSERT INTO wakala.tenant (id, name, shard) SELECT gen_random_uuid(), n, 1 FROM unnest('{One,Two}'::text[]) n;"
                     "INSERT INTO wakala.address SELECT 'shared', v.address, v.account, t.id FROM (VALUES ('1', '77', 'One'), ('2', '77', 'Two'), "
                     "('3', '78', 'One'), ('4', '78', 'One'), ('5', '', 'One'), ('6', '', 'Two')) AS v(address, account, name) "
                     "JOIN wakala.tenant t ON t.name = v.name");
    run_body(&(struct body){.bare = shared});
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(ten_thousand_tenants_are_found, setup, teardown),
                                       cmocka_unit_test_setup_teardown(an_account_of_several_tenants_is_nobodys, setup, teardown)};
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
