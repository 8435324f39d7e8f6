/* net/listener: accepting TCP sockets. Stops on EMFILE/ENFILE and resumes by timer; accepts in a
 * budget per turn. */
#pragma once
#include "shared/base/err.h"
#include "shared/loop/loop.h"
#include <sys/socket.h>

struct hws_listener;

struct hws_listen_conf {
	/* NULL or "" = any of both families ([::] with IPV6_V6ONLY off, else 0.0.0.0). */
	const char *bind_ip;
	uint16_t port;   /* 0 = any free port, see hws_listener_port */
	bool reuse_port; /* SO_REUSEPORT: for several shards of one program only */
	/* > 0: takes this listening socket (socket activation, takeover) instead of binding. */
	int fd;
	int backlog; /* 0 = 1024 */
	/* Takes the accepted non-blocking, close-on-exec fd; peer is normalised. */
	void (*on_accept)(int fd, const struct sockaddr_storage *peer, void *arg);
	void *arg;
};

/* On failure `err` says which port and what to do (in use, permission). */
int hws_listener_new(struct hws_loop *loop, const struct hws_listen_conf *conf,
		struct hws_listener **ret, struct hws_error *err) HWS_MUST_CHECK;
/* Closes now, frees at the end of the turn: allowed inside on_accept. Takes NULL. */
void hws_listener_free(struct hws_listener *l);
uint16_t hws_listener_port(const struct hws_listener *l);
int hws_listener_fd(const struct hws_listener *l);
/* Stops accepting, without closing: who connects waits in the backlog. */
void hws_listener_pause(struct hws_listener *l);
/* Goes on after a pause. */
void hws_listener_resume(struct hws_listener *l);

/* The bound UDP socket of the same conventions (no listen); the caller owns the fd. */
int hws_udp_bind(const char *bind_ip, uint16_t port, bool reuse_port, int *ret_fd,
		struct hws_error *err) HWS_MUST_CHECK;
