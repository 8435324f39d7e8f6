/* reach/registrar: what its files share: the state machines (registrar.c), and what is heard
 * (registrar_hear.c). */
#pragma once
#include "client/reach/registrar.h"
#include "client/reach/server_link.h"
#include "client/reach/udp_line.h"
#include "shared/base/buf.h"
#include "shared/net/dialer.h"
#include "shared/net/srv.h"

#define HWS_LINK_PAUSE_US (2 * HWS_US_PER_S) /* before the second attempt; doubles */

enum by { BY_UDP, BY_LINK };

/* Where the server is, by DNS (registrar_place.c). */
struct hws_registrar_place {
	struct hws_server_addr base; /* as it was configured; server_addr is where we are */
	struct hws_srv_find *asking;
	struct hws_srv targets;
	bool known;        /* there are such records */
	bool used;         /* `at` has been tried */
	size_t at;         /* of targets */
	uint64_t asked_us; /* targets were asked for; 0 = they must be */
	/* while registered: is it there still? */
	uint64_t look_us, trial_us;
	struct hws_srv_target want;
	struct hws_resolve *looking;
	struct hws_udp_line
			*trial; /* to the new place, which has not shown that it is the server */
	struct hws_server_proof trial_proof; /* ours stays that of where we are */
};

struct hws_registrar {
	struct hws_loop *loop;
	struct hws_work *work;
	struct hws_registrar_conf conf;
	struct hws_server_addr server_addr;
	struct hws_registrar_place place;
	uint8_t server_pk[HWS_PK_LEN];
	char id[HWS_ID_MAX + 1];
	struct hws_buf uuid, pk;
	struct hws_timer tick, eager;
	uint64_t eager_until_us; /* after a change of network: quick tries until then; 0 = none */
	struct hws_deferred deferred;
	enum hws_registrar_state state;
	const char *text; /* as last told; all are literals */
	bool confirmed, closed;
	struct hws_server_proof proof;
	uint64_t again_us; /* a registration was asked for once more, for its proof */
	uint64_t renamed_us;
	/* by UDP */
	struct hws_udp_line *udp;
	bool udp_open, udp_answered, asked;
	unsigned missed, turn;
	uint64_t last_answer_us, asked_us, answer_us, opened_us, pause_us;
	/* Since the start, or a change of network, nothing has come by UDP: so many links are tried
	 * beside it, from then on; 0 = nothing was asked. `early`: this one is. */
	unsigned early_links;
	uint64_t early_us;
	bool early;
	/* by UDP, while registered by a link: is it let through again? */
	uint64_t return_us;
	bool moving; /* the server may have taken the key by UDP already */
	/* by a link: to the server's own port, or by the web where that is closed */
	struct hws_server_addr web_addr;
	bool by_web;         /* this link, or the next one */
	unsigned link_tries; /* in a row that did not stand */
	int own_why; /* why the link to its own port did not stand, while the web is tried */
	struct hws_timer web_soon;
	struct hws_server_link *link;
	bool link_open, linked;
	bool link_worked; /* once, where UDP had no answer: so it may be again */
	uint64_t link_asked_us, link_next_us, link_pause_us;
	struct sockaddr_storage last_push[2]; /* punch or local; relay */
	uint64_t last_push_us[2];
};

void hws_registrar_set_state(
		struct hws_registrar *r, enum hws_registrar_state state, const char *text);
/* By UDP as long as that works. */
bool hws_registrar_uses_udp(const struct hws_registrar *r);
/* With what `proof` proves. */
int hws_registrar_pack_pk(struct hws_registrar *r, struct hws_server_proof *proof,
		struct hws_buf *out) HWS_MUST_CHECK;
/* Begins anew to reach the server. */
void hws_registrar_open(struct hws_registrar *r);
/* The line by UDP is of no use. */
void hws_registrar_udp_failed(struct hws_registrar *r, int why);
/* --- registrar_place.c */
void hws_registrar_place_init(struct hws_registrar *r);
/* True: server_addr is where to go now; false: hws_registrar_open comes when that is known. */
bool hws_registrar_place_ready(struct hws_registrar *r);
/* The name says that there is no server. */
bool hws_registrar_place_none(const struct hws_registrar *r);
/* It is time for another target, as this one does not answer. */
bool hws_registrar_place_others(const struct hws_registrar *r);
void hws_registrar_place_tick(struct hws_registrar *r, uint64_t now);
/* What is known belongs to another network, or to nobody any more. */
void hws_registrar_place_forget(struct hws_registrar *r);
void hws_registrar_say_pk(struct hws_registrar *r, enum by by);
void hws_registrar_say_peer(struct hws_registrar *r);
/* The link is over; another one comes after a pause. */
void hws_registrar_end_link(struct hws_registrar *r);
/* It is not needed: UDP does. */
void hws_registrar_leave_link(struct hws_registrar *r);
/* Registered by the link: after a while UDP is asked again. */
void hws_registrar_wait_to_return(struct hws_registrar *r);
/* UDP was refused or fell silent again: the link is what the server must hold on to. */
void hws_registrar_stay_on_link(struct hws_registrar *r);
/* A message of the server, and as it came. */
void hws_registrar_hear(struct hws_registrar *r, enum by by, const Rdv__RendezvousMessage *m,
		struct hws_bytes raw);
/* The same, of a message whose proof has been looked at. */
void hws_registrar_take(struct hws_registrar *r, enum by by, const Rdv__RendezvousMessage *m,
		enum hws_word word);
