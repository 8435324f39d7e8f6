/* files/writer: the writing end of a job at the disk: looks what is there, writes blocks into a
 * file beside the target, verifies it, and gives it its name when it is whole. What comes before
 * the end stays as a part (NAME.download with NAME.digest, as deployed peers have it) for a later
 * job.
 *
 * One owner at a time: a worker while it runs, else the loop. Blocking. */
#pragma once
#include "client/services/files/block.h"
#include "client/services/files/listing.h"
#include "client/services/files/roots.h"

struct hws_writer;

struct hws_writer_conf {
	const struct hws_roots *roots; /* outlives it */
	const char *path;              /* absolute, local: of the one file, or of the folder */
	bool extended, durable;
};

/* Takes over the content of `list`, whose names have been judged. */
int hws_writer_new(const struct hws_writer_conf *conf, struct hws_listing *list,
		struct hws_writer **ret) HWS_MUST_CHECK;
/* Takes NULL. The part that is under way stays, when it is worth it. */
void hws_writer_free(struct hws_writer *w);
/* Makes and opens the folder; is there room for files from number `first` on? */
int hws_writer_open(struct hws_writer *w, uint32_t first, struct hws_error *err) HWS_MUST_CHECK;

enum hws_there {
	HWS_THERE_NOTHING,
	HWS_THERE_FILE,
	HWS_THERE_PART, /* of this very file, by size and time */
};
struct hws_writer_find {
	enum hws_there there;
	uint64_t size, modified; /* FILE: its own; PART: as offered */
	uint32_t modified_ns;
	uint64_t partial; /* PART */
	bool identical;
};
/* What is in the place of file `file`? The list's size and time count, which a digest may have
 * changed (hws_writer_offered). `parts`: look for one. Errors are of this file, with a sentence. */
int hws_writer_find(struct hws_writer *w, uint32_t file, bool parts, struct hws_writer_find *ret,
		struct hws_error *err) HWS_MUST_CHECK;
void hws_writer_offered(struct hws_writer *w, uint32_t file, uint64_t size, uint64_t modified);

struct hws_write {
	uint32_t file;
	uint64_t resume; /* what was agreed for its beginning */
	uint64_t offset; /* extended: of the block; else ignored */
	uint64_t hole, check, size;
	struct hws_hash hash, file_hash;
	bool hashed, last;
	struct hws_bytes data; /* unpacked */
};
/* One block. *ret_done: the file has its name now. HWS_ERR_AGAIN: what was there before is not what
 * the reader has: the part is gone, and the file is to be sent from its beginning. Other errors end
 * this file (what was written is removed, but on a full disk kept), with a sentence. */
int hws_writer_write(struct hws_writer *w, const struct hws_write *b, bool *ret_done,
		struct hws_error *err) HWS_MUST_CHECK;
/* This file comes no further: `remove`: its part, too. */
void hws_writer_stop(struct hws_writer *w, uint32_t file, bool remove);
/* Whatever is under way is removed. */
void hws_writer_abandon(struct hws_writer *w);
const struct hws_listing *hws_writer_list(const struct hws_writer *w);
