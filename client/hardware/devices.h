/* hardware/devices: what there could be on this machine, and the key of its state: looked at
 * without opening any device or loading any driver. */
#pragma once
#include "client/hardware/report.h"

#define HWS_HW_DEVICES_MAX 16u

enum hws_hw_choice { HWS_HW_AUTO, HWS_HW_OFF, HWS_HW_DEVICE };

struct hws_hw_devices {
	unsigned count;
	struct {
		const char *backend;
		char path[108];
	} device[HWS_HW_DEVICES_MAX];
};

/* A word of the option: "auto", "off" or the path of a device. HWS_ERR_INVAL. */
int hws_hw_choice_of(const char *word, enum hws_hw_choice *ret) HWS_MUST_CHECK;
/* Render nodes first, then what V4L2 has; with a path that one alone. */
void hws_hw_devices_find(const char *word, struct hws_hw_devices *ret);
/* `program`: of ours that opens them. */
void hws_hw_devices_key(
		const struct hws_hw_devices *d, const char *program, char ret[HWS_HW_KEY_LEN + 1]);
