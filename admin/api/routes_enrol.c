/* How devices come to a server and change sides: assigned by whoever has a token, deployed where
 * only deployed devices may register, and grants for a host that becomes the viewer. */
#include "admin/api/device_out.h"
#include "admin/api/device_text.h"
#include "admin/api/enrolment.h"
#include "admin/api/fleet.h"
#include "admin/api/orders.h"
#include "admin/api/placing.h"
#include "admin/api/server_parts.h"
#include "admin/api/v1.h"
#include "admin/data/enrol.h"
#include "admin/data/switch.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "shared/crypto/base64.h"
#include "shared/crypto/identity.h"
#include <stdlib.h>
#include <string.h>

#define DEVICE_WRITERS                                                                             \
	(ADI_ROLE(DAT_ROLE_OWNER) | ADI_ROLE(DAT_ROLE_ADMIN) | ADI_ROLE(DAT_ROLE_OPERATOR))
#define BODY_MAX (64u << 10)

/* --- presets ---------------------------------------------------------------------------------- */

/* {} when there are none. */
static json_t *read_presets(const json_t *body)
{
	static const struct {
		const char *sent, *kept;
	} names[] = {
		{ "preset-user-name", "user" },
		{ "preset-device-group-name", "group" },
		{ "preset-strategy-name", "strategy" },
		{ "preset-note", "note" },
		{ "preset-address-book-name", "book" },
		{ "preset-address-book-tag", "book_tag" },
		{ "preset-address-book-alias", "book_alias" },
		{ "preset-address-book-note", "book_note" },
	};
	json_t *o = json_object();

	for (size_t i = 0; i < HWS_COUNT(names); i++) {
		char text[DAT_NAME_TEXT];

		adi_report_text(body, names[i].sent, text, sizeof(text));
		if (*text)
			json_object_set_new(o, names[i].kept, json_string(text));
	}
	return o;
}

static int keep_presets(struct sql_conn *c, const struct adi_sender *s, const json_t *presets)
{
	char *text = json_dumps(presets, JSON_COMPACT);
	int r = text ? dat_preset_put(c, s->id, s->uuid, text) : HWS_ERR_NOMEM;

	free(text);
	return r;
}

static int do_presets(
		struct adi_app *a, struct sql_conn *c, const struct adi_sender *s, const json_t *o)
{
	struct dat_enrol in = {
		.id = s->id,
		.uuid = s->uuid,
		.group = adi_in_text(o, "group"),
		.strategy = adi_in_text(o, "strategy"),
		.note = adi_in_text(o, "note"),
		.book = adi_in_text(o, "book"),
		.book_tag = adi_in_text(o, "book_tag"),
		.book_alias = adi_in_text(o, "book_alias"),
		.book_note = adi_in_text(o, "book_note"),
	};
	char what[DAT_NAME_TEXT + 64];
	int r = dat_enrol(c, a->keys, &in, adi_now(), what, sizeof(what));

	/* a name that nobody has here is the installer's mistake; the report itself is good */
	if (r == HWS_ERR_NOTFOUND || r == HWS_ERR_INVAL || r == HWS_ERR_TOOBIG ||
			r == HWS_ERR_FULL) {
		hws_warn_limited(
				"preset_not_done", HWS_STR("device", s->id), HWS_STR("text", what));
		r = HWS_OK;
	}
	return r;
}

int adi_enrol_presets(struct adi_app *a, struct sql_conn *c, const struct htp_request *q)
{
	enum adi_presets policy = a->conf->presets;
	json_t *o = read_presets(q->json);
	struct adi_sender s;
	int r = HWS_OK;

	if (o && json_object_size(o) && policy != ADI_PRESETS_IGNORE && adi_sender(q, &s)) {
		r = keep_presets(c, &s, o);
		if (r == HWS_OK && policy == ADI_PRESETS_ACCEPT)
			r = do_presets(a, c, &s, o);
	}
	json_decref(o);
	return r;
}

/* --- assigning -------------------------------------------------------------------------------- */

static void answer_enrol(struct htp_reply *reply, int r, const char *what)
{
	if (r == HWS_OK)
		return; /* blank: done */
	if (r == HWS_ERR_NOTFOUND && *what)
		htp_reply_error(reply, 400, "%s", what);
	else if (r == HWS_ERR_DENIED)
		htp_reply_error(reply, 403, ADI_TEXT_PLACE);
	else
		adi_fail(reply, r, "device");
}

/* In the caller's transaction. */
static int enrol(struct adi_app *a, struct sql_conn *c, const struct htp_request *q,
		const struct dat_enrol *in, char *what, size_t size)
{
	struct dat_device before = { .id = "" };
	int r = dat_device_find(c, in->id, &before);

	if (r == HWS_OK || r == HWS_ERR_NOTFOUND) /* what is missing is said there */
		r = dat_enrol(c, a->keys, in, adi_now(), what, size);
	return r == HWS_OK ? adi_placed(a, c, q, &before) : r;
}

static void assign(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	struct adi_app *a = arg;
	const json_t *o = q->json;
	struct adi_sender s;
	struct sql_conn *c;
	struct dat_tx tx;
	char what[DAT_NAME_TEXT + 64] = "";
	int r;

	if (!adi_sender(q, &s)) {
		htp_reply_error(reply, 400, "Which device?");
		return;
	}
	struct dat_enrol in = {
		.id = s.id,
		.uuid = s.uuid,
		.user = adi_in_text(o, "user_name"),
		.group = adi_in_text(o, "device_group_name"),
		.strategy = adi_in_text(o, "strategy_name"),
		.note = adi_in_text(o, "note"),
		.username = adi_in_text(o, "device_username"),
		.name = adi_in_text(o, "device_name"),
		.book = adi_in_text(o, "address_book_name"),
		.book_tag = adi_in_text(o, "address_book_tag"),
		.book_alias = adi_in_text(o, "address_book_alias"),
		.book_password = adi_in_text(o, "address_book_password"),
		.book_note = adi_in_text(o, "address_book_note"),
	};

	if (!adi_take(a, reply, &c))
		return;
	r = dat_tx_begin(&tx, c);
	if (r == HWS_OK) {
		r = enrol(a, c, q, &in, what, sizeof(what));
		if (r == HWS_OK)
			r = adi_audit(a, c, q,
					&(struct adi_deed){ .kind = "device.assign",
							.target_kind = "device",
							.target_name = s.id });
		r = dat_tx_end(&tx, r);
	}
	sql_give(c);
	answer_enrol(reply, r, what);
}

/* --- deploying -------------------------------------------------------------------------------- */

static void say_result(struct htp_reply *reply, const char *result)
{
	htp_reply_json(reply, json_pack("{s:s}", "result", result));
}

/* The rendezvous server lets it register; without one there is no gate. */
static int let_in(struct adi_app *a, const struct adi_sender *s, const char *pk,
		struct hws_error *err)
{
	json_t *req = json_pack("{s:s,s:s,s:s,s:s}", "cmd", "enrol", "id", s->id, "uuid", s->uuid,
			"pk", pk);
	json_t *answer = NULL;
	int r = req ? adi_fleet_call(a->fleet, ADI_RENDEZVOUS, req, &answer, err) : HWS_ERR_NOMEM;

	json_decref(req);
	json_decref(answer);
	return r;
}

/* Known to be off only by the rendezvous server's word. */
static bool gate_is_on(struct adi_app *a)
{
	json_t *req = json_pack("{s:s}", "cmd", "enrolled-only"), *answer = NULL;
	struct hws_error err = { 0 };
	bool on = true;

	if (req && adi_fleet_call(a->fleet, ADI_RENDEZVOUS, req, &answer, &err) == HWS_OK)
		on = !json_is_false(json_object_get(answer, "on"));
	json_decref(req);
	json_decref(answer);
	return on;
}

/* Before the rendezvous server is told: the id is nobody's, or this machine's. */
static bool is_free(struct adi_app *a, const struct adi_sender *s, struct htp_reply *reply)
{
	struct dat_device d = { .id = "" };
	struct sql_conn *c;
	int r;

	if (!adi_take(a, reply, &c))
		return false;
	r = dat_device_find(c, s->id, &d);
	sql_give(c);
	if (r < 0 && r != HWS_ERR_NOTFOUND) {
		adi_fail(reply, r, "device");
		return false;
	}
	if (r == HWS_OK && !hws_str_equal(d.uuid, s->uuid)) {
		say_result(reply, "ID_TAKEN");
		return false;
	}
	return true;
}

static int deploy_row(struct adi_app *a, const struct htp_request *q, const struct adi_sender *s,
		const char *pk, struct htp_reply *reply)
{
	char guid[DAT_GUID_TEXT];
	struct dat_device d;
	struct sql_conn *c;
	struct dat_tx tx;
	int r;

	if (!adi_take(a, reply, &c))
		return HWS_ERR_STORE;
	r = dat_tx_begin(&tx, c);
	if (r == HWS_OK) {
		r = dat_device_register(c, s->id, s->uuid, false, adi_now(), guid);
		if (r == HWS_OK)
			r = dat_device_set_key(c, guid, pk, adi_now());
		if (r == HWS_OK)
			r = dat_device_get(c, guid, &d);
		/* who has the token says that it may come in */
		if (r == HWS_OK && d.status == DAT_DEVICE_PENDING)
			r = dat_device_set_status(c, guid, DAT_DEVICE_ON, adi_now());
		/* in place of what was due before, or if its ID server is away */
		if (r == HWS_OK)
			r = adi_device_order(c, ADI_APPROVE, &d);
		if (r == HWS_OK)
			r = adi_audit(a, c, q,
					&(struct adi_deed){ .kind = "device.deploy",
							.target_kind = "device",
							.target_guid = guid,
							.target_name = s->id });
		r = dat_tx_end(&tx, r);
	}
	sql_give(c);
	if (r == HWS_ERR_DENIED)
		say_result(reply, "ID_TAKEN");
	else if (r < 0)
		adi_fail(reply, r, "device");
	return r;
}

static void deploy(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	struct adi_app *a = arg;
	struct hws_error err = { 0 };
	struct adi_sender s;
	const char *pk;
	uint8_t key[32];
	int r;

	if (!adi_sender(q, &s) || !*s.uuid || htp_json_text(q->json, "pk", 64, &pk) < 0 ||
			hws_base64_decode(hws_bytes_str(pk), key, sizeof(key)) < 0) {
		say_result(reply, "INVALID_INPUT");
		return;
	}
	if (!gate_is_on(a)) {
		say_result(reply, "NOT_ENABLED");
		return;
	}
	if (!is_free(a, &s, reply))
		return;
	r = let_in(a, &s, pk, &err);
	if (r == HWS_ERR_EXISTS) {
		say_result(reply, "ID_TAKEN");
		return;
	}
	/* HWS_ERR_NOTFOUND: no rendezvous server is set; the device is entered here all the same */
	if (r < 0 && r != HWS_ERR_NOTFOUND) {
		htp_reply_error(reply, 503, "The ID server does not answer: %s", err.text);
		return;
	}
	if (deploy_row(a, q, &s, pk, reply) == HWS_OK) {
		adi_orders_bring(a, a->fleet, false);
		say_result(reply, "OK");
	}
}

/* --- changing sides --------------------------------------------------------------------------- */

/* Of a device that may be reached itself. */
static int find_key(struct sql_conn *c, const char *id, uint8_t pk[HWS_PK_LEN])
{
	struct dat_device d;
	int r = dat_device_find(c, id, &d);

	if (r == HWS_OK && (d.status != DAT_DEVICE_ON || !*d.key))
		r = HWS_ERR_NOTFOUND;
	return r == HWS_OK ? hws_key_parse(d.key, pk) : r;
}

static int take_grant(struct adi_app *a, const json_t *o)
{
	struct dat_switch_claim claim;
	uint8_t pk[HWS_PK_LEN];
	struct sql_conn *c;
	int r;

	if (htp_json_text(o, "id", DAT_ID_TEXT - 1, &claim.id) < 0 ||
			htp_json_text(o, "switch_code_verifier", DAT_VERIFIER_TEXT - 1,
					&claim.verifier) < 0 ||
			htp_json_text(o, "timestamp", 20, &claim.timestamp) < 0 ||
			htp_json_text(o, "signature", 128, &claim.signature) < 0)
		return HWS_ERR_INVAL;
	r = sql_take(a->db, &c);
	if (r < 0)
		return r;
	r = find_key(c, claim.id, pk);
	if (r == HWS_OK)
		r = dat_switch_check(&claim, pk, adi_now() / 1000);
	if (r == HWS_OK)
		r = dat_switch_put(c, claim.id, claim.verifier, adi_now());
	sql_give(c);
	return r;
}

static void switch_grant(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	int r = take_grant(arg, q->json);

	if (r == HWS_ERR_STORE || r == HWS_ERR_FULL || r == HWS_ERR_BUSY || r == HWS_ERR_DISK)
		adi_fail(reply, r, "grant");
	else if (r == HWS_ERR_RANGE) /* it puts its clock right, and tries once more */
		htp_reply_json(reply,
				json_pack("{s:b,s:I}", "accepted", 0, "server_time",
						(json_int_t)(adi_now() / 1000)));
	else
		htp_reply_json(reply, json_pack("{s:b}", "accepted", r == HWS_OK));
}

const struct htp_route adi_routes_enrol[] = {
	{ HTP_POST, "/api/devices/cli", .access = HTP_BEARER, .body = HTP_BODY_JSON,
			.rate = HTP_RATE_USER, .body_max = BODY_MAX, .roles = DEVICE_WRITERS,
			.scope = "device:rw", .fn = assign },
	{ HTP_POST, "/api/devices/deploy", .access = HTP_BEARER, .body = HTP_BODY_JSON,
			.rate = HTP_RATE_USER, .body_max = BODY_MAX, .roles = DEVICE_WRITERS,
			.scope = "device:rw", .fn = deploy },
	{ HTP_POST, "/api/switch-grant", .body = HTP_BODY_JSON, .rate = HTP_RATE_DEVICE,
			.body_max = BODY_MAX, .fn = switch_grant },
};
const size_t adi_routes_enrol_count = HWS_COUNT(adi_routes_enrol);
