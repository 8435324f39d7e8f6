/* api/books: what routes of address books have in common. */
#include "admin/api/books.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <stdlib.h>

/* --- who may ---------------------------------------------------------------------------------- */

const char *adi_book_account(const struct adi_who *w)
{
	return w->account.guid;
}

enum dat_book_right adi_book_right(const struct adi_who *w, const struct dat_book *b)
{
	bool manages = w->via == ADI_VIA_TOKEN || w->via == ADI_VIA_CONSOLE ||
			w->via == ADI_VIA_LOCAL;

	if (!b->personal && manages && w->account.role >= DAT_ROLE_ADMIN)
		return DAT_BOOK_FULL;
	return b->right;
}

bool adi_book_is_own(const struct adi_who *w, const struct dat_book *b)
{
	return w->account.role >= DAT_ROLE_ADMIN ||
			(*w->account.guid && hws_str_equal(w->account.guid, b->owner_guid));
}

int adi_book_room(struct sql_conn *c, const struct adi_who *w, const char *owner)
{
	int64_t n = 0;
	int r = w->account.role < DAT_ROLE_ADMIN ? dat_book_count(c, owner, &n) : HWS_OK;

	return r == HWS_OK && n >= ADI_BOOKS_MAX ? HWS_ERR_FULL : r;
}

bool adi_book_open(struct sql_conn *c, const struct htp_request *q, struct htp_reply *reply,
		const char *guid, enum dat_book_right need, struct dat_book *ret)
{
	const struct adi_who *w = adi_who(q);
	int r = dat_book_get(c, guid, adi_book_account(w), ret);

	if (r == HWS_OK && adi_book_right(w, ret) == DAT_BOOK_NONE)
		r = HWS_ERR_NOTFOUND;
	if (r == HWS_OK && adi_book_right(w, ret) < need)
		r = HWS_ERR_DENIED;
	if (r < 0)
		adi_fail(reply, r, "address book");
	return r == HWS_OK;
}

/* --- entries that come in --------------------------------------------------------------------- */

static int read_text(const json_t *o, const char *key, size_t size, const char **ret)
{
	int r = htp_json_text(o, key, size - 1, ret);

	return r == HWS_ERR_NOTFOUND ? HWS_OK : r;
}

static int read_tags(const json_t *o, struct adi_entry_in *ret)
{
	const json_t *tags = json_object_get(o, "tags"), *tag;
	size_t i;

	if (!tags || json_is_null(tags))
		return HWS_OK;
	if (!json_is_array(tags))
		return HWS_ERR_PROTO;
	if (json_array_size(tags) > DAT_ENTRY_TAGS_MAX)
		return HWS_ERR_TOOBIG;
	json_array_foreach (tags, i, tag) {
		if (!json_is_string(tag))
			return HWS_ERR_PROTO;
		ret->tags[i] = json_string_value(tag);
	}
	ret->change.tags = ret->tags;
	ret->change.n_tags = json_array_size(tags);
	return HWS_OK;
}

/* "true", "false" as text, for which clients have it. */
static int read_relay(const json_t *o, int *ret)
{
	const json_t *v = json_object_get(o, "forceAlwaysRelay");

	if (!v || json_is_null(v))
		return HWS_OK;
	if (!json_is_boolean(v) && !json_is_string(v))
		return HWS_ERR_PROTO;
	*ret = json_is_true(v) ||
			(json_is_string(v) && hws_str_equal(json_string_value(v), "true"));
	return HWS_OK;
}

int adi_entry_read(const json_t *o, bool personal, struct adi_entry_in *ret)
{
	struct dat_entry_change *ch = &ret->change;
	const struct {
		const char *key;
		size_t size;
		const char **to;
	} texts[] = {
		{ "alias", DAT_NAME_TEXT, &ch->alias },
		{ "note", DAT_NOTE_TEXT, &ch->note },
		{ "username", DAT_NAME_TEXT, &ch->username },
		{ "hostname", DAT_NAME_TEXT, &ch->hostname },
		{ "platform", DAT_SHORT_TEXT, &ch->platform },
		{ "rdpPort", DAT_PORT_TEXT, &ch->rdp_port },
		{ "rdpUsername", DAT_NAME_TEXT, &ch->rdp_username },
		{ "loginName", DAT_NAME_TEXT, &ch->login_name },
		{ "device_group_name", DAT_NAME_TEXT, &ch->device_group_name },
		{ "hash", DAT_SECRET_TEXT, &ch->hash },
		{ "password", DAT_SECRET_TEXT, &ch->password },
	};
	int r;

	*ret = (struct adi_entry_in){ .change = { DAT_ENTRY_CHANGE } };
	r = htp_json_text(o, "id", DAT_ID_TEXT - 1, &ch->id);
	for (size_t i = 0; i < HWS_COUNT(texts) && r == HWS_OK; i++)
		r = read_text(o, texts[i].key, texts[i].size, texts[i].to);
	if (r == HWS_OK)
		r = read_tags(o, ret);
	if (r == HWS_OK)
		r = read_relay(o, &ch->force_relay);
	if (!personal)
		ch->hash = NULL;
	return r == HWS_ERR_NOTFOUND ? HWS_ERR_PROTO : r;
}

/* --- and go out ------------------------------------------------------------------------------- */

static int add_tag(const char *name, int64_t color, void *arg)
{
	(void)color;
	return json_array_append_new(arg, json_string(name)) < 0 ? HWS_ERR_NOMEM : HWS_OK;
}

json_t *adi_entry_tag_array(struct sql_conn *c, const char *entry_guid, int *ret_r)
{
	json_t *tags = json_array();

	*ret_r = tags ? dat_entry_tags(c, entry_guid, add_tag, tags) : HWS_ERR_NOMEM;
	if (*ret_r == HWS_OK)
		return tags;
	json_decref(tags);
	return NULL;
}

/* What the device itself says goes before what somebody once wrote. */
static const char *newer(const struct dat_entry *e, const char *of_device, const char *own)
{
	return e->reached && *of_device ? of_device : own;
}

json_t *adi_entry_object(
		struct adi_app *a, struct sql_conn *c, const struct dat_entry *e, int *ret_r)
{
	char hash[DAT_SECRET_TEXT] = "", password[DAT_SECRET_TEXT] = "";
	json_t *tags = adi_entry_tag_array(c, e->guid, ret_r), *o = NULL;

	if (!tags)
		return NULL;
	if (e->has_password)
		*ret_r = dat_entry_secrets(c, a->keys, e->guid, hash, password);
	if (*ret_r == HWS_OK)
		o = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:O,s:s,s:s,s:s,s:s,s:s,s:s,s:b}", "id",
				e->id, "hash", hash, "password", password, "username",
				newer(e, e->dev_username, e->username), "hostname",
				newer(e, e->dev_hostname, e->hostname), "platform",
				newer(e, adi_os_platform(e->dev_os), e->platform), "alias",
				e->alias, "tags", tags, "forceAlwaysRelay",
				e->force_relay ? "true" : "false", "rdpPort", e->rdp_port,
				"rdpUsername", e->rdp_username, "loginName", e->login_name,
				"device_group_name", e->device_group_name, "note", e->note,
				"same_server", e->reached);
	if (*ret_r == HWS_OK && !o)
		*ret_r = HWS_ERR_NOMEM;
	json_decref(tags);
	hws_wipe(hash, sizeof(hash));
	hws_wipe(password, sizeof(password));
	return o;
}

int adi_entries_add(const struct dat_entry *e, void *entries)
{
	struct adi_entries *to = entries;

	if (to->n == to->room) {
		size_t room = to->room ? 2 * to->room : 64;
		struct dat_entry *row = hws_realloc_array(to->row, room, sizeof(*row));

		if (!row)
			return HWS_ERR_NOMEM;
		to->row = row;
		to->room = room;
	}
	to->row[to->n++] = *e;
	return HWS_OK;
}

void adi_entries_done(struct adi_entries *e)
{
	hws_free(e->row);
	*e = (struct adi_entries){ .row = NULL };
}

/* --- the end of a write ----------------------------------------------------------------------- */

void adi_book_end(struct adi_app *a, struct dat_tx *tx, const struct htp_request *q,
		struct htp_reply *reply, const struct dat_book *b, const char *kind,
		const char *what, int r)
{
	json_t *info = what ? json_pack("{s:s}", "entry", what) : NULL;
	char *text = info ? json_dumps(info, JSON_COMPACT) : NULL;
	struct adi_deed deed = { .kind = kind,
		.target_kind = "book",
		.target_guid = b->guid,
		.target_name = b->name,
		.info = text };

	if (r == HWS_OK && !b->personal)
		r = adi_audit(a, tx->c, q, &deed);
	r = dat_tx_end(tx, r);
	if (r == HWS_ERR_FULL)
		htp_reply_error(reply, 400, "The address book is full");
	else if (r < 0)
		adi_fail(reply, r, "entry");
	json_decref(info);
	free(text);
}
