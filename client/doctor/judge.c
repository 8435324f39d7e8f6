/* What a person needs to know: one finding for each thing that can be opened or changed. A port
 * that nobody misses is no fault. */
#include "client/doctor/judge.h"
#include "shared/base/err.h"
#include "shared/base/macros.h"
#include "shared/daemon/findings.h"
#include "shared/net/addr.h"
#include <stdio.h>
#include <stdlib.h>

#define CLOCK_LOOK_MS 30000
#define CLOCK_BAD_MS 300000
#define WEB_PORT 443

static bool good(const struct hws_doctor_try *t)
{
	return t->state == HWS_DOCTOR_GOOD;
}

static bool tried(const struct hws_doctor_try *t)
{
	return t->state != HWS_DOCTOR_UNTRIED;
}

/* A test that was still running when time was up has failed by that. */
static const char *why(const struct hws_doctor_try *t)
{
	return hws_err_text(t->state == HWS_DOCTOR_RUNS ? HWS_ERR_TIMEOUT : t->why);
}

/* Somebody answered, and said no. */
static bool is_refused(const struct hws_doctor_try *t)
{
	return t->state == HWS_DOCTOR_FAILED && t->why == HWS_ERR_REFUSED;
}

static const char *port_name(char buf[16], const char *kind, unsigned port)
{
	snprintf(buf, 16, "%s %u", kind, port);
	return buf;
}

static bool server_by_web(const struct hws_doctor_facts *f)
{
	return good(&f->ws) || good(&f->wss);
}

static bool relay_by_web(const struct hws_doctor_facts *f)
{
	return good(&f->relay_ws) || good(&f->relay_wss);
}

static void judge_name(const struct hws_doctor_facts *f, json_t *list)
{
	if (!good(&f->name) && f->name.why == HWS_ERR_NOTFOUND)
		hws_findings_add(list, "name", HWS_FOUND_BAD,
				"ask whoever gave you the name where the server is now",
				"the SRV record of %s says that there is no such server", f->host);
	else if (!good(&f->name))
		hws_findings_add(list, "name", HWS_FOUND_BAD,
				"check the name, and this machine's DNS (/etc/resolv.conf)",
				"%s cannot be resolved: %s", f->host, why(&f->name));
	else if (*f->domain)
		hws_findings_add(list, "name", HWS_FOUND_GOOD, "",
				"%s names %s port %u (SRV), with %u IPv4 and %u IPv6 addresses",
				f->domain, f->host, f->port, f->count4, f->count6);
	else if (!f->is_literal)
		hws_findings_add(list, "name", HWS_FOUND_GOOD, "",
				"%s has %u IPv4 and %u IPv6 addresses; found in %u ms", f->host,
				f->count4, f->count6, f->name.ms);
}

/* What answers is neither server nor relay, but wants to be looked at. True: that is the whole
 * cause, and advice about ports, keys and relays would lead astray before it is mended. */
static bool judge_portal(const struct hws_doctor_facts *f, json_t *list)
{
	/* not that of TLS: many a name has a web server that knows nothing of us */
	const struct hws_doctor_try *const all[] = { &f->tcp, &f->tcp_nat, &f->ws };

	for (size_t i = 0; i < HWS_COUNT(all); i++) {
		if (all[i]->state != HWS_DOCTOR_FAILED || all[i]->why != HWS_ERR_PORTAL)
			continue;
		hws_findings_add(list, "network", HWS_FOUND_BAD,
				"open any web page and sign in, or accept the terms, there",
				"a web page answers in the server's place: this network wants a "
				"sign-in first, or a web server has that port");
		return !good(&f->tcp) && !server_by_web(f) && !good(&f->proxy);
	}
	return false;
}

/* --- TCP -------------------------------------------------------------------------------------- */

static void judge_main(const struct hws_doctor_facts *f, json_t *list)
{
	char name[16];

	port_name(name, "TCP", f->port);
	if (good(&f->tcp))
		hws_findings_add(list, name, HWS_FOUND_GOOD, "",
				"connection requests: the server answers in %u ms", f->tcp.ms);
	else if (server_by_web(f))
		hws_findings_add(list, name, HWS_FOUND_LOOK,
				"let this port out: by the web hosts are met at the relay only",
				"connection requests: %s; by the web the server is reached",
				why(&f->tcp));
	else if (good(&f->proxy))
		hws_findings_add(list, name, HWS_FOUND_LOOK,
				"let this port out: through a proxy hosts are met at the relay "
				"only",
				"connection requests: %s; through the proxy the server is reached",
				why(&f->tcp));
	else
		hws_findings_add(list, name, HWS_FOUND_BAD,
				is_refused(&f->tcp)
						? "does the server run there, and on this port? If "
						  "so, a firewall refuses: let the port out, or TCP "
						  "443 to a web server in front "
						  "(docs/operate-proxies.md)"
						: "let this port out, or TCP 443 to a web server "
						  "in front (docs/operate-proxies.md); does the "
						  "server run there?",
				"connection requests: %s; until it answers, key and time are not "
				"tested",
				why(&f->tcp));
}

static void judge_nat_port(const struct hws_doctor_facts *f, json_t *list)
{
	char name[16];

	if (!tried(&f->tcp_nat) || !good(&f->tcp))
		return; /* what is wrong is said already */
	port_name(name, "TCP", f->port - 1u);
	if (good(&f->tcp_nat))
		hws_findings_add(list, name, HWS_FOUND_GOOD, "", "NAT test: answers in %u ms",
				f->tcp_nat.ms);
	else
		hws_findings_add(list, name, HWS_FOUND_LOOK,
				"let this port out: without it nobody knows this network's NAT, "
				"and direct connections are tried in vain or not at all",
				"NAT test: %s", why(&f->tcp_nat));
}

static void judge_web(const struct hws_doctor_facts *f, json_t *list)
{
	const char *how = f->by_web ? "as 'server' names it" : "WebSockets in TLS";
	bool needed = !good(&f->tcp) || !good(&f->relay);
	char name[16];

	if (!tried(&f->ws))
		return;
	port_name(name, "TCP", f->port + 2u);
	if (good(&f->ws) && good(&f->relay_ws))
		hws_findings_add(list, name, HWS_FOUND_GOOD, "",
				"WebSockets: server and relay (TCP %u) answer", f->port + 3u);
	else if (needed)
		hws_findings_add(list, name, HWS_FOUND_LOOK,
				"only where the ports above stay closed",
				"WebSockets: server: %s; relay (TCP %u): %s",
				good(&f->ws) ? "answers" : why(&f->ws), f->port + 3u,
				good(&f->relay_ws) ? "answers" : why(&f->relay_ws));
	port_name(name, "TCP", WEB_PORT);
	if (good(&f->wss) && good(&f->relay_wss))
		hws_findings_add(list, f->by_web ? "web" : name, HWS_FOUND_GOOD, "",
				"%s: server and relay answer: networks that let out nothing else "
				"are served",
				how);
	else if ((needed && tried(&f->wss)) || f->by_web)
		hws_findings_add(list, f->by_web ? "web" : name,
				f->by_web ? HWS_FOUND_BAD : HWS_FOUND_LOOK,
				"a web server in front of the server can pass /ws/id and /ws/relay "
				"on (docs/operate-proxies.md)",
				"%s: server: %s; relay: %s", how,
				good(&f->wss) ? "answers" : why(&f->wss),
				good(&f->relay_wss) ? "answers" : why(&f->relay_wss));
}

/* --- the relay -------------------------------------------------------------------------------- */

static void judge_relay(const struct hws_doctor_facts *f, json_t *list)
{
	if (!tried(&f->relay))
		return;
	if (good(&f->pair))
		hws_findings_add(list, "relay", HWS_FOUND_GOOD, "",
				"%s relays; there and back within itself in %u ms", f->relay_name,
				f->pair.ms);
	else if (good(&f->relay) && !f->pair_agreed &&
			(f->pair.why == HWS_ERR_EOF || f->pair.why == HWS_ERR_RESET))
		hws_findings_add(list, "relay", HWS_FOUND_LOOK, "",
				"%s takes connections, but no pair that its server did not agree to, and "
				"no other could be had: %s",
				f->relay_name,
				f->is_hawser ? "the key was not shown"
					     : "that takes a hawser server");
	else if (good(&f->relay))
		hws_findings_add(list, "relay", HWS_FOUND_BAD,
				"does it run with this server's key, and does the server name the right "
				"relay? Its log says why it closes",
				"%s takes connections, but does not relay: %s", f->relay_name,
				why(&f->pair));
	else if (relay_by_web(f))
		hws_findings_add(list, "relay", HWS_FOUND_LOOK,
				"let its port out (TCP 21117 where none is named): relayed sessions "
				"go faster by it",
				"%s: %s; by the web a relay is reached", f->relay_name,
				why(&f->relay));
	else
		hws_findings_add(list, "relay", HWS_FOUND_BAD,
				"let its port out (TCP 21117 where none is named): where no direct "
				"way is found there is no session without it. Does it run?",
				"%s: %s", f->relay_name, why(&f->relay));
}

/* --- key, time, proxy ------------------------------------------------------------------------- */

static void judge_key(const struct hws_doctor_facts *f, json_t *list)
{
	bool another = tried(&f->key) && f->key.why == HWS_ERR_KEY;

	if (!tried(&f->key_try) || (!good(&f->tcp) && !another && !good(&f->key)))
		return;
	if (f->key.why == HWS_ERR_INVAL && f->has_key)
		hws_findings_add(list, "key", HWS_FOUND_BAD,
				"take the one that 'hawser-rendezvous key' prints on the server",
				"the configured key is none: 32 bytes in base64");
	else if (another || f->key_refused)
		hws_findings_add(list, "key", HWS_FOUND_BAD,
				"take the one that 'hawser-rendezvous key' prints on the server",
				f->has_key ? "the server has another key than the configured one"
					   : "this server serves only who has its key, and none is "
					     "configured");
	else if (good(&f->key))
		hws_findings_add(list, "key", HWS_FOUND_GOOD, "",
				"the server proves that it has the configured key");
	else if (f->has_key)
		hws_findings_add(list, "key", HWS_FOUND_LOOK,
				"a hawser server proves its key; of others only the answers are "
				"signed",
				"the server takes the configured key, but proves nothing: %s",
				f->key.why == HWS_ERR_UNSUPPORTED ? "it offers no encryption"
								  : why(&f->key));
	else
		hws_findings_add(list, "key", HWS_FOUND_LOOK,
				"set 'key' to what 'hawser-rendezvous key' prints on the server",
				"none is configured: whoever answers in the server's name is "
				"believed");
}

static void judge_time(const struct hws_doctor_facts *f, json_t *list)
{
	long long apart = llabs((long long)f->clock_ahead_ms);

	if (!f->has_time) {
		if (good(&f->tcp))
			hws_findings_add(list, "time", HWS_FOUND_GOOD, "",
					"not compared: that takes a hawser server");
		return;
	}
	if (apart <= CLOCK_LOOK_MS)
		hws_findings_add(list, "time", HWS_FOUND_GOOD, "",
				"this clock and the server's are %.1f s apart",
				(double)apart / 1000);
	else
		hws_findings_add(list, "time",
				apart > CLOCK_BAD_MS ? HWS_FOUND_BAD : HWS_FOUND_LOOK,
				"timedatectl set-ntp true, on the machine that is wrong: "
				"certificates and codes of two-factor logins need the right time",
				"this clock is %.0f s %s the server's", (double)apart / 1000,
				f->clock_ahead_ms > 0 ? "ahead of" : "behind");
}

static void judge_proxy(const struct hws_doctor_facts *f, json_t *list)
{
	if (f->has_proxy && good(&f->proxy))
		hws_findings_add(list, "proxy", HWS_FOUND_LOOK,
				good(&f->tcp) ? "take 'proxy-url' out of the settings: the server is "
						"reached without it, and hosts then directly"
					      : "",
				"'proxy-url' leads to the server; hosts are met at the relay only");
	else if (f->has_proxy)
		hws_findings_add(list, "proxy", HWS_FOUND_BAD,
				"check 'proxy-url', and whether the proxy permits connections "
				"(CONNECT) to the server's ports",
				"'proxy-url' does not lead to the server: %s", why(&f->proxy));
	else if (*f->env_proxy && !good(&f->tcp))
		hws_findings_add(list, "proxy", HWS_FOUND_LOOK, "set 'proxy-url' to the same",
				"the environment names one (%s), which is not heeded here",
				f->env_proxy);
}

void hws_doctor_judge(const struct hws_doctor_facts *f, json_t *list)
{
	judge_name(f, list);
	if (good(&f->name) && judge_portal(f, list))
		return;
	judge_proxy(f, list);
	if (!good(&f->name))
		return;
	judge_main(f, list);
	judge_nat_port(f, list);
	judge_relay(f, list);
	judge_web(f, list);
	judge_key(f, list);
	judge_time(f, list);
	hws_doctor_judge_udp(f, list);
}
