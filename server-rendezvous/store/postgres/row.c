/* rendezvous/store/postgres/row: binary fields into rows. Other programs can write to the database:
 * a row that is not as ours are is left out, not trusted. */
#include "server-rendezvous/store/postgres/row.h"

#include "server-rendezvous/store/postgres/array.h"
#include "shared/base/str.h"

#include <endian.h>

#define COPY_HEADER 19 /* signature, flags, length of an extension */

bool pg_row_read(const struct pg_param field[PG_PEER_FIELDS], struct rdv_peer_row *row)
{
	memset(row, 0, sizeof(*row));
	if (!field[0].ptr || field[1].len > RDV_UUID_MAX || !field[4].ptr || field[4].len != 8 ||
			!field[5].ptr || field[5].len != 8 || !field[6].ptr || field[6].len != 8 ||
			hws_str_from_bytes(row->id, sizeof(row->id),
					hws_bytes(field[0].ptr, field[0].len)) < 0)
		return false;
	row->uuid_len = (uint8_t)field[1].len;
	if (row->uuid_len)
		memcpy(row->uuid, field[1].ptr, row->uuid_len);
	row->has_pk = field[2].ptr && field[2].len == RDV_PK_LEN;
	if (row->has_pk)
		memcpy(row->pk, field[2].ptr, RDV_PK_LEN);
	if (field[3].ptr &&
			hws_str_from_bytes(row->ip, sizeof(row->ip),
					hws_bytes(field[3].ptr, field[3].len)) < 0)
		row->ip[0] = 0;
	row->created_s = pg_read_i64(field[4].ptr);
	row->seen_s = pg_read_i64(field[5].ptr);
	row->proves = pg_read_i64(field[6].ptr) != 0;
	return true;
}

bool pg_row_of_result(const PGresult *res, int i, struct rdv_peer_row *row)
{
	struct pg_param field[PG_PEER_FIELDS];

	if (PQnfields(res) != PG_PEER_FIELDS)
		return false;
	for (int k = 0; k < PG_PEER_FIELDS; k++) {
		bool null = PQgetisnull(res, i, k);

		field[k].ptr = null ? NULL : PQgetvalue(res, i, k);
		field[k].len = null ? 0 : (size_t)PQgetlength(res, i, k);
	}
	return pg_row_read(field, row);
}

int pg_copy_tuple(const char *piece, size_t len, bool first, struct pg_param *fields, size_t max,
		size_t *ret_n)
{
	size_t at = first ? COPY_HEADER : 0;
	uint16_t n;

	if (at + 2 > len)
		return HWS_ERR_CORRUPT;
	memcpy(&n, piece + at, 2);
	at += 2;
	n = be16toh(n);
	*ret_n = 0;
	if (n == UINT16_MAX)
		return HWS_OK;
	if (n > max)
		return HWS_ERR_CORRUPT;
	for (size_t i = 0; i < n; i++) {
		uint32_t size;

		if (len - at < 4)
			return HWS_ERR_CORRUPT;
		memcpy(&size, piece + at, 4);
		at += 4;
		size = be32toh(size);
		fields[i] = (struct pg_param){ NULL, 0 };
		if (size == UINT32_MAX)
			continue;
		if (size > len - at)
			return HWS_ERR_CORRUPT;
		fields[i] = (struct pg_param){ piece + at, size };
		at += size;
	}
	*ret_n = n;
	return HWS_OK;
}

bool pg_result_text(const PGresult *res, int row, int column, char *buf, size_t size)
{
	struct hws_bytes text = hws_bytes(
			PQgetvalue(res, row, column), (size_t)PQgetlength(res, row, column));
	bool fits = hws_str_from_bytes(buf, size, text) == HWS_OK;

	if (!fits)
		buf[0] = 0;
	return fits;
}
