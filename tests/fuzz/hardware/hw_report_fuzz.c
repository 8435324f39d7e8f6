/* The report of the probe, read from a file, and the requests and answers of the process with a
 * driver in it: what is taken is within its bounds, and a report that was taken reads the same when
 * it is written again. */
#include "client/hardware/report.h"
#include "client/media/hw_link.h"
#include <stdlib.h>

#define KEY "0123456789abcdef"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_report(struct hws_bytes in)
{
	struct hws_hw_report r, again;
	struct hws_buf out;

	if (hws_hw_report_read(in, KEY, &r) < 0)
		return;
	hws_buf_init(&out, HWS_HW_REPORT_MAX);
	hws_hw_report_write(&r, &out);
	if (hws_buf_err(&out) < 0 || hws_hw_report_read(hws_buf_bytes(&out), KEY, &again) < 0 ||
			memcmp(&r.table, &again.table, sizeof(r.table)) != 0)
		abort();
	hws_buf_done(&out);
}

static void check_messages(struct hws_bytes in)
{
	struct hws_hw_request q;
	struct hws_hw_answer a;
	static uint8_t memory[16];
	struct hws_picture p;

	if (in.len < sizeof(q) + sizeof(a))
		return;
	memcpy(&q, in.ptr, sizeof(q));
	memcpy(&a, in.ptr + sizeof(q), sizeof(a));
	if (hws_hw_request_check(&q) < 0)
		return;
	if (q.kind == HWS_HW_OPEN_ENCODER && (uint64_t)q.width * q.height > HWS_HW_PIXELS_MAX)
		abort();
	if (q.kind == HWS_HW_DECODE && q.bytes > HWS_HW_PACKET_BYTES)
		abort();
	if (hws_hw_answer_check(&q, &a) < 0 || a.result != HWS_OK)
		return;
	if (q.kind == HWS_HW_ENCODE && a.bytes > HWS_HW_PACKET_BYTES)
		abort();
	if (q.kind == HWS_HW_DECODE &&
			(hws_hw_picture_place(memory, (int)a.width, (int)a.height, &p) < 0 ||
					p.size[0] + p.size[1] + p.size[2] > HWS_HW_PICTURE_BYTES))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_report(hws_bytes(data, size));
	check_messages(hws_bytes(data, size));
	return 0;
}
