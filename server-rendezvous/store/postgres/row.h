/* rendezvous/store/postgres/row: devices as rows of PostgreSQL. Private to the postgres
 * back-end. */
#pragma once
#include "server-rendezvous/store/devices.h"
#include "server-rendezvous/store/postgres/conn.h"

#define PG_PEER_COLUMNS "id, uuid, pk, ip, created_s, seen_s, proves"
#define PG_PEER_FIELDS 7

/* Fields in the order of PG_PEER_COLUMNS, binary; ptr NULL = SQL null. False for a row that none of
 * our programs wrote. */
bool pg_row_read(const struct pg_param field[PG_PEER_FIELDS], struct rdv_peer_row *row);
/* Row i of a result with these columns. */
bool pg_row_of_result(const PGresult *res, int i, struct rdv_peer_row *row);
/* One tuple of COPY ... (FORMAT binary): HWS_OK with *ret_n = number of fields (0 = the trailer).
 * `first`: the header stands before it. HWS_ERR_CORRUPT for anything else. */
int pg_copy_tuple(const char *piece, size_t len, bool first, struct pg_param *fields, size_t max,
		size_t *ret_n) HWS_MUST_CHECK;
/* The text of a field; false (and "" in buf) when it does not fit or holds a zero byte. */
bool pg_result_text(const PGresult *res, int row, int column, char *buf, size_t size);
