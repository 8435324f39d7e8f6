/* The one connection of a deployed viewer: it is opened before the viewer is let in, and from then
 * on its bytes go by a pair of sockets to the gate, which has nothing else of the network. The
 * limits are those of deployed hosts. */
#include "client/services/tunnel/mux_parts.h"
#include "client/services/tunnel/tunnel_host_parts.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/net/pump.h"
#include "shared/sys/local_socket.h"
#include <unistd.h>

#define RDP_PORT 3389
#define TEXT_MAX 512u
#define CODE HWS_TUNNEL_CODE

struct tunnel_raw {
	struct tunnel_session *s;
	char host[HWS_MUX_HOST_MAX + 1];
	uint16_t port;
	char shown[HWS_TUNNEL_NAME]; /* as the viewer is told of it */
	char name[HWS_TUNNEL_NAME];
	char second[HWS_ADDR_TEXT + 32];
	struct sockaddr_storage address;
	struct hws_target_dial *dial;
	struct hws_pump *pump;
};

static void free_raw(struct tunnel_raw *r)
{
	r->s->raw = NULL;
	hws_target_dial_cancel(r->dial);
	hws_free(r);
}

static void tell_closed(struct tunnel_raw *r, int why)
{
	hws_tunnel_tell(r->s, "tunnel.closed", r->name, r->second,
			hws_pump_forth(r->pump) + hws_pump_back(r->pump), why);
}

static void on_end(struct hws_pump *p HWS_UNUSED, int why, void *arg)
{
	struct tunnel_raw *r = arg;

	tell_closed(r, why); /* the gate sees the end of its socket */
	free_raw(r);
}

void hws_tunnel_raw_close(struct tunnel_session *s)
{
	struct tunnel_raw *r = s->raw;

	if (!r)
		return;
	if (r->pump)
		tell_closed(r, HWS_ERR_CANCELED);
	hws_pump_close(r->pump);
	free_raw(r);
}

void hws_tunnel_raw_judge_again(struct tunnel_session *s)
{
	const struct hws_targets *t = s->h->targets;
	struct tunnel_raw *r = s->raw;

	if (r && r->pump &&
			(!t ||
					!hws_targets_allow(t, SES__TUNNEL_KIND__TUNNEL_KIND_TCP,
							r->host, &r->address)))
		hws_tunnel_raw_close(s);
}

/* --- the login -------------------------------------------------------------------------------- */

static void refuse(struct tunnel_raw *r, Ses__TunnelCode code)
{
	struct tunnel_session *s = r->s;
	char text[TEXT_MAX];

	hws_tunnel_tell_refused(s, r->name, code, "tunnel-targets");
	if (code == CODE(FORBIDDEN))
		hws_tunnel_why(code, r->name, text, sizeof(text));
	else if (hws_fmt(text, sizeof(text),
				 "Failed to access remote %s. Please make sure it is "
				 "reachable/open.",
				 r->shown) < 0)
		text[0] = 0;
	free_raw(r);
	s->v->opened(s->v, *text ? text : "The tunnel could not be opened", -1);
}

static void on_dialed(const struct hws_target_result *res, void *arg)
{
	struct tunnel_raw *r = arg;
	struct tunnel_session *s = r->s;
	const struct hws_pump_conf conf = { .loop = s->h->env.loop,
		.idle_us = HWS_TUNNEL_IDLE_US,
		.stall_us = HWS_TUNNEL_STALL_US,
		.half_us = HWS_PUMP_HALF_US,
		.on_end = on_end,
		.arg = r };
	struct hws_stream *inner;
	int fd[2];

	r->dial = NULL;
	if (res->code != CODE(OK)) {
		refuse(r, res->code);
		return;
	}
	r->address = res->address;
	char text[HWS_ADDR_TEXT];
	if (hws_fmt(r->second, sizeof(r->second), "%s, in plaintext",
			    hws_addr_text(&r->address, text, sizeof(text))) < 0 ||
			hws_local_pair(fd) < 0) {
		hws_stream_close(res->stream);
		refuse(r, CODE(FAILED));
		return;
	}
	if (hws_stream_tcp_new(s->h->env.loop, fd[0], &inner) < 0) {
		hws_stream_close(res->stream);
		close(fd[0]);
		close(fd[1]);
		refuse(r, CODE(FAILED));
		return;
	}
	if (hws_pump_new(&conf, inner, res->stream, (struct hws_bytes){ 0 }, &r->pump) < 0) {
		close(fd[1]);
		refuse(r, CODE(FAILED));
		return;
	}
	hws_tunnel_tell(s, "tunnel.opened", r->name, r->second, 0, HWS_OK);
	s->v->opened(s->v, NULL, fd[1]);
}

static const struct hws_targets *targets_of(void *arg)
{
	const struct tunnel_raw *r = arg;

	return r->s->h->targets;
}

/* What deployed viewers mean by what they leave out. */
static int read_target(struct tunnel_raw *r, const Ses__PortForward *f)
{
	bool is_rdp = strcmp(f->host, "RDP") == 0 && f->port == 0;
	const char *host = is_rdp || !*f->host ? "localhost" : f->host;
	int32_t port = is_rdp ? RDP_PORT : f->port;

	if (port < 1 || port > UINT16_MAX ||
			!hws_mux_target_ok(host, SES__TUNNEL_KIND__TUNNEL_KIND_TCP))
		return HWS_ERR_INVAL;
	r->port = (uint16_t)port;
	int e = hws_str_copy(r->host, sizeof(r->host), host);
	if (e == HWS_OK)
		e = hws_host_port_join(host, r->port, r->name, sizeof(r->name));
	if (e == HWS_OK)
		e = hws_str_copy(r->shown, sizeof(r->shown), is_rdp ? "RDP" : r->name);
	return e;
}

void hws_tunnel_raw_open(struct tunnel_session *s, const Ses__PortForward *f)
{
	struct tunnel_raw *r = hws_alloc(sizeof(*r));
	const struct hws_target_dial_conf conf = { .loop = s->h->env.loop,
		.work = s->h->env.work,
		.targets = targets_of,
		.done = on_dialed,
		.arg = r,
		.timeout_us = HWS_TUNNEL_RAW_DIAL_US };

	if (!r || read_target(r, f) < 0) {
		hws_free(r);
		s->v->opened(s->v, "There can be no such target: a host and a port from 1 to 65535",
				-1);
		return;
	}
	r->s = s;
	s->raw = r;
	if (hws_target_dial(&conf, SES__TUNNEL_KIND__TUNNEL_KIND_TCP, r->host, r->port, &r->dial) <
			0)
		refuse(r, CODE(FAILED));
}
