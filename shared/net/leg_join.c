/* A connection becomes a leg: each end proves that it is the session's before the other gives it
 * anything but a challenge. Framed by net/conn until then; what it had to itself goes on to the
 * leg, at the very byte. */
#include "shared/net/leg_join.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/net/kcp.h"
#include "shared/wire/limits.h"
#include "shared/wire/signed_word.h"
#include <string.h>

#define TIMEOUT_US (10 * HWS_US_PER_S)
#define UNSENT_MAX 4096u
#define LEFTOVER_MAX (256u << 10) /* bytes of the session that came with the last word */

_Static_assert(HWS_KCP_KEY_LEN == HWS_DIGEST_LEN, "a digest is the key");

struct hws_leg_join {
	struct hws_leg_join_conf conf;
	struct hws_leg_terms terms_secret;
	struct hws_conn *conn;
	bool viewer, greeted; /* the host's first word was right, and answered */
	bool over;
	struct hws_timer limit;
	struct hws_deferred gone;
};

static void free_join(void *arg)
{
	struct hws_leg_join *j = arg;

	hws_free_wiped(j, sizeof(*j));
}

static void end(struct hws_leg_join *j)
{
	j->over = true;
	hws_timer_stop(&j->limit);
	hws_conn_close(j->conn, HWS_OK);
	j->conn = NULL;
	hws_loop_defer(j->conf.loop, &j->gone, free_join, j);
}

void hws_leg_join_cancel(struct hws_leg_join *j)
{
	if (j && !j->over)
		end(j);
}

static void finish(struct hws_leg_join *j, int r, const uint8_t *tag_secret)
{
	if (j->over)
		return;
	end(j);
	j->conf.done(r, tag_secret, j->conf.arg);
}

/* The tags come first: from now on the bytes of the session go over it. */
static void become_leg(struct hws_leg_join *j)
{
	struct hws_legs_new_leg leg = { .number = j->conf.number,
		.peer_received = j->viewer ? j->terms_secret.host_received
					   : j->terms_secret.viewer_received };
	uint8_t tag_secret[HWS_DIGEST_LEN];
	struct hws_buf unsent, leftover;
	int r;

	hws_leg_tag_key(&j->terms_secret, tag_secret);
	hws_buf_init(&unsent, UNSENT_MAX);
	hws_buf_init(&leftover, LEFTOVER_MAX);
	r = hws_conn_detach_unsent(j->conn, &leg.stream, &leftover, &unsent);
	if (r == HWS_OK) {
		j->conn = NULL;
		leg.unsent = hws_buf_bytes(&unsent);
		leg.leftover = hws_buf_bytes(&leftover);
		if (hws_stream_is_kcp(leg.stream))
			/* one without tags is as safe as the session's first would be */
			(void)!hws_stream_kcp_authenticate(leg.stream, tag_secret);
		r = hws_legs_add(j->conf.legs, &leg);
	}
	hws_buf_done(&unsent);
	hws_buf_done(&leftover);
	finish(j, r, tag_secret);
	hws_wipe(tag_secret, sizeof(tag_secret));
}

static int say(struct hws_leg_join *j,
		size_t (*put)(const struct hws_leg_terms *t, uint8_t ret[HWS_LEG_WORD_MAX]))
{
	uint8_t word[HWS_LEG_WORD_MAX];

	return hws_conn_send_on(
			j->conn, HWS_CHANNEL_CONTROL, hws_bytes(word, put(&j->terms_secret, word)));
}

/* --- viewer ----------------------------------------------------------------------------------- */

static void on_first_word(struct hws_leg_join *j, struct hws_bytes frame)
{
	int r = hws_signed_word_check(frame, j->conf.host_pk, j->conf.id);

	if (r == HWS_OK)
		r = say(j, hws_leg_join_put);
	j->greeted = true;
	if (r < 0)
		finish(j, r, NULL);
}

static void on_challenge(struct hws_leg_join *j, struct hws_bytes frame)
{
	int r = hws_leg_challenge_read(frame, &j->terms_secret);

	j->terms_secret.viewer_received = hws_legs_received(j->conf.legs);
	if (r == HWS_OK)
		r = say(j, hws_leg_proof_put);
	if (r < 0)
		finish(j, r, NULL);
	else
		become_leg(j);
}

/* --- both ------------------------------------------------------------------------------------- */

static void on_frame(struct hws_conn *c HWS_UNUSED, struct hws_bytes frame, void *arg)
{
	struct hws_leg_join *j = arg;
	int r;

	if (j->viewer && !j->greeted) {
		on_first_word(j, frame);
	} else if (j->viewer) {
		on_challenge(j, frame);
	} else {
		r = hws_leg_proof_read(frame, &j->terms_secret);
		if (r < 0)
			finish(j, r, NULL);
		else
			become_leg(j);
	}
}

static void on_close(struct hws_conn *c HWS_UNUSED, int why, void *arg)
{
	struct hws_leg_join *j = arg;

	j->conn = NULL;
	/* a host that wants no leg says nothing, and ends the connection */
	if (!j->over)
		finish(j, j->viewer && j->greeted && why == HWS_ERR_EOF ? HWS_ERR_DENIED : why,
				NULL);
}

static void on_limit(void *arg)
{
	finish(arg, HWS_ERR_TIMEOUT, NULL);
}

static int begin(const struct hws_leg_join_conf *conf, struct hws_stream *stream,
		struct hws_bytes leftover, struct hws_leg_join *j)
{
	/* what comes behind the last word is the session's, in chunks */
	const struct hws_conn_conf cc = { .frame_max = HWS_SES_LOGIN_FRAME_MAX,
		.send_max = UNSENT_MAX,
		.on_frame = on_frame,
		.on_close = on_close,
		.arg = j };
	struct hws_leg_terms *t = &j->terms_secret;
	int r;

	j->conf = *conf;
	t->number = conf->number;
	memcpy(t->session, conf->session, sizeof(t->session));
	memcpy(t->key_secret, conf->key_secret, sizeof(t->key_secret));
	memcpy(t->nonce_v, conf->nonce_v, sizeof(t->nonce_v));
	r = hws_conn_new(conf->loop, stream, &cc, leftover, &j->conn);
	if (r < 0) {
		hws_free_wiped(j, sizeof(*j));
		return r;
	}
	hws_timer_start(conf->loop, &j->limit, conf->timeout_us ? conf->timeout_us : TIMEOUT_US,
			on_limit, j);
	return HWS_OK;
}

static struct hws_leg_join *new_join(struct hws_stream *stream)
{
	struct hws_leg_join *j = hws_alloc(sizeof(*j));

	if (!j)
		hws_stream_close(stream);
	return j;
}

int hws_leg_join_viewer(const struct hws_leg_join_conf *conf, struct hws_stream *stream,
		struct hws_bytes leftover, struct hws_leg_join **ret)
{
	struct hws_leg_join *j = new_join(stream);
	int r;

	if (!j)
		return HWS_ERR_NOMEM;
	j->viewer = true;
	r = begin(conf, stream, leftover, j);
	if (r < 0)
		return r;
	hws_rand_bytes(j->terms_secret.nonce_v, sizeof(j->terms_secret.nonce_v));
	*ret = j;
	return HWS_OK;
}

int hws_leg_join_host(const struct hws_leg_join_conf *conf, struct hws_stream *stream,
		struct hws_leg_join **ret)
{
	struct hws_leg_join *j = new_join(stream);
	int r;

	if (!j)
		return HWS_ERR_NOMEM;
	r = begin(conf, stream, hws_bytes(NULL, 0), j);
	if (r < 0)
		return r;
	hws_rand_bytes(j->terms_secret.nonce_h, sizeof(j->terms_secret.nonce_h));
	j->terms_secret.host_received = hws_legs_received(conf->legs);
	r = say(j, hws_leg_challenge_put);
	if (r < 0) {
		end(j);
		return r;
	}
	*ret = j;
	return HWS_OK;
}
