/* wire/send_class: which channel belongs to which class; see send_class.h. */
#include "shared/wire/send_class.h"
#include <stdint.h>

enum hws_send_class hws_channel_class(enum hws_channel channel)
{
	switch (channel) {
	case HWS_CHANNEL_CONTROL:
		return HWS_SEND_CONTROL;
	case HWS_CHANNEL_INPUT:
	case HWS_CHANNEL_CURSOR:
		return HWS_SEND_INPUT;
	case HWS_CHANNEL_CLIPBOARD:
	case HWS_CHANNEL_SCREENSHOT:
	case HWS_CHANNEL_FILES:
	case HWS_CHANNEL_JOBS:
	case HWS_CHANNEL_TUNNELS:
		return HWS_SEND_BULK;
	case HWS_CHANNEL_LAST:
		return HWS_SEND_LAST;
	case HWS_CHANNEL_VIDEO:
	case HWS_CHANNEL_SOUND:
	case HWS_CHANNEL_TERMINAL:
	case HWS_CHANNEL_COUNT:
		break;
	}
	return HWS_SEND_VIDEO;
}

size_t hws_channel_message_max(enum hws_channel channel)
{
	return channel == HWS_CHANNEL_FILES || channel == HWS_CHANNEL_TUNNELS ? HWS_SEND_BULK_MAX
									      : SIZE_MAX;
}
