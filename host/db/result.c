/* result.c - reading what a statement answered. A struct wk_result is libpq's PGresult under our name. */
#include "db/internal.h"

#include <stdlib.h>

static const PGresult *pg(const struct wk_result *result) { return (const PGresult *)result; }

static bool is_inside(const struct wk_result *result, size_t row, size_t column)
{
    return result && row < wk_result_rows(result) && column < wk_result_columns(result);
}

size_t wk_result_rows(const struct wk_result *result) { return result ? (size_t)PQntuples(pg(result)) : 0; }
size_t wk_result_columns(const struct wk_result *result) { return result ? (size_t)PQnfields(pg(result)) : 0; }

bool wk_result_is_null(const struct wk_result *result, size_t row, size_t column)
{
    return !is_inside(result, row, column) || PQgetisnull(pg(result), (int)row, (int)column);
}

const char *wk_result_text(const struct wk_result *result, size_t row, size_t column, size_t *len)
{
    bool is_null = wk_result_is_null(result, row, column);

    if (len)
        *len = is_null ? 0 : (size_t)PQgetlength(pg(result), (int)row, (int)column);
    return is_null ? NULL : PQgetvalue(pg(result), (int)row, (int)column);
}

int64_t wk_result_int(const struct wk_result *result, size_t row, size_t column)
{
    const char *text = wk_result_text(result, row, column, NULL);

    return text ? strtoll(text, NULL, 10) : 0;
}

int64_t wk_result_affected(const struct wk_result *result)
{
    /* PQcmdTuples takes its argument without const, and only reads it */
    return result ? strtoll(PQcmdTuples((PGresult *)(uintptr_t)result), NULL, 10) : 0;
}

void wk_result_free(struct wk_result *result) { PQclear((PGresult *)result); }

void wk_exec_clear(struct wk_exec *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        wk_result_free(items[i].result);
        items[i].result = NULL;
    }
}
