/* admin/data/orders: what the ID server is to be told, kept until it has taken it. */
#pragma once
#include "admin/data/dat.h"

#define DAT_ORDER_TARGET_TEXT 320
#define DAT_ORDER_CMD_TEXT 16

enum dat_order_what {
	DAT_ORDER_GATE,
	DAT_ORDER_ENTRY,
	DAT_ORDER_RELAY,
	DAT_ORDER_SERVER,
	DAT_ORDER_WHATS
};

struct dat_order {
	char target[DAT_ORDER_TARGET_TEXT]; /* id of a device, address of a relay, "" */
	enum dat_order_what what;
	char cmd[DAT_ORDER_CMD_TEXT];
	char uuid[DAT_UUID_TEXT], pk[DAT_SHORT_TEXT]; /* "" = none */
	char serial[DAT_GUID_TEXT];                   /* given by dat_order_put */
};

/* In place of an earlier one of that kind for the same target. In the transaction of what it tells
 * of. */
int dat_order_put(struct sql_conn *c, const struct dat_order *o, int64_t now) HWS_MUST_CHECK;
/* Those that were not tried since `before`, longest ago first. */
typedef int (*dat_order_fn)(const struct dat_order *o, void *arg);
int dat_order_list(struct sql_conn *c, int64_t before, unsigned max, dat_order_fn fn,
		void *arg) HWS_MUST_CHECK;
/* It was taken; not what was put in its place meanwhile. */
int dat_order_taken(struct sql_conn *c, const struct dat_order *o) HWS_MUST_CHECK;
/* It was not: others come first now. */
int dat_order_tried(struct sql_conn *c, const struct dat_order *o, int64_t now) HWS_MUST_CHECK;
