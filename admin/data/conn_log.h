/* admin/data/conn_log: connections to devices as the devices report them: opened, authorised,
 * closed. Who was at the other end is what that end says of itself, but for the account, which the
 * rendezvous server vouches for. */
#pragma once
#include "admin/data/dat.h"

enum dat_conn_type {
	DAT_CONN_REMOTE,
	DAT_CONN_FILE,
	DAT_CONN_FORWARD,
	DAT_CONN_CAMERA,
	DAT_CONN_TERMINAL,
	DAT_CONN_TYPES
};

struct dat_conn {
	char guid[DAT_GUID_TEXT];
	char device_id[DAT_ID_TEXT], device_uuid[DAT_UUID_TEXT];
	int64_t conn_id;     /* the device's own; starts again with its service */
	char session_id[24]; /* a full 64-bit number, as text; "0" = not authorised yet */
	int type;            /* -1 = not known yet */
	char peer_id[DAT_ID_TEXT], peer_name[DAT_NAME_TEXT];           /* as it says */
	char account_guid[DAT_GUID_TEXT], account_name[DAT_NAME_TEXT]; /* "" = not known */
	char ip[DAT_IP_TEXT];
	int primary_auth, two_factor;
	char note[DAT_NOTE_TEXT];
	int64_t created_at, authed_at, end_at; /* 0 = not yet */
	char end_reason[DAT_SHORT_TEXT];
};

/* `in`: device_id, device_uuid, conn_id, ip, account_*. A connection of that number that is still
 * open was lost. */
int dat_conn_new(struct sql_conn *c, const struct dat_conn *in, int64_t now,
		char ret_guid[DAT_GUID_TEXT]) HWS_MUST_CHECK;
/* `in`: device_*, conn_id, session_id, type, peer_*, *_auth. Opens it if that was not reported. */
int dat_conn_authorised(struct sql_conn *c, const struct dat_conn *in, int64_t now,
		char ret_guid[DAT_GUID_TEXT]) HWS_MUST_CHECK;
/* HWS_ERR_NOTFOUND: none of that number is open. */
int dat_conn_close(struct sql_conn *c, const struct dat_conn *in, const char *reason, int64_t now,
		char ret_guid[DAT_GUID_TEXT]) HWS_MUST_CHECK;
/* A note of the viewer, who proves by the session's number to have been there. Once, and within a
 * day. */
int dat_conn_note(struct sql_conn *c, const char *device_id, const char *session_id,
		const char *note, int64_t now, char ret_guid[DAT_GUID_TEXT]) HWS_MUST_CHECK;
/* One that is authorised and open; type -1: any. */
int dat_conn_active(struct sql_conn *c, const char *device_id, const char *session_id, int type,
		struct dat_conn *ret) HWS_MUST_CHECK;
int dat_conn_get(struct sql_conn *c, const char *guid, struct dat_conn *ret) HWS_MUST_CHECK;
int dat_conn_set_note(struct sql_conn *c, const char *guid, const char *note) HWS_MUST_CHECK;

typedef int (*dat_conn_fn)(const struct dat_conn *l, void *arg);
/* Those that are authorised and open, the newest first; "" = of all devices, of all accounts. */
int dat_conn_list_open(struct sql_conn *c, const char *device_id, const char *account_guid,
		struct dat_page page, dat_conn_fn fn, void *arg, int64_t *ret_total) HWS_MUST_CHECK;
int dat_conn_open_count(struct sql_conn *c, int64_t *ret) HWS_MUST_CHECK;
/* The account that a reference of the rendezvous server stands for: guid and name into `l`.
 * HWS_ERR_NOTFOUND: of another device, or not known any more. */
int dat_conn_account(struct sql_conn *c, const char *ref, const char *device_id, int64_t now,
		struct dat_conn *l) HWS_MUST_CHECK;
/* Ends those that nobody will report as closed: their device is gone for more than a minute, or
 * reports without them. *ret: how many. */
int dat_conn_lost(struct sql_conn *c, int64_t now, int64_t *ret) HWS_MUST_CHECK;

/* How one is read, into a struct dat_conn: for the files of this subject. */
#define DAT_CONN_COLUMNS                                                                           \
	"SELECT l.guid, l.device_id, l.device_uuid, l.conn_id, l.session_id, l.conn_type, "        \
	"l.peer_id, l.peer_name, l.account_guid, l.account_name, l.ip, l.primary_auth, "           \
	"l.two_factor, l.note, l.created_at, l.authed_at, l.end_at, l.end_reason FROM "            \
	"audit_conn l "
int dat_conn_row(const struct sql_row *row, void *arg) HWS_MUST_CHECK;
