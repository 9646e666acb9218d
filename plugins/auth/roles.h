/* roles.h - the one table of who may do what. docs/design/auth.md prints it; so does GET /v1/roles. */
#ifndef AUTH_ROLES_H
#define AUTH_ROLES_H
#include <stdbool.h>
#include <stddef.h>

enum { ROLE_TEXT_MAX = 1024 };
/* Permissions of a role, separated by blanks; static. NULL: no such role. "admin" has "*". */
const char *role_permissions(const char *role);
bool role_is_of_tenant(const char *role); /* one that a tenant's user can have: every role but admin */
/* Does the list (separated by blanks) hold the word? "*" holds all. */
bool role_list_has(const char *list, const char *word, size_t len);
const char *role_name(size_t i);       /* NULL past the last */
const char *role_permission(size_t i); /* all permissions, NULL past the last */
#endif
