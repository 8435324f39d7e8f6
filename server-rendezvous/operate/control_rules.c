/* rendezvous/operate/control_rules: an order takes effect at once and is written behind; a store
 * that is away is said in the answer, as the order would not survive a restart. */
#include "server-rendezvous/operate/control_rules.h"
#include "server-rendezvous/cluster/cluster.h"
#include "server-rendezvous/config/config.h"
#include "server-rendezvous/operate/request.h"
#include "server-rendezvous/planes/device_row.h"
#include "server-rendezvous/planes/tcp.h"
#include "server-rendezvous/state/core.h"
#include "server-rendezvous/state/presence.h"
#include "server-rendezvous/state/rules.h"
#include "server-rendezvous/store/devices.h"
#include "server-rendezvous/store/entries.h"
#include "server-rendezvous/store/store.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/crypto/base64.h"
#include "shared/crypto/identity.h"
#include "shared/net/addr.h"
#include "shared/wire/text.h"
#include <stdlib.h>
#include <string.h>

#define NO_TARGET "'%s' is neither an address, a network nor an id"

static void tell_nodes(struct rdv_core *core, const struct rdv_entry *e, bool removed)
{
	if (core->cluster)
		rdv_cluster_entry(core->cluster, e, removed);
}

static void on_stored(int r, void *arg)
{
	struct hws_control_reply *reply = arg;

	if (r < 0)
		hws_control_fail(reply, r,
				"in force now, but not stored (%s): it will be gone after a "
				"restart",
				hws_err_text(r));
	else
		hws_control_ok(reply, NULL);
}

/* On those who are here already. */
static void take_effect(struct rdv_core *core, const char *kind, const char *key, bool on)
{
	if (strcmp(kind, "block-id") == 0) {
		uint64_t client = rdv_presence_block(core->presence, hws_bytes_str(key), on);

		if (client)
			rdv_tcp_post_close(core->tcp, client);
	} else if (strcmp(kind, "block-ip") == 0 || strcmp(kind, "allow-ip") == 0) {
		rdv_tcp_post_lists(core->tcp);
	}
}

static void put(struct rdv_core *core, struct hws_control_reply *reply, const char *kind,
		const char *key, const char *value)
{
	struct rdv_entry e = { 0 };
	struct hws_error err = { 0 };
	int r = hws_str_copy(e.kind, sizeof(e.kind), kind);

	if (r == HWS_OK)
		r = hws_str_copy(e.key, sizeof(e.key), key);
	if (r == HWS_OK)
		r = hws_str_copy(e.value, sizeof(e.value), value);
	if (r < 0) {
		hws_control_fail(reply, r, "too long");
		return;
	}
	r = rdv_rules_put(core->rules, &e, &err);
	if (r < 0) {
		hws_control_fail(reply, r, "%s", err.text);
		return;
	}
	take_effect(core, kind, key, true);
	hws_info("rules.changed", HWS_STR("kind", kind), HWS_STR("key", key),
			HWS_STR("value", value));
	tell_nodes(core, &e, false);
	r = core->store->entries->put(core->store, &e, on_stored, reply);
	if (r < 0)
		on_stored(r, reply);
}

/* --- devices that are named ------------------------------------------------------------------- */

/* An entry that waits until the database has said whether there is such a device. */
struct named {
	struct rdv_core *core;
	struct hws_control_reply *reply;
	char id[RDV_ID_MAX + 1];
	struct rdv_entry e;
};

static void on_known(int r, const struct rdv_peer_row *row, void *arg)
{
	struct named *n = arg;

	if (row)
		put(n->core, n->reply, n->e.kind, n->e.key, n->e.value);
	else if (r == HWS_ERR_NOTFOUND)
		hws_control_fail(n->reply, r,
				"no device has the id %s; --force if it is yet to come", n->id);
	else
		hws_control_fail(n->reply, r,
				"the database cannot be asked whether there is a device %s; "
				"--force enters it all the same",
				n->id);
	hws_free(n);
}

static bool is_known(struct rdv_core *core, const char *id)
{
	struct rdv_peer_info info;

	return rdv_presence_get(core->presence, hws_bytes_str(id), hws_clock_us(), &info);
}

/* As put, with an id in it: one that is mistyped protects nothing and blocks nobody. */
static void put_named(struct rdv_core *core, struct hws_control_reply *reply, const json_t *req,
		const char *kind, const char *key, const char *id)
{
	struct named *n = NULL;
	int r = HWS_ERR_NOMEM;

	if (json_is_true(json_object_get(req, "force")) || is_known(core, id)) {
		put(core, reply, kind, key, "");
		return;
	}
	n = hws_alloc(sizeof(*n));
	if (n) {
		n->core = core;
		n->reply = reply;
		r = hws_str_copy(n->id, sizeof(n->id), id);
	}
	if (r == HWS_OK)
		r = hws_str_copy(n->e.kind, sizeof(n->e.kind), kind);
	if (r == HWS_OK)
		r = hws_str_copy(n->e.key, sizeof(n->e.key), key);
	if (r == HWS_OK)
		r = core->store->devices->get(core->store, id, on_known, n);
	if (r < 0) {
		hws_free(n);
		hws_control_fail(reply, r, "cannot look up the id %s: %s", id, hws_err_text(r));
	}
}

/* --- what other nodes say --------------------------------------------------------------------- */

static void remove_here(struct rdv_core *core, const char *kind, const char *key)
{
	rdv_rules_delete(core->rules, kind, key);
	take_effect(core, kind, key, false);
	hws_info("rules.removed", HWS_STR("kind", kind), HWS_STR("key", key),
			HWS_STR("by", "another node"));
}

static void put_here(struct rdv_core *core, const struct rdv_entry *e)
{
	struct hws_error err = { 0 };

	if (rdv_rules_put(core->rules, e, &err) < 0) {
		hws_warn("entry.ignored", HWS_STR("kind", e->kind), HWS_STR("key", e->key),
				HWS_STR("text", err.text));
		return;
	}
	take_effect(core, e->kind, e->key, true);
}

static bool has(const struct rdv_entry *e, size_t n, const char *kind, const char *key)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(e[i].kind, kind) == 0 && strcmp(e[i].key, key) == 0)
			return true;
	}
	return false;
}

static void on_read_again(int r, const struct rdv_entry *e, size_t n, void *arg)
{
	struct rdv_core *core = arg;
	json_t *now, *one;
	size_t i;

	if (r < 0)
		return; /* the next loss of the connection reads them again */
	now = rdv_rules_json(core->rules);
	json_array_foreach (now, i, one) {
		if (!has(e, n, rdv_request_text(one, "kind"), rdv_request_text(one, "key")))
			remove_here(core, rdv_request_text(one, "kind"),
					rdv_request_text(one, "key"));
	}
	json_decref(now);
	for (i = 0; i < n; i++)
		put_here(core, &e[i]);
}

void rdv_rules_heard(const struct rdv_entry *e, bool removed, void *arg)
{
	struct rdv_core *core = arg;
	int r = HWS_OK;

	if (!e)
		r = core->store->entries->load(core->store, on_read_again, core);
	else if (removed)
		remove_here(core, e->kind, e->key);
	else
		put_here(core, e);
	if (r < 0)
		hws_warn("rules.not_read", HWS_ERR("error", r));
	if (e && !removed)
		hws_info("rules.changed", HWS_STR("kind", e->kind), HWS_STR("key", e->key),
				HWS_STR("value", e->value), HWS_STR("by", "another node"));
}

/* It was looked for in the database all the same: an earlier order may have failed there. */
static void on_not_listed(int r, void *arg)
{
	if (r < 0)
		on_stored(r, arg);
	else
		hws_control_fail(arg, HWS_ERR_NOTFOUND,
				"there is no such entry: `hawser-admin rules` shows all");
}

static void drop(struct rdv_core *core, struct hws_control_reply *reply, const char *kind,
		const char *key)
{
	struct rdv_entry e = { 0 };
	bool listed = rdv_rules_delete(core->rules, kind, key);
	int r;

	take_effect(core, kind, key, false);
	if (hws_str_copy(e.kind, sizeof(e.kind), kind) == HWS_OK &&
			hws_str_copy(e.key, sizeof(e.key), key) == HWS_OK)
		tell_nodes(core, &e, true);
	hws_info("rules.removed", HWS_STR("kind", kind), HWS_STR("key", key));
	r = core->store->entries->remove(
			core->store, kind, key, listed ? on_stored : on_not_listed, reply);
	if (r < 0)
		on_stored(r, reply);
}

/* "net" holds an address or network, or the id of a device. */
static const char *kind_of(const char *what)
{
	if (rdv_rules_is_net(what, NULL))
		return "block-ip";
	return hws_id_valid(hws_bytes_str(what)) ? "block-id" : NULL;
}

/* For what is new in a list: digits and dots that are no address are a mistyped one, though the
 * rules for ids would let them pass. What was entered so before can still be taken out. */
static const char *new_kind_of(const char *what)
{
	const char *kind = kind_of(what);

	if (kind && strcmp(kind, "block-id") == 0 && strchr(what, '.') &&
			!what[strspn(what, "0123456789.")])
		return NULL;
	return kind;
}

void rdv_cmd_block(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	const char *what = rdv_request_text(req, "net");
	const char *kind = new_kind_of(what);

	if (!kind)
		hws_control_fail(reply, HWS_ERR_INVAL, NO_TARGET, what);
	else if (strcmp(kind, "block-id") == 0)
		put_named(arg, reply, req, kind, what, what);
	else
		put(arg, reply, kind, what, "");
}

void rdv_cmd_unblock(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	const char *what = rdv_request_text(req, "net");
	const char *kind = kind_of(what);

	if (!kind)
		hws_control_fail(reply, HWS_ERR_INVAL, NO_TARGET, what);
	else
		drop(arg, reply, kind, what);
}

void rdv_cmd_allow(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	put(arg, reply, "allow-ip", rdv_request_text(req, "net"), "");
}

void rdv_cmd_unallow(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	drop(arg, reply, "allow-ip", rdv_request_text(req, "net"));
}

void rdv_cmd_rules(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	struct rdv_core *core = arg;

	(void)req;
	hws_control_ok(reply, json_pack("{s:o}", "entries", rdv_rules_json(core->rules)));
}

static int member(const json_t *req, char key[RDV_ENTRY_KEY_MAX + 1])
{
	return hws_fmt(key, RDV_ENTRY_KEY_MAX + 1, "%s/%s", rdv_request_text(req, "group"),
			rdv_request_text(req, "member"));
}

void rdv_cmd_group_add(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	const char *group = rdv_request_text(req, "group"), *what = rdv_request_text(req, "member");
	char key[RDV_ENTRY_KEY_MAX + 1];

	if (!*group || strpbrk(group, "/>"))
		hws_control_fail(reply, HWS_ERR_INVAL,
				"'%s' is no name of a group: there must be no / or > in it", group);
	else if (!new_kind_of(what))
		hws_control_fail(reply, HWS_ERR_INVAL, NO_TARGET, what);
	else if (member(req, key) < 0)
		hws_control_fail(reply, HWS_ERR_TOOBIG, "too long");
	else if (strcmp(new_kind_of(what), "block-id") == 0)
		put_named(arg, reply, req, "group", key, what);
	else
		put(arg, reply, "group", key, "");
}

void rdv_cmd_group_remove(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	struct rdv_core *core = arg;
	char key[RDV_ENTRY_KEY_MAX + 1], rule[RDV_ENTRY_KEY_MAX + 1];

	if (member(req, key) < 0)
		hws_control_fail(reply, HWS_ERR_TOOBIG, "too long");
	else if (rdv_rules_member_needed(core->rules, key, rule))
		hws_control_fail(reply, HWS_ERR_DENIED,
				"the rule %s would do nothing without %s: take the rule back first "
				"(action none)",
				rule, key);
	else
		drop(arg, reply, "group", key);
}

void rdv_cmd_rule(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	struct rdv_core *core = arg;
	struct hws_error err = { 0 };
	char key[RDV_ENTRY_KEY_MAX + 1];

	if (hws_fmt(key, sizeof(key), "%s>%s", rdv_request_text(req, "from"),
			    rdv_request_text(req, "to")) < 0)
		hws_control_fail(reply, HWS_ERR_TOOBIG, "too long");
	else if (strcmp(rdv_request_text(req, "action"), "none") == 0)
		drop(arg, reply, "rule", key);
	else if (rdv_rules_check_rule(core->rules, key, &err) < 0)
		hws_control_fail(reply, HWS_ERR_NOTFOUND, "%s", err.text);
	else
		put(arg, reply, "rule", key, rdv_request_text(req, "action"));
}

void rdv_cmd_enrolled_only(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	const json_t *on = json_object_get(req, "on");
	struct rdv_core *core = arg;
	bool ordered = rdv_rules_enrolled_only(core->rules);

	if (json_is_false(on) && rdv_conf(core)->enrolled_only)
		hws_control_fail(reply, HWS_ERR_DENIED,
				"it stays so: enrolled-only = yes stands in the configuration");
	else if (json_is_boolean(on) && json_is_true(on) == ordered)
		hws_control_ok(reply, NULL);
	else if (!on)
		hws_control_ok(reply, json_pack("{s:b}", "on", rdv_enrolled_only(core)));
	else if (!json_is_boolean(on))
		hws_control_fail(reply, HWS_ERR_INVAL, "\"on\" is true or false");
	else if (json_is_true(on))
		put(arg, reply, "gate", "enrolled-only", "on");
	else
		drop(arg, reply, "gate", "enrolled-only");
}

struct enrolment {
	struct rdv_core *core;
	struct hws_control_reply *reply;
	struct rdv_write w;
};

/* It is here with this machine id: what was asked for has been done before. */
static bool is_that_machine(struct rdv_core *core, const struct rdv_peer_row *row)
{
	uint8_t mac[RDV_MAC_LEN];
	struct rdv_shard *s;
	struct rdv_peer *p;
	bool same;

	if (!row->uuid_len)
		return false;
	rdv_presence_mac(core->presence, hws_bytes(row->uuid, row->uuid_len), mac);
	s = rdv_presence_lock(core->presence, hws_bytes_str(row->id));
	p = rdv_shard_find(s);
	same = p && p->flags & RDV_PEER_HAS_UUID && memcmp(p->mac, mac, sizeof(mac)) == 0;
	rdv_presence_unlock(s);
	return same;
}

static void on_enrolled(int r, void *arg)
{
	struct enrolment *e = arg;

	if (r == HWS_OK)
		r = e->w.result;
	if (r == HWS_ERR_EXISTS && is_that_machine(e->core, &e->w.row)) {
		hws_control_ok(e->reply, NULL);
		free(e);
		return;
	}
	if (r == HWS_OK && e->core->cluster)
		rdv_cluster_changed(e->core->cluster, e->w.row.id);
	if (r == HWS_OK && !rdv_presence_load(e->core->presence, &e->w.row))
		r = HWS_ERR_FULL;
	if (r == HWS_ERR_EXISTS && e->w.row.uuid_len)
		hws_control_fail(e->reply, r, "not enrolled: that id is another machine's");
	else if (r < 0)
		hws_control_fail(e->reply, r, "not enrolled: %s", hws_err_text(r));
	else
		hws_control_ok(e->reply, NULL);
	free(e);
}

/* Base64 of at least one byte; the number of them is that of its digits. */
static int take_uuid(const char *text, struct rdv_peer_row *row)
{
	size_t n = strlen(text), pad = n > 2 ? (text[n - 1] == '=') + (text[n - 2] == '=') : 0;

	if (n < 4 || n % 4 || n / 4 * 3 - pad > sizeof(row->uuid))
		return HWS_ERR_INVAL;
	row->uuid_len = (uint8_t)(n / 4 * 3 - pad);
	if (hws_base64_decode(hws_bytes_str(text), row->uuid, row->uuid_len) < 0)
		return HWS_ERR_INVAL;
	return hws_machine_id_valid(hws_bytes(row->uuid, row->uuid_len)) ? HWS_OK : HWS_ERR_INVAL;
}

static int take_machine(const json_t *req, struct rdv_peer_row *row)
{
	const char *uuid = rdv_request_text(req, "uuid"), *pk = rdv_request_text(req, "pk");
	int r;

	if (!*uuid && !*pk)
		return HWS_OK;
	r = take_uuid(uuid, row);
	if (r == HWS_OK && *pk)
		r = hws_key_parse(pk, row->pk);
	row->has_pk = r == HWS_OK && *pk;
	return r;
}

/* A row without machine id: the first device that registers under this id takes it. */
void rdv_cmd_enrol(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	struct rdv_core *core = arg;
	const char *id = rdv_request_text(req, "id");
	struct enrolment *e;
	int r;

	if (!hws_id_valid(hws_bytes_str(id))) {
		hws_control_fail(reply, HWS_ERR_INVAL,
				"an id has 6 to 64 letters, digits, - _ or .");
		return;
	}
	e = calloc(1, sizeof(*e));
	if (!e) {
		hws_control_fail(reply, HWS_ERR_NOMEM, "out of memory");
		return;
	}
	e->core = core;
	e->reply = reply;
	e->w.kind = RDV_WRITE_PEER;
	memcpy(e->w.row.id, id, strlen(id) + 1);
	if (take_machine(req, &e->w.row) < 0) {
		hws_control_fail(reply, HWS_ERR_INVAL,
				"uuid and pk are base64, of the machine id and of the 32 bytes of "
				"the key; no pk without uuid");
		free(e);
		return;
	}
	r = core->store->devices->write(core->store, &e->w, 1, on_enrolled, e);
	if (r < 0)
		on_enrolled(r, e);
}
