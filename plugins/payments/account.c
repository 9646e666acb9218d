#include "account.h"

/* The next word of the list, from *p on; empty at the end. */
static struct wk_span next_word(const char **p)
{
    const char *from = *p + strspn(*p, " ");

    *p = from + strcspn(from, " ");
    return (struct wk_span){from, (size_t)(*p - from)};
}

/* Both sides of "gateway=account"; false: it is none. */
static bool cut(struct wk_span word, struct wk_span *gateway, struct wk_span *account)
{
    const char *equals = memchr(word.data, '=', word.len);

    if (!equals)
        return false;
    *gateway = (struct wk_span){word.data, (size_t)(equals - word.data)};
    *account = (struct wk_span){equals + 1, word.len - gateway->len - 1};
    return gateway->len && account->len && account->len < ACCOUNT_SIZE;
}

bool accounts_check(const char *setting, struct wk_err *err)
{
    struct wk_span gateway, account;

    for (const char *p = setting;;) {
        struct wk_span word = next_word(&p);

        if (!word.len)
            return true;
        if (!cut(word, &gateway, &account))
            return wk_fail(err, WK_SYSTEM, "payment.accounts",
                           "accounts: \"%.*s\": wanted is gateway=account (at most %d bytes), separated by spaces, such as \"paystack=acct-1\"",
                           (int)(word.len < 60 ? word.len : 60), word.data, ACCOUNT_SIZE - 1);
    }
}

const char *account_of(const char *setting, const char *gateway, char out[ACCOUNT_SIZE])
{
    size_t len = strlen(gateway);

    memcpy(out, ACCOUNT_DEFAULT, sizeof ACCOUNT_DEFAULT);
    for (const char *p = setting;;) {
        struct wk_span word = next_word(&p), name, account;

        if (!word.len)
            return out;
        if (!cut(word, &name, &account) || name.len != len || memcmp(name.data, gateway, len) != 0)
            continue;
        memcpy(out, account.data, account.len);
        out[account.len] = '\0';
        return out;
    }
}
