/* rendezvous/operate/doctor: each check is one finding: what was looked at, "good", "look" (works,
 * but somebody should look at it) or "bad", a sentence, and what to do. */
#include "server-rendezvous/operate/doctor.h"
#include "server-rendezvous/cluster/cluster.h"
#include "server-rendezvous/cluster/links.h"
#include "server-rendezvous/config/config.h"
#include "server-rendezvous/operate/surroundings.h"
#include "server-rendezvous/planes/tcp.h"
#include "server-rendezvous/planes/udp.h"
#include "server-rendezvous/relays/choice.h"
#include "server-rendezvous/state/core.h"
#include "server-rendezvous/state/journal.h"
#include "server-rendezvous/store/nodes.h"
#include "server-rendezvous/store/store.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "shared/daemon/findings.h"
#include "shared/net/room.h"
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define SPARE_FILES 200u /* descriptors besides the links */
#define CLOCK_APART_US (5 * HWS_US_PER_S)

static void check_store(struct rdv_core *core, json_t *checks)
{
	struct rdv_journal_stats j;
	struct rdv_store_stats st;

	core->store->ops->stats(core->store, &st);
	rdv_journal_stats(core->journal, &j);
	if (!st.healthy)
		hws_findings_add(checks, "database", HWS_FOUND_BAD,
				"look for store.failed in the log: it names the reason. Devices go on "
				"being served meanwhile; what they register waits in memory",
				"%s does not answer; %llu registrations wait for it",
				core->store->ops->name, (unsigned long long)j.queued);
	else if (strcmp(core->store->ops->name, "memory") == 0)
		hws_findings_add(checks, "database", HWS_FOUND_LOOK,
				"set store = sqlite for anything but a test",
				"nothing is kept: all devices are new after a restart");
	else
		hws_findings_add(checks, "database", HWS_FOUND_GOOD, "",
				"%s; the last operation took %.1f ms, %llu wait",
				core->store->ops->name, (double)st.last_us / 1000.0,
				(unsigned long long)j.queued);
	if (!core->loaded)
		hws_findings_add(checks, "database", HWS_FOUND_LOOK,
				"wait, or look for store.load_failed in the log",
				"the devices have not been read from it yet");
}

static void check_key(struct rdv_core *core, json_t *checks)
{
	const struct rdv_config *c = rdv_conf(core);

	if (c->open)
		hws_findings_add(checks, "key", HWS_FOUND_LOOK,
				"take open out of the settings, and key = (empty), when all clients "
				"have the key",
				"callers need no key: anybody may ask for devices");
	else
		hws_findings_add(checks, "key", HWS_FOUND_GOOD, "", "%s", core->key_text);
	if (!c->encrypt)
		hws_findings_add(checks, "encryption", HWS_FOUND_LOOK,
				"take encrypt = no out of the settings",
				"TCP links of the main port are not encrypted");
}

static void check_relays(struct rdv_core *core, json_t *checks)
{
	json_t *list = rdv_relays_json(core->relays), *one;
	size_t i;

	if (json_array_size(list) == 0)
		hws_findings_add(checks, "relays", HWS_FOUND_LOOK,
				"name it in relay-servers; then it is watched, and left out when it "
				"does not serve",
				"none is named: clients take port %u of the address by which they "
				"know this server",
				rdv_udp_port(core->udp) + 1u);
	json_array_foreach (list, i, one) {
		const char *name = json_string_value(json_object_get(one, "relay"));
		const char *state = json_string_value(json_object_get(one, "state"));
		const char *why = json_string_value(json_object_get(one, "error"));

		if (strcmp(state, "up") == 0)
			hws_findings_add(checks, "relay", HWS_FOUND_GOOD, "",
					"%s relays; connected in %.1f ms", name,
					json_real_value(json_object_get(one, "connect_ms")));
		else if (json_is_true(json_object_get(one, "settling")))
			hws_findings_add(checks, "relay", HWS_FOUND_LOOK,
					"ask again in some seconds: after a start a relay has to find "
					"this server first",
					"%s does not let pairs through yet", name);
		else if (strcmp(state, "down") == 0)
			hws_findings_add(checks, "relay", HWS_FOUND_BAD,
					"does hawser-relay run there, with this server's key, and does "
					"a firewall let its port (TCP 21117) pass?",
					"%s does not relay: %s", name, why);
		else
			hws_findings_add(checks, "relay", HWS_FOUND_LOOK,
					"ask again in some seconds", "%s has not been tried yet",
					name);
	}
	json_decref(list);
}

static void check_room(struct rdv_core *core, json_t *checks)
{
	const struct rdv_config *c = rdv_conf(core);
	uint64_t lost = rdv_udp_lost(core->udp), links = rdv_tcp_lost(core->tcp);
	struct hws_room_tracking t;
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < c->max_links + SPARE_FILES)
		hws_findings_add(checks, "descriptors", HWS_FOUND_LOOK,
				getenv("HAWSER_CONTAINER")
						? "raise ulimits: nofile of the container (in compose; "
						  "docker run --ulimit nofile=N), or lower max-links"
						: "raise LimitNOFILE of the service, or lower max-links",
				"%llu are allowed, max-links is %u",
				(unsigned long long)files.rlim_cur, c->max_links);
	if (lost)
		hws_findings_add(checks, "receive buffers", HWS_FOUND_LOOK,
				"raise net.core.rmem_max (sysctl) and rmem in the settings",
				"%llu datagrams found them full since the start",
				(unsigned long long)lost);
	if (links)
		hws_findings_add(checks, "queue of links", HWS_FOUND_LOOK,
				"raise net.core.somaxconn (sysctl)",
				"%llu links found it full since the start",
				(unsigned long long)links);
	if (hws_room_tracking("/proc", &t) && t.count > t.max - t.max / 10)
		hws_findings_add(checks, "firewall", HWS_FOUND_BAD,
				"raise net.netfilter.nf_conntrack_max, or exempt the ports of this "
				"server (notrack)",
				"its table of connections is nearly full: %llu of %llu; new devices "
				"get no answer then",
				(unsigned long long)t.count, (unsigned long long)t.max);
}

/* --- nodes ------------------------------------------------------------------------------------ */

static void check_node(const struct rdv_link_state *s, void *arg)
{
	json_t *checks = arg;

	if (s->up_us)
		hws_findings_add(checks, "node", HWS_FOUND_GOOD, "", "%s is linked", s->name);
	else if (!*s->at)
		hws_findings_add(checks, "node", HWS_FOUND_LOOK,
				"set node-address at one of the two nodes: requests go faster then",
				"%s takes no links; requests go through the database", s->name);
	else
		hws_findings_add(checks, "node", HWS_FOUND_LOOK,
				"does a firewall let this port pass between the nodes? Requests go "
				"through the database meanwhile",
				"no link with %s at %s%s%s", s->name, s->at,
				*s->trouble ? ": " : "", s->trouble);
}

static void check_cluster(struct rdv_core *core, json_t *checks)
{
	struct rdv_store *s = core->store;
	struct rdv_store_stats st;
	uint64_t there, since, here = hws_wall_us();

	if (!core->cluster)
		return;
	s->ops->stats(s, &st);
	if (st.nodes < 2)
		hws_findings_add(checks, "nodes", HWS_FOUND_LOOK,
				"do the others run, with the same database and key?",
				"no other node lives");
	rdv_cluster_links(core->cluster, check_node, checks);
	if (s->nodes->clock(s, &there, &since) == HWS_OK &&
			(here > there ? here - there : there - here) > CLOCK_APART_US)
		hws_findings_add(checks, "time", HWS_FOUND_LOOK, "let both keep time (NTP)",
				"the clocks of this machine and of the database are %.0f s apart",
				((double)here - (double)there) / 1e6);
}

/* Without it nobody passes, or only those who did lately. */
static void check_policy(struct rdv_core *core, json_t *checks)
{
	const struct rdv_config *c = rdv_conf(core);

	if (!*c->policy_socket)
		return;
	if (__atomic_load_n(&core->policy_link, __ATOMIC_RELAXED))
		hws_findings_add(checks, "accounts", HWS_FOUND_GOOD, "",
				"the API server decides who may connect");
	else
		hws_findings_add(checks, "accounts", HWS_FOUND_BAD,
				"does hawser-api run, with this policy-socket, and may this "
				"account open it?",
				"nobody answers at %s: %s", c->policy_socket,
				c->policy_away == RDV_AWAY_LAST
						? "who did not pass in the last hour is refused"
						: "every connection is refused");
}

static void add_node(const struct rdv_link_state *s, void *arg)
{
	json_t *list = arg;
	uint64_t now = hws_clock_us();

	json_array_append_new(list,
			json_pack("{s:s,s:s,s:b,s:I,s:s}", "node", s->name, "address", s->at,
					"linked", s->up_us != 0, "seconds",
					(json_int_t)(s->up_us ? (now - s->up_us) / HWS_US_PER_S
							      : 0),
					"trouble", s->up_us ? "" : s->trouble));
}

void rdv_cmd_nodes(struct hws_control_reply *reply, const json_t *req HWS_UNUSED, void *arg)
{
	struct rdv_core *core = arg;
	struct rdv_store_stats st;
	json_t *list;

	if (!core->cluster) {
		hws_control_fail(reply, HWS_ERR_UNSUPPORTED,
				"this server is one node only: others join by --node and a PostgreSQL");
		return;
	}
	core->store->ops->stats(core->store, &st);
	list = json_array();
	hws_control_ok(reply,
			json_pack("{s:s,s:s,s:I,s:o}", "node", rdv_conf(core)->node, "address",
					rdv_cluster_links(core->cluster, add_node, list), "alive",
					(json_int_t)st.nodes, "others", list));
}

/* --- ports ------------------------------------------------------------------------------------ */

static void add_port(json_t *ports, const char *kind, uint16_t port, const char *what)
{
	if (port)
		json_array_append_new(ports,
				json_pack("{s:s,s:i,s:s}", "kind", kind, "port", (int)port, "what",
						what));
}

/* What hawser-admin tries from outside of this process. */
static json_t *ports_of(struct rdv_core *core)
{
	json_t *ports = json_array();
	unsigned relays, up;

	add_port(ports, "udp", rdv_udp_port(core->udp), "registration");
	add_port(ports, "udp", rdv_udp_second_port(core->udp), "NAT test");
	add_port(ports, "tcp", rdv_tcp_port(core->tcp, RDV_PORT_MAIN), "connection requests");
	add_port(ports, "tcp", rdv_tcp_port(core->tcp, RDV_PORT_NAT), "NAT test, online queries");
	add_port(ports, "ws", rdv_tcp_port(core->tcp, RDV_PORT_WS), "WebSockets");
	add_port(ports, "tls", rdv_tcp_port(core->tcp, RDV_PORT_TLS), "WebSockets in TLS");
	rdv_relays_count(core->relays, &relays, &up);
	if (!relays)
		add_port(ports, "relay", (uint16_t)(rdv_udp_port(core->udp) + 1u),
				"the relay that clients take");
	return ports;
}

void rdv_cmd_doctor(struct hws_control_reply *reply, const json_t *req HWS_UNUSED, void *arg)
{
	struct rdv_core *core = arg;
	json_t *checks = json_array();

	check_store(core, checks);
	check_key(core, checks);
	check_relays(core, checks);
	check_room(core, checks);
	check_cluster(core, checks);
	check_policy(core, checks);
	rdv_surroundings_look(core->surroundings, checks);
	if (!rdv_udp_second_port(core->udp))
		hws_findings_add(checks, "NAT test", HWS_FOUND_LOOK,
				"free this UDP port: another program has it (udp.second_port in the "
				"log)",
				"the second UDP port cannot be had: endpoints learn less of their "
				"network");
	hws_control_ok(reply,
			json_pack("{s:o,s:o,s:s,s:s,s:o}", "checks", checks, "ports",
					ports_of(core), "bind", rdv_conf(core)->bind, "key",
					core->key_text, "relays", rdv_relays_json(core->relays)));
}
