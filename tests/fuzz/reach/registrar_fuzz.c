/* A host's registration, by UDP or by a link, against a server that says anything, and the answers
 * to whatever that server pushes. Held throughout: only pushes come out as pushes, and the jobs
 * they start are bounded. */
#include "client/reach/answer.h"
#include "client/reach/registrar.h"
#include "shared/base/str.h"
#include "tests/fuzz/reach/wires.h"
#include <assert.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct hws_answer *answer;
static unsigned renamed;
static uint64_t sent; /* the last meeting */

static void on_state(enum hws_registrar_state state, const char *text, void *arg)
{
	(void)arg;
	assert(state <= HWS_REGISTRAR_REFUSED && text && *text);
}

static void on_push(const Rdv__RendezvousMessage *m, bool proven, void *arg)
{
	(void)arg;
	assert(m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE ||
			m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_FETCH_LOCAL_ADDR ||
			m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_REQUEST_RELAY);
	if (hws_answer_push(answer, "123456789", m, proven) < 0)
		return;
	/* who was sent before this one arrives, or does not, or nobody knows of it any more */
	hws_answer_joined(answer, sent / 2, sent & 2 ? HWS_OK : HWS_ERR_REFUSED);
}

static bool on_new_id(char *buf, size_t size, void *arg)
{
	(void)arg;
	assert(++renamed <= 1); /* one an interval, however often it is asked for */
	assert(hws_str_copy(buf, size, "1234567890") == HWS_OK);
	return true;
}

static void on_socket(int fd, const struct hws_answered *how, void *arg)
{
	(void)arg;
	assert(fd >= 0 && how);
	close(fd);
}

static int on_relay(const struct hws_answer_relay *relay, const struct hws_answered *how, void *arg)
{
	(void)arg;
	assert(relay->meeting > sent && *relay->relay && *relay->uuid && how->relayed);
	sent = relay->meeting;
	return sent % 4 ? HWS_OK : HWS_ERR_DENIED;
}

static void on_met(uint64_t meeting, int r, void *arg)
{
	(void)arg;
	assert(meeting && meeting <= sent && r <= 0);
}

static void on_failure(const char *what, int why, const struct sockaddr_storage *viewer, void *arg)
{
	(void)viewer;
	(void)arg;
	assert(what && why < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t pk[32] = { 1 };
	const struct hws_server_addr server_addr = { .host = "192.0.2.7", .port = WIRES_PORT };
	struct hws_registrar *r;
	struct hws_loop *loop;

	if (size < 3)
		return 0;
	const struct wires_plan plan = { .refuse = (uint16_t)(data[1] | data[2] << 8),
		.offers_keys = data[0] & 2 };
	loop = wires_open(&plan);
	const struct hws_registrar_conf rc = { .server_addr = &server_addr,
		.no_udp = data[0] & 1,
		.server_pk = plan.offers_keys ? wires_server()->pk : NULL,
		.id = "123456789",
		.uuid = hws_bytes_str("machine"),
		.pk = hws_bytes(pk, sizeof(pk)),
		.on_state = on_state,
		.on_push = on_push,
		.on_new_id = on_new_id };
	const struct hws_answer_conf ac = { .server_addr = &server_addr,
		.key = "",
		.relay = "",
		.version = "1.4.9",
		.always_relay = data[0] & 4,
		.nat_type = (Rdv__NatType)(data[0] >> 3 & 1 ? RDV__NAT_TYPE__SYMMETRIC
							    : RDV__NAT_TYPE__ASYMMETRIC),
		.on_socket = on_socket,
		.on_relay = on_relay,
		.on_met = on_met,
		.on_failure = on_failure };

	renamed = 0;
	sent = 0;
	assert(hws_answer_new(loop, NULL, &ac, &answer) == HWS_OK);
	assert(hws_registrar_new(loop, NULL, &rc, &r) == HWS_OK);
	wires_run(hws_bytes(data + 3, size - 3), NULL);
	hws_registrar_free(r);
	hws_answer_free(answer);
	wires_close();
	return 0;
}
