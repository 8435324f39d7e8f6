/* admin/data/report_lists: each list has the conditions of its script, and no other. */
#include "admin/data/report_lists.h"

struct list {
	dat_conn_fn conn;
	dat_file_fn file;
	dat_alarm_fn alarm;
	dat_event_fn event;
	void *arg;
};

static int conn_row(const struct sql_row *row, void *arg)
{
	const struct list *l = arg;
	struct dat_conn conn = { .guid = "" };
	int r = dat_conn_row(row, &conn);

	return r == HWS_OK ? l->conn(&conn, l->arg) : r;
}

#define CONNS                                                                                      \
	"WHERE l.created_at >= $1 AND lower(l.peer_id) LIKE $2 ESCAPE '\\' AND ($3 < 0 OR "        \
	"l.conn_type = $3) "

int dat_conns_like(struct sql_conn *c, const char *peer, int type, int64_t since,
		struct dat_page page, dat_conn_fn fn, void *arg, int64_t *ret_total)
{
	struct list l = { .conn = fn, .arg = arg };
	int r = sql_number(c, "SELECT count(*) FROM audit_conn l " CONNS,
			SQL_P(SQL_I(since), SQL_T(peer), SQL_I(type)), ret_total);

	page = dat_page(page);
	if (r == HWS_OK)
		r = sql_query(c,
				DAT_CONN_COLUMNS CONNS
				"ORDER BY l.created_at DESC, l.guid LIMIT $4 OFFSET $5",
				SQL_P(SQL_I(since), SQL_T(peer), SQL_I(type), SQL_I(page.limit),
						SQL_I(page.offset)),
				conn_row, &l);
	return r;
}

static int file_row(const struct sql_row *row, void *arg)
{
	const struct list *l = arg;
	struct dat_file_row f = { .guid = sql_text(row, 0),
		.report = { .device_id = sql_text(row, 1),
				.peer_id = sql_text(row, 2),
				.peer_name = sql_text(row, 3),
				.ip = sql_text(row, 4),
				.direction = (int)sql_int(row, 5),
				.path = sql_text(row, 6),
				.is_file = sql_int(row, 7) != 0,
				.num = sql_int(row, 8),
				.files = sql_text(row, 9) },
		.created_at = sql_int(row, 10) };

	return l->file(&f, l->arg);
}

#define FILES "WHERE created_at >= $1 AND lower(peer_id) LIKE $2 ESCAPE '\\' "

int dat_files_like(struct sql_conn *c, const char *peer, int64_t since, struct dat_page page,
		dat_file_fn fn, void *arg, int64_t *ret_total)
{
	struct list l = { .file = fn, .arg = arg };
	int r = sql_number(c, "SELECT count(*) FROM audit_file " FILES,
			SQL_P(SQL_I(since), SQL_T(peer)), ret_total);

	page = dat_page(page);
	if (r == HWS_OK)
		r = sql_query(c,
				"SELECT guid, device_id, peer_id, peer_name, ip, direction, path, "
				"is_file, num, files, created_at FROM audit_file " FILES
				"ORDER BY created_at DESC, guid LIMIT $3 OFFSET $4",
				SQL_P(SQL_I(since), SQL_T(peer), SQL_I(page.limit),
						SQL_I(page.offset)),
				file_row, &l);
	return r;
}

static int alarm_row(const struct sql_row *row, void *arg)
{
	const struct list *l = arg;
	struct dat_alarm_row a = { .guid = sql_text(row, 0),
		.report = { .typ = (int)sql_int(row, 1),
				.device_id = sql_text(row, 2),
				.peer_id = sql_text(row, 3),
				.ip = sql_text(row, 4),
				.info = sql_text(row, 5) },
		.created_at = sql_int(row, 6) };

	return l->alarm(&a, l->arg);
}

#define ALARMS "WHERE created_at >= $1 AND lower(device_id) LIKE $2 ESCAPE '\\' "

int dat_alarms_like(struct sql_conn *c, const char *device, int64_t since, struct dat_page page,
		dat_alarm_fn fn, void *arg, int64_t *ret_total)
{
	struct list l = { .alarm = fn, .arg = arg };
	int r = sql_number(c, "SELECT count(*) FROM audit_alarm " ALARMS,
			SQL_P(SQL_I(since), SQL_T(device)), ret_total);

	page = dat_page(page);
	if (r == HWS_OK)
		r = sql_query(c,
				"SELECT guid, typ, device_id, peer_id, ip, info, created_at FROM "
				"audit_alarm " ALARMS
				"ORDER BY created_at DESC, guid LIMIT $3 OFFSET $4",
				SQL_P(SQL_I(since), SQL_T(device), SQL_I(page.limit),
						SQL_I(page.offset)),
				alarm_row, &l);
	return r;
}

static int event_row(const struct sql_row *row, void *arg)
{
	const struct list *l = arg;
	struct dat_event e = dat_event_of(row);

	return l->event(&e, l->arg);
}

#define EVENTS                                                                                     \
	"WHERE at >= $1 AND lower(actor_name) LIKE $2 ESCAPE '\\' AND kind NOT LIKE "              \
	"'connection.%' AND kind NOT LIKE 'file.%' AND kind NOT LIKE 'alarm.%' "

int dat_console_like(struct sql_conn *c, const char *actor, int64_t since, struct dat_page page,
		dat_event_fn fn, void *arg, int64_t *ret_total)
{
	struct list l = { .event = fn, .arg = arg };
	int r = sql_number(c, "SELECT count(*) FROM audit_event " EVENTS,
			SQL_P(SQL_I(since), SQL_T(actor)), ret_total);

	page = dat_page(page);
	if (r == HWS_OK)
		r = sql_query(c, DAT_EVENT_COLUMNS EVENTS "ORDER BY seq DESC LIMIT $3 OFFSET $4",
				SQL_P(SQL_I(since), SQL_T(actor), SQL_I(page.limit),
						SQL_I(page.offset)),
				event_row, &l);
	return r;
}
