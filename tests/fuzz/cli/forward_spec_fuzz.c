/* Any text behind -L and its like: refused with a sentence, or a spec whose parts are in bounds and
 * read back as the same. */
#include "client/cli/forward_spec.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct forward_spec s, again;
	char text[2000], out[2000];
	enum hawser_forward_kind kind;

	if (size < 1 || size >= sizeof(text))
		return 0;
	kind = (enum hawser_forward_kind)(data[0] % 4);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = 0;
	if (forward_spec_parse(kind, text, &s))
		return 0;
	snprintf(out, sizeof(out), "%s%s%s%u", *s.address ? "[" : "", s.address,
			*s.address ? "]:" : "", s.port);
	if (kind != HAWSER_FORWARD_DYNAMIC)
		snprintf(out + strlen(out), sizeof(out) - strlen(out), ":[%s]:%u", s.host,
				s.target_port);
	if (forward_spec_parse(kind, out, &again) || strcmp(s.address, again.address) != 0 ||
			strcmp(s.host, again.host) != 0 || s.port != again.port ||
			s.target_port != again.target_port)
		abort();
	return 0;
}
