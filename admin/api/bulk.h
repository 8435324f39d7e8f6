/* api/bulk: the same change to many things: what would be done, what was done, and what was
 * refused (BulkAnswer of the description). */
#pragma once
#include "admin/api/work.h"

#define ADI_BULK_SHOWN 1000u
#define ADI_BULK_MAX 10000u

struct adi_bulk {
	bool dry_run;
	int64_t count; /* of changes, exact */
	json_t *changes, *refused;
	bool cut; /* there are more than these two show */
};
/* By the body: a dry run unless it says not. */
int adi_bulk_init(struct adi_bulk *b, const json_t *body) HWS_MUST_CHECK;
void adi_bulk_done(struct adi_bulk *b);
/* One that is changed, or would be. */
int adi_bulk_change(struct adi_bulk *b, const char *guid, const char *name,
		const char *text) HWS_MUST_CHECK;
int adi_bulk_refuse(struct adi_bulk *b, const char *guid, const char *name, const char *code,
		const char *text) HWS_MUST_CHECK;
/* The answer, new. */
json_t *adi_bulk_out(const struct adi_bulk *b);
