/* record/place: the files of closed recordings at the server: one folder, a file for each, named by
 * a guid alone. Blocking. The database says how long a file is; what stands behind that (a part
 * whose request failed) is written over by the next. */
#pragma once
#include "admin/record/format.h"
#include <stdbool.h>

struct rec_place {
	char folder[400];
};

/* Makes the folder (0700) if there is none. */
int rec_place_open(struct rec_place *p, const char *folder, struct hws_error *err) HWS_MUST_CHECK;
/* A new file with its head. HWS_ERR_EXISTS. */
int rec_place_make(const struct rec_place *p, const char *guid,
		const uint8_t pk[HWS_SEALED_BOX_KEY_LEN], struct hws_error *err) HWS_MUST_CHECK;
/* Bytes at a place of it; `last`: on the disk when it returns. */
int rec_place_write(const struct rec_place *p, const char *guid, uint64_t at,
		struct hws_bytes bytes, bool last, struct hws_error *err) HWS_MUST_CHECK;
/* Appends up to `max` bytes from `at` on to `out`. HWS_ERR_EOF: there are none. */
int rec_place_read(const struct rec_place *p, const char *guid, uint64_t at, size_t max,
		struct hws_buf *out, struct hws_error *err) HWS_MUST_CHECK;
/* HWS_OK also when there is none. */
int rec_place_remove(
		const struct rec_place *p, const char *guid, struct hws_error *err) HWS_MUST_CHECK;
/* Bytes that the disk has left for us; UINT64_MAX if that cannot be told. */
uint64_t rec_place_free(const struct rec_place *p);
