/* account.h - which account of a gateway a tenant's new payments use: the setting "paystack=acct-1 ozow=acct-2". Pure. */
#ifndef PAYMENTS_ACCOUNT_H
#define PAYMENTS_ACCOUNT_H
#include <wakala/base.h>
#include <wakala/err.h>

#define ACCOUNT_DEFAULT "default"
#define ACCOUNT_SIZE 65 /* bytes of an account's name with its NUL */

/* payment.accounts (SYSTEM) names the word that is no gateway=account. */
bool accounts_check(const char *setting, struct wk_err *err);
/* Into out; returns out. "default" for a gateway that the setting does not name. */
const char *account_of(const char *setting, const char *gateway, char out[ACCOUNT_SIZE]);
#endif
