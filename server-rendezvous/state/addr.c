/* rendezvous/state/addr: compact socket addresses: a million of them are kept, and 128 bytes each
 * would be most of the table. */
#include "server-rendezvous/state/addr.h"
#include "shared/net/addr.h"
#include <netinet/in.h>

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

struct rdv_addr rdv_addr_from(const struct sockaddr_storage *ss)
{
	struct rdv_addr a = { { 0 }, 0, 0 };

	if (ss->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)ss;

		memcpy(a.ip, mapped, sizeof(mapped));
		memcpy(a.ip + 12, &in->sin_addr, 4);
		a.port = ntohs(in->sin_port);
	} else if (ss->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)ss;

		memcpy(a.ip, &in6->sin6_addr, 16);
		a.port = ntohs(in6->sin6_port);
	}
	return a;
}

void rdv_addr_to(const struct rdv_addr *a, struct sockaddr_storage *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (rdv_addr_is_v4(a)) {
		struct sockaddr_in *in = (struct sockaddr_in *)ret;

		in->sin_family = AF_INET;
		memcpy(&in->sin_addr, a->ip + 12, 4);
		in->sin_port = htons(a->port);
	} else {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;

		in6->sin6_family = AF_INET6;
		memcpy(&in6->sin6_addr, a->ip, 16);
		in6->sin6_port = htons(a->port);
	}
}

struct rdv_addr rdv_addr_from_ip_text(const char *text)
{
	struct sockaddr_storage ss;
	struct rdv_addr none = { { 0 }, 0, 0 };

	if (!*text || hws_addr_parse(text, 0, &ss) < 0)
		return none;
	hws_addr_normalise(&ss);
	return rdv_addr_from(&ss);
}

bool rdv_addr_is_set(const struct rdv_addr *a)
{
	static const uint8_t zero[16];

	if (rdv_addr_is_v4(a))
		return memcmp(a->ip + 12, zero, 4) != 0;
	return memcmp(a->ip, zero, 16) != 0;
}

bool rdv_addr_is_v4(const struct rdv_addr *a)
{
	return memcmp(a->ip, mapped, sizeof(mapped)) == 0;
}
