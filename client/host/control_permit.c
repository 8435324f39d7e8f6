/* What the person at the host takes from a session, or gives to it, while it runs. */
#include "client/host/control_permit.h"
#include "client/host/hostd.h"
#include "shared/base/str.h"
#include "shared/daemon/control_request.h"
#include "shared/wire/permission.h"

struct change {
	uint64_t conn;
	uint32_t on, off;
	int result;
	struct hws_host_session *found;
};

/* As settings and people write them. */
static bool by_name(const char *name, uint32_t *ret)
{
	for (unsigned p = 0; p < HWS_PERM_COUNT; p++) {
		const char *n = hws_permission_name((enum hws_permission)p);
		size_t i = 0;

		while (n[i] && (n[i] == name[i] || (n[i] == '_' && name[i] == '-')))
			i++;
		if (!n[i] && !name[i]) {
			*ret = HWS_NEED(p);
			return true;
		}
	}
	return false;
}

static void change_one(struct hws_host_session *v, void *arg)
{
	struct change *c = arg;

	if (v->conn != c->conn || !v->open)
		return;
	c->found = v;
	if (c->on | c->off)
		c->result = hws_host_session_permit(v, c->on, c->off);
}

static json_t *permissions_json(uint32_t set)
{
	json_t *o = json_object();

	for (unsigned p = 0; p < HWS_PERM_COUNT; p++)
		json_object_set_new(o, hws_permission_name((enum hws_permission)p),
				json_boolean(set >> p & 1));
	return o;
}

static bool take_changes(struct change *c, const json_t *set, struct hws_control_reply *reply)
{
	const char *name;
	json_t *value;
	uint32_t bit;

	json_object_foreach ((json_t *)(uintptr_t)set, name, value) {
		if (!by_name(name, &bit) || !json_is_boolean(value)) {
			hws_control_fail(reply, HWS_ERR_INVAL,
					"'%.40s' is not a permission that is on or off", name);
			return false;
		}
		if (json_is_true(value))
			c->on |= bit;
		else
			c->off |= bit;
	}
	return true;
}

void hws_control_permit(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	struct hws_hostd *h = arg;
	struct change c = { .conn = (uint64_t)json_integer_value(json_object_get(req, "conn")) };

	if (!take_changes(&c, json_object_get(req, "set"), reply))
		return;
	hws_hostd_each(h, change_one, &c);
	if (!c.found)
		hws_control_fail(reply, HWS_ERR_NOTFOUND, "there is no such session");
	else if (c.result < 0)
		hws_control_fail(reply, c.result,
				"this host does not serve what that permission is for");
	else
		hws_control_ok(reply,
				json_pack("{s:o}", "permissions",
						permissions_json(c.found->permissions)));
}
