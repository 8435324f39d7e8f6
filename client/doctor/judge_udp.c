/* UDP and NAT, in the terms of RFC 5780: how addresses are mapped is what decides whether two ends
 * can meet; what is let in decides who has to knock first. */
#include "client/doctor/judge.h"
#include "shared/base/err.h"
#include "shared/daemon/findings.h"
#include "shared/net/addr.h"
#include <stdio.h>

#define SHORT_MTU 1280u /* the least of IPv6, which everything of ours fits */

static bool good(const struct hws_doctor_try *t)
{
	return t->state == HWS_DOCTOR_GOOD;
}

/* --- what kind of NAT ------------------------------------------------------------------------- */

static bool same(const struct hws_doctor_seen *a, const struct hws_doctor_seen *b)
{
	return a->port == b->port &&
			(a->at.ss_family == AF_UNSPEC || b->at.ss_family == AF_UNSPEC ||
					hws_addr_ip_equal(&a->at, &b->at));
}

static bool is_own(const struct hws_doctor_seen *seen, const struct sockaddr_storage *local)
{
	return seen->at.ss_family != AF_UNSPEC && hws_addr_ip_equal(&seen->at, local);
}

enum hws_doctor_nat hws_doctor_nat_tcp(const struct hws_doctor_facts *f)
{
	if (!f->seen_tcp.known)
		return HWS_DOCTOR_NAT_UNKNOWN;
	if (is_own(&f->seen_tcp, &f->local))
		return HWS_DOCTOR_NAT_NONE;
	if (!f->seen_tcp_nat.known)
		return HWS_DOCTOR_NAT_UNKNOWN;
	return same(&f->seen_tcp, &f->seen_tcp_nat) ? HWS_DOCTOR_NAT_INDEPENDENT
						    : HWS_DOCTOR_NAT_PORT;
}

/* With one address of the server two ports tell; with several their addresses, too. */
enum hws_doctor_nat hws_doctor_nat_udp(const struct hws_doctor_facts *f)
{
	const struct hws_doctor_seen *first = NULL;
	bool compared = false, by_address = false;

	for (unsigned i = 0; i < f->servers; i++) {
		const struct hws_doctor_seen *s = f->seen_udp[i];

		if (s[0].known && s[1].known && !same(&s[0], &s[1]))
			return HWS_DOCTOR_NAT_PORT;
		compared = compared || (s[0].known && s[1].known);
		for (unsigned k = 0; k < 2; k++) {
			if (first && s[k].known) {
				compared = true;
				by_address = by_address || !same(first, &s[k]);
			}
			if (!first && s[k].known)
				first = &s[k];
		}
	}
	if (!first)
		return HWS_DOCTOR_NAT_UNKNOWN;
	if (is_own(first, &f->local_udp))
		return HWS_DOCTOR_NAT_NONE;
	if (by_address)
		return HWS_DOCTOR_NAT_ADDRESS;
	return compared ? HWS_DOCTOR_NAT_INDEPENDENT : HWS_DOCTOR_NAT_UNKNOWN;
}

static const struct hws_doctor_seen *first_seen(const struct hws_doctor_facts *f)
{
	for (unsigned i = 0; i < f->servers; i++)
		for (unsigned k = 0; k < 2; k++)
			if (f->seen_udp[i][k].known)
				return &f->seen_udp[i][k];
	return NULL;
}

/* --- findings --------------------------------------------------------------------------------- */

static bool udp_passes(const struct hws_doctor_facts *f)
{
	return good(&f->udp) || good(&f->udp_nat) || good(&f->udp_plain);
}

static void judge_udp(const struct hws_doctor_facts *f, json_t *list)
{
	const struct hws_doctor_try *t = good(&f->udp) ? &f->udp : &f->udp_plain;
	char name[16];

	snprintf(name, sizeof(name), "UDP %u", f->port);
	if (good(&f->udp) || good(&f->udp_plain))
		hws_findings_add(list, name, HWS_FOUND_GOOD, "",
				"registration: the server answers in %u ms", t->ms);
	else if (good(&f->udp_nat))
		hws_findings_add(list, name, HWS_FOUND_LOOK,
				"let this port out, and its answers in: hosts register by TCP "
				"meanwhile",
				"registration: no answer, though UDP %u is let through",
				f->port - 1u);
	else if (good(&f->tcp))
		hws_findings_add(list, name, HWS_FOUND_LOOK,
				"let UDP out to any address, and its answers in: then most "
				"sessions go directly; without it more of them are relayed",
				"UDP is blocked here: the server answers by TCP, and never by UDP");
	else if (good(&f->ws) || good(&f->wss))
		hws_findings_add(list, name, HWS_FOUND_LOOK,
				"let UDP out to any address, and its answers in: then most "
				"sessions go directly; without it they are relayed",
				"UDP is blocked here: the server answers by the web, and never by "
				"UDP");
	else
		hws_findings_add(list, name, HWS_FOUND_LOOK,
				"does the server run, and does its own firewall let UDP in?",
				"registration: no answer");
}

#define CONE                                                                                       \
	"a router set to \"full cone\" or \"endpoint independent\", or an open port at the "       \
	"host and a connection by address; else sessions with other such networks are relayed"

static void judge_mapping(const struct hws_doctor_facts *f, json_t *list)
{
	static const char without_v6[] = "'map-ports' at the host, IPv6 at both ends, " CONE;
	static const char with_v6[] = "'map-ports' at the host, IPv6 at the other end as well as "
				      "here, " CONE;
	const char *to_do = f->has_ipv6 ? with_v6 : without_v6;
	enum hws_doctor_nat udp = hws_doctor_nat_udp(f), tcp = hws_doctor_nat_tcp(f);
	bool tcp_moves = tcp == HWS_DOCTOR_NAT_PORT;

	if (udp == HWS_DOCTOR_NAT_UNKNOWN && tcp == HWS_DOCTOR_NAT_UNKNOWN)
		return;
	if (udp == HWS_DOCTOR_NAT_ADDRESS || udp == HWS_DOCTOR_NAT_PORT)
		hws_findings_add(list, "NAT", HWS_FOUND_LOOK, to_do,
				"symmetric: another public port for each %s that is met (UDP)%s",
				udp == HWS_DOCTOR_NAT_PORT ? "port" : "address",
				tcp_moves ? "; by TCP as well" : "; TCP keeps its port");
	else if (tcp_moves)
		hws_findings_add(list, "NAT", HWS_FOUND_LOOK, to_do,
				"symmetric for TCP: another public port for each connection%s",
				udp == HWS_DOCTOR_NAT_UNKNOWN ? "" : "; UDP keeps its port");
	else if (udp == HWS_DOCTOR_NAT_NONE ||
			(udp == HWS_DOCTOR_NAT_UNKNOWN && tcp == HWS_DOCTOR_NAT_NONE))
		hws_findings_add(list, "NAT", HWS_FOUND_GOOD, "",
				"none between this machine and the server");
	else
		hws_findings_add(list, "NAT", HWS_FOUND_GOOD, "",
				"it keeps one public port, whoever is met (endpoint independent)%s: two "
				"ends can meet",
				udp == HWS_DOCTOR_NAT_UNKNOWN ? ", as far as TCP tells" : "");
}

/* Networks with several ways out. */
static void judge_two_addresses(const struct hws_doctor_facts *f, json_t *list)
{
	const struct hws_doctor_seen *udp = first_seen(f);
	char a[HWS_ADDR_TEXT], b[HWS_ADDR_TEXT];

	if (!udp || !f->seen_tcp.known || udp->at.ss_family == AF_UNSPEC ||
			f->seen_tcp.at.ss_family == AF_UNSPEC ||
			hws_addr_ip_equal(&udp->at, &f->seen_tcp.at))
		return;
	hws_findings_add(list, "public address", HWS_FOUND_LOOK, "",
			"TCP leaves by %s, UDP by %s: one of them may go by another provider, or a "
			"proxy that nobody set",
			hws_addr_ip_text(&f->seen_tcp.at, a, sizeof(a)),
			hws_addr_ip_text(&udp->at, b, sizeof(b)));
}

static void judge_filter(const struct hws_doctor_facts *f, json_t *list)
{
	if (!udp_passes(f) || !good(&f->udp_nat) || hws_doctor_nat_udp(f) == HWS_DOCTOR_NAT_UNKNOWN)
		return;
	if (good(&f->filter))
		hws_findings_add(list, "filter", HWS_FOUND_GOOD, "",
				"lets in by UDP what comes from other ports of an address that was "
				"spoken to");
	else
		hws_findings_add(list, "filter", HWS_FOUND_GOOD, "",
				"lets in by UDP answers alone (port restricted): enough, unless the other "
				"end's NAT is symmetric");
}

static void judge_mtu(const struct hws_doctor_facts *f, json_t *list)
{
	if (f->mtu >= SHORT_MTU)
		hws_findings_add(list, "packets", HWS_FOUND_GOOD, "",
				"UDP packets of %u bytes come through, there and back", f->mtu);
	else if (good(&f->udp) && f->is_hawser)
		hws_findings_add(list, "packets", HWS_FOUND_LOOK,
				"look for a tunnel or a router with an MTU below 1280: sessions by UDP "
				"fail there, and go by TCP or the relay",
				"short UDP packets come through, those of %u bytes do not",
				SHORT_MTU);
}

static void judge_ipv6(const struct hws_doctor_facts *f, json_t *list)
{
	bool server = f->count6 > 0;

	if (!f->has_ipv6)
		hws_findings_add(list, "IPv6", HWS_FOUND_GOOD, "",
				"this machine has no public address: sessions go by IPv4");
	else if (!server && f->is_literal)
		hws_findings_add(list, "IPv6", HWS_FOUND_GOOD, "",
				"this machine has a public address; not tested, as 'server' is an "
				"IPv4 address: a name with both would be");
	else if (!server)
		hws_findings_add(list, "IPv6", HWS_FOUND_GOOD, "",
				"this machine has a public address; the server's name has none");
	else if (!good(&f->tcp6) && f->tcp6.state != HWS_DOCTOR_UNTRIED)
		hws_findings_add(list, "IPv6", HWS_FOUND_LOOK,
				"mend it, or take the server's IPv6 address out of its name",
				"this machine and the server have public addresses, but TCP does not get "
				"there: each connection tries it first");
	else if (!good(&f->udp6) && f->udp6.state != HWS_DOCTOR_UNTRIED)
		hws_findings_add(list, "IPv6", HWS_FOUND_LOOK,
				"let UDP out by IPv6, and its answers in",
				"TCP comes through, UDP does not");
	else
		hws_findings_add(list, "IPv6", HWS_FOUND_GOOD, "",
				"comes through%s: other ends with IPv6 are met directly",
				f->udp6.state == HWS_DOCTOR_UNTRIED ? "" : ", by TCP and UDP");
}

static void judge_rest(const struct hws_doctor_facts *f, json_t *list)
{
	if (good(&f->tcp) && !f->is_hawser)
		hws_findings_add(list, "server", HWS_FOUND_GOOD, "",
				"it is not hawser-rendezvous: how UDP is mapped, filtered and cut, and the "
				"clock, only that one can tell");
}

void hws_doctor_judge_udp(const struct hws_doctor_facts *f, json_t *list)
{
	judge_udp(f, list);
	judge_mapping(f, list);
	judge_two_addresses(f, list);
	judge_filter(f, list);
	judge_mtu(f, list);
	judge_ipv6(f, list);
	judge_rest(f, list);
}
