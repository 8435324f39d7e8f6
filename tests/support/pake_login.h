/* tests: what a viewer of v2 answers to offers. Header only, for programs of many layers. */
#pragma once
#include "proto/session.pb-c.h"
#include "shared/base/bytes.h"
#include "shared/crypto/pake.h"
#include <assert.h>

/* Points into itself: must not be moved. */
struct pake_login {
	Ses__PakeProof item[2], *list[2];
	size_t count;
	uint8_t share[2][HWS_PAKE_SHARE_LEN], confirm[2][HWS_PAKE_CONFIRM_LEN];
	uint8_t expect[2][HWS_PAKE_CONFIRM_LEN]; /* one of them the host confirms with */
};

/* Proofs of `password` for all offers, put into `lr`. `binding`, `host_pk`: 32 bytes each. */
static inline void pake_login(Ses__PakeOffer *const *offers, size_t n, const char *password,
		const char *salt, const uint8_t *binding, const uint8_t *host_pk,
		struct pake_login *ret, Ses__LoginRequest *lr)
{
	uint8_t h1[HWS_H1_LEN];

	hws_password_h1(hws_bytes_str(password), salt, h1);
	ret->count = 0;
	for (size_t i = 0; i < n && i < 2; i++) {
		struct hws_pake_context context = { binding, host_pk,
			(enum hws_pake_kind)offers[i]->kind };
		struct hws_pake_cost cost = { .ops = offers[i]->ops,
			.memory_kib = offers[i]->memory_kib };
		struct hws_pake_secret secret;

		assert(offers[i]->salt.len == sizeof(cost.salt));
		memcpy(cost.salt, offers[i]->salt.data, sizeof(cost.salt));
		assert(hws_pake_cost_check(&cost, context.kind) == HWS_OK);
		if (hws_pake_secret_of(h1, &cost, &secret) < 0 ||
				hws_pake_answer(&secret, &context,
						hws_bytes(offers[i]->share.data,
								offers[i]->share.len),
						ret->share[i], ret->confirm[i], ret->expect[i]) < 0)
			assert(!"an offer that can be answered");
		ses__pake_proof__init(&ret->item[i]);
		ret->item[i].kind = offers[i]->kind;
		ret->item[i].share = (ProtobufCBinaryData){ HWS_PAKE_SHARE_LEN, ret->share[i] };
		ret->item[i].confirm =
				(ProtobufCBinaryData){ HWS_PAKE_CONFIRM_LEN, ret->confirm[i] };
		ret->list[i] = &ret->item[i];
		ret->count++;
	}
	lr->n_pake = ret->count;
	lr->pake = ret->list;
}

/* Whether the host has shown that it knows the password, too. */
static inline bool pake_confirmed(const struct pake_login *l, const Ses__LoginResponse *r)
{
	for (size_t i = 0; i < l->count; i++)
		if (r->pake_confirm.len == HWS_PAKE_CONFIRM_LEN &&
				!memcmp(r->pake_confirm.data, l->expect[i], HWS_PAKE_CONFIRM_LEN))
			return true;
	return false;
}
