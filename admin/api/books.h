/* api/books: address books for deployed clients, scripts and the console: who may do what with one,
 * and entries as clients write and read them. */
#pragma once
#include "admin/api/reach.h"
#include "admin/api/who.h"
#include "admin/api/work.h"
#include "admin/data/books.h"

/* What who asks may do: besides the right that the account has, an administrator may do all with
 * shared books, but not from a client, whose list would be full of the books of others. Personal
 * books are nobody else's. */
enum dat_book_right adi_book_right(const struct adi_who *w, const struct dat_book *b);
/* The account of who asks; "" = the operator on this machine. */
const char *adi_book_account(const struct adi_who *w);
/* Its owner, or an administrator: who may give it away or remove it. A right to all of its content
 * is not enough. */
bool adi_book_is_own(const struct adi_who *w, const struct dat_book *b);
/* Shared books that somebody may come to have by what people who are no administrators do. */
#define ADI_BOOKS_MAX 100
#define ADI_TEXT_BOOKS "No more than 100 shared address books of one person."
/* Whether who asks may add one to those of `owner`: HWS_ERR_FULL. */
int adi_book_room(struct sql_conn *c, const struct adi_who *w, const char *owner) HWS_MUST_CHECK;
/* Opens one that may be used that far. Else `reply` says why: what may not even be read is not
 * there. */
bool adi_book_open(struct sql_conn *c, const struct htp_request *q, struct htp_reply *reply,
		const char *guid, enum dat_book_right need, struct dat_book *ret);

/* The same for operations of /api/v1: the book that the path names at {param}. */
int adi_v1_open_book(struct adi_work *w, const char *param, enum dat_book_right need,
		struct dat_book *ret) HWS_MUST_CHECK;

/* What a client sends of an entry; texts borrow from `o`. */
struct adi_entry_in {
	struct dat_entry_change change;
	const char *tags[DAT_ENTRY_TAGS_MAX];
};
/* HWS_ERR_PROTO, HWS_ERR_TOOBIG: no such entry. `personal`: keeps what stands for the password of
 * its owner, which is nothing for a book that others read. */
int adi_entry_read(const json_t *o, bool personal, struct adi_entry_in *ret) HWS_MUST_CHECK;
/* As /api/ab/peers shows it, with its secrets; NULL: *ret_r says why. */
json_t *adi_entry_object(
		struct adi_app *a, struct sql_conn *c, const struct dat_entry *e, int *ret_r);
/* All tags of an entry; NULL: *ret_r says why. */
json_t *adi_entry_tag_array(struct sql_conn *c, const char *entry_guid, int *ret_r);

/* Entries of a page, kept until statements for each of them may run. */
struct adi_entries {
	struct dat_entry *row;
	size_t n, room;
};
int adi_entries_add(const struct dat_entry *e, void *entries); /* a dat_entry_fn */
void adi_entries_done(struct adi_entries *e);

/* Ends what a write did: the audit of a shared book, and the transaction; fills `reply` when that
 * failed. */
void adi_book_end(struct adi_app *a, struct dat_tx *tx, const struct htp_request *q,
		struct htp_reply *reply, const struct dat_book *b, const char *kind,
		const char *what, int r);

/* api/ab_legacy: the personal book as one text, as clients before 1.2.3-2 have it. */
void adi_ab_legacy_get(struct htp_request *q, struct htp_reply *reply, void *arg);
void adi_ab_legacy_put(struct htp_request *q, struct htp_reply *reply, void *arg);
