/* reach/mapped_udp: the UDP half of reach/mapped_port: a socket that learns who sends, and reads
 * nothing of what is sent; and for each sender that is wanted a socket of its own at the same port.
 * While nobody is wanted nobody looks, and the kernel drops what does not fit. One loop thread. */
#pragma once
#include "shared/base/err.h"
#include "shared/loop/loop.h"
#include <sys/socket.h>

struct hws_mapped_udp;

/* Somebody has sent something, which is gone. */
typedef void (*hws_mapped_udp_cb)(const struct sockaddr_storage *from, void *arg);

/* At any free port of IPv4. */
int hws_mapped_udp_new(struct hws_loop *loop, hws_mapped_udp_cb on_knock, void *arg,
		struct hws_mapped_udp **ret) HWS_MUST_CHECK;
/* Takes NULL. */
void hws_mapped_udp_free(struct hws_mapped_udp *u);
uint16_t hws_mapped_udp_port(const struct hws_mapped_udp *u);
/* Looks for so long from now on; what came before is thrown away. */
void hws_mapped_udp_look(struct hws_mapped_udp *u, uint64_t us);
/* From now on what this one sends comes there, fit for net/kcp. The caller owns *ret_fd. */
int hws_mapped_udp_socket(struct hws_mapped_udp *u, const struct sockaddr_storage *from,
		int *ret_fd) HWS_MUST_CHECK;
