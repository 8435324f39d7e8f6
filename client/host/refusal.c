/* The answers that the protocol has for a request that is not served; which message takes which
 * is in its row of the table. */
#include "client/host/refusal.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"

#define YES SES__OPTION_MESSAGE__BOOL_OPTION__Yes
#define NO SES__OPTION_MESSAGE__BOOL_OPTION__No
/* Deployed viewers close the session with the box unless the type has "custom" in it. */
#define BOX_TYPE "custom-nook-nocancel-hasclose"
#define NO_FILES "No permission of file transfer"

static int send_box_of(const char *type, const char *title, const char *text, hws_refusal_send send,
		void *arg)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__MessageBox box = SES__MESSAGE_BOX__INIT;

	box.msgtype = (char *)(uintptr_t)type;
	box.title = (char *)(uintptr_t)title;
	box.text = (char *)(uintptr_t)text;
	m.union_case = SES__MESSAGE__UNION_MESSAGE_BOX;
	m.message_box = &box;
	return send(&m, arg);
}

static int send_box(const char *title, const char *text, hws_refusal_send send, void *arg)
{
	return send_box_of(BOX_TYPE, title, text, send, arg);
}

static int send_misc(Ses__Misc *misc, hws_refusal_send send, void *arg)
{
	Ses__Message m = SES__MESSAGE__INIT;

	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = misc;
	return send(&m, arg);
}

static int send_notification(Ses__BackNotification *n, hws_refusal_send send, void *arg)
{
	Ses__Misc misc = SES__MISC__INIT;

	misc.union_case = SES__MISC__UNION_BACK_NOTIFICATION;
	misc.back_notification = n;
	return send_misc(&misc, send, arg);
}

static int refuse_privacy(
		bool on, const char *impl_key, bool denied, hws_refusal_send send, void *arg)
{
	Ses__BackNotification n = SES__BACK_NOTIFICATION__INIT;

	n.union_case = SES__BACK_NOTIFICATION__UNION_PRIVACY_MODE_STATE;
	n.impl_key = (char *)(uintptr_t)impl_key;
	if (!on)
		n.privacy_mode_state = SES__BACK_NOTIFICATION__PRIVACY_MODE_STATE__PrvOffFailed;
	else if (!denied)
		n.privacy_mode_state = SES__BACK_NOTIFICATION__PRIVACY_MODE_STATE__PrvNotSupported;
	else
		n.privacy_mode_state =
				SES__BACK_NOTIFICATION__PRIVACY_MODE_STATE__PrvOnFailedDenied;
	if (!on)
		n.details = (char *)"Not supported";
	return send_notification(&n, send, arg);
}

static int refuse_block_input(hws_refusal_send send, void *arg)
{
	Ses__BackNotification n = SES__BACK_NOTIFICATION__INIT;

	n.union_case = SES__BACK_NOTIFICATION__UNION_BLOCK_INPUT_STATE;
	n.block_input_state = SES__BACK_NOTIFICATION__BLOCK_INPUT_STATE__BlkOnFailed;
	n.details = (char *)"No permission";
	return send_notification(&n, send, arg);
}

static int refuse_elevation(uint32_t permissions, hws_refusal_send send, void *arg)
{
	Ses__Misc misc = SES__MISC__INIT;

	misc.union_case = SES__MISC__UNION_ELEVATION_RESPONSE;
	misc.elevation_response =
			(char *)(permissions & HWS_NEED(HWS_PERM_KEYBOARD) ? "No need to elevate"
									   : "No permission");
	return send_misc(&misc, send, arg);
}

struct file_part { /* of a job of the viewer */
	int32_t id, file_num;
};

/* Listings have no job: the protocol has no answer for one that fails, viewers give it 2 s. No
 * default here, so that a member that the schema gains does not compile before somebody has
 * decided. */
static bool find_action(const Ses__FileAction *a, struct file_part *ret)
{
	*ret = (struct file_part){ 0 };
	switch (a->union_case) {
	case SES__FILE_ACTION__UNION_SEND:
		*ret = (struct file_part){ a->send->id, a->send->file_num };
		return true;
	case SES__FILE_ACTION__UNION_RECEIVE:
		*ret = (struct file_part){ a->receive->id, a->receive->file_num };
		return true;
	case SES__FILE_ACTION__UNION_CREATE:
		ret->id = a->create->id;
		return true;
	case SES__FILE_ACTION__UNION_REMOVE_DIR:
		ret->id = a->remove_dir->id;
		return true;
	case SES__FILE_ACTION__UNION_REMOVE_FILE:
		*ret = (struct file_part){ a->remove_file->id, a->remove_file->file_num };
		return true;
	case SES__FILE_ACTION__UNION_ALL_FILES:
		*ret = (struct file_part){ a->all_files->id, -1 };
		return true;
	case SES__FILE_ACTION__UNION_SEND_CONFIRM:
		*ret = (struct file_part){ a->send_confirm->id, a->send_confirm->file_num };
		return true;
	case SES__FILE_ACTION__UNION_RENAME:
		ret->id = a->rename->id;
		return true;
	case SES__FILE_ACTION__UNION_READ_DIR:
	case SES__FILE_ACTION__UNION_READ_EMPTY_DIRS:
	case SES__FILE_ACTION__UNION_CANCEL: /* it has gone already */
	case SES__FILE_ACTION__UNION__NOT_SET:
	case _SES__FILE_ACTION__UNION__CASE_IS_INT_SIZE:
		break;
	}
	return false;
}

static bool find_response(const Ses__FileResponse *r, struct file_part *ret)
{
	switch (r->union_case) {
	case SES__FILE_RESPONSE__UNION_BLOCK:
		*ret = (struct file_part){ r->block->id, r->block->file_num };
		return true;
	case SES__FILE_RESPONSE__UNION_ERROR:
		*ret = (struct file_part){ r->error->id, r->error->file_num };
		return true;
	case SES__FILE_RESPONSE__UNION_DONE:
		*ret = (struct file_part){ r->done->id, r->done->file_num };
		return true;
	case SES__FILE_RESPONSE__UNION_DIGEST:
		*ret = (struct file_part){ r->digest->id, r->digest->file_num };
		return true;
	case SES__FILE_RESPONSE__UNION_DIR:
	case SES__FILE_RESPONSE__UNION_EMPTY_DIRS:
	case SES__FILE_RESPONSE__UNION_ACK: /* of a job that was refused when it began */
	case SES__FILE_RESPONSE__UNION__NOT_SET:
	case _SES__FILE_RESPONSE__UNION__CASE_IS_INT_SIZE:
		break;
	}
	return false;
}

static int refuse_file_job(const Ses__Message *m, hws_refusal_send send, void *arg)
{
	Ses__Message answer = SES__MESSAGE__INIT;
	Ses__FileResponse response = SES__FILE_RESPONSE__INIT;
	Ses__FileTransferError error = SES__FILE_TRANSFER_ERROR__INIT;
	struct file_part part;

	if (m->union_case == SES__MESSAGE__UNION_FILE_ACTION
					? !find_action(m->file_action, &part)
					: m->union_case != SES__MESSAGE__UNION_FILE_RESPONSE ||
							!find_response(m->file_response, &part))
		return HWS_OK;
	error.id = part.id;
	error.file_num = part.file_num;
	error.error = (char *)NO_FILES;
	response.union_case = SES__FILE_RESPONSE__UNION_ERROR;
	response.error = &error;
	answer.union_case = SES__MESSAGE__UNION_FILE_RESPONSE;
	answer.file_response = &response;
	return send(&answer, arg);
}

int hws_refuse(const struct hws_session_row *row, const Ses__Message *m, enum hws_session_kind kind,
		uint32_t permissions, hws_refusal_send send, void *arg)
{
	const Ses__Misc *misc = m->union_case == SES__MESSAGE__UNION_MISC ? m->misc : NULL;

	switch (row->answer) {
	case HWS_ANSWER_NONE:
		break;
	case HWS_ANSWER_BOX:
		return send_box("Not available", row->text, send, arg);
	case HWS_ANSWER_UNREAD:
		/* scripts tell by the type that nobody has read it */
		return send_box_of(BOX_TYPE "-unread", "Not available", row->text, send, arg);
	case HWS_ANSWER_FILE_JOB:
		return refuse_file_job(m, send, arg);
	case HWS_ANSWER_PRIVACY:
		if (misc && misc->union_case == SES__MISC__UNION_TOGGLE_PRIVACY_MODE)
			return refuse_privacy(misc->toggle_privacy_mode->on,
					misc->toggle_privacy_mode->impl_key,
					kind != HWS_KIND_REMOTE, send, arg);
		break;
	case HWS_ANSWER_ELEVATION:
		return refuse_elevation(permissions, send, arg);
	case HWS_ANSWER_VIRTUAL_DISPLAY:
		if (misc && misc->union_case == SES__MISC__UNION_TOGGLE_VIRTUAL_DISPLAY)
			return send_box("Virtual display",
					misc->toggle_virtual_display->on
							? "Failed to plug in virtual display: "
							  "this host has none."
							: "Failed to plug out virtual displays: "
							  "this host has none.",
					send, arg);
		break;
	}
	return HWS_OK;
}

/* One box for all of them: a viewer switches on what it has stored at each login. */
static int refuse_by_box(const Ses__OptionMessage *o, hws_refusal_send send, void *arg)
{
	const struct {
		Ses__OptionMessage__BoolOption set;
		const char *text;
	} items[] = {
		{ o->lock_after_session_end, "lock its screen at the end of a session" },
		{ o->show_my_cursor, "draw the pointers of viewers" },
	};
	char text[300] = "";
	unsigned n = 0;
	size_t used = 0;

	for (size_t i = 0; i < HWS_COUNT(items); i++) {
		if (items[i].set != YES)
			continue;
		if (hws_fmt(text + used, sizeof(text) - used, "%s%s",
				    n++ ? ", nor " : "This host does not ", items[i].text) < 0)
			break;
		used = strlen(text);
	}
	if (!n)
		return HWS_OK;
	if (hws_fmt(text + used, sizeof(text) - used, ".") < 0)
		text[used] = 0;
	return send_box("Not available", text, send, arg);
}

int hws_refuse_options(const Ses__OptionMessage *o, bool old_viewer, uint32_t permissions,
		hws_refusal_send send, void *arg)
{
	const uint32_t dark = HWS_NEED(HWS_PERM_PRIVACY_MODE);
	const uint32_t block = HWS_NEED(HWS_PERM_KEYBOARD) | HWS_NEED(HWS_PERM_BLOCK_INPUT);
	int r = HWS_OK;

	if (!o)
		return r;
	/* switched off, both go on: the desktop answers */
	if (old_viewer && o->privacy_mode == YES && (permissions & dark) != dark)
		r = refuse_privacy(true, "", true, send, arg);
	if (r == HWS_OK && o->block_input == YES && (permissions & block) != block)
		r = refuse_block_input(send, arg);
	return r < 0 ? r : refuse_by_box(o, send, arg);
}
