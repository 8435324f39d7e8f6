/* What a session is opened for. The texts of a wish come from users and settings; hosts of other
 * makes read them as they are, so nothing is added or taken away here. */
#include "client/core/session_wish.h"
#include "client/core/peer.h"
#include "shared/base/mem.h"
#include "shared/wire/version.h"
#include <string.h>

int hws_session_wish_set(const char **at, const char *text)
{
	char *copy = NULL;

	if (text && strlen(text) > HWS_WISH_TEXT_MAX)
		return HWS_ERR_TOOBIG;
	if (text) {
		copy = hws_strdup(text);
		if (!copy)
			return HWS_ERR_NOMEM;
	}
	if (*at)
		hws_free_wiped((char *)(uintptr_t)*at, strlen(*at));
	*at = copy;
	return HWS_OK;
}

int hws_session_wish_copy(const struct hws_session_wish *from, struct hws_session_wish *to)
{
	int r;

	*to = *from;
	to->dir = to->service_id = to->forward_host = NULL;
	to->os_username = to->os_password_secret = NULL;
	r = hws_session_wish_set(&to->dir, from->dir);
	if (r == HWS_OK)
		r = hws_session_wish_set(&to->service_id, from->service_id);
	if (r == HWS_OK)
		r = hws_session_wish_set(&to->forward_host, from->forward_host);
	if (r == HWS_OK)
		r = hws_session_wish_set(&to->os_username, from->os_username);
	if (r == HWS_OK)
		r = hws_session_wish_set(&to->os_password_secret, from->os_password_secret);
	if (r < 0)
		hws_session_wish_done(to);
	return r;
}

void hws_session_wish_done(struct hws_session_wish *w)
{
	const char **texts[] = { &w->dir, &w->service_id, &w->forward_host, &w->os_username,
		&w->os_password_secret };

	for (size_t i = 0; i < HWS_COUNT(texts); i++)
		if (*texts[i])
			hws_free_wiped((char *)(uintptr_t)*texts[i], strlen(*texts[i]));
	*w = (struct hws_session_wish){ 0 };
}

static char *text_of(const char *text)
{
	return (char *)(uintptr_t)(text ? text : "");
}

static void put_member(const struct hws_session_wish *w, struct hws_session_wish_login *room,
		Ses__LoginRequest *lr)
{
	switch (w->kind) {
	case HWS_KIND_FILE:
		ses__file_transfer__init(&room->file);
		room->file.dir = text_of(w->dir);
		room->file.show_hidden = w->show_hidden;
		lr->union_case = SES__LOGIN_REQUEST__UNION_FILE_TRANSFER;
		lr->file_transfer = &room->file;
		break;
	case HWS_KIND_FORWARD:
		ses__port_forward__init(&room->forward);
		room->forward.host = text_of(w->forward_host);
		room->forward.port = w->forward_port;
		lr->union_case = SES__LOGIN_REQUEST__UNION_PORT_FORWARD;
		lr->port_forward = &room->forward;
		break;
	case HWS_KIND_CAMERA:
		ses__view_camera__init(&room->camera);
		lr->union_case = SES__LOGIN_REQUEST__UNION_VIEW_CAMERA;
		lr->view_camera = &room->camera;
		break;
	case HWS_KIND_TERMINAL:
		ses__terminal__init(&room->terminal);
		room->terminal.service_id = text_of(w->service_id);
		lr->union_case = SES__LOGIN_REQUEST__UNION_TERMINAL;
		lr->terminal = &room->terminal;
		break;
	case HWS_KIND_REMOTE:
	case HWS_KIND_COUNT:
		break; /* no member: the desktop */
	}
}

void hws_session_wish_put(const struct hws_session_wish *w, struct hws_session_wish_login *room,
		Ses__LoginRequest *lr)
{
	put_member(w, room, lr);
	if (!w->os_username)
		return;
	ses__oslogin__init(&room->os);
	room->os.username = text_of(w->os_username);
	room->os.password = text_of(w->os_password_secret);
	lr->os_login = &room->os;
}

const char *hws_session_wish_unmet(
		const struct hws_session_wish *w, const Ses__PeerInfo *info, int *ret_err)
{
	bool offered = info->windows_sessions != NULL; /* whose desktop: that is said next */

	/* a host that does not know of cameras would show its desktop */
	if (w->kind == HWS_KIND_CAMERA && !hws_peer_shows_cameras(info)) {
		*ret_err = HWS_ERR_UNSUPPORTED;
		return hws_version_number(info->version ? info->version : "") < HWS_V_CAMERA
				? "the host shows no cameras: upgrade it to version 1.3.9 or newer"
				: "the host shows no cameras; its system may have none that can be "
				  "shown";
	}
	switch (w->kind) {
	case HWS_KIND_FILE:
		if (offered || (info->username && *info->username))
			return NULL;
		*ret_err = HWS_ERR_DISPLAY;
		return "nobody is logged on at the host's console, and it gives files only to such "
		       "a user: log on there first, then connect again";
	case HWS_KIND_TERMINAL:
		if (info->features && info->features->terminal)
			return NULL;
		*ret_err = HWS_ERR_UNSUPPORTED;
		return hws_version_number(info->version ? info->version : "") < HWS_V_TERMINAL
				? "the host offers no remote terminal: upgrade it to version 1.4.1 or "
				  "newer"
				: "the host offers no remote terminal; its owner may have switched "
				  "it off";
	case HWS_KIND_REMOTE:
	case HWS_KIND_CAMERA:
		if (offered || info->n_displays > 0)
			return NULL;
		*ret_err = HWS_ERR_DISPLAY;
		return w->kind == HWS_KIND_REMOTE
				? "the host has no display to show; connect a monitor or start a "
				  "virtual one"
				: "the host has no camera to show; connect one";
	case HWS_KIND_FORWARD:
	case HWS_KIND_COUNT:
		break;
	}
	return NULL;
}
