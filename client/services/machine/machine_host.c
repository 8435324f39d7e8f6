/* The agent has judged the message by the session's permissions; hostd judges once more, for an
 * agent is one process with a stranger's pictures. What came of it is told by `command`, when it
 * was not done: otherwise the line ends with the machine. */
#include "client/services/machine/machine_host.h"
#include "shared/base/mem.h"

#define BOX_TYPE "custom-nook-nocancel-hasclose"

struct machine_host {
	struct hws_host_service service;
	struct hws_host_env env;
};

static struct machine_host *of(struct hws_host_service *s)
{
	return hws_container(s, struct machine_host, service);
}

static void tell(struct hws_host_viewer *v, const char *text)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__MessageBox box = SES__MESSAGE_BOX__INIT;

	box.msgtype = (char *)BOX_TYPE;
	box.title = (char *)"Restart";
	box.text = (char *)(uintptr_t)text;
	box.link = (char *)"";
	m.union_case = SES__MESSAGE__UNION_MESSAGE_BOX;
	m.message_box = &box;
	hws_host_viewer_tell(v, &m);
}

static bool on_message(struct hws_host_service *s, struct hws_host_viewer *v, const Ses__Message *m)
{
	struct machine_host *h = of(s);

	if (m->union_case != SES__MESSAGE__UNION_MISC ||
			m->misc->union_case != SES__MISC__UNION_RESTART_REMOTE_DEVICE)
		return false;
	if (!h->env.ask_host)
		return false;
	if (h->env.ask_host(v, HWS_ASK_RESTART, (struct hws_bytes){ 0 }, h->env.arg) < 0)
		tell(v, "The host could not be asked to restart.");
	return true;
}

static int on_command(struct hws_host_service *s HWS_UNUSED, struct hws_host_viewer *v,
		const char *text, struct hws_error *err HWS_UNUSED)
{
	tell(v, text);
	return HWS_OK;
}

static void on_viewer(struct hws_host_service *s HWS_UNUSED, struct hws_host_viewer *v HWS_UNUSED)
{
}

static int machine_new(const struct hws_host_env *env, struct hws_host_service **ret)
{
	struct machine_host *h = hws_alloc(sizeof(*h));

	if (!h)
		return HWS_ERR_NOMEM;
	h->service.impl = &hws_machine_host_service;
	h->env = *env;
	*ret = &h->service;
	return HWS_OK;
}

static void machine_free(struct hws_host_service *s)
{
	hws_free(of(s));
}

const struct hws_host_service_impl hws_machine_host_service = {
	.id = HWS_SERVICE_MACHINE,
	.name = "machine",
	.kinds = HWS_KIND_BIT(HWS_KIND_REMOTE),
	.new = machine_new,
	.free = machine_free,
	.join = on_viewer,
	.leave = on_viewer,
	.message = on_message,
	.command = on_command,
};
