/* host/os_guard: how often the passwords of the system's accounts may be tried by those who want a
 * terminal as another account: from the third wrong one on an account has to wait, twice as long
 * each time, half an hour at most. Accounts are kept in places by a keyed hash: the table is
 * bounded, and nobody can push an account out of it. Pure. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HWS_OS_GUARD_PLACES 256u
#define HWS_OS_GUARD_FREE 2u /* wrong ones without a wait */
#define HWS_OS_GUARD_FIRST_S 15u
#define HWS_OS_GUARD_MOST_S 1800u
#define HWS_OS_GUARD_CHECKS 4u /* at a time */
#define HWS_OS_GUARD_TEXT 64u

struct hws_os_guard {
	uint8_t key[16];
	struct {
		uint32_t failures;
		uint64_t last_us, until_us;
	} place[HWS_OS_GUARD_PLACES];
	unsigned checks;
};

void hws_os_guard_init(struct hws_os_guard *g);
/* May a password of this account be tried now? HWS_OK: yes, and hws_os_guard_ended follows. Else
 * HWS_ERR_AGAIN, and `text` is what the viewer is told. */
int hws_os_guard_begin(struct hws_os_guard *g, const char *user, uint64_t now_us, char *text,
		size_t size) HWS_MUST_CHECK;
void hws_os_guard_ended(struct hws_os_guard *g, const char *user, bool good, uint64_t now_us);
