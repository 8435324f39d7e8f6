/* media/hardware: what codecs of devices this process may use: how fast they and ours have been
 * measured to be, and where the way to such a device is had from. Empty until somebody who knows
 * (client/hardware) fills it in. Any thread. */
#pragma once
#include "client/media/hw_link.h"

/* What a picture takes: a part that does not depend on its size, and one for a million pixels, in
 * microseconds. All 0: not known, or not to be had. */
struct hws_hw_took {
	uint32_t fixed_us, million_us;
};
struct hws_hw_row {
	struct hws_hw_took device, processor;
};
enum hws_hw_way { HWS_HW_ENCODES, HWS_HW_DECODES, HWS_HW_WAYS };
struct hws_hw_table {
	struct hws_hw_row row[HWS_HW_WAYS][HWS_CODEC_COUNT];
};

static inline bool hws_hw_known(const struct hws_hw_took *t)
{
	return t->fixed_us || t->million_us;
}
static inline double hws_hw_us(const struct hws_hw_took *t, double pixels)
{
	return t->fixed_us + t->million_us * pixels / 1e6;
}

/* `open` gives a link to a process that has the device; each is its user's. NULL: no hardware any
 * more. */
void hws_hardware_set(const struct hws_hw_table *t,
		int (*open)(void *arg, struct hws_hw_link **ret), void *arg);
/* Whether there is one that is (still) to be used. */
bool hws_hardware_has(enum hws_hw_way way, enum hws_codec codec);
/* And it is the faster one for pictures of that size, or the only one. */
bool hws_hardware_wins(enum hws_hw_way way, enum hws_codec codec, int width, int height);
/* What it takes; zeros: nothing is known. */
struct hws_hw_took hws_hardware_took(enum hws_hw_way way, enum hws_codec codec);
int hws_hardware_open(struct hws_hw_link **ret) HWS_MUST_CHECK;
/* It failed: at its first picture, or later. What fails at once, or three times, is left alone for
 * as long as this process lives. */
void hws_hardware_failed(enum hws_hw_way way, enum hws_codec codec, bool at_once);
/* How often it failed, for people. */
unsigned hws_hardware_failures(void);
/* Pictures that devices have coded in this process. */
uint64_t hws_hardware_pictures(enum hws_hw_way way);
void hws_hardware_count(enum hws_hw_way way);
