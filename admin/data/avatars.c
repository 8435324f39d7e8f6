/* admin/data/avatars: the bytes are kept as hex: texts are what both engines keep alike. */
#include "admin/data/avatars.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include <string.h>

int dat_avatar_put(struct sql_conn *c, const char *account_guid, struct hws_bytes picture,
		char ret_name[DAT_AVATAR_NAME_TEXT])
{
	uint8_t bits[(DAT_AVATAR_NAME_TEXT - 1) / 2];
	char name[DAT_AVATAR_NAME_TEXT], *hex;
	int r;

	if (!picture.len || picture.len > DAT_AVATAR_MAX)
		return HWS_ERR_TOOBIG;
	hex = hws_alloc(2 * picture.len + 1);
	if (!hex)
		return HWS_ERR_NOMEM;
	hws_rand_bytes(bits, sizeof(bits));
	r = hws_hex_encode(hws_bytes(bits, sizeof(bits)), name, sizeof(name));
	if (r == HWS_OK)
		r = hws_hex_encode(picture, hex, 2 * picture.len + 1);
	if (r == HWS_OK)
		r = sql_run(c,
				"INSERT INTO avatar (account_guid, name, picture) VALUES ($1, $2, $3) "
				"ON CONFLICT (account_guid) DO UPDATE SET name = excluded.name, "
				"picture = excluded.picture",
				SQL_P(SQL_T(account_guid), SQL_T(name), SQL_T(hex)));
	hws_free(hex);
	return r == HWS_OK ? hws_str_copy(ret_name, DAT_AVATAR_NAME_TEXT, name) : r;
}

int dat_avatar_remove(struct sql_conn *c, const char *account_guid)
{
	return dat_change_one(c, "DELETE FROM avatar WHERE account_guid = $1",
			SQL_P(SQL_T(account_guid)));
}

static int read_name(const struct sql_row *row, void *arg)
{
	return sql_copy(row, 0, arg, DAT_AVATAR_NAME_TEXT);
}

int dat_avatar_name(struct sql_conn *c, const char *account_guid, char buf[DAT_AVATAR_NAME_TEXT])
{
	int r = sql_one(c, "SELECT name FROM avatar WHERE account_guid = $1",
			SQL_P(SQL_T(account_guid)), read_name, buf);

	if (r != HWS_ERR_NOTFOUND)
		return r;
	buf[0] = '\0';
	return HWS_OK;
}

static int read_picture(const struct sql_row *row, void *arg)
{
	const char *hex = sql_text(row, 0);
	size_t len = strlen(hex) / 2;
	uint8_t *to;
	int r;

	if (len > DAT_AVATAR_MAX)
		return HWS_ERR_CORRUPT;
	to = hws_buf_reserve(arg, len);
	if (!to)
		return HWS_ERR_NOMEM;
	r = hws_hex_decode(hex, to, len);
	if (r < 0)
		return HWS_ERR_CORRUPT;
	hws_buf_commit(arg, len);
	return HWS_OK;
}

int dat_avatar_get(struct sql_conn *c, const char *name, struct hws_buf *out)
{
	if (strnlen(name, DAT_AVATAR_NAME_TEXT) != DAT_AVATAR_NAME_TEXT - 1)
		return HWS_ERR_NOTFOUND;
	return sql_one(c, "SELECT picture FROM avatar WHERE name = $1", SQL_P(SQL_T(name)),
			read_picture, out);
}
