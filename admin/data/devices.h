/* admin/data/devices: what reports to the API: who owns it, what it is, where it was last. */
#pragma once
#include "admin/data/dat.h"

enum dat_device_status { DAT_DEVICE_OFF = 0, DAT_DEVICE_ON = 1, DAT_DEVICE_PENDING = 2 };

#define DAT_OS_TEXT DAT_LETTERS(256)

struct dat_device {
	char guid[DAT_GUID_TEXT], id[DAT_ID_TEXT], uuid[DAT_UUID_TEXT];
	enum dat_device_status status;
	char owner_guid[DAT_GUID_TEXT], owner_name[DAT_NAME_TEXT]; /* "" = none */
	char group_guid[DAT_GUID_TEXT], group_name[DAT_NAME_TEXT];
	bool order_due; /* the ID server has not taken yet what it is to know of it */
	bool closed;    /* owner or group was removed: without either it is not open to all */
	char note[DAT_NOTE_TEXT];
	/* What an administrator has set, else what the device reports. */
	char name[DAT_NAME_TEXT], username[DAT_NAME_TEXT];
	char own_name[DAT_NAME_TEXT], hostname[DAT_NAME_TEXT]; /* the two apart */
	char os[DAT_OS_TEXT], cpu[DAT_OS_TEXT], memory[DAT_SHORT_TEXT], version[DAT_SHORT_TEXT];
	char last_ip[DAT_IP_TEXT];
	char key[DAT_SHORT_TEXT]; /* base64, "" = not known */
	int64_t last_online, registered_at, sysinfo_at, created_at, updated_at;
};

/* A device that the rendezvous server knows; its guid, also when it was here before.
 * HWS_ERR_DENIED: the id is here with another uuid. */
int dat_device_register(struct sql_conn *c, const char *id, const char *uuid, bool pending,
		int64_t now, char ret_guid[DAT_GUID_TEXT]) HWS_MUST_CHECK;
int dat_device_get(struct sql_conn *c, const char *guid, struct dat_device *ret) HWS_MUST_CHECK;
int dat_device_find(struct sql_conn *c, const char *id, struct dat_device *ret) HWS_MUST_CHECK;

/* HWS_OK: it is here with this uuid and key, and was seen then or later; HWS_ERR_NOTFOUND. */
int dat_device_as_told(struct sql_conn *c, const char *id, const char *uuid, const char *key,
		int64_t seen) HWS_MUST_CHECK;
/* HWS_OK: another id has this uuid and key; HWS_ERR_NOTFOUND. */
int dat_device_has_twin(struct sql_conn *c, const char *id, const char *uuid,
		const char *key) HWS_MUST_CHECK;
/* The public key by which the ID server knows it, in base64. */
int dat_device_set_key(
		struct sql_conn *c, const char *guid, const char *key, int64_t now) HWS_MUST_CHECK;

/* What a device says of itself; texts that are too long are HWS_ERR_TOOBIG. HWS_ERR_NOTFOUND: not
 * here with this uuid. */
struct dat_sysinfo {
	const char *hostname, *username, *os, *cpu, *memory, *version; /* NULL = "" */
};
int dat_device_sysinfo(struct sql_conn *c, const char *id, const char *uuid,
		const struct dat_sysinfo *info, int64_t now) HWS_MUST_CHECK;

/* What heartbeats have brought since the last time, in one transaction; devices that are not here
 * are passed over. */
struct dat_seen {
	const char *id, *ip;
	int64_t at;
};
int dat_device_seen(struct sql_conn *c, const struct dat_seen *seen, size_t n) HWS_MUST_CHECK;

/* NULL: stays; "" = none. */
struct dat_device_change {
	const char *owner_guid, *group_guid;
	const char *note, *name, *username;
	const bool *closed;
};
int dat_device_change(struct sql_conn *c, const char *guid, const struct dat_device_change *ch,
		int64_t now) HWS_MUST_CHECK;
/* Gives it to who has none before: never takes it from anybody. HWS_ERR_EXISTS: it has an owner. */
int dat_device_claim(struct sql_conn *c, const char *id, const char *uuid, const char *owner_guid,
		int64_t now) HWS_MUST_CHECK;
int dat_device_set_status(struct sql_conn *c, const char *guid, enum dat_device_status status,
		int64_t now) HWS_MUST_CHECK;
/* The same machine under another id. HWS_ERR_EXISTS: that is taken. */
int dat_device_rename(
		struct sql_conn *c, const char *guid, const char *id, int64_t now) HWS_MUST_CHECK;
int dat_device_remove(struct sql_conn *c, const char *guid) HWS_MUST_CHECK;
int dat_device_tag(struct sql_conn *c, const char *guid, const char *tag, bool on) HWS_MUST_CHECK;

struct dat_reach;
enum dat_device_order {
	DAT_DEVICES_BY_ID,
	DAT_DEVICES_BY_ONLINE,
	DAT_DEVICES_BY_NAME,
	DAT_DEVICES_BY_OS,
	DAT_DEVICES_BY_STATUS,
	DAT_DEVICE_ORDERS
};
struct dat_device_filter {
	const struct dat_reach *reach; /* those, and what is its account's own */
	const char *search; /* in id, name, user, note, os; NULL = all, as for all of these */
	const char *guid;   /* the one */
	const char *owner_guid, *group_guid;
	const char *tag;
	const char *os;          /* part of it */
	int status;              /* -1 = all */
	int64_t online_since;    /* 0 = all */
	int64_t offline_since;   /* not seen since; 0 = all */
	const char *after_id;    /* those behind it */
	bool unowned, ungrouped; /* only those */
	enum dat_device_order order;
};
#define DAT_DEVICE_FILTER .status = -1
typedef int (*dat_device_fn)(const struct dat_device *d, void *arg);
/* `page.down` turns the order round. ret_total may be NULL: counting costs about as much as the
 * page. */
int dat_device_list(struct sql_conn *c, const struct dat_device_filter *f, struct dat_page page,
		dat_device_fn fn, void *arg, int64_t *ret_total) HWS_MUST_CHECK;

/* How one is read, into a struct dat_device: for the files of this subject. */
#define DAT_DEVICE_COLUMNS                                                                         \
	"SELECT d.guid, d.id, d.uuid, d.status, d.owner_guid, o.name, d.device_group_guid, "       \
	"g.name, d.note, CASE WHEN d.name_override <> '' THEN d.name_override ELSE d.hostname "    \
	"END, CASE WHEN d.user_override <> '' THEN d.user_override ELSE d.sys_username END, "      \
	"d.os, d.cpu, d.memory, d.version, d.last_ip, d.last_online, d.registered_at, "            \
	"d.sysinfo_at, d.pk, d.created_at, d.updated_at, "                                         \
	"d.name_override, d.hostname, d.closed, CASE WHEN "                                        \
	"EXISTS (SELECT 1 FROM order_due w WHERE w.target = d.id) THEN 1 ELSE 0 END "              \
	"FROM device d LEFT JOIN account o ON o.guid = d.owner_guid "                              \
	"LEFT JOIN device_group g ON g.guid = d.device_group_guid "

int dat_device_row(const struct sql_row *row, void *arg);
