/* files/reader: the reading end of a job at the disk: lists what is to be sent, opens file after
 * file and turns them into messages that only need to be sent. One owner at a time: a worker
 * while it runs, else the loop. Blocking, but for _new, _add and _free's like.
 *
 * Work is a queue of orders; each run goes on with them until a batch is full. */
#pragma once
#include "client/services/files/block.h"
#include "client/services/files/listing.h"
#include "client/services/files/roots.h"
#include "shared/base/buf.h"

#define HWS_BATCH_ITEMS 64u
#define HWS_BATCH_BYTES (2u << 20)

enum hws_batch_what {
	HWS_BATCH_OFFER, /* the file is open: `size`, `modified`; no message yet */
	HWS_BATCH_BLOCK, /* head and data are one message */
	HWS_BATCH_ERROR, /* of this file; its order is over */
};

struct hws_batch_item {
	enum hws_batch_what what;
	uint32_t file;
	uint8_t head[HWS_BLOCK_HEAD_MAX];
	size_t head_len, data_at, data_len; /* in the data of the batch */
	uint64_t content;                   /* bytes of the file that it stands for */
	bool last;                          /* BLOCK: nothing of the file follows */
	uint64_t size, modified;            /* OFFER */
	uint32_t modified_ns;
	int err; /* ERROR */
	char text[256];
};

struct hws_batch {
	uint8_t *data; /* HWS_BATCH_BYTES; NULL until first used */
	size_t used;
	struct hws_batch_item item[HWS_BATCH_ITEMS];
	size_t count, sent;
};

struct hws_reader;

struct hws_reader_conf {
	const struct hws_roots *roots; /* outlives it */
	int32_t id;
	const char *path; /* absolute, local */
	bool hidden, extended;
	size_t max_files; /* 0 = HWS_LISTING_MAX */
};

int hws_reader_new(const struct hws_reader_conf *conf, struct hws_reader **ret) HWS_MUST_CHECK;
void hws_reader_free(struct hws_reader *r); /* takes NULL */
void hws_batch_done(struct hws_batch *b);
/* Finds and lists what is at the path. HWS_ERR_TOOBIG: more than max_files. */
int hws_reader_list(struct hws_reader *r, struct hws_error *err) HWS_MUST_CHECK;
const struct hws_listing *hws_reader_listing(const struct hws_reader *r);
/* Worth packing? The loop knows how fast the line is. */
void hws_reader_pack(struct hws_reader *r, bool pack);

struct hws_reader_order {
	uint32_t file, count; /* consecutive files */
	bool offer;           /* only open, and tell what it is */
	uint64_t offset; /* of the first one: begin there; in extended jobs check what is before */
};
int hws_reader_add(struct hws_reader *r, const struct hws_reader_order *o) HWS_MUST_CHECK;
/* There is something to do. */
bool hws_reader_busy(const struct hws_reader *r);
/* Forgets the orders for this file, also the one that is under way. */
void hws_reader_drop(struct hws_reader *r, uint32_t file);
/* Fills `b`, which is emptied first. Errors of files are items; others end the job. */
int hws_reader_run(struct hws_reader *r, struct hws_batch *b) HWS_MUST_CHECK;
