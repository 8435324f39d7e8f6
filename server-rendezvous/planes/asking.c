/* rendezvous/planes/asking: what waits is the message, packed, and the number of its client. */
#include "server-rendezvous/planes/asking.h"
#include "server-rendezvous/planes/client.h"
#include "server-rendezvous/planes/tcp_plane.h"
#include "server-rendezvous/state/core.h"
#include "shared/base/mem.h"
#include "shared/wire/envelope.h"

/* A request with a long token and all ways is below 2 KiB. */
#define MESSAGE_MAX (8u << 10)
#define TOO_LONG "This request is longer than this server takes."

struct waiting {
	struct rdv_core *core;
	uint64_t client;
	rdv_decided_fn decided;
	struct hws_buf message;
};

static void waiting_free(struct waiting *w)
{
	hws_buf_done_wiped(&w->message); /* a token is in it */
	hws_free(w);
}

static void on_verdict(const struct rdv_verdict *v, void *arg)
{
	struct waiting *w = arg;
	struct rdv_client *cl = rdv_client_get(w->core->tcp, w->client);
	Rdv__RendezvousMessage *m = NULL;

	if (cl && !cl->closed && hws_rdv_unpack(hws_buf_bytes(&w->message), &m) == HWS_OK)
		w->decided(cl, m, v);
	hws_rdv_free(m);
	waiting_free(w);
}

void rdv_asking(struct rdv_client *cl, const struct rdv_policy_question *q,
		Rdv__RendezvousMessage *m, rdv_decided_fn decided)
{
	struct rdv_core *core = cl->plane->core;
	struct waiting *w = hws_alloc(sizeof(*w));
	struct rdv_verdict v = { .text = TOO_LONG };

	if (w) {
		*w = (struct waiting){ .core = core, .client = cl->id, .decided = decided };
		hws_buf_init(&w->message, MESSAGE_MAX);
	}
	if (w && hws_rdv_pack(m, &w->message) == HWS_OK &&
			!rdv_policy_ask(core->policy, q, &v, on_verdict, w))
		return;
	if (w)
		waiting_free(w);
	decided(cl, m, &v);
}
