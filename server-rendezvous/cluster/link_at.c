/* rendezvous/cluster/link_at: literals first, since an IPv6 address is full of colons. */
#include "server-rendezvous/cluster/link_at.h"
#include "shared/base/bytes.h"
#include "shared/base/num.h"
#include "shared/net/addr.h"
#include <string.h>
#include <sys/socket.h>

int rdv_link_at_split(const char *at, uint16_t def, char *host, size_t size, uint16_t *ret_port)
{
	struct sockaddr_storage ss;
	const char *colon = strrchr(at, ':');
	struct hws_bytes name;
	uint64_t port;

	if (hws_addr_parse(at, def, &ss) == HWS_OK) {
		*ret_port = hws_addr_port(&ss);
		hws_addr_ip_text(&ss, host, size);
		return *ret_port ? HWS_OK : HWS_ERR_INVAL;
	}
	name = colon ? hws_bytes(at, (size_t)(colon - at)) : hws_bytes_str(at);
	port = def;
	if (name.len == 0 || name.len >= size || memchr(name.ptr, ':', name.len) ||
			(colon && (hws_parse_u64(colon + 1, &port) < 0 || port > UINT16_MAX)) ||
			!port)
		return HWS_ERR_INVAL;
	memcpy(host, name.ptr, name.len);
	host[name.len] = 0;
	*ret_port = (uint16_t)port;
	return HWS_OK;
}
