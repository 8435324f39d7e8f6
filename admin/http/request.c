/* What handlers ask a request for. */
#include "admin/http/request.h"
#include "shared/base/num.h"
#include <string.h>
#include <strings.h>

const char *htp_param(const struct htp_request *r, const char *name)
{
	const char *value = htp_route_param(r->route, &r->target, name);

	return value ? value : "";
}

const char *htp_query(const struct htp_request *r, const char *name)
{
	return htp_target_query(&r->target, name);
}

static uint32_t number(const char *text, uint32_t otherwise)
{
	uint32_t n;

	return text && hws_parse_u32(text, &n) == HWS_OK && n ? n : otherwise;
}

void htp_page(const struct htp_request *r, uint32_t max, uint32_t *ret_page, uint32_t *ret_size)
{
	uint32_t size = number(htp_query(r, "pageSize"), 100);

	*ret_page = number(htp_query(r, "current"), 1);
	*ret_size = size < max ? size : max;
}

const char *htp_bearer(const struct htp_request *r)
{
	const char *value = htp_head_get(&r->head, "Authorization");

	if (!value || strncasecmp(value, "Bearer ", 7) != 0)
		return NULL;
	value += 7;
	return *value && !strpbrk(value, " \t,") ? value : NULL;
}

int htp_cookie(const struct htp_request *r, const char *name, char *buf, size_t size)
{
	const char *at = htp_head_get(&r->head, "Cookie");
	size_t name_len = strlen(name);

	while (at && *at) {
		size_t len;

		at += strspn(at, "; ");
		len = strcspn(at, ";");
		if (len > name_len && strncmp(at, name, name_len) == 0 && at[name_len] == '=') {
			len -= name_len + 1;
			if (len >= size)
				return HWS_ERR_TOOBIG;
			memcpy(buf, at + name_len + 1, len);
			buf[len] = 0;
			return HWS_OK;
		}
		at += len;
	}
	return HWS_ERR_NOTFOUND;
}
