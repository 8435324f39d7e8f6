/* files/write_ops: what a writing job has its worker do at the disk, one after the other; not for
 * others than write_job. */
#pragma once
#include "client/services/files/job.h"

enum hws_op_kind {
	HWS_OP_OFFERED, /* size and time of a file are these now */
	HWS_OP_FIND,    /* what is there? */
	HWS_OP_SCAN,    /* the same, and then of the next ones */
	HWS_OP_WRITE,
	HWS_OP_STOP, /* a file comes no further */
};

struct hws_write_op {
	struct hws_list node;
	enum hws_op_kind kind;
	bool ready, parts, remove, packed, extended;
	uint64_t token;
	uint32_t file, count; /* SCAN: so many from `file` on */
	struct hws_write block;
	uint8_t *data;
	size_t len, cost, block_cost; /* what it takes here; what it counts in the window */
	/* what became of it */
	int result;
	bool done;
	struct hws_writer_find *found; /* `count` */
	struct hws_error *errors;      /* SCAN and FIND: `count`; else one, where it failed */
};

void hws_write_free_op(struct hws_write_op *o);
/* On the worker: all of j->under_way. */
int hws_write_run_ops(void *arg);
