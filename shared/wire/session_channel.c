/* wire/session_channel: see session_channel.h. A service has one channel for each direction, so
 * that its own messages keep their order; the exceptions are named below. */
#include "shared/wire/session_channel.h"
#include "shared/base/macros.h"

#define AT(service, host, viewer)                                                                  \
	[HWS_SERVICE_##service] = { HWS_CHANNEL_##host, HWS_CHANNEL_##viewer }

static const uint8_t of_service[HWS_SERVICE_COUNT][2] = {
	AT(CORE, INPUT, CONTROL),
	AT(GATE, CONTROL, CONTROL),
	AT(VIDEO, INPUT, VIDEO), /* to the host: which display, which size, what was seen */
	AT(CURSOR, INPUT, CURSOR),
	AT(INPUT, INPUT, INPUT),
	AT(CLIPBOARD, CLIPBOARD, CLIPBOARD), /* what is small: hws_session_channel_of */
	/* lists, and the ranges that deployed programs ask for, cannot be split */
	AT(CLIPFILES, CLIPBOARD, CLIPBOARD),
	AT(CHAT, INPUT, CONTROL),
	AT(SOUND, SOUND, SOUND),
	AT(FILES, JOBS, JOBS),
	AT(TERMINAL, INPUT, TERMINAL), /* to the host: what is typed */
	AT(DISPLAYS, INPUT, VIDEO),
	AT(PRIVACY, INPUT, CONTROL),
	AT(ELEVATION, INPUT, CONTROL),
	AT(SIDES, INPUT, CONTROL),
	AT(MACHINE, INPUT, CONTROL),
	AT(TUNNEL, TUNNELS, TUNNELS),
};

enum hws_channel hws_session_service_channel(
		enum hws_service_id service, enum hws_session_direction to)
{
	return (enum hws_channel)of_service[service][to];
}

enum hws_channel hws_session_channel(
		const struct hws_session_row *row, enum hws_session_direction to)
{
	if (!row)
		return HWS_CHANNEL_VIDEO;
	if (row->field == SES__MESSAGE__UNION_MISC && row->misc == SES__MISC__UNION_CLOSE_REASON)
		return HWS_CHANNEL_LAST;
	if (to == HWS_TO_VIEWER) {
		/* its answer says that all pictures before it have arrived; an echo is the
		 * gate's */
		if (row->field == SES__MESSAGE__UNION_TEST_DELAY)
			return HWS_CHANNEL_VIDEO;
		if (row->field == SES__MESSAGE__UNION_SCREENSHOT_RESPONSE)
			return HWS_CHANNEL_SCREENSHOT;
		if (row->field == SES__MESSAGE__UNION_MISC &&
				row->misc == SES__MISC__UNION_FOLLOW_CURRENT_DISPLAY)
			return HWS_CHANNEL_VIDEO;
	}
	return hws_session_service_channel(row->service, to);
}

enum hws_channel hws_session_channel_of(
		const struct hws_session_row *row, enum hws_session_direction to, size_t size)
{
	if (row && to == HWS_TO_HOST && size <= HWS_SEND_BULK_MAX &&
			(row->field == SES__MESSAGE__UNION_CLIPBOARD ||
					row->field == SES__MESSAGE__UNION_MULTI_CLIPBOARDS))
		return HWS_CHANNEL_INPUT;
	return hws_session_channel(row, to);
}
