/* core/lan_hosts: the hardware addresses of hosts that were found in the local network, newest
 * first, and their file (lan.json): who sleeps answers nobody, and is woken by what it said when it
 * was awake. Nobody proves such a word; to be woken by mistake does no harm. One thread at a
 * time. */
#pragma once
#include "client/reach/lan_word.h"

#define HWS_LAN_HOSTS_MAX 500u

struct hws_lan_hosts {
	struct hws_lan_host host[HWS_LAN_HOSTS_MAX]; /* of each: id, hostname, mac */
	unsigned count;
};

/* "" = no file; a missing one is an empty list; damaged entries are left out. */
int hws_lan_hosts_load(
		struct hws_lan_hosts *l, const char *path, struct hws_error *err) HWS_MUST_CHECK;
int hws_lan_hosts_parse(struct hws_lan_hosts *l, struct hws_bytes json) HWS_MUST_CHECK;
/* "" = nothing is written. */
int hws_lan_hosts_store(const struct hws_lan_hosts *l, const char *path,
		struct hws_error *err) HWS_MUST_CHECK;
/* Takes the place of the same ID with the same hardware; the oldest gives way. Nothing without a
 * MAC. */
void hws_lan_hosts_put(struct hws_lan_hosts *l, const struct hws_lan_host *h);
/* The next one after `from` (0 at first) with this ID or host name, upper or lower case; its place
 * plus one, or 0. */
unsigned hws_lan_hosts_find(const struct hws_lan_hosts *l, const char *name, unsigned from);
