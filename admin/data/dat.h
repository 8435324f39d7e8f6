/* admin/data: the subjects of the API's data, one file each: blocking functions over admin/sql,
 * pure rules in files without it. Nothing of HTTP or JSON.
 *
 *  * Every function takes the caller's connection and, where time counts, `now` in Unix
 * milliseconds. It takes part in a transaction that the caller has begun, else it is one by itself
 * where it needs to. Texts are UTF-8 within the bounds below (HWS_ERR_TOOBIG, HWS_ERR_INVAL); what
 * is not there is HWS_ERR_NOTFOUND, a name that is taken HWS_ERR_EXISTS, what must not be
 * HWS_ERR_DENIED; the rest as in admin/sql/sql.h. */
#pragma once
#include "admin/sql/sql.h"

#define DAT_GUID_TEXT 37 /* with NUL, as all of these */
/* Texts that people write are bounded by letters, in any writing: a buffer has four bytes for each.
 * Its size, 4n + 2, is that of no other text, so that whoever checks or cuts one needs no more than
 * the size (dat_letters). */
#define DAT_LETTERS(n) (4 * (n) + 2)
#define DAT_NAME_TEXT DAT_LETTERS(128)
#define DAT_NAME_KEY_TEXT 1537 /* folding may make a name longer */
#define DAT_EMAIL_TEXT 255
#define DAT_SUBJECT_TEXT DAT_LETTERS(254) /* of a mail */
#define DAT_NOTE_TEXT DAT_LETTERS(1024)
#define DAT_ID_TEXT 101
#define DAT_UUID_TEXT 257
#define DAT_IP_TEXT 64
#define DAT_SHORT_TEXT 65
#define DAT_HASH_TEXT 65 /* SHA-256 in hex */
#define DAT_TOKEN_TEXT 65

#define DAT_DAY_MS (24LL * 3600 * 1000)

/* A part of a list. */
struct dat_page {
	unsigned offset, limit; /* limit 1 ... DAT_PAGE_MAX */
	bool down;              /* of the list turned round, where a list can be */
};
#define DAT_PAGE_MAX 1000u
#define DAT_OFFSET_MAX 10000000u

/* Within its bounds. */
struct dat_page dat_page(struct dat_page p);

/* Begins a transaction unless the caller has; dat_tx_end ends only what was begun here. */
struct dat_tx {
	struct sql_conn *c;
	bool own;
};
int dat_tx_begin(struct dat_tx *tx, struct sql_conn *c) HWS_MUST_CHECK;
int dat_tx_end(struct dat_tx *tx, int r) HWS_MUST_CHECK;

/* Runs a statement that must change exactly one row: HWS_ERR_NOTFOUND when it changes none. */
int dat_change_one(struct sql_conn *c, const char *text, const struct sql_value *params,
		size_t n) HWS_MUST_CHECK;
/* What becomes of a read when the note that something was used ended with r: goes on, unless that
 * spoilt the caller's transaction. Who can read shall, also while the disk is full. */
int dat_touched(const struct sql_conn *c, int r) HWS_MUST_CHECK;
/* A sql_row_fn for rows that begin with a guid: copies it into `arg`, DAT_GUID_TEXT bytes. */
int dat_guid_row(const struct sql_row *row, void *arg) HWS_MUST_CHECK;
/* The next number of a counter; also a lock: others wait until the transaction ends. */
int dat_count_up(struct sql_conn *c, const char *name, int64_t *ret) HWS_MUST_CHECK;

/* How many letters (code points) a text may have that goes into a buffer of that size. */
size_t dat_letters(size_t size);
/* Cuts a text that is in such a buffer behind as many. */
void dat_text_cut(char *buf, size_t size);
/* Checks a text that goes into a column: shorter than `size`, no more letters than that allows,
 * UTF-8, without control signs (line ends are allowed when `lines`). */
int dat_text_check(const char *s, size_t size, bool lines) HWS_MUST_CHECK;
