/* host/limits: who guessed wrong how often. One table of addresses and IPv6 prefixes, bounded;
 * totals decay, so that nobody is locked out for ever by somebody else behind the same address.
 * Pure: time in. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define HWS_LIMITS_MAX 4096u
#define HWS_LIMIT_MINUTE 6u                       /* failures within one minute */
#define HWS_LIMIT_TOTAL 30u                       /* and altogether */
#define HWS_LIMIT_DECAY_US (10ull * 60 * 1000000) /* one failure is forgiven each */

struct hws_limits;

int hws_limits_new(struct hws_limits **ret) HWS_MUST_CHECK;
void hws_limits_free(struct hws_limits *l);
/* NULL when an attempt may be judged, else the text for the viewer. */
const char *hws_limits_check(
		struct hws_limits *l, const struct sockaddr_storage *a, uint64_t now_us);
void hws_limits_failed(struct hws_limits *l, const struct sockaddr_storage *a, uint64_t now_us);
/* Forgets the address (not its prefixes). */
void hws_limits_succeeded(struct hws_limits *l, const struct sockaddr_storage *a);
uint32_t hws_limits_count(const struct hws_limits *l);
