/* host/offers: the offers of one login attempt (crypto/pake) on their way from hostd through the
 * gate to the viewer. Nothing here is secret. Pure. */
#pragma once
#include "client/host/vault.h"
#include "proto/agent.pb-c.h"
#include "proto/session.pb-c.h"

#define HWS_OFFERS_MAX 2u /* one of each kind */

struct hws_offers {
	unsigned count;
	struct hws_offer {
		uint32_t kind;
		uint8_t share[HWS_PAKE_SHARE_LEN];
		struct hws_pake_cost cost;
	} item[HWS_OFFERS_MAX];
};

/* As messages; point into the struct they were filled from. */
struct hws_offers_agt {
	Agt__PakeOffer item[HWS_OFFERS_MAX], *list[HWS_OFFERS_MAX];
};
struct hws_offers_ses {
	Ses__PakeOffer item[HWS_OFFERS_MAX], *list[HWS_OFFERS_MAX];
};

/* Without what is secret of them. */
void hws_offers_of(const struct hws_vault_offers *v, struct hws_offers *ret);
/* Return how many there are. */
size_t hws_offers_agt(struct hws_offers *o, struct hws_offers_agt *ret);
size_t hws_offers_ses(struct hws_offers *o, struct hws_offers_ses *ret);
/* What hostd sent; of another form: none. */
void hws_offers_take(Agt__PakeOffer *const *list, size_t n, struct hws_offers *ret);
