/* Signatures over raw bytes, several Meta apps, the subscription handshake. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "fake_host.h"
#include "verify.h"

static const struct { const char *file, *hmac; } samples[] = {
    {"01-text", "8531c262a047bb2d88cf8121ad129e7422129eedb10f9c0f76c125b4e8110cb2"},
    {"02-text-product-enquiry", "1e9db3984e33e8a33c7889da96871584a7f8bb10f9f3cd6cf272efee7d16c877"},
    {"03-text-ctwa-referral", "273a121426bd0da880f5867bfb34a3131d7101d14f789048e8956b029798feb7"},
    {"04-image", "1b27698dd01380a92aa9282c9ab1f6f53b80c8214b0d50bebee53fe69640773c"},
    {"05-audio-voice", "9175d45c0d6d11cc196d1661b5917cc89d39e21409eebed4ebbaab32041fee2c"},
    {"06-document-video-sticker", "f7a304081c69b20b466b2cccac108c24f86f92be708768664a189eec19972a6e"},
    {"07-location", "c84487a10c88271093b70ae4d19458a0aaa0f7f40b8a874575e15d5707c8fe9e"},
    {"08-contacts", "9e07a6dbb227b7030d9078cbbe01a44bcd9fc47ccaeac8bfbf681b484a5b8b48"},
    {"09-interactive-button-reply", "4b5777fbf55b9b0a63ab7c3bcad2fe4d90f6c1efb081ae42429882feeefd3bd6"},
    {"10-interactive-list-reply", "a0d171d6803640fc91cf9b3fcfd3c69f767e2ff57474679fc072464c1886fb1d"},
    {"11-interactive-nfm-reply", "e40364aa62f8d71400c3134b8697014651a4597d06cde46abca294170b7e341d"},
    {"12-button-template-quick-reply", "09faaeb2055ba7f9a3fc6bc4b5a328d47f9612f59f842c63fc5399d1b3ca4240"},
    {"13-order", "42545845c82154b94cd5daf54a728b8762a1a5e30de363f5c405b9f06afd0967"},
    {"14-reaction", "dbb2c4b253e611571c06e0a6a1c5ccbb359446e6e922c4a420a770245bb5a46f"},
    {"15-system-changed-number", "38d8bd710970fa5947a6ea2fec3ea953d60fb0ddac353003db49c8434758360f"},
    {"16-unsupported", "6776fc10adc35b7f83fbc5374fbaa6ea3b0f6a36bd0e0fa12179f24713b6e3e7"},
    {"17-status-sent-delivered", "c23c93616b685a37dbd22dd1589888b39cb1d0dc092239cf4e8e04fa7fbbd834"},
    {"18-status-failed", "ee8210ecd3e7b20e77bc9a546903e960a08695cd741e1fc480020c7488f005fd"},
    {"19-text-username-no-phone", "be30f8711dbadd3b1d78b828ad1de2781f2d4b7e0e0431ad3744de3a023b245f"},
    {"20-template-status-update", "23334a82ea51d57feeea2b157fc711e0127eb9b1b04bdc86ad6273c2986cf954"},
};

static char signature[200]; /* "" : no header */
static const char *mode, *token, *challenge;

static const char *header(const struct wk_webhook *hook, const char *name, size_t *len)
{
    (void)hook;
    assert_int_equal(strcasecmp(name, "x-hub-signature-256"), 0);
    if (!*signature)
        return NULL;
    *len = strlen(signature);
    return signature;
}
static const char *query(const struct wk_webhook *hook, const char *name)
{
    static char value[300]; /* as in the host: lives until the next one is asked for */
    const char *is;

    (void)hook;
    is = !strcmp(name, "hub.mode") ? mode : !strcmp(name, "hub.verify_token") ? token : !strcmp(name, "hub.challenge") ? challenge : NULL;
    return is ? strcpy(value, is) : NULL;
}
static struct wk_webhook hook = {.size = sizeof hook, .app = "", .header = header, .query = query};
static struct wk_err err;

static int setup(void **state)
{
    (void)state;
    fake_reset();
    hook.app = "";
    hook.body = "{}";
    hook.body_len = 2;
    *signature = '\0';
    memset(&err, 0, sizeof err);
    return wa_keys_open("test-app-secret", "the token", "# comment\n\nacme  acme-secret acme-token # theirs\r\nzulu zulu-secret zulu-token", &err) ? 0 : -1;
}
static int teardown(void **state)
{
    (void)state;
    wa_keys_close();
    return 0;
}
static void sign(const char *hex) { (void)snprintf(signature, sizeof signature, "sha256=%s", hex); }

static void every_sample_is_authentic_and_no_changed_byte_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < WK_COUNT(samples); i++) {
        char path[200], *body;
        size_t len;

        (void)snprintf(path, sizeof path, "tests/samples/whatsapp/%s.json", samples[i].file);
        body = fake_read(path, &len);
        hook.body = body;
        hook.body_len = len;
        sign(samples[i].hmac);
        assert_int_equal(wa_verify(&hook, &err), WK_AUTHENTIC);
        for (char *p = signature; *p; p++)
            *p = p < signature + 7 ? *p : (char)toupper((unsigned char)*p);
        assert_int_equal(wa_verify(&hook, &err), WK_AUTHENTIC);
        sign(samples[i].hmac);
        for (size_t at = 0; at < len; at += 97) {
            body[at] ^= 1;
            assert_int_equal(wa_verify(&hook, &err), WK_FORGED);
            body[at] ^= 1;
        }
        hook.body_len = len - 1;
        assert_int_equal(wa_verify(&hook, &err), WK_FORGED);
        free(body);
    }
}

static void every_wrong_header_is_forged(void **state)
{
    /* HMAC-SHA256("test-app-secret", "{}") is right in no row */
    static const char *const headers[] = {
        "", "sha256=", "sha256=00", "8531c262a047bb2d88cf8121ad129e7422129eedb10f9c0f76c125b4e8110cb2",
        "sha1=8531c262a047bb2d88cf8121ad129e7422129eedb10f9c0f76c125b4e8110cb2",
        "sha256=8531c262a047bb2d88cf8121ad129e7422129eedb10f9c0f76c125b4e8110cbz",
        "sha256=8531c262a047bb2d88cf8121ad129e7422129eedb10f9c0f76c125b4e8110cb",
        "sha256=8531c262a047bb2d88cf8121ad129e7422129eedb10f9c0f76c125b4e8110cb2 ",
        " sha256=8531c262a047bb2d88cf8121ad129e7422129eedb10f9c0f76c125b4e8110cb2",
        "sha256=0000000000000000000000000000000000000000000000000000000000000000"};

    (void)state;
    for (size_t i = 0; i < WK_COUNT(headers); i++) {
        (void)snprintf(signature, sizeof signature, "%s", headers[i]);
        assert_int_equal(wa_verify(&hook, &err), WK_FORGED);
        assert_int_equal(err.cls, WK_SECURITY);
        assert_string_equal(err.code, i == WK_COUNT(headers) - 1 ? "whatsapp.bad_signature" : "whatsapp.no_signature");
    }
}

static void each_app_has_its_own_secret(void **state)
{
    (void)state;
    hook.body = "hello";
    hook.body_len = 5;
    hook.app = "acme"; /* echo -n hello | openssl dgst -sha256 -hmac acme-secret */
    sign("ACME");
    assert_int_equal(wa_verify(&hook, &err), WK_FORGED);
    sign("937675024ea1499f049265a5ebff643b1009aa5c97ef753481d42a004bbbb064");
    assert_int_equal(wa_verify(&hook, &err), WK_AUTHENTIC);
    hook.app = ""; /* the same bytes on another app's path */
    assert_int_equal(wa_verify(&hook, &err), WK_FORGED);
    hook.app = "zulu";
    assert_int_equal(wa_verify(&hook, &err), WK_FORGED);
    hook.app = "nobody";
    assert_int_equal(wa_verify(&hook, &err), WK_FORGED);
    assert_string_equal(err.code, "whatsapp.unknown_app");
}

static void settings_that_cannot_be_right_do_not_open(void **state)
{
    static const struct { const char *secret, *token, *apps, *code; } rows[] = {
        {"", "", "", "whatsapp.no_app_secret"},          {NULL, NULL, NULL, "whatsapp.no_app_secret"},
        {"", "token", "", "whatsapp.no_app_secret"},     {"", "", "# nothing\n", "whatsapp.no_app_secret"},
        {"s", "t", "acme", "whatsapp.apps"},             {"s", "t", "acme secret", "whatsapp.apps"},
        {"s", "t", "a/b secret token", "whatsapp.apps"}, {"s", "t", "a s t\na s t", "whatsapp.apps"},
        {"s", "t", "a s t more", "whatsapp.apps"}};

    (void)state;
    for (size_t i = 0; i < WK_COUNT(rows); i++) {
        assert_false(wa_keys_open(rows[i].secret, rows[i].token, rows[i].apps, &err));
        assert_string_equal(err.code, rows[i].code);
        assert_int_equal(err.cls, WK_SYSTEM);
        assert_null(strstr(err.msg, "secret token")); /* never the secret itself */
        sign(samples[0].hmac);
        assert_int_equal(wa_verify(&hook, &err), WK_FORGED); /* closed, not open */
    }
    assert_false(wa_keys_open("s", "t", "ok s t\nbad s", &err));
    assert_non_null(strstr(err.msg, "line 2"));
    assert_true(wa_keys_open(NULL, NULL, "only s t", &err)); /* no app of the operator's own */
}

static void the_handshake_answers_only_its_token(void **state)
{
    static const struct { const char *app, *mode, *token, *challenge; bool is_right; } rows[] = {
        {"", "subscribe", "the token", "1158201444", true},
        {"", "subscribe", "the token", "aZ09-_.", true},
        {"acme", "subscribe", "acme-token", "1", true},
        {"", "subscribe", "acme-token", "1", false},
        {"acme", "subscribe", "the token", "1", false},
        {"nobody", "subscribe", "the token", "1", false},
        {"", "subscribe", "the tokem", "1", false},
        {"", "subscribe", "the token ", "1", false},
        {"", "subscribe", "", "1", false},
        {"", "subscribe", NULL, "1", false},
        {"", "unsubscribe", "the token", "1", false},
        {"", NULL, "the token", "1", false},
        {"", "subscribe", "the token", NULL, false},
        {"", "subscribe", "the token", "", false},
        {"", "subscribe", "the token", "<script>alert(1)</script>", false},
        {"", "subscribe", "the token", "a b", false},
    };
    char longest[300];

    (void)state;
    for (size_t i = 0; i < WK_COUNT(rows); i++) {
        const char *answer;

        hook.app = rows[i].app;
        mode = rows[i].mode, token = rows[i].token, challenge = rows[i].challenge;
        answer = wa_handshake(&hook);
        if (rows[i].is_right)
            assert_string_equal(answer, rows[i].challenge);
        else
            assert_null(answer);
    }
    memset(longest, '1', sizeof longest);
    longest[257] = '\0';
    hook.app = "", mode = "subscribe", token = "the token", challenge = longest;
    assert_null(wa_handshake(&hook));
    longest[256] = '\0';
    assert_non_null(wa_handshake(&hook));
    assert_true(wa_keys_open("s", "", "", &err)); /* no token: no handshake, not an empty one */
    token = "";
    assert_null(wa_handshake(&hook));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_sample_is_authentic_and_no_changed_byte_is, setup, teardown),
        cmocka_unit_test_setup_teardown(every_wrong_header_is_forged, setup, teardown),
        cmocka_unit_test_setup_teardown(each_app_has_its_own_secret, setup, teardown),
        cmocka_unit_test_setup_teardown(settings_that_cannot_be_right_do_not_open, setup, teardown),
        cmocka_unit_test_setup_teardown(the_handshake_answers_only_its_token, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
