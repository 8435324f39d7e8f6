/* admin/data/links: one-time links: the set-up of the first owner, invitations, a password that was
 * forgotten. The token is 256 random bits, of which only the hash is kept; it serves once. */
#pragma once
#include "admin/data/dat.h"

#define DAT_LINK_MS DAT_DAY_MS

enum dat_link_kind { DAT_LINK_SETUP, DAT_LINK_INVITATION, DAT_LINK_PASSWORD, DAT_LINK_KINDS };

struct dat_link {
	enum dat_link_kind kind;
	char account_guid[DAT_GUID_TEXT]; /* whose password; "" = of nobody yet */
	char email[DAT_EMAIL_TEXT];
	char name[DAT_NAME_TEXT];
	char group_guid[DAT_GUID_TEXT]; /* "" = the default one */
	char note[DAT_NOTE_TEXT];
	char made_by[DAT_NAME_TEXT];
	int64_t expires_at;
};

struct dat_link_new {
	enum dat_link_kind kind;
	/* NULL = "". */
	const char *account_guid, *email, *name, *group_guid, *note, *made_by;
};

/* Good for a day. Those of the same kind for the same account and address end: of several links
 * that somebody has asked for, the last one serves. */
int dat_link_add(struct sql_conn *c, const struct dat_link_new *in, int64_t now,
		char ret_token[DAT_TOKEN_TEXT]) HWS_MUST_CHECK;
/* What it is for. HWS_ERR_DENIED: of another kind, used, expired, or none of ours. */
int dat_link_get(struct sql_conn *c, enum dat_link_kind kind, const char *token, int64_t now,
		struct dat_link *ret) HWS_MUST_CHECK;
/* The same, and it is used up; in the transaction of what it is used for, so that a link that
 * failed to do its work can be tried again. Of two at once one gets HWS_ERR_DENIED. */
int dat_link_use(struct sql_conn *c, enum dat_link_kind kind, const char *token, int64_t now,
		struct dat_link *ret) HWS_MUST_CHECK;
/* All of a kind: nobody is to use them any more. */
int dat_link_end(struct sql_conn *c, enum dat_link_kind kind) HWS_MUST_CHECK;
/* Removes what has ended; some at a time. *ret: how many. */
int dat_link_sweep(struct sql_conn *c, int64_t now, int64_t *ret) HWS_MUST_CHECK;
