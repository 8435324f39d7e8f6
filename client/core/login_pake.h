/* core/login_pake: proving a password to a host of v2 (docs/protocol-v2.md, 3): what the host
 * offers, what the password becomes for each offer, and whether the host confirmed that it
 * knows it, too. Pure. Secrets are wiped by hws_login_pake_done. */
#pragma once
#include "proto/session.pb-c.h"
#include "shared/crypto/pake.h"
#include <stdbool.h>

#define HWS_PAKE_OFFERS_MAX 2u /* one for each kind of password */

/* A password, stretched for one offer. */
struct hws_pake_stretched {
	bool has;
	enum hws_pake_kind kind;
	struct hws_pake_cost cost;
	struct hws_pake_secret secret;
};

/* Work for a thread of its own: Argon2id takes long. */
struct hws_pake_job {
	uint8_t h1_secret[HWS_H1_LEN];
	struct hws_pake_stretched item[HWS_PAKE_OFFERS_MAX]; /* `has`: is to be made, was made */
	size_t count;
};
/* Any thread; the first error. */
int hws_pake_job_run(struct hws_pake_job *job) HWS_MUST_CHECK;
void hws_pake_job_free(struct hws_pake_job *job); /* wipes; takes NULL */

struct hws_login_pake {
	struct hws_login_offer {
		enum hws_pake_kind kind;
		struct hws_pake_cost cost;
		uint8_t share[HWS_PAKE_SHARE_LEN];
	} offer[HWS_PAKE_OFFERS_MAX];
	size_t offer_count;
	struct hws_pake_stretched stretched[HWS_PAKE_OFFERS_MAX]; /* by kind */
	struct {
		bool has;
		uint8_t confirm[HWS_PAKE_CONFIRM_LEN];
	} expect[HWS_PAKE_OFFERS_MAX]; /* by kind; of proofs that have no verdict yet */
	bool confirmed;                /* the host knows the password of the last proof ... */
	enum hws_pake_kind confirmed_kind;
};

void hws_login_pake_done(struct hws_login_pake *p); /* wipes */
/* A new link: what was offered and proved on the one before is of no use. */
void hws_login_pake_begin(struct hws_login_pake *p);
/* The host's offers replace those before. Offers that no host makes (of unknown kind, twice, too
 * cheap, too dear) are left out. */
void hws_login_pake_offers(struct hws_login_pake *p, Ses__PakeOffer *const *list, size_t count);
/* Another password: what was made of the one before is wiped. */
void hws_login_pake_forget(struct hws_login_pake *p);
/* What an earlier session remembered, or a job made. */
void hws_login_pake_keep(struct hws_login_pake *p, const struct hws_pake_stretched *s);
/* Whether a proof can be made for any offer without the password. */
bool hws_login_pake_ready(const struct hws_login_pake *p);
/* What is still to be made of the password for the offers there are; false: nothing. Wipe `ret`. */
bool hws_login_pake_missing(const struct hws_login_pake *p, const uint8_t h1_secret[HWS_H1_LEN],
		struct hws_pake_job *ret);

/* Proofs as the message carries them: `list` points into this. */
struct hws_pake_proofs {
	Ses__PakeProof proof[HWS_PAKE_OFFERS_MAX], *list[HWS_PAKE_OFFERS_MAX];
	uint8_t share[HWS_PAKE_OFFERS_MAX][HWS_PAKE_SHARE_LEN];
	uint8_t confirm[HWS_PAKE_OFFERS_MAX][HWS_PAKE_CONFIRM_LEN];
	size_t count;
};
/* One for each offer that can be answered; the offers are used up. False: none could. */
bool hws_login_pake_prove(struct hws_login_pake *p, const uint8_t binding[32],
		const uint8_t host_pk[32], struct hws_pake_proofs *ret);
/* Whether a proof has no verdict yet. */
bool hws_login_pake_pending(const struct hws_login_pake *p);
/* Takes the host's confirmation; false: it is none of a host that knows the password. */
bool hws_login_pake_confirm(struct hws_login_pake *p, struct hws_bytes confirm);
/* The host refused: its confirmation is not waited for any more. */
void hws_login_pake_void(struct hws_login_pake *p);
/* What the confirmed password was made into, to be remembered; NULL: nothing was confirmed. */
const struct hws_pake_stretched *hws_login_pake_proved(const struct hws_login_pake *p);
