/* rendezvous/store/postgres/array: arrays in the binary form of PostgreSQL, so that thousands of
 * rows go in one statement and no value is ever quoted. */
#include "server-rendezvous/store/postgres/array.h"

#include <endian.h>

static void put_u32(struct hws_buf *b, uint32_t v)
{
	v = htobe32(v);
	hws_buf_put(b, &v, sizeof(v));
}

void pg_array_begin(struct hws_buf *b, uint32_t element_oid, size_t n)
{
	put_u32(b, 1); /* dimensions */
	put_u32(b, 1); /* there may be nulls */
	put_u32(b, element_oid);
	put_u32(b, (uint32_t)n);
	put_u32(b, 1); /* first index */
}

void pg_array_put(struct hws_buf *b, const void *ptr, size_t len)
{
	put_u32(b, ptr ? (uint32_t)len : UINT32_MAX);
	if (ptr)
		hws_buf_put(b, ptr, len);
}

void pg_array_put_i64(struct hws_buf *b, uint64_t v)
{
	v = htobe64(v);
	pg_array_put(b, &v, sizeof(v));
}

void pg_put_i64(void *be, uint64_t v)
{
	v = htobe64(v);
	memcpy(be, &v, sizeof(v));
}

uint64_t pg_read_i64(const void *be)
{
	uint64_t v;

	memcpy(&v, be, sizeof(v));
	return be64toh(v);
}
