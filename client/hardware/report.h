/* hardware/report: what the probe found out, as it is kept in a file until the machine starts
 * again: lines of words. A report is of one state of the machine, which its key stands for:
 * devices and their drivers, our own program, and this start of the kernel. */
#pragma once
#include "client/media/hardware.h"
#include "shared/base/buf.h"

#define HWS_HW_KEY_LEN 16 /* hex digits */
#define HWS_HW_REPORT_MAX 8192u

struct hws_hw_report {
	char key[HWS_HW_KEY_LEN + 1];
	char backend[16], device[108]; /* "" = no device is of use */
	char vendor[128];              /* for people */
	struct hws_hw_table table;
};

void hws_hw_report_write(const struct hws_hw_report *r, struct hws_buf *out);
/* Nothing of it is believed beyond its bounds: HWS_ERR_CORRUPT. HWS_ERR_NOTFOUND: it is of another
 * key. */
int hws_hw_report_read(
		struct hws_bytes in, const char *key, struct hws_hw_report *ret) HWS_MUST_CHECK;
/* "h264, vp9 (coding); h264 (decoding)" for people; "none". Returns buf. */
char *hws_hw_report_text(const struct hws_hw_table *t, char *buf, size_t size);
