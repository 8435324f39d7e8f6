/* admin/data/alarms: what an operator wants to hear of at once. Who notices something raises an
 * alarm, in the transaction of what it did; it becomes notices (admin/data/notices.h) for all who
 * have asked for its kind. */
#pragma once
#include "admin/data/keys.h"

enum dat_alarm_kind {
	DAT_ALARM_BRUTE_FORCE,
	DAT_ALARM_NEW_DEVICE,
	DAT_ALARM_RELAY_DOWN,
	DAT_ALARM_NODE_DOWN,
	DAT_ALARM_CERTIFICATE,
	DAT_ALARM_RECORDINGS,
	DAT_ALARMS
};
/* "brute_force" ...; NULL beyond the last. */
const char *dat_alarm_name(enum dat_alarm_kind kind);
int dat_alarm_parse(const char *name, enum dat_alarm_kind *ret) HWS_MUST_CHECK;

/* The same thing (kind and `about`) is told of once in this time; how often it came meanwhile
 * stands in the next notice. */
#define DAT_ALARM_QUIET_MS (15LL * 60 * 1000)
/* Of so many things of one kind an hour it is told one by one, however many hear of it: 30, but of
 * new devices, which anybody can make up. What is beyond is told together. */
#define DAT_ALARM_HOURLY 30
#define DAT_ALARM_DEVICES 10

struct dat_alarm {
	enum dat_alarm_kind kind;
	const char *about; /* what it is of: an account, a device, a relay */
	const char *text;  /* a sentence for a person; strangers' parts of it escaped */
	const char *device_id, *account, *ip; /* NULL = none */
	int64_t quiet_ms;                     /* 0 = DAT_ALARM_QUIET_MS */
};
/* Texts that are too long or no text are mended: an alarm is never lost for its form. *ret_told
 * (may be NULL): it goes out now. */
int dat_alarm_raise(struct sql_conn *c, const struct dat_keys *keys, const struct dat_alarm *in,
		int64_t now, bool *ret_told) HWS_MUST_CHECK;
/* One notice for all of a kind that were too many, once in DAT_ALARM_QUIET_MS. */
int dat_alarm_tell_gathered(struct sql_conn *c, const struct dat_keys *keys, int64_t now,
		bool *ret_told) HWS_MUST_CHECK;
/* Forgets what was told long ago. */
int dat_alarm_sweep(struct sql_conn *c, int64_t before) HWS_MUST_CHECK;
