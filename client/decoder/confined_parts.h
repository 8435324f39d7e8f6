/* decoder/confined_parts: what the files of the viewer's end share: confined.c (the process and its
 * queue), confined_ask.c (requests, and the memory of pictures). */
#pragma once
#include "client/decoder/confined.h"
#include "client/decoder/program.h"
#include "client/decoder/protocol.h"
#include "client/hardware/use.h"
#include "shared/base/buf.h"
#include "shared/sys/local_socket.h"

struct hws_confined_job {
	struct hws_list node;
	struct hws_decode_request request;
	struct hws_buf payload;
	hws_confined_done *done; /* NULL: nobody wants to know any more */
	void *arg;
	bool again; /* a process was lost with it */
};

/* Memory for the pictures of one display. A picture lives on while somebody looks at it. */
struct hws_confined_room {
	unsigned width, height; /* 0: none */
	struct hws_picture *slot[HWS_DECODE_SLOTS];
};

struct hws_confined {
	struct hws_confined_conf conf;
	void (*on_loss)(void *arg);
	void *on_loss_arg;

	/* The process. */
	struct hws_child process;
	int fd; /* -1: none runs */
	struct event ev_read, ev_write;
	struct hws_timer tick;
	bool ready;    /* it has said hello */
	bool broken;   /* for good */
	char why[400]; /* it is */
	struct hws_deferred breaking;
	unsigned runs; /* counts processes */
	unsigned deaths;
	uint64_t death_us;
	uint32_t how;
	size_t limit; /* of its memory, as last set; 0: as it set it itself */

	/* A device for it, in a process beside it. */
	char hardware[108];     /* what is wanted; "" = none */
	struct hws_hw_use *use; /* NULL: none is wanted, or not looked for yet */
	struct hws_hw_report *report;
	struct hws_hw_process device;

	/* Jobs. */
	struct hws_list waiting;
	size_t count, bytes; /* of those */
	struct hws_confined_job *current;
	uint32_t last_id;
	unsigned needs; /* of the current one */
	uint64_t sent_us;

	/* On the way. */
	struct hws_buf out;
	int out_fds[HWS_DECODE_SLOTS];
	size_t out_fd_count;
	struct hws_decode_answer in;
	size_t got; /* bytes of it */
	bool checked;
	struct hws_buf payload; /* what follows it */

	struct hws_confined_room room[HWS_DECODE_DISPLAYS_MAX];
};

/* confined.c: a job, whose payload the caller fills with exactly `size` bytes. */
int hws_confined_job_new(struct hws_confined *c, uint32_t kind, size_t size,
		hws_confined_done *done, void *arg, struct hws_confined_job **ret) HWS_MUST_CHECK;
/* Takes it. */
int hws_confined_job_submit(struct hws_confined *c, struct hws_confined_job *j) HWS_MUST_CHECK;
/* confined_device.c: looks for a device (once, before the first process starts), offers it to a
 * process that has begun, puts what belongs to the offer into `out_fds`, and leaves it with the
 * process. */
void hws_confined_device_init(struct hws_confined *c);
void hws_confined_device_find(struct hws_confined *c);
void hws_confined_device_offer(struct hws_confined *c);
void hws_confined_device_give(struct hws_confined *c);
void hws_confined_device_end(struct hws_confined *c);
void hws_confined_device_forget(struct hws_confined *c);
/* For good. */
void hws_confined_break(struct hws_confined *c, const char *text);

/* confined_ask.c: puts the answer to a NEED into `out`; without memory all breaks. */
int hws_confined_give_room(
		struct hws_confined *c, const struct hws_decode_answer *need) HWS_MUST_CHECK;
void hws_confined_leave_room(struct hws_confined_room *room);
/* HWS_DECODE_NO_SLOT: all are being looked at. */
uint32_t hws_confined_free_slot(const struct hws_confined *c, unsigned display);
void hws_confined_close_fds(struct hws_confined *c);
