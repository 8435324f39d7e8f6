/* rendezvous/store/postgres/array: arrays and rows in PostgreSQL's binary form. Private to the
 * postgres back-end. */
#pragma once
#include "shared/base/buf.h"

#define PG_OID_BYTEA 17u
#define PG_OID_INT8 20u
#define PG_OID_TEXT 25u

/* One-dimensional array of n elements; follow with n puts. n > 0. */
void pg_array_begin(struct hws_buf *b, uint32_t element_oid, size_t n);
/* ptr == NULL: the SQL null. */
void pg_array_put(struct hws_buf *b, const void *ptr, size_t len);
void pg_array_put_i64(struct hws_buf *b, uint64_t v);
void pg_put_i64(void *be, uint64_t v);
uint64_t pg_read_i64(const void *be);
