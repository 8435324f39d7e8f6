/* tunnel/tunnel_view_parts: what the files of the viewer's tunnels share; not for others.
 * tunnel_view.c has the forwards and the mux, view_conn.c connections of TCP, view_udp.c
 * datagrams. */
#pragma once
#include "client/services/tunnel/duct.h"
#include "client/services/tunnel/mux.h"
#include "client/services/tunnel/tunnel_view.h"
#include "shared/net/addr.h"
#include "shared/net/listener.h"

#define HWS_TUNNEL_NAME 300u /* HOST:PORT */
#define HWS_TUNNEL_CODE(name) SES__TUNNEL_CODE__TUNNEL_CODE_##name

/* First in whatever a stream of the mux belongs to: its tag. */
struct hws_tunnel_end {
	const struct hws_tunnel_end_impl *impl;
};
struct hws_tunnel_end_impl {
	void (*opened)(struct hws_tunnel_end *e, const char *address);
	void (*data)(struct hws_tunnel_end *e, struct hws_bytes data);
	void (*eof)(struct hws_tunnel_end *e);
	ssize_t (*pull)(struct hws_tunnel_end *e, uint8_t *buf, size_t max);
	void (*datagram)(struct hws_tunnel_end *e, struct hws_bytes data);
	/* The stream is no more. */
	void (*closed)(struct hws_tunnel_end *e, Ses__TunnelCode code, const char *text);
};

struct hws_tunnel_view {
	struct hws_service service;
	struct hws_tunnel_view_conf conf;
	struct hws_mux *mux; /* NULL: there is no link, or it is raw */
	bool raw, stopped;
	struct hws_list forwards, conns, udps;
	unsigned forward_count, conn_count;
	uint64_t numbers;
};

/* One that was asked for. */
struct hws_tunnel_forward {
	struct hws_list node;
	struct hws_tunnel_view *tv;
	uint32_t id;
	enum hws_forward_kind kind;
	char address[64], host[HWS_MUX_HOST_MAX + 1];
	uint16_t port, target_port;
	struct hws_listener *listener; /* LOCAL, DYNAMIC */
	struct hws_tunnel_udp *udp;    /* UDP */
};

/* Connections are taken now. */
bool hws_tunnel_accepts(const struct hws_tunnel_view *tv);
/* Has them taken, or not, as that is. */
void hws_tunnel_accept_or_wait(struct hws_tunnel_view *tv);
/* Ends a forward with a reason. */
void hws_tunnel_forward_fail(struct hws_tunnel_forward *f, int err, const char *text);
/* What a code of the mux is among our errors. */
int hws_tunnel_err(Ses__TunnelCode code);

/* --- view_conn.c: a connection that came in here takes `fd`. */
void hws_tunnel_conn_accept(
		struct hws_tunnel_forward *f, int fd, const struct sockaddr_storage *peer);
/* One that came in at the host. */
void hws_tunnel_conn_incoming(struct hws_tunnel_forward *f, struct hws_mux_stream *s,
		const struct hws_mux_target *t);
/* All end. */
void hws_tunnel_conns_stop(struct hws_tunnel_view *tv);

/* --- view_udp.c */
struct hws_tunnel_udp_conf {
	struct hws_tunnel_view *tv;
	int fd; /* bound; taken */
	/* All datagrams go there ... */
	const char *host;
	uint16_t port;
	/* ... or, with NULL, each says where to, as SOCKS has it, and must come from `client`. */
	const struct sockaddr_storage *client;
};
int hws_tunnel_udp_new(
		const struct hws_tunnel_udp_conf *conf, struct hws_tunnel_udp **ret) HWS_MUST_CHECK;
void hws_tunnel_udp_free(struct hws_tunnel_udp *u); /* takes NULL */
/* Flows that nothing came or went on for long end. */
void hws_tunnel_udp_tick(struct hws_tunnel_view *tv, uint64_t now_us);
/* There is a link, or none any more. */
void hws_tunnel_udp_link(struct hws_tunnel_view *tv);
