/* admin/data/login_log: brakes are counts over rows, so that all nodes on one database have the
 * same. */
#include "admin/data/login_log.h"
#include "admin/data/name.h"
#include "shared/base/macros.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"

#include <arpa/inet.h>
#include <string.h>

#define WIDER 10
#define SWEEP 1000
#define BRAKED_MAX 1000

/* What counts as a failure. */
#define FAILED "ok = 0 AND reason IN ('trying', 'wrong', 'code') AND created_at > "

/* What one attacker has at least: an address, of IPv6 a /64. */
static int net_of(const char *ip, char buf[DAT_IP_TEXT])
{
	struct in6_addr a;
	size_t len;

	if (!strchr(ip, ':') || inet_pton(AF_INET6, ip, &a) != 1)
		return hws_str_copy(buf, DAT_IP_TEXT, ip);
	if (IN6_IS_ADDR_V4MAPPED(&a))
		return inet_ntop(AF_INET, &a.s6_addr[12], buf, DAT_IP_TEXT) ? HWS_OK
									    : HWS_ERR_INVAL;
	memset(&a.s6_addr[8], 0, 8);
	if (!inet_ntop(AF_INET6, &a, buf, DAT_IP_TEXT))
		return HWS_ERR_INVAL;
	len = strlen(buf);
	return hws_str_copy(buf + len, DAT_IP_TEXT - len, "/64");
}

/* What cannot be a name is nobody's, and all of those are one. */
static void key_of(const char *name, char key[DAT_NAME_KEY_TEXT])
{
	if (dat_name_key(name, key) < 0)
		key[0] = '\0';
}

/* Under which attempts on one account stand: guesses by its name and by its address are the same
 * guesses. What was typed comes first; it is there again for those that there are not. */
struct names {
	char typed[DAT_NAME_KEY_TEXT], name[DAT_NAME_KEY_TEXT], email[DAT_NAME_KEY_TEXT];
	const char *account; /* guid, "" = nobody's */
};

static void key_or(const char *name, const char *other, char key[DAT_NAME_KEY_TEXT])
{
	key_of(name, key);
	if (!*key)
		memmove(key, other, DAT_NAME_KEY_TEXT);
}

static void names_of(const char *typed, const struct dat_account *a, struct names *ret)
{
	*ret = (struct names){ .account = a ? a->guid : "" };
	key_of(typed, ret->typed);
	key_or(a ? a->name : "", ret->typed, ret->name);
	key_or(a ? a->email : "", ret->typed, ret->email);
}

struct counts {
	int64_t pair, net, name, known, codes;
};

#define BY_NAMES "FROM audit_login WHERE name_tried IN ($1, $2, $3) "
#define CAME_IN(guid) "AND net = $4 AND ok = 1 AND (" guid " = '' OR account_guid = " guid ")"

static int count_pair(struct sql_conn *c, const struct names *by, const char *net, int64_t since,
		struct counts *n)
{
	int r = sql_number(c, "SELECT count(*) " BY_NAMES CAME_IN("$5"),
			SQL_P(SQL_T(by->typed), SQL_T(by->name), SQL_T(by->email), SQL_T(net),
					SQL_T(by->account)),
			&n->known);

	/* who came in begins anew */
	if (r == HWS_OK)
		r = sql_number(c,
				"SELECT count(*) " BY_NAMES "AND net = $4 AND " FAILED
				"$5 AND created_at > (SELECT coalesce(max(created_at), "
				"0) " BY_NAMES CAME_IN("$6") ")",
				SQL_P(SQL_T(by->typed), SQL_T(by->name), SQL_T(by->email),
						SQL_T(net), SQL_I(since), SQL_T(by->account)),
				&n->pair);
	return r;
}

static int count_all(struct sql_conn *c, const struct names *by, const char *net, int64_t since,
		struct counts *n)
{
	int r = count_pair(c, by, net, since, n);

	if (r == HWS_OK)
		r = sql_number(c,
				"SELECT count(*) FROM audit_login WHERE net = $1 AND " FAILED "$2",
				SQL_P(SQL_T(net), SQL_I(since)), &n->net);
	if (r == HWS_OK)
		r = sql_number(c, "SELECT count(*) " BY_NAMES "AND " FAILED "$4",
				SQL_P(SQL_T(by->typed), SQL_T(by->name), SQL_T(by->email),
						SQL_I(since)),
				&n->name);
	if (r == HWS_OK)
		r = sql_number(c,
				"SELECT count(*) " BY_NAMES
				"AND ok = 0 AND reason = 'code' AND created_at > $4",
				SQL_P(SQL_T(by->typed), SQL_T(by->name), SQL_T(by->email),
						SQL_I(since)),
				&n->codes);
	return r;
}

static bool braked(const struct counts *n, enum dat_login_step step, int64_t tries)
{
	return n->pair >= tries || n->net >= WIDER * tries ||
			(!n->known && n->name >= WIDER * tries) ||
			(step == DAT_LOGIN_CODE && n->codes >= tries);
}

static int insert(struct sql_conn *c, const struct dat_login_try *t, const char *key,
		const char *net, const char *reason, int64_t now, const char *guid)
{
	int r = dat_text_check(hws_str_or_empty(t->device_id), DAT_ID_TEXT, false);

	if (r == HWS_OK)
		r = dat_text_check(hws_str_or_empty(t->device_uuid), DAT_UUID_TEXT, false);
	if (r == HWS_OK)
		r = dat_text_check(hws_str_or_empty(t->os), DAT_SHORT_TEXT, false);
	if (r < 0)
		return r;
	return sql_run(c,
			"INSERT INTO audit_login (guid, name_tried, via, ok, reason, ip, net, "
			"device_id, device_uuid, os, created_at) VALUES ($1, $2, $3, 0, $4, $5, $6, "
			"$7, $8, $9, $10)",
			SQL_P(SQL_T(guid), SQL_T(key), SQL_T(t->via), SQL_T(reason), SQL_T(t->ip),
					SQL_T(net), SQL_T(hws_str_or_empty(t->device_id)),
					SQL_T(hws_str_or_empty(t->device_uuid)),
					SQL_T(hws_str_or_empty(t->os)), SQL_I(now)));
}

int dat_login_begin(struct sql_conn *c, const struct dat_login_try *t, enum dat_login_step step,
		const struct dat_login_brake *brake, int64_t now, struct dat_login_turn *ret)
{
	char net[DAT_IP_TEXT], guid[DAT_GUID_TEXT];
	struct names by;
	struct counts n = { 0 };
	int64_t turn;
	struct dat_tx tx;
	int r = net_of(t->ip, net);

	names_of(t->name, t->account, &by);
	if (r == HWS_OK)
		r = dat_tx_begin(&tx, c);
	if (r < 0)
		return r;
	hws_rand_uuid(guid, sizeof(guid));
	/* in line: else many at once would all be counted before any of them is there */
	r = dat_count_up(c, "login", &turn);
	if (r == HWS_OK)
		r = count_all(c, &by, net, now - brake->window_ms, &n);
	if (r == HWS_OK && braked(&n, step, brake->tries))
		r = HWS_ERR_DENIED;
	if (r == HWS_OK)
		r = insert(c, t, by.typed, net, step == DAT_LOGIN_CODE ? "code" : "trying", now,
				guid);
	r = dat_tx_end(&tx, r);
	if (r < 0)
		return r;
	n.pair++;
	n.net++;
	n.name++;
	n.codes += step == DAT_LOGIN_CODE;
	ret->last = braked(&n, step, brake->tries);
	return hws_str_copy(ret->guid, sizeof(ret->guid), guid);
}

int dat_login_end(struct sql_conn *c, const char *turn, const char *account_guid,
		enum dat_login_end end)
{
	static const char *const reasons[] = {
		[DAT_LOGIN_OK] = "",
		[DAT_LOGIN_WRONG] = "wrong",
		[DAT_LOGIN_HALF] = "half",
		[DAT_LOGIN_REFUSED] = "refused",
		[DAT_LOGIN_UNDECIDED] = "undecided",
	};

	/* a wrong code stays what it was counted as */
	return dat_change_one(c,
			"UPDATE audit_login SET ok = $1, account_guid = $2, reason = CASE WHEN "
			"reason = 'code' AND $3 = 'wrong' THEN 'code' ELSE $3 END WHERE guid = $4",
			SQL_P(SQL_I(end == DAT_LOGIN_OK), SQL_T(hws_str_or_empty(account_guid)),
					SQL_T(reasons[end]), SQL_T(turn)));
}

int dat_login_forgive(struct sql_conn *c, const struct dat_account *a, int64_t now)
{
	struct names by;

	names_of(a->name, a, &by);
	return sql_run(c,
			"UPDATE audit_login SET reason = 'forgiven' WHERE name_tried IN ($1, $2) "
			"AND " FAILED "$3",
			SQL_P(SQL_T(by.name), SQL_T(by.email), SQL_I(now - DAT_DAY_MS)));
}

struct braked_list {
	dat_login_braked_fn fn;
	void *arg;
	int64_t window_ms;
};

static int braked_row(const struct sql_row *row, void *arg)
{
	const struct braked_list *l = arg;

	return l->fn(sql_text(row, 0), sql_int(row, 1) + l->window_ms, l->arg);
}

int dat_login_braked(struct sql_conn *c, const struct dat_login_brake *brake, int64_t now,
		dat_login_braked_fn fn, void *arg)
{
	struct braked_list l = { fn, arg, brake->window_ms };

	return sql_query(c,
			"SELECT name_tried, max(created_at) FROM audit_login l WHERE " FAILED
			"$1 AND created_at > (SELECT coalesce(max(created_at), 0) FROM audit_login "
			"s WHERE s.name_tried = l.name_tried AND s.net = l.net AND s.ok = 1) GROUP "
			"BY name_tried, net HAVING count(*) >= $2 LIMIT $3",
			SQL_P(SQL_I(now - brake->window_ms), SQL_I(brake->tries),
					SQL_I(BRAKED_MAX)),
			braked_row, &l);
}

int dat_login_sweep(struct sql_conn *c, unsigned days, int64_t now, int64_t *ret)
{
	return sql_change(c,
			"DELETE FROM audit_login WHERE guid IN (SELECT guid FROM audit_login WHERE "
			"created_at < $1 LIMIT $2)",
			SQL_P(SQL_I(now - days * DAT_DAY_MS), SQL_I(SWEEP)), ret);
}
