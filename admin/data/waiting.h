/* admin/data/waiting: devices that an ID server does not let register yet (`enrolled-only`), until
 * somebody lets them in. Anybody can make some up: so each network has its share of the list, who
 * was silent for longest makes room, and who says nothing for a day is forgotten. */
#pragma once
#include "admin/data/dat.h"

#define DAT_WAITING_MAX 1000
#define DAT_WAITING_NET_MAX 32 /* of one /24, or /64 */

/* One that is here asks once more. HWS_ERR_NOTFOUND: it is not; HWS_ERR_DENIED: the id is that of
 * another machine. `key` "" = not said; that of a device that was let in is not changed by it. */
int dat_waiting_again(struct sql_conn *c, const char *id, const char *uuid, const char *key,
		int64_t now) HWS_MUST_CHECK;
/* Before a new one from this address ("" = unknown) is entered: there is room for it then. */
int dat_waiting_room(struct sql_conn *c, const char *ip) HWS_MUST_CHECK;
/* What was entered as pending waits. */
int dat_waiting_mark(
		struct sql_conn *c, const char *guid, const char *ip, int64_t now) HWS_MUST_CHECK;
/* It may register now: if it is still to be looked at, then as every other that is pending. */
int dat_waiting_over(struct sql_conn *c, const char *guid) HWS_MUST_CHECK;
/* Forgets whom nothing was heard of for a day; some at a time. */
int dat_waiting_sweep(struct sql_conn *c, int64_t now) HWS_MUST_CHECK;
