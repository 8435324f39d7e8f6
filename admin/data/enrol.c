/* admin/data/enrol: names are looked up one by one, so that a wrong one is told. */
#include "admin/data/enrol.h"
#include "admin/data/accounts.h"
#include "admin/data/books.h"
#include "admin/data/devices.h"
#include "admin/data/groups.h"
#include "admin/data/name.h"
#include "admin/data/strategies.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"

#include <stdio.h>
#include <string.h>

struct target {
	char device[DAT_GUID_TEXT];
	char user[DAT_GUID_TEXT], group[DAT_GUID_TEXT], strategy[DAT_GUID_TEXT];
	char book[DAT_GUID_TEXT];
};

static bool none(const char *s)
{
	return !*s || strcmp(s, "-") == 0;
}

static int by_key(struct sql_conn *c, const char *text, const char *name, char *ret_guid)
{
	char key[DAT_NAME_KEY_TEXT];
	int r = dat_name_key(name, key);

	/* a name that cannot be is no name of ours */
	if (r == HWS_ERR_INVAL || r == HWS_ERR_TOOBIG)
		return HWS_ERR_NOTFOUND;
	return r == HWS_OK ? sql_one(c, text, SQL_P(SQL_T(key)), dat_guid_row, ret_guid) : r;
}

static int look_up(struct sql_conn *c, const struct dat_enrol *in, struct target *t, char *ret_what,
		size_t size)
{
	const struct {
		const char *what, *name, *text;
		char *guid;
	} names[] = {
		{ "User", in->user, "SELECT guid FROM account WHERE name_key = $1", t->user },
		{ "Device group", in->group, "SELECT guid FROM device_group WHERE name_key = $1",
				t->group },
		{ "Strategy", in->strategy, "SELECT guid FROM strategy WHERE name_key = $1",
				t->strategy },
		{ "Address book", in->book,
				"SELECT guid FROM address_book WHERE personal = 0 AND name_key = "
				"$1",
				t->book },
	};
	int r = HWS_OK;

	for (size_t i = 0; i < HWS_COUNT(names) && r == HWS_OK; i++) {
		if (!names[i].name || none(names[i].name))
			continue;
		r = by_key(c, names[i].text, names[i].name, names[i].guid);
		if (r == HWS_ERR_NOTFOUND)
			(void)snprintf(ret_what, size, "%s not found: %s", names[i].what,
					names[i].name);
	}
	return r;
}

static const char *plain(const char *s)
{
	return s && none(s) ? "" : s;
}

static int put_entry(struct sql_conn *c, const struct dat_keys *keys, const struct dat_enrol *in,
		const char *book, int64_t now)
{
	const char *tags[1] = { in->book_tag };
	struct dat_entry_change ch = {
		DAT_ENTRY_CHANGE,
		.id = in->id,
		.alias = plain(in->book_alias),
		.password = plain(in->book_password),
		.note = plain(in->book_note),
	};

	if (in->book_tag) {
		ch.tags = tags;
		ch.n_tags = none(in->book_tag) ? 0 : 1;
	}
	return dat_entry_put(c, keys, book, &ch, now);
}

static int assign(
		struct sql_conn *c, const struct dat_enrol *in, const struct target *t, int64_t now)
{
	struct dat_device_change ch = {
		.owner_guid = in->user ? t->user : NULL,
		.group_guid = in->group ? t->group : NULL,
		.note = plain(in->note),
		.username = plain(in->username),
		.name = plain(in->name),
	};
	int r = dat_device_change(c, t->device, &ch, now);

	if (r == HWS_OK && in->strategy) {
		r = dat_strategy_assign(c, t->strategy, DAT_TARGET_DEVICE, t->device, now);
		if (r == HWS_ERR_NOTFOUND && !*t->strategy)
			r = HWS_OK; /* it had none */
	}
	return r;
}

static int enrol(struct sql_conn *c, const struct dat_keys *keys, const struct dat_enrol *in,
		int64_t now, char *ret_what, size_t size)
{
	struct target t = { .device = "" };
	int r = sql_one(c, "SELECT guid FROM device WHERE id = $1 AND uuid = $2",
			SQL_P(SQL_T(in->id), SQL_T(in->uuid)), dat_guid_row, t.device);

	if (r == HWS_ERR_NOTFOUND)
		(void)snprintf(ret_what, size, "Device not found");
	if (r == HWS_OK)
		r = look_up(c, in, &t, ret_what, size);
	if (r == HWS_OK)
		r = assign(c, in, &t, now);
	if (r == HWS_OK && *t.book)
		r = put_entry(c, keys, in, t.book, now);
	return r;
}

int dat_enrol(struct sql_conn *c, const struct dat_keys *keys, const struct dat_enrol *in,
		int64_t now, char *ret_what, size_t size)
{
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	*ret_what = '\0';
	return r < 0 ? r : dat_tx_end(&tx, enrol(c, keys, in, now, ret_what, size));
}

int dat_preset_put(struct sql_conn *c, const char *id, const char *uuid, const char *preset)
{
	int r = dat_text_check(preset, DAT_PRESET_TEXT, false);

	return r == HWS_OK
			? dat_change_one(c,
					  "UPDATE device SET preset = $1 WHERE id = $2 AND uuid = $3",
					  SQL_P(SQL_T(preset), SQL_T(id), SQL_T(uuid)))
			: r;
}

struct text {
	char *buf;
	size_t size;
};

static int copy_text(const struct sql_row *row, void *arg)
{
	const struct text *t = arg;

	return sql_copy(row, 0, t->buf, t->size);
}

int dat_preset_get(struct sql_conn *c, const char *guid, char *buf, size_t size)
{
	struct text t = { buf, size };

	return sql_one(c, "SELECT preset FROM device WHERE guid = $1", SQL_P(SQL_T(guid)),
			copy_text, &t);
}
