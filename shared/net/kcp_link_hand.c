/* net/kcp_link_hand: from the first empty datagram to an established connection. Each of its steps
 * may be lost, and deployed ends repeat none: so ours repeats all, and a viewer knocks with another
 * number after a second, since a deployed host answers one number once. */
#include "shared/base/rand.h"
#include "shared/net/kcp_link_impl.h"

#define KNOCK_FOR (1 * KCP_S)
#define REFUSALS_MAX 3u
#define OPENED (HWS_KCP_ACK | HWS_KCP_DATA)
/* A step is repeated so often: long enough for a slow peer, and no flood if it never speaks. */
#define REPEATS_MAX 100u

/* 0, 20, 50, 95, 162, 262, 412, 612 ms, then every 200. */
void kcp_repeat_start(struct kcp_repeat *r, uint64_t now_us)
{
	*r = (struct kcp_repeat){ .begin = now_us, .at = now_us };
}

bool kcp_repeat_next(struct kcp_repeat *r, uint64_t now_us)
{
	static const unsigned first_ms[] = { 20, 50, 95, 162, 262, 412, 612 };

	if (r->at > now_us)
		return false;
	if (r->count < HWS_COUNT(first_ms))
		r->at = HWS_MAX(r->begin + first_ms[r->count] * KCP_MS, now_us + 5 * KCP_MS);
	else
		r->at = now_us + 200 * KCP_MS;
	r->count++;
	return true;
}

static struct kcp_knock *add_knock(struct hws_kcp_link *l)
{
	l->last_knock = (l->last_knock + 1) % KCP_KNOCKS;
	return &l->knock[l->last_knock];
}

/* The names of ours are 96 random bits: nobody who does not see them says a word in this
 * connection. */
static void knock(struct hws_kcp_link *l, uint64_t now_us)
{
	const struct hws_kcp_id before = l->knock[l->last_knock].id;
	struct kcp_knock *k = add_knock(l);

	k->state = HWS_KCP_SYN_SENT;
	k->id = before;
	k->id.conv++;
	k->offered = l->conf.plain ? 0 : HWS_KCP_CAN_ALL;
	l->id = k->id;
	l->state = k->state;
	l->pipe.conv = k->id.conv;
	l->knock_since = now_us;
}

void kcp_hand_start(struct hws_kcp_link *l, uint64_t now_us)
{
	if (!l->conf.accept) {
		struct hws_kcp_id *id = &l->knock[l->last_knock].id;

		hws_rand_bytes(&id->conv, sizeof(id->conv));
		if (!l->conf.plain) {
			hws_rand_bytes(&id->src, sizeof(id->src));
			hws_rand_bytes(&id->dst, sizeof(id->dst));
		}
		knock(l, now_us);
	}
	kcp_repeat_start(&l->repeat, now_us);
}

struct kcp_knock *kcp_hand_find(struct hws_kcp_link *l, const struct hws_kcp_id *id)
{
	for (unsigned i = 0; i < KCP_KNOCKS; i++)
		if (l->knock[i].state != HWS_KCP_UNKNOWN && hws_kcp_id_equal(&l->knock[i].id, id))
			return &l->knock[i];
	return NULL;
}

static void establish(struct hws_kcp_link *l, const struct kcp_knock *k, uint32_t features,
		uint64_t now_us)
{
	l->id = k->id;
	l->state = HWS_KCP_ESTABLISHED;
	l->features = features;
	l->pipe.conv = k->id.conv;
	l->pipe.ranges = features & HWS_KCP_CAN_RANGES;
	l->pipe.send.rate.prompt = features != 0; /* ours */
	memset(l->knock, 0, sizeof(l->knock));
	if (l->conf.accept) /* the viewer's third step goes on until we say something */
		kcp_repeat_stop(&l->repeat);
	else
		kcp_repeat_start(&l->repeat, now_us);
	kcp_alive_start(l, now_us);
}

static bool any_knock(const struct hws_kcp_link *l)
{
	for (unsigned i = 0; i < KCP_KNOCKS; i++)
		if (l->knock[i].state != HWS_KCP_UNKNOWN)
			return true;
	return false;
}

/* A FIN is a viewer's that goes another way, or nowhere, and says so for each of its numbers: once
 * none is left nobody will come. */
static void on_goodbye(struct hws_kcp_link *l, const struct kcp_knock *k, bool fin)
{
	if (hws_kcp_id_equal(&k->id, &l->id))
		l->state = HWS_KCP_UNKNOWN;
	l->refusals += fin;
	if (l->refusals && !any_knock(l))
		kcp_link_fail(l, HWS_ERR_EOF);
}

/* A FIN is a host's that has us in its table and wants no more of us; a RST may be one that does
 * not know us yet. */
static void on_refused(struct hws_kcp_link *l, struct kcp_knock *k, bool fin, uint64_t now_us)
{
	k->state = HWS_KCP_UNKNOWN;
	if (l->conf.accept) {
		on_goodbye(l, k, fin);
		return;
	}
	if (fin || ++l->refusals >= REFUSALS_MAX)
		kcp_link_fail(l, HWS_ERR_REFUSED);
	else
		l->knock_since = now_us - HWS_MIN(now_us, KNOCK_FOR); /* with another number */
}

static void send_syn_ack(struct hws_kcp_link *l, const struct kcp_knock *k)
{
	uint8_t offer[HWS_KCP_OFFER];

	hws_kcp_offer_put(k->offered, offer);
	kcp_link_answer(l, &k->id, HWS_KCP_SYN | HWS_KCP_ACK, 0,
			hws_bytes(offer, k->offered ? sizeof(offer) : 0));
}

static void on_syn(struct hws_kcp_link *l, const struct hws_kcp_header *h, struct hws_bytes payload,
		uint64_t now_us)
{
	struct kcp_knock *k = add_knock(l);

	k->state = HWS_KCP_SYN_RECEIVED;
	k->id = h->id;
	k->offered = l->conf.plain ? 0 : hws_kcp_offer_get(payload);
	/* what is written meanwhile goes there */
	l->id = k->id;
	l->state = k->state;
	l->pipe.conv = k->id.conv;
	kcp_repeat_start(&l->repeat, now_us);
	(void)kcp_repeat_next(&l->repeat, now_us);
	send_syn_ack(l, k);
}

void kcp_hand_input(struct hws_kcp_link *l, const struct hws_kcp_header *h,
		struct hws_bytes payload, uint64_t now_us)
{
	struct kcp_knock *k = kcp_hand_find(l, &h->id), found;
	struct hws_kcp_step step;
	uint32_t features;

	step = hws_kcp_step(k ? k->state : HWS_KCP_UNKNOWN, h->flag, payload.len > 0);
	if (!k) {
		if (l->conf.accept && step.next == HWS_KCP_SYN_RECEIVED)
			on_syn(l, h, payload, now_us);
		else /* also a ping that came before its SYN: a RST would end it */
			l->foreign++;
		return;
	}
	if (step.next == HWS_KCP_ESTABLISHED) {
		found = *k;
		features = l->conf.accept ? found.offered
					  : found.offered & hws_kcp_offer_get(payload);
		establish(l, &found, features, now_us);
		if (step.data && hws_kcp_pipe_input(&l->pipe, payload, now_us) == HWS_OK)
			l->confirmed = true;
		return;
	}
	if (step.next == HWS_KCP_CLOSED) {
		on_refused(l, k, h->flag & HWS_KCP_FIN, now_us);
		return;
	}
	if (step.answer == (HWS_KCP_SYN | HWS_KCP_ACK))
		send_syn_ack(l, k);
	else if (step.answer && step.copied)
		kcp_link_answer(l, &h->id, step.answer, h->rsv, payload);
}

void kcp_hand_tick(struct hws_kcp_link *l, uint64_t now_us)
{
	if (l->state == HWS_KCP_ESTABLISHED) {
		if (l->confirmed || l->repeat.count > REPEATS_MAX)
			kcp_repeat_stop(&l->repeat);
	} else {
		if (now_us - l->born > l->conf.connect_us) {
			kcp_link_fail(l, HWS_ERR_TIMEOUT);
			return;
		}
		if (!l->conf.accept && now_us - l->knock_since >= KNOCK_FOR)
			knock(l, now_us);
	}
	if (kcp_repeat_next(&l->repeat, now_us)) {
		l->knock_due = l->state != HWS_KCP_UNKNOWN;
		l->punch_due = !l->conf.no_punch && l->state != HWS_KCP_ESTABLISHED;
	}
}

bool kcp_hand_output(struct hws_kcp_link *l, struct hws_kcp_datagram *ret)
{
	const struct kcp_knock *k;
	uint8_t offer[HWS_KCP_OFFER];
	uint8_t flag;
	struct hws_bytes payload = { 0 };

	if (l->punch_due) {
		l->punch_due = false;
		ret->len = 0;
		return true;
	}
	if (!l->knock_due)
		return false;
	l->knock_due = false;
	k = kcp_hand_find(l, &l->id);
	if (l->state == HWS_KCP_ESTABLISHED)
		flag = OPENED;
	else if (!k)
		return false;
	else
		flag = l->conf.accept ? HWS_KCP_SYN | HWS_KCP_ACK : HWS_KCP_SYN;
	if (k && k->offered) {
		hws_kcp_offer_put(k->offered, offer);
		payload = hws_bytes(offer, sizeof(offer));
	}
	kcp_link_seal(l, &l->id, flag, 0, payload, ret);
	return true;
}

uint64_t kcp_hand_due(const struct hws_kcp_link *l)
{
	uint64_t due = l->repeat.at;

	if (l->state != HWS_KCP_ESTABLISHED) {
		due = HWS_MIN(due, l->born + l->conf.connect_us + 1);
		if (!l->conf.accept)
			due = HWS_MIN(due, l->knock_since + KNOCK_FOR);
	}
	return due;
}
