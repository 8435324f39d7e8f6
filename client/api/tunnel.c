/* Tunnels as the embedder has them: its calls become forwards of the view, and what the view tells
 * becomes events. */
#include "client/api/tunnel.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include <stdio.h>
#include <string.h>

#define NOT_ENCRYPTED                                                                              \
	"this host forwards by the RustDesk 1.x scheme: each connection is a session of its own, " \
	"and is not encrypted after its login"

static struct hws_tunnel_view *view_of(struct api_session_loop *e)
{
	return hws_tunnel_view_of(e->service[HWS_SERVICE_TUNNEL]);
}

/* --- events ----------------------------------------------------------------------------------- */

static void push(struct api_session_loop *e, struct hawser_tunnel_event *t)
{
	struct api_event *ev = api_event_new(e->s, HAWSER_EVENT_TUNNEL);

	if (!ev)
		return;
	t->size = sizeof(*t);
	t->address = api_event_text(ev, t->address);
	t->from = api_event_text(ev, t->from);
	t->target = api_event_text(ev, t->target);
	t->code = api_event_text(ev, t->code ? t->code : "ok");
	t->text = api_event_text(ev, t->text);
	ev->ev.u.tunnel = api_event_bytes(ev, t, sizeof(*t));
	if (ev->ev.u.tunnel)
		api_report_push(e, ev);
	else
		api_event_free(ev);
}

void api_tunnel_tell(struct api_session_loop *e, enum hawser_tunnel_event_type type,
		const struct hws_tunnel_told *t)
{
	push(e,
			&(struct hawser_tunnel_event){ .type = type,
					.forward = t->forward,
					.connection = t->number,
					.from = t->from,
					.target = t->target,
					.error = t->err,
					.code = t->code,
					.text = t->text,
					.bytes_in = t->bytes_in,
					.bytes_out = t->bytes_out });
}

static void on_listening(uint32_t forward, int err, const char *text, uint16_t port, void *arg)
{
	push(arg,
			&(struct hawser_tunnel_event){ .type = err < 0 ? HAWSER_TUNNEL_FAILED
								       : HAWSER_TUNNEL_LISTENING,
					.forward = forward,
					.error = err,
					.code = err < 0 ? "failed" : "ok",
					.address = err < 0 ? "" : text,
					.port = port,
					.text = err < 0 ? text : "" });
}

static void on_opened(const struct hws_tunnel_told *t, void *arg)
{
	api_tunnel_tell(arg, HAWSER_TUNNEL_OPENED, t);
}

static void on_closed(const struct hws_tunnel_told *t, void *arg)
{
	api_tunnel_tell(arg, HAWSER_TUNNEL_CLOSED, t);
}

static void on_broken(int err, void *arg)
{
	api_session_loop_end(arg, err,
			err == HWS_ERR_PROTO
					? "the host broke the rules of tunnels; it is no sound host"
					: "the tunnels' link could not go on",
			NULL);
}

/* --- life ------------------------------------------------------------------------------------- */

int api_tunnel_new(struct api_session_loop *e, const struct api_session_loop_conf *conf,
		struct hws_service **ret)
{
	const struct hawser_tunnel_config *c = conf->kind_arg;
	struct hws_tunnel_view *tv;
	int r;

	e->tunnel = hws_alloc(sizeof(*e->tunnel));
	if (!e->tunnel)
		return HWS_ERR_NOMEM;
	hws_list_init(&e->tunnel->raws);
	hws_list_init(&e->tunnel->dead);
	r = hws_tunnel_view_new(&(struct hws_tunnel_view_conf){ .loop = e->ctx->loop,
						.work = e->ctx->work,
						.idle_us = c ? c->idle_s * 1000000ull : 0,
						.on_listening = on_listening,
						.on_opened = on_opened,
						.on_closed = on_closed,
						.raw_open = api_raw_open,
						.raw_room = api_raw_room,
						.on_broken = on_broken,
						.arg = e },
			&tv);
	if (r == HWS_OK)
		*ret = hws_tunnel_view_service(tv);
	return r;
}

void api_tunnel_end(struct api_session_loop *e)
{
	if (!e->tunnel)
		return;
	api_raw_end_all(e, "the session has ended");
	hws_tunnel_view_stop(view_of(e));
}

void api_tunnel_free(struct api_session_loop *e)
{
	hws_free(e->tunnel);
	e->tunnel = NULL;
}

static void say_one_by_one(void *arg)
{
	struct api_session_loop *e = arg;

	if (e->closing)
		return;
	push(e,
			&(struct hawser_tunnel_event){
					.type = HAWSER_TUNNEL_ONE_BY_ONE, .text = NOT_ENCRYPTED });
	hws_tunnel_view_set_raw(view_of(e));
}

void api_tunnel_one_by_one(void *arg)
{
	api_session_loop_rest(
			arg, "ready: each connection will be a session of its own", say_one_by_one);
}

/* --- the embedder's calls --------------------------------------------------------------------- */

int hawser_tunnel_open(hawser_context *ctx, const struct hawser_link_config *link,
		const struct hawser_tunnel_config *config, hawser_session **ret)
{
	struct hawser_tunnel_config c = HAWSER_TUNNEL_CONFIG_INIT;

	if (config)
		memcpy(&c, config, HWS_MIN(config->size, sizeof(c)));
	return api_session_open(ctx, link,
			&(struct hws_session_wish){ .kind = HWS_KIND_FORWARD, .rdp = c.rdp }, NULL,
			&c, ret);
}

struct add {
	struct hws_forward f;
	char address[64], host[256];
};

static void do_add(struct api_session_loop *e, const struct api_command *c)
{
	const struct add *a = (const void *)c->data;
	struct hws_forward f = a->f;
	int r;

	f.address = a->address;
	f.host = a->host;
	r = hws_tunnel_view_add(view_of(e), &f);
	if (r < 0)
		on_listening(f.id, r,
				r == HWS_ERR_FULL ? "there are as many forwards as there can be"
						  : hws_err_text(r),
				0, e);
}

static bool is_address(const char *text)
{
	struct sockaddr_storage a;

	return !*text || strcmp(text, "*") == 0 || strcmp(text, "localhost") == 0 ||
			hws_addr_parse(text, 1, &a) == HWS_OK;
}

/* Names go to the other end as they are, which takes printable ASCII. */
static bool is_host(const char *text)
{
	for (const char *p = text; *p; p++)
		if (*p <= 0x20 || *p >= 0x7f)
			return false;
	return true;
}

static int check(const struct hawser_forward *f, struct add *a)
{
	if ((unsigned)f->kind > HAWSER_FORWARD_REMOTE)
		return api_fail(HAWSER_ERR_INVAL, "there is no such kind of forward");
	if (hws_str_copy(a->address, sizeof(a->address), f->address ? f->address : "") < 0 ||
			(f->kind != HAWSER_FORWARD_REMOTE && !is_address(a->address)) ||
			!is_host(a->address))
		return api_fail(HAWSER_ERR_INVAL,
				"\"%.60s\" is no address to listen at: give an IP address, "
				"localhost or *",
				f->address);
	if (f->kind == HAWSER_FORWARD_DYNAMIC)
		return HAWSER_OK;
	if (hws_str_copy(a->host, sizeof(a->host), f->target_host ? f->target_host : "") < 0 ||
			!is_host(a->host))
		return api_fail(HAWSER_ERR_INVAL, "\"%.60s\" is no host to connect to",
				f->target_host);
	if (!f->target_port)
		return api_fail(HAWSER_ERR_INVAL, "a port to connect to is 1 to 65535");
	return HAWSER_OK;
}

_Static_assert((int)HAWSER_FORWARD_LOCAL == (int)HWS_FORWARD_LOCAL &&
				(int)HAWSER_FORWARD_UDP == (int)HWS_FORWARD_UDP &&
				(int)HAWSER_FORWARD_DYNAMIC == (int)HWS_FORWARD_DYNAMIC &&
				(int)HAWSER_FORWARD_REMOTE == (int)HWS_FORWARD_REMOTE,
		"public numbers are those inside");

int hawser_tunnel_add(hawser_session *s, const struct hawser_forward *forward, uint32_t *ret_id)
{
	struct hawser_forward f = HAWSER_FORWARD_INIT;
	struct add a = { 0 };
	int r = api_need_kind(s, HWS_KIND_FORWARD);

	if (r < 0)
		return r;
	memcpy(&f, forward, HWS_MIN(forward->size, sizeof(f)));
	r = check(&f, &a);
	if (r < 0)
		return r;
	a.f = (struct hws_forward){ .id = ++s->forwards,
		.kind = (enum hws_forward_kind)f.kind,
		.port = f.port,
		.target_port = f.target_port };
	if (ret_id)
		*ret_id = a.f.id;
	return api_post(s,
			&(struct api_command){
					.fn = do_add, .size = sizeof(a), .data = (char *)&a });
}

static void do_remove(struct api_session_loop *e, const struct api_command *c)
{
	if (hws_tunnel_view_remove(view_of(e), (uint32_t)c->a) < 0)
		return; /* it has failed meanwhile */
}

int hawser_tunnel_remove(hawser_session *s, uint32_t id)
{
	int r = api_need_kind(s, HWS_KIND_FORWARD);

	return r < 0 ? r : api_post(s, &(struct api_command){ .fn = do_remove, .a = id });
}
