/* A viewer that wants to be looked at sends a number of 16 bytes that its own host knows, too. The
 * viewer of this machine shows it there, within ten seconds, and is let in by it. */
#include "client/services/sides/sides_host.h"
#include "client/services/host_viewer.h"
#include "shared/base/mem.h"

#define NUMBER_LEN 16u

struct sides_host {
	struct hws_host_service service;
	struct hws_host_env env;
};

static struct sides_host *of(struct hws_host_service *s)
{
	return hws_container(s, struct sides_host, service);
}

/* A failing check is silent, as at deployed hosts: it is not for a viewer to know which. */
static bool on_message(struct hws_host_service *s, struct hws_host_viewer *v, const Ses__Message *m)
{
	struct sides_host *h = of(s);

	if (m->union_case != SES__MESSAGE__UNION_MISC ||
			m->misc->union_case != SES__MISC__UNION_SWITCH_SIDES_REQUEST)
		return false;
	const ProtobufCBinaryData *uuid = &m->misc->switch_sides_request->uuid;
	if (!h->env.ask_host)
		return false;
	return uuid->len != NUMBER_LEN ||
			h->env.ask_host(v, HWS_ASK_SWITCH, hws_bytes(uuid->data, uuid->len),
					h->env.arg) == HWS_OK;
}

/* That and why nothing came of it. */
static int on_command(struct hws_host_service *s HWS_UNUSED, struct hws_host_viewer *v,
		const char *text, struct hws_error *err HWS_UNUSED)
{
	hws_host_viewer_box(v, HWS_SIDES_TITLE, text);
	return HWS_OK;
}

static void on_viewer(struct hws_host_service *s HWS_UNUSED, struct hws_host_viewer *v HWS_UNUSED)
{
}

static int sides_new(const struct hws_host_env *env, struct hws_host_service **ret)
{
	struct sides_host *h = hws_alloc(sizeof(*h));

	if (!h)
		return HWS_ERR_NOMEM;
	h->service.impl = &hws_sides_host_service;
	h->env = *env;
	*ret = &h->service;
	return HWS_OK;
}

static void sides_free(struct hws_host_service *s)
{
	hws_free(of(s));
}

const struct hws_host_service_impl hws_sides_host_service = {
	.id = HWS_SERVICE_SIDES,
	.name = "sides",
	.kinds = HWS_KIND_BIT(HWS_KIND_REMOTE),
	.new = sides_new,
	.free = sides_free,
	.join = on_viewer,
	.leave = on_viewer,
	.message = on_message,
	.command = on_command,
};
