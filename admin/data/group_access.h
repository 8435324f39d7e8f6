/* admin/data/group_access: the rules at one end of which a group stands, as plain lists of names:
 * who may come in, and where its members may go. Rules of other kinds (hours, a device, a control
 * role) are seen in them, too, and stay as they are while they are on the list. */
#pragma once
#include "admin/data/groups.h"
#include "admin/data/rules.h"

struct dat_group_peer {
	enum dat_end kind;
	char guid[DAT_GUID_TEXT];
};
typedef int (*dat_group_peer_fn)(enum dat_end kind, const char *name, void *arg);
/* Users and groups of users that may reach the devices of a group. */
int dat_group_incoming(struct sql_conn *c, enum dat_group_kind kind, const char *guid,
		dat_group_peer_fn fn, void *arg) HWS_MUST_CHECK;
/* Groups of users and of devices that the members of a group of users may reach. */
int dat_group_outgoing(struct sql_conn *c, const char *guid, dat_group_peer_fn fn,
		void *arg) HWS_MUST_CHECK;
/* Whether a rule, be it off or not in its hours, has this group of devices ("" = none) as object. */
int dat_group_ruled(struct sql_conn *c, const char *guid, bool *ret) HWS_MUST_CHECK;
/* Makes the list what it is to be: what is not on it loses its rules, what is new gets one. */
int dat_group_set_incoming(struct sql_conn *c, enum dat_group_kind kind, const char *guid,
		const struct dat_group_peer *peers, size_t n, int64_t now) HWS_MUST_CHECK;
int dat_group_set_outgoing(struct sql_conn *c, const char *guid, const struct dat_group_peer *peers,
		size_t n, int64_t now) HWS_MUST_CHECK;
