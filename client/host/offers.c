/* The same few bytes in three shapes: hostd's own, between the processes, and the viewer's. */
#include "client/host/offers.h"
#include <string.h>

#define BYTES(field)                                                                               \
	(ProtobufCBinaryData)                                                                      \
	{                                                                                          \
		sizeof(field), (field)                                                             \
	}

void hws_offers_of(const struct hws_vault_offers *v, struct hws_offers *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (unsigned i = 0; i < HWS_OFFERS_MAX; i++) {
		struct hws_offer *o = &ret->item[ret->count];

		if (!v->made[i])
			continue;
		o->kind = i + 1;
		memcpy(o->share, v->offer_secret[i].share, sizeof(o->share));
		o->cost = v->cost[i];
		ret->count++;
	}
}

size_t hws_offers_agt(struct hws_offers *o, struct hws_offers_agt *ret)
{
	for (unsigned i = 0; i < o->count; i++) {
		struct hws_offer *from = &o->item[i];
		Agt__PakeOffer *to = &ret->item[i];

		*to = (Agt__PakeOffer)AGT__PAKE_OFFER__INIT;
		to->kind = from->kind;
		to->share = BYTES(from->share);
		to->salt = BYTES(from->cost.salt);
		to->ops = from->cost.ops;
		to->memory_kib = from->cost.memory_kib;
		ret->list[i] = to;
	}
	return o->count;
}

size_t hws_offers_ses(struct hws_offers *o, struct hws_offers_ses *ret)
{
	for (unsigned i = 0; i < o->count; i++) {
		struct hws_offer *from = &o->item[i];
		Ses__PakeOffer *to = &ret->item[i];

		*to = (Ses__PakeOffer)SES__PAKE_OFFER__INIT;
		to->kind = from->kind;
		to->share = BYTES(from->share);
		to->salt = BYTES(from->cost.salt);
		to->ops = from->cost.ops;
		to->memory_kib = from->cost.memory_kib;
		ret->list[i] = to;
	}
	return o->count;
}

void hws_offers_take(Agt__PakeOffer *const *list, size_t n, struct hws_offers *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < n && ret->count < HWS_OFFERS_MAX; i++) {
		struct hws_offer *o = &ret->item[ret->count];

		if (list[i]->share.len != sizeof(o->share) ||
				list[i]->salt.len != sizeof(o->cost.salt))
			continue;
		o->kind = list[i]->kind;
		memcpy(o->share, list[i]->share.data, sizeof(o->share));
		memcpy(o->cost.salt, list[i]->salt.data, sizeof(o->cost.salt));
		o->cost.ops = list[i]->ops;
		o->cost.memory_kib = list[i]->memory_kib;
		ret->count++;
	}
}
