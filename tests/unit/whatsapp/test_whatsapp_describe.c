/* What `wakala whatsapp decode` prints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>
#include "describe.h"
#include "fake_host.h"

static char *described(const char *path, int *status)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    *status = wa_describe_file(out, path);
    (void)fclose(out);
    return text;
}
static char *sample(const char *name)
{
    char path[1024];
    int status;
    char *text;

    (void)snprintf(path, sizeof path, "%s/tests/samples/whatsapp/%s.json", TEST_SOURCE_DIR, name);
    text = described(path, &status);
    assert_int_equal(status, 0);
    return text;
}
static char *of_bytes(const char *bytes, size_t len, int *status)
{
    char path[] = "/tmp/wakala-describe-XXXXXX", *text;
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    (void)close(fd);
    text = described(path, status);
    (void)unlink(path);
    return text;
}

static void a_line_per_update(void **state)
{
    static const struct { const char *file, *lines; } rows[] = {
        {"01-text", "message\t110000000000001\twamid.HBgLMTIwMjU1NTAxMDEVAgASGBQzQTYyN0E1MUFBMkRBNEIxOTQ0OAA=\tUS.70010000000000000001\ttext\n"},
        {"15-system-changed-number", "message\t110000000000001\twamid.HBgLMTIwMjU1NTAxMDQVAgASGBQzQUJBM0ZGMjJFMDk3M0I3MzkyNwA=\t12025550104\tsystem\n"},
        {"17-status-sent-delivered",
         "status\t110000000000001\twamid.HBgLMTIwMjU1NTAxMDEVAgARGBIyRDZEQkVGOTdEQkVFQTBEN0QA\tUS.70010000000000000001\tsent\n"
         "status\t110000000000001\twamid.HBgLMTIwMjU1NTAxMDEVAgARGBIyRDZEQkVGOTdEQkVFQTBEN0QA\tUS.70010000000000000001\tdelivered\n"},
        {"18-status-failed", "status\t110000000000001\twamid.HBgMNDQ3NzAwOTAwMTAyFQIAERgSNUMyMzY1MDFDMzA3NjQ3NjhCAA==\t447700900102\tfailed\n"},
        {"19-text-username-no-phone", "message\t110000000000002\twamid.HBgLMDAwMDAwMDAwMDAVAgASGBQzQUZGNkU4NDBFNTYyQTk2NEYxNwA=\tAE.70010000000000000006\ttext\n"},
        {"20-template-status-update", "other\t-\t-\t-\tmessage_template_status_update\n"},
    };

    (void)state;
    for (size_t i = 0; i < WK_COUNT(rows); i++) {
        char *text = sample(rows[i].file);

        assert_string_equal(text, rows[i].lines);
        free(text);
    }
}

static void bad_things_are_lines_and_bad_files_an_exit_status(void **state)
{
#define BODY(messages) "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"1\",\"changes\":[{\"field\":\"messages\",\"value\":{" \
                       "\"metadata\":{\"phone_number_id\":\"2\"},\"messages\":[" messages "]}}]}]}"
    static const struct { const char *body, *lines; } rows[] = {
        {"not JSON", "bad\t-\t-\t-\t-\n"},
        {"", "bad\t-\t-\t-\t-\n"},
        {BODY("{\"id\":\"m\",\"from\":\"27\"},{}"), "message\t2\tm\t27\t-\nbad\t2\t-\t-\t-\n"},
        {BODY("{\"id\":\"m\x7f\",\"from\":\"27\",\"type\":7}"), "message\t2\tm?\t27\t-\n"}, /* nothing steers the terminal */
        {"{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"1\",\"changes\":[{\"field\":\"smb_message_echoes\",\"value\":{\"message_echoes\":["
         "{\"id\":\"e\"}]}}]}]}", "other\t-\te\t-\tsmb_message_echoes\n"},
    };
    char *huge = calloc(1, 3 * 1024 * 1024 + 1), *text;
    int status;

    (void)state;
    for (size_t i = 0; i < WK_COUNT(rows); i++) {
        text = of_bytes(rows[i].body, strlen(rows[i].body), &status);
        assert_int_equal(status, 0);
        assert_string_equal(text, rows[i].lines);
        free(text);
    }
    text = described("/nonexistent/file.json", &status);
    assert_int_equal(status, 1);
    assert_string_equal(text, "");
    free(text);
    text = described("/tmp", &status); /* a directory */
    assert_int_equal(status, 1);
    free(text);
    text = of_bytes(huge, 3 * 1024 * 1024 + 1, &status);
    assert_int_equal(status, 1);
    free(text);
    free(huge);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_per_update),
        cmocka_unit_test(bad_things_are_lines_and_bad_files_an_exit_status),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
