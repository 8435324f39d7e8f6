/* rendezvous/state/rules: small lists under one read-write lock; an empty set costs one load. */
#include "server-rendezvous/state/rules.h"
#include "server-rendezvous/store/entries.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/daemon/metrics.h"
#include "shared/net/addr.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX 100000

struct rule {
	struct rdv_entry e;
	struct hws_cidr net; /* block-ip, group members that are networks */
	bool is_net;
};

struct rdv_rules {
	pthread_rwlock_t lock;
	struct hws_cidr_list block, allow; /* of the configuration */
	struct rule *rule;
	size_t count, size;
	bool any_ip, any_id, any_policy; /* atomics: is there anything to look at */
	bool enrolled_only;              /* atomic */
	struct rdv_rules_counts counts;  /* atomics */
};

int rdv_rules_new(struct rdv_rules **ret)
{
	struct rdv_rules *r = calloc(1, sizeof(*r));

	if (!r)
		return HWS_ERR_NOMEM;
	pthread_rwlock_init(&r->lock, NULL);
	*ret = r;
	return HWS_OK;
}

void rdv_rules_free(struct rdv_rules *r)
{
	if (!r)
		return;
	hws_cidr_list_done(&r->block);
	hws_cidr_list_done(&r->allow);
	hws_free(r->rule);
	pthread_rwlock_destroy(&r->lock);
	free(r);
}

static bool is(const struct rule *u, const char *kind)
{
	return strcmp(u->e.kind, kind) == 0;
}

static struct rule *find(struct rdv_rules *r, const char *kind, const char *key)
{
	for (size_t i = 0; i < r->count; i++) {
		if (is(&r->rule[i], kind) && strcmp(r->rule[i].e.key, key) == 0)
			return &r->rule[i];
	}
	return NULL;
}

static void refresh(struct rdv_rules *r)
{
	bool ip = r->block.count || r->allow.count, id = false, policy = false;
	bool enrolled = find(r, "gate", "enrolled-only") != NULL;

	for (size_t i = 0; i < r->count; i++) {
		ip |= is(&r->rule[i], "block-ip");
		id |= is(&r->rule[i], "block-id");
		policy |= is(&r->rule[i], "rule");
	}
	__atomic_store_n(&r->any_ip, ip, __ATOMIC_RELAXED);
	__atomic_store_n(&r->any_id, id, __ATOMIC_RELAXED);
	__atomic_store_n(&r->any_policy, policy, __ATOMIC_RELAXED);
	__atomic_store_n(&r->enrolled_only, enrolled, __ATOMIC_RELAXED);
}

static void take_list(struct hws_cidr_list *to, struct hws_cidr_list *from)
{
	hws_cidr_list_done(to);
	*to = *from;
	*from = (struct hws_cidr_list){ 0 };
}

void rdv_rules_configure(
		struct rdv_rules *r, struct hws_cidr_list *block, struct hws_cidr_list *allow)
{
	pthread_rwlock_wrlock(&r->lock);
	take_list(&r->block, block);
	take_list(&r->allow, allow);
	refresh(r);
	pthread_rwlock_unlock(&r->lock);
}

/* A group member's key is "group/member". */
static const char *member_of(const struct rule *u, const char *group)
{
	size_t n = strlen(group);

	if (!is(u, "group") || strncmp(u->e.key, group, n) != 0 || u->e.key[n] != '/')
		return NULL;
	return u->e.key + n + 1;
}

bool rdv_rules_is_net(const char *text, struct hws_cidr *ret)
{
	struct hws_cidr net;

	/* digits alone are an id */
	if (!strpbrk(text, ".:") || hws_cidr_parse(text, &net) < 0)
		return false;
	if (ret)
		*ret = net;
	return true;
}

static int parse(struct rule *u, struct hws_error *err)
{
	if (is(u, "block-ip") || is(u, "allow-ip")) {
		u->is_net = true;
		if (hws_cidr_parse(u->e.key, &u->net) < 0)
			return hws_error_set(err, HWS_ERR_INVAL,
					"%s is neither an address nor a network (10.0.0.0/8)",
					u->e.key);
	} else if (is(u, "group")) {
		const char *member = strchr(u->e.key, '/');

		if (!member || !member[1] || member == u->e.key)
			return hws_error_set(err, HWS_ERR_INVAL,
					"a group member is GROUP/ID or GROUP/NET");
		u->is_net = rdv_rules_is_net(member + 1, &u->net);
	} else if (is(u, "rule")) {
		if (!strchr(u->e.key, '>') ||
				(strcmp(u->e.value, "allow") != 0 &&
						strcmp(u->e.value, "deny") != 0))
			return hws_error_set(err, HWS_ERR_INVAL,
					"a rule is FROM>TO with the value allow or deny");
	}
	return HWS_OK;
}

int rdv_rules_put(struct rdv_rules *r, const struct rdv_entry *e, struct hws_error *err)
{
	struct rule u = { .e = *e };
	struct rule *at;
	int res = parse(&u, err);

	if (res < 0 || is(&u, RDV_ENTRY_NAME)) /* many, and nothing here looks at them */
		return res;
	pthread_rwlock_wrlock(&r->lock);
	at = find(r, e->kind, e->key);
	if (!at && r->count == r->size) {
		size_t size = r->size ? r->size * 2 : 16;
		struct rule *p = r->count < ENTRIES_MAX
				? hws_realloc_array(r->rule, size, sizeof(*p))
				: NULL;

		if (!p) {
			pthread_rwlock_unlock(&r->lock);
			return hws_error_set(err, HWS_ERR_FULL, "too many entries");
		}
		r->rule = p;
		r->size = size;
	}
	if (!at)
		at = &r->rule[r->count++];
	*at = u;
	refresh(r);
	pthread_rwlock_unlock(&r->lock);
	return HWS_OK;
}

/* --- rules and the groups they name ----------------------------------------------------------- */

/* Has a group a member of this sort, other than `but` (NULL: any)? Callers are known by their
 * addresses, those they call by their ids. */
static bool has_member(const struct rdv_rules *r, const char *group, bool net, const char *but)
{
	for (size_t i = 0; i < r->count; i++) {
		const char *m = member_of(&r->rule[i], group);

		if (m && r->rule[i].is_net == net && (!but || strcmp(r->rule[i].e.key, but) != 0))
			return true;
	}
	return false;
}

/* The groups that a rule names: who calls, who is called. */
static const char *split(const char *key, char from[RDV_ENTRY_KEY_MAX + 1])
{
	const char *to = strchr(key, '>');
	size_t n = to ? (size_t)(to - key) : 0;

	memcpy(from, key, n);
	from[n] = 0;
	return to ? to + 1 : "";
}

static int check_group(
		const struct rdv_rules *r, const char *group, bool net, struct hws_error *err)
{
	if (strcmp(group, "*") == 0 || has_member(r, group, net, NULL))
		return HWS_OK;
	if (!has_member(r, group, !net, NULL))
		return hws_error_set(err, HWS_ERR_NOTFOUND,
				"there is no group %s; group-add makes it, `hawser-admin rules` "
				"shows all",
				group);
	return hws_error_set(err, HWS_ERR_NOTFOUND,
			net ? "there is no address or network in the group %s, and callers are "
			      "known by theirs: the rule would do nothing"
			    : "there is no device in the group %s: the rule would do nothing",
			group);
}

static int check_rule(const struct rdv_rules *r, const char *key, struct hws_error *err)
{
	char from[RDV_ENTRY_KEY_MAX + 1];
	const char *to = split(key, from);
	int res = check_group(r, from, true, err);

	return res == HWS_OK ? check_group(r, to, false, err) : res;
}

int rdv_rules_check_rule(struct rdv_rules *r, const char *key, struct hws_error *err)
{
	int res;

	pthread_rwlock_rdlock(&r->lock);
	res = check_rule(r, key, err);
	pthread_rwlock_unlock(&r->lock);
	return res;
}

/* Is this the last member of its sort, and the rule names the group for that sort? */
static bool needs(const struct rdv_rules *r, const struct rule *u, const struct rule *member)
{
	char from[RDV_ENTRY_KEY_MAX + 1], group[RDV_ENTRY_KEY_MAX + 1];
	const char *to = split(u->e.key, from);
	size_t n = strcspn(member->e.key, "/");

	memcpy(group, member->e.key, n);
	group[n] = 0;
	return strcmp(member->is_net ? from : to, group) == 0 &&
			!has_member(r, group, member->is_net, member->e.key);
}

bool rdv_rules_member_needed(struct rdv_rules *r, const char *key, char rule[RDV_ENTRY_KEY_MAX + 1])
{
	const struct rule *member;
	bool needed = false;

	pthread_rwlock_rdlock(&r->lock);
	member = find(r, "group", key);
	for (size_t i = 0; member && i < r->count && !needed; i++) {
		needed = is(&r->rule[i], "rule") && needs(r, &r->rule[i], member);
		if (needed)
			memcpy(rule, r->rule[i].e.key, RDV_ENTRY_KEY_MAX + 1);
	}
	pthread_rwlock_unlock(&r->lock);
	return needed;
}

/* --- changes ---------------------------------------------------------------------------------- */

bool rdv_rules_delete(struct rdv_rules *r, const char *kind, const char *key)
{
	struct rule *at;

	pthread_rwlock_wrlock(&r->lock);
	at = find(r, kind, key);
	if (at)
		*at = r->rule[--r->count];
	refresh(r);
	pthread_rwlock_unlock(&r->lock);
	return at != NULL;
}

bool rdv_rules_ip_blocked(struct rdv_rules *r, const struct sockaddr_storage *a)
{
	bool blocked;

	if (!__atomic_load_n(&r->any_ip, __ATOMIC_RELAXED))
		return false;
	pthread_rwlock_rdlock(&r->lock);
	blocked = hws_cidr_list_match(&r->block, a) ||
			(r->allow.count && !hws_cidr_list_match(&r->allow, a));
	for (size_t i = 0; i < r->count && !blocked; i++)
		blocked = is(&r->rule[i], "block-ip") && hws_cidr_match(&r->rule[i].net, a);
	for (size_t i = 0; i < r->count && blocked; i++)
		blocked = !(is(&r->rule[i], "allow-ip") && hws_cidr_match(&r->rule[i].net, a));
	pthread_rwlock_unlock(&r->lock);
	if (blocked)
		hws_count(&r->counts.address);
	return blocked;
}

bool rdv_rules_id_blocked(struct rdv_rules *r, const char *id)
{
	bool blocked;

	if (!__atomic_load_n(&r->any_id, __ATOMIC_RELAXED))
		return false;
	pthread_rwlock_rdlock(&r->lock);
	blocked = find(r, "block-id", id) != NULL;
	pthread_rwlock_unlock(&r->lock);
	if (blocked)
		hws_count(&r->counts.device);
	return blocked;
}

bool rdv_rules_enrolled_only(const struct rdv_rules *r)
{
	return __atomic_load_n(&r->enrolled_only, __ATOMIC_RELAXED);
}

static bool in_from_group(
		const struct rdv_rules *r, const char *group, const struct sockaddr_storage *from)
{
	for (size_t i = 0; i < r->count; i++) {
		if (r->rule[i].is_net && member_of(&r->rule[i], group) &&
				hws_cidr_match(&r->rule[i].net, from))
			return true;
	}
	return false;
}

static bool in_to_group(const struct rdv_rules *r, const char *group, const char *id)
{
	for (size_t i = 0; i < r->count; i++) {
		const char *m = member_of(&r->rule[i], group);

		if (m && strcmp(m, id) == 0)
			return true;
	}
	return false;
}

/* 0 = does not apply; else how special it is (1..4). */
static int applies(const struct rdv_rules *r, const struct rule *u,
		const struct sockaddr_storage *from, const char *id)
{
	char from_group[RDV_ENTRY_KEY_MAX + 1];
	const char *to = split(u->e.key, from_group);
	int weight = 1;

	if (strcmp(from_group, "*") != 0) {
		if (!in_from_group(r, from_group, from))
			return 0;
		weight += 1;
	}
	if (strcmp(to, "*") != 0) {
		if (!in_to_group(r, to, id))
			return 0;
		weight += 2;
	}
	return weight;
}

bool rdv_rules_may_call(struct rdv_rules *r, const struct sockaddr_storage *from, const char *id)
{
	bool may = true;
	int best = 0;

	if (!__atomic_load_n(&r->any_policy, __ATOMIC_RELAXED))
		return true;
	pthread_rwlock_rdlock(&r->lock);
	for (size_t i = 0; i < r->count; i++) {
		int weight = is(&r->rule[i], "rule") ? applies(r, &r->rule[i], from, id) : 0;
		bool allow = strcmp(r->rule[i].e.value, "allow") == 0;

		/* Of two rules equally special the refusal counts. */
		if (weight > best || (weight && weight == best && !allow)) {
			best = weight;
			may = allow;
		}
	}
	pthread_rwlock_unlock(&r->lock);
	if (!may)
		hws_count(&r->counts.call);
	return may;
}

const struct rdv_rules_counts *rdv_rules_counts(const struct rdv_rules *r)
{
	return &r->counts;
}

static json_t *json_of(const struct rdv_rules *r, const struct rule *u)
{
	struct hws_error err = { 0 };
	json_t *o = json_pack(
			"{s:s,s:s,s:s}", "kind", u->e.kind, "key", u->e.key, "value", u->e.value);

	if (o && is(u, "rule") && check_rule(r, u->e.key, &err) < 0)
		json_object_set_new(o, "text", json_string(err.text));
	return o;
}

json_t *rdv_rules_json(struct rdv_rules *r)
{
	json_t *list = json_array();

	pthread_rwlock_rdlock(&r->lock);
	for (size_t i = 0; list && i < r->count; i++)
		json_array_append_new(list, json_of(r, &r->rule[i]));
	pthread_rwlock_unlock(&r->lock);
	return list;
}
