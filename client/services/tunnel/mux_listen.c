/* Listeners of the mux (ssh's -R): the viewer asks the host for one, the host opens a stream for
 * each connection that it takes. Numbers are those of who asks. */
#include "client/services/tunnel/mux.h"
#include "client/services/tunnel/mux_parts.h"
#include <string.h>

#define CODE(name) SES__TUNNEL_CODE__TUNNEL_CODE_##name

struct mux_listener *hws_mux_find_listener(struct hws_mux *m, uint32_t id, bool ours)
{
	for (size_t i = 0; id && i < HWS_MUX_LISTENERS_MAX; i++)
		if (m->listener[i].id == id && m->listener[i].ours == ours)
			return &m->listener[i];
	return NULL;
}

static struct mux_listener *free_place(struct hws_mux *m)
{
	for (size_t i = 0; i < HWS_MUX_LISTENERS_MAX; i++)
		if (!m->listener[i].id)
			return &m->listener[i];
	return NULL;
}

static void send_listening(struct hws_mux *m, uint32_t id, Ses__TunnelCode code, const char *text,
		const char *address, uint16_t port)
{
	Ses__Tunnel t = SES__TUNNEL__INIT;
	Ses__TunnelListening l = SES__TUNNEL_LISTENING__INIT;

	l.listener = id;
	l.code = code;
	l.text = (char *)(uintptr_t)(text ? text : "");
	l.address = (char *)(uintptr_t)(address ? address : "");
	l.port = port;
	t.union_case = SES__TUNNEL__UNION_LISTENING;
	t.listening = &l;
	hws_mux_send(m, &t);
}

/* --- ours ------------------------------------------------------------------------------------- */

int hws_mux_listen(struct hws_mux *m, uint32_t listener, const char *address, uint16_t port)
{
	Ses__Tunnel t = SES__TUNNEL__INIT;
	Ses__TunnelListen l = SES__TUNNEL_LISTEN__INIT;
	struct mux_listener *place = free_place(m);

	if (!listener ||
			(*address &&
					!hws_mux_target_ok(address,
							SES__TUNNEL_KIND__TUNNEL_KIND_TCP)))
		return HWS_ERR_INVAL;
	if (hws_mux_find_listener(m, listener, true))
		return HWS_ERR_EXISTS;
	if (!place)
		return HWS_ERR_FULL;
	*place = (struct mux_listener){ listener, true };
	l.listener = listener;
	l.address = (char *)(uintptr_t)address;
	l.port = port;
	t.union_case = SES__TUNNEL__UNION_LISTEN;
	t.listen = &l;
	hws_mux_send(m, &t);
	return HWS_OK;
}

void hws_mux_unlisten(struct hws_mux *m, uint32_t listener)
{
	Ses__Tunnel t = SES__TUNNEL__INIT;
	Ses__TunnelUnlisten u = SES__TUNNEL_UNLISTEN__INIT;
	struct mux_listener *l = hws_mux_find_listener(m, listener, true);

	if (!l)
		return;
	l->id = 0;
	u.listener = listener;
	t.union_case = SES__TUNNEL__UNION_UNLISTEN;
	t.unlisten = &u;
	hws_mux_send(m, &t);
}

void hws_mux_on_listening(struct hws_mux *m, const Ses__TunnelListening *a)
{
	struct mux_listener *l = hws_mux_find_listener(m, a->listener, true);
	char text[HWS_MUX_TEXT_MAX + 1];

	if (!l || a->port > UINT16_MAX || strlen(a->address) > HWS_MUX_HOST_MAX)
		return;
	Ses__TunnelCode code = hws_mux_code(a->code);
	if (code != CODE(OK))
		l->id = 0;
	if (m->conf.on_listening)
		m->conf.on_listening(m, a->listener, code, hws_mux_text(a->text, text), a->address,
				(uint16_t)a->port, m->conf.arg);
}

/* --- theirs ----------------------------------------------------------------------------------- */

void hws_mux_on_listen(struct hws_mux *m, const Ses__TunnelListen *l)
{
	struct mux_listener *place = free_place(m);

	if (!l->listener || hws_mux_find_listener(m, l->listener, false))
		return; /* an answer would be taken for that of another */
	if (!m->conf.on_listen || l->port > UINT16_MAX ||
			(*l->address &&
					!hws_mux_target_ok(l->address,
							SES__TUNNEL_KIND__TUNNEL_KIND_TCP)))
		send_listening(m, l->listener, CODE(PROTOCOL), "nobody can listen there", "", 0);
	else if (!place)
		send_listening(m, l->listener, CODE(FULL), "too many listeners in one session", "",
				0);
	else {
		*place = (struct mux_listener){ l->listener, false };
		m->conf.on_listen(m, l->listener, l->address, (uint16_t)l->port, m->conf.arg);
	}
}

void hws_mux_on_unlisten(struct hws_mux *m, const Ses__TunnelUnlisten *u)
{
	struct mux_listener *l = hws_mux_find_listener(m, u->listener, false);

	if (!l)
		return;
	l->id = 0;
	m->conf.on_unlisten(m, u->listener, m->conf.arg);
}

void hws_mux_listening(struct hws_mux *m, uint32_t listener, Ses__TunnelCode code, const char *text,
		const char *address, uint16_t port)
{
	struct mux_listener *l = hws_mux_find_listener(m, listener, false);

	if (!l)
		return;
	if (code != CODE(OK))
		l->id = 0;
	send_listening(m, listener, code, text, address, port);
}
