/* tests: a host of v2 in front of a viewer's core, without I/O: it opens, confirms, offers
 * proofs of a password and judges them, or does any of that wrongly. */
#pragma once
#include "shared/crypto/pake.h"
#include "shared/wire/secure.h"
#include "tests/unit/client/core/recorder.h"

#define V2_HOST_ID "123456789"

struct v2_host {
	struct recorder *r;
	struct hws_identity identity, server;
	struct hws_secure secure;
	struct hws_secure_keys keys;
	size_t read;          /* of what the viewer has sent */
	char password[2][40]; /* temporary, permanent; "" = none */
	struct hws_pake_verifier verifier[2];
	struct hws_pake_offer offer[2];
	uint8_t confirm[HWS_PAKE_CONFIRM_LEN]; /* of the proof that was right */
	bool good;
};

/* How the host is met. */
struct v2_link {
	bool direct;              /* by address: no statement */
	bool v1;                  /* it speaks the deployed scheme */
	bool pinned;              /* with its key */
	const uint8_t *other_pin; /* with this one */
	enum hws_secure_level pinned_level;
	const char *statement_id; /* NULL: its own */
	const uint8_t *named;     /* the key that the statement names; NULL: its own */
	bool mute;                /* by ID, and no statement */
	bool forged;              /* the statement is by another server */
	bool given;               /* the pin is what the user says */
	bool plain;               /* begins with its Hash, without a handshake */
};

void v2_host_init(struct v2_host *h, struct recorder *r, const char *temporary,
		const char *permanent);
/* A new link, up to the host's first frame and the viewer's answer to it. */
void v2_host_meet(struct v2_host *h, const struct v2_link *link);
/* The rest of the handshake; the viewer is left waiting for the Hash. */
void v2_host_confirm(struct v2_host *h);
/* Hash with an offer for each password. */
void v2_host_hash(struct v2_host *h);
/* The viewer's newest login; freed by hws_ses_free. Judges its proofs: h->good, h->confirm. */
Ses__Message *v2_host_login(struct v2_host *h);
/* LoginResponse: "Wrong Password" with new offers. */
void v2_host_refuse(struct v2_host *h);
/* LoginResponse: let in, with this confirmation (NULL: none) and perhaps a ticket. */
void v2_host_welcome(struct v2_host *h, const uint8_t *confirm, bool ticket);
/* All of it with the right password. */
void v2_host_ready(struct v2_host *h, const struct v2_link *link, bool ticket);
