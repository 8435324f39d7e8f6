/* admin/data/recordings: what is known of the recordings at the server; what they show lies in
 * files that only the auditor's key opens (admin/record). The row is the truth about its file: how
 * long it is, and which part comes next. */
#pragma once
#include "admin/data/dat.h"

#define DAT_FILE_TEXT 129

struct dat_recording {
	char guid[DAT_GUID_TEXT], device_id[DAT_ID_TEXT], file[DAT_FILE_TEXT];
	char viewer_id[DAT_ID_TEXT], account_guid[DAT_GUID_TEXT], account_name[DAT_NAME_TEXT];
	bool done;
	char format[8]; /* "webm", "mp4" */
	char key_name[DAT_SHORT_TEXT];
	int64_t bytes;             /* of the recording, so far */
	int64_t stored;            /* of the file */
	int64_t parts;             /* in it */
	char chain[DAT_HASH_TEXT]; /* over them */
	int64_t seconds, started_at, created_at, updated_at;
};

/* The base name of a recording, ending in .webm or .mp4: HWS_ERR_INVAL else. *ret_format: static
 * text. */
int dat_recording_name(const char *file, const char **ret_format) HWS_MUST_CHECK;

/* Of `in`: device_id, file, key_name, stored, chain, seconds, started_at (0 = now). Who looked is
 * taken from what the device has told of its connections. HWS_ERR_EXISTS: the device has one of
 * that name. */
int dat_recording_begin(struct sql_conn *c, const struct dat_recording *in, int64_t now,
		char ret_guid[DAT_GUID_TEXT]) HWS_MUST_CHECK;
int dat_recording_get(
		struct sql_conn *c, const char *guid, struct dat_recording *ret) HWS_MUST_CHECK;
/* The same by the device's name for it, held until the transaction ends. */
int dat_recording_hold(struct sql_conn *c, const char *device_id, const char *file, int64_t now,
		struct dat_recording *ret) HWS_MUST_CHECK;
/* Writes bytes, stored, parts, chain, seconds and done of `rec`. */
int dat_recording_store(
		struct sql_conn *c, const struct dat_recording *rec, int64_t now) HWS_MUST_CHECK;
int dat_recording_remove(struct sql_conn *c, const char *guid) HWS_MUST_CHECK;

struct dat_recording_filter {
	const char *device_id, *account_guid; /* "" = all */
	int64_t from, until;                  /* of started_at; 0 = no bound */
	int64_t idle_since;                   /* not done, and nothing came since then; 0 = all */
};
typedef int (*dat_recording_fn)(const struct dat_recording *rec, void *arg);
/* The latest first. */
int dat_recording_list(struct sql_conn *c, const struct dat_recording_filter *f,
		struct dat_page page, dat_recording_fn fn, void *arg,
		int64_t *ret_total) HWS_MUST_CHECK;
/* Bytes of files, all together and of one device. */
int dat_recording_sizes(struct sql_conn *c, const char *device_id, int64_t *ret_all,
		int64_t *ret_device) HWS_MUST_CHECK;

/* The key by which a device in use is known to the ID server (base64); HWS_ERR_NOTFOUND: no such
 * device, HWS_ERR_DENIED: it is switched off or waits, HWS_ERR_KEY: its key is not known yet,
 * HWS_ERR_REFUSED: it is nobody's and in no group, and nobody has let it in (`approved`: devices in
 * use are let in by somebody). Anybody can make such a device. */
int dat_recording_device_key(struct sql_conn *c, const char *device_id, bool approved,
		char ret[DAT_SHORT_TEXT]) HWS_MUST_CHECK;
