/* Voice calls at the host: each is declined, or the viewer would ring for ever. */
#include "client/services/call/call_host.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"

static void decline(struct hws_host_viewer *v, const Ses__VoiceCallRequest *q)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__VoiceCallResponse no = SES__VOICE_CALL_RESPONSE__INIT;

	no.req_timestamp = q->req_timestamp;
	no.ack_timestamp = (int64_t)(hws_wall_us() / HWS_US_PER_MS);
	m.union_case = SES__MESSAGE__UNION_VOICE_CALL_RESPONSE;
	m.voice_call_response = &no;
	hws_host_viewer_tell(v, &m);
}

static bool on_message(struct hws_host_service *s HWS_UNUSED, struct hws_host_viewer *v,
		const Ses__Message *m)
{
	if (m->union_case != SES__MESSAGE__UNION_VOICE_CALL_REQUEST)
		return false;
	if (m->voice_call_request->is_connect) /* the end of a call needs no answer */
		decline(v, m->voice_call_request);
	return true;
}

/* Nothing is kept of who rang. */
static void on_viewer(struct hws_host_service *s HWS_UNUSED, struct hws_host_viewer *v HWS_UNUSED)
{
}

static int call_new(const struct hws_host_env *env HWS_UNUSED, struct hws_host_service **ret)
{
	struct hws_host_service *s = hws_alloc(sizeof(*s));

	if (!s)
		return HWS_ERR_NOMEM;
	s->impl = &hws_call_host_service;
	*ret = s;
	return HWS_OK;
}

static void call_free(struct hws_host_service *s)
{
	hws_free(s);
}

const struct hws_host_service_impl hws_call_host_service = {
	.id = HWS_SERVICE_CALL,
	.name = "call",
	.kinds = HWS_KIND_BIT(HWS_KIND_REMOTE) | HWS_KIND_BIT(HWS_KIND_CAMERA),
	.new = call_new,
	.free = call_free,
	.join = on_viewer,
	.leave = on_viewer,
	.message = on_message,
};
