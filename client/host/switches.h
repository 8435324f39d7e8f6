/* host/switches: sessions that come back with their sides changed. The person at this machine, who
 * was looking at another one, has said that its viewer may look here: by a number that only the
 * two know, for ten seconds, once. hostd's. */
#pragma once
#include "client/host/ipc_caps.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>

#define HWS_SWITCH_NUMBER 16u
#define HWS_SWITCH_US (10 * 1000000ull)
#define HWS_SWITCHES_MAX 8u

struct hws_switches {
	struct {
		char id[HWS_IPC_TEXT_MAX + 1]; /* whose viewer it will be; "" = free */
		uint8_t number_secret[HWS_SWITCH_NUMBER];
		uint64_t until_us;
	} item[HWS_SWITCHES_MAX];
};

/* The oldest gives way when there are too many. HWS_ERR_TOOBIG. */
int hws_switches_expect(struct hws_switches *s, const char *id,
		const uint8_t number[HWS_SWITCH_NUMBER], uint64_t now_us) HWS_MUST_CHECK;
/* Whether `shown` is what this one has to show, on a line of that `binding` (32 bytes; NULL: of the
 * deployed scheme, where it is the number itself). Right or wrong, it is used up by this. */
bool hws_switches_use(struct hws_switches *s, const char *id, struct hws_bytes shown,
		const uint8_t *binding, uint64_t now_us);
