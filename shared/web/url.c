/* web/url: one part of a URL, so that what somebody typed stays that part. */
#include "shared/web/fetch.h"

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			c == '-' || c == '_' || c == '~' || c == '.';
}

int hws_url_escape(const char *part, char *buf, size_t size)
{
	static const char digits[] = "0123456789ABCDEF";
	/* A server that takes paths apart knows "." and "..", also when they are encoded. */
	bool dots = part[0] == '.' && (!part[1] || (part[1] == '.' && !part[2]));
	size_t at = 0;

	if (!size)
		return HWS_ERR_TOOBIG;
	buf[0] = 0;
	if (dots)
		return HWS_ERR_INVAL;
	for (const char *p = part; *p; p++) {
		size_t need = is_plain(*p) ? 1 : 3;

		if (at + need >= size) {
			buf[0] = 0;
			return HWS_ERR_TOOBIG;
		}
		if (need == 1) {
			buf[at++] = *p;
			continue;
		}
		buf[at++] = '%';
		buf[at++] = digits[(unsigned char)*p >> 4];
		buf[at++] = digits[(unsigned char)*p & 15];
	}
	buf[at] = 0;
	return HWS_OK;
}
