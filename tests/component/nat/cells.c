/* The matrix. Where two ways are as good as each other, both may win. */
#include "tests/component/nat/cells.h"
#include "shared/base/macros.h"

#define DIRECT "punched|udp"

const struct cell cells[] = {
	{ "public, public", CELL_PUBLIC, CELL_PUBLIC, .paths = DIRECT },
	{ "IPv6 alone", CELL_IPV6, CELL_IPV6, .paths = DIRECT "|ipv6" },
	{ "behind one NAT", CELL_KERNEL_CONE, CELL_NEIGHBOUR, .paths = "lan" },
	{ "cone, cone", CELL_KERNEL_CONE, CELL_KERNEL_CONE, .paths = DIRECT },
	{ "host cone, viewer public", CELL_KERNEL_CONE, CELL_PUBLIC, .paths = DIRECT },
	{ "host public, viewer cone", CELL_PUBLIC, CELL_KERNEL_CONE, .paths = DIRECT },
	{ "host public, viewer symmetric", CELL_PUBLIC, CELL_KERNEL_SYMMETRIC, .paths = DIRECT },
	{ "host symmetric, viewer cone", CELL_KERNEL_SYMMETRIC, CELL_KERNEL_CONE, .paths = "relay",
			.why = "symmetric-host" },
	{ "host cone, viewer symmetric", CELL_KERNEL_CONE, CELL_KERNEL_SYMMETRIC, .paths = "relay",
			.why = "silent", .later = "symmetric-viewer" },
	{ "symmetric, symmetric", CELL_KERNEL_SYMMETRIC, CELL_KERNEL_SYMMETRIC, .paths = "relay",
			.why = "symmetric-host", .later = "symmetric-both" },
	{ "cone, cone, the viewer wants the relay", CELL_KERNEL_CONE, CELL_KERNEL_CONE,
			.viewer_traits = CELL_RELAY_ONLY, .paths = "relay",
			.why = "viewer-policy" },
	{ "no UDP at the host", CELL_KERNEL_CONE, CELL_KERNEL_CONE, .host_traits = CELL_NO_UDP,
			.paths = "punched" },
	{ "cone, cone, TCP to the server only", CELL_KERNEL_CONE, CELL_KERNEL_CONE,
			.host_traits = CELL_TCP_TO_SERVER, .paths = "udp" },
	{ "only the web is open to the viewer", CELL_PUBLIC, CELL_KERNEL_CONE,
			.viewer_traits = CELL_ONLY_WEB, .paths = "relay-ws",
			.why = "viewer-network" },
	{ "only the web is open to the host", CELL_KERNEL_CONE, CELL_PUBLIC,
			.host_traits = CELL_ONLY_WEB, .paths = "relay", .why = "host-network" },
	{ "only port 443 is open to the viewer", CELL_PUBLIC, CELL_PORT_RESTRICTED,
			.viewer_traits = CELL_ONLY_443, .paths = "relay-ws",
			.why = "viewer-network", .by_name = true, .tls = true },
	{ "only port 443 is open to the host", CELL_PORT_RESTRICTED, CELL_PUBLIC,
			.host_traits = CELL_ONLY_443, .paths = "relay", .why = "host-network",
			.by_name = true, .tls = true },
	{ "only port 443 is open to either", CELL_PORT_RESTRICTED, CELL_PORT_RESTRICTED,
			.host_traits = CELL_ONLY_443, .viewer_traits = CELL_ONLY_443,
			.paths = "relay-ws", .why = "viewer-network", .by_name = true,
			.tls = true },
	{ "symmetric, symmetric, IPv6", CELL_KERNEL_SYMMETRIC, CELL_KERNEL_SYMMETRIC,
			.host_traits = CELL_HAS_IPV6, .viewer_traits = CELL_HAS_IPV6,
			.paths = "ipv6" },

	/* --- kinds of NAT, host's first */
	{ "full cone, full cone", CELL_FULL_CONE, CELL_FULL_CONE, .paths = DIRECT },
	{ "full cone, port-restricted", CELL_FULL_CONE, CELL_PORT_RESTRICTED, .paths = DIRECT },
	{ "restricted, restricted", CELL_RESTRICTED, CELL_RESTRICTED, .paths = DIRECT },
	{ "port-restricted, full cone", CELL_PORT_RESTRICTED, CELL_FULL_CONE, .paths = DIRECT },
	{ "port-restricted, port-restricted", CELL_PORT_RESTRICTED, CELL_PORT_RESTRICTED,
			.paths = DIRECT },
	/* the viewer's real port is another one than was told, and is let in all the same */
	{ "full cone, symmetric", CELL_FULL_CONE, CELL_SYMMETRIC, .paths = DIRECT },
	{ "restricted, symmetric", CELL_RESTRICTED, CELL_SYMMETRIC, .paths = DIRECT },
	{ "port-restricted, symmetric", CELL_PORT_RESTRICTED, CELL_SYMMETRIC, .paths = "relay",
			.why = "silent", .later = "symmetric-viewer" },
	/* a host that knows of its NAT goes to the relay */
	{ "symmetric, full cone", CELL_SYMMETRIC, CELL_FULL_CONE, .paths = "relay",
			.why = "symmetric-host" },
	{ "symmetric, symmetric, of our own", CELL_SYMMETRIC, CELL_SYMMETRIC, .paths = "relay",
			.why = "symmetric-host", .later = "symmetric-both" },
	{ "firewalls without NAT", CELL_GUARDED, CELL_GUARDED, .paths = DIRECT },
	{ "firewall at the host, viewer symmetric", CELL_GUARDED, CELL_SYMMETRIC, .paths = "relay",
			.why = "silent", .later = "symmetric-viewer" },

	/* --- two NATs on the way */
	{ "double NAT at the host", CELL_DOUBLE, CELL_PORT_RESTRICTED, .paths = DIRECT },
	{ "double NAT at the viewer", CELL_KERNEL_CONE, CELL_DOUBLE, .paths = DIRECT },
	{ "double NAT at both", CELL_DOUBLE, CELL_DOUBLE, .paths = DIRECT },
	{ "double NAT, the outer one symmetric", CELL_DOUBLE_SYMMETRIC, CELL_FULL_CONE,
			.paths = "relay", .why = "symmetric-host" },

	/* --- one address for both */
	{ "one NAT, kept apart, hairpin", CELL_PORT_RESTRICTED, CELL_APART,
			.host_traits = CELL_HAIRPIN, .paths = "udp" },
	{ "one NAT, kept apart, no hairpin", CELL_PORT_RESTRICTED, CELL_APART, .paths = "relay",
			.why = "silent" },
	{ "homes behind one carrier, hairpin", CELL_CARRIER, CELL_CARRIER,
			.host_traits = CELL_HAIRPIN, .paths = "udp" },
	{ "homes behind one carrier, no hairpin", CELL_CARRIER, CELL_CARRIER, .paths = "relay",
			.why = "silent" },

	/* --- what is blocked */
	{ "no UDP at the viewer", CELL_PORT_RESTRICTED, CELL_PORT_RESTRICTED,
			.viewer_traits = CELL_NO_UDP, .paths = "punched" },
	{ "no UDP anywhere, TCP to the server only", CELL_PORT_RESTRICTED, CELL_PORT_RESTRICTED,
			.host_traits = CELL_NO_UDP | CELL_TCP_TO_SERVER,
			.viewer_traits = CELL_NO_UDP | CELL_TCP_TO_SERVER, .paths = "relay",
			.why = "udp-blocked" },
	{ "no UDP at a public host, viewer symmetric", CELL_PUBLIC, CELL_SYMMETRIC,
			.host_traits = CELL_NO_UDP, .paths = "punched" },

	/* --- IPv6 */
	{ "symmetric, symmetric, IPv6 behind firewalls", CELL_SYMMETRIC, CELL_SYMMETRIC,
			.host_traits = CELL_HAS_IPV6 | CELL_GUARDED_IPV6,
			.viewer_traits = CELL_HAS_IPV6 | CELL_GUARDED_IPV6, .paths = "ipv6" },
	{ "symmetric, symmetric, IPv6 at the viewer", CELL_SYMMETRIC, CELL_SYMMETRIC,
			.viewer_traits = CELL_HAS_IPV6, .paths = "relay", .why = "symmetric-host",
			.later = "symmetric-both" },
	/* nobody has an address of the other's family: only a relay with both can join them */
	{ "IPv4 at the host, IPv6 alone at the viewer", CELL_PORT_RESTRICTED, CELL_IPV6,
			.paths = "relay", .why = "no-route", .by_name = true },
	{ "IPv6 alone at the host, IPv4 at the viewer", CELL_IPV6, CELL_PORT_RESTRICTED,
			.paths = "relay", .why = "no-route", .by_name = true },

	/* --- UDP and TCP by different addresses */
	{ "two addresses at the viewer", CELL_PORT_RESTRICTED, CELL_TWO_ADDRESSES,
			.paths = DIRECT },
	{ "two addresses at the viewer, TCP to the server only", CELL_PORT_RESTRICTED,
			CELL_TWO_ADDRESSES, .viewer_traits = CELL_TCP_TO_SERVER, .paths = "udp" },
	{ "two addresses at the host, TCP to the server only", CELL_TWO_ADDRESSES,
			CELL_PORT_RESTRICTED, .host_traits = CELL_TCP_TO_SERVER, .paths = "udp" },

	/* --- bad lines */
	{ "MTU 1280 at the viewer, TCP to the server only", CELL_PORT_RESTRICTED,
			CELL_PORT_RESTRICTED, .viewer_traits = CELL_NARROW | CELL_TCP_TO_SERVER,
			.paths = "udp" },
	{ "MTU 1280 at the host, and nobody says so", CELL_PORT_RESTRICTED, CELL_PORT_RESTRICTED,
			.host_traits = CELL_NARROW | CELL_NARROW_SILENT | CELL_TCP_TO_SERVER,
			.paths = "udp" },
	{ "MTU 1280 at the host, no UDP", CELL_PORT_RESTRICTED, CELL_PORT_RESTRICTED,
			.host_traits = CELL_NARROW | CELL_NO_UDP, .paths = "punched" },
	{ "a bad line at the viewer", CELL_RESTRICTED, CELL_PORT_RESTRICTED,
			.viewer_traits = CELL_BAD_LINE, .paths = DIRECT },

	/* --- what changes while the session runs */
	{ "the viewer's NAT starts anew, by UDP", CELL_FULL_CONE, CELL_FULL_CONE,
			.viewer_traits = CELL_FORGETS | CELL_TCP_TO_SERVER, .paths = "udp" },
	{ "the viewer's NAT starts anew, by TCP", CELL_FULL_CONE, CELL_FULL_CONE,
			.viewer_traits = CELL_FORGETS | CELL_NO_UDP, .paths = "punched" },
	{ "the viewer's NAT starts anew, relayed", CELL_SYMMETRIC, CELL_FULL_CONE,
			.viewer_traits = CELL_FORGETS, .paths = "relay", .why = "symmetric-host" },
};

const size_t cells_count = HWS_COUNT(cells);
