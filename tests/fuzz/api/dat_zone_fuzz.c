/* A table of a zone, as a machine's package has it or somebody has changed it. Input: eight bytes
 * of the moment, then the table. */
#include "admin/data/zone.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int64_t now = 0;
	int minutes = 0;

	if (size < sizeof(now))
		return 0;
	memcpy(&now, data, sizeof(now));
	/* Unix time of a clock that works */
	now &= (1ll << 46) - 1;
	if (dat_zone_table_offset(hws_bytes(data + sizeof(now), size - sizeof(now)), now,
			    &minutes) == HWS_OK &&
			(minutes < -26 * 60 || minutes > 26 * 60))
		abort();
	return 0;
}
