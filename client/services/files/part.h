/* files/part: what of a file has come so far, beside its target: NAME.download, and NAME.digest
 * with size and time of what it is a part of, as deployed peers write it. All names are of one
 * folder, which is open. Blocking. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>

struct hws_part_names {
	char data[256], digest[256];
};
/* Also of a name that is as long as names can be, or beside which somebody has a file of his own
 * with one of those names: then they are made of its hash. */
void hws_part_names(int dir, const char *leaf, struct hws_part_names *ret);

/* Of what the part is one. */
struct hws_part_of {
	uint64_t size, modified;
	uint32_t modified_ns; /* 0: not known */
};

/* A new one, empty, in the place of an old one; nobody else writes to it: HWS_ERR_BUSY. `mode`: of
 * the file, before the umask. */
int hws_part_create(
		int dir, const struct hws_part_names *n, unsigned mode, int *ret_fd) HWS_MUST_CHECK;
int hws_part_note(int dir, const struct hws_part_names *n,
		const struct hws_part_of *of) HWS_MUST_CHECK;
/* How much there is of it; 0: nothing, or it is of something else. */
uint64_t hws_part_find(int dir, const struct hws_part_names *n, const struct hws_part_of *of);
/* To go on with it at `offset`; what is behind that is cut off. */
int hws_part_open(int dir, const struct hws_part_names *n, uint64_t offset,
		int *ret_fd) HWS_MUST_CHECK;
void hws_part_remove(int dir, const struct hws_part_names *n);
/* One that was left over; nothing is done while somebody writes it. */
void hws_part_remove_left(int dir, const struct hws_part_names *n);
/* It is whole, and gets its name. */
int hws_part_finish(int dir, const struct hws_part_names *n, const char *leaf) HWS_MUST_CHECK;
