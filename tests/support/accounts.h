/* tests/support/accounts: a machine with accounts of the test, in a mount namespace that this
 * process and those it starts are alone in: passwd, shadow and the PAM service that hawser
 * installs. All have the password TEST_ACCOUNT_RIGHT, but for bob, who is locked:
 * root, ann (1200), bob (1201), old (1202, expired). */
#pragma once
#include <stdbool.h>

#define TEST_ACCOUNT_RIGHT "right horse"
#define TEST_ACCOUNT_ANN 1200

/* Needs root, and mount namespaces; false: there are none here (or a sanitizer, behind which PAM's
 * modules do not find their libraries), and the test is to be skipped. `pam_folder`:
 * packaging/pam. */
bool test_accounts_make(const char *pam_folder);
