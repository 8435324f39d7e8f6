/* reach/lan_answer: answers who looks for hosts in the local network. Everybody there may ask and
 * may lie about who asks, so an answer goes to neighbours only (an address of a network that this
 * machine is in: from elsewhere somebody could have us send to a third), a few a second. Who asks
 * for a proof gets one, if he has sent as much as it takes. One loop thread. */
#pragma once
#include "client/reach/lan_ifs.h"
#include "shared/loop/loop.h"

struct hws_lan_answer;

struct hws_lan_answer_conf {
	int fd;                   /* of hws_lan_answer_socket; taken, also on failure */
	int fd6;                  /* of hws_lan_answer_socket6, taken, too; -1 = none */
	struct hws_lan_host host; /* its MAC is that of the interface that is asked by */
	struct hws_lan_if ifs[HWS_LAN_IFS_MAX];
	unsigned if_count;
	/* Have this signed by who has the key (reach/lan_proof), and give it back by
	 * hws_lan_answer_signed; false: it cannot be. NULL: nothing is. Borrows. */
	bool (*sign)(unsigned number, const struct hws_lan_host *host,
			const uint8_t nonce[HWS_LAN_NONCE], const uint8_t address[HWS_LAN_ADDRESS],
			void *arg);
	void *arg;
};

/* The socket: UDP on all interfaces, shared with other programs that answer there. *ret_fd is the
 * caller's. */
int hws_lan_answer_socket(uint16_t port, int *ret_fd) HWS_MUST_CHECK;
/* The same for who asks by IPv6, heard once it has joined the group of the interfaces that there
 * are: again when there are others. */
int hws_lan_answer_socket6(uint16_t port, int *ret_fd) HWS_MUST_CHECK;
void hws_lan_answer_join(int fd6);
int hws_lan_answer_new(struct hws_loop *loop, const struct hws_lan_answer_conf *conf,
		struct hws_lan_answer **ret) HWS_MUST_CHECK;
/* What `sign` asked for; NULL: there is none, and the answer goes without a proof. */
void hws_lan_answer_signed(struct hws_lan_answer *a, unsigned number, const uint8_t *pk,
		const uint8_t *signature);
/* Takes NULL. */
void hws_lan_answer_free(struct hws_lan_answer *a);
/* When it last was asked something, as hws_loop_now_us. */
uint64_t hws_lan_answer_asked_us(const struct hws_lan_answer *a);
