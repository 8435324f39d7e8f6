/* host/strategy: whatever a signed text holds. What is read fits its bounds, lies over settings
 * that are still right, opens nothing where it may only narrow, and leaves no trace when it is
 * lifted. */
#include "client/host/strategy.h"
#include "shared/base/str.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print(const struct hws_settings *s, struct hws_buf *out)
{
	hws_buf_init(out, 1u << 20);
	hws_options_show(&hws_settings_options, s, out);
	assert(hws_buf_err(out) == HWS_OK);
}

static void lay(const struct hws_strategy *s, const char *mode, const char *access)
{
	const struct hws_options *o = &hws_settings_options;
	struct hws_settings settings;
	struct hws_strategy_over over;
	struct hws_buf before, after;
	uint32_t own;

	if (hws_options_init(o, &settings) < 0 ||
			hws_options_set(o, &settings, "strategies", mode, NULL) < 0 ||
			hws_options_set(o, &settings, "access-mode", access, NULL) < 0 ||
			hws_options_set(o, &settings, "enable-tunnel", "no", NULL) < 0)
		abort();
	own = hws_settings_permissions(&settings, 0);
	print(&settings, &before);
	if (hws_strategy_lay(s, &settings, &over) < 0)
		abort();
	assert(hws_settings_check(&settings, NULL) == HWS_OK);
	if (settings.strategies == HWS_STRATEGIES_NARROW)
		assert(!(hws_settings_permissions(&settings, 0) & ~own));
	if (hws_strategy_lift(&over, &settings) < 0)
		abort();
	print(&settings, &after);
	assert(hws_buf_len(&before) == hws_buf_len(&after));
	assert(!memcmp(before.data, after.data, hws_buf_len(&before)));
	hws_buf_done(&before);
	hws_buf_done(&after);
	hws_strategy_over_done(&over);
	hws_settings_done(&settings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_strategy s = { 0 };

	if (hws_strategy_read(hws_bytes(data, size), &s) < 0)
		return 0;
	assert(size <= HWS_STRATEGY_TEXT_MAX && s.number >= 0);
	assert(hws_utf8_valid(hws_bytes_str(s.others)));
	lay(&s, "narrow", "custom");
	lay(&s, "narrow", "full");
	lay(&s, "on", "custom");
	hws_strategy_done(&s);
	return 0;
}
