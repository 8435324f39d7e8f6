/* IPv6 and mapped ports are what can lead past two symmetric NATs; others are only counted. */
#include "server-rendezvous/planes/offers.h"
#include "server-rendezvous/state/attempts.h"

uint8_t rdv_offers_of_list(Rdv__Candidate *const *list, size_t n)
{
	uint8_t offers = n ? RDV_OFFER_LIST : 0;

	for (size_t i = 0; i < n; i++) {
		switch (list[i]->kind) {
		case RDV__CANDIDATE__KIND__V6_TCP:
		case RDV__CANDIDATE__KIND__V6_UDP:
			offers |= RDV_OFFER_V6;
			break;
		case RDV__CANDIDATE__KIND__MAPPED_TCP:
		case RDV__CANDIDATE__KIND__MAPPED_UDP:
			offers |= RDV_OFFER_PORT;
			break;
		default:
			break;
		}
	}
	return offers;
}
