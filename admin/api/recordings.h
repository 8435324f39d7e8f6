/* api/recordings: where recordings are kept, under which limits, and taking one part of an
 * upload. */
#pragma once
#include "admin/api/config.h"
#include "admin/data/keys.h"
#include "admin/data/recordings.h"
#include "admin/record/keys.h"
#include "admin/record/place.h"
#include "shared/crypto/digest.h"
#include <pthread.h>

/* The last part of an upload, to know it when it comes once more, as its answer was lost. */
struct adi_last_part {
	char guid[DAT_GUID_TEXT];
	int64_t end;
	uint8_t hash[HWS_SHA256_LEN];
};
#define ADI_LAST_PARTS 64u

struct adi_recordings {
	pthread_mutex_t lock; /* over the two that follow */
	struct adi_last_part last[ADI_LAST_PARTS];
	unsigned next_last;
	struct rec_place place;
	char key_name[REC_KEY_NAME_TEXT];
	uint8_t pk[HWS_SEALED_BOX_KEY_LEN];
	uint64_t max, device_max; /* bytes; 0 = no limit */
	bool on;                  /* there is a key: else nothing is taken */
};

/* Reads the auditor's public key, if one is set, and makes the folder. */
int adi_recordings_new(const char *state_dir, const struct adi_config *c,
		struct adi_recordings **ret, struct hws_error *err) HWS_MUST_CHECK;
void adi_recordings_free(struct adi_recordings *r); /* takes NULL */

/* What limits those that come: recordings-max, or the disk. While nothing is taken `left` and
 * `whole` have no bound. */
struct adi_room {
	uint64_t left, whole; /* bytes */
	bool of_disk;
};
int adi_recordings_room(
		struct adi_recordings *rs, struct sql_conn *c, struct adi_room *ret) HWS_MUST_CHECK;

struct adi_upload {
	const char *device_id, *file;
	int64_t offset;
	struct hws_bytes body;
	int64_t started_at, seconds; /* 0 = not told */
	bool resume;                 /* of "new": goes on with what is there */
};

/* Each in the caller's transaction. *ret: the recording as it is then; the next part is wanted from
 * its `bytes` on. HWS_ERR_EXISTS, HWS_ERR_NOTFOUND, HWS_ERR_CLOSED: it is done already;
 * HWS_ERR_KEY: it was begun for another key; HWS_ERR_RANGE: not the next part; HWS_ERR_FULL: more
 * than may be kept; HWS_ERR_DISK. */
int adi_upload_new(struct adi_recordings *r, struct sql_conn *c, const struct adi_upload *u,
		int64_t now, struct dat_recording *ret) HWS_MUST_CHECK;
int adi_upload_part(struct adi_recordings *r, struct sql_conn *c, const struct adi_upload *u,
		int64_t now, struct dat_recording *ret) HWS_MUST_CHECK;
/* The beginning once more; with it the recording is whole. */
int adi_upload_tail(struct adi_recordings *r, struct sql_conn *c, const struct adi_upload *u,
		int64_t now, struct dat_recording *ret) HWS_MUST_CHECK;
/* Only of what is not done: the device has no say over evidence. The file goes with
 * adi_recording_drop, after the commit. */
int adi_upload_remove(struct adi_recordings *r, struct sql_conn *c, const struct adi_upload *u,
		int64_t now, struct dat_recording *ret) HWS_MUST_CHECK;
void adi_recording_drop(struct adi_recordings *r, const char *guid);
/* Takes away what is older than `before` (0 = nothing is), and uploads that nobody has gone on with
 * since `idle_since`; some at a time. Events go to the audit. */
int adi_recordings_tidy(struct adi_recordings *r, const struct dat_keys *keys, struct sql_conn *c,
		int64_t before, int64_t idle_since, int64_t now) HWS_MUST_CHECK;
