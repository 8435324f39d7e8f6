/* api/reach: the group tab of clients and the entries of address books stand on it. */
#include "admin/api/reach.h"
#include "shared/base/macros.h"
#include <string.h>

int adi_reach_load(struct adi_app *a, struct sql_conn *c, const char *account_guid,
		struct dat_reach *ret)
{
	struct adi_settings s;

	*ret = (struct dat_reach){ .closed = NULL };
	adi_app_settings(a, c, &s);
	/* what strangers may reach, who is logged in may, too */
	return dat_reach_load(
			c, account_guid, !s.require_login || a->conf->unowned_open, adi_now(), ret);
}

static const struct {
	const char *part, *family, *platform;
} systems[] = {
	{ "windows", "windows", "Windows" }, { "macos", "macos", "Mac OS" },
	{ "mac os", "macos", "Mac OS" }, { "darwin", "macos", "Mac OS" },
	{ "android", "android", "Android" },
	{ "", "linux", "Linux" }, /* else it is the name of a distribution */
};

static size_t system_of(const char *os)
{
	for (size_t i = 0; i < HWS_COUNT(systems); i++) {
		if (strcasestr(os, systems[i].part))
			return i;
	}
	return HWS_COUNT(systems) - 1;
}

const char *adi_os_family(const char *os)
{
	return *os ? systems[system_of(os)].family : "";
}

const char *adi_os_platform(const char *os)
{
	return *os ? systems[system_of(os)].platform : "";
}

struct dat_page adi_list_page(const struct htp_request *q)
{
	uint32_t page, size;
	uint64_t offset;

	htp_page(q, DAT_PAGE_MAX, &page, &size);
	offset = (uint64_t)(page - 1) * size;
	return dat_page((struct dat_page){
			.offset = (unsigned)HWS_MIN(offset, (uint64_t)DAT_OFFSET_MAX),
			.limit = size });
}

void adi_reply_page(struct htp_reply *reply, int64_t total, json_t *rows)
{
	htp_reply_json(reply, json_pack("{s:I,s:o}", "total", (json_int_t)total, "data", rows));
}
