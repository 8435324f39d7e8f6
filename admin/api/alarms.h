/* api/alarms: what this program notices that an operator wants to hear of. A failure to tell is
 * logged, and never one of what was done. */
#pragma once
#include "admin/api/app.h"
#include "admin/data/alarms.h"

struct adi_fleet_state;

/* Somebody guesses passwords or codes of this name so that the next try is braked. */
void adi_alarm_guessing(struct adi_app *a, struct sql_conn *c, const char *name, const char *ip);
/* As dat_device_register; a device that was not here before is told of. `ip` may be "". */
int adi_device_register(struct adi_app *a, struct sql_conn *c, const char *id, const char *uuid,
		bool pending, const char *ip, char ret_guid[DAT_GUID_TEXT]) HWS_MUST_CHECK;
/* A device has told that it holds somebody off who guesses; `typ` is the number of its report, and
 * those of other kinds are no alarm. */
void adi_alarm_reported(struct adi_app *a, struct sql_conn *c, int typ, const char *device_id,
		const char *peer_id, const char *ip);
/* Tells of those that were too many to be told one by one; for the keeper. */
int adi_alarm_gathered(struct adi_app *a, struct sql_conn *c, int64_t now) HWS_MUST_CHECK;
/* Servers that answered before and do not now. */
void adi_alarm_fleet(struct adi_app *a, const struct adi_fleet_state *before,
		const struct adi_fleet_state *now);
/* The own certificate, when it ends within two weeks: once a day. */
#define ADI_CERTIFICATE_DAYS 14
void adi_alarm_certificate(struct adi_app *a, struct sql_conn *c, int64_t ends_at, int64_t now);
/* The room for recordings, once a tenth of it is left or less: once an hour. */
int adi_alarm_recordings(struct adi_app *a, struct sql_conn *c) HWS_MUST_CHECK;
