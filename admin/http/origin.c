/* Origins are compared as whole texts: what is not on the list to the letter is not on it. */
#include "admin/http/origin.h"
#include "admin/http/route.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>
#include <strings.h>

static const char *host_of(const char *origin)
{
	if (hws_str_starts(origin, "https://"))
		return origin + 8;
	if (hws_str_starts(origin, "http://"))
		return origin + 7;
	return NULL;
}

static int add(const char *part, void *arg)
{
	struct htp_origins *o = arg;
	const char *host = host_of(part);

	if (!host || !*host || strpbrk(host, "/@?#*\\\"' <>") ||
			strlen(part) != strcspn(part, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
		return HWS_ERR_INVAL;
	if (o->count == HTP_ORIGINS_MAX)
		return HWS_ERR_TOOBIG;
	o->item[o->count] = hws_strdup(part);
	if (!o->item[o->count])
		return HWS_ERR_NOMEM;
	o->count++;
	return HWS_OK;
}

int htp_origins_parse(const char *text, struct htp_origins *o, struct hws_error *err)
{
	struct htp_origins fresh = { 0 };
	int r = hws_str_each(text, ',', add, &fresh);

	if (r < 0) {
		htp_origins_done(&fresh);
		return hws_error_set(err, r,
				"origins are up to %u like https://console.example or "
				"http://10.0.0.5:8080, in small letters and without a path",
				HTP_ORIGINS_MAX);
	}
	htp_origins_done(o);
	*o = fresh;
	return HWS_OK;
}

void htp_origins_done(struct htp_origins *o)
{
	for (unsigned i = 0; i < o->count; i++)
		hws_free(o->item[i]);
	o->count = 0;
}

const char *htp_origins_match(const struct htp_origins *o, const struct htp_head *head)
{
	const char *origin = o->count ? htp_head_get(head, "Origin") : NULL;

	for (unsigned i = 0; origin && i < o->count; i++)
		if (strcmp(origin, o->item[i]) == 0)
			return o->item[i];
	return NULL;
}

bool htp_origins_own(const struct htp_origins *o, const struct htp_head *head)
{
	const char *origin = htp_head_get(head, "Origin"), *host = htp_head_get(head, "Host");
	const char *site = htp_head_get(head, "Sec-Fetch-Site"), *of;

	if (htp_head_count(head, "Origin") > 1)
		return false;
	if (!origin)
		return !site || strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0;
	if (htp_origins_match(o, head))
		return true;
	of = host_of(origin);
	return of && host && strcasecmp(of, host) == 0;
}

void htp_origins_preflight(struct htp_reply *reply, const struct htp_head *head, const char *origin,
		unsigned allowed)
{
	char methods[64];

	htp_reply_bytes(reply, 204, NULL, hws_bytes(NULL, 0));
	htp_reply_field(reply, "Allow", htp_route_allowed(allowed, methods, sizeof(methods)));
	if (!origin || !htp_head_get(head, "Access-Control-Request-Method"))
		return;
	htp_reply_field(reply, "Access-Control-Allow-Methods",
			"GET, POST, PUT, PATCH, DELETE, OPTIONS");
	htp_reply_field(reply, "Access-Control-Allow-Headers", "authorization, content-type");
	htp_reply_field(reply, "Access-Control-Max-Age", "600");
}
