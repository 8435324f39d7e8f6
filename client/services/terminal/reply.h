/* terminal/reply: what the host's side of terminals says to a viewer. Loop thread only. */
#pragma once
#include "client/services/host_viewer.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"

/* Output in one message. Where it pays it is packed as deployed hosts do it. */
struct hws_reply_data {
	int32_t id;
	struct hws_bytes data;
	bool pack; /* try to compress it */
	bool errors, eof, replay;
	uint64_t skipped;
};
/* HWS_ERR_FULL and others: it was not sent. */
int hws_reply_data(struct hws_host_viewer *v, const struct hws_reply_data *d) HWS_MUST_CHECK;

/* The rest may be lost with the link only. */
void hws_reply_opened(struct hws_host_viewer *v, Ses__TerminalOpened *o);
void hws_reply_closed(struct hws_host_viewer *v, int32_t id, int32_t code, uint32_t signal);
void hws_reply_error(struct hws_host_viewer *v, int32_t id, const char *text);
void hws_reply_ack(struct hws_host_viewer *v, int32_t id, uint64_t position);
void hws_reply_list(struct hws_host_viewer *v, Ses__TerminalList *list);

/* Does the other end speak hawser's part of the messages? */
bool hws_reply_extended(const struct hws_host_viewer *v);

/* How much of `data` ends with a whole UTF-8 character; at most 3 bytes fewer than there are. */
size_t hws_utf8_whole(struct hws_bytes data);
/* The last lines of what was said, as deployed viewers are shown them: at most `max` bytes, whole
 * lines where there are any, whole characters. */
struct hws_bytes hws_replay_tail(struct hws_bytes said, size_t max);
