/* A short list that is searched from its beginning. */
#include "client/reach/nat_memory.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include "shared/crypto/digest.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LINE 256
#define ROUTERS_MAX 8

static void digest(struct hws_bytes text, char ret[HWS_NAT_KEY])
{
	uint8_t sha[HWS_SHA256_LEN];

	hws_sha256(text, sha);
	for (unsigned i = 0; i < (HWS_NAT_KEY - 1) / 2; i++)
		snprintf(ret + 2 * (size_t)i, 3, "%02x", sha[i]);
}

void hws_nat_key(const char *network, const char *server, char ret[HWS_NAT_KEY])
{
	struct hws_buf text;

	hws_buf_init(&text, 1024);
	hws_buf_put_str(&text, network);
	hws_buf_put_str(&text, " ");
	hws_buf_put_str(&text, server);
	digest(hws_buf_bytes(&text), ret);
	hws_buf_done(&text);
}

/* --- the network ------------------------------------------------------------------------------ */

#define WORDS 10

/* Cuts a line at its white space. Returns how many words there are, at most WORDS. */
static unsigned cut(char *line, const char *word[WORDS])
{
	char *rest = NULL;
	unsigned n = 0;

	for (char *w = strtok_r(line, " \t\n", &rest); w && n < WORDS;
			w = strtok_r(NULL, " \t\n", &rest))
		word[n++] = w;
	return n;
}

/* "0101A8C0", as the kernel writes an address there, as "192.168.1.1". */
static bool dotted(const char *hex, char *ret, size_t size)
{
	char number[16];
	uint64_t a;

	if (strlen(hex) != 8 || hws_fmt(number, sizeof(number), "0x%s", hex) < 0 ||
			hws_parse_u64(number, &a) < 0)
		return false;
	snprintf(ret, size, "%u.%u.%u.%u", (unsigned)(a & 255), (unsigned)(a >> 8 & 255),
			(unsigned)(a >> 16 & 255), (unsigned)(a >> 24 & 255));
	return true;
}

/* Appends the link-layer address of that router: many networks call theirs 192.168.1.1. */
static void add_station(struct hws_buf *out, const char *router)
{
	char line[LINE], ip[20];
	const char *word[WORDS];
	FILE *f = dotted(router, ip, sizeof(ip)) ? fopen("/proc/net/arp", "re") : NULL;

	while (f && fgets(line, sizeof(line), f))
		if (cut(line, word) > 3 && hws_str_equal(word[0], ip))
			hws_buf_put_str(out, word[3]);
	if (f)
		fclose(f);
}

/* The routers of one family: a line has where it leads to in word `to`, the router in `router`. */
static bool add_routers(
		struct hws_buf *out, const char *path, unsigned to, unsigned router, bool stations)
{
	char line[LINE];
	const char *word[WORDS];
	unsigned found = 0;
	FILE *f = fopen(path, "re");

	while (f && found < ROUTERS_MAX && fgets(line, sizeof(line), f)) {
		if (cut(line, word) <= HWS_MAX(to, router) ||
				strspn(word[to], "0") != strlen(word[to]) ||
				strspn(word[router], "0") == strlen(word[router]))
			continue;
		hws_buf_put_str(out, word[router]);
		if (stations)
			add_station(out, word[router]);
		found++;
	}
	if (f)
		fclose(f);
	return found > 0;
}

bool hws_nat_network(char ret[HWS_NAT_KEY])
{
	struct hws_buf text;
	bool v4, v6;

	hws_buf_init(&text, 2 * ROUTERS_MAX * LINE);
	v4 = add_routers(&text, "/proc/net/route", 1, 2, true);
	v6 = add_routers(&text, "/proc/net/ipv6_route", 0, 4, false);
	digest(hws_buf_bytes(&text), ret);
	hws_buf_done(&text);
	return v4 || v6;
}

/* --- the memory ------------------------------------------------------------------------------- */

static int find(const struct hws_nat_memory *m, const char *key)
{
	for (unsigned i = 0; i < m->count; i++)
		if (hws_str_equal(m->place[i].key, key))
			return (int)i;
	return -1;
}

Rdv__NatType hws_nat_memory_get(
		const struct hws_nat_memory *m, const char *key, uint64_t now_s, uint64_t age_s)
{
	int i = find(m, key);

	/* a clock that was set back makes nothing older */
	return i < 0 || now_s > m->place[i].at_s + age_s ? RDV__NAT_TYPE__UNKNOWN_NAT
							 : m->place[i].type;
}

void hws_nat_memory_put(
		struct hws_nat_memory *m, const char *key, Rdv__NatType type, uint64_t now_s)
{
	struct hws_nat_place p = { .type = type, .at_s = now_s };
	int at = find(m, key);

	if (hws_str_copy(p.key, sizeof(p.key), key) < 0)
		return;
	if (at < 0)
		at = (int)(m->count < HWS_NAT_PLACES ? m->count++ : HWS_NAT_PLACES - 1);
	memmove(&m->place[1], &m->place[0], (size_t)at * sizeof(p));
	m->place[0] = p;
}

static bool parse_place(const char *at, size_t len, struct hws_nat_place *ret)
{
	const char *word[WORDS];
	char line[96];
	uint64_t type;

	if (len >= sizeof(line))
		return false;
	memcpy(line, at, len);
	line[len] = 0;
	if (cut(line, word) != 3 || strlen(word[0]) != HWS_NAT_KEY - 1 ||
			strspn(word[0], "0123456789abcdef") != HWS_NAT_KEY - 1 ||
			hws_parse_u64(word[1], &type) < 0 || type > RDV__NAT_TYPE__SYMMETRIC ||
			hws_parse_u64(word[2], &ret->at_s) < 0)
		return false;
	ret->type = (Rdv__NatType)type;
	return hws_str_copy(ret->key, sizeof(ret->key), word[0]) == HWS_OK;
}

void hws_nat_memory_parse(struct hws_nat_memory *m, struct hws_bytes text)
{
	const char *at = (const char *)text.ptr, *end = at + text.len;

	m->count = 0;
	while (at < end && m->count < HWS_NAT_PLACES) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((nl ? nl : end) - at);

		if (parse_place(at, len, &m->place[m->count]))
			m->count++;
		at = nl ? nl + 1 : end;
	}
}

void hws_nat_memory_format(const struct hws_nat_memory *m, struct hws_buf *out)
{
	for (unsigned i = 0; i < m->count; i++) {
		char line[96];

		snprintf(line, sizeof(line), "%s %u %" PRIu64 "\n", m->place[i].key,
				(unsigned)m->place[i].type, m->place[i].at_s);
		hws_buf_put_str(out, line);
	}
}
