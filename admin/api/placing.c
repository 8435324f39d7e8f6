/* api/placing: what is done is compared with what was: so every way to do it is judged alike. */
#include "admin/api/placing.h"
#include "admin/data/group_access.h"
#include "shared/base/str.h"
#include <stdlib.h>

bool adi_may_rule(const struct adi_who *w)
{
	if (w->account.role != DAT_ROLE_OWNER && w->account.role != DAT_ROLE_ADMIN)
		return false;
	return w->via != ADI_VIA_TOKEN || w->token.scope[DAT_AREA_RULE] == DAT_SCOPE_WRITE;
}

int adi_place_check(struct sql_conn *c, const struct htp_request *q, const struct dat_device *d,
		const char *owner_guid, const char *group_guid)
{
	const char *owner = owner_guid ? owner_guid : d->owner_guid;
	const char *group = group_guid ? group_guid : d->group_guid;
	bool ruled = false;
	int r;

	if (adi_may_rule(adi_who(q)))
		return HWS_OK;
	if (!hws_str_equal(owner, d->owner_guid))
		return HWS_ERR_DENIED;
	if (hws_str_equal(group, d->group_guid))
		return HWS_OK;
	if (!*owner && !*group)
		return HWS_ERR_DENIED;
	r = dat_group_ruled(c, d->group_guid, &ruled);
	if (r == HWS_OK && !ruled)
		r = dat_group_ruled(c, group, &ruled);
	return r == HWS_OK && ruled ? HWS_ERR_DENIED : r;
}

/* To everybody, as none at all for a device that is nobody's. */
static bool opened(const struct dat_device *before, const struct dat_device *d)
{
	return before->closed && !d->closed && !*d->owner_guid && !*d->group_guid;
}

int adi_placed(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const struct dat_device *before)
{
	struct dat_device d;
	json_t *o;
	char *info;
	int r = dat_device_get(c, before->guid, &d);

	if (r < 0 ||
			(hws_str_equal(d.owner_guid, before->owner_guid) &&
					hws_str_equal(d.group_guid, before->group_guid) &&
					d.closed == before->closed))
		return r;
	r = adi_place_check(c, q, before, d.owner_guid, d.group_guid);
	if (r == HWS_OK && opened(before, &d) && !adi_may_rule(adi_who(q)))
		r = HWS_ERR_DENIED;
	if (r < 0)
		return r;
	o = json_pack("{s:{s:s,s:s},s:{s:s,s:s},s:{s:b,s:b}}", "owner", "from", before->owner_name,
			"to", d.owner_name, "group", "from", before->group_name, "to", d.group_name,
			"closed", "from", (int)before->closed, "to", (int)d.closed);
	info = o ? json_dumps(o, JSON_COMPACT) : NULL;
	r = info ? adi_audit(app, c, q,
				   &(struct adi_deed){ .kind = "device.place",
						   .target_kind = "device",
						   .target_guid = d.guid,
						   .target_name = d.id,
						   .info = info })
		 : HWS_ERR_NOMEM;
	free(info);
	json_decref(o);
	return r;
}
