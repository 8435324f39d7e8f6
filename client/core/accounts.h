/* core/accounts: at which API servers the viewer is logged in, and the tokens that prove it: one
 * login for each rendezvous server, which is known by its key. The file (accounts.json, beside the
 * settings) is a secret. Blocking, but short. One thread at a time. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/crypto/identity.h"
#include "shared/wire/limits.h"
#include <stdbool.h>
#include <stdint.h>

#define HWS_ACCOUNTS_MAX 16u
#define HWS_ACCOUNT_API_TEXT 600
#define HWS_ACCOUNT_NAME_TEXT 256
#define HWS_ACCOUNT_TOKEN_TEXT 2049

struct hws_account {
	uint8_t pk[HWS_PK_LEN];         /* of the rendezvous server */
	char api[HWS_ACCOUNT_API_TEXT]; /* without a slash at the end */
	bool plain;                     /* the user agreed to http without TLS there */
	char user[HWS_ACCOUNT_NAME_TEXT], title[HWS_ACCOUNT_NAME_TEXT];
	uint64_t since; /* Unix time in seconds */
	char token_secret[HWS_ACCOUNT_TOKEN_TEXT];
};

struct hws_accounts {
	struct hws_account account[HWS_ACCOUNTS_MAX]; /* newest first */
	unsigned count;
};

/* "" = no file; a missing one is an empty list; damaged entries are left out. `a` holds secrets,
 * whatever this returns. */
int hws_accounts_load(
		struct hws_accounts *a, const char *path, struct hws_error *err) HWS_MUST_CHECK;
int hws_accounts_parse(struct hws_accounts *a, struct hws_bytes json) HWS_MUST_CHECK;
/* An empty list has no file. */
int hws_accounts_store(const struct hws_accounts *a, const char *path,
		struct hws_error *err) HWS_MUST_CHECK;
/* For programs that run at once: each reads what is in the file, changes that alone and writes the
 * whole, under a lock, so that none undoes another's. HWS_ERR_BUSY: another one does so for too
 * long. */
int hws_accounts_keep(const char *path, const struct hws_account *login,
		struct hws_error *err) HWS_MUST_CHECK;
/* HWS_OK also when there is no login at that server. */
int hws_accounts_forget(const char *path, const uint8_t pk[HWS_PK_LEN],
		struct hws_error *err) HWS_MUST_CHECK;
/* NULL when there is no login at that server. */
const struct hws_account *hws_accounts_find(
		const struct hws_accounts *a, const uint8_t pk[HWS_PK_LEN]);
/* In place of an earlier login at the same server; the oldest gives way. */
void hws_accounts_put(struct hws_accounts *a, const struct hws_account *login);
/* Whether there was one. */
bool hws_accounts_remove(struct hws_accounts *a, const uint8_t pk[HWS_PK_LEN]);
/* What may stand in a header and in a message: printable ASCII without blanks. */
bool hws_account_token_good(const char *token);
