/* rendezvous/state/rules: who is served and who may call whom: block and allow lists, device groups
 * and the rules between them. Kept in the store's entries, changed while running. Any thread may
 * ask; the control loop changes.
 *
 * Entries:  block-ip NET   allow-ip NET (beats every block list)   block-id ID   group "NAME/ID" or
 * "NAME/NET"
 *           rule "FROM>TO": allow or deny   gate enrolled-only: on
 * FROM is a group of networks or "*", TO a group of ids or "*"; the most special rule decides (both
 * named, then TO named, then FROM named, then "*>*"); without any the answer is yes. */
#pragma once
#include "server-rendezvous/state/addr.h"
#include "server-rendezvous/store/entries.h"
#include "server-rendezvous/store/store.h"
#include "shared/base/err.h"
#include "shared/net/addr.h"
#include <jansson.h>
#include <stdbool.h>

/* How often each kind of rule said no; read with relaxed atomics. */
struct rdv_rules_counts {
	uint64_t address; /* of a datagram or a link: blocked, or not among the allowed */
	uint64_t device;  /* a blocked id registers or is called */
	uint64_t call;    /* a rule between groups */
};

struct rdv_rules;
int rdv_rules_new(struct rdv_rules **ret) HWS_MUST_CHECK;
void rdv_rules_free(struct rdv_rules *r);
/* Networks of the configuration; replaces those only. Takes what the lists hold and leaves them
 * empty; cannot fail. */
void rdv_rules_configure(
		struct rdv_rules *r, struct hws_cidr_list *block, struct hws_cidr_list *allow);
/* One entry comes or goes (its kind may be foreign: ignored). HWS_ERR_INVAL for a value that cannot
 * be. */
int rdv_rules_put(struct rdv_rules *r, const struct rdv_entry *e,
		struct hws_error *err) HWS_MUST_CHECK;
/* Of a rule "FROM>TO": HWS_ERR_NOTFOUND, and a sentence, when a group that it names is not there or
 * has no member that could match, so that the rule would do nothing. */
int rdv_rules_check_rule(
		struct rdv_rules *r, const char *key, struct hws_error *err) HWS_MUST_CHECK;
/* A rule that would do nothing any more without this member "NAME/ID" or "NAME/NET": its key into
 * `rule`. False: there is none. */
bool rdv_rules_member_needed(
		struct rdv_rules *r, const char *key, char rule[RDV_ENTRY_KEY_MAX + 1]);
/* False: it was not there. */
bool rdv_rules_delete(struct rdv_rules *r, const char *kind, const char *key);
/* Is this an address or a network, not the id of a device? Into *ret, if given. */
bool rdv_rules_is_net(const char *text, struct hws_cidr *ret);

/* True when this address is not served at all. One relaxed load when there are no lists. */
bool rdv_rules_ip_blocked(struct rdv_rules *r, const struct sockaddr_storage *a);
bool rdv_rules_id_blocked(struct rdv_rules *r, const char *id);
/* May only devices register that are in the database? */
bool rdv_rules_enrolled_only(const struct rdv_rules *r);
/* May a caller from `from` reach `id`? */
bool rdv_rules_may_call(struct rdv_rules *r, const struct sockaddr_storage *from, const char *id);
const struct rdv_rules_counts *rdv_rules_counts(const struct rdv_rules *r);
/* What was put, as an array of {kind, key, value}, and "text" where a rule does nothing. */
json_t *rdv_rules_json(struct rdv_rules *r);
