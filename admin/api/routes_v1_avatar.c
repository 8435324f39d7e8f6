/* The own picture: taken apart and put together anew before anybody else's program sees it. */
#include "admin/api/people.h"
#include "admin/api/picture.h"
#include "admin/data/avatars.h"
#include "shared/base/macros.h"

static int store(const struct htp_request *q, struct adi_app *app, struct sql_conn *c,
		struct hws_bytes picture)
{
	const struct dat_account *a = &adi_who(q)->account;
	char name[DAT_AVATAR_NAME_TEXT];
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, c);

	if (r < 0)
		return r;
	r = picture.len ? dat_avatar_put(c, a->guid, picture, name) : dat_avatar_remove(c, a->guid);
	if (r == HWS_OK)
		r = adi_audit_user(app, c, q, "user.avatar", a, NULL);
	return dat_tx_end(&tx, r);
}

static void change(struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		struct hws_bytes picture)
{
	struct sql_conn *c;
	int r;

	if (adi_who(q)->via == ADI_VIA_LOCAL) {
		adi_v1_error(reply, ADI_NOT_FOUND, NULL, "Nobody's account asks by this socket.");
		return;
	}
	if (!adi_take(app, reply, &c))
		return;
	r = store(q, app, c, picture);
	sql_give(c);
	/* none at all is as asked */
	if (r == HWS_OK || (r == HWS_ERR_NOTFOUND && !picture.len))
		adi_v1_nothing(reply);
	else
		adi_v1_fail(reply, r, "picture", NULL);
}

static void put(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	struct hws_buf clean;
	int r;

	hws_buf_init(&clean, DAT_AVATAR_MAX);
	r = adi_picture_clean(hws_buf_bytes(&q->body), &clean);
	if (r == HWS_ERR_RANGE)
		adi_v1_error(reply, ADI_BAD_FIELD, NULL, "The picture is larger than %u by %u.",
				ADI_PICTURE_SIDE_MAX, ADI_PICTURE_SIDE_MAX);
	else if (r < 0)
		adi_v1_error(reply, ADI_BAD_FIELD, NULL, "This is no picture in the form of PNG.");
	else
		change(q, reply, app, hws_buf_bytes(&clean));
	hws_buf_done(&clean);
}

static void drop(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	change(q, reply, app, hws_bytes(NULL, 0));
}

static const struct adi_call calls[] = {
	{ "putMyAvatar", put, HTP_POOL_COMMON, DAT_AVATAR_MAX },
	{ "dropMyAvatar", drop, HTP_POOL_COMMON, 0 },
};
const struct adi_calls adi_v1_avatar = { calls, HWS_COUNT(calls) };
