/* wakala tenant export TENANT [--to FILE] | purge */
#include "cli/tenant.h"
#include "tenant/admin.h"
#include "tenant/dump.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int wk_tenant_cmd_export(const struct wk_config *config, const struct wk_server_conf *server, int argc, char **argv)
{
    static const char *const options[] = {"--to", NULL}, *const none[] = {NULL};
    const char *to = wk_cli_value(argc, argv, "--to");
    struct wk_dump dump = {.host_conninfo = server->host, .app_conninfo = server->app};
    struct wk_err err = {0};
    FILE *out = stdout;
    size_t rows;
    bool ok;
    int fd;

    (void)config;
    if (argc < 3 || *argv[2] == '-' || !wk_cli_options(argc, argv, 3, options, none))
        return wk_cli_usage("tenant");
    if (!wk_tenant_find(server->host, argv[2], &dump.tenant, &err))
        return wk_cli_fail(&err);
    if (to) { /* people's data: nobody else's to read, and never over something that is there */
        fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0 || !(out = fdopen(fd, "w"))) {
            (void)fprintf(stderr, "wakala: %s cannot be made: %s\n", to, strerror(errno));
            return WK_CLI_FAILED;
        }
    }
    ok = wk_dump_write(&dump, out, &rows, &err);
    if (to && fclose(out) && ok)
        ok = wk_fail(&err, WK_SYSTEM, "tenant.export", "%s cannot be written: %s", to, strerror(errno));
    if (!ok)
        return wk_cli_fail(&err);
    if (to)
        (void)printf("%s\t%zu rows\n", to, rows);
    return WK_CLI_OK;
}

/* For an operator's timer: what was deleted and whose time is up. */
int wk_tenant_cmd_purge(const struct wk_config *config, const struct wk_server_conf *server, int argc, char **argv)
{
    enum { AT_ONCE = 256 };
    struct wk_dump dump = {.host_conninfo = server->host, .owner_conninfo = server->owner, .server = server->name};
    struct wk_uuid ids[AT_ONCE];
    struct wk_err err = {0};
    char text[WK_UUID_TEXT];
    size_t n, rows;

    (void)config;
    (void)argv;
    if (argc != 2)
        return wk_cli_usage("tenant");
    if (!wk_dump_due(server->host, ids, AT_ONCE, &n, &err))
        return wk_cli_fail(&err);
    for (size_t i = 0; i < n; i++) {
        dump.tenant = ids[i];
        if (!wk_dump_remove(&dump, &rows, &err))
            return wk_cli_fail(&err);
        (void)printf("%s\t%zu rows removed\n", wk_uuid_text(&ids[i], text), rows);
    }
    return WK_CLI_OK;
}
