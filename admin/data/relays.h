/* admin/data/relays: the relays that the operator lists. */
#pragma once
#include "admin/data/dat.h"

enum dat_relay_state { DAT_RELAY_ON, DAT_RELAY_DRAIN, DAT_RELAY_OFF, DAT_RELAY_STATES };

#define DAT_PLACE_TEXT 257

struct dat_relay {
	char guid[DAT_GUID_TEXT], name[DAT_NAME_TEXT], note[DAT_NOTE_TEXT];
	char host[DAT_PLACE_TEXT];    /* name or address, IPv6 without brackets */
	char control[DAT_PLACE_TEXT]; /* its control socket on this machine, "" = none */
	int port, weight;
	enum dat_relay_state state;
	int64_t created_at, updated_at;
};

/* "on", "drain", "off". */
const char *dat_relay_state_name(enum dat_relay_state s);
int dat_relay_state_parse(const char *name, enum dat_relay_state *ret) HWS_MUST_CHECK;

/* All of `in` but guid and times. */
int dat_relay_add(struct sql_conn *c, const struct dat_relay *in, int64_t now,
		char ret_guid[DAT_GUID_TEXT]) HWS_MUST_CHECK;
int dat_relay_change(struct sql_conn *c, const struct dat_relay *in, int64_t now) HWS_MUST_CHECK;
int dat_relay_get(struct sql_conn *c, const char *guid, struct dat_relay *ret) HWS_MUST_CHECK;
int dat_relay_remove(struct sql_conn *c, const char *guid) HWS_MUST_CHECK;
typedef int (*dat_relay_fn)(const struct dat_relay *y, void *arg);
/* By name; `search` "" = all. */
int dat_relay_list(struct sql_conn *c, const char *search, struct dat_page page, dat_relay_fn fn,
		void *arg, int64_t *ret_total) HWS_MUST_CHECK;
