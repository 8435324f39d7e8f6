/* Pictures of people, as clients fetch them: without a login, by an address that nobody guesses. */
#include "admin/api/server_parts.h"
#include "admin/data/avatars.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include <string.h>

#define ENDING ".png"

static void avatar(struct htp_request *q, struct htp_reply *reply, void *arg)
{
	const char *file = htp_param(q, "file");
	size_t len = strlen(file), ending = strlen(ENDING);
	char name[DAT_AVATAR_NAME_TEXT] = "";
	struct adi_app *app = arg;
	struct hws_buf picture;
	struct sql_conn *c;
	int r;

	if (len != sizeof(name) - 1 + ending || strcmp(file + len - ending, ENDING) != 0 ||
			hws_fmt(name, sizeof(name), "%.32s", file) < 0) {
		htp_reply_error(reply, 404, "There is no such picture");
		return;
	}
	if (!adi_take(app, reply, &c))
		return;
	hws_buf_init(&picture, DAT_AVATAR_MAX);
	r = dat_avatar_get(c, name, &picture);
	sql_give(c);
	if (r == HWS_OK) {
		htp_reply_bytes(reply, 200, "image/png", hws_buf_bytes(&picture));
		/* another picture has another address */
		reply->cacheable = true;
		htp_reply_field(reply, "Cache-Control", "private, max-age=86400");
	} else {
		adi_fail(reply, r, "picture");
	}
	hws_buf_done(&picture);
}

const struct htp_route adi_routes_avatar[] = {
	{ HTP_GET, "/api/avatar/{file}", .rate = HTP_RATE_USER, .fn = avatar },
};
const size_t adi_routes_avatar_count = HWS_COUNT(adi_routes_avatar);
