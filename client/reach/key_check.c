/* Asks the server as a viewer would. Done in the background after registering: a wrong key is the
 * commonest mistake of set-up and shows itself nowhere else. */
#include "client/reach/key_check.h"
#include "client/reach/server_query.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/crypto/identity.h"
#include "shared/wire/version.h"

#define LIMIT_US (18 * HWS_US_PER_S)      /* deployed peers' limit for an answer */
#define AGAIN_US (10 * 60 * HWS_US_PER_S) /* between two answers */
#define NOBODY "key-check"                /* no device has such an id */

struct hws_key_check {
	struct hws_loop *loop;
	struct hws_work *work;
	struct hws_key_check_conf conf;
	struct hws_server_addr server_addr;
	char key[HWS_KEY_TEXT];
	struct hws_server_query *query;
	struct hws_timer limit;
	uint64_t answered_us; /* 0 = not yet */
	struct hws_deferred deferred;
};

static void stop(struct hws_key_check *k)
{
	hws_timer_stop(&k->limit);
	hws_server_query_free(k->query);
	k->query = NULL;
}

/* Not known then: the registration tells what else is wrong. */
static void on_limit(void *arg)
{
	stop(arg);
}

static void on_open(struct hws_server_query *query, void *arg)
{
	struct hws_key_check *k = arg;
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__PunchHoleRequest q = RDV__PUNCH_HOLE_REQUEST__INIT;

	q.id = (char *)NOBODY;
	q.licence_key = k->key;
	q.version = (char *)HWS_PROTOCOL_VERSION;
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_REQUEST;
	m.punch_hole_request = &q;
	if (hws_server_query_send(query, &m) < 0)
		stop(k);
}

static void on_message(struct hws_server_query *query HWS_UNUSED, const Rdv__RendezvousMessage *m,
		void *arg)
{
	struct hws_key_check *k = arg;
	bool right;

	if (m->union_case != RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_RESPONSE)
		return;
	right = m->punch_hole_response->failure !=
			RDV__PUNCH_HOLE_RESPONSE__FAILURE__LICENSE_MISMATCH;
	k->answered_us = hws_loop_now_us(k->loop);
	stop(k);
	k->conf.on_result(right, k->conf.arg);
}

static void on_end(struct hws_server_query *query HWS_UNUSED, int why, void *arg)
{
	hws_debug("key_check.ended", HWS_ERR("why", why));
	stop(arg);
}

int hws_key_check_new(struct hws_loop *loop, struct hws_work *work,
		const struct hws_key_check_conf *conf, struct hws_key_check **ret)
{
	struct hws_key_check *k = hws_alloc(sizeof(*k));
	int r;

	if (!k)
		return HWS_ERR_NOMEM;
	r = hws_str_copy(k->key, sizeof(k->key), conf->key);
	if (r < 0) {
		hws_free(k);
		return r;
	}
	k->loop = loop;
	k->work = work;
	k->conf = *conf;
	k->server_addr = *conf->server_addr;
	k->conf.server_addr = NULL;
	k->conf.key = NULL;
	*ret = k;
	return HWS_OK;
}

void hws_key_check_again(struct hws_key_check *k)
{
	struct hws_server_query_conf conf;
	uint64_t now_us;

	if (!k || k->query)
		return;
	now_us = hws_loop_now_us(k->loop);
	if (k->answered_us && now_us - k->answered_us < AGAIN_US)
		return;
	conf = (struct hws_server_query_conf){ .server_addr = &k->server_addr,
		.timeout_us = LIMIT_US,
		.on_open = on_open,
		.on_message = on_message,
		.on_end = on_end,
		.arg = k };
	if (hws_server_query_new(k->loop, k->work, &conf, &k->query) < 0)
		k->query = NULL;
	else
		hws_timer_start(k->loop, &k->limit, LIMIT_US, on_limit, k);
}

static void free_check(void *arg)
{
	hws_free(arg);
}

void hws_key_check_free(struct hws_key_check *k)
{
	if (!k)
		return;
	stop(k);
	hws_loop_defer(k->loop, &k->deferred, free_check, k);
}

void hws_key_check_set_server(struct hws_key_check *k, const struct hws_server_addr *server)
{
	if (k)
		k->server_addr = *server;
}
