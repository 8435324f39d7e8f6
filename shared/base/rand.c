/* Randomness comes from the kernel for every purpose: nothing to seed, and no weak generator
 * that somebody takes for a key. */
#include "shared/base/rand.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

void hws_rand_bytes(void *buf, size_t n)
{
	uint8_t *p = buf;

	while (n) {
		ssize_t got = getrandom(p, n, 0);

		if (got < 0) {
			if (errno == EINTR)
				continue;
			abort();
		}
		p += got;
		n -= (size_t)got;
	}
}

uint32_t hws_rand_below(uint32_t bound)
{
	uint32_t limit = -bound % bound; /* 2^32 mod bound: values below would be favoured */
	uint32_t v;

	do
		hws_rand_bytes(&v, sizeof(v));
	while (v < limit);
	return v % bound;
}

void hws_rand_uuid(char *buf, size_t size)
{
	uint8_t u[16];
	int n;

	hws_rand_bytes(u, sizeof(u));
	u[6] = (uint8_t)((u[6] & 0x0f) | 0x40);
	u[8] = (uint8_t)((u[8] & 0x3f) | 0x80);
	n = snprintf(buf, size,
			"%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
			u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11],
			u[12], u[13], u[14], u[15]);
	if (size && (n < 0 || (size_t)n >= size))
		buf[0] = 0;
}
