/* rendezvous/operate/control_devices: an answer is put together from what stands in the database
 * (rows, names, on several nodes where a device is) and what this node has in memory. One question
 * is one object that goes from step to step. */
#include "server-rendezvous/operate/control_devices.h"
#include "server-rendezvous/cluster/cluster.h"
#include "server-rendezvous/config/config.h"
#include "server-rendezvous/operate/request.h"
#include "server-rendezvous/planes/registration.h"
#include "server-rendezvous/planes/tcp.h"
#include "server-rendezvous/state/attempts.h"
#include "server-rendezvous/state/core.h"
#include "server-rendezvous/state/journal.h"
#include "server-rendezvous/state/presence.h"
#include "server-rendezvous/store/devices.h"
#include "server-rendezvous/store/entries.h"
#include "server-rendezvous/store/locations.h"
#include "server-rendezvous/store/nodes.h"
#include "server-rendezvous/store/store.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include "shared/wire/text.h"
#include <stdlib.h>
#include <string.h>

#define DEVICES_DEFAULT 100u
#define DEVICES_MAX 1000u
#define ATTEMPTS 5

json_t *rdv_peer_json(struct rdv_core *core, const char *id)
{
	struct rdv_peer_info info;
	struct sockaddr_storage ss;
	char addr[HWS_ADDR_TEXT], key[HWS_KEY_TEXT], fingerprint[HWS_FINGERPRINT_TEXT];
	json_t *o;

	if (!rdv_presence_get(core->presence, hws_bytes_str(id), hws_clock_us(), &info))
		return NULL;
	rdv_addr_to(&info.addr, &ss);
	hws_addr_text(&ss, addr, sizeof(addr));
	hws_key_text(info.pk, key);
	o = json_pack("{s:s,s:b,s:s,s:s,s:b,s:b}", "id", id, "online", info.online, "address",
			rdv_addr_is_set(&info.addr) ? addr : "", "by", info.client ? "tcp" : "udp",
			"blocked", info.blocked, "copied", info.copied);
	if (o && info.age_us != UINT64_MAX)
		json_object_set_new(
				o, "seen_s_ago", json_integer((json_int_t)(info.age_us / 1000000)));
	if (o && info.has_pk) {
		json_object_set_new(o, "key", json_string(key));
		/* as the device and its viewers show it */
		json_object_set_new(o, "fingerprint",
				json_string(hws_fingerprint_text(info.pk, fingerprint)));
	}
	return o;
}

/* --- questions -------------------------------------------------------------------------------- */

struct device {
	struct rdv_peer_row row;
	bool stored, here; /* in the database; online at this node */
	char name[RDV_ENTRY_VALUE_MAX + 1];
	char node[RDV_NODE_MAX + 1]; /* another one that has it */
};

struct question {
	struct rdv_core *core;
	struct hws_control_reply *reply;
	bool one; /* all that is known of one device, else a list */
	size_t n;
	struct device device[];
};

static struct question *question_new(
		struct rdv_core *core, struct hws_control_reply *reply, size_t n)
{
	struct question *q = hws_alloc(sizeof(*q) + n * sizeof(q->device[0]));

	if (!q)
		return NULL;
	q->core = core;
	q->reply = reply;
	q->n = n;
	return q;
}

static bool is_here(struct rdv_core *core, const char *id)
{
	struct rdv_peer_info info;

	return rdv_presence_get(core->presence, hws_bytes_str(id), hws_clock_us(), &info) &&
			info.online;
}

static void put_stored(json_t *o, const struct device *d)
{
	if (*d->name)
		json_object_set_new(o, "name", json_string(d->name));
	if (!d->stored)
		return;
	json_object_set_new(o, "created", json_integer((json_int_t)d->row.created_s));
	json_object_set_new(o, "last_registration", json_integer((json_int_t)d->row.seen_s));
	json_object_set_new(o, "registered_from", json_string(d->row.ip));
	/* entered by an operator, and not taken yet */
	json_object_set_new(o, "waits_for_device", json_boolean(!d->row.uuid_len));
}

static void put_place(struct question *q, json_t *o, const struct device *d)
{
	const char *own = rdv_conf(q->core)->node;

	json_object_set_new(o, "online", json_boolean(d->here || *d->node));
	if (*own && (d->here || *d->node))
		json_object_set_new(o, "node", json_string(d->here ? own : d->node));
}

static json_t *one_json(struct question *q)
{
	struct device *d = &q->device[0];
	json_t *o = rdv_peer_json(q->core, d->row.id);

	if (!o)
		o = json_pack("{s:s}", "id", d->row.id);
	if (!o)
		return NULL;
	put_place(q, o, d);
	put_stored(o, d);
	json_object_set_new(
			o, "attempts", rdv_attempts_json(q->core->attempts, d->row.id, ATTEMPTS));
	return o;
}

static json_t *list_json(struct question *q)
{
	json_t *list = json_array();

	for (size_t i = 0; i < q->n && list; i++) {
		json_t *o = json_pack("{s:s}", "id", q->device[i].row.id);

		if (!o)
			break;
		put_place(q, o, &q->device[i]);
		json_object_set_new(o, "name", json_string(q->device[i].name));
		put_stored(o, &q->device[i]);
		json_array_append_new(list, o);
	}
	return json_pack("{s:o}", "devices", list);
}

static void finish(struct question *q)
{
	hws_control_ok(q->reply, q->one ? one_json(q) : list_json(q));
	hws_free(q);
}

static void on_where(int r, const struct rdv_where *w, size_t n, void *arg)
{
	struct question *q = arg;
	const char *own = rdv_conf(q->core)->node;

	for (size_t i = 0; r == HWS_OK && i < n && i < q->n; i++) {
		struct device *d = &q->device[i];

		/* What it says of this node, this node knows better. */
		if (!d->here && strcmp(w[i].node, own) != 0 &&
				hws_str_copy(d->node, sizeof(d->node), w[i].node) < 0)
			d->node[0] = 0;
	}
	finish(q);
}

/* On several nodes the database knows which of them has a device. */
static void find_places(struct question *q)
{
	struct rdv_store *store = q->core->store;
	const char *ids[DEVICES_MAX];
	bool all_here = true;

	for (size_t i = 0; i < q->n; i++) {
		q->device[i].here = is_here(q->core, q->device[i].row.id);
		all_here = all_here && q->device[i].here;
		ids[i] = q->device[i].row.id;
	}
	if (all_here || !q->core->cluster ||
			store->locations->find(store, ids, q->n, on_where, q) < 0)
		finish(q);
}

static int by_id(const void *key, const void *device)
{
	return strcmp(key, ((const struct device *)device)->row.id);
}

/* Rows of a list are in order of their ids. */
static void on_names(int r, const struct rdv_entry *e, size_t n, void *arg)
{
	struct question *q = arg;

	for (size_t i = 0; r == HWS_OK && i < n; i++) {
		struct device *d;

		if (strcmp(e[i].kind, RDV_ENTRY_NAME) != 0)
			continue;
		d = bsearch(e[i].key, q->device, q->n, sizeof(q->device[0]), by_id);
		if (d && hws_str_copy(d->name, sizeof(d->name), e[i].value) < 0)
			d->name[0] = 0;
	}
	find_places(q);
}

static void find_names(struct question *q)
{
	struct rdv_store *store = q->core->store;

	if (!q->n || store->entries->load(store, on_names, q) < 0)
		find_places(q);
}

/* --- one -------------------------------------------------------------------------------------- */

static void on_row(int r, const struct rdv_peer_row *row, void *arg)
{
	struct question *q = arg;
	struct device *d = &q->device[0];
	struct rdv_peer_info info;

	if (row) {
		d->row = *row;
		d->stored = true;
	} else if (!rdv_presence_get(q->core->presence, hws_bytes_str(d->row.id), hws_clock_us(),
				   &info)) {
		hws_control_fail(q->reply, r,
				r == HWS_ERR_NOTFOUND ? "no device has the id %s"
						      : "the database cannot be asked about %s",
				d->row.id);
		hws_free(q);
		return;
	}
	find_names(q);
}

void rdv_cmd_peer(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	struct rdv_core *core = arg;
	struct question *q = question_new(core, reply, 1);
	int r = HWS_ERR_NOMEM;

	if (q) {
		q->one = true;
		r = hws_str_copy(q->device[0].row.id, sizeof(q->device[0].row.id),
				rdv_request_text(req, "id"));
	}
	if (r == HWS_OK)
		r = core->store->devices->get(core->store, q->device[0].row.id, on_row, q);
	if (r < 0) {
		hws_control_fail(reply, r, "cannot look up that id");
		hws_free(q);
	}
}

/* --- all -------------------------------------------------------------------------------------- */

struct listing {
	struct rdv_core *core;
	struct hws_control_reply *reply;
};

static void on_list(int r, const struct rdv_peer_row *rows, size_t n, void *arg)
{
	struct listing *l = arg;
	struct question *q = r == HWS_OK ? question_new(l->core, l->reply, n) : NULL;

	if (q) {
		for (size_t i = 0; i < n; i++) {
			q->device[i].row = rows[i];
			q->device[i].stored = true;
		}
		find_names(q);
	} else {
		hws_control_fail(l->reply, r < 0 ? r : HWS_ERR_NOMEM,
				"the database cannot be asked");
	}
	hws_free(l);
}

void rdv_cmd_devices(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	struct rdv_core *core = arg;
	struct listing *l = hws_alloc(sizeof(*l));
	json_int_t limit = json_integer_value(json_object_get(req, "limit"));
	int r = HWS_ERR_NOMEM;

	if (limit < 1 || limit > (json_int_t)DEVICES_MAX)
		limit = limit < 1 ? (json_int_t)DEVICES_DEFAULT : (json_int_t)DEVICES_MAX;
	if (l) {
		*l = (struct listing){ core, reply };
		r = core->store->devices->list(core->store, rdv_request_text(req, "after"),
				(unsigned)limit, on_list, l);
	}
	if (r < 0) {
		hws_control_fail(reply, r, "the database cannot be asked");
		hws_free(l);
	}
}

/* --- names ------------------------------------------------------------------------------------ */

struct naming {
	struct rdv_core *core;
	struct hws_control_reply *reply;
	struct rdv_entry e;
};

static void on_named(int r, void *arg)
{
	struct naming *n = arg;

	if (r < 0)
		hws_control_fail(n->reply, r, "not stored: %s", hws_err_text(r));
	else
		hws_control_ok(n->reply, NULL);
	hws_free(n);
}

static void on_named_row(int r, const struct rdv_peer_row *row, void *arg)
{
	struct naming *n = arg;
	struct rdv_store *s = n->core->store;

	if (!row) {
		hws_control_fail(n->reply, r,
				r == HWS_ERR_NOTFOUND ? "no device has the id %s"
						      : "the database cannot be asked about %s",
				n->e.key);
		hws_free(n);
		return;
	}
	if (*n->e.value)
		r = s->entries->put(s, &n->e, on_named, n);
	else
		r = s->entries->remove(s, n->e.kind, n->e.key, on_named, n);
	if (r < 0)
		on_named(r, n);
}

void rdv_cmd_name(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	struct rdv_core *core = arg;
	struct naming *n = hws_alloc(sizeof(*n));
	const char *id = rdv_request_text(req, "id");
	int r = n ? HWS_OK : HWS_ERR_NOMEM;

	if (r == HWS_OK) {
		n->core = core;
		n->reply = reply;
		r = hws_str_copy(n->e.kind, sizeof(n->e.kind), RDV_ENTRY_NAME);
	}
	if (r == HWS_OK && (!*id || strlen(id) > HWS_ID_MAX))
		r = HWS_ERR_INVAL;
	if (r == HWS_OK)
		r = hws_str_copy(n->e.key, sizeof(n->e.key), id);
	if (r == HWS_OK)
		r = hws_str_copy(n->e.value, sizeof(n->e.value), rdv_request_text(req, "name"));
	if (r == HWS_OK)
		r = core->store->devices->get(core->store, id, on_named_row, n);
	if (r < 0) {
		hws_control_fail(reply, r,
				r == HWS_ERR_INVAL ? "which id?"
						: r == HWS_ERR_TOOBIG
						? "a name has at most %d bytes"
						: "cannot do that now",
				RDV_ENTRY_VALUE_MAX);
		hws_free(n);
	}
}

/* --- going ------------------------------------------------------------------------------------ */

struct removal {
	struct rdv_core *core;
	struct hws_control_reply *reply;
	struct rdv_write w;
};

static bool forget_here(struct rdv_core *core, const char *id)
{
	uint64_t client;
	bool known = rdv_registration_removed(core, id, &client);

	if (client)
		rdv_tcp_post_close(core->tcp, client);
	return known;
}

static void end_removal(struct removal *m, int r)
{
	if (r < 0)
		hws_control_fail(m->reply, r, "not removed from the database (%s): it comes back",
				hws_err_text(r));
	else
		hws_control_ok(m->reply, NULL);
	hws_free(m);
}

static void on_name_removed(int r, void *arg)
{
	end_removal(arg, r);
}

static void on_removed(int r, void *arg)
{
	struct removal *m = arg;
	struct rdv_core *core = m->core;

	if (r < 0) {
		end_removal(m, r);
		return;
	}
	/* Once more: a registration may have been under way. */
	forget_here(core, m->w.row.id);
	if (core->cluster)
		rdv_cluster_removed(core->cluster, m->w.row.id);
	hws_info("device.removed", HWS_STR("id", m->w.row.id));
	r = core->store->entries->remove(
			core->store, RDV_ENTRY_NAME, m->w.row.id, on_name_removed, m);
	if (r < 0)
		end_removal(m, r);
}

static void on_removed_row(int r, const struct rdv_peer_row *row, void *arg)
{
	struct removal *m = arg;
	struct rdv_core *core = m->core;
	bool here = forget_here(core, m->w.row.id);

	if (!row && !here) {
		hws_control_fail(m->reply, r,
				r == HWS_ERR_NOTFOUND ? "no device has the id %s"
						      : "the database cannot be asked about %s",
				m->w.row.id);
		hws_free(m);
		return;
	}
	rdv_journal_kick(core->journal); /* what waits for the store goes before */
	r = core->store->devices->write(core->store, &m->w, 1, on_removed, m);
	if (r < 0)
		end_removal(m, r);
}

/* Also what takes an enrolment back: where only enrolled devices register, this one does not any
 * more; elsewhere it comes again as a new one. */
void rdv_cmd_remove(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	struct rdv_core *core = arg;
	struct removal *m = hws_alloc(sizeof(*m));
	const char *id = rdv_request_text(req, "id");
	int r = m ? HWS_OK : HWS_ERR_NOMEM;

	if (r == HWS_OK && !*id)
		r = HWS_ERR_INVAL;
	if (r == HWS_OK) {
		m->core = core;
		m->reply = reply;
		m->w.kind = RDV_WRITE_DELETE;
		r = hws_str_copy(m->w.row.id, sizeof(m->w.row.id), id);
	}
	if (r == HWS_OK)
		r = core->store->devices->get(core->store, id, on_removed_row, m);
	if (r < 0) {
		hws_control_fail(reply, r, "cannot remove that id");
		hws_free(m);
	}
}
