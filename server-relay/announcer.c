/* Links from the relay to its rendezvous servers. The relay dials, since it may stand behind a NAT
 * and the servers need not know it beforehand; what comes on a link goes into the table of tickets,
 * and is void when the link ends for good. */
#include "server-relay/announcer.h"
#include "server-relay/admission.h"
#include "server-relay/distance.h"
#include "server-relay/server_parts.h"
#include "server-relay/tickets.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/crypto/secret.h"
#include "shared/daemon/daemon.h"
#include "shared/loop/work.h"
#include "shared/net/conn.h"
#include "shared/net/dialer.h"
#include "shared/wire/limits.h"
#include "shared/wire/server_kx.h"
#include "shared/wire/ticket.h"
#include <string.h>

#define LINKS_MAX 16u
#define DIAL_US (10 * HWS_US_PER_S)
#define ANSWER_US (10 * HWS_US_PER_S) /* for each step until the welcome */
#define RETRY_MIN_US 500000u
#define RETRY_MAX_US (10 * HWS_US_PER_S)
#define HEARTBEAT_MAX_S 60u
#define TTL_MAX_S 600u
#define SEND_MAX 4096u
#define DISTANCES_US (10 * HWS_US_PER_S)

enum link_state { LINK_DOWN, LINK_OFFER, LINK_WELCOME, LINK_UP };

struct link {
	struct rly_announcer *owner;
	char text[300]; /* as configured */
	char host[260];
	uint16_t port;
	uint32_t source; /* of its tickets */
	enum link_state state;
	bool complained; /* about this outage */
	bool ending;     /* it is not to be dialled again */
	uint64_t retry_us;
	struct hws_dial *dial;
	struct hws_conn *conn;
	struct hws_timer timer; /* next try, or heartbeat */
};

struct rly_announcer {
	struct rly_server *server;
	struct hws_work *work;
	struct hws_identity identity;
	struct link *link[LINKS_MAX];
	unsigned count;
	uint32_t next_source;
	struct hws_timer distances;
	bool started;
};

static void dial(void *arg);

int rly_announcer_identity(
		const struct rly_config *c, struct hws_identity *ret, struct hws_error *err)
{
	char dir[480], path[512];
	bool created = false;
	int r;

	if (*c->identity) {
		r = hws_str_copy(path, sizeof(path), c->identity);
	} else {
		r = hws_daemon_state_dir("hawser-relay", dir, sizeof(dir), err);
		if (r < 0)
			return r;
		r = hws_fmt(path, sizeof(path), "%s/relay_ed25519", dir);
	}
	if (r < 0)
		return hws_error_set(err, r, "the path of the identity is too long");
	r = hws_identity_load_or_create(path, true, ret, &created, err);
	if (r == HWS_OK && created)
		hws_info("identity.created", HWS_STR("file", path));
	return r;
}

/* --- counting --------------------------------------------------------------------------------- */

static void count_links(struct rly_announcer *a)
{
	unsigned up = 0;

	for (unsigned i = 0; i < a->count; i++)
		up += a->link[i]->state == LINK_UP;
	rly_tickets_links(a->server->shared.tickets, up, hws_loop_now_us(a->server->loop));
}

static void shard_recheck(struct rly_shard *sh, void *arg)
{
	(void)arg;
	rly_shard_recheck(sh);
}

/* Legs that came before their announcement are asked about again. */
static void recheck(struct rly_announcer *a)
{
	struct rly_server *s = a->server;

	if (__atomic_load_n(&s->shared.unannounced, __ATOMIC_ACQUIRE) &&
			rly_server_each(s, shard_recheck, NULL, NULL) < 0)
		hws_warn_limited("announcer.busy", HWS_ERR("error", HWS_ERR_NOMEM));
}

/* --- a link ----------------------------------------------------------------------------------- */

static void retry(struct link *l)
{
	uint64_t wait = l->retry_us / 2 + hws_rand_below((uint32_t)l->retry_us);

	l->retry_us = HWS_MIN(l->retry_us * 2, RETRY_MAX_US);
	hws_timer_start(l->owner->server->loop, &l->timer, wait, dial, l);
}

static void complain(struct link *l, int why)
{
	if (l->complained)
		return; /* once an outage */
	l->complained = true;
	hws_warn("announcer.down", HWS_STR("server", l->text), HWS_ERR("why", why),
			HWS_STR("text",
					why == HWS_ERR_KEY
							? "the server has another key than --key says"
							: why == HWS_ERR_EOF || why == HWS_ERR_RESET
							? "it ended the link: is this relay's key in its announce-to?"
							: "trying again"));
}

static void on_close(struct hws_conn *c, int why, void *arg)
{
	struct link *l = arg;

	(void)c;
	l->conn = NULL;
	hws_timer_stop(&l->timer);
	l->state = LINK_DOWN;
	if (l->ending)
		return;
	count_links(l->owner);
	complain(l, why);
	retry(l);
}

static void send_state(struct link *l)
{
	struct rly_server *s = l->owner->server;
	struct hws_buf out;

	if (l->state != LINK_UP)
		return;
	hws_buf_init(&out, SEND_MAX);
	if (hws_ticket_state(s->conf->public_name, s->draining, &out) < 0 ||
			hws_conn_send(l->conn, hws_buf_bytes(&out)) < 0)
		hws_conn_close(l->conn, HWS_ERR_FULL);
	hws_buf_done(&out);
}

static void on_heartbeat(void *arg)
{
	struct link *l = arg;

	if (hws_conn_send_heartbeat(l->conn) < 0)
		hws_conn_close(l->conn, HWS_ERR_FULL);
}

/* The server's offer proves its key; which of ours it is does not matter. */
static int take_offer(struct link *l, struct hws_bytes payload)
{
	const struct rly_keys *keys = &l->owner->server->rules->keys;
	uint8_t secret[HWS_SESSION_KEY_LEN], pk[HWS_PK_LEN];
	struct hws_buf out;
	int r = HWS_ERR_KEY;

	hws_buf_init(&out, SEND_MAX);
	for (unsigned i = 0; i < keys->count && r == HWS_ERR_KEY; i++)
		if (hws_key_parse(keys->text[i], pk) == HWS_OK)
			r = hws_kx_client_answer(pk, payload, &out, secret);
	if (r == HWS_ERR_NOTFOUND)
		r = HWS_ERR_UNSUPPORTED;
	if (r == HWS_OK)
		r = hws_conn_send(l->conn, hws_buf_bytes(&out));
	if (r == HWS_OK) {
		hws_conn_set_key(l->conn, secret);
		hws_buf_reset(&out);
		r = hws_ticket_hello(&l->owner->identity, secret, &out);
	}
	if (r == HWS_OK)
		r = hws_conn_send(l->conn, hws_buf_bytes(&out));
	hws_wipe(secret, sizeof(secret));
	hws_buf_done(&out);
	if (r == HWS_OK)
		l->state = LINK_WELCOME;
	return r;
}

static void on_ticket(struct hws_bytes uuid, uint32_t ttl_s, void *arg)
{
	struct link *l = arg;
	struct rly_server *s = l->owner->server;
	uint64_t ttl = HWS_MIN(ttl_s, TTL_MAX_S) * HWS_US_PER_S;

	if (rly_tickets_add(s->shared.tickets, uuid, hws_loop_now_us(s->loop) + ttl, l->source) < 0)
		hws_warn_limited("announcer.ticket_lost", HWS_STR("server", l->text));
}

static int take_news(struct link *l, struct hws_bytes payload)
{
	struct hws_ticket_news news;
	int r = hws_ticket_read(payload, &news, on_ticket, l);

	if (r == HWS_ERR_NOTFOUND)
		return HWS_OK; /* of a newer server */
	if (r < 0)
		return r;
	if (!news.welcome) {
		recheck(l->owner);
		return HWS_OK;
	}
	if (l->state == LINK_UP)
		return HWS_OK;
	uint64_t beat = HWS_MIN(news.heartbeat_s, HEARTBEAT_MAX_S) * HWS_US_PER_S;

	l->state = LINK_UP;
	l->retry_us = RETRY_MIN_US;
	l->complained = false;
	hws_conn_set_idle(l->conn, 3 * beat);
	hws_timer_every(l->owner->server->loop, &l->timer, beat, on_heartbeat, l);
	count_links(l->owner);
	hws_info("announcer.up", HWS_STR("server", l->text));
	send_state(l);
	return HWS_OK;
}

static void on_frame(struct hws_conn *c, struct hws_bytes payload, void *arg)
{
	struct link *l = arg;
	int r = HWS_OK;

	if (!payload.len)
		return;
	if (l->state == LINK_OFFER)
		r = take_offer(l, payload);
	else
		r = take_news(l, payload);
	if (r < 0)
		hws_conn_close(c, r);
}

static void on_dialled(int r, struct hws_stream *stream, void *arg)
{
	struct link *l = arg;
	const struct hws_conn_conf conf = {
		.frame_max = HWS_RDV_FRAME_MAX,
		.send_max = 64u << 10,
		.send_high = 32u << 10,
		.idle_us = ANSWER_US,
		.stall_us = ANSWER_US,
		.on_frame = on_frame,
		.on_close = on_close,
		.arg = l,
	};

	l->dial = NULL;
	l->state = LINK_OFFER;
	if (r == HWS_OK)
		r = hws_conn_new(l->owner->server->loop, stream, &conf, hws_bytes(NULL, 0),
				&l->conn);
	if (r < 0) {
		l->state = LINK_DOWN;
		complain(l, r);
		retry(l);
	}
}

static void dial(void *arg)
{
	struct link *l = arg;
	const struct hws_dial_conf conf = {
		.host = l->host,
		.port = l->port,
		.timeout_us = DIAL_US,
		.family = AF_UNSPEC,
	};
	int r = hws_dial(l->owner->server->loop, l->owner->work, &conf, on_dialled, l, &l->dial);

	if (r < 0) {
		complain(l, r);
		retry(l);
	}
}

static void link_free(struct link *l)
{
	l->ending = true;
	hws_timer_stop(&l->timer);
	hws_dial_cancel(l->dial);
	hws_conn_close(l->conn, HWS_OK);
	hws_free(l);
}

/* --- all of them ------------------------------------------------------------------------------ */

struct wanted {
	struct link *link[LINKS_MAX];
	unsigned count;
	const char *bad;
};

static int add_wanted(const char *part, void *arg)
{
	struct wanted *w = arg;
	struct link *l;

	if (w->count == LINKS_MAX)
		return HWS_ERR_FULL;
	l = hws_alloc(sizeof(*l));
	if (!l)
		return HWS_ERR_NOMEM;
	w->link[w->count++] = l;
	l->retry_us = RETRY_MIN_US;
	if (hws_str_copy(l->text, sizeof(l->text), part) < 0 ||
			hws_host_port_split(part, 21116, l->host, sizeof(l->host), &l->port) < 0)
		return HWS_ERR_INVAL;
	return HWS_OK;
}

static struct link *take_same(struct rly_announcer *a, const struct link *like)
{
	for (unsigned i = 0; i < a->count; i++) {
		struct link *l = a->link[i];

		if (l && strcmp(l->host, like->host) == 0 && l->port == like->port) {
			a->link[i] = NULL;
			return l;
		}
	}
	return NULL;
}

static void wanted_done(struct wanted *w)
{
	for (unsigned i = 0; i < w->count; i++)
		hws_free(w->link[i]);
	w->count = 0;
}

static int parse_wanted(const char *list, struct wanted *w, struct hws_error *err)
{
	int r = hws_str_each(list, ',', add_wanted, w);

	if (r == HWS_OK)
		return r;
	wanted_done(w);
	return hws_error_set(err, r,
			"--announcers is a list of at most %u rendezvous servers HOST[:PORT]: %s",
			LINKS_MAX, hws_err_text(r));
}

/* Links that stay are kept as they are. */
static int configure(struct rly_announcer *a, struct hws_error *err)
{
	struct wanted w = { .count = 0 };
	int r = parse_wanted(a->server->conf->announcers, &w, err);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < w.count; i++) {
		struct link *same = take_same(a, w.link[i]);

		if (same) {
			hws_free(w.link[i]);
			w.link[i] = same;
			continue;
		}
		w.link[i]->owner = a;
		w.link[i]->source = ++a->next_source;
		if (a->started)
			hws_timer_start(a->server->loop, &w.link[i]->timer, 0, dial, w.link[i]);
	}
	for (unsigned i = 0; i < a->count; i++) {
		if (!a->link[i])
			continue;
		hws_info("announcer.revoked", HWS_STR("server", a->link[i]->text));
		rly_tickets_remove_source(a->server->shared.tickets, a->link[i]->source);
		link_free(a->link[i]);
	}
	memcpy(a->link, w.link, sizeof(a->link));
	a->count = w.count;
	count_links(a);
	return HWS_OK;
}

static int check_keys(const struct rly_rules *rules, struct hws_error *err)
{
	uint8_t pk[HWS_PK_LEN];

	for (unsigned i = 0; i < rules->keys.count; i++)
		if (hws_key_parse(rules->keys.text[i], pk) == HWS_OK)
			return HWS_OK;
	return hws_error_set(err, HWS_ERR_INVAL,
			"--announcers needs --key: the public key by which the rendezvous server is known");
}

int rly_announcer_check(const struct rly_server *s, const struct rly_config *c,
		const struct rly_rules *rules, struct hws_error *err)
{
	struct wanted w = { .count = 0 };
	struct hws_identity id;
	int r = parse_wanted(c->announcers, &w, err);

	if (r == HWS_OK && w.count)
		r = check_keys(rules, err);
	if (r == HWS_OK && w.count && !s->announcer) {
		r = rly_announcer_identity(c, &id, err);
		hws_identity_wipe(&id);
	}
	wanted_done(&w);
	return r;
}

int rly_announcer_new(struct rly_server *s, struct hws_error *err)
{
	struct rly_announcer *a;
	char key[HWS_KEY_TEXT];
	int r;

	if (!*s->conf->announcers)
		return HWS_OK;
	r = check_keys(s->rules, err);
	if (r < 0)
		return r;
	a = hws_secret_alloc(sizeof(*a));
	if (!a)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	a->server = s;
	s->announcer = a;
	r = rly_announcer_identity(s->conf, &a->identity, err);
	if (r < 0)
		return r;
	r = hws_work_new(1, LINKS_MAX, &a->work);
	if (r < 0)
		return hws_error_set(err, r, "cannot start a thread: %s", hws_err_text(r));
	hws_info("identity", HWS_STR("key", hws_key_text(a->identity.pk, key)));
	return configure(a, err);
}

void rly_announcer_free(struct rly_server *s)
{
	struct rly_announcer *a = s->announcer;

	if (!a)
		return;
	s->announcer = NULL;
	hws_timer_stop(&a->distances);
	rly_distances_want(s->shared.distances, false);
	for (unsigned i = 0; i < a->count; i++)
		link_free(a->link[i]);
	hws_work_free(a->work);
	hws_identity_wipe(&a->identity);
	hws_secret_free(a);
}

static void tell_distances(void *arg)
{
	struct rly_announcer *a = arg;
	struct hws_ticket_distance item[HWS_TICKET_LIST_MAX];
	size_t n = rly_distances_take(a->server->shared.distances, item);
	struct hws_buf out;

	if (n == 0)
		return;
	hws_buf_init(&out, SEND_MAX);
	if (hws_ticket_distances(a->server->conf->public_name, item, n, &out) == HWS_OK) {
		for (unsigned i = 0; i < a->count; i++) {
			struct link *l = a->link[i];

			if (l->state == LINK_UP && hws_conn_send(l->conn, hws_buf_bytes(&out)) < 0)
				hws_conn_close(l->conn, HWS_ERR_FULL);
		}
	}
	hws_buf_done(&out);
}

/* Without its name nobody would know which relay speaks. */
static void watch_distances(struct rly_announcer *a)
{
	bool want = *a->server->conf->public_name;

	rly_distances_want(a->server->shared.distances, want);
	if (want)
		hws_timer_every(a->server->loop, &a->distances, DISTANCES_US, tell_distances, a);
	else
		hws_timer_stop(&a->distances);
}

void rly_announcer_start(struct rly_server *s)
{
	struct rly_announcer *a = s->announcer;

	if (!a)
		return;
	a->started = true;
	watch_distances(a);
	for (unsigned i = 0; i < a->count; i++)
		hws_timer_start(s->loop, &a->link[i]->timer, 0, dial, a->link[i]);
}

int rly_announcer_reload(struct rly_server *s, struct hws_error *err)
{
	int r;

	if (!s->announcer) {
		r = rly_announcer_new(s, err);
		if (r == HWS_OK)
			rly_announcer_start(s);
		return r;
	}
	watch_distances(s->announcer);
	return configure(s->announcer, err);
}

void rly_announcer_tell(struct rly_server *s)
{
	for (unsigned i = 0; s->announcer && i < s->announcer->count; i++)
		send_state(s->announcer->link[i]);
}
