/* The viewer's wishes as the protocol's OptionMessage. "Not set" is a value of its own there:
 * only what the user chose is sent. */
#include "client/core/view_options.h"
#include "client/core/codec_wire.h"
#include "client/media/codec_table.h"

#define YES SES__OPTION_MESSAGE__BOOL_OPTION__Yes
#define NO SES__OPTION_MESSAGE__BOOL_OPTION__No

static bool wants_whole(const struct hws_view_options *o)
{
	return o->chroma == HWS_CHROMA_WHOLE ||
			(o->chroma == HWS_CHROMA_AUTO && o->quality == SES__IMAGE_QUALITY__Best);
}

static void put_decoding(const struct hws_view_options *o, struct hws_option_message *ret)
{
	Ses__SupportedDecoding *d = &ret->decoding;

	ses__supported_decoding__init(d);
	hws_codecs_to_decoding(o->can, d);
	d->prefer = (Ses__SupportedDecoding__PreferCodec)o->prefer;
	ses__codec_ability__init(&ret->whole);
	hws_codecs_to_ability(o->can & hws_codecs_whole_decodable(), &ret->whole);
	d->i444 = &ret->whole;
	d->prefer_chroma = wants_whole(o) ? SES__CHROMA__I444 : SES__CHROMA__I420;
	ret->m.supported_decoding = d;
}

/* Whoever chose a certain quality gets it; the default and the best one may be exceeded. */
static unsigned raised(const struct hws_view_options *o)
{
	return o->quality == SES__IMAGE_QUALITY__NotSet || o->quality == SES__IMAGE_QUALITY__Best
			? o->raised
			: 0;
}

static void put_quality(const struct hws_view_options *o, Ses__OptionMessage *m)
{
	if (raised(o))
		m->custom_image_quality = (int32_t)(raised(o) << 8);
	else if (o->quality == HWS_QUALITY_CUSTOM)
		m->custom_image_quality = o->custom_quality << 8;
	else
		m->image_quality = (Ses__ImageQuality)o->quality;
}

/* Files, tunnels and terminals have no pictures, and a host holds other options against the viewer
 * of a terminal. */
static bool has_pictures(enum hws_session_kind kind)
{
	return kind == HWS_KIND_REMOTE || kind == HWS_KIND_CAMERA;
}

static bool is_deaf(const struct hws_view_options *o)
{
	return o->view_only || hws_view_options_no_clipboard(o);
}

/* Files of the clipboard, whichever way. */
static bool has_files(const struct hws_view_options *o)
{
	return !o->view_only && !hws_view_options_no_clipboard(o) &&
			(hws_view_options_gives_files(o) || hws_view_options_takes_files(o));
}

void hws_view_options_login(enum hws_session_kind kind, const struct hws_view_options *o,
		struct hws_option_message *ret)
{
	Ses__OptionMessage *m = &ret->m;

	ses__option_message__init(m);
	if (kind == HWS_KIND_TERMINAL && o->terminal_persistent)
		m->terminal_persistent = YES;
	if (!has_pictures(kind))
		return;
	put_quality(o, m);
	put_decoding(o, ret);
	if (o->fps > 0)
		m->custom_fps = o->fps;
	m->video_cost = YES; /* for the figures; deployed hosts pass over it */
	if (!o->no_remote_cursor)
		m->show_remote_cursor = YES;
	if (o->lock_after)
		m->lock_after_session_end = YES;
	if (o->follow_cursor)
		m->follow_remote_cursor = YES;
	if (o->follow_window)
		m->follow_remote_window = YES;
	if (o->block_input)
		m->block_input = YES;
	if (o->view_only)
		m->disable_keyboard = YES;
	if (is_deaf(o))
		m->disable_clipboard = YES;
	if (has_files(o))
		m->enable_file_transfer = YES;
	if (!o->no_exact && kind == HWS_KIND_REMOTE)
		m->exact = YES;
	if (!o->sound)
		m->disable_audio = YES;
}

/* Sets `field` when the wish is another one. */
static bool change_switch(bool before, bool after, Ses__OptionMessage__BoolOption *field)
{
	if (before == after)
		return false;
	*field = after ? YES : NO;
	return true;
}

static bool change_desktop(const struct hws_view_options *before,
		const struct hws_view_options *after, Ses__OptionMessage *m)
{
	bool changed = change_switch(
			before->follow_cursor, after->follow_cursor, &m->follow_remote_cursor);

	changed |= change_switch(
			before->follow_window, after->follow_window, &m->follow_remote_window);
	return change_switch(before->block_input, after->block_input, &m->block_input) || changed;
}

static bool change_pictures(const struct hws_view_options *before,
		const struct hws_view_options *after, struct hws_option_message *ret)
{
	Ses__OptionMessage *m = &ret->m;
	bool changed = change_desktop(before, after, m);

	if (after->quality != before->quality || raised(after) != raised(before) ||
			(after->quality == HWS_QUALITY_CUSTOM &&
					after->custom_quality != before->custom_quality)) {
		put_quality(after, m);
		if (after->quality == SES__IMAGE_QUALITY__NotSet &&
				!raised(after)) /* would leave it as it is */
			m->image_quality = SES__IMAGE_QUALITY__Balanced;
		changed = true;
	}
	if (after->can != before->can || after->prefer != before->prefer ||
			wants_whole(after) != wants_whole(before)) {
		put_decoding(after, ret);
		changed = true;
	}
	if (after->fps != before->fps && after->fps > 0) {
		m->custom_fps = after->fps;
		changed = true;
	}
	if (after->no_remote_cursor != before->no_remote_cursor) {
		m->show_remote_cursor = after->no_remote_cursor ? NO : YES;
		changed = true;
	}
	if (after->lock_after != before->lock_after) {
		m->lock_after_session_end = after->lock_after ? YES : NO;
		changed = true;
	}
	if (after->view_only != before->view_only) {
		m->disable_keyboard = after->view_only ? YES : NO;
		changed = true;
	}
	if (has_files(after) != has_files(before)) {
		m->enable_file_transfer = has_files(after) ? YES : NO;
		changed = true;
	}
	if (after->sound != before->sound) {
		m->disable_audio = after->sound ? NO : YES;
		changed = true;
	}
	if (is_deaf(after) != is_deaf(before)) {
		m->disable_clipboard = is_deaf(after) ? YES : NO;
		changed = true;
	}
	return changed;
}

bool hws_view_options_change(enum hws_session_kind kind, const struct hws_view_options *before,
		const struct hws_view_options *after, struct hws_option_message *ret)
{
	ses__option_message__init(&ret->m);
	if (has_pictures(kind))
		return change_pictures(before, after, ret);
	if (kind != HWS_KIND_TERMINAL || after->terminal_persistent == before->terminal_persistent)
		return false;
	ret->m.terminal_persistent = after->terminal_persistent ? YES : NO;
	return true;
}
