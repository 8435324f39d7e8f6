/* What a session may do: what the owner has set, less what the rendezvous server denies, and over
 * both what the person at the host has said of this one session. A change goes to the agent first:
 * the gate, which holds what a stranger sent, might keep it to itself. */
#include "client/host/host_session.h"
#include "shared/base/log.h"
#include "shared/wire/clip_way.h"
#include "shared/wire/permission.h"
#include "shared/wire/session_kind.h"
#include "shared/wire/session_rights.h"

/* What this host can do so far: viewers hide what is denied, instead of offering what will not
 * happen. */
#define SERVED                                                                                     \
	(HWS_NEED(HWS_PERM_KEYBOARD) | HWS_NEED(HWS_PERM_CLIPBOARD) |                              \
			HWS_NEED(HWS_PERM_RECORDING) | HWS_NEED(HWS_PERM_FILE) |                   \
			HWS_NEED(HWS_PERM_TERMINAL) | HWS_NEED(HWS_PERM_TUNNEL) |                  \
			HWS_NEED(HWS_PERM_REMOTE_PRINTER) | HWS_NEED(HWS_PERM_RESTART) |           \
			HWS_NEED(HWS_PERM_CAMERA) | HWS_NEED(HWS_PERM_BLOCK_INPUT) |               \
			HWS_NEED(HWS_PERM_PRIVACY_MODE) | HWS_NEED(HWS_PERM_AUDIO))

uint32_t hws_session_permitted(const struct hws_host_session *v)
{
	uint32_t set = hws_settings_permissions(v->env->settings, v->control_permissions);

	set = ((set | v->local_on) & ~v->local_off) & SERVED;
	return v->open ? hws_kind_permissions(v->login.kind, set) : set;
}

unsigned hws_session_clip_shut(const struct hws_host_session *v)
{
	const struct hws_settings *s = v->env->settings;

	return (hws_settings_clip_to_host(s) ? 0 : HWS_CLIP_TO_HOST) |
			(hws_settings_clip_from_host(s) ? 0 : HWS_CLIP_FROM_HOST);
}

static int tell_gate(struct hws_host_session *v)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__GateControl c = AGT__GATE_CONTROL__INIT;

	c.set_permissions = true;
	c.permissions = v->permissions;
	c.clip_shut = v->clip_shut;
	m.union_case = AGT__MESSAGE__UNION_GATE_CONTROL;
	m.gate_control = &c;
	return hws_ipc_send(v->ipc, &m, -1);
}

void hws_session_reduce(struct hws_host_session *v)
{
	v->permissions = hws_session_permitted(v);
	if (v->local_off && tell_gate(v) < 0)
		hws_debug("session.gate_gone"); /* what is told next ends it */
}

void hws_host_session_set_permissions(struct hws_host_session *v)
{
	uint32_t now = hws_session_permitted(v);
	unsigned shut = hws_session_clip_shut(v);
	const char *text = v->open ? hws_judge_kind_refusal(v->login.kind, now) : NULL;

	if (now == v->permissions && shut == v->clip_shut)
		return;
	v->permissions = now;
	v->clip_shut = shut;
	if (!v->begun) /* the start will tell */
		return;
	if (text) { /* nothing is left that it could be for */
		hws_host_session_kick(v, text);
		return;
	}
	if (v->open) /* first: its gate might keep it to itself */
		hws_agents_permit(v->env->agents, v->login.kind, v->conn, now);
	if (tell_gate(v) < 0)
		hws_host_session_close(v, HWS_ERR_CLOSED);
}

void hws_host_session_doubt(struct hws_host_session *v)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__GateControl c = AGT__GATE_CONTROL__INIT;

	if (v->leaving || !v->begun)
		return;
	c.prove_alive = true;
	m.union_case = AGT__MESSAGE__UNION_GATE_CONTROL;
	m.gate_control = &c;
	hws_session_tell(v, &m, -1);
}

int hws_host_session_permit(struct hws_host_session *v, uint32_t on, uint32_t off)
{
	if ((on | off) & ~(uint32_t)SERVED)
		return HWS_ERR_UNSUPPORTED;
	v->local_on = (v->local_on | on) & ~off;
	v->local_off = (v->local_off | off) & ~on;
	hws_info("session.permissions", HWS_U64("conn", v->conn), HWS_U64("on", on),
			HWS_U64("off", off));
	hws_host_session_set_permissions(v);
	return HWS_OK;
}
