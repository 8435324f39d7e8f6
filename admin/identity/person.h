/* identity/person: what a provider or a directory says about somebody, in one form. */
#pragma once
#include "admin/data/accounts.h"
#include "shared/base/buf.h"
#include <jansson.h>

#define IDN_GROUPS_MAX 256u
#define IDN_GROUP_TEXT DAT_LETTERS(512) /* of a directory: the whole distinguished name */

struct idn_person {
	char subject[257];        /* stays the same for the same person; the key to the account */
	char name[DAT_NAME_TEXT]; /* what an account of theirs would be called; "" = not said */
	char display_name[DAT_NAME_TEXT]; /* "" = not said, as all further ones */
	char email[DAT_EMAIL_TEXT];
	bool email_verified;
	json_t *groups; /* array of texts; NULL = none */
};

void idn_person_done(struct idn_person *p);
/* Takes a text for a member of a person only if it is one that an account may have. */
void idn_person_text(char *buf, size_t size, const char *text);
/* One more group; what is too long, or one too many, is left out. HWS_ERR_NOMEM. */
int idn_person_group(struct idn_person *p, const char *group) HWS_MUST_CHECK;
/* From the claims of a provider, whose subject was checked. What is missing there and stands in
 * `more` (userinfo; NULL = nothing) comes from that. */
int idn_person_claims(
		struct idn_person *p, const json_t *claims, const json_t *more) HWS_MUST_CHECK;
