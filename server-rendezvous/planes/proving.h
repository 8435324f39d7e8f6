/* rendezvous/planes/proving: registrations that their devices prove, and our answers to them, by
 * datagram and on client connections alike. Any thread. */
#pragma once
#include "proto/rendezvous.pb-c.h"
#include "server-rendezvous/planes/origin.h"
#include "server-rendezvous/store/devices.h"
#include "server-rendezvous/store/store.h"
#include "shared/base/buf.h"

struct rdv_core;

enum rdv_claim {
	RDV_CLAIM_NONE,  /* it proves nothing: a deployed device, or a wrong key */
	RDV_CLAIM_OFFER, /* it could: a cookie for its address comes first */
	RDV_CLAIM_PROVEN
};

/* What a RegisterPk that came so, with this key in it, proves. */
enum rdv_claim rdv_proving_judge(
		struct rdv_core *core, const struct rdv_origin *from, const uint8_t pk[RDV_PK_LEN]);
/* RDV_ANSWER_COOKIE as bytes. */
int rdv_proving_cookie(struct rdv_core *core, const struct rdv_origin *from,
		struct hws_buf *out) HWS_MUST_CHECK;
/* RDV_ANSWER_PROVEN as bytes; `keep_alive` in seconds, 0 = not told. */
int rdv_proving_result(struct rdv_core *core, const struct rdv_origin *from,
		const uint8_t pk[RDV_PK_LEN], Rdv__RegisterPkResponse__Result result,
		int keep_alive, struct hws_buf *out) HWS_MUST_CHECK;
