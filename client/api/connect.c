/* How a session gets its link: it asks reach for a way to the host and gives the viewer what it
 * found. Apart from the session loop, because a connection is made anew after each loss. */
#include "client/api/account.h"
#include "client/api/nat.h"
#include "client/api/session_loop.h"
#include "client/reach/search.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/wire/version.h"
#include <stdio.h>

/* One way to the host: of the session's link, or of a connection of a tunnel. */
struct api_way {
	struct api_session_loop *e;
	struct hws_search *search;
	struct hws_accounts *logins; /* whose tokens the search has; NULL: none */
	api_way_fn done;
	void *arg;
	bool taken;
};

static void on_progress(const char *text, void *arg)
{
	const struct api_way *w = arg;

	if (w->arg == w->e) /* connections of a tunnel come and go while the session stands */
		api_report_state(w->e, HAWSER_STATE_CONNECTING, text, 0);
}

/* What answered is silent in the midst of the handshake, and another way stands. */
static void on_better(void *arg)
{
	const struct api_way *w = arg;

	if (w->arg == w->e)
		api_session_loop_end(w->e, HWS_ERR_TIMEOUT,
				"what answered in the host's place fell silent", NULL);
}

static void on_reached(
		int r, const struct hws_reached *how, const struct hws_search_by *by, void *arg)
{
	const struct hws_server_entry *server = by->server;
	struct api_way *w = arg;
	struct api_session_loop *e = w->e;
	uint8_t pk[HWS_PK_LEN];
	bool has_pk = server && server->key[0] && hws_key_parse(server->key, pk) == HWS_OK;

	if (r < 0) {
		struct hws_error err = how->error;

		api_account_explain(server, &err);
		api_why_keep(e, how->verdict);
		w->done(r, NULL, err.text[0] ? err.text : hws_err_text(r), w->arg);
		return;
	}
	api_servers_found(e, server, by->place);
	w->done(HWS_OK,
			&(struct api_path){ .stream = how->stream,
					.leftover = how->leftover,
					.name = how->path,
					.relayed = how->relayed,
					.by_address = how->by_address,
					.statement = how->statement,
					.server_pk = has_pk ? pk : NULL },
			NULL, w->arg);
}

/* What the rendezvous server is told: it has to fit the login's wish. */
static Rdv__ConnType conn_type(const struct api_session_loop *e)
{
	switch (hws_viewer_kind(e->viewer)) {
	case HWS_KIND_FILE:
		return RDV__CONN_TYPE__FILE_TRANSFER;
	case HWS_KIND_FORWARD:
		return e->rdp ? RDV__CONN_TYPE__RDP : RDV__CONN_TYPE__PORT_FORWARD;
	case HWS_KIND_CAMERA:
		return RDV__CONN_TYPE__VIEW_CAMERA;
	case HWS_KIND_TERMINAL:
		return RDV__CONN_TYPE__TERMINAL;
	case HWS_KIND_REMOTE:
	case HWS_KIND_COUNT:
		break;
	}
	return RDV__CONN_TYPE__DEFAULT_CONN;
}

static bool asks_nat(const struct api_session_loop *e)
{
	return !e->target.is_direct && e->server[0] && e->proxy.kind == HWS_PROXY_NONE;
}

void api_connect_doubt_nat(struct api_session_loop *e)
{
	if (asks_nat(e) && !e->force_relay)
		api_nat_doubt(e->ctx->nat, e->server);
}

void api_connect_conf(struct api_session_loop *e, struct hws_reach_conf *ret)
{
	const struct hws_target *t = &e->target;

	*ret = (struct hws_reach_conf){ .address = t->is_direct ? t->host : NULL,
		.address_port = t->port,
		.id = t->is_direct ? NULL : t->id,
		.server = e->place[0] ? e->place : e->server,
		.key = e->key,
		.version = HWS_PROTOCOL_VERSION,
		.conn_type = conn_type(e),
		.nat_type = asks_nat(e) ? api_nat_type(e->ctx->nat, e->server)
					: RDV__NAT_TYPE__UNKNOWN_NAT,
		.proxy = e->proxy.kind != HWS_PROXY_NONE ? &e->proxy : NULL,
		.force_relay = e->force_relay,
		.last_was_relayed = e->relayed };
}

int api_connect_reach(struct api_session_loop *e, api_way_fn done, void *arg, struct api_way **ret,
		struct hws_error *err)
{
	struct api_way *w = hws_alloc(sizeof(*w));
	struct hws_search_conf conf;
	struct hws_server_list servers;
	int r;

	if (!w)
		return HWS_ERR_NOMEM;
	*w = (struct api_way){ .e = e, .done = done, .arg = arg };
	api_connect_conf(e, &conf.reach);
	conf.reach.on_progress = on_progress;
	conf.reach.on_better = on_better;
	conf.reach.arg = w;
	api_servers_order(e, &servers);
	api_account_tokens(e->ctx, &servers, &w->logins);
	conf.servers = &servers;
	r = hws_search_start(e->ctx->loop, e->ctx->work, &conf, on_reached, &w->search, err);
	if (r < 0)
		api_connect_drop(w);
	else
		*ret = w;
	return r;
}

void api_connect_take(struct api_way *w)
{
	if (!w || w->taken) /* it is said with each frame, and the session may be elsewhere */
		return;
	w->taken = true;
	hws_search_take(w->search);
	api_why_keep(w->e, hws_search_verdict(w->search));
	if (hws_search_verdict(w->search)->why == HWS_INDIRECT_SILENT)
		api_connect_doubt_nat(w->e);
}

bool api_connect_reject(struct api_way *w, int why)
{
	bool goes_on = w && hws_search_reject(w->search, why);

	if (w && !goes_on)
		api_why_keep(w->e, hws_search_verdict(w->search));
	return goes_on;
}

void api_connect_drop(struct api_way *w)
{
	if (!w)
		return;
	hws_search_free(w->search);
	api_account_tokens_free(w->logins);
	hws_free(w);
}

static void on_link(int r, const struct api_path *path, const char *text, void *arg)
{
	struct api_session_loop *e = arg;

	if (r < 0 && e->rejected.code) /* says more than that there is no other one */
		api_session_loop_end(e, e->rejected.code, e->rejected.text, NULL);
	else if (r < 0)
		api_session_loop_end(e, r, text, NULL);
	else
		api_session_loop_attach(e, path);
}

/* What answers on a way may be a stranger, or nobody; what the right host says counts on all. */
static bool is_of_the_way(int err)
{
	return hws_err_class(err) == HWS_CLASS_NET || err == HWS_ERR_CRYPTO ||
			err == HWS_ERR_PROTO || err == HWS_ERR_TOOBIG;
}

bool api_connect_other(struct api_session_loop *e)
{
	bool of_the_way = is_of_the_way(e->end_err) || hws_viewer_met_stranger(e->viewer);

	if (e->end_local || !of_the_way || !api_connect_reject(e->way, e->end_err))
		return false;
	/* of several the one that warns */
	if (!e->rejected.code || (e->end_err == HWS_ERR_KEY && e->rejected.code != HWS_ERR_KEY))
		hws_error_set(&e->rejected, e->end_err, "%s", e->end_text);
	return true;
}

void api_connect_start(struct api_session_loop *e)
{
	struct hws_error err = { 0 };
	int r;

	api_connect_cancel(e);
	api_why_forget(e);
	e->rejected = (struct hws_error){ 0 };
	r = api_connect_reach(e, on_link, e, &e->way, &err);
	if (r < 0)
		api_session_loop_end(e, r, err.text[0] ? err.text : hws_err_text(r), NULL);
}

void api_connect_cancel(struct api_session_loop *e)
{
	api_connect_drop(e->way);
	e->way = NULL;
}
