/* Both schemes through the path that sessions take: framed links over sockets, sealed at one
 * end and opened at the other. Their rounds alternate, so that other work on the machine meets
 * both. The round trips are those of the viewer's real core and the real handshake, message by
 * message. */
#include "tests/bench/session/channel.h"
#include "client/core/viewer.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/crypto/crypto.h"
#include "shared/crypto/pake.h"
#include "shared/net/conn.h"
#include "shared/net/legs.h"
#include "shared/wire/envelope.h"
#include "tests/bench/common/report.h"
#include "tests/support/handshake.h"
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define FRAME (24u << 10) /* a picture of a desktop at work, more or less */
#define IN_FLIGHT (512u << 10)
#define ROUNDS 12u
#define SALT "23456789abcdefghijkmnpqrstuvwxyz"

/* --- CPU -------------------------------------------------------------------------------------- */

struct carry {
	struct hws_loop *loop;
	struct hws_conn *from, *to;
	uint8_t frame[FRAME];
	uint64_t left, got, all;
};

static void feed(struct carry *c)
{
	while (c->left && hws_conn_pending(c->from) < IN_FLIGHT) {
		ck_assert_int_eq(hws_conn_send_on(c->from, HWS_CHANNEL_VIDEO,
						 hws_bytes(c->frame, FRAME)),
				HWS_OK);
		c->left--;
	}
}

static void on_frame(struct hws_conn *conn, struct hws_bytes payload, void *arg)
{
	struct carry *c = arg;

	if (conn != c->to)
		return;
	ck_assert_uint_eq(payload.len, FRAME);
	if (++c->got == c->all)
		hws_loop_stop(c->loop);
	feed(c);
}

static void on_close(struct hws_conn *conn, int why, void *arg)
{
	(void)arg;
	(void)conn;
	ck_assert_msg(why == HWS_OK, "the link of the bench was lost: %d", why);
}

static struct hws_conn *end_of(struct carry *c, int fd)
{
	const struct hws_conn_conf conf = { .frame_max = 1u << 20,
		.send_max = 8u << 20,
		.send_high = 1u << 20,
		.on_frame = on_frame,
		.on_close = on_close,
		.arg = c };
	struct hws_stream *s = NULL;
	struct hws_conn *conn = NULL;

	ck_assert_int_eq(hws_stream_tcp_new(c->loop, fd, &s), HWS_OK);
	ck_assert_int_eq(hws_conn_new(c->loop, s, &conf, hws_bytes(NULL, 0), &conn), HWS_OK);
	return conn;
}

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void begin_legs(struct carry *c, struct hws_legs *legs[2])
{
	const struct hws_legs_conf conf = { 0 };

	ck_assert_int_eq(hws_legs_begin(c->from, &conf, &legs[0]), HWS_OK);
	ck_assert_int_eq(hws_legs_begin(c->to, &conf, &legs[1]), HWS_OK);
}

static double legs_cost(struct carry *c, struct hws_legs *const legs[2])
{
	struct hws_legs_count out, back;

	hws_legs_counted(legs[0], &out);
	hws_legs_counted(legs[1], &back);
	return (double)(out.out + back.out) / (double)hws_conn_bytes_out(c->from) - 1;
}

/* CPU seconds for a GiB. `ret_more` not NULL: with legs, and the bytes that they add, as a share of
 * all. */
static double carry(enum hws_secure_level level, uint64_t bytes, double *ret_more)
{
	struct carry *c = hws_alloc(sizeof(*c));
	struct hws_legs *legs[2];
	uint8_t key[2][32];
	double cpu;
	int fd[2];

	ck_assert_ptr_nonnull(c);
	ck_assert_int_eq(hws_loop_new(&c->loop), HWS_OK);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd), 0);
	c->from = end_of(c, fd[0]);
	c->to = end_of(c, fd[1]);
	hws_rand_bytes(key, sizeof(key));
	hws_rand_bytes(c->frame, sizeof(c->frame));
	if (level == HWS_LEVEL_V2) {
		hws_conn_set_v2_keys(c->from, key[0], key[1]);
		hws_conn_set_v2_keys(c->to, key[1], key[0]);
	} else if (level == HWS_LEVEL_V1) {
		hws_conn_set_key(c->from, key[0]);
		hws_conn_set_key(c->to, key[0]);
	}
	if (ret_more)
		begin_legs(c, legs);
	c->left = c->all = bytes / FRAME;
	cpu = cpu_s();
	feed(c);
	ck_assert_int_eq(hws_loop_run(c->loop), HWS_OK);
	cpu = cpu_s() - cpu;
	ck_assert_uint_eq(c->got, c->all);
	if (ret_more)
		*ret_more = legs_cost(c, legs);
	hws_conn_close(c->from, HWS_OK);
	hws_conn_close(c->to, HWS_OK);
	hws_loop_free(c->loop);
	hws_free(c);
	return cpu / ((double)bytes / (1u << 30));
}

static void bench_cpu(bool quick)
{
	uint64_t bytes = quick ? 64u << 20 : 256u << 20;
	double v1[ROUNDS], v2[ROUNDS], plain[ROUNDS], ratio[ROUNDS], legs[ROUNDS], cost[ROUNDS];
	double more = 0;

	for (size_t i = 0; i < ROUNDS; i++) {
		/* Who is first changes, so that neither always finds the warm caches. */
		if (i % 2)
			v2[i] = carry(HWS_LEVEL_V2, bytes, NULL);
		v1[i] = carry(HWS_LEVEL_V1, bytes, NULL);
		if (i % 2 == 0)
			v2[i] = carry(HWS_LEVEL_V2, bytes, NULL);
		legs[i] = carry(HWS_LEVEL_V2, bytes, &more);
		plain[i] = carry(HWS_LEVEL_PLAIN, bytes, NULL);
		ratio[i] = v2[i] / v1[i];
		cost[i] = legs[i] / v2[i];
	}
	note("a GiB through two links: RustDesk 1.x scheme", quantile(v1, ROUNDS, 0.5), "s of CPU");
	note("a GiB through two links: hawser v2", quantile(v2, ROUNDS, 0.5), "s of CPU");
	note("a GiB through two links: not encrypted", quantile(plain, ROUNDS, 0.5), "s of CPU");
	note("a GiB through two links: hawser v2 that can move", quantile(legs, ROUNDS, 0.5),
			"s of CPU");
	metric("legs_cpu_ratio", quantile(cost, ROUNDS, 0.5));
	metric("legs_bytes_pct", more * 100);
	metric("v2_cpu_ratio", quantile(ratio, ROUNDS, 0.5));
}

/* --- round trips ------------------------------------------------------------------------------ */

/* A viewer and a host that tell each other what the protocol demands; what is said in a row by one
 * side is one flight. */
struct meeting {
	struct hws_viewer *viewer;
	struct hws_secure host;
	struct hws_identity identity;
	struct hws_pake_verifier verifier;
	struct hws_pake_offer offer;
	struct hws_buf said[8]; /* by the viewer, not heard yet */
	size_t said_count;
	unsigned flights;
	bool host_spoke, viewer_spoke, ready;
	bool in_session; /* the handshake is over, or there was none */
};

static int on_send(enum hws_channel channel, struct hws_bytes payload, void *arg)
{
	struct meeting *m = arg;

	(void)channel;
	if (m->ready)
		return HWS_OK;
	ck_assert_uint_lt(m->said_count, sizeof(m->said) / sizeof(m->said[0]));
	hws_buf_init(&m->said[m->said_count], 1u << 20);
	hws_buf_put(&m->said[m->said_count++], payload.ptr, payload.len);
	m->flights += !m->viewer_spoke;
	m->viewer_spoke = true;
	m->host_spoke = false;
	return HWS_OK;
}

static void host_says(struct meeting *m, struct hws_bytes payload)
{
	m->flights += !m->host_spoke;
	m->host_spoke = true;
	m->viewer_spoke = false;
	hws_viewer_frame(m->viewer, payload);
}

static void host_tells(struct meeting *m, const Ses__Message *message)
{
	struct hws_buf out;

	hws_buf_init(&out, 1u << 20);
	ck_assert_int_eq(hws_ses_pack(message, &out), HWS_OK);
	host_says(m, hws_buf_bytes(&out));
	hws_buf_done(&out);
}

static void on_ready(void *arg)
{
	((struct meeting *)arg)->ready = true;
}

static void on_end(int err, const char *text, const char *peer_text, void *arg)
{
	(void)peer_text;
	(void)arg;
	ck_abort_msg("the viewer of the bench gave up: %d, %s", err, text);
}

static void no_keys(const struct hws_secure_keys *keys, void *arg)
{
	(void)keys;
	(void)arg;
}

static void no_size(size_t bytes, void *arg)
{
	(void)bytes;
	(void)arg;
}

static void no_state(enum hws_viewer_state state, void *arg)
{
	(void)state;
	(void)arg;
}

static void no_delay(uint32_t rtt_ms, uint32_t target_kbit, void *arg)
{
	(void)rtt_ms;
	(void)target_kbit;
	(void)arg;
}

static void no_displays(void *arg)
{
	(void)arg;
}

static void say_hash(struct meeting *m, struct hws_bytes word, bool offers)
{
	Ses__PakeOffer o = SES__PAKE_OFFER__INIT, *list = &o;
	Ses__Hash hash = SES__HASH__INIT;
	Ses__Message message = SES__MESSAGE__INIT;

	hash.salt = (char *)SALT;
	hash.challenge = (char *)"7kq3fx";
	hash.v2_signed_id.data = (uint8_t *)(uintptr_t)word.ptr;
	hash.v2_signed_id.len = word.len;
	if (offers) {
		hws_pake_offer_new(&m->verifier, &m->offer);
		o.kind = HWS_PAKE_TEMPORARY;
		o.share.data = m->offer.share;
		o.share.len = sizeof(m->offer.share);
		o.salt.data = m->verifier.cost.salt;
		o.salt.len = sizeof(m->verifier.cost.salt);
		hash.pake = &list;
		hash.n_pake = 1;
	}
	message.union_case = SES__MESSAGE__UNION_HASH;
	message.hash = &hash;
	host_tells(m, &message);
}

static void say_welcome(struct meeting *m, const Ses__LoginRequest *lr)
{
	Ses__DisplayInfo d = SES__DISPLAY_INFO__INIT, *list = &d;
	Ses__PeerInfo pi = SES__PEER_INFO__INIT;
	Ses__LoginResponse r = SES__LOGIN_RESPONSE__INIT;
	Ses__Message message = SES__MESSAGE__INIT;
	uint8_t confirm[HWS_PAKE_CONFIRM_LEN];

	if (lr->n_pake) {
		const Ses__PakeProof *p = lr->pake[0];
		const struct hws_pake_context context = { hws_secure_binding(&m->host),
			m->identity.pk, HWS_PAKE_TEMPORARY };
		ck_assert_int_eq(hws_pake_judge(&m->verifier, &m->offer, &context,
						 hws_bytes(p->share.data, p->share.len),
						 hws_bytes(p->confirm.data, p->confirm.len),
						 confirm),
				HWS_OK);
		r.pake_confirm.data = confirm;
		r.pake_confirm.len = sizeof(confirm);
	} else {
		ck_assert_uint_eq(lr->password.len, HWS_PROOF_LEN);
	}
	d.width = 1920;
	d.height = 1080;
	pi.version = (char *)"1.4.9";
	pi.n_displays = 1;
	pi.displays = &list;
	r.union_case = SES__LOGIN_RESPONSE__UNION_PEER_INFO;
	r.peer_info = &pi;
	message.union_case = SES__MESSAGE__UNION_LOGIN_RESPONSE;
	message.login_response = &r;
	host_tells(m, &message);
}

/* What the viewer said goes to the host's handshake until that is over, then to its login. */
static void host_hears(struct meeting *m, struct hws_bytes payload, bool v2)
{
	struct hws_secure_keys keys;
	struct hws_bytes out;
	Ses__Message *message = NULL;

	if (!m->in_session) {
		ck_assert_int_eq(hws_secure_frame(&m->host, payload), HWS_OK);
		ck_assert(hws_secure_take_keys(&m->host, &keys) ||
				hws_secure_state(&m->host) == HWS_SECURE_DONE);
		m->in_session = hws_secure_state(&m->host) == HWS_SECURE_DONE;
		while (hws_secure_take_output(&m->host, &out))
			host_says(m, out);
		if (m->in_session)
			say_hash(m, hws_bytes(NULL, 0), v2);
		return;
	}
	ck_assert_int_eq(hws_ses_unpack(payload, &message), HWS_OK);
	ck_assert_int_eq(message->union_case, SES__MESSAGE__UNION_LOGIN_REQUEST);
	say_welcome(m, message->login_request);
	hws_ses_free(message);
}

static void make_verifier(struct meeting *m)
{
	uint8_t h1[HWS_H1_LEN];
	struct hws_pake_cost cost;

	hws_password_h1(hws_bytes_str("password"), SALT, h1);
	hws_pake_cost_new(&cost, HWS_PAKE_TEMPORARY);
	ck_assert_int_eq(hws_pake_verifier_of(h1, &cost, &m->verifier), HWS_OK);
}

/* Flights until the viewer is logged in. `again`: the host is pinned. */
static unsigned flights(bool v2, bool by_address, bool again)
{
	static const struct hws_viewer_ops ops = { .send = on_send,
		.keyed = no_keys,
		.frame_max = no_size,
		.state = no_state,
		.ready = on_ready,
		.displays = no_displays,
		.delay = no_delay,
		.end = on_end };
	struct meeting *m = hws_alloc(sizeof(*m));
	const struct hws_viewer_conf conf = { .ops = &ops,
		.arg = m,
		.my_id = "1",
		.my_name = "bench",
		.my_platform = "Linux",
		.session_id = 1,
		.allow_plain = true };
	struct hws_viewer_link link = { .username = "bench", .name = "bench" };
	struct hws_bytes out;
	unsigned n;

	ck_assert_ptr_nonnull(m);
	hws_identity_generate(false, &m->identity);
	make_verifier(m);
	link.id = by_address ? "" : "123456789";
	link.pinned_pk = again || (!v2 && !by_address) ? m->identity.pk : NULL;
	link.pinned_level = again && v2 ? HWS_LEVEL_V2 : HWS_LEVEL_PLAIN;
	hws_secure_host_init(&m->host,
			&(struct hws_secure_host_conf){
					.plain_ok = HWS_PLAIN_ALL, .direct = by_address });
	ck_assert_int_eq(handshake_sign(&m->host, &m->identity, "123456789", v2), HWS_OK);
	ck_assert_int_eq(hws_viewer_new(&conf, &m->viewer), HWS_OK);
	ck_assert_int_eq(hws_login_preset(hws_viewer_login(m->viewer), "password"), HWS_OK);
	ck_assert_int_eq(hws_viewer_start(m->viewer, &link), HWS_OK);
	if (by_address) {
		m->in_session = !v2; /* the deployed one has no handshake */
		say_hash(m, v2 ? hws_secure_offer(&m->host) : hws_bytes(NULL, 0), false);
	} else {
		ck_assert(hws_secure_take_output(&m->host, &out));
		host_says(m, out);
	}
	for (size_t i = 0; i < m->said_count; i++)
		host_hears(m, hws_buf_bytes(&m->said[i]), v2);
	ck_assert(m->ready);
	n = m->flights;
	hws_viewer_free(m->viewer);
	for (size_t i = 0; i < m->said_count; i++)
		hws_buf_done(&m->said[i]);
	hws_secure_wipe(&m->host);
	hws_free(m);
	return n;
}

static void bench_flights(void)
{
	static const struct {
		const char *what, *name;
		bool by_address, again;
	} ways[] = {
		{ "by ID", "v2_extra_round_trips", false, false },
		{ "by ID, again", "v2_extra_round_trips_again", false, true },
		{ "by address", "v2_extra_round_trips_address", true, false },
		{ "by address, again", "v2_extra_round_trips_address_again", true, true },
	};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		unsigned before = flights(false, ways[i].by_address, ways[i].again);
		unsigned now = flights(true, ways[i].by_address, ways[i].again);
		char what[80];
		snprintf(what, sizeof(what), "flights until the login, %s: RustDesk 1.x",
				ways[i].what);
		note(what, before, "");
		snprintf(what, sizeof(what), "flights until the login, %s: hawser v2",
				ways[i].what);
		note(what, now, "");
		metric(ways[i].name, ((double)now - before) / 2);
	}
}

void bench_channel(bool quick)
{
	ck_assert_int_eq(hws_crypto_init(), 0);
	bench_flights();
	bench_cpu(quick);
}
