/* api/alarms: sentences for people; what strangers have a say in is escaped by
 * admin/data/alarms. */
#include "admin/api/alarms.h"
#include "admin/api/fleet.h"
#include "admin/api/recordings.h"
#include "admin/data/devices.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include <string.h>

static void raise(struct adi_app *a, struct sql_conn *c, const struct dat_alarm *alarm)
{
	bool told = false;
	int r = dat_alarm_raise(c, a->keys, alarm, adi_now(), &told);

	if (r < 0)
		hws_warn_limited("alarm.not_told", HWS_STR("kind", dat_alarm_name(alarm->kind)),
				HWS_ERR("error", r));
	else if (told && a->sender && !sql_in_transaction(c))
		ntf_sender_wake(a->sender);
}

void adi_alarm_guessing(struct adi_app *a, struct sql_conn *c, const char *name, const char *ip)
{
	char text[DAT_NOTE_TEXT];

	if (hws_fmt(text, sizeof(text),
			    "Many attempts to log in as \"%.512s\" have failed. Whoever it is has to "
			    "wait now; those who know the password from elsewhere do not.",
			    name) < 0)
		return;
	raise(a, c,
			&(struct dat_alarm){ .kind = DAT_ALARM_BRUTE_FORCE,
					.about = name,
					.text = text,
					.account = name,
					.ip = ip });
}

int adi_device_register(struct adi_app *a, struct sql_conn *c, const char *id, const char *uuid,
		bool pending, const char *ip, char ret_guid[DAT_GUID_TEXT])
{
	struct dat_device here;
	char text[DAT_NOTE_TEXT];
	int known = dat_device_find(c, id, &here);
	int r = dat_device_register(c, id, uuid, pending, adi_now(), ret_guid);

	if (r < 0 || known != HWS_ERR_NOTFOUND ||
			hws_fmt(text, sizeof(text),
					"The device %.100s has registered for the first "
					"time.%s",
					id,
					pending ? " It waits for somebody to let it in." : "") < 0)
		return r;
	raise(a, c,
			&(struct dat_alarm){ .kind = DAT_ALARM_NEW_DEVICE,
					.about = id,
					.text = text,
					.device_id = id,
					.ip = ip });
	return r;
}

/* Numbers of deployed hosts: many wrong passwords of a viewer or an address, also of terminals. */
static const char *guessing(int typ)
{
	switch (typ) {
	case 1:
		return "thirty wrong passwords from one address";
	case 2:
		return "six wrong passwords within a minute";
	case 6:
		return "too many wrong passwords from one network";
	case 7:
	case 8:
		return "too many attempts at a terminal's account";
	default:
		return NULL;
	}
}

void adi_alarm_reported(struct adi_app *a, struct sql_conn *c, int typ, const char *device_id,
		const char *peer_id, const char *ip)
{
	const char *what = guessing(typ);
	char text[DAT_NOTE_TEXT];

	if (!what ||
			hws_fmt(text, sizeof(text), "The device %.100s reports: %s (from %.100s).",
					device_id, what,
					*peer_id ? peer_id : "an unknown viewer") < 0)
		return;
	raise(a, c,
			&(struct dat_alarm){ .kind = DAT_ALARM_BRUTE_FORCE,
					.about = device_id,
					.text = text,
					.device_id = device_id,
					.ip = ip });
}

int adi_alarm_gathered(struct adi_app *a, struct sql_conn *c, int64_t now)
{
	bool told = false;
	int r = dat_alarm_tell_gathered(c, a->keys, now, &told);

	if (told && a->sender)
		ntf_sender_wake(a->sender);
	return r;
}

/* --- servers ---------------------------------------------------------------------------------- */

static void silent(struct adi_app *a, enum dat_alarm_kind kind, const char *about, const char *text)
{
	struct sql_conn *c = NULL;

	if (sql_take(a->db, &c) == HWS_OK)
		raise(a, c, &(struct dat_alarm){ .kind = kind, .about = about, .text = text });
	sql_give(c);
}

static bool was_alive(const struct adi_fleet_state *before, const char *label)
{
	for (size_t i = 0; i < before->relays; i++)
		if (hws_str_equal(adi_relay_label(&before->relay[i]), label))
			return before->relay[i].alive;
	return false;
}

void adi_alarm_fleet(struct adi_app *a, const struct adi_fleet_state *before,
		const struct adi_fleet_state *now)
{
	char text[400];

	if (before->rendezvous_alive && now->rendezvous_set && !now->rendezvous_alive)
		silent(a, DAT_ALARM_NODE_DOWN, "ID server",
				"The ID server of this machine has stopped to answer: devices cannot "
				"register, and nobody finds them.");
	for (size_t i = 0; i < now->relays; i++) {
		const struct adi_relay_state *y = &now->relay[i];
		const char *label = adi_relay_label(y);

		if (y->alive || !was_alive(before, label))
			continue;
		if (hws_fmt(text, sizeof(text), "The relay %.120s has stopped to answer. %.200s",
				    label, y->problem) == HWS_OK)
			silent(a, DAT_ALARM_RELAY_DOWN, label, text);
	}
}

void adi_alarm_certificate(struct adi_app *a, struct sql_conn *c, int64_t ends_at, int64_t now)
{
	char text[300];
	int64_t days = (ends_at - now) / DAT_DAY_MS;

	if (!ends_at || days >= ADI_CERTIFICATE_DAYS ||
			hws_fmt(text, sizeof(text),
					"The certificate of this server %s (%lld days). Put a new "
					"one in its place and reload hawser-api.",
					ends_at < now ? "has ended: clients and browsers refuse it"
						      : "ends soon",
					(long long)days) < 0)
		return;
	raise(a, c,
			&(struct dat_alarm){ .kind = DAT_ALARM_CERTIFICATE,
					.about = a->server_name,
					.text = text,
					.quiet_ms = DAT_DAY_MS });
}

int adi_alarm_recordings(struct adi_app *a, struct sql_conn *c)
{
	struct adi_room room;
	char text[400];
	int r = adi_recordings_room(a->recordings, c, &room);

	if (r < 0 || room.left > room.whole / 10)
		return r;
	r = hws_fmt(text, sizeof(text),
			"Recordings have %llu MB of room left of %llu MB (%s). When it is full no more are "
			"taken, and hosts keep theirs. Remove old ones, keep them for fewer days, or give "
			"more room.",
			(unsigned long long)(room.left >> 20),
			(unsigned long long)(room.whole >> 20),
			room.of_disk ? "the disk" : "recordings-max");
	if (r == HWS_OK)
		raise(a, c,
				&(struct dat_alarm){ .kind = DAT_ALARM_RECORDINGS,
						.about = a->server_name,
						.text = text,
						.quiet_ms = DAT_DAY_MS / 24 });
	return r;
}
