/* A host of v2 as tests need it: built with the same wire core as the real one, so that only what
 * the viewer does with it is under test. */
#include "tests/unit/client/core/v2_host.h"
#include "shared/wire/envelope.h"
#include "tests/support/handshake.h"
#include <stdio.h>
#include <string.h>

#define SALT "23456789abcdefghijkmnpqrstuvwxyz"

void v2_host_init(
		struct v2_host *h, struct recorder *r, const char *temporary, const char *permanent)
{
	const char *words[] = { temporary, permanent };

	memset(h, 0, sizeof(*h));
	h->r = r;
	hws_identity_generate(false, &h->identity);
	hws_identity_generate(true, &h->server);
	for (size_t i = 0; i < 2; i++) {
		uint8_t h1[HWS_H1_LEN];
		snprintf(h->password[i], sizeof(h->password[i]), "%s", words[i]);
		hws_password_h1(hws_bytes_str(words[i]), SALT, h1);
		hws_pake_cost_new(&h->verifier[i].cost, (enum hws_pake_kind)(i + 1));
		if (i == 1) { /* as cheap as is allowed */
			h->verifier[i].cost.ops = 1;
			h->verifier[i].cost.memory_kib = HWS_PAKE_MEMORY_MIN_KIB;
		}
		struct hws_pake_cost cost = h->verifier[i].cost;
		ck_assert_int_eq(hws_pake_verifier_of(h1, &cost, &h->verifier[i]), HWS_OK);
	}
}

static size_t statement_of(struct v2_host *h, const struct v2_link *link, uint8_t *buf, size_t size)
{
	Ses__IdPk idpk = SES__ID_PK__INIT;
	Ses__HostCaps caps = SES__HOST_CAPS__INIT;
	struct hws_identity signer = h->server;
	struct hws_buf inner;

	if (link->direct || link->mute)
		return 0;
	if (link->forged)
		hws_identity_generate(true, &signer);
	hws_buf_init(&inner, 1000);
	idpk.id = (char *)(link->statement_id ? link->statement_id : V2_HOST_ID);
	idpk.pk.data = (uint8_t *)(uintptr_t)(link->named ? link->named : h->identity.pk);
	idpk.pk.len = HWS_PK_LEN;
	caps.version = 2;
	if (!link->v1 && !link->plain)
		idpk.v2 = &caps;
	ck_assert_int_eq(hws_msg_pack(&idpk.base, &inner), HWS_OK);
	size_t len = hws_buf_len(&inner);
	ck_assert_uint_ge(size, HWS_SIG_LEN + len);
	hws_identity_sign_attached(&signer, hws_buf_bytes(&inner), buf);
	hws_buf_done(&inner);
	return HWS_SIG_LEN + len;
}

/* Feeds the host what the viewer has said meanwhile. */
static void hear(struct v2_host *h)
{
	while (h->read < h->r->sent_count && hws_secure_state(&h->secure) != HWS_SECURE_DONE &&
			hws_secure_state(&h->secure) != HWS_SECURE_FAILED) {
		ck_assert_int_eq(hws_secure_frame(&h->secure, hws_buf_bytes(&h->r->sent[h->read])),
				HWS_OK);
		h->read++;
		if (hws_secure_take_keys(&h->secure, &h->keys))
			continue;
	}
}

static void open_direct(struct v2_host *h)
{
	struct hws_bytes offer = hws_secure_offer(&h->secure);
	Ses__Hash hash = SES__HASH__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	hash.salt = (char *)"not used";
	hash.challenge = (char *)"unused";
	hash.v2_signed_id.data = (uint8_t *)(uintptr_t)offer.ptr;
	hash.v2_signed_id.len = offer.len;
	m.union_case = SES__MESSAGE__UNION_HASH;
	m.hash = &hash;
	recorder_feed(h->r, &m);
}

void v2_host_meet(struct v2_host *h, const struct v2_link *link)
{
	uint8_t statement[500];
	size_t len = statement_of(h, link, statement, sizeof(statement));
	struct hws_bytes out;

	h->read = h->r->sent_count;
	h->r->keyed = false;
	hws_secure_host_init(&h->secure,
			&(struct hws_secure_host_conf){
					.plain_ok = HWS_PLAIN_ALL, .direct = link->direct });
	ck_assert_int_eq(handshake_sign(&h->secure, &h->identity, V2_HOST_ID, !link->v1), HWS_OK);
	ck_assert_int_eq(hws_viewer_start(h->r->viewer,
					 &(struct hws_viewer_link){ .username = "192.0.2.1:21118",
							 .name = "the-host",
							 .id = link->direct ? "" : V2_HOST_ID,
							 .statement = hws_bytes(statement, len),
							 .server_pk = h->server.pk,
							 .pinned_pk = link->other_pin
									 ? link->other_pin
									 : link->pinned
									 ? h->identity.pk
									 : NULL,
							 .pin_given = link->given,
							 .pinned_level = link->pinned_level }),
			HWS_OK);
	if (h->r->state == HWS_VIEWER_ENDED)
		return;
	if (link->plain)
		recorder_hash(h->r);
	else if (link->direct)
		open_direct(h);
	else if (hws_secure_take_output(&h->secure, &out))
		hws_viewer_frame(h->r->viewer, out);
}

void v2_host_confirm(struct v2_host *h)
{
	struct hws_bytes out;

	hear(h);
	while (hws_secure_take_output(&h->secure, &out))
		hws_viewer_frame(h->r->viewer, out);
	hear(h);
}

static void offer(struct v2_host *h, Ses__PakeOffer offers[2], Ses__PakeOffer *list[2], size_t *n)
{
	*n = 0;
	for (size_t i = 0; i < 2; i++) {
		if (!*h->password[i])
			continue;
		hws_pake_offer_new(&h->verifier[i], &h->offer[i]);
		ses__pake_offer__init(&offers[*n]);
		offers[*n].kind = (uint32_t)i + 1;
		offers[*n].share.data = h->offer[i].share;
		offers[*n].share.len = sizeof(h->offer[i].share);
		offers[*n].salt.data = h->verifier[i].cost.salt;
		offers[*n].salt.len = sizeof(h->verifier[i].cost.salt);
		offers[*n].ops = h->verifier[i].cost.ops;
		offers[*n].memory_kib = h->verifier[i].cost.memory_kib;
		list[*n] = &offers[*n];
		(*n)++;
	}
}

void v2_host_hash(struct v2_host *h)
{
	Ses__PakeOffer offers[2], *list[2];
	Ses__Hash hash = SES__HASH__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	offer(h, offers, list, &hash.n_pake);
	hash.pake = list;
	hash.salt = (char *)SALT;
	hash.challenge = (char *)"7kq3fx";
	m.union_case = SES__MESSAGE__UNION_HASH;
	m.hash = &hash;
	recorder_feed(h->r, &m);
}

Ses__Message *v2_host_login(struct v2_host *h)
{
	Ses__Message *m = recorder_sent(h->r, -1);

	ck_assert_int_eq(m->union_case, SES__MESSAGE__UNION_LOGIN_REQUEST);
	ck_assert_uint_eq(m->login_request->password.len, 0);
	h->good = false;
	for (size_t i = 0; i < m->login_request->n_pake && !h->good; i++) {
		const Ses__PakeProof *p = m->login_request->pake[i];
		ck_assert(p->kind == 1 || p->kind == 2);
		const struct hws_pake_context context = { hws_secure_binding(&h->secure),
			h->identity.pk, (enum hws_pake_kind)p->kind };
		ck_assert_ptr_nonnull(context.binding);
		h->good = hws_pake_judge(&h->verifier[p->kind - 1], &h->offer[p->kind - 1],
					  &context, hws_bytes(p->share.data, p->share.len),
					  hws_bytes(p->confirm.data, p->confirm.len),
					  h->confirm) == HWS_OK;
	}
	return m;
}

void v2_host_refuse(struct v2_host *h)
{
	Ses__PakeOffer offers[2], *list[2];
	Ses__LoginResponse lr = SES__LOGIN_RESPONSE__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	offer(h, offers, list, &lr.n_pake);
	lr.pake = list;
	lr.union_case = SES__LOGIN_RESPONSE__UNION_ERROR;
	lr.error = (char *)"Wrong Password";
	m.union_case = SES__MESSAGE__UNION_LOGIN_RESPONSE;
	m.login_response = &lr;
	recorder_feed(h->r, &m);
}

void v2_host_welcome(struct v2_host *h, const uint8_t *confirm, bool ticket)
{
	static const uint8_t id[16] = { 1, 2 }, secret[32] = { 3, 4 };
	Ses__DisplayInfo d = SES__DISPLAY_INFO__INIT, *list = &d;
	Ses__PeerInfo pi = SES__PEER_INFO__INIT;
	Ses__Resume resume = SES__RESUME__INIT;
	Ses__LoginResponse lr = SES__LOGIN_RESPONSE__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	d.width = 1920;
	d.height = 1080;
	pi.username = (char *)"alice";
	pi.version = (char *)"1.4.9";
	pi.n_displays = 1;
	pi.displays = &list;
	lr.union_case = SES__LOGIN_RESPONSE__UNION_PEER_INFO;
	lr.peer_info = &pi;
	lr.pake_confirm.data = (uint8_t *)(uintptr_t)confirm;
	lr.pake_confirm.len = confirm ? HWS_PAKE_CONFIRM_LEN : 0;
	resume.id.data = (uint8_t *)(uintptr_t)id;
	resume.id.len = sizeof(id);
	resume.secret.data = (uint8_t *)(uintptr_t)secret;
	resume.secret.len = sizeof(secret);
	if (ticket)
		lr.resume = &resume;
	m.union_case = SES__MESSAGE__UNION_LOGIN_RESPONSE;
	m.login_response = &lr;
	recorder_feed(h->r, &m);
}

void v2_host_ready(struct v2_host *h, const struct v2_link *link, bool ticket)
{
	v2_host_meet(h, link);
	v2_host_confirm(h);
	v2_host_hash(h);
	hws_ses_free(v2_host_login(h));
	ck_assert(h->good);
	v2_host_welcome(h, h->confirm, ticket);
	ck_assert_int_eq(h->r->state, HWS_VIEWER_READY);
}
