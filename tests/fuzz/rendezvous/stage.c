/* The server is made once, for it is dear; its devices are new for each input, so that one input
 * does not change what the next one finds. */
#include "tests/fuzz/rendezvous/stage.h"
#include "server-rendezvous/planes/registration.h"
#include "server-rendezvous/planes/tcp.h"
#include "server-rendezvous/relays/choice.h"
#include "server-rendezvous/relays/grants.h"
#include "server-rendezvous/state/attempts.h"
#include "server-rendezvous/state/journal.h"
#include "server-rendezvous/state/known_addrs.h"
#include "server-rendezvous/state/presence.h"
#include "server-rendezvous/state/rules.h"
#include "server-rendezvous/store/devices.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/crypto/crypto.h"
#include "shared/loop/work.h"
#include <assert.h>
#include <string.h>

static void on_written(const struct rdv_write *w, const struct rdv_waiter *who, int r,
		bool durable HWS_UNUSED, void *arg)
{
	struct stage *s = arg;

	if (w->kind == RDV_WRITE_PEER)
		rdv_registration_written(&s->core, w, r, true);
	else if (w->kind == RDV_WRITE_RENAME && r == HWS_OK)
		rdv_registration_renamed(&s->core, w->old_id, w->row.id);
	if (who->client)
		rdv_tcp_post_result(s->core.tcp, who->client, RDV__REGISTER_PK_RESPONSE__RESULT__OK,
				who->rename);
}

static void must(int r)
{
	assert(r == HWS_OK);
	(void)r;
}

struct stage *stage_get(void)
{
	static const uint8_t seed[32] = { 1 };
	static struct stage s;
	struct hws_work *work = NULL;

	if (s.loop)
		return &s;
	hws_log_setup("fuzz", HWS_LOG_TEXT, 2);
	hws_log_set_level(HWS_LOG_ERROR);
	must(hws_crypto_init());
	must(hws_options_init(&rdv_options, &s.conf));
	s.conf.max_links = 64;
	s.conf.open = true;
	s.conf.offer_delay_us = 0;
	s.core.conf = &s.conf;
	hws_identity_from_seed(seed, &s.core.identity);
	hws_key_text(s.core.identity.pk, s.core.key_text);
	must(hws_loop_new(&s.loop));
	must(hws_work_new(1, 16, &work));
	must(rdv_store_memory_new(s.loop, &s.store));
	must(rdv_known_addrs_new(128, &s.core.known_addrs));
	must(rdv_first_contacts_new(128, &s.core.first_contacts));
	must(rdv_rules_new(&s.core.rules));
	must(rdv_grants_new(256, &s.core.grants));
	must(rdv_attempts_new(64, &s.core.attempts));
	must(rdv_relays_new(s.loop, work, &s.core.relays));
	must(rdv_journal_new(s.loop, s.store, 1000, on_written, &s, &s.core.journal));
	must(rdv_tcp_new(&s.core, &s.core.tcp));
	return &s;
}

void stage_reset(struct stage *s)
{
	struct rdv_peer_row row = {
		.id = STAGE_ID, .uuid = "machine", .uuid_len = 7, .has_pk = true, .ip = "10.0.0.1"
	};
	struct rdv_shard *shard;
	struct rdv_peer *p;

	rdv_presence_free(s->core.presence);
	must(rdv_presence_new(64, hws_clock_us(), &s->core.presence));
	rdv_presence_load(s->core.presence, &row);
	shard = rdv_presence_lock(s->core.presence, hws_bytes_str(STAGE_ID));
	p = rdv_shard_find(shard);
	p->addr.port = 1000;
	p->seen = rdv_presence_time(s->core.presence, hws_clock_us());
	rdv_presence_unlock(shard);
}

void stage_run(struct stage *s)
{
	for (int i = 0; i < 3; i++) {
		rdv_journal_kick(s->core.journal);
		hws_loop_once(s->loop, 0);
		hws_loop_once(rdv_tcp_loop(s->core.tcp), 0);
	}
}
