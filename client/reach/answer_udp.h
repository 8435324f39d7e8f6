/* reach/answer_udp: a host's ways by UDP to viewers that ask for one: a fresh socket each, by which
 * the server learns where it is, and from which the hole is opened. What comes over it is read by
 * nobody here: a socket on which something has come is handed over. One loop thread. */
#pragma once
#include "client/reach/answered.h"
#include "client/reach/server_addr.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/loop/work.h"

#define HWS_ANSWER_UDP_MAX 32u

struct hws_answer_udp;

struct hws_answer_udp_conf {
	/* A viewer knocks; the callee owns the socket, which is pointed at it and was not read. */
	void (*on_socket)(int fd, const struct hws_answered *how, void *arg);
	void (*on_failure)(const char *what, int why, const struct sockaddr_storage *viewer,
			void *arg);
	void *arg;
};

int hws_answer_udp_new(struct hws_loop *loop, struct hws_work *work,
		const struct hws_answer_udp_conf *conf, struct hws_answer_udp **ret) HWS_MUST_CHECK;
/* Takes NULL. */
void hws_answer_udp_free(struct hws_answer_udp *a);
/* To `how->viewer`. `message` goes to the server from that very socket, which then tells the viewer
 * where it is. Borrows. HWS_ERR_FULL: too many. `brief`: nothing shows that a viewer is at that
 * address, so it is knocked at for a short time only. */
int hws_answer_udp_knock(struct hws_answer_udp *a, const struct hws_server_addr *server,
		struct hws_bytes message, const struct hws_answered *how,
		bool brief) HWS_MUST_CHECK;
/* By IPv6, from *ret_local, which the caller tells the viewer. */
int hws_answer_udp_knock_ipv6(struct hws_answer_udp *a, const struct hws_answered *how, bool brief,
		struct sockaddr_storage *ret_local) HWS_MUST_CHECK;
