/* The server's core on a store in memory, without loop and sockets, so that a test decides what
 * time it is. */
#include "tests/unit/server-rendezvous/table.h"
#include "server-rendezvous/state/attempts.h"
#include "server-rendezvous/state/known_addrs.h"
#include "server-rendezvous/state/rules.h"
#include "server-rendezvous/store/devices.h"
#include "shared/base/clock.h"
#include "shared/crypto/crypto.h"
#include "shared/net/addr.h"
#include <check.h>
#include <string.h>

static void on_written(const struct rdv_write *w, const struct rdv_waiter *who, int r, bool durable,
		void *arg)
{
	struct table *t = arg;

	t->written++;
	t->not_durable += !durable;
	t->last_r = r;
	t->last_who = *who;
	t->last_write = *w;
	if (w->kind == RDV_WRITE_PEER)
		rdv_registration_written(&t->core, w, r, durable);
}

void table_init(struct table *t)
{
	memset(t, 0, sizeof(*t));
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	ck_assert_int_eq(hws_options_init(&rdv_options, &t->conf), HWS_OK);
	t->core.conf = &t->conf;
	t->now_us = hws_clock_us();
	ck_assert_int_eq(hws_loop_new(&t->loop), HWS_OK);
	ck_assert_int_eq(rdv_store_memory_new(t->loop, &t->store), HWS_OK);
	ck_assert_int_eq(rdv_presence_new(100000, t->now_us, &t->core.presence), HWS_OK);
	ck_assert_int_eq(rdv_known_addrs_new(1000, &t->core.known_addrs), HWS_OK);
	ck_assert_int_eq(rdv_first_contacts_new(1000, &t->core.first_contacts), HWS_OK);
	ck_assert_int_eq(rdv_rules_new(&t->core.rules), HWS_OK);
	ck_assert_int_eq(rdv_attempts_new(100, &t->core.attempts), HWS_OK);
	ck_assert_int_eq(rdv_journal_new(t->loop, t->store, 100, on_written, t, &t->core.journal),
			HWS_OK);
	hws_identity_generate(true, &t->core.identity);
	hws_key_text(t->core.identity.pk, t->core.key_text);
}

void table_done(struct table *t)
{
	rdv_store_free(t->store);
	rdv_journal_free(t->core.journal);
	rdv_attempts_free(t->core.attempts);
	rdv_rules_free(t->core.rules);
	rdv_seen_free(t->core.known_addrs);
	rdv_seen_free(t->core.first_contacts);
	rdv_presence_free(t->core.presence);
	hws_loop_free(t->loop);
	hws_options_done(&rdv_options, &t->conf);
}

void table_flush(struct table *t)
{
	uint64_t until = hws_clock_us() + 3000000;

	while (!rdv_journal_idle(t->core.journal) && hws_clock_us() < until)
		hws_loop_once(t->loop, 10000);
}

void table_seconds(struct table *t, unsigned s)
{
	t->now_us += s * 1000000ull;
}

struct caller caller_of(const char *id, const char *ip, uint16_t port)
{
	struct caller c = { .id = id, .uuid = id, .ip = ip, .port = port };

	memset(c.pk, id[0], sizeof(c.pk));
	return c;
}

static struct rdv_origin origin(
		struct table *t, const struct caller *c, struct sockaddr_storage *ss)
{
	struct rdv_origin o = { .ss = ss, .client = c->client, .now_us = t->now_us };

	ck_assert_int_eq(hws_addr_parse(c->ip, c->port, ss), HWS_OK);
	o.addr = rdv_addr_from(ss);
	return o;
}

enum rdv_answer call_peer(struct table *t, const struct caller *c)
{
	struct sockaddr_storage ss;
	struct rdv_origin o = origin(t, c, &ss);

	return rdv_register_peer(&t->core, &o, hws_bytes_str(c->id));
}

enum rdv_answer call_pk(
		struct table *t, const struct caller *c, Rdv__RegisterPkResponse__Result *ret)
{
	struct sockaddr_storage ss;
	struct rdv_origin o = origin(t, c, &ss);
	Rdv__RegisterPk m = RDV__REGISTER_PK__INIT;

	m.id = (char *)c->id;
	m.uuid = (ProtobufCBinaryData){ strlen(c->uuid), (uint8_t *)c->uuid };
	m.pk = (ProtobufCBinaryData){ 32, (uint8_t *)c->pk };
	return rdv_register_pk(&t->core, &o, &m, ret);
}

Rdv__RegisterPkResponse__Result call_result(struct table *t, const struct caller *c)
{
	Rdv__RegisterPkResponse__Result r = -1;
	enum rdv_answer a = call_pk(t, c, &r);

	ck_assert(a == RDV_ANSWER_RESULT || a == RDV_ANSWER_LATER || a == RDV_ANSWER_ASK_PK);
	return r;
}

bool is_online(struct table *t, const char *id)
{
	struct rdv_peer_info info;

	return rdv_presence_get(t->core.presence, hws_bytes_str(id), t->now_us, &info) &&
			info.online;
}
