/* rendezvous/config/store_place: the setting `store` read. An address may hold a password, so it is
 * known here whether it may be shown. */
#include "server-rendezvous/config/store_place.h"
#include "shared/base/str.h"
#include <string.h>

#define SQLITE_MARK "sqlite:"

int rdv_store_place(const struct rdv_config *c, const char *state_dir, struct rdv_store_place *ret,
		struct hws_error *err)
{
	const char *what = *c->store_secret ? c->store_secret : c->store;
	size_t mark = hws_str_starts(what, SQLITE_MARK) ? strlen(SQLITE_MARK) : 0;
	int r;

	memset(ret, 0, sizeof(*ret));
	ret->secret = *c->store_secret;
	if (strcmp(what, "memory") == 0) {
		ret->kind = RDV_STORE_MEMORY;
		return HWS_OK;
	}
	if (hws_str_starts(what, "postgres")) {
		ret->kind = RDV_STORE_POSTGRES;
		ret->address = what;
		return HWS_OK;
	}
	ret->kind = RDV_STORE_SQLITE;
	if (strcmp(what, "sqlite") == 0)
		r = hws_fmt(ret->file, sizeof(ret->file), "%s/rendezvous.sqlite3", state_dir);
	else
		r = hws_str_copy(ret->file, sizeof(ret->file), what + mark);
	return r < 0 ? hws_error_set(err, r, "the path of the database is too long") : HWS_OK;
}
