/* media/hw_link: the way to the process that has a codec of the graphics card: it is asked one
 * thing at a time, and waited for no longer than it may take. Who made the process made the link,
 * too. One thread at a time. */
#pragma once
#include "client/media/hw_protocol.h"

struct hws_hw_link {
	int fd;          /* non-blocking */
	uint8_t *memory; /* HWS_HW_MEMORY bytes that both have */
	uint64_t due_us; /* no answer is waited for longer, whatever is asked; 0 = no such limit */
	uint32_t last_id;
	bool greeted;
	int broken;         /* an error: it is not asked any more */
	uint32_t instances; /* bits of those that are taken */
	/* Ends the process, gives back all of it and the link itself. */
	void (*free)(struct hws_hw_link *l);
};

/* Asks, and waits for the answer. An error of the link (HWS_ERR_TIMEOUT, HWS_ERR_EOF,
 * HWS_ERR_PROTO) breaks it; another one is what was answered. `q->id` is set here. */
int hws_hw_ask(struct hws_hw_link *l, struct hws_hw_request *q, unsigned patience_ms,
		struct hws_hw_answer *ret) HWS_MUST_CHECK;
/* Waits for the greeting and says what driver it is, for people ("" = it says nothing readable). */
int hws_hw_driver(
		struct hws_hw_link *l, unsigned patience_ms, char *buf, size_t size) HWS_MUST_CHECK;
/* An instance of a codec at the other end is named by a number. HWS_ERR_FULL. */
int hws_hw_take_instance(struct hws_hw_link *l, uint32_t *ret) HWS_MUST_CHECK;
/* Closes it there, too. */
void hws_hw_leave_instance(struct hws_hw_link *l, uint32_t instance);
/* Takes NULL. */
void hws_hw_link_free(struct hws_hw_link *l);

/* Where pictures and packets lie in the memory. */
static inline uint8_t *hws_hw_packet_place(uint8_t *memory)
{
	return memory + HWS_HW_PICTURE_BYTES;
}
/* The picture of that size that lies in the memory: sizes that hws_hw_fits has taken. */
int hws_hw_picture_place(
		uint8_t *memory, int width, int height, struct hws_picture *ret) HWS_MUST_CHECK;
