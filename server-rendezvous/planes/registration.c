/* rendezvous/planes/registration: RegisterPeer and RegisterPk.
 *
 * Against strangers: a first contact leaves a mark only, and the device enters table and store with
 * its second packet; a known device whose address changes while the old one lives must first answer
 * request_pk; another key for a known machine id is not taken while the present one speaks. */
#include "server-rendezvous/planes/registration.h"
#include "server-rendezvous/cluster/cluster.h"
#include "server-rendezvous/config/config.h"
#include "server-rendezvous/planes/device_row.h"
#include "server-rendezvous/planes/proving.h"
#include "server-rendezvous/state/core.h"
#include "server-rendezvous/state/journal.h"
#include "server-rendezvous/state/known_addrs.h"
#include "server-rendezvous/state/presence.h"
#include "server-rendezvous/state/rules.h"
#include "server-rendezvous/state/seen.h"
#include "server-rendezvous/store/devices.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/daemon/admit.h"
#include "shared/net/addr.h"
#include "shared/wire/text.h"
#include <time.h>

/* A first datagram counts for so long; who did not hear that it was asked speaks after 15 s. */
#define FIRST_DS 900
#define BURST_GAP_US (6 * HWS_US_PER_S) /* RegisterPk closer than this ... */
#define BURST_MAX 3                     /* ... more often than this are refused */
#define STRIKES_MAX 4                   /* so often another key may ask while the old one lives */
/* Copies of one machine take the id from each other with every keep-alive; a machine that moves
 * does so once. */
#define COPY_GAP_US (40 * HWS_US_PER_S)
#define COPY_MOVES 6
#define YOUNG_US (20 * HWS_US_PER_S)        /* a device that speaks each 15 s has done so twice */
#define COPY_FORGET_US (600 * HWS_US_PER_S) /* so long in one place: there is one of them only */

#define OK RDV__REGISTER_PK_RESPONSE__RESULT__OK
#define UUID_MISMATCH RDV__REGISTER_PK_RESPONSE__RESULT__UUID_MISMATCH
#define TOO_FREQUENT RDV__REGISTER_PK_RESPONSE__RESULT__TOO_FREQUENT
#define SERVER_ERROR RDV__REGISTER_PK_RESPONSE__RESULT__SERVER_ERROR
#define NOT_DEPLOYED RDV__REGISTER_PK_RESPONSE__RESULT__NOT_DEPLOYED
typedef Rdv__RegisterPkResponse__Result result;

/* What a RegisterPk wants, and what the table lock must not be held for. */
struct attempt {
	struct rdv_core *core;
	const struct rdv_origin *from;
	struct hws_bytes id, uuid, pk;
	uint8_t mac[RDV_MAC_LEN];
	bool proven;            /* by its device, from this very address */
	bool write, wait;       /* to the store; answer only then */
	bool moved, new_key;    /* for log and counters */
	bool first;             /* first datagram of an unknown device: it is asked again */
	bool added;             /* it is in the table now */
	bool tell;              /* the policy of a device that is refused */
	bool copies;            /* several machines take this id from each other */
	struct rdv_addr before; /* where it was */
	const char *refused;    /* event name of a refusal worth a line */
};

static void take_address(struct rdv_peer *p, struct rdv_core *core, const struct rdv_origin *from)
{
	p->addr = from->addr;
	p->client = from->client;
	if (from->client)
		p->flags &= (uint8_t)~RDV_PEER_YOUNG;
	p->seen = rdv_presence_time(core->presence, from->now_us);
	if (core->cluster && !(p->flags & (RDV_PEER_PLACED | RDV_PEER_UNWRITTEN))) {
		p->flags |= RDV_PEER_PLACED;
		rdv_cluster_arrived(core->cluster, rdv_peer_id(p));
	}
}

/* Another node may have met it. */
static void learn(struct rdv_core *core, struct hws_bytes id)
{
	if (core->cluster && hws_id_valid(id))
		rdv_cluster_learn(core->cluster, id);
}

/* A device that is where it was: the case of nearly every packet. */
static enum rdv_answer keep_alive(struct rdv_core *core, const struct rdv_origin *from,
		struct rdv_peer *p, bool *ret_arrived)
{
	bool alive = rdv_presence_age(core->presence, p->seen, from->now_us) < RDV_ONLINE_US;

	if (p->flags & RDV_PEER_BLOCKED)
		return RDV_ANSWER_NONE;
	if (!(p->flags & RDV_PEER_HAS_PK) || p->flags & RDV_PEER_UNWRITTEN)
		return RDV_ANSWER_ASK_PK;
	/* A keep-alive proves nothing: it may prolong what was proven, and no more. */
	if (p->flags & RDV_PEER_PROVES && !(alive && rdv_addr_equal(&p->addr, &from->addr)))
		return RDV_ANSWER_ASK_PK;
	if (!(p->flags & RDV_PEER_PROVES) && from->proof && core->proofs)
		return RDV_ANSWER_ASK_PK; /* not since our start */
	if (!rdv_addr_ip_equal(&p->addr, &from->addr))
		return RDV_ANSWER_ASK_PK;
	/* Another port while the old one lives: anybody behind the same NAT can send that. */
	if (p->addr.port != from->addr.port && p->seen && alive)
		return RDV_ANSWER_ASK_PK;
	*ret_arrived = !alive;
	if (p->flags & RDV_PEER_YOUNG &&
			rdv_presence_age(core->presence, p->registered, from->now_us) > YOUNG_US)
		p->flags &= (uint8_t)~RDV_PEER_YOUNG;
	if (p->flags & RDV_PEER_COPIED &&
			rdv_presence_age(core->presence, p->registered, from->now_us) >
					COPY_FORGET_US)
		p->flags &= (uint8_t)~RDV_PEER_COPIED;
	take_address(p, core, from);
	return RDV_ANSWER_KNOWN;
}

enum rdv_answer rdv_register_peer(
		struct rdv_core *core, const struct rdv_origin *from, struct hws_bytes id)
{
	enum rdv_answer answer = RDV_ANSWER_ASK_PK;
	struct rdv_shard *s;
	struct rdv_peer *p;
	bool arrived = false;

	if (id.len == 0 || id.len > HWS_ID_MAX)
		return RDV_ANSWER_NONE;
	s = rdv_presence_lock(core->presence, id);
	p = rdv_shard_find(s);
	if (p)
		answer = keep_alive(core, from, p, &arrived);
	rdv_presence_unlock(s);
	if (!p)
		learn(core, id);
	if (answer == RDV_ANSWER_KNOWN) {
		hws_count(&core->count.keepalives);
		if (arrived)
			rdv_known_addrs_add(core->known_addrs, &from->addr, from->now_us);
	} else if (answer == RDV_ANSWER_ASK_PK) {
		hws_count(&core->count.ask_pk);
	}
	return answer;
}

/* More than BURST_MAX changes with short gaps. */
static bool too_frequent(struct attempt *a, struct rdv_peer *p)
{
	struct rdv_presence *t = a->core->presence;

	if (rdv_presence_age(t, p->registered, a->from->now_us) > BURST_GAP_US)
		p->burst = 0;
	if (p->burst >= BURST_MAX)
		return true;
	p->burst++;
	p->registered = rdv_presence_time(t, a->from->now_us);
	return false;
}

static bool limited(const struct attempt *a)
{
	return a->from->admit && !hws_admit_event(a->from->admit, a->from->ss, 1, a->from->now_us);
}

int rdv_first_contacts_new(uint32_t max, struct rdv_seen **ret)
{
	return rdv_seen_new(max, HWS_US_PER_S / 10, FIRST_DS, ret);
}

/* Whether the same was said from there before. A datagram alone leaves nothing behind but this: who
 * sends under a false address can neither fill the table of devices nor keep an id from others. The
 * port does not count, since there are routers that change it with each packet. */
static bool heard_before(const struct attempt *a)
{
	uint8_t said[16 + RDV_MAC_LEN + RDV_PK_LEN + HWS_ID_MAX];
	struct hws_bytes what = hws_bytes(said, sizeof(said) - HWS_ID_MAX + a->id.len);

	memcpy(said, a->from->addr.ip, 16);
	memcpy(said + 16, a->mac, RDV_MAC_LEN);
	memcpy(said + 16 + RDV_MAC_LEN, a->pk.ptr, RDV_PK_LEN);
	memcpy(said + 16 + RDV_MAC_LEN + RDV_PK_LEN, a->id.ptr, a->id.len);
	if (rdv_seen_take(a->core->first_contacts, what, a->from->now_us))
		return true;
	rdv_seen_add(a->core->first_contacts, what, a->from->now_us);
	return false;
}

static result add_new(struct attempt *a, struct rdv_shard *s)
{
	bool sure = a->from->client || a->proven, again;
	struct rdv_peer *p;

	if (rdv_enrolled_only(a->core)) {
		a->refused = "register.not_enrolled";
		hws_count(&a->core->count.register_unenrolled);
		a->tell = a->core->policy && (sure || heard_before(a)) && !limited(a);
		return NOT_DEPLOYED;
	}
	/* On a client connection the caller has answered our TCP handshake: that is proof
	 * enough; and so is it with a cookie of ours. */
	again = !sure && heard_before(a);
	if (!again && limited(a))
		return TOO_FREQUENT;
	if (!again && !sure) {
		a->first = true;
		return OK;
	}
	p = rdv_shard_add(s);
	if (!p) {
		a->refused = "register.table_full";
		return SERVER_ERROR;
	}
	memcpy(p->mac, a->mac, sizeof(p->mac));
	memcpy(p->pk, a->pk.ptr, RDV_PK_LEN);
	p->flags = RDV_PEER_HAS_UUID | RDV_PEER_HAS_PK | (sure ? 0 : RDV_PEER_YOUNG) |
			(a->core->cluster && !a->proven ? RDV_PEER_UNWRITTEN : 0);
	p->registered = rdv_presence_time(a->core->presence, a->from->now_us);
	p->burst = 1;
	a->added = a->write = a->wait = true;
	take_address(p, a->core, a->from);
	return OK;
}

/* Same machine id, another key: a new installation, or a copy of the machine. */
static result change_key(struct attempt *a, struct rdv_peer *p)
{
	bool alive = rdv_peer_online(a->core->presence, p, a->from->now_us);
	/* entered by an operator with its machine id: its first key */
	bool first = !(p->flags & RDV_PEER_HAS_PK) && !rdv_addr_is_set(&p->addr);

	if (!first && !rdv_addr_ip_equal(&p->addr, &a->from->addr))
		return UUID_MISMATCH;
	if (alive && !rdv_addr_equal(&p->addr, &a->from->addr)) {
		/* A dead predecessor falls silent within two keep-alives; a living one is a
		 * clone. */
		if (++p->strikes < STRIKES_MAX)
			return TOO_FREQUENT;
		p->strikes = 0;
		a->refused = "register.clone";
		return UUID_MISMATCH;
	}
	if (too_frequent(a, p) || limited(a))
		return TOO_FREQUENT;
	p->strikes = 0;
	memcpy(p->pk, a->pk.ptr, RDV_PK_LEN);
	p->flags |= RDV_PEER_HAS_PK;
	a->new_key = true;
	a->write = a->wait = true;
	take_address(p, a->core, a->from);
	return OK;
}

/* The same machine id and key from elsewhere, while the old place lives, again and again: copies of
 * one machine. Callers reach the one that spoke last, and nobody but the operator can see why their
 * password is wrong. */
static void note_place(struct attempt *a, struct rdv_peer *p)
{
	struct rdv_presence *t = a->core->presence;
	bool soon = rdv_presence_age(t, p->registered, a->from->now_us) <= COPY_GAP_US;

	if (rdv_addr_equal(&p->addr, &a->from->addr) || !rdv_peer_online(t, p, a->from->now_us)) {
		p->strikes = 0;
		return;
	}
	p->strikes = soon ? (uint8_t)(p->strikes + 1) : 1;
	if (rdv_addr_ip_equal(&p->addr, &a->from->addr)) /* else too_frequent does */
		p->registered = rdv_presence_time(t, a->from->now_us);
	if (p->strikes < COPY_MOVES)
		return;
	p->strikes = 0;
	p->flags |= RDV_PEER_COPIED;
	a->copies = true;
	a->before = p->addr;
}

static void report_copies(const struct attempt *a, const char *id, const char *from)
{
	struct sockaddr_storage ss;
	char other[HWS_ADDR_TEXT];

	rdv_addr_to(&a->before, &ss);
	hws_addr_text(&ss, other, sizeof(other));
	hws_count(&a->core->count.clones);
	hws_warn_limited("register.copies", HWS_STR("id", id), HWS_STR("from", from),
			HWS_STR("other", other),
			HWS_STR("text",
					"machines with the same ID, key and machine id: callers "
					"reach the one that "
					"spoke last; give the copies an identity of their own"));
}

static result known_device(struct attempt *a, struct rdv_peer *p)
{
	/* Entered by an operator: the first to come takes it. */
	if (!(p->flags & RDV_PEER_HAS_UUID)) {
		memcpy(p->mac, a->mac, sizeof(p->mac));
		memcpy(p->pk, a->pk.ptr, RDV_PK_LEN);
		p->flags |= RDV_PEER_HAS_UUID | RDV_PEER_HAS_PK;
		a->write = a->wait = true;
		take_address(p, a->core, a->from);
		return OK;
	}
	if (memcmp(p->mac, a->mac, sizeof(p->mac)) != 0)
		return UUID_MISMATCH;
	if (p->flags & RDV_PEER_PROVES && !a->proven) {
		a->refused = "register.unproven";
		return TOO_FREQUENT;
	}
	if (p->flags & RDV_PEER_PROVES && memcmp(p->pk, a->pk.ptr, RDV_PK_LEN) != 0)
		return UUID_MISMATCH;
	if (!(p->flags & RDV_PEER_HAS_PK) || memcmp(p->pk, a->pk.ptr, RDV_PK_LEN) != 0)
		return change_key(a, p);
	note_place(a, p);
	if (!rdv_addr_ip_equal(&p->addr, &a->from->addr)) {
		if (too_frequent(a, p) || limited(a))
			return TOO_FREQUENT;
		a->moved = a->write = true;
	}
	a->wait = p->flags & RDV_PEER_UNWRITTEN && !a->proven;
	a->write = a->write || a->wait;
	/* Also when nothing changed: after a restart the device is reachable at once. */
	take_address(p, a->core, a->from);
	return OK;
}

static result decide(struct attempt *a)
{
	struct rdv_shard *s = rdv_presence_lock(a->core->presence, a->id);
	struct rdv_peer *p = rdv_shard_find(s);
	result res;

	if (!p)
		res = add_new(a, s);
	else if (p->flags & RDV_PEER_BLOCKED)
		res = NOT_DEPLOYED;
	else
		res = known_device(a, p);
	p = a->proven && res == OK ? rdv_shard_find(s) : NULL;
	if (p) {
		a->write = a->write || !(p->flags & RDV_PEER_PROVES);
		p->flags = (uint8_t)((p->flags | RDV_PEER_PROVES) & ~RDV_PEER_YOUNG);
	}
	rdv_presence_unlock(s);
	if (a->first || (a->added && (a->from->client || a->proven)))
		learn(a->core, a->id);
	return res;
}

static void report(struct attempt *a, result res)
{
	struct rdv_counts *n = &a->core->count;
	struct sockaddr_storage ss;
	char ip[HWS_ADDR_TEXT], id[HWS_ID_MAX * 4 + 1];

	switch (res) {
	case OK:
		hws_count(&n->register_ok);
		break;
	case UUID_MISMATCH:
		hws_count(&n->register_mismatch);
		break;
	case TOO_FREQUENT:
		hws_count(&n->register_frequent);
		break;
	default:
		hws_count(&n->register_refused);
	}
	if (a->added)
		hws_count(&n->register_new);
	if (a->moved)
		hws_count(&n->register_moved);
	if (a->new_key)
		hws_count(&n->key_changed);
	if (!a->refused && !a->new_key && !a->copies && res != UUID_MISMATCH &&
			hws_log_level() < HWS_LOG_DEBUG)
		return;
	rdv_addr_to(&a->from->addr, &ss);
	hws_addr_text(&ss, ip, sizeof(ip));
	hws_str_escape(id, sizeof(id), a->id);
	if (a->copies)
		report_copies(a, id, ip);
	else if (a->refused)
		hws_warn_limited(a->refused, HWS_STR("id", id), HWS_STR("from", ip));
	else if (a->new_key)
		hws_warn_limited("register.key_changed", HWS_STR("id", id), HWS_STR("from", ip));
	else if (res == UUID_MISMATCH)
		hws_info_limited("register.id_in_use", HWS_STR("id", id), HWS_STR("from", ip));
	else
		hws_debug("register.pk", HWS_STR("id", id), HWS_STR("from", ip),
				HWS_I64("result", res));
}

/* Puts the write in the queue; the device goes on from memory when it is full, unless it is new. */
static int enqueue(struct attempt *a)
{
	struct rdv_write w = { .kind = RDV_WRITE_PEER };
	struct rdv_waiter who = { 0 };

	rdv_device_row(&w.row, a->id, a->uuid, a->pk.ptr, a->proven, &a->from->addr);
	if (a->wait) {
		who.client = a->from->client;
		if (!who.client)
			who.udp = a->from->addr;
	}
	return rdv_journal_put(a->core->journal, &w, &who);
}

static void tell_refused(const struct attempt *a)
{
	struct rdv_peer_row row;

	rdv_device_row(&row, a->id, a->uuid, a->pk.ptr, a->proven, &a->from->addr);
	rdv_device_tell(a->core, &row, true);
}

enum rdv_answer rdv_register_pk(struct rdv_core *core, const struct rdv_origin *from,
		const Rdv__RegisterPk *m, result *ret_result)
{
	struct attempt a = { .core = core, .from = from };
	uint64_t link;
	result res;

	a.id = hws_bytes_str(m->id);
	a.uuid = hws_bytes(m->uuid.data, m->uuid.len);
	a.pk = hws_bytes(m->pk.data, m->pk.len);
	if (a.pk.len != RDV_PK_LEN || !hws_machine_id_valid(a.uuid))
		return RDV_ANSWER_NONE;
	if (!hws_id_valid(a.id)) {
		hws_count(&core->count.register_mismatch);
		*ret_result = UUID_MISMATCH; /* makes the device choose another id */
		return RDV_ANSWER_RESULT;
	}
	if (rdv_rules_id_blocked(core->rules, m->id))
		return RDV_ANSWER_NONE;
	switch (rdv_proving_judge(core, from, a.pk.ptr)) {
	case RDV_CLAIM_NONE:
		break;
	case RDV_CLAIM_OFFER:
		return RDV_ANSWER_COOKIE;
	case RDV_CLAIM_PROVEN:
		a.proven = true;
		break;
	}
	rdv_presence_mac(core->presence, a.uuid, a.mac);
	res = decide(&a);
	if (res == UUID_MISMATCH) {
		/* Ids that are taken must not be found by trying: it costs what a new device costs.
		 * And where only enrolled devices register, a taken id looks like any other. */
		if (limited(&a))
			res = TOO_FREQUENT;
		else if (rdv_enrolled_only(core))
			res = NOT_DEPLOYED;
	}
	if (a.write && enqueue(&a) < 0) {
		/* Memory has it; say so only if the store knew the device before. */
		if (a.wait && !a.new_key)
			res = SERVER_ERROR;
		a.wait = false;
		/* nobody will say whether its device proves itself: it comes again */
		if (a.added && core->cluster && !a.proven)
			rdv_registration_removed(core, m->id, &link);
	}
	report(&a, res);
	if (a.tell)
		tell_refused(&a);
	if (res == OK && !a.first) /* a first datagram may come from anybody */
		rdv_known_addrs_add(core->known_addrs, &from->addr, from->now_us);
	*ret_result = res;
	if (res != OK)
		return a.proven ? RDV_ANSWER_PROVEN : RDV_ANSWER_RESULT;
	if (a.first) {
		/* Deployed hosts would let 15 s pass before the second packet: asked, they send it
		 * at once. */
		hws_count(&core->count.ask_pk);
		return RDV_ANSWER_ASK_PK;
	}
	if (a.wait)
		return RDV_ANSWER_LATER;
	return a.proven ? RDV_ANSWER_PROVEN : RDV_ANSWER_RESULT;
}

/* The database has nothing against it: the others hear of it. While it is away, only we serve. */
static void written(struct rdv_core *core, struct hws_bytes id, bool durable)
{
	struct rdv_shard *s;
	struct rdv_peer *p;

	if (!core->cluster)
		return;
	s = rdv_presence_lock(core->presence, id);
	p = rdv_shard_find(s);
	if (p && p->flags & RDV_PEER_UNWRITTEN) {
		p->flags &= (uint8_t)~RDV_PEER_UNWRITTEN;
		if (durable && p->seen && !(p->flags & RDV_PEER_PLACED)) {
			p->flags |= RDV_PEER_PLACED;
			rdv_cluster_arrived(core->cluster, id);
		}
	}
	rdv_presence_unlock(s);
}

result rdv_registration_written(
		struct rdv_core *core, const struct rdv_write *w, int r, bool durable)
{
	struct hws_bytes id = hws_bytes_str(w->row.id);
	struct rdv_shard *s;
	struct rdv_peer *p;

	if (r == HWS_OK) {
		written(core, id, durable);
		return OK;
	}
	if (r != HWS_ERR_EXISTS)
		return SERVER_ERROR;
	/* The store holds this id with another machine id, or knows that its device proves itself.
	 * Who proved itself here meanwhile stays. */
	s = rdv_presence_lock(core->presence, id);
	p = rdv_shard_find(s);
	if (p && p->flags & RDV_PEER_PROVES && !w->row.proves)
		p = NULL;
	if (p && p->flags & RDV_PEER_PLACED && core->cluster)
		rdv_cluster_left(core->cluster, rdv_peer_id(p));
	if (p)
		rdv_shard_remove(s, p);
	rdv_presence_unlock(s);
	if (core->cluster)
		rdv_cluster_learn(core->cluster, id);
	return UUID_MISMATCH;
}

void rdv_registration_renamed(struct rdv_core *core, const char *old_id, const char *new_id)
{
	struct rdv_peer copy;
	struct rdv_shard *s = rdv_presence_lock(core->presence, hws_bytes_str(old_id));
	struct rdv_peer *p = rdv_shard_find(s);
	bool had = p != NULL;

	if (had) {
		copy = *p;
		copy.flags &= (uint8_t) ~(RDV_PEER_PLACED | RDV_PEER_UNWRITTEN);
		if (p->flags & RDV_PEER_PLACED && core->cluster)
			rdv_cluster_left(core->cluster, rdv_peer_id(p));
		rdv_shard_remove(s, p);
	}
	rdv_presence_unlock(s);
	if (!had)
		return;
	s = rdv_presence_lock(core->presence, hws_bytes_str(new_id));
	p = rdv_shard_find(s);
	if (!p)
		p = rdv_shard_add(s);
	if (p) {
		memcpy(p->mac, copy.mac, sizeof(p->mac));
		memcpy(p->pk, copy.pk, sizeof(p->pk));
		p->flags = copy.flags;
		p->addr = copy.addr;
		p->seen = 0; /* it comes back under its new name */
	}
	rdv_presence_unlock(s);
}

bool rdv_registration_removed(struct rdv_core *core, const char *id, uint64_t *ret_link)
{
	struct hws_bytes b = hws_bytes_str(id);
	struct rdv_shard *s;
	struct rdv_peer *p;

	*ret_link = 0;
	if (b.len == 0 || b.len > HWS_ID_MAX)
		return false;
	s = rdv_presence_lock(core->presence, b);
	p = rdv_shard_find(s);
	if (p) {
		*ret_link = p->client;
		if (p->flags & RDV_PEER_PLACED && core->cluster)
			rdv_cluster_left(core->cluster, b);
		rdv_shard_remove(s, p);
	}
	rdv_presence_unlock(s);
	return p != NULL;
}

void rdv_registration_client_gone(struct rdv_core *core, struct hws_bytes id, uint64_t client,
		uint64_t now_us HWS_UNUSED)
{
	struct rdv_shard *s;
	struct rdv_peer *p;

	if (id.len == 0 || id.len > HWS_ID_MAX)
		return;
	s = rdv_presence_lock(core->presence, id);
	p = rdv_shard_find(s);
	if (p && p->client == client) {
		p->client = 0;
		p->seen = 0;
		p->addr.port = 0;
	}
	rdv_presence_unlock(s);
}
