/* daemon/admit: bounded per-address accounting: how many links are open, and a rate (token bucket)
 * per address and kind. IPv6 counts by /64, and by /48, which is worth four of them. The table is
 * capped; the oldest idle entries go first. One thread. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct hws_admit;

struct hws_admit_conf {
	uint32_t max_entries; /* addresses remembered */
	uint32_t max_links;   /* open links per address; 0 = no limit */
	uint64_t rate, burst; /* events per second and address; 0 = no limit */
	/* 0, or how many links there can be in all: an address then gets at most eight times what
	 * is free, so that those who take many leave room for others. */
	uint32_t max_total;
};
int hws_admit_new(const struct hws_admit_conf *conf, struct hws_admit **ret) HWS_MUST_CHECK;
void hws_admit_free(struct hws_admit *a);
void hws_admit_set_conf(struct hws_admit *a, const struct hws_admit_conf *conf);
/* Counts one more open link, or false. Pair with hws_admit_close. */
bool hws_admit_open(struct hws_admit *a, const struct sockaddr_storage *addr, uint64_t now_us);
void hws_admit_close(struct hws_admit *a, const struct sockaddr_storage *addr);
/* Takes n events from the address's bucket, or false. */
bool hws_admit_event(struct hws_admit *a, const struct sockaddr_storage *addr, uint64_t n,
		uint64_t now_us);
uint32_t hws_admit_count(const struct hws_admit *a);
