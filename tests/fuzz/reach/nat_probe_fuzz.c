/* The test of the NAT in front of us, with a server that answers anything. */
#include "client/reach/nat_probe.h"
#include "tests/fuzz/reach/wires.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_type(Rdv__NatType type, void *arg)
{
	unsigned *told = arg;

	assert(type == RDV__NAT_TYPE__SYMMETRIC || type == RDV__NAT_TYPE__ASYMMETRIC);
	assert(++*told == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct hws_server_addr server_addr = { .host = "192.0.2.7", .port = WIRES_PORT };
	struct hws_nat_probe *p;
	struct hws_loop *loop;
	unsigned told = 0;

	if (size < 3)
		return 0;
	const struct wires_plan plan = { .refuse = (uint16_t)(data[1] | data[2] << 8),
		.offers_keys = data[0] & 2 };
	const struct hws_nat_probe_conf conf = { .server_addr = &server_addr,
		.known = (Rdv__NatType)(data[0] & 1 ? RDV__NAT_TYPE__ASYMMETRIC
						    : RDV__NAT_TYPE__UNKNOWN_NAT),
		.on_type = on_type,
		.arg = &told };

	loop = wires_open(&plan);
	assert(hws_nat_probe_new(loop, NULL, &conf, &p) == HWS_OK);
	wires_run(hws_bytes(data + 3, size - 3), NULL);
	assert(!told || hws_nat_probe_type(p) != RDV__NAT_TYPE__UNKNOWN_NAT);
	hws_nat_probe_free(p);
	wires_close();
	return 0;
}
