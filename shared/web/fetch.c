/* web/fetch: libcurl with the limits that all who ask need. Addresses are judged when the socket is
 * made, after the name was looked up: a name that means another address the second time gains
 * nothing by it. */
#include "shared/web/fetch.h"
#include "shared/base/mem.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include "shared/web/perform.h"
#include <curl/curl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <strings.h>
#include <unistd.h>

#define TIMEOUT_US 30000000
#define CONNECT_US 10000000
#define ANSWER_MAX (1u << 20)
#define HEADERS_MAX (64u << 10) /* of the answer, all together */

struct hws_web {
	CURL *curl;
};

/* One question while it runs. */
struct fetch {
	const struct hws_fetch *ask;
	struct hws_fetch_answer *answer;
	CURL *curl;
	struct curl_slist *headers;
	size_t header_bytes;
	bool tls;
	int error; /* of ours, why the transfer was ended; HWS_OK = libcurl's own */
	char text[CURL_ERROR_SIZE];
};

static void start_library(void)
{
	(void)curl_global_init(CURL_GLOBAL_DEFAULT); /* what fails there fails in curl_easy_init */
}

int hws_web_new(struct hws_web **ret)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct hws_web *w = hws_alloc(sizeof(*w));

	pthread_once(&once, start_library);
	if (!w)
		return HWS_ERR_NOMEM;
	w->curl = curl_easy_init();
	if (!w->curl) {
		hws_free(w);
		return HWS_ERR_NOMEM;
	}
	*ret = w;
	return HWS_OK;
}

void hws_web_free(struct hws_web *w)
{
	if (!w)
		return;
	curl_easy_cleanup(w->curl);
	hws_free(w);
}

void hws_fetch_done(struct hws_fetch_answer *a)
{
	hws_buf_done_wiped(&a->body);
}

/* --- where a connection may go ---------------------------------------------------------------- */

static bool is_public(const struct sockaddr_storage *a)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)a;

	if (a->ss_family == AF_INET)
		return hws_addr_is_public_v4(a);
	/* 2000::/3 is all that was given out so far; in it are ways back to IPv4 (6to4, Teredo)
	 * and documentation. */
	if (a->ss_family != AF_INET6 || (in6->sin6_addr.s6_addr[0] & 0xe0) != 0x20)
		return false;
	if (in6->sin6_addr.s6_addr[0] == 0x20 && in6->sin6_addr.s6_addr[1] == 0x02)
		return false;
	if (in6->sin6_addr.s6_addr[0] == 0x20 && in6->sin6_addr.s6_addr[1] == 0x01 &&
			((in6->sin6_addr.s6_addr[2] == 0x0d && in6->sin6_addr.s6_addr[3] == 0xb8) ||
					in6->sin6_addr.s6_addr[2] < 2))
		return false;
	return true;
}

bool hws_fetch_may_connect(const struct sockaddr_storage *to, bool tls, unsigned flags)
{
	struct sockaddr_storage a = *to;

	hws_addr_normalise(&a);
	if (flags & HWS_FETCH_PUBLIC)
		return is_public(&a) && (tls || (flags & HWS_FETCH_PLAIN));
	return tls || (flags & HWS_FETCH_PLAIN) || hws_addr_is_loopback(&a);
}

static curl_socket_t on_socket(void *arg, curlsocktype purpose HWS_UNUSED, struct curl_sockaddr *to)
{
	struct fetch *f = arg;
	struct sockaddr_storage a = { 0 };

	if (f->ask->unix_socket) {
		if (to->family != AF_UNIX)
			goto denied;
	} else {
		if (to->addrlen > sizeof(a) || (to->family != AF_INET && to->family != AF_INET6))
			goto denied;
		memcpy(&a, &to->addr, to->addrlen);
		/* A proxy is the operator's choice, and the one who knows addresses. */
		if (!f->ask->proxy && !hws_fetch_may_connect(&a, f->tls, f->ask->flags))
			goto denied;
	}
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
denied:
	f->error = HWS_ERR_DENIED;
	return CURL_SOCKET_BAD;
}

/* --- what comes ------------------------------------------------------------------------------- */

static size_t on_data(char *ptr, size_t size HWS_UNUSED, size_t n, void *arg)
{
	struct fetch *f = arg;
	long status = 0;

	curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &status);
	if (f->ask->on_body && status == 200) {
		f->error = f->ask->on_body(hws_bytes(ptr, n), f->ask->arg);
		return f->error < 0 ? CURL_WRITEFUNC_ERROR : n;
	}
	hws_buf_put(&f->answer->body, ptr, n);
	f->error = hws_buf_err(&f->answer->body);
	return f->error < 0 ? CURL_WRITEFUNC_ERROR : n;
}

/* Takes the first directive that says how long. */
static void cache_control(struct hws_fetch_answer *a, const char *value)
{
	static const char age[] = "max-age=";
	uint64_t s;
	char word[64];

	while (*value) {
		size_t len = strcspn(value, ",");

		if (hws_str_from_bytes(word, sizeof(word), hws_bytes(value, len)) == HWS_OK) {
			const char *w = hws_str_trim(word);

			if (strcasecmp(w, "no-store") == 0 || strcasecmp(w, "no-cache") == 0)
				a->max_age_s = 0;
			else if (strncasecmp(w, age, strlen(age)) == 0 && a->max_age_s < 0 &&
					hws_parse_u64(w + strlen(age), &s) == HWS_OK &&
					s <= INT32_MAX)
				a->max_age_s = (int64_t)s;
		}
		value += len + (value[len] == ',');
	}
}

static size_t on_header(char *ptr, size_t size HWS_UNUSED, size_t n, void *arg)
{
	struct fetch *f = arg;
	struct hws_fetch_answer *a = f->answer;
	char line[2200], *value;

	f->header_bytes += n;
	if (f->header_bytes > HEADERS_MAX) {
		f->error = HWS_ERR_TOOBIG;
		return 0;
	}
	/* What does not fit or is no text is none of those that are wanted. */
	if (hws_str_from_bytes(line, sizeof(line), hws_bytes(ptr, n)) < 0)
		return n;
	value = strchr(line, ':');
	if (!value)
		return n;
	*value = 0;
	value = hws_str_trim(value + 1);
	if (strcasecmp(line, "content-type") == 0 &&
			hws_str_copy(a->content_type, sizeof(a->content_type), value) < 0)
		a->content_type[0] = 0;
	else if (strcasecmp(line, "location") == 0 &&
			hws_str_copy(a->location, sizeof(a->location), value) < 0)
		a->location[0] = 0;
	else if (strcasecmp(line, "retry-after") == 0 &&
			hws_parse_u64(value, &a->retry_after_s) < 0)
		a->retry_after_s = 0;
	else if (strcasecmp(line, "cache-control") == 0)
		cache_control(a, value);
	else if (strcasecmp(line, "date") == 0)
		a->date_s = HWS_MAX((int64_t)curl_getdate(value, NULL), (int64_t)0);
	return n;
}

static int on_progress(void *arg, curl_off_t total HWS_UNUSED, curl_off_t now HWS_UNUSED,
		curl_off_t up_total HWS_UNUSED, curl_off_t up HWS_UNUSED)
{
	struct fetch *f = arg;

	if (!f->ask->cancelled || !f->ask->cancelled(f->ask->arg))
		return 0;
	f->error = HWS_ERR_CANCELED;
	return 1;
}

/* --- the question ----------------------------------------------------------------------------- */

static int add_header(struct fetch *f, const char *name, const char *value)
{
	struct curl_slist *list;
	char line[4200];
	int r = value ? hws_fmt(line, sizeof(line), "%s: %s", name, value)
		      : hws_str_copy(line, sizeof(line), name);

	for (const char *p = line; *p; p++) {
		if ((unsigned char)*p < ' ' || *p == 127)
			r = HWS_ERR_INVAL; /* a line more would be another header */
	}
	list = r == HWS_OK ? curl_slist_append(f->headers, line) : NULL;
	hws_wipe(line, sizeof(line));
	if (r == HWS_OK && !list)
		return HWS_ERR_NOMEM;
	if (list)
		f->headers = list;
	return r;
}

static int add_headers(struct fetch *f)
{
	char bearer[4100];
	int r = add_header(f, "Expect:", NULL); /* no waiting for a permission to send */

	if (r == HWS_OK && f->ask->content_type)
		r = add_header(f, "Content-Type", f->ask->content_type);
	else if (r == HWS_OK && f->ask->body.ptr)
		r = add_header(f, "Content-Type:", NULL);
	if (r == HWS_OK && f->ask->bearer) {
		r = hws_fmt(bearer, sizeof(bearer), "Bearer %s", f->ask->bearer);
		if (r == HWS_OK)
			r = add_header(f, "Authorization", bearer);
		hws_wipe(bearer, sizeof(bearer));
	}
	for (size_t i = 0; r == HWS_OK && f->ask->headers && f->ask->headers[i]; i++)
		r = add_header(f, f->ask->headers[i], NULL);
	return r;
}

static long ms(uint64_t us, uint64_t usual)
{
	return (long)HWS_MIN(((us ? us : usual) + 999) / 1000, (uint64_t)INT32_MAX);
}

/* A file that is streamed takes as long as it is long, but no longer than that without a byte. */
static bool set_time(const struct fetch *f)
{
	long whole = ms(f->ask->timeout_us, TIMEOUT_US);

	if (!f->ask->on_body)
		return !curl_easy_setopt(f->curl, CURLOPT_TIMEOUT_MS, whole);
	return !curl_easy_setopt(f->curl, CURLOPT_LOW_SPEED_LIMIT, 1L) &&
			!curl_easy_setopt(f->curl, CURLOPT_LOW_SPEED_TIME, (whole + 999) / 1000);
}

/* Options are set in the order of libcurl's manual; one that fails (an old or cut-down library) is
 * an error, as all of them are limits. */
static bool set_limits(struct fetch *f)
{
	CURL *c = f->curl;

	return !curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) &&
			!curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") &&
			!curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) &&
			!curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) &&
			!curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) &&
			!curl_easy_setopt(c, CURLOPT_PROXY, f->ask->proxy ? f->ask->proxy : "") &&
			!curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L) &&
			!curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L) &&
			!curl_easy_setopt(c, CURLOPT_CERTINFO, 1L) &&
			!curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
			(!f->ask->ca_file ||
					(!curl_easy_setopt(c, CURLOPT_CAINFO, f->ask->ca_file) &&
							!curl_easy_setopt(c, CURLOPT_CAPATH,
									NULL))) &&
			set_time(f) &&
			!curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS,
					ms(f->ask->connect_us, CONNECT_US)) &&
			!curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, on_socket) &&
			!curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, f) &&
			!curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_data) &&
			!curl_easy_setopt(c, CURLOPT_WRITEDATA, f) &&
			!curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header) &&
			!curl_easy_setopt(c, CURLOPT_HEADERDATA, f) &&
			!curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L) &&
			!curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress) &&
			!curl_easy_setopt(c, CURLOPT_XFERINFODATA, f) &&
			!curl_easy_setopt(c, CURLOPT_ERRORBUFFER, f->text);
}

static bool set_question(struct fetch *f)
{
	CURL *c = f->curl;
	const struct hws_fetch *ask = f->ask;
	const char *method = ask->method ? ask->method : ask->body.ptr ? "POST" : "GET";

	if (curl_easy_setopt(c, CURLOPT_URL, ask->url) ||
			curl_easy_setopt(c, CURLOPT_USERAGENT, "hawser/" HAWSER_VERSION) ||
			curl_easy_setopt(c, CURLOPT_HTTPHEADER, f->headers))
		return false;
	if (ask->unix_socket && curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, ask->unix_socket))
		return false;
	if (ask->body.ptr &&
			(curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE,
					 (curl_off_t)ask->body.len) ||
					curl_easy_setopt(c, CURLOPT_POSTFIELDS, ask->body.ptr)))
		return false;
	if (strcmp(method, "HEAD") == 0)
		return !curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	return !curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method);
}

static int error_of(const struct fetch *f, CURLcode code)
{
	/* of several addresses of a name one may have been refused before another one served */
	if (code == CURLE_OK)
		return HWS_OK;
	if (f->error < 0)
		return f->error;
	switch (code) {
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
		return HWS_ERR_INVAL;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return HWS_ERR_RESOLVE;
	case CURLE_COULDNT_CONNECT:
		return HWS_ERR_REFUSED;
	case CURLE_OPERATION_TIMEDOUT:
		return HWS_ERR_TIMEOUT;
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
		return HWS_ERR_EOF;
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
		return HWS_ERR_RESET;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
		return HWS_ERR_CRYPTO;
	case CURLE_SSL_CACERT_BADFILE:
		return HWS_ERR_PERM;
	case CURLE_OUT_OF_MEMORY:
		return HWS_ERR_NOMEM;
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
	case CURLE_BAD_CONTENT_ENCODING:
		return HWS_ERR_PROTO;
	default:
		return HWS_ERR_SYS;
	}
}

static int failed(const struct fetch *f, int r, CURLcode code, struct hws_error *err)
{
	char url[160], text[200];
	/* What stands behind '?' may be a secret. */
	size_t len = strcspn(f->ask->url, "?#");

	hws_str_escape(url, sizeof(url), hws_bytes(f->ask->url, len));
	if (r == HWS_ERR_DENIED)
		return hws_error_set(err, r,
				f->tls || (f->ask->flags & HWS_FETCH_PLAIN)
						? "%s: not an address that may be asked"
						: "%s: without TLS (https) only this machine is "
						  "asked",
				url);
	if (f->error < 0)
		return hws_error_set(err, r, "%s: %s", url, hws_err_text(r));
	hws_str_plain(text, sizeof(text),
			hws_bytes_str(f->text[0] ? f->text : curl_easy_strerror(code)));
	return hws_error_set(err, r, "%s: %s", url, text);
}

/* Of the first certificate, which is the server's own. A connection that is used again tells
 * nothing. */
static int64_t cert_expires(CURL *curl)
{
	static const char name[] = "Expire date:";
	struct curl_certinfo *info = NULL;

	if (curl_easy_getinfo(curl, CURLINFO_CERTINFO, &info) || !info || info->num_of_certs < 1)
		return 0;
	for (const struct curl_slist *l = info->certinfo[0]; l; l = l->next) {
		if (strncmp(l->data, name, strlen(name)) == 0)
			return HWS_MAX((int64_t)curl_getdate(l->data + strlen(name), NULL),
					(int64_t)0);
	}
	return 0;
}

static bool is_web(const char *url, bool *ret_tls)
{
	*ret_tls = strncasecmp(url, "https://", 8) == 0;
	return *ret_tls || strncasecmp(url, "http://", 7) == 0;
}

int hws_fetch(struct hws_web *web, const struct hws_fetch *ask, struct hws_fetch_answer *ret,
		struct hws_error *err)
{
	struct hws_fetch_answer answer = { .max_age_s = -1 };
	struct fetch f = { .ask = ask, .answer = &answer };
	struct hws_web *own = NULL;
	CURLcode code = CURLE_OK;
	long status = 0;
	int r = HWS_OK;

	hws_buf_init(&answer.body, ask->answer_max ? ask->answer_max : ANSWER_MAX);
	if (!is_web(ask->url, &f.tls))
		return hws_error_set(err, HWS_ERR_INVAL, "a web address begins with https://");
	if (!web)
		r = hws_web_new(&own);
	if (r < 0)
		return hws_error_set(err, r, "%s", hws_err_text(r));
	f.curl = web ? web->curl : own->curl;
	curl_easy_reset(f.curl); /* options only: its connections stay */
	r = add_headers(&f);
	if (r < 0)
		hws_error_set(err, r, "a header of the request cannot be sent");
	else if (!set_limits(&f) || !set_question(&f))
		r = hws_error_set(err, HWS_ERR_UNSUPPORTED, "libcurl refuses a setting");
	if (r < 0)
		goto out;
	code = hws_curl_perform(f.curl);
	r = error_of(&f, code);
	curl_easy_getinfo(f.curl, CURLINFO_RESPONSE_CODE, &status);
	if (r < 0) {
		ret->status = (int)status;
		failed(&f, r, code, err);
		goto out;
	}
	answer.status = (int)status;
	answer.cert_expires_s = cert_expires(f.curl);
	*ret = answer;
out:
	if (r < 0)
		hws_fetch_done(&answer);
	curl_easy_reset(f.curl); /* nothing in it points to what ends here */
	curl_slist_free_all(f.headers);
	hws_web_free(own);
	return r;
}
