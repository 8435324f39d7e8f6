/* Devices for operators' scripts: found by patterns, switched on and off, removed, assigned. */
#include "admin/api/device_out.h"
#include "admin/api/placing.h"
#include "admin/api/scripts.h"
#include "admin/api/server_parts.h"
#include "admin/data/enrol.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- the list --------------------------------------------------------------------------------- */

/* "2026-09-21T14:15:57", UTC: scripts count the days since. */
static void put_time(char *buf, size_t size, int64_t at)
{
	time_t s = (time_t)(at / 1000);
	struct tm t;

	if (!gmtime_r(&s, &t) || !strftime(buf, size, "%Y-%m-%dT%H:%M:%S", &t))
		buf[0] = '\0';
}

static int add_device(const struct dat_device *d, void *arg)
{
	char seen[32];
	json_t *o;

	/* one that was never seen counts from when it came */
	put_time(seen, sizeof(seen), d->last_online ? d->last_online : d->registered_at);
	o = json_pack("{s:s,s:s,s:s,s:i,s:s,s:s,s:s,s:s,s:s,s:s,s:I,s:{s:s,s:s,s:s,s:s,s:s,s:s}}",
			"guid", d->guid, "id", d->id, "last_online", seen, "status", (int)d->status,
			"device_name", d->name, "device_username", d->username, "user_name",
			d->owner_name, "device_group_name", d->group_name, "note", d->note, "ip",
			d->last_ip, "created_at", (json_int_t)(d->registered_at / 1000), "info",
			"device_name", d->name, "username", d->username, "os", d->os, "cpu", d->cpu,
			"memory", d->memory, "version", d->version);
	return json_array_append_new(arg, o) < 0 ? HWS_ERR_NOMEM : HWS_OK;
}

static int list_devices(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct dat_page page, json_t *rows, int64_t *ret_total)
{
	struct dat_device_patterns p;
	const struct {
		const char *key;
		char *buf;
	} keys[] = { { "id", p.id }, { "device_name", p.name }, { "device_username", p.username },
		{ "user_name", p.owner }, { "group_name", p.owner_group },
		{ "device_group_name", p.group } };
	int r = HWS_OK;

	(void)app;
	for (size_t i = 0; i < HWS_COUNT(keys) && r == HWS_OK; i++)
		r = adi_script_pattern(q, keys[i].key, keys[i].buf);
	return r == HWS_OK ? dat_devices_like(c, &p, page, add_device, rows, ret_total) : r;
}

static void list(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	adi_script_list(q, reply, arg, "device", list_devices);
}

/* --- one -------------------------------------------------------------------------------------- */

/* The device as it was: after the transaction others are told of it. */
static void act(struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		enum adi_device_deed deed)
{
	struct dat_device d = { .guid = "" };
	const char *why = NULL;
	struct sql_conn *c;
	struct dat_tx tx;
	int r;

	if (!adi_is_script(q)) {
		htp_reply_error(reply, 403, "Use a token for scripts");
		return;
	}
	if (!adi_take(app, reply, &c))
		return;
	r = dat_tx_begin(&tx, c);
	if (r == HWS_OK) {
		r = dat_device_get(c, htp_param(q, "guid"), &d);
		why = r == HWS_OK ? adi_device_refuses(deed, &d) : NULL;
		if (r == HWS_OK && !why)
			r = adi_device_do(app, c, q, deed, &d);
		r = dat_tx_end(&tx, r);
	}
	sql_give(c);
	if (r < 0)
		adi_fail(reply, r, "device");
	else if (why)
		htp_reply_error(reply, 409, "%s", why);
	else
		adi_device_done(app, deed, &d, 1);
}

static void enable(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	act(q, reply, arg, ADI_ENABLE);
}

static void disable(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	act(q, reply, arg, ADI_DISABLE);
}

static void delete_device(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	act(q, reply, arg, ADI_REMOVE);
}

/* --- assigning -------------------------------------------------------------------------------- */

/* "book[,tag[,alias[,password[,note]]]]", cut apart in place. */
static void read_book(char *value, struct dat_enrol *in)
{
	const char **const parts[] = { &in->book, &in->book_tag, &in->book_alias,
		&in->book_password, &in->book_note };

	for (size_t i = 0; i < HWS_COUNT(parts) && value; i++) {
		char *comma = i + 1 < HWS_COUNT(parts) ? strchr(value, ',') : NULL;

		if (comma)
			*comma++ = '\0';
		if (*value)
			*parts[i] = value;
		value = comma;
	}
}

static int read_assignment(const char *type, char *value, struct dat_enrol *in)
{
	const struct {
		const char *type;
		const char **to;
	} plain[] = { { "user_name", &in->user }, { "device_group_name", &in->group },
		{ "strategy_name", &in->strategy }, { "note", &in->note },
		{ "device_username", &in->username }, { "device_name", &in->name } };

	if (hws_str_equal(type, "ab")) {
		read_book(value, in);
		return in->book ? HWS_OK : HWS_ERR_PROTO;
	}
	for (size_t i = 0; i < HWS_COUNT(plain); i++) {
		if (hws_str_equal(type, plain[i].type)) {
			*plain[i].to = value;
			return HWS_OK;
		}
	}
	return HWS_ERR_PROTO;
}

static int do_assign(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct htp_reply *reply, struct adi_did *did)
{
	const char *type = NULL, *value = NULL;
	struct dat_enrol in = { .id = NULL };
	char what[DAT_NAME_TEXT + 64] = "", *copy;
	struct dat_device d;
	int r = htp_json_text(q->json, "type", 32, &type);

	if (r == HWS_OK)
		r = htp_json_text(q->json, "value", 4 * DAT_NOTE_TEXT, &value);
	if (r < 0)
		return HWS_ERR_PROTO;
	r = dat_device_get(c, htp_param(q, "guid"), &d);
	if (r < 0)
		return r;
	copy = hws_strdup(value);
	if (!copy)
		return HWS_ERR_NOMEM;
	r = read_assignment(type, copy, &in);
	in.id = d.id;
	in.uuid = d.uuid;
	if (r == HWS_OK)
		r = dat_enrol(c, app->keys, &in, adi_now(), what, sizeof(what));
	if (r == HWS_OK)
		r = adi_placed(app, c, q, &d);
	if (r == HWS_ERR_DENIED)
		htp_reply_error(reply, 403, ADI_TEXT_PLACE);
	if (r == HWS_ERR_NOTFOUND && *what)
		htp_reply_error(reply, 404, "%s", what);
	hws_free(copy);
	if (r == HWS_OK)
		adi_did(did, "device.assign", "device", d.guid, d.id);
	return r;
}

static void assign(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	adi_script_write(q, reply, arg, "device", do_assign);
}

#define READ                                                                                       \
	.access = HTP_BEARER, .rate = HTP_RATE_USER, .roles = ADI_SCRIPT_READ, .scope = "device:r"
#define WRITE                                                                                      \
	.access = HTP_BEARER, .rate = HTP_RATE_USER, .roles = ADI_SCRIPT_OPERATE,                  \
	.scope = "device:rw"

const struct htp_route adi_routes_scripts_devices[] = {
	{ HTP_GET, "/api/devices", READ, .fn = list },
	{ HTP_POST, "/api/devices/{guid}/enable", WRITE, .fn = enable },
	{ HTP_POST, "/api/devices/{guid}/disable", WRITE, .fn = disable },
	{ HTP_DELETE, "/api/devices/{guid}", WRITE, .fn = delete_device },
	{ HTP_POST, "/api/devices/{guid}/assign", WRITE, .body = HTP_BODY_JSON, .fn = assign },
};
const size_t adi_routes_scripts_devices_count = HWS_COUNT(adi_routes_scripts_devices);
