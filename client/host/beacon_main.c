/* The process that answers in the local network: it has the socket and the networks of this
 * machine's interfaces, and nothing else. */
#include "client/host/beacon.h"
#include "client/host/ipc.h"
#include "client/reach/lan_answer.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/str.h"
#include "shared/sys/sandbox.h"
#include <unistd.h>

#define FRAME_MAX 4096u
#define CHECK_US (10 * HWS_US_PER_S)
/* Networks come and go: the next process sees those of its time. */
#define UNASKED_US (60 * HWS_US_PER_S)
#define LONGEST_US (600 * HWS_US_PER_S)

struct beacon_process {
	struct hws_loop *loop;
	struct hws_ipc *hostd;
	struct hws_lan_answer *answer;
	struct hws_lan_answer_conf conf;
	struct hws_timer check;
	bool sandbox;
	uint8_t pk[HWS_PK_LEN]; /* of the host */
	uint64_t started_us;
	int status;
};

static void on_closed(struct hws_ipc *l HWS_UNUSED, int why HWS_UNUSED, void *arg)
{
	struct beacon_process *p = arg;

	p->hostd = NULL;
	hws_loop_stop(p->loop);
}

static void check(void *arg)
{
	struct beacon_process *p = arg;
	uint64_t now = hws_loop_now_us(p->loop);

	if (!p->answer || now > hws_lan_answer_asked_us(p->answer) + UNASKED_US ||
			now > p->started_us + LONGEST_US)
		hws_loop_stop(p->loop);
}

static void take(const char *from, char *to, size_t size)
{
	if (hws_str_copy(to, size, from) < 0)
		*to = 0;
}

/* The private key is hostd's. */
static bool sign(unsigned number, const struct hws_lan_host *host,
		const uint8_t nonce[HWS_LAN_NONCE], const uint8_t address[HWS_LAN_ADDRESS],
		void *arg)
{
	struct beacon_process *p = arg;
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__BeaconSign q = AGT__BEACON_SIGN__INIT;

	q.number = number;
	q.nonce = (ProtobufCBinaryData){ HWS_LAN_NONCE, (uint8_t *)(uintptr_t)nonce };
	q.address = (ProtobufCBinaryData){ HWS_LAN_ADDRESS, (uint8_t *)(uintptr_t)address };
	if (host->has_mac)
		q.mac = (ProtobufCBinaryData){ HWS_LAN_MAC, (uint8_t *)(uintptr_t)host->mac };
	m.union_case = AGT__MESSAGE__UNION_BEACON_SIGN;
	m.beacon_sign = &q;
	return p->hostd && hws_ipc_send(p->hostd, &m, -1) == HWS_OK;
}

static void on_signed(struct beacon_process *p, const Agt__BeaconSigned *s)
{
	bool has = s->signature.len == HWS_SIG_LEN;

	if (p->answer)
		hws_lan_answer_signed(p->answer, s->number, has ? p->pk : NULL,
				has ? s->signature.data : NULL);
}

static int begin(struct beacon_process *p, const Agt__BeaconConf *c, int fd)
{
	struct hws_error err = { 0 };
	int r = HWS_OK;

	p->conf.fd = fd;
	take(c->id, p->conf.host.id, sizeof(p->conf.host.id));
	take(c->hostname, p->conf.host.hostname, sizeof(p->conf.host.hostname));
	take(HWS_BEACON_PLATFORM, p->conf.host.platform, sizeof(p->conf.host.platform));
	p->conf.host.direct_port = (uint16_t)c->direct_port;
	if (c->pk.len == sizeof(p->pk)) {
		memcpy(p->pk, c->pk.data, sizeof(p->pk));
		p->conf.sign = sign;
		p->conf.arg = p;
	}
	if (p->sandbox)
		r = hws_sandbox_enter(HWS_SANDBOX_GATE, &err);
	if (r < 0)
		hws_warn("gate.no_sandbox", HWS_STR("why", err.text));
	if (r < 0 && r != HWS_ERR_UNSUPPORTED) { /* nothing foreign is read without it */
		close(fd);
		return r;
	}
	return hws_lan_answer_new(p->loop, &p->conf, &p->answer);
}

static void on_message(struct hws_ipc *l HWS_UNUSED, const Agt__Message *m, int fd, void *arg)
{
	struct beacon_process *p = arg;

	if (m->union_case == AGT__MESSAGE__UNION_BEACON_SIGNED && fd < 0) {
		on_signed(p, m->beacon_signed);
		return;
	}
	if (m->union_case == AGT__MESSAGE__UNION_BEACON_CONF && m->beacon_conf->six && fd >= 0 &&
			p->conf.fd6 < 0 && !p->answer) {
		p->conf.fd6 = fd;
		return;
	}
	if (m->union_case != AGT__MESSAGE__UNION_BEACON_CONF || fd < 0 || p->answer) {
		if (fd >= 0)
			close(fd);
		return;
	}
	if (begin(p, m->beacon_conf, fd) < 0) {
		p->status = 1;
		hws_loop_stop(p->loop);
	}
}

int hws_beacon_main(int ipc_fd, bool sandbox)
{
	struct beacon_process p = { .sandbox = sandbox, .status = 1 };
	const struct hws_ipc_conf conf = { .frame_max = FRAME_MAX,
		.takes_fds = true,
		.on_message = on_message,
		.on_close = on_closed,
		.arg = &p };
	int count = hws_lan_ifs(p.conf.ifs); /* while it may ask the kernel */

	p.conf.fd6 = -1;
	p.conf.if_count = count > 0 ? (unsigned)count : 0;
	if (hws_loop_new(&p.loop) < 0)
		return 1;
	if (hws_ipc_new(p.loop, ipc_fd, &conf, &p.hostd) == HWS_OK) {
		p.status = 0;
		p.started_us = hws_loop_now_us(p.loop);
		hws_timer_every(p.loop, &p.check, CHECK_US, check, &p);
		hws_loop_run(p.loop);
	}
	hws_timer_stop(&p.check);
	hws_ipc_close(p.hostd, HWS_OK);
	hws_lan_answer_free(p.answer);
	hws_loop_free(p.loop);
	return p.status;
}
