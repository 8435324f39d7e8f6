/* The same is told again and again (each router's advertisement renews the addresses that were made
 * of the one before), so what is known is kept and only a difference counts. */
#include "shared/net/net_state.h"
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>

enum { ADDRESS = 1, ROUTE, LINK };

/* --- the set ---------------------------------------------------------------------------------- */

static struct hws_net_item *find(struct hws_net_state *s, const struct hws_net_item *i)
{
	for (unsigned n = 0; n < s->count; n++)
		if (memcmp(&s->item[n], i, sizeof(*i)) == 0)
			return &s->item[n];
	return NULL;
}

static bool put(struct hws_net_state *s, const struct hws_net_item *i)
{
	if (find(s, i) || s->count >= HWS_NET_ITEMS)
		return false;
	s->item[s->count++] = *i;
	return true;
}

static bool take_out(struct hws_net_state *s, const struct hws_net_item *i)
{
	struct hws_net_item *found = find(s, i);

	if (!found)
		return false;
	*found = s->item[--s->count];
	return true;
}

static bool has_address(const struct hws_net_state *s, uint32_t interface)
{
	for (unsigned n = 0; n < s->count; n++)
		if (s->item[n].kind == ADDRESS && s->item[n].interface == interface)
			return true;
	return false;
}

/* --- attributes ------------------------------------------------------------------------------- */

/* That of `type` among those in `in`; its bytes are empty if it is not there. */
static struct hws_bytes attribute(struct hws_bytes in, unsigned type)
{
	struct rtattr a;

	while (in.len >= sizeof(a)) {
		size_t step;

		memcpy(&a, in.ptr, sizeof(a));
		if (a.rta_len < sizeof(a) || a.rta_len > in.len)
			break;
		if (a.rta_type == type)
			return hws_bytes(in.ptr + sizeof(a), a.rta_len - sizeof(a));
		step = RTA_ALIGN((size_t)a.rta_len);
		if (step > in.len)
			break;
		in = hws_bytes(in.ptr + step, in.len - step);
	}
	return hws_bytes(NULL, 0);
}

static uint32_t number(struct hws_bytes in, unsigned type, uint32_t otherwise)
{
	struct hws_bytes a = attribute(in, type);
	uint32_t n = otherwise;

	if (a.len == sizeof(n))
		memcpy(&n, a.ptr, sizeof(n));
	return n;
}

static bool address(struct hws_bytes a, uint8_t family, uint8_t ret[16])
{
	if (a.len != (family == AF_INET ? 4 : 16))
		return false;
	memcpy(ret, a.ptr, a.len);
	return true;
}

/* Nobody answers to it from elsewhere. */
static bool is_local_only(const struct hws_net_item *i)
{
	static const uint8_t own6[16] = { [15] = 1 };
	const uint8_t *a = i->address;

	if (i->family == AF_INET)
		return a[0] == 127 || (a[0] == 169 && a[1] == 254);
	return (a[0] == 0xfe && (a[1] & 0xc0) == 0x80) || memcmp(a, own6, sizeof(own6)) == 0;
}

/* --- messages --------------------------------------------------------------------------------- */

static bool on_address(struct hws_net_state *s, bool is_new, struct hws_bytes body)
{
	struct hws_net_item i = { .kind = ADDRESS };
	struct ifaddrmsg m;
	struct hws_bytes attrs, own;
	uint32_t flags;

	if (body.len < sizeof(m))
		return false;
	memcpy(&m, body.ptr, sizeof(m));
	attrs = hws_bytes(body.ptr + sizeof(m), body.len - sizeof(m));
	i.family = m.ifa_family;
	i.interface = m.ifa_index;
	if (i.family != AF_INET && i.family != AF_INET6)
		return false;
	own = attribute(attrs, IFA_LOCAL);
	if (!own.len)
		own = attribute(attrs, IFA_ADDRESS);
	if (!address(own, i.family, i.address) || is_local_only(&i))
		return false;
	if (!is_new)
		return take_out(s, &i);
	/* still looked for a twin: it cannot be used yet, and will be told of again */
	flags = number(attrs, IFA_FLAGS, m.ifa_flags);
	if (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED))
		return false;
	return put(s, &i);
}

/* Only those to everywhere (VPNs make two of that): routes to a network come with its address, and
 * the others may be many. */
static bool on_route(struct hws_net_state *s, bool is_new, struct hws_bytes body)
{
	struct hws_net_item i = { .kind = ROUTE };
	struct rtmsg m;
	struct hws_bytes attrs;

	if (body.len < sizeof(m))
		return false;
	memcpy(&m, body.ptr, sizeof(m));
	attrs = hws_bytes(body.ptr + sizeof(m), body.len - sizeof(m));
	i.family = m.rtm_family;
	i.prefix = m.rtm_dst_len;
	if ((i.family != AF_INET && i.family != AF_INET6) || i.prefix > 1 ||
			m.rtm_type != RTN_UNICAST || (m.rtm_flags & RTM_F_CLONED) ||
			number(attrs, RTA_TABLE, m.rtm_table) != RT_TABLE_MAIN)
		return false;
	i.interface = number(attrs, RTA_OIF, 0);
	i.metric = number(attrs, RTA_PRIORITY, 0);
	if (!address(attribute(attrs, RTA_GATEWAY), i.family, i.address))
		memset(i.address, 0, sizeof(i.address));
	return is_new ? put(s, &i) : take_out(s, &i);
}

/* Whether something is at the other end of the cable. Of interfaces without an address we do not
 * wish to hear: containers come and go. */
static bool on_link(struct hws_net_state *s, bool is_new, struct hws_bytes body)
{
	struct hws_net_item i = { .kind = LINK };
	struct ifinfomsg m;
	bool changed;

	if (body.len < sizeof(m))
		return false;
	memcpy(&m, body.ptr, sizeof(m));
	i.interface = (uint32_t)m.ifi_index;
	i.up = !(is_new && (m.ifi_flags & IFF_RUNNING)); /* the other one, which was */
	changed = take_out(s, &i);
	i.up = !i.up;
	if (!is_new)
		return take_out(s, &i) && has_address(s, i.interface);
	return put(s, &i) && changed && has_address(s, i.interface);
}

static bool on_message(struct hws_net_state *s, unsigned type, struct hws_bytes body)
{
	switch (type) {
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return on_address(s, type == RTM_NEWADDR, body);
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		return on_route(s, type == RTM_NEWROUTE, body);
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return on_link(s, type == RTM_NEWLINK, body);
	default:
		return false;
	}
}

bool hws_net_state_take(struct hws_net_state *s, struct hws_bytes in, bool *ret_done)
{
	struct nlmsghdr h;
	bool changed = false;

	if (ret_done)
		*ret_done = false;
	while (in.len >= sizeof(h)) {
		size_t step;

		memcpy(&h, in.ptr, sizeof(h));
		if (h.nlmsg_len < sizeof(h) || h.nlmsg_len > in.len)
			break;
		if (h.nlmsg_type == NLMSG_DONE || h.nlmsg_type == NLMSG_ERROR) {
			if (ret_done)
				*ret_done = true;
		} else {
			changed |= on_message(s, h.nlmsg_type,
					hws_bytes(in.ptr + sizeof(h), h.nlmsg_len - sizeof(h)));
		}
		step = NLMSG_ALIGN((size_t)h.nlmsg_len);
		if (step > in.len)
			break;
		in = hws_bytes(in.ptr + step, in.len - step);
	}
	return changed;
}
