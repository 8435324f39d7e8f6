/* What a name server, or somebody in its place, answers about where a service is. Held
 * throughout: what is taken is a name that can be looked up, with a port, and the order loses
 * none. */
#include "shared/net/srv.h"
#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t drawn;

static uint32_t draw(uint32_t below)
{
	drawn = drawn * 1103515245u + 12345u;
	assert(below > 0);
	return drawn % below;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_srv s;

	drawn = (uint32_t)size;
	if (hws_srv_parse(hws_bytes(data, size), &s) < 0)
		return 0;
	assert(s.count <= HWS_SRV_MAX);
	hws_srv_order(&s, draw);
	for (size_t i = 0; i < s.count; i++) {
		assert(s.target[i].port != 0);
		assert(s.target[i].host[0] && !strpbrk(s.target[i].host, " \\/:@[]"));
		assert(i == 0 || s.target[i - 1].priority <= s.target[i].priority);
	}
	return 0;
}
