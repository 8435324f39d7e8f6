/* cli/forward_spec: what stands behind -L, -D, -R and -U of `hawser forward`. Pure. */
#pragma once
#include <hawser/tunnel.h>

#define FORWARD_SPEC_HOST 256u

struct forward_spec {
	enum hawser_forward_kind kind;
	char address[64]; /* to listen at; "" = loopback */
	uint16_t port;
	char host[FORWARD_SPEC_HOST]; /* to connect; "" for DYNAMIC */
	uint16_t target_port;
};

/* "[ADDR:]PORT:HOST:PORT", for DYNAMIC "[ADDR:]PORT". IPv6 addresses stand in brackets. A listening
 * port of 0 is any that is free. Returns NULL, or what is wrong with it (static). */
const char *forward_spec_parse(
		enum hawser_forward_kind kind, const char *text, struct forward_spec *ret);
