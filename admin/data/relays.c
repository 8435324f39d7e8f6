/* admin/data/relays: few rows that change seldom. */
#include "admin/data/relays.h"
#include "admin/data/name.h"
#include "shared/base/macros.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"

/* As they stand in the database, and outside. */
static const struct {
	const char *stored, *name;
} states[DAT_RELAY_STATES] = {
	[DAT_RELAY_ON] = { "active", "on" },
	[DAT_RELAY_DRAIN] = { "drain", "drain" },
	[DAT_RELAY_OFF] = { "off", "off" },
};

const char *dat_relay_state_name(enum dat_relay_state s)
{
	return states[s].name;
}

int dat_relay_state_parse(const char *name, enum dat_relay_state *ret)
{
	for (unsigned i = 0; i < DAT_RELAY_STATES; i++) {
		if (hws_str_equal(name, states[i].name)) {
			*ret = (enum dat_relay_state)i;
			return HWS_OK;
		}
	}
	return HWS_ERR_INVAL;
}

#define COLUMNS                                                                                    \
	"SELECT y.guid, y.name, y.note, y.host, y.control, y.port, y.weight, y.state, "            \
	"y.created_at, y.updated_at FROM relay y "

static int read_relay(const struct sql_row *row, void *arg)
{
	struct dat_relay *y = arg;
	int r = sql_copy(row, 0, y->guid, sizeof(y->guid));

	if (r == HWS_OK)
		r = sql_copy(row, 1, y->name, sizeof(y->name));
	if (r == HWS_OK)
		r = sql_copy(row, 2, y->note, sizeof(y->note));
	if (r == HWS_OK)
		r = sql_copy(row, 3, y->host, sizeof(y->host));
	if (r == HWS_OK)
		r = sql_copy(row, 4, y->control, sizeof(y->control));
	y->port = (int)sql_int(row, 5);
	y->weight = (int)sql_int(row, 6);
	for (unsigned i = 0; i < DAT_RELAY_STATES; i++) {
		if (hws_str_equal(states[i].stored, sql_text(row, 7)))
			y->state = (enum dat_relay_state)i;
	}
	y->created_at = sql_int(row, 8);
	y->updated_at = sql_int(row, 9);
	return r;
}

static int check(const struct dat_relay *in, char key[DAT_NAME_KEY_TEXT])
{
	int r = dat_name_key(in->name, key);

	if (r == HWS_OK)
		r = dat_text_check(in->note, DAT_NOTE_TEXT, true);
	if (r == HWS_OK)
		r = dat_text_check(in->host, DAT_PLACE_TEXT, false);
	if (r == HWS_OK)
		r = dat_text_check(in->control, DAT_PLACE_TEXT, false);
	if (r == HWS_OK && (!*in->host || in->port < 1 || in->port > 65535))
		r = HWS_ERR_INVAL;
	return r;
}

int dat_relay_add(struct sql_conn *c, const struct dat_relay *in, int64_t now,
		char ret_guid[DAT_GUID_TEXT])
{
	char key[DAT_NAME_KEY_TEXT], guid[DAT_GUID_TEXT];
	int r = check(in, key);

	if (r < 0)
		return r;
	hws_rand_uuid(guid, sizeof(guid));
	r = sql_run(c,
			"INSERT INTO relay (guid, name, name_key, host, port, control, weight, "
			"state, note, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, "
			"$8, $9, $10, $10)",
			SQL_P(SQL_T(guid), SQL_T(in->name), SQL_T(key), SQL_T(in->host),
					SQL_I(in->port), SQL_T(in->control), SQL_I(in->weight),
					SQL_T(states[in->state].stored), SQL_T(in->note),
					SQL_I(now)));
	return r == HWS_OK ? hws_str_copy(ret_guid, DAT_GUID_TEXT, guid) : r;
}

int dat_relay_change(struct sql_conn *c, const struct dat_relay *in, int64_t now)
{
	char key[DAT_NAME_KEY_TEXT];
	int r = check(in, key);

	if (r < 0)
		return r;
	return dat_change_one(c,
			"UPDATE relay SET name = $1, name_key = $2, host = $3, port = $4, control = "
			"$5, weight = $6, state = $7, note = $8, updated_at = $9 WHERE guid = $10",
			SQL_P(SQL_T(in->name), SQL_T(key), SQL_T(in->host), SQL_I(in->port),
					SQL_T(in->control), SQL_I(in->weight),
					SQL_T(states[in->state].stored), SQL_T(in->note),
					SQL_I(now), SQL_T(in->guid)));
}

int dat_relay_get(struct sql_conn *c, const char *guid, struct dat_relay *ret)
{
	struct dat_relay y = { 0 };
	int r = sql_one(c, COLUMNS "WHERE y.guid = $1", SQL_P(SQL_T(guid)), read_relay, &y);

	if (r == HWS_OK)
		*ret = y;
	return r;
}

int dat_relay_remove(struct sql_conn *c, const char *guid)
{
	return dat_change_one(c, "DELETE FROM relay WHERE guid = $1", SQL_P(SQL_T(guid)));
}

struct list {
	dat_relay_fn fn;
	void *arg;
};

static int list_row(const struct sql_row *row, void *arg)
{
	const struct list *l = arg;
	struct dat_relay y = { 0 };
	int r = read_relay(row, &y);

	return r == HWS_OK ? l->fn(&y, l->arg) : r;
}

#define FOUND "WHERE y.name_key LIKE $1 ESCAPE '\\' "

int dat_relay_list(struct sql_conn *c, const char *search, struct dat_page page, dat_relay_fn fn,
		void *arg, int64_t *ret_total)
{
	static const char *const texts[] = {
		COLUMNS FOUND "ORDER BY y.name_key LIMIT $2 OFFSET $3",
		COLUMNS FOUND "ORDER BY y.name_key DESC LIMIT $2 OFFSET $3",
	};
	struct list l = { fn, arg };
	char like[2 * DAT_NAME_KEY_TEXT];
	int r = dat_fold_like(search, like, sizeof(like));

	page = dat_page(page);
	if (r == HWS_OK && ret_total)
		r = sql_number(c, "SELECT count(*) FROM relay y " FOUND, SQL_P(SQL_T(like)),
				ret_total);
	if (r == HWS_OK)
		r = sql_query(c, texts[page.down],
				SQL_P(SQL_T(like), SQL_I(page.limit), SQL_I(page.offset)), list_row,
				&l);
	return r;
}
