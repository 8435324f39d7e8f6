/* What takes permissions from a session. Options are not rows of the table of messages, so which of
 * them needs a permission stands here. */
#include "shared/wire/session_rights.h"
#include "shared/base/macros.h"
#include "shared/wire/permission.h"

uint32_t hws_kind_permissions(enum hws_session_kind kind, uint32_t permissions)
{
	if (kind == HWS_KIND_REMOTE)
		return permissions;
	return permissions & ~HWS_NEED(HWS_PERM_KEYBOARD);
}

static uint32_t switched(uint32_t set, uint32_t bit, Ses__OptionMessage__BoolOption off)
{
	if (off == SES__OPTION_MESSAGE__BOOL_OPTION__Yes)
		return set | bit;
	if (off == SES__OPTION_MESSAGE__BOOL_OPTION__No)
		return set & ~bit;
	return set;
}

uint32_t hws_option_disabled(const Ses__OptionMessage *o, uint32_t before)
{
	if (!o)
		return before;
	before = switched(before, HWS_NEED(HWS_PERM_KEYBOARD), o->disable_keyboard);
	before = switched(before, HWS_NEED(HWS_PERM_CLIPBOARD), o->disable_clipboard);
	return switched(before, HWS_NEED(HWS_PERM_AUDIO), o->disable_audio);
}

unsigned hws_option_trim(Ses__OptionMessage *o, uint32_t permissions)
{
	const struct {
		Ses__OptionMessage__BoolOption *set;
		uint32_t need;
	} items[] = {
		{ &o->privacy_mode, HWS_NEED(HWS_PERM_KEYBOARD) | HWS_NEED(HWS_PERM_PRIVACY_MODE) },
		{ &o->block_input, HWS_NEED(HWS_PERM_KEYBOARD) | HWS_NEED(HWS_PERM_BLOCK_INPUT) },
		{ &o->enable_file_transfer, HWS_NEED(HWS_PERM_FILE) },
		{ &o->terminal_persistent, HWS_NEED(HWS_PERM_TERMINAL) },
	};
	unsigned trimmed = 0;

	for (size_t i = 0; i < HWS_COUNT(items); i++) {
		/* to switch it off, a state as before included, needs nothing */
		if (*items[i].set != SES__OPTION_MESSAGE__BOOL_OPTION__Yes ||
				(permissions & items[i].need) == items[i].need)
			continue;
		*items[i].set = SES__OPTION_MESSAGE__BOOL_OPTION__NotSet;
		trimmed++;
	}
	return trimmed;
}
