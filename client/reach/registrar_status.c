/* reach/registrar: what others ask of it, by which way it goes first of all. */
#include "client/reach/registrar_parts.h"

bool hws_registrar_uses_udp(const struct hws_registrar *r)
{
	return !hws_server_addr_needs_relay(&r->server_addr) && !r->conf.no_udp;
}

enum hws_registrar_state hws_registrar_state(const struct hws_registrar *r)
{
	return r->state;
}

bool hws_registrar_proven(const struct hws_registrar *r)
{
	return hws_server_proof_required(&r->proof);
}

bool hws_registrar_udp_blocked(const struct hws_registrar *r)
{
	return hws_registrar_uses_udp(r) && r->linked;
}

const struct hws_server_addr *hws_registrar_way(const struct hws_registrar *r)
{
	return r->linked && r->by_web ? &r->web_addr : &r->server_addr;
}

const char *hws_registrar_transport(const struct hws_registrar *r)
{
	if (r->state != HWS_REGISTRAR_REGISTERED)
		return "";
	if (!r->linked)
		return "udp";
	if (!hws_registrar_way(r)->ws)
		return "tcp";
	return hws_registrar_way(r)->tls ? "wss" : "ws";
}
