/* A short list that is searched from its beginning. */
#include "client/reach/nat_memory.h"
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

/* Appends the link-layer address of that router: many networks call theirs 192.168.1.1. */
static void add_station(struct hws_buf *out, uint32_t router)
{
	char line[LINE], want[20], ip[20], station[20];
	FILE *f = fopen("/proc/net/arp", "re");

	snprintf(want, sizeof(want), "%u.%u.%u.%u", router & 255, router >> 8 & 255,
			router >> 16 & 255, router >> 24);
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%19s %*s %*s %19s", ip, station) == 2 && !strcmp(ip, want))
			hws_buf_put_str(out, station);
	if (f)
		fclose(f);
}

static bool add_ipv4(struct hws_buf *out)
{
	char line[LINE], name[32];
	uint32_t to, router, flags;
	int found = 0;
	FILE *f = fopen("/proc/net/route", "re");

	while (f && found < ROUTERS_MAX && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%31s %" SCNx32 " %" SCNx32 " %" SCNx32, name, &to, &router,
				    &flags) != 4 ||
				to != 0 || router == 0)
			continue;
		hws_buf_put_str(out, line);
		add_station(out, router);
		found++;
	}
	if (f)
		fclose(f);
	return found > 0;
}

static bool add_ipv6(struct hws_buf *out)
{
	static const char nowhere[] = "00000000000000000000000000000000";
	char line[LINE], to[33], router[33];
	int found = 0;
	FILE *f = fopen("/proc/net/ipv6_route", "re");

	while (f && found < ROUTERS_MAX && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%32s 00 %*s %*s %32s", to, router) != 2 ||
				strcmp(to, nowhere) != 0 || !strcmp(router, nowhere))
			continue;
		hws_buf_put_str(out, router);
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
	v4 = add_ipv4(&text);
	v6 = add_ipv6(&text);
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

void hws_nat_memory_parse(struct hws_nat_memory *m, struct hws_bytes text)
{
	const char *at = (const char *)text.ptr, *end = at + text.len;

	m->count = 0;
	while (at < end && m->count < HWS_NAT_PLACES) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((nl ? nl : end) - at);
		struct hws_nat_place *p = &m->place[m->count];
		char line[96];
		unsigned type;

		if (len < sizeof(line)) {
			memcpy(line, at, len);
			line[len] = 0;
			if (sscanf(line, "%32[0-9a-f] %u %" SCNu64, p->key, &type, &p->at_s) == 3 &&
					strlen(p->key) == HWS_NAT_KEY - 1 &&
					type <= RDV__NAT_TYPE__SYMMETRIC) {
				p->type = (Rdv__NatType)type;
				m->count++;
			}
		}
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
