/* rendezvous/cluster/trust: each run of a node numbers what it sends, to whomever, and the database
 * hands messages on in the order in which they were sent: a number that is not higher than the last
 * of its run was here before. A run that is new to us counts if it spoke after we began to listen,
 * so that what was recorded before means nothing after a restart either. */
#include "server-rendezvous/cluster/trust.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/crypto/hash.h"
#include "shared/crypto/seal.h"
#include "shared/wire/envelope.h"
#include <string.h>

#define ITEMS_MAX 4096u
#define RUNS_MAX 256u /* of other nodes, since this one began */

/* Of the two uses of the servers' key; the version of what is said is in the first. */
#define USE_MESSAGES "hwscl2ms"
#define USE_CHANNELS "hwscl2ch"

struct run {
	uint64_t run, number, time_us;
};

struct rdv_trust {
	uint8_t key_secret[HWS_SEAL_KEY_LEN];
	uint8_t channels_secret[HWS_SEAL_KEY_LEN];
	char name[RDV_NODE_MAX + 1];
	uint64_t run, number; /* of ours */
	uint64_t floor_us;    /* runs that are not in the list count if they spoke later */
	bool begun;
	struct run runs[RUNS_MAX];
	size_t count;
};

int rdv_trust_new(const struct hws_identity *id, const char *name, struct rdv_trust **ret)
{
	struct rdv_trust *t = hws_alloc(sizeof(*t));

	if (!t)
		return HWS_ERR_NOMEM;
	if (hws_str_copy(t->name, sizeof(t->name), name) < 0) {
		hws_free(t);
		return HWS_ERR_TOOBIG;
	}
	hws_identity_derive(id, USE_MESSAGES, t->key_secret);
	hws_identity_derive(id, USE_CHANNELS, t->channels_secret);
	hws_rand_bytes(&t->run, sizeof(t->run));
	*ret = t;
	return HWS_OK;
}

void rdv_trust_free(struct rdv_trust *t)
{
	if (!t)
		return;
	hws_wipe(t, sizeof(*t));
	hws_free(t);
}

const uint8_t *rdv_trust_channels(const struct rdv_trust *t)
{
	_Static_assert(sizeof(t->channels_secret) >= HWS_HASH_KEY_LEN, "key size");
	return t->channels_secret;
}

/* --- sending ---------------------------------------------------------------------------------- */

int rdv_trust_seal(struct rdv_trust *t, const char *to, uint64_t now_us, struct hws_bytes items,
		struct hws_buf *out)
{
	Cluster__Envelope head = CLUSTER__ENVELOPE__INIT;
	struct hws_buf plain;
	uint8_t *at;
	int r;

	head.from = t->name;
	head.to = (char *)(uintptr_t)to;
	head.run = t->run;
	head.number = ++t->number;
	head.time_us = now_us;
	hws_buf_init(&plain, RDV_MESSAGE_MAX - HWS_SEAL_OVERHEAD);
	r = hws_msg_pack(&head.base, &plain);
	hws_buf_put(&plain, items.ptr,
			items.len); /* packed messages one behind the other are one */
	if (r == HWS_OK)
		r = hws_buf_err(&plain);
	at = r == HWS_OK ? hws_buf_reserve(out, hws_buf_len(&plain) + HWS_SEAL_OVERHEAD) : NULL;
	if (at) {
		hws_seal(t->key_secret, hws_bytes(NULL, 0), hws_buf_bytes(&plain), at);
		hws_buf_commit(out, hws_buf_len(&plain) + HWS_SEAL_OVERHEAD);
	} else if (r == HWS_OK) {
		r = HWS_ERR_NOMEM;
	}
	hws_buf_done(&plain);
	return r;
}

/* --- hearing ---------------------------------------------------------------------------------- */

void rdv_trust_begin(struct rdv_trust *t, uint64_t since_us)
{
	if (t->begun)
		return;
	t->begun = true;
	t->floor_us = since_us;
}

/* Room for a run: the one that spoke first of all goes, and nothing as old is taken again. */
static struct run *run_new(struct rdv_trust *t)
{
	struct run *oldest = &t->runs[0];

	if (t->count < RUNS_MAX)
		return &t->runs[t->count++];
	for (size_t i = 1; i < t->count; i++) {
		if (t->runs[i].time_us < oldest->time_us)
			oldest = &t->runs[i];
	}
	if (oldest->time_us > t->floor_us)
		t->floor_us = oldest->time_us;
	return oldest;
}

static int take_once(struct rdv_trust *t, const Cluster__Envelope *e)
{
	struct run *u = NULL;

	for (size_t i = 0; i < t->count && !u; i++) {
		if (t->runs[i].run == e->run)
			u = &t->runs[i];
	}
	if (u ? e->number <= u->number : !t->begun || e->time_us <= t->floor_us)
		return HWS_ERR_EXISTS;
	if (!u)
		u = run_new(t);
	*u = (struct run){ e->run, e->number, e->time_us };
	return HWS_OK;
}

int rdv_trust_open(struct rdv_trust *t, struct hws_bytes in, Cluster__Envelope **ret)
{
	uint8_t room[RDV_MESSAGE_MAX];
	ProtobufCMessage *m = NULL;
	struct hws_bytes plain;
	Cluster__Envelope *e;
	int r;

	if (in.len > sizeof(room))
		return HWS_ERR_CRYPTO;
	r = hws_seal_open(t->key_secret, hws_bytes(NULL, 0), in, room, &plain);
	if (r < 0)
		return r;
	if (hws_msg_unpack(&cluster__envelope__descriptor, plain, ITEMS_MAX, &m) < 0)
		return HWS_ERR_PROTO;
	e = (Cluster__Envelope *)m;
	/* what was sent to all comes back too */
	if (strcmp(e->from, t->name) == 0 || (*e->to && strcmp(e->to, t->name) != 0))
		r = HWS_ERR_CANCELED;
	else if (!*e->from || strlen(e->from) > RDV_NODE_MAX)
		r = HWS_ERR_PROTO;
	else
		r = take_once(t, e);
	if (r < 0)
		hws_msg_free(m);
	else
		*ret = e;
	return r;
}
