/* admin/api_store: of the settings of hawser-api only those that say where its data is are read;
 * what else its file holds is for it to judge. */
#include "admin/cli/api_store.h"
#include "admin/data/key_mark.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/conf/option.h"
#include "shared/daemon/daemon.h"
#include <string.h>
#include <unistd.h>

struct adm_api_store {
	struct sql_db *db;
	struct dat_keys *keys;
	char keys_file[500];
};

struct place {
	char *config, *state_dir, *store, *store_secret, *secrets_file;
};

#define AT(field) offsetof(struct place, field)

static const struct hws_option table[] = {
	{ "", "config", 0, HWS_OPT_PATH, AT(config), "", .flags = HWS_OPT_FLAG_ONLY },
	{ "", "state-dir", 0, HWS_OPT_PATH, AT(state_dir), "" },
	{ "store", "store", 0, HWS_OPT_STR, AT(store), "sqlite" },
	{ "store", "store-secret", 0, HWS_OPT_STR, AT(store_secret), "", .flags = HWS_OPT_SECRET },
	{ "store", "secrets-file", 0, HWS_OPT_PATH, AT(secrets_file), "" },
};

static const struct hws_options options = { .program = "hawser-api",
	.env_prefix = "HAWSER_API_",
	.table = table,
	.count = HWS_COUNT(table),
	.part = true };

static int load(struct adm_call *call, struct place *ret)
{
	const char *const given[][2] = { { "--config", adm_value(call, "config") },
		{ "--store", adm_value(call, "database") },
		{ "--state-dir", adm_value(call, "data-dir") } };
	char *argv[8] = { (char *)(uintptr_t) "hawser-api" };
	int argc = 1, rest;

	for (size_t i = 0; i < HWS_COUNT(given); i++) {
		if (!given[i][1])
			continue;
		argv[argc++] = (char *)(uintptr_t)given[i][0];
		argv[argc++] = (char *)(uintptr_t)given[i][1];
	}
	return hws_options_load(&options, ret, geteuid() == 0 ? "/etc/hawser/api.conf" : NULL, argc,
			argv, &rest, &call->err);
}

static int missing(struct adm_call *call, const char *what, const char *path)
{
	return hws_error_set(&call->err, HWS_ERR_NOTFOUND,
			"there is no %s %s: did hawser-api ever run? Elsewhere it is named with "
			"--data-dir or --database",
			what, path);
}

static int open_db(struct adm_call *call, const struct place *p, const char *dir,
		struct adm_api_store *s)
{
	const char *what = *p->store_secret ? p->store_secret : p->store;
	struct sql_place place = { .connections = 1, .statement_ms = 20000 };
	char file[500];
	int r = HWS_OK;

	if (hws_str_starts(what, "postgres")) {
		place.conninfo = what;
		return sql_open(&place, &s->db, &call->err);
	}
	if (strcmp(what, "sqlite") == 0)
		r = hws_fmt(file, sizeof(file), "%s/hawser-api.sqlite3", dir);
	else if (hws_str_starts(what, "sqlite:"))
		r = hws_str_copy(file, sizeof(file), what + strlen("sqlite:"));
	else
		return hws_error_set(&call->err, HWS_ERR_INVAL,
				"--database: sqlite:FILE or a postgresql:// address");
	if (r < 0)
		return hws_error_set(&call->err, r, "the path of the database is too long");
	if (access(file, F_OK) < 0)
		return missing(call, "database", file);
	place.path = file;
	return sql_open(&place, &s->db, &call->err);
}

static int open_keys(struct adm_call *call, const struct place *p, const char *dir,
		struct adm_api_store *s)
{
	char *path = s->keys_file;
	int r = *p->secrets_file ? hws_str_copy(path, sizeof(s->keys_file), p->secrets_file)
				 : hws_fmt(path, sizeof(s->keys_file), "%s/api.keys", dir);

	if (r < 0)
		return hws_error_set(&call->err, r, "the path of the secrets file is too long");
	if (access(path, F_OK) < 0)
		return missing(call, "file of keys", path);
	return dat_keys_open(path, &s->keys, &call->err);
}

static int check_keys(struct adm_call *call, struct adm_api_store *s)
{
	struct sql_conn *c;
	int r = sql_take(s->db, &c);

	if (r == HWS_OK) {
		r = dat_key_mark_check(c, s->keys, (int64_t)(hws_wall_us() / HWS_US_PER_MS));
		sql_give(c);
	}
	return r < 0 ? hws_error_set(&call->err, r,
				       r == HWS_ERR_CRYPTO ? "the database was used with other "
							     "keys than those of "
							     "secrets-file"
							   : "the database cannot be read")
		     : HWS_OK;
}

int adm_api_store_open(struct adm_call *call, struct adm_api_store **ret)
{
	struct adm_api_store *s = hws_alloc(sizeof(*s));
	struct place p;
	char dir[400];
	int r;

	if (!s)
		return hws_error_set(&call->err, HWS_ERR_NOMEM, "out of memory");
	r = load(call, &p);
	if (r < 0)
		goto out;
	call->err.text[0] = 0; /* the usual file may be missing */
	r = *p.state_dir ? hws_str_copy(dir, sizeof(dir), p.state_dir)
			 : hws_daemon_state_dir("hawser-api", dir, sizeof(dir), &call->err);
	if (r < 0)
		hws_error_set(&call->err, r,
				"cannot tell the state folder; name it with --data-dir");
	if (r == HWS_OK)
		r = open_keys(call, &p, dir, s);
	if (r == HWS_OK)
		r = open_db(call, &p, dir, s);
	if (r == HWS_OK)
		r = check_keys(call, s);
	hws_options_done(&options, &p);
out:
	if (r < 0)
		adm_api_store_close(s);
	else
		*ret = s;
	return r;
}

void adm_api_store_close(struct adm_api_store *s)
{
	if (!s)
		return;
	sql_close(s->db);
	dat_keys_free(s->keys);
	hws_free(s);
}

int adm_api_store_take(struct adm_api_store *s, struct sql_conn **ret)
{
	return sql_take(s->db, ret);
}

const struct dat_keys *adm_api_store_keys(const struct adm_api_store *s)
{
	return s->keys;
}

const char *adm_api_store_keys_file(const struct adm_api_store *s)
{
	return s->keys_file;
}

int adm_api_store_backup(struct adm_call *call, struct adm_api_store *s, const char *file)
{
	int r = sql_backup(s->db, file, &call->err);

	if (r == HWS_ERR_EXISTS)
		hws_error_set(&call->err, r, "%s is there already; name a new file", file);
	else if (r < 0 && !call->err.text[0])
		hws_error_set(&call->err, r, "%s: %s", file, hws_err_text(r));
	return r;
}
