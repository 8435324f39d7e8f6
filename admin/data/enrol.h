/* admin/data/enrol: puts a device where an operator, or its installer, says: owner, group,
 * strategy, address book. All of it or nothing. */
#pragma once
#include "admin/data/keys.h"

/* NULL: stays. "" or "-": none. */
struct dat_enrol {
	const char *id, *uuid;
	const char *user, *group, *strategy;
	const char *note, *username, *name;
	/* an entry in a shared address book */
	const char *book, *book_tag, *book_alias, *book_password, *book_note;
};
/* Failure: `ret_what` says in a sentence what is missing ("Strategy not found: base"), "" otherwise;
 * it may hold a stranger's text. */
int dat_enrol(struct sql_conn *c, const struct dat_keys *keys, const struct dat_enrol *in,
		int64_t now, char *ret_what, size_t size) HWS_MUST_CHECK;

/* What a device would like to be put to, kept until somebody looks at it: JSON. HWS_ERR_NOTFOUND:
 * no device has this id and uuid. */
#define DAT_PRESET_TEXT 4097
int dat_preset_put(struct sql_conn *c, const char *id, const char *uuid,
		const char *preset) HWS_MUST_CHECK;
int dat_preset_get(struct sql_conn *c, const char *guid, char *buf, size_t size) HWS_MUST_CHECK;
