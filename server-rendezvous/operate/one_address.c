/* What is private and what is enough. */
#include "server-rendezvous/operate/one_address.h"
#include "shared/base/macros.h"
#include "shared/net/addr.h"
#include <stdlib.h>

#define DEVICES_MIN 5u
#define DEVICES_MIN_GATEWAY 3u
#define FLAG_GATEWAY 2u

static bool is_private(const struct rdv_addr *a)
{
	static const char *const nets[] = { "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
		"100.64.0.0/10", "fc00::/7" };
	struct sockaddr_storage ss;
	struct hws_cidr net;

	rdv_addr_to(a, &ss);
	for (size_t i = 0; i < HWS_COUNT(nets); i++) {
		if (hws_cidr_parse(nets[i], &net) == HWS_OK && hws_cidr_match(&net, &ss))
			return true;
	}
	return false;
}

bool rdv_one_address_add(struct rdv_one_address *o, const struct rdv_addr *a)
{
	if (o->several)
		return false;
	if (!o->devices)
		o->addr = *a;
	o->devices++;
	o->several = !rdv_addr_ip_equal(&o->addr, a) || (o->devices == 1 && !is_private(a));
	return !o->several;
}

bool rdv_one_address_is(const struct rdv_one_address *o)
{
	bool gateway = rdv_addr_is_set(&o->gateway) && rdv_addr_ip_equal(&o->addr, &o->gateway);

	return !o->several && o->devices >= (gateway ? DEVICES_MIN_GATEWAY : DEVICES_MIN);
}

/* A hexadecimal number that the kernel wrote; false when there is none. */
static bool take_hex(const char **at, uint32_t *ret)
{
	uint32_t n = 0;
	unsigned digits = 0;

	*at += strspn(*at, " \t");
	for (; digits < 8; digits++, (*at)++) {
		char c = **at;

		if (c >= '0' && c <= '9')
			n = n << 4 | (uint32_t)(c - '0');
		else if (c >= 'A' && c <= 'F')
			n = n << 4 | (uint32_t)(c - 'A' + 10);
		else
			break;
	}
	*ret = n;
	return digits > 0;
}

/* "eth0  00000000  010011AC  0003 ...": interface, destination, gateway, flags; addresses in the
 * byte order of the network as this machine reads them. */
static bool take_route(const char *line, uint32_t *ret_gateway)
{
	uint32_t to, flags;

	line += strcspn(line, " \t\n");
	return take_hex(&line, &to) && take_hex(&line, ret_gateway) && take_hex(&line, &flags) &&
			to == 0 && *ret_gateway != 0 && flags & FLAG_GATEWAY;
}

struct rdv_addr rdv_default_gateway(const char *text)
{
	struct rdv_addr a = { .ip = { [10] = 0xff, [11] = 0xff } };
	uint32_t gateway;

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line != 0) {
		if (!take_route(line, &gateway))
			continue;
		memcpy(&a.ip[12], &gateway, sizeof(gateway));
		return a;
	}
	return (struct rdv_addr){ 0 };
}
