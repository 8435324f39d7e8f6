/* identity/metadata: a provider is believed where it sends us only if it says that it is the one
 * that was asked. */
#include "admin/identity/metadata.h"
#include "admin/http/json.h"
#include "shared/base/str.h"

#include <string.h>

#define WELL_KNOWN "/.well-known/openid-configuration"
#define METHODS_MAX 64u

bool idn_url_valid(const char *url, size_t size)
{
	static const char scheme[] = "https://";
	size_t n = strnlen(url, size), host;

	if (n == size || !hws_str_starts(url, scheme))
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)url[i];

		if (c <= 0x20 || c >= 0x7f || strchr("#\"<>\\^`{|}", c))
			return false;
	}
	url += sizeof(scheme) - 1;
	host = strcspn(url, "/?");
	return host > 0 && !memchr(url, '@', host);
}

int idn_metadata_url(const char *issuer, char *buf, size_t size, struct hws_error *err)
{
	size_t n = strnlen(issuer, IDN_ISSUER_TEXT);

	if (!idn_url_valid(issuer, IDN_ISSUER_TEXT) || strchr(issuer, '?'))
		return hws_error_set(err, HWS_ERR_INVAL,
				"the issuer must be an https address, as https://id.example.org");
	if (n && issuer[n - 1] == '/')
		n--;
	if (hws_fmt(buf, size, "%.*s" WELL_KNOWN, (int)n, issuer) < 0)
		return hws_error_set(err, HWS_ERR_INVAL, "the issuer's address is too long");
	return HWS_OK;
}

static int take_url(const json_t *doc, const char *key, bool needed, char buf[IDN_URL_TEXT],
		struct hws_error *err)
{
	const char *s = json_string_value(json_object_get(doc, key));

	if (!s && !needed) {
		buf[0] = '\0';
		return HWS_OK;
	}
	if (!s || !idn_url_valid(s, IDN_URL_TEXT) || hws_str_copy(buf, IDN_URL_TEXT, s) < 0)
		return hws_error_set(err, HWS_ERR_PROTO,
				"what the provider says of itself has no https address as %s", key);
	return HWS_OK;
}

/* In the head is what holds where nothing is said. */
static void read_methods(const json_t *doc, struct idn_metadata *m)
{
	const json_t *list = json_object_get(doc, "token_endpoint_auth_methods_supported");

	m->secret_in_head = !list;
	for (size_t i = 0; i < json_array_size(list) && i < METHODS_MAX; i++) {
		const char *s = json_string_value(json_array_get(list, i));

		if (s && hws_str_equal(s, "client_secret_basic"))
			m->secret_in_head = true;
		if (s && hws_str_equal(s, "client_secret_post"))
			m->secret_in_body = true;
	}
}

static int check_issuer(const json_t *doc, const char *issuer, struct hws_error *err)
{
	const char *said = json_string_value(json_object_get(doc, "issuer"));
	char shown[200];

	if (!said)
		return hws_error_set(err, HWS_ERR_PROTO,
				"there is no description of a provider at that address");
	if (!hws_str_equal(said, issuer))
		return hws_error_set(err, HWS_ERR_PROTO,
				"the provider calls itself \"%s\": give that as its issuer",
				hws_str_escape(shown, sizeof(shown), hws_bytes_str(said)));
	return HWS_OK;
}

int idn_metadata_read(struct hws_bytes text, const char *issuer, struct idn_metadata *ret,
		struct hws_error *err)
{
	struct idn_metadata m = { 0 };
	struct hws_error form = { 0 };
	json_t *doc = NULL;
	int r = htp_json_read(text, &doc, &form);

	if (r < 0)
		return hws_error_set(err, HWS_ERR_PROTO,
				"what the provider says of itself cannot be read: %s", form.text);
	r = check_issuer(doc, issuer, err);
	if (r == HWS_OK && hws_str_copy(m.issuer, sizeof(m.issuer), issuer) < 0)
		r = hws_error_set(err, HWS_ERR_INVAL, "the issuer's address is too long");
	if (r == HWS_OK)
		r = take_url(doc, "authorization_endpoint", true, m.authorize, err);
	if (r == HWS_OK)
		r = take_url(doc, "token_endpoint", true, m.token, err);
	if (r == HWS_OK)
		r = take_url(doc, "jwks_uri", true, m.jwks, err);
	if (r == HWS_OK)
		r = take_url(doc, "userinfo_endpoint", false, m.userinfo, err);
	read_methods(doc, &m);
	json_decref(doc);
	if (r == HWS_OK)
		*ret = m;
	return r;
}
