/* web/mail: what goes into commands of the protocol (addresses, host) is checked here once more:
 * a line end in one would be a command of its own. */
#include "shared/web/mail.h"
#include "shared/base/str.h"
#include "shared/web/fetch.h"
#include "shared/web/perform.h"
#include <curl/curl.h>
#include <stdbool.h>
#include <string.h>

#define TIMEOUT_US 30000000u
#define CONNECT_MS 10000L

struct sending {
	struct hws_bytes left;
	char text[300]; /* the server's last refusal */
	char error[CURL_ERROR_SIZE];
};

static bool is_address(const char *s)
{
	for (const char *p = s; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 127 || strchr("<>,;\"\\", *p))
			return false;
	return *s != 0;
}

static bool is_host(const char *s)
{
	return *s &&
			strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:") ==
			strlen(s);
}

static size_t on_read(char *to, size_t size, size_t n, void *arg)
{
	struct sending *s = arg;
	size_t take = HWS_MIN(size * n, s->left.len);

	memcpy(to, s->left.ptr, take);
	s->left.ptr += take;
	s->left.len -= take;
	return take;
}

static size_t on_line(char *ptr, size_t size HWS_UNUSED, size_t n, void *arg)
{
	struct sending *s = arg;
	size_t len = n;

	/* what it refuses with; QUIT is answered later, and well */
	if (!n || (ptr[0] != '4' && ptr[0] != '5'))
		return n;
	while (len && (unsigned char)ptr[len - 1] <= ' ')
		len--;
	hws_str_plain(s->text, sizeof(s->text), hws_bytes(ptr, len));
	return n;
}

static bool set_all(CURL *c, const struct hws_mail *m, struct sending *s, struct curl_slist *rcpt,
		const char *url)
{
	long use = m->security == HWS_MAIL_PLAIN ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL;
	long ms = (long)((m->timeout_us ? m->timeout_us : TIMEOUT_US) / 1000);

	return !curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) &&
			!curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "smtp,smtps") &&
			!curl_easy_setopt(c, CURLOPT_URL, url) &&
			!curl_easy_setopt(c, CURLOPT_PROXY, "") &&
			!curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) &&
			!curl_easy_setopt(c, CURLOPT_USE_SSL, use) &&
			!curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L) &&
			!curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L) &&
			!curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
			(!m->ca_file ||
					(!curl_easy_setopt(c, CURLOPT_CAINFO, m->ca_file) &&
							!curl_easy_setopt(c, CURLOPT_CAPATH,
									NULL))) &&
			!curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, ms) &&
			!curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS) &&
			(!*m->user ||
					(!curl_easy_setopt(c, CURLOPT_USERNAME, m->user) &&
							!curl_easy_setopt(c, CURLOPT_PASSWORD,
									m->password))) &&
			!curl_easy_setopt(c, CURLOPT_MAIL_FROM, m->from) &&
			!curl_easy_setopt(c, CURLOPT_MAIL_RCPT, rcpt) &&
			!curl_easy_setopt(c, CURLOPT_UPLOAD, 1L) &&
			!curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read) &&
			!curl_easy_setopt(c, CURLOPT_READDATA, s) &&
			!curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_line) &&
			!curl_easy_setopt(c, CURLOPT_HEADERDATA, s) &&
			!curl_easy_setopt(c, CURLOPT_ERRORBUFFER, s->error);
}

static int result(CURL *c, const struct hws_mail *m, const struct sending *s, CURLcode code,
		struct hws_error *err)
{
	char text[200];
	long reply = 0;
	int r;

	if (code == CURLE_OK)
		return HWS_OK;
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &reply);
	if (code == CURLE_LOGIN_DENIED)
		r = HWS_ERR_PASSWORD;
	else if (reply >= 500)
		r = HWS_ERR_DENIED;
	else if (code == CURLE_COULDNT_RESOLVE_HOST)
		r = HWS_ERR_RESOLVE;
	else if (code == CURLE_COULDNT_CONNECT)
		r = HWS_ERR_REFUSED;
	else if (code == CURLE_OPERATION_TIMEDOUT)
		r = HWS_ERR_TIMEOUT;
	else if (code == CURLE_USE_SSL_FAILED || code == CURLE_SSL_CONNECT_ERROR ||
			code == CURLE_PEER_FAILED_VERIFICATION)
		r = HWS_ERR_CRYPTO;
	else
		r = HWS_ERR_RESET;
	hws_str_plain(text, sizeof(text),
			hws_bytes_str(*s->error ? s->error : curl_easy_strerror(code)));
	return hws_error_set(
			err, r, "%s: %s%s%.150s", m->host, text, *s->text ? ": " : "", s->text);
}

int hws_mail_send(const struct hws_mail *m, struct hws_error *err)
{
	struct sending s = { .left = m->message };
	struct curl_slist *rcpt = NULL;
	struct hws_web *lib = NULL;
	char url[320];
	CURL *c = NULL;
	bool bare = strchr(m->host, ':') != NULL;
	int r;

	if (!is_host(m->host) || !is_address(m->from) || !is_address(m->rcpt))
		return hws_error_set(err, HWS_ERR_INVAL,
				"the mail server or an address is not one: %.60s", m->rcpt);
	if (m->security == HWS_MAIL_PLAIN && *m->user)
		return hws_error_set(err, HWS_ERR_INVAL,
				"a password is not sent without TLS: choose starttls or tls");
	r = hws_fmt(url, sizeof(url), "%s://%s%s%s:%u",
			m->security == HWS_MAIL_TLS ? "smtps" : "smtp", bare ? "[" : "", m->host,
			bare ? "]" : "", m->port);
	if (r == HWS_OK)
		r = hws_web_new(&lib); /* starts the library */
	if (r < 0)
		return hws_error_set(err, r, "%s", hws_err_text(r));
	hws_web_free(lib);
	c = curl_easy_init();
	rcpt = curl_slist_append(NULL, m->rcpt);
	if (!c || !rcpt)
		r = hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	else if (!set_all(c, m, &s, rcpt, url))
		r = hws_error_set(err, HWS_ERR_UNSUPPORTED, "libcurl refuses a setting");
	else
		r = result(c, m, &s, hws_curl_perform(c), err);
	curl_slist_free_all(rcpt);
	curl_easy_cleanup(c);
	return r;
}
