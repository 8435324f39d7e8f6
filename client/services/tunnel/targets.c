/* The rules of which targets a host allows; see targets.h. */
#include "client/services/tunnel/targets.h"
#include "shared/base/mem.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#define RULE_MAX 320u /* bytes: the longest name, brackets, ports and a word */
#define NAME_SIZE 256u
#define SEPARATORS ", \t\r\n"

enum rule_kind { RULE_ANY, RULE_LOCALHOST, RULE_NETWORK, RULE_NAME, RULE_BELOW };

struct rule {
	enum rule_kind kind;
	Ses__TunnelKind protocol;
	uint16_t first, last;
	struct hws_cidr network;
	char name[NAME_SIZE]; /* of BELOW without the "*" */
};

struct hws_targets {
	size_t count;
	struct rule rule[HWS_TARGETS_MAX];
};

/* --- reading ---------------------------------------------------------------------------------- */

/* Takes "/udp" or "/tcp" off the end: after the last colon, or it belongs to a network. */
static int take_protocol(char *text, Ses__TunnelKind *ret)
{
	char *colon = strrchr(text, ':'), *slash = colon ? strchr(colon, '/') : NULL;

	*ret = SES__TUNNEL_KIND__TUNNEL_KIND_TCP;
	if (!slash)
		return HWS_OK;
	if (strcmp(slash, "/udp") == 0)
		*ret = SES__TUNNEL_KIND__TUNNEL_KIND_UDP;
	else if (strcmp(slash, "/tcp") != 0)
		return HWS_ERR_INVAL;
	*slash = 0;
	return HWS_OK;
}

static int read_port(const char *text, uint16_t *ret)
{
	int r = hws_parse_u16(text, ret);

	return r == HWS_OK && *ret == 0 ? HWS_ERR_INVAL : r;
}

static int read_ports(char *text, struct rule *r)
{
	char *dash = strchr(text, '-');

	if (strcmp(text, "*") == 0) {
		r->first = 1;
		r->last = UINT16_MAX;
		return HWS_OK;
	}
	if (dash)
		*dash = 0;
	if (read_port(text, &r->first) < 0 || read_port(dash ? dash + 1 : text, &r->last) < 0 ||
			r->first > r->last)
		return HWS_ERR_INVAL;
	return HWS_OK;
}

static bool is_name(const char *s)
{
	size_t n = strlen(s);

	if (n < 1 || n >= NAME_SIZE || *s == '.' || *s == '-')
		return false;
	for (; *s; s++)
		if (!((*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9') || *s == '.' ||
				    *s == '-' || *s == '_'))
			return false;
	return true;
}

/* Numbers in an unusual writing would be an address to the resolver and a name to us. */
static bool is_number_like(const char *s)
{
	const char *last = strrchr(s, '.');

	last = last ? last + 1 : s;
	return *last >= '0' && *last <= '9';
}

/* Lower case, without the dot that ends a full name. */
static int plain_name(const char *host, char *ret, size_t size)
{
	int r = hws_str_copy(ret, size, host);
	size_t n = r < 0 ? 0 : strlen(ret);

	if (n > 1 && ret[n - 1] == '.')
		ret[n - 1] = 0;
	for (char *c = ret; r == HWS_OK && *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return r;
}

static int read_host(const char *text, struct rule *r)
{
	char name[NAME_SIZE];

	if (strcmp(text, "*") == 0) {
		r->kind = RULE_ANY;
		return HWS_OK;
	}
	if (hws_cidr_parse(text, &r->network) == HWS_OK) {
		r->kind = RULE_NETWORK;
		return HWS_OK;
	}
	if (plain_name(text, name, sizeof(name)) < 0)
		return HWS_ERR_INVAL;
	if (strcmp(name, "localhost") == 0) {
		r->kind = RULE_LOCALHOST;
		return HWS_OK;
	}
	bool below = name[0] == '*' && name[1] == '.';
	const char *rest = below ? name + 2 : name;
	if (!is_name(rest) || is_number_like(rest))
		return HWS_ERR_INVAL;
	r->kind = below ? RULE_BELOW : RULE_NAME;
	return hws_str_copy(r->name, sizeof(r->name), rest);
}

static int read_rule(char *text, struct rule *r)
{
	char *colon;

	if (take_protocol(text, &r->protocol) < 0)
		return HWS_ERR_INVAL;
	colon = strrchr(text, ':');
	if (!colon || colon == text)
		return HWS_ERR_INVAL;
	*colon = 0;
	if (text[0] == '[') {
		if (colon[-1] != ']')
			return HWS_ERR_INVAL;
		colon[-1] = 0;
		text++;
	} else if (strchr(text, ':')) {
		return HWS_ERR_INVAL; /* its last group would be taken for a port */
	}
	return read_ports(colon + 1, r) < 0 ? HWS_ERR_INVAL : read_host(text, r);
}

int hws_targets_parse(const char *text, struct hws_targets **ret, struct hws_error *err)
{
	struct hws_targets *t = hws_alloc(sizeof(*t));
	char one[RULE_MAX];

	if (!t)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	for (const char *at = text + strspn(text, SEPARATORS); *at; at += strspn(at, SEPARATORS)) {
		size_t n = strcspn(at, SEPARATORS);

		if (t->count == HWS_TARGETS_MAX) {
			hws_targets_free(t);
			return hws_error_set(
					err, HWS_ERR_FULL, "more than %u targets", HWS_TARGETS_MAX);
		}
		int r = hws_fmt(one, sizeof(one), "%.*s", (int)HWS_MIN(n, sizeof(one)), at);
		if (r == HWS_OK)
			r = read_rule(one, &t->rule[t->count++]);
		if (r < 0) {
			hws_targets_free(t);
			return hws_error_set(err, HWS_ERR_INVAL,
					"\"%.*s\" is no target: write HOST:PORT, NETWORK/BITS:PORT "
					"or localhost:PORT, IPv6 in brackets, /udp after the port "
					"where it is not TCP",
					(int)HWS_MIN(n, (size_t)80), at);
		}
		at += n;
	}
	*ret = t;
	return HWS_OK;
}

void hws_targets_free(struct hws_targets *t)
{
	hws_free(t);
}

/* --- judging ---------------------------------------------------------------------------------- */

static struct sockaddr_storage embedded_v4(const uint8_t ip[4])
{
	struct sockaddr_storage a = { 0 };
	struct sockaddr_in *in = (struct sockaddr_in *)&a;

	in->sin_family = AF_INET;
	memcpy(&in->sin_addr, ip, 4);
	return a;
}

/* The IPv4 address that a translator would go to (NAT64, 6to4, IPv4-compatible). */
static bool translated(const struct sockaddr_storage *a, struct sockaddr_storage *ret)
{
	static const uint8_t nat64[12] = { 0, 0x64, 0xff, 0x9b }, none[12];
	const uint8_t *ip = ((const struct sockaddr_in6 *)a)->sin6_addr.s6_addr;

	if (a->ss_family != AF_INET6 || hws_addr_is_loopback(a))
		return false;
	if (memcmp(ip, nat64, 12) == 0 || memcmp(ip, none, 12) == 0)
		*ret = embedded_v4(ip + 12);
	else if (ip[0] == 0x20 && ip[1] == 0x02)
		*ret = embedded_v4(ip + 2);
	else
		return false;
	return true;
}

bool hws_targets_never(const struct sockaddr_storage *address)
{
	struct sockaddr_storage a = *address, inner;

	hws_addr_normalise(&a);
	if (translated(&a, &inner))
		return hws_addr_is_special(&inner);
	return hws_addr_is_special(&a) && !hws_addr_is_loopback(&a);
}

static bool is_private(const struct sockaddr_storage *a)
{
	static const char *const nets[] = { "fc00::/7", "fec0::/10" };
	struct sockaddr_storage inner;
	struct hws_cidr c;

	if (translated(a, &inner))
		a = &inner;
	if (a->ss_family == AF_INET)
		return !hws_addr_is_public_v4(a) && !hws_addr_is_special(a);
	for (size_t i = 0; i < HWS_COUNT(nets); i++)
		if (hws_cidr_parse(nets[i], &c) == HWS_OK && hws_cidr_match(&c, a))
			return true;
	return false;
}

/* 127.0.0.1 and ::1, not all that loops back. */
static bool is_own(const struct sockaddr_storage *a)
{
	if (a->ss_family == AF_INET6)
		return hws_addr_is_loopback(a);
	return a->ss_family == AF_INET &&
			((const struct sockaddr_in *)a)->sin_addr.s_addr == htonl(INADDR_LOOPBACK);
}

static bool is_below(const char *name, const char *top)
{
	size_t n = strlen(name), m = strlen(top);

	return n > m + 1 && name[n - m - 1] == '.' && strcmp(name + n - m, top) == 0;
}

static bool covers(const struct rule *r, Ses__TunnelKind kind, uint16_t port)
{
	return r->protocol == kind && port >= r->first && port <= r->last;
}

static bool allows(const struct rule *r, const char *name, const struct sockaddr_storage *a)
{
	switch (r->kind) {
	case RULE_ANY:
		return true;
	case RULE_LOCALHOST:
		return is_own(a);
	case RULE_NETWORK:
		return hws_cidr_match(&r->network, a);
	case RULE_NAME:
		return strcmp(name, r->name) == 0 && !hws_addr_is_loopback(a);
	case RULE_BELOW:
		return is_below(name, r->name) && !hws_addr_is_loopback(a) && !is_private(a);
	}
	return false;
}

bool hws_targets_is_localhost(const char *host)
{
	return !*host || strcasecmp(host, "localhost") == 0 || strcasecmp(host, "localhost.") == 0;
}

/* An address that the rule allows. */
static bool may_have(const struct rule *r, const char *name, bool own)
{
	if (r->kind == RULE_NAME)
		return !own && strcmp(name, r->name) == 0;
	if (r->kind == RULE_BELOW)
		return !own && is_below(name, r->name);
	return true;
}

bool hws_targets_may_ask(
		const struct hws_targets *t, Ses__TunnelKind kind, const char *host, uint16_t port)
{
	struct sockaddr_storage a;
	char name[NAME_SIZE];

	if (hws_addr_parse(host, port, &a) == HWS_OK) {
		hws_addr_set_port(&a, port);
		return hws_targets_allow(t, kind, host, &a);
	}
	bool own = hws_targets_is_localhost(host);
	if (plain_name(host, name, sizeof(name)) < 0)
		return false;
	for (size_t i = 0; i < t->count; i++)
		if (covers(&t->rule[i], kind, port) && may_have(&t->rule[i], name, own))
			return true;
	return false;
}

bool hws_targets_allow(const struct hws_targets *t, Ses__TunnelKind kind, const char *host,
		const struct sockaddr_storage *address)
{
	struct sockaddr_storage a = *address;
	char name[NAME_SIZE];

	hws_addr_normalise(&a);
	if (hws_targets_never(&a) || plain_name(host, name, sizeof(name)) < 0)
		return false;
	for (size_t i = 0; i < t->count; i++)
		if (covers(&t->rule[i], kind, hws_addr_port(&a)) && allows(&t->rule[i], name, &a))
			return true;
	return false;
}

bool hws_targets_allow_listen(const struct hws_targets *t, const struct sockaddr_storage *address)
{
	uint16_t port = hws_addr_port(address);

	for (size_t i = 0; i < t->count; i++) {
		const struct rule *r = &t->rule[i];

		if (r->protocol == SES__TUNNEL_KIND__TUNNEL_KIND_TCP && r->last >= port &&
				(port ? r->first <= port
				      : r->first == 1 && r->last == UINT16_MAX) &&
				allows(r, "", address))
			return true;
	}
	return false;
}
