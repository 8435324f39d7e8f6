/* terminal/history: the last half MiB that a program said, in a ring, with the position of each
 * byte since the beginning: what waits to be sent, what is sent again after a cut, and what a
 * screen is made of. Where errors come apart it knows which bytes they are. Pure. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HWS_HISTORY_BYTES (512u << 10)
#define HWS_HISTORY_RUNS 1024u

/* Bytes of one stream behind those of the other. */
struct hws_history_run {
	uint64_t end; /* position behind its last byte */
	bool errors;
};

struct hws_history {
	uint8_t *ring;
	uint64_t end;                /* bytes said so far */
	struct hws_history_run *run; /* NULL: there is one stream */
	size_t first, runs;
};

/* `apart`: errors come apart. HWS_ERR_NOMEM. */
int hws_history_init(struct hws_history *h, bool apart) HWS_MUST_CHECK;
/* Takes a zeroed one, too. */
void hws_history_done(struct hws_history *h);
/* The oldest byte that is still there. */
uint64_t hws_history_begin(const struct hws_history *h);
/* Where the next bytes go, at most `max`; what was there, the oldest, is lost. */
uint8_t *hws_history_reserve(struct hws_history *h, size_t max, size_t *ret_size);
void hws_history_commit(struct hws_history *h, size_t n, bool errors);
/* Can one more change between the streams be remembered? */
bool hws_history_has_room(const struct hws_history *h);
/* Nobody asks again for runs that end before this. */
void hws_history_release(struct hws_history *h, uint64_t before);
/* At most `max` bytes from `at` on, which lie together and are of one stream; none where `at` is
 * not there. Borrowed until the next reserve. */
struct hws_bytes hws_history_at(
		const struct hws_history *h, uint64_t at, size_t max, bool *ret_errors);
