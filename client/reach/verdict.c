/* The record is made while it happens and judged when it is over. */
#include "client/reach/verdict.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static uint32_t since(const struct hws_verdict *v, uint64_t now_us)
{
	uint64_t ms = now_us > v->started_us ? (now_us - v->started_us) / 1000 : 0;

	return ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

void hws_verdict_begin(struct hws_verdict *v, uint64_t now_us)
{
	*v = (struct hws_verdict){ .started_us = now_us };
}

unsigned hws_verdict_try(struct hws_verdict *v, enum hws_path path, const char *at, uint64_t now_us)
{
	struct hws_verdict_try *t;

	if (v->count >= HWS_VERDICT_TRIES)
		return HWS_VERDICT_TRIES;
	t = &v->tries[v->count];
	*t = (struct hws_verdict_try){ .path = path, .begun_ms = since(v, now_us) };
	if (at)
		hws_str_escape(t->at, sizeof(t->at), hws_bytes_str(at));
	return v->count++;
}

/* The last part of an IPv4 address and all but the first three groups of an IPv6 one tell who it
 * is rather than where. */
static void mask(const struct sockaddr_storage *addr, char *buf, size_t size)
{
	char ip[HWS_ADDR_TEXT];
	struct sockaddr_storage a = *addr;
	char *dot;

	if (a.ss_family == AF_INET6) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&a;

		memset(in6->sin6_addr.s6_addr + 6, 0, 10);
		in6->sin6_scope_id = 0;
		snprintf(buf, size, "%.40s/48", hws_addr_ip_text(&a, ip, sizeof(ip)));
		return;
	}
	hws_addr_ip_text(&a, ip, sizeof(ip));
	dot = strrchr(ip, '.');
	if (dot)
		*dot = 0;
	snprintf(buf, size, "%.40s.x", ip);
}

unsigned hws_verdict_try_addr(struct hws_verdict *v, enum hws_path path,
		const struct sockaddr_storage *addr, uint64_t now_us)
{
	char at[HWS_VERDICT_AT];

	mask(addr, at, sizeof(at));
	return hws_verdict_try(v, path, at, now_us);
}

void hws_verdict_path(struct hws_verdict *v, unsigned number, enum hws_path path)
{
	if (number < v->count && !v->tries[number].over)
		v->tries[number].path = path;
}

void hws_verdict_over(struct hws_verdict *v, unsigned number, int result, uint64_t now_us)
{
	if (number >= v->count || v->tries[number].over)
		return;
	v->tries[number].over = true;
	v->tries[number].result = result;
	v->tries[number].ended_ms = since(v, now_us);
}

/* A direct way that works stands within two round trips. */
#define CHANCE_MS 180u

/* What became of the direct tries, of which the one that came farthest tells most. */
static enum hws_indirect from_tries(const struct hws_verdict *v, const struct hws_verdict_facts *f)
{
	enum hws_indirect why = HWS_INDIRECT_NO_ADDRESS;

	for (unsigned i = 0; i < v->count; i++) {
		const struct hws_verdict_try *t = &v->tries[i];

		if (hws_path_is_relay(t->path))
			continue;
		if (t->result == HWS_ERR_CANCELED && t->ended_ms - t->begun_ms < CHANCE_MS &&
				!f->not_slow)
			return HWS_INDIRECT_SLOW;
		if (t->result == HWS_ERR_CRYPTO || t->result == HWS_ERR_PROTO)
			return HWS_INDIRECT_BROKEN;
		if (t->result == HWS_ERR_REFUSED || t->result == HWS_ERR_EOF ||
				t->result == HWS_ERR_RESET)
			why = HWS_INDIRECT_REFUSED;
		else if (t->result == HWS_ERR_UNREACHABLE && why == HWS_INDIRECT_NO_ADDRESS)
			why = HWS_INDIRECT_NO_ROUTE;
		else if (t->result != HWS_ERR_UNREACHABLE && why != HWS_INDIRECT_REFUSED)
			why = HWS_INDIRECT_SILENT;
	}
	return why;
}

/* What the host says why it went to the relay. */
static enum hws_indirect from_host(const struct hws_verdict_facts *f)
{
	static const enum hws_indirect reasons[] = { HWS_INDIRECT_HOST, HWS_INDIRECT_SYMMETRIC_HOST,
		HWS_INDIRECT_SYMMETRIC_VIEWER, HWS_INDIRECT_SYMMETRIC_BOTH,
		HWS_INDIRECT_HOST_POLICY, HWS_INDIRECT_VIEWER, HWS_INDIRECT_SERVER_POLICY,
		HWS_INDIRECT_HOST_NETWORK };
	enum hws_indirect why = f->relay_reason < sizeof(reasons) / sizeof(*reasons)
			? reasons[f->relay_reason]
			: HWS_INDIRECT_HOST;

	return why == HWS_INDIRECT_SYMMETRIC_HOST && f->symmetric_viewer
			? HWS_INDIRECT_SYMMETRIC_BOTH
			: why;
}

/* Where packets get lost, or a firewall says no, UDP is what mostly would have come through. */
static enum hws_indirect with_udp(enum hws_indirect why, const struct hws_verdict_facts *f)
{
	if (why != HWS_INDIRECT_SILENT && why != HWS_INDIRECT_REFUSED)
		return why;
	if (f->tests_udp && f->udp_blocked)
		return HWS_INDIRECT_UDP_BLOCKED;
	return f->udp_blocked_host ? HWS_INDIRECT_UDP_BLOCKED_HOST : why;
}

/* Who was met and refused says more than who was not met. */
static enum hws_indirect from_failure(
		const struct hws_verdict *v, const struct hws_verdict_facts *f)
{
	enum hws_indirect why = f->failed ? f->failed : HWS_INDIRECT_FAILED;

	for (unsigned i = 0; i < v->count; i++) {
		const struct hws_verdict_try *t = &v->tries[i];

		if (t->result == HWS_ERR_KEY || t->result == HWS_ERR_INSECURE)
			return HWS_INDIRECT_KEY_REFUSED;
		if (t->result == HWS_ERR_CRYPTO || t->result == HWS_ERR_PROTO)
			why = HWS_INDIRECT_NOT_HOST;
	}
	return why;
}

static enum hws_indirect judge(const struct hws_verdict *v, const struct hws_verdict_facts *f)
{
	if (v->chosen == HWS_PATH_NONE)
		return from_failure(v, f);
	if (!hws_path_is_relay(v->chosen))
		return HWS_INDIRECT_NO;
	if (f->through_web)
		return HWS_INDIRECT_NETWORK;
	if (f->forced)
		return HWS_INDIRECT_VIEWER;
	if (f->host_relays && f->relay_reason)
		return from_host(f);
	if (f->symmetric_viewer && f->symmetric_host)
		return HWS_INDIRECT_SYMMETRIC_BOTH;
	if (f->symmetric_viewer)
		return HWS_INDIRECT_SYMMETRIC_VIEWER;
	if (f->symmetric_host)
		return HWS_INDIRECT_SYMMETRIC_HOST;
	return f->host_relays ? HWS_INDIRECT_HOST : with_udp(from_tries(v, f), f);
}

void hws_verdict_end(struct hws_verdict *v, enum hws_path chosen,
		const struct hws_verdict_facts *facts, uint64_t now_us)
{
	v->chosen = chosen;
	v->ended_ms = HWS_MAX(since(v, now_us), v->answered_ms);
	v->why = judge(v, facts);
}

const char *hws_path_token(enum hws_path path)
{
	static const char *const names[] = {
#define X(name, token, text) [HWS_PATH_##name] = token,
		HWS_PATH_LIST(X)
#undef X
	};

	return names[path];
}

const char *hws_path_text(enum hws_path path)
{
	static const char *const texts[] = {
#define X(name, token, text) [HWS_PATH_##name] = text,
		HWS_PATH_LIST(X)
#undef X
	};

	return texts[path];
}

bool hws_path_is_relay(enum hws_path path)
{
	return path == HWS_PATH_RELAY || path == HWS_PATH_RELAY_WS;
}

bool hws_indirect_is_failure(enum hws_indirect why)
{
	return why >= HWS_INDIRECT_FAILED;
}

const char *hws_indirect_token(enum hws_indirect why)
{
	static const char *const names[] = {
#define X(name, token, text) [HWS_INDIRECT_##name] = token,
		HWS_INDIRECT_LIST(X)
#undef X
	};

	return names[why];
}

const char *hws_indirect_text(enum hws_indirect why)
{
	static const char *const texts[] = {
#define X(name, token, text) [HWS_INDIRECT_##name] = text,
		HWS_INDIRECT_LIST(X)
#undef X
	};

	return texts[why];
}

static int try_text(const struct hws_verdict *v, const struct hws_verdict_try *t, char *buf,
		size_t size)
{
	const char *word = !t->over           ? "not over"
			: t->result == HWS_OK ? (t->path == v->chosen ? "chosen" : "stood")
			: t->result == HWS_ERR_CANCELED ? "given up"
							: hws_err_text(t->result);
	uint32_t end = t->over ? t->ended_ms : v->ended_ms;

	return snprintf(buf, size, "%s%s%s: %s after %u ms", hws_path_token(t->path),
			t->at[0] ? " " : "", t->at, word,
			end > t->begun_ms ? end - t->begun_ms : 0);
}

char *hws_verdict_line(const struct hws_verdict *v, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = 0;
	for (unsigned i = 0; i < v->count; i++) {
		char one[HWS_VERDICT_AT + 120];
		int n = try_text(v, &v->tries[i], one, sizeof(one));

		if (n < 0 || len + (size_t)n + 3 > size)
			break;
		len += (size_t)snprintf(buf + len, size - len, "%s%s", len ? "; " : "", one);
	}
	return buf;
}
