/* hostd's end: the socket, and the process while somebody asks. */
#include "client/host/beacon.h"
#include "client/host/ipc.h"
#include "client/host/ipc_caps.h"
#include "client/host/spawn_gate.h"
#include "client/reach/lan_answer.h"
#include "client/reach/lan_proof.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <sys/socket.h>
#include <unistd.h>

/* A process that does not live is not started again and again by who sends something. */
#define PAUSE_US (5 * HWS_US_PER_S)
#define FRAME_MAX 1024u
#define JOIN_US (30 * HWS_US_PER_S)
/* As many as it may answer (reach/lan_answer). */
#define SIGNS_PER_S 10u
#define SIGNS_BURST 40u

struct hws_beacon {
	struct hws_loop *loop;
	const struct hws_settings *settings;
	const struct hws_whoami *whoami;
	struct hws_child_logs *logs;
	struct hws_ipc *ipc; /* NULL: no process */
	uint16_t direct_port;
	struct hws_lan_host told; /* what the process answers with */
	int fd, fd6;              /* fd6: -1 = this machine has no IPv6 */
	struct event ev, ev6;
	struct hws_timer again, join;
};

static void on_asked(evutil_socket_t fd, short what, void *arg);

static void watch(void *arg)
{
	struct hws_beacon *b = arg;

	event_add(&b->ev, NULL);
	if (b->fd6 >= 0)
		event_add(&b->ev6, NULL);
}

/* Networks come and go. */
static void join(void *arg)
{
	hws_lan_answer_join(((struct hws_beacon *)arg)->fd6);
}

static void on_closed(struct hws_ipc *l HWS_UNUSED, int why HWS_UNUSED, void *arg)
{
	struct hws_beacon *b = arg;

	b->ipc = NULL;
	hws_timer_start(b->loop, &b->again, PAUSE_US, watch, b);
}

/* Signs what this host says of itself, which is what it was told, for a number and from an address:
 * who has taken the process over can have no other word signed. */
static int sign(struct hws_beacon *b, const Agt__BeaconSign *q)
{
	struct hws_lan_host host = b->told;
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__BeaconSigned reply = AGT__BEACON_SIGNED__INIT;

	if (q->nonce.len != HWS_LAN_NONCE || q->address.len != HWS_LAN_ADDRESS ||
			(q->mac.len && q->mac.len != HWS_LAN_MAC))
		return HWS_ERR_PROTO;
	host.has_mac = q->mac.len != 0;
	if (host.has_mac)
		memcpy(host.mac, q->mac.data, HWS_LAN_MAC);
	hws_lan_sign(&b->whoami->identity, &host, q->nonce.data, q->address.data);
	reply.number = q->number;
	reply.signature = (ProtobufCBinaryData){ sizeof(host.signature), host.signature };
	m.union_case = AGT__MESSAGE__UNION_BEACON_SIGNED;
	m.beacon_signed = &reply;
	return hws_ipc_send(b->ipc, &m, -1);
}

static void on_message(struct hws_ipc *l, const Agt__Message *m, int fd, void *arg)
{
	if (fd >= 0)
		close(fd);
	if (fd >= 0 || m->union_case != AGT__MESSAGE__UNION_BEACON_SIGN ||
			sign(arg, m->beacon_sign) < 0)
		hws_ipc_close(l, HWS_ERR_PROTO);
}

static int brief_six(struct hws_beacon *b)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__BeaconConf c = AGT__BEACON_CONF__INIT;
	int fd = b->fd6 >= 0 ? dup(b->fd6) : -1;

	c.six = true;
	m.union_case = AGT__MESSAGE__UNION_BEACON_CONF;
	m.beacon_conf = &c;
	return fd >= 0 ? hws_ipc_send(b->ipc, &m, fd) : HWS_OK;
}

/* What it answers with, and the socket. */
static int brief(struct hws_beacon *b)
{
	char hostname[HWS_HOSTNAME_MAX + 1] = "";
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__BeaconConf c = AGT__BEACON_CONF__INIT;
	int fd = dup(b->fd);

	if (fd < 0)
		return HWS_ERR_SYS;
	if (gethostname(hostname, sizeof(hostname) - 1) < 0)
		hostname[0] = 0;
	/* the kernel's own name of no name, which deployed hosts do not tell either */
	c.hostname = hws_str_equal(hostname, "localhost") ? (char *)"unknown" : hostname;
	c.id = (char *)(uintptr_t)b->whoami->id;
	c.direct_port = b->direct_port;
	c.pk = (ProtobufCBinaryData){ HWS_PK_LEN, (uint8_t *)(uintptr_t)b->whoami->identity.pk };
	b->told = (struct hws_lan_host){ .platform = HWS_BEACON_PLATFORM,
		.direct_port = b->direct_port };
	if (hws_str_copy(b->told.id, sizeof(b->told.id), c.id) < 0 ||
			hws_str_copy(b->told.hostname, sizeof(b->told.hostname), c.hostname) < 0) {
		close(fd);
		return HWS_ERR_TOOBIG;
	}
	m.union_case = AGT__MESSAGE__UNION_BEACON_CONF;
	m.beacon_conf = &c;
	return hws_ipc_send(b->ipc, &m, fd);
}

static void on_asked(evutil_socket_t fd HWS_UNUSED, short what HWS_UNUSED, void *arg)
{
	struct hws_beacon *b = arg;
	const struct hws_ipc_conf conf = { .frame_max = FRAME_MAX,
		.rate = SIGNS_PER_S,
		.burst = SIGNS_BURST,
		.check = hws_ipc_check_beacon,
		.on_message = on_message,
		.on_close = on_closed,
		.arg = b };
	pid_t pid;
	int end, r = hws_spawn_gate(b->settings, b->logs, "beacon", 0, &pid, &end);

	event_del(&b->ev);
	if (b->fd6 >= 0)
		event_del(&b->ev6);
	if (r == HWS_OK)
		r = hws_ipc_new(b->loop, end, &conf, &b->ipc);
	if (r == HWS_OK && (brief_six(b) < 0 || brief(b) < 0)) {
		hws_ipc_close(b->ipc, HWS_ERR_SYS);
		return;
	}
	if (r < 0)
		hws_timer_start(b->loop, &b->again, PAUSE_US, watch, b);
}

int hws_beacon_new(struct hws_loop *loop, const struct hws_settings *s, const struct hws_whoami *w,
		struct hws_child_logs *logs, struct hws_beacon **ret)
{
	struct hws_beacon *b;
	int fd, r;

	*ret = NULL;
	if (!s->lan_port)
		return HWS_OK;
	r = hws_lan_answer_socket(s->lan_port, &fd);
	if (r < 0) {
		hws_warn("lan.not_found",
				HWS_STR("text",
						"this host is not found in the local network: the UDP port of "
						"'lan-port' cannot be had"),
				HWS_U64("port", s->lan_port), HWS_ERR("why", r));
		return HWS_OK;
	}
	b = hws_alloc(sizeof(*b));
	if (!b) {
		close(fd);
		return HWS_ERR_NOMEM;
	}
	*b = (struct hws_beacon){
		.loop = loop, .settings = s, .whoami = w, .logs = logs, .fd = fd, .fd6 = -1
	};
	event_assign(&b->ev, hws_loop_base(loop), fd, EV_READ, on_asked, b);
	if (hws_lan_answer_socket6(s->lan_port, &b->fd6) == HWS_OK) {
		event_assign(&b->ev6, hws_loop_base(loop), b->fd6, EV_READ, on_asked, b);
		hws_timer_every(loop, &b->join, JOIN_US, join, b);
		join(b);
	} else {
		b->fd6 = -1;
	}
	watch(b);
	*ret = b;
	return HWS_OK;
}

void hws_beacon_set_direct_port(struct hws_beacon *b, uint16_t port)
{
	if (b)
		b->direct_port = port;
}

void hws_beacon_free(struct hws_beacon *b)
{
	if (!b)
		return;
	hws_ipc_close(b->ipc, HWS_OK); /* and with its socket the process ends */
	hws_timer_stop(&b->again);
	event_del(&b->ev);
	if (b->fd6 >= 0) {
		hws_timer_stop(&b->join);
		event_del(&b->ev6);
		close(b->fd6);
	}
	close(b->fd);
	hws_free(b);
}
