/* A direct link between nodes, called by somebody: bare bytes from the first one on (bit 0 of the
 * first byte clear), or, as only a node can, the right words and then each following piece (one
 * byte of length before it) as a sealed record. */
#include "server-rendezvous/cluster/peer_link.h"
#include "shared/base/macros.h"
#include "shared/crypto/crypto.h"
#include "shared/crypto/record_v2.h"
#include "shared/wire/envelope.h"
#include "shared/wire/frame.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct node {
	struct hws_box_pair own;
	struct rdv_peer_link *link;
	uint64_t heard;
	unsigned lost, gone, sent;
};

static struct node called;
static struct hws_box_pair caller;
static const uint8_t secret[RDV_LINK_SECRET_LEN] = { 7 };

static void *peer_of(const uint8_t pk[HWS_BOX_PK_LEN], void *arg)
{
	return memcmp(pk, caller.pk, HWS_BOX_PK_LEN) == 0 ? arg : NULL;
}

static void on_up(struct rdv_peer_link *l, void *arg)
{
	struct node *n = arg;
	static const uint8_t item[] = { 0x1a, 0 }; /* an envelope of one empty item */

	for (int i = 0; i < 3; i++)
		n->sent += rdv_peer_link_send(l, hws_bytes(item, sizeof(item)));
}

static void on_items(struct rdv_peer_link *l, Cluster__Envelope *e, void *arg)
{
	struct node *n = arg;

	(void)l;
	if (e->n_items == 0 || e->number != n->heard + 1)
		abort(); /* each once, in order */
	n->heard = e->number;
	hws_msg_free(&e->base);
}

static void on_lost(struct rdv_peer_link *l, struct hws_bytes packed, void *arg)
{
	struct node *n = arg;

	(void)l;
	if (packed.len != 2 || ++n->lost > n->sent)
		abort();
}

static void on_gone(struct rdv_peer_link *l, int why, void *arg)
{
	struct node *n = arg;

	(void)l;
	(void)why;
	n->link = NULL;
	if (++n->gone > 1)
		abort();
}

static void turn(struct hws_loop *loop, struct hws_stream *raw, uint8_t *in, size_t room,
		size_t *len)
{
	for (int i = 0; i < 3; i++) {
		ssize_t n = *len < room ? hws_stream_read(raw, in + *len, room - *len) : 0;

		if (n > 0)
			*len += (size_t)n;
		hws_loop_once(loop, 0);
	}
}

static void write_frame(struct hws_stream *raw, struct hws_bytes payload)
{
	uint8_t hdr[HWS_FRAME_HEADER_MAX];
	size_t n = hws_frame_header(payload.len, hdr);

	if (hws_stream_write(raw, hws_bytes(hdr, n)) < 0 || hws_stream_write(raw, payload) < 0)
		return; /* closed already: the rest is lost */
}

/* As a node: the words; then records of what the input says. */
static void speak(struct hws_loop *loop, struct hws_stream *raw, const uint8_t *data, size_t size)
{
	struct rdv_link_call call;
	struct rdv_link_keys keys;
	struct hws_record_v2 seal;
	struct hws_bytes answer;
	uint8_t in[512], out[300];
	size_t len = 0, used;

	rdv_link_call_new(&caller, &call);
	write_frame(raw, hws_bytes(call.words, sizeof(call.words)));
	turn(loop, raw, in, sizeof(in), &len);
	if (hws_frame_next(hws_bytes(in, len), sizeof(in), &answer, &used) < 0 ||
			rdv_link_finish(secret, &caller, &call, called.own.pk, answer, &keys) < 0)
		abort();
	rdv_link_call_wipe(&call);
	hws_record_v2_init(&seal, keys.caller_secret);
	while (size > 0) {
		size_t n = HWS_MIN((size_t)data[0], size - 1);

		if (hws_record_v2_seal(&seal, HWS_RECORD_MESSAGE, hws_bytes(data + 1, n), 0, out) <
				0)
			abort();
		write_frame(raw, hws_bytes(out, hws_record_v2_len(n, 0)));
		data += n + 1;
		size -= n + 1;
		len = 0;
		turn(loop, raw, in, sizeof(in), &len);
	}
	hws_record_v2_wipe(&seal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rdv_peer_link_conf conf = { .own = &called.own,
		.secret = secret,
		.peer_of = peer_of,
		.on_up = on_up,
		.on_items = on_items,
		.on_lost = on_lost,
		.on_gone = on_gone,
		.arg = &called };
	struct hws_stream *raw, *s;
	uint8_t in[512];
	size_t len = 0;

	if (size < 1 || hws_crypto_init() < 0 || hws_loop_new(&conf.loop) < 0)
		return 0;
	memset(&called, 0, sizeof(called));
	hws_box_pair_new(&called.own);
	hws_box_pair_new(&caller);
	if (hws_stream_mem_pair(conf.loop, NULL, &s, &raw) < 0 ||
			rdv_peer_link_take(&conf, s, &called.link) < 0)
		abort();
	if (data[0] & 1) {
		speak(conf.loop, raw, data + 1, size - 1);
	} else {
		if (hws_stream_write(raw, hws_bytes(data + 1, size - 1)) < 0)
			len = 0;
		turn(conf.loop, raw, in, sizeof(in), &len);
		if (called.heard || called.sent)
			abort(); /* nobody has proven anything */
	}
	hws_stream_close(raw);
	for (int i = 0; i < 3; i++)
		hws_loop_once(conf.loop, 0);
	if (called.link)
		rdv_peer_link_close(called.link, HWS_ERR_CANCELED);
	hws_loop_once(conf.loop, 0);
	hws_loop_free(conf.loop);
	return 0;
}
