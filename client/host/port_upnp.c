/* In the whole network anybody may say that he is the router, and name any address to be asked: so
 * only what leads to the router's own address is followed, in the description, too. */
#include "client/host/port_upnp.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include <arpa/inet.h>
#include <miniupnpc/miniupnpc.h>
#include <miniupnpc/upnpcommands.h>
#include <miniupnpc/upnperrors.h>
#include <string.h>

#define TTL 2
#define DEVICES_MAX 8
#define TRIES 4u
#define PORT_TEXT 6
#define NAME "hawser" /* the router lists it */

enum upnp_error {
	INVALID_ARGS = 402,
	ACTION_FAILED = 501,
	CONFLICT = 718, /* somebody else has that port */
	SAME_PORT = 724,
	PERMANENT_ONLY = 725
};

static bool is_at(const char *url, const char *router)
{
	size_t n = strlen(router);

	if (!url || strncmp(url, "http://", 7) != 0 || strncmp(url + 7, router, n) != 0)
		return false;
	return url[7 + n] == ':' || url[7 + n] == '/';
}

static bool is_wan(const char *service)
{
	static const char *const kinds[] = { "urn:schemas-upnp-org:service:WANIPConnection:",
		"urn:schemas-upnp-org:service:WANPPPConnection:" };

	for (size_t i = 0; i < HWS_COUNT(kinds); i++)
		if (strncmp(service, kinds[i], strlen(kinds[i])) == 0)
			return true;
	return false;
}

static bool take_device(struct hws_port_upnp *q, const struct UPNPDev *d, const char *router)
{
	struct UPNPUrls urls = { 0 };
	struct IGDdatas data = { 0 };
	char own[INET6_ADDRSTRLEN];
	bool found = false;

	if (!is_at(d->descURL, router))
		return false;
	if (UPNP_GetIGDFromUrl(d->descURL, &urls, &data, own, sizeof(own)) != 1)
		return false;
	if (is_at(urls.controlURL, router) && is_wan(data.first.servicetype))
		found = hws_str_copy(q->control, sizeof(q->control), urls.controlURL) == HWS_OK &&
				hws_str_copy(q->service, sizeof(q->service),
						data.first.servicetype) == HWS_OK;
	FreeUPNPUrls(&urls);
	return found;
}

static bool find(struct hws_port_upnp *q)
{
	char router[INET_ADDRSTRLEN], own[INET_ADDRSTRLEN];
	struct UPNPDev *all;
	int error = 0, n = 0;
	bool found = false;

	if (!inet_ntop(AF_INET, &q->route.router, router, sizeof(router)) ||
			!inet_ntop(AF_INET, &q->route.own, own, sizeof(own)))
		return false;
	all = upnpDiscover((int)q->search_ms, own, "", UPNP_LOCAL_PORT_ANY, 0, TTL, &error);
	for (const struct UPNPDev *d = all; d && n < DEVICES_MAX && !found; d = d->pNext, n++)
		found = take_device(q, d, router);
	freeUPNPDevlist(all);
	if (!found)
		q->control[0] = q->service[0] = '\0';
	return found;
}

/* A refusal of the router, or no answer that makes sense. */
static enum hws_port_why why_of(int r)
{
	return r > 0 ? HWS_PORT_WHY_REFUSED : HWS_PORT_WHY_SILENT;
}

static enum hws_port_why find_address(struct hws_port_upnp *q)
{
	char text[64] = ""; /* the library writes 16 bytes of it at most, older ones 40 */
	struct sockaddr_in a = { .sin_family = AF_INET };
	struct sockaddr_storage any = { 0 };
	int r = UPNP_GetExternalIPAddress(q->control, q->service, text);

	text[sizeof(text) - 1] = '\0';
	/* so do routers behind another one, and those without a line */
	if (r == ACTION_FAILED || (r == UPNPCOMMAND_SUCCESS && !*text))
		return HWS_PORT_WHY_DOUBLE_NAT;
	if (r != UPNPCOMMAND_SUCCESS)
		return why_of(r);
	if (inet_pton(AF_INET, text, &a.sin_addr) != 1)
		return HWS_PORT_WHY_NONSENSE;
	memcpy(&any, &a, sizeof(a));
	if (!hws_addr_is_public_v4(&any))
		return HWS_PORT_WHY_DOUBLE_NAT;
	q->address = a.sin_addr;
	return HWS_PORT_WHY_NONE;
}

static const char *protocol(const struct hws_port_upnp *q)
{
	return q->udp ? "UDP" : "TCP";
}

static int add(const struct hws_port_upnp *q, uint16_t outside, bool lasting)
{
	char out[PORT_TEXT], in[PORT_TEXT], lease[12], own[INET_ADDRSTRLEN];

	if (hws_fmt(out, sizeof(out), "%u", outside) < 0 ||
			hws_fmt(in, sizeof(in), "%u", q->inside) < 0 ||
			hws_fmt(lease, sizeof(lease), "%u", lasting ? 0 : q->lease_s) < 0 ||
			!inet_ntop(AF_INET, &q->route.own, own, sizeof(own)))
		return UPNPCOMMAND_INVALID_ARGS;
	return UPNP_AddPortMapping(
			q->control, q->service, out, in, own, NAME, protocol(q), NULL, lease);
}

static enum hws_port_why map(struct hws_port_upnp *q)
{
	uint16_t port = q->wanted ? q->wanted : q->inside;
	bool lasting = false;
	int r = UPNPCOMMAND_UNKNOWN_ERROR;

	for (unsigned i = 0; i < TRIES; i++) {
		r = add(q, port, lasting);
		if (r == UPNPCOMMAND_SUCCESS) {
			q->outside = port;
			return HWS_PORT_WHY_NONE;
		}
		if (!lasting && (r == PERMANENT_ONLY || r == INVALID_ARGS))
			lasting = true;
		else if (r == SAME_PORT && port != q->inside)
			port = q->inside;
		else if (r == CONFLICT)
			port = (uint16_t)(32768 + hws_rand_below(28000));
		else
			break;
	}
	return why_of(r);
}

static enum hws_port_why give_back(struct hws_port_upnp *q)
{
	char out[PORT_TEXT];

	if (hws_fmt(out, sizeof(out), "%u", q->wanted) < 0)
		return HWS_PORT_WHY_NONSENSE;
	return UPNP_DeletePortMapping(q->control, q->service, out, protocol(q), NULL) ==
					UPNPCOMMAND_SUCCESS
			? HWS_PORT_WHY_NONE
			: HWS_PORT_WHY_REFUSED;
}

void hws_port_upnp_run(struct hws_port_upnp *q)
{
	if (q->remove) {
		q->why = *q->control ? give_back(q) : HWS_PORT_WHY_SILENT;
		return;
	}
	if (!*q->control && !find(q)) {
		q->why = HWS_PORT_WHY_SILENT;
		return;
	}
	q->why = find_address(q);
	if (q->why == HWS_PORT_WHY_NONE)
		q->why = map(q);
	if (q->why != HWS_PORT_WHY_NONE)
		q->control[0] = '\0'; /* looked for anew next time */
}
