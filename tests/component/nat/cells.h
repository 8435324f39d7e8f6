/* tests: the cells of the NAT laboratory: where host and viewer stand, how they must meet, and what
 * must be said of it. A cell is one row of cells.c. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum cell_place {
	CELL_PUBLIC,          /* on the street */
	CELL_GUARDED,         /* on the street, with a firewall that lets in who was called */
	CELL_FULL_CONE,       /* mapping and filtering endpoint independent */
	CELL_RESTRICTED,      /* filtering address dependent */
	CELL_PORT_RESTRICTED, /* filtering address and port dependent */
	CELL_SYMMETRIC,       /* mapping, too */
	CELL_KERNEL_CONE,     /* nftables: port-restricted for who was called */
	CELL_KERNEL_SYMMETRIC,
	CELL_DOUBLE,           /* a restricted box behind a port-restricted one */
	CELL_DOUBLE_SYMMETRIC, /* behind a symmetric one */
	CELL_TWO_ADDRESSES,    /* port-restricted; UDP leaves by another address than TCP */
	CELL_NEIGHBOUR,        /* the viewer: in the network of the host's box */
	CELL_APART,            /* the same, but the two cannot see each other there */
	CELL_CARRIER,          /* each in a home, all homes behind one carrier's box */
	CELL_IPV6              /* on the street, by IPv6 alone */
};

/* What is special about a line. */
enum cell_trait {
	CELL_NO_UDP = 1 << 0,
	CELL_TCP_TO_SERVER = 1 << 1, /* TCP goes out to the server alone */
	CELL_ONLY_WEB = 1 << 2,      /* only TCP to the ports of our WebSockets */
	CELL_HAS_IPV6 = 1 << 3,      /* an address of IPv6 as well */
	CELL_GUARDED_IPV6 = 1 << 4,  /* with a firewall that lets in who was called */
	CELL_NARROW = 1 << 5,        /* MTU 1280 */
	CELL_NARROW_SILENT = 1 << 6, /* and nobody says so */
	CELL_BAD_LINE = 1 << 7,      /* 40 ms, loses, doubles and shuffles packets */
	CELL_HAIRPIN = 1 << 8,       /* of the host: its box, or the carrier's, hairpins */
	CELL_RELAY_ONLY = 1 << 9,    /* the viewer is told to use the relay */
	CELL_ONLY_443 = 1 << 11,     /* only TCP to port 443 */
	CELL_FORGETS = 1 << 10,      /* of the viewer: its box starts anew in mid-session */
};

struct cell {
	const char *name;
	enum cell_place host, viewer;
	unsigned host_traits, viewer_traits;
	const char *paths; /* how they must meet: "punched|udp" */
	const char *why;   /* and why not directly; NULL: they do */
	const char *later; /* what is said once the viewer knows its NAT; NULL: not tried */
	bool by_name;      /* the server has a name, with an address of each family */
	bool tls;          /* and a certificate for it */
};

extern const struct cell cells[];
extern const size_t cells_count;
