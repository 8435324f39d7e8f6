/* What users write to name a host. One parser for command line, window and address list, so that
 * all take the same forms and say the same of a mistake. */
#include "client/core/target.h"
#include "client/reach/server_addr.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include "shared/wire/text.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#define RENDEZVOUS_PORT 21116

static bool is_literal(const char *host)
{
	struct in6_addr a;

	return inet_pton(AF_INET, host, &a) == 1 || inet_pton(AF_INET6, host, &a) == 1;
}

/* A last label of letters and dashes that starts and ends with a letter, after at least one dot:
 * what hosts accept as the name of a direct connection. */
static bool has_domain(const char *host)
{
	const char *dot = strrchr(host, '.');

	if (!dot || dot == host || !isalpha((unsigned char)dot[1]))
		return false;
	for (const char *p = dot + 1; *p; p++)
		if (!isalpha((unsigned char)*p) && *p != '-')
			return false;
	return isalpha((unsigned char)host[strlen(host) - 1]);
}

static int parse_direct(const char *text, struct hws_target *t, struct hws_error *err)
{
	if (hws_host_port_split(text, HWS_DIRECT_PORT, t->host, sizeof(t->host), &t->port) < 0 ||
			!t->host[0] || t->port == 0)
		return hws_error_set(err, HWS_ERR_INVAL,
				"\"%.80s\" is not a host address; write HOST:PORT, IP or [IPv6]:PORT",
				text);
	t->is_direct = true;
	if (is_literal(t->host) || (has_domain(t->host) && strchr(text, ':')))
		return hws_str_copy(t->username, sizeof(t->username), text);
	return HWS_OK;
}

/* "server[:port]" and perhaps "?key=KEY" behind the '@'. */
static int parse_server(char *part, struct hws_target *t, struct hws_error *err)
{
	char *question = strchr(part, '?');
	char host[HWS_HOST_TEXT];
	uint16_t port;

	if (question) {
		*question++ = 0;
		if (!hws_str_starts(question, "key=") || !question[4] ||
				hws_str_copy(t->key, sizeof(t->key), question + 4) < 0)
			return hws_error_set(err, HWS_ERR_INVAL,
					"after \"?\" only \"key=PUBLIC KEY\" may stand");
	}
	if (hws_host_port_split(part, 0, host, sizeof(host), &port) < 0 || !host[0] ||
			hws_str_copy(t->server, sizeof(t->server), part) < 0)
		return hws_error_set(err, HWS_ERR_INVAL,
				"\"%.80s\" is not a server; write ID@HOST[:PORT]", part);
	return HWS_OK;
}

static int parse_id(char *text, struct hws_target *t, struct hws_error *err)
{
	char *at = strchr(text, '@');
	size_t n = 0;

	if (at) {
		*at = 0;
		int r = parse_server(at + 1, t, err);
		if (r < 0)
			return r;
	}
	size_t len = strlen(text);
	if (len > 2 && (strcmp(text + len - 2, "/r") == 0 || strcmp(text + len - 2, "\\r") == 0)) {
		t->force_relay = true;
		text[len - 2] = 0;
	}
	/* People write numbers in groups. */
	for (const char *p = text; *p; p++) {
		if (*p == ' ')
			continue;
		if (n >= HWS_ID_MAX)
			return hws_error_set(err, HWS_ERR_INVAL, "an ID has at most %u characters",
					HWS_ID_MAX);
		t->id[n++] = *p;
	}
	t->id[n] = 0;
	if (!hws_id_valid(hws_bytes(t->id, n)))
		return hws_error_set(err, HWS_ERR_INVAL,
				"this is neither an ID (at least %u letters or digits) nor an address (IP, "
				"HOST:PORT)",
				HWS_ID_MIN);
	return hws_str_copy(t->username, sizeof(t->username), t->id);
}

int hws_target_parse(const char *text, struct hws_target *ret, struct hws_error *err)
{
	struct hws_target t = { 0 };
	char copy[512];
	char *s;
	int r;

	if (!text || hws_str_copy(copy, sizeof(copy), text) < 0)
		return hws_error_set(
				err, HWS_ERR_INVAL, "no host was named, or its name is too long");
	s = hws_str_trim(copy);
	if (!*s)
		return hws_error_set(
				err, HWS_ERR_INVAL, "no host was named; give an ID or an address");
	if (!strchr(s, '@') && (is_literal(s) || strchr(s, ':') || *s == '[' || has_domain(s)))
		r = parse_direct(s, &t, err);
	else
		r = parse_id(s, &t, err);
	if (r < 0)
		return r;
	*ret = t;
	return HWS_OK;
}

/* One spelling for a host and port: names are the same in any case, addresses in any notation. */
static int place_name(const char *host, uint16_t port, char *buf, size_t size)
{
	char name[HWS_HOST_TEXT];
	struct in6_addr six;
	int r = hws_str_copy(name, sizeof(name), host);

	if (r < 0)
		return r;
	if (inet_pton(AF_INET6, name, &six) == 1)
		inet_ntop(AF_INET6, &six, name, sizeof(name));
	for (char *c = name; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return hws_host_port_join(name, port, buf, size);
}

int hws_target_server_name(const char *text, char *buf, size_t size)
{
	struct hws_server_addr a;
	int r = hws_server_addr_parse(text, RENDEZVOUS_PORT, &a);

	return r < 0 ? r
		     : place_name(a.host, hws_server_addr_plain_port(&a, RENDEZVOUS_PORT), buf,
				       size);
}

bool hws_target_same_server(const char *a, const char *b)
{
	char name_a[HWS_HOST_TEXT + 16], name_b[HWS_HOST_TEXT + 16];

	return hws_str_equal(a, b) ||
			(hws_target_server_name(a, name_a, sizeof(name_a)) == HWS_OK &&
					hws_target_server_name(b, name_b, sizeof(name_b)) ==
							HWS_OK &&
					hws_str_equal(name_a, name_b));
}

int hws_target_name(const struct hws_target *t, char *buf, size_t size)
{
	char server[HWS_HOST_TEXT + 16] = "";
	int r = HWS_OK;

	if (t->is_direct)
		return place_name(t->host, t->port, buf, size);
	if (*t->server)
		r = hws_target_server_name(t->server, server, sizeof(server));
	return r < 0 ? r : hws_fmt(buf, size, "%s%s%s", t->id, *server ? "@" : "", server);
}

static int name_at(const char *text, const char *server, char *buf, size_t size)
{
	char place[HWS_HOST_TEXT + 16];
	struct hws_target t;
	int r = hws_target_parse(text, &t, NULL);

	if (r < 0 || t.is_direct || *t.server || !*server)
		return r < 0 ? r : hws_target_name(&t, buf, size);
	if (hws_target_server_name(server, place, sizeof(place)) == HWS_OK)
		server = place;
	return hws_fmt(buf, size, "%s@%s", t.id, server);
}

bool hws_target_same_at(const char *a, const char *server_a, const char *b, const char *server_b)
{
	char name_a[HWS_TARGET_NAME], name_b[HWS_TARGET_NAME];
	int r = name_at(a, server_a, name_a, sizeof(name_a));

	if (name_at(b, server_b, name_b, sizeof(name_b)) == HWS_OK)
		return r == HWS_OK && hws_str_equal(name_a, name_b);
	return r < 0 && hws_str_equal(a, b);
}
