/* reach/reach_parts: one attempt to reach a host, as its files share it: reach (begin and end),
 * reach_ask (the server), reach_race (which way is offered), reach_direct and reach_relay (the
 * ways by TCP), reach_udp (those by UDP), reach_web (to the server by the web). One loop
 * thread. */
#pragma once
#include "client/reach/reach.h"
#include "client/reach/relay_join.h"
#include "client/reach/server_query.h"
#include "shared/crypto/identity.h"
#include "shared/net/dialer.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/limits.h"

#define HWS_REACH_CONNECT_US 18000000 /* deployed peers' connect and read limit */
#define HWS_REACH_STATEMENT_MAX 256
#define HWS_REACH_DIRECT_MAX 8u
#define HWS_REACH_MAPPED_MAX 3u
#define HWS_REACH_WORD_MAX 256u

enum hws_reach_stage {
	HWS_REACH_IDLE,    /* not begun */
	HWS_REACH_RUNNING, /* no word of the host yet */
	HWS_REACH_READY,   /* the host has spoken: it may be offered */
	HWS_REACH_OFFERED, /* the owner has the stream */
	HWS_REACH_OVER     /* failed, rejected, or beaten */
};

/* One way, whatever its kind. */
struct hws_reach_way {
	struct hws_reach *reach;
	enum hws_path path;
	enum hws_reach_stage stage;
	unsigned number; /* of the verdict */
	uint64_t begun_us;
	struct hws_stream *stream;
	struct hws_timer wait;
	uint8_t word[HWS_REACH_WORD_MAX]; /* the beginning of what the host said */
	size_t word_len;
	/* `r`: OK: the host has spoken; else the stream is closed and gone. */
	void (*heard)(struct hws_reach_way *w, int r);
};

struct hws_reach_direct {
	struct hws_reach_way way;
	struct hws_dial *dial;
	struct sockaddr_storage peer;
	uint64_t end_us;
};

struct hws_reach_relay {
	struct hws_reach_way way;
	struct hws_server_query *query;
	struct hws_relay_join *join;
	unsigned tries;
	char uuid[HWS_UUID_MAX + 1], name[HWS_HOSTNAME_MAX + 8];
	/* The host was asked to come, and waits there; nobody needs it any more. */
	bool host_waits, leaving;
	/* It can be asked for over the link on which the host was asked for; it is; it was. */
	bool takes_link, on_link, link_tried;
};

struct hws_udp_line;

struct hws_reach_udp {
	struct hws_reach *reach;
	struct hws_udp_line *line; /* to the server; its socket then goes to the host */
	struct hws_timer again;
	unsigned asked;
	uint64_t pause_us;
	uint64_t begun_us; /* 0: nothing was asked */
	uint16_t port;     /* ours as the server sees it; 0: not known */
	bool has_mapped;
	struct sockaddr_storage mapped;
	int fd6; /* a socket at our own global IPv6 address `local6`; -1: none, or in use */
	struct sockaddr_storage local6;
	struct hws_timer later; /* LAN goes first */
	struct sockaddr_storage later_peer;
};

struct hws_reach {
	struct hws_loop *loop;
	struct hws_work *work;
	struct hws_reach_conf conf;
	hws_reach_cb done;
	char id[HWS_ID_MAX + 1], key[HWS_KEY_TEXT_MAX + 1], version[HWS_VERSION_TEXT_MAX];
	struct hws_server_addr server_addr; /* to the server; by address: to the host */
	struct hws_server_query *query;
	struct hws_server_addr_open *opening; /* by address */
	struct hws_server_query *web; /* the same by a WebSocket, beside `query` or after it */
	struct hws_server_addr web_addr;
	bool web_tried, by_web; /* and it is the one that is used */
	int tcp_why;            /* the other one could not be */
	int web_why;            /* HWS_ERR_PORTAL: what answered by the web; else 0 */
	struct hws_timer web_wait, ask_wait, plain_wait, head_start, hold, patience;
	struct hws_deferred offering, deferred;
	struct hws_reach_udp udp;
	unsigned asked;
	bool opened, answered; /* the link to the server is open; the first answer has come */
	bool plain;            /* the host is asked once more, for TCP alone */
	bool by_tcp;           /* it has answered for that */
	uint64_t started_us;   /* when the server was dialed */
	uint64_t opened_us;    /* how long that took */
	uint64_t took_us;      /* until the answer to our request */
	struct sockaddr_storage local;
	struct hws_reach_direct direct[HWS_REACH_DIRECT_MAX];
	unsigned direct_count;
	struct {
		bool udp;
		struct sockaddr_storage at;
	} mapped[HWS_REACH_MAPPED_MAX]; /* ports at the host's router, which were tried */
	unsigned mapped_count;
	struct hws_reach_relay relay;
	struct hws_reach_way *offered;
	uint64_t offered_us;
	uint8_t statement[HWS_REACH_STATEMENT_MAX];
	size_t statement_len;
	struct hws_verdict verdict;
	struct hws_verdict_facts facts;
	struct hws_error why; /* why there is no way, as far as it is known */
	bool taken, failing, over;
};

void hws_reach_progress(struct hws_reach *r, const char *text);
/* --- reach.c: it is over with this; the caller hears of it at the end of the turn. */
void hws_reach_fail(struct hws_reach *r, int code, const char *text);
void hws_reach_fail_server(struct hws_reach *r, int why);
/* The sentences alone, into r->why. */
void hws_reach_blame_certificate(struct hws_reach *r, const char *whose, const char *name);
void hws_reach_blame_server(struct hws_reach *r, int why);

/* --- reach_ask.c */
int hws_reach_ask(struct hws_reach *r) HWS_MUST_CHECK;
/* Links on which the token goes: the key that must have signed what the server offers, parsed into
 * `pk`; NULL: there is no token, or no key. */
const uint8_t *hws_reach_secure_pk(const struct hws_reach *r, uint8_t pk[HWS_PK_LEN]);
/* What may be said of the account on this link; "" if nothing. For protobuf-c, which changes
 * nothing. */
char *hws_reach_token(const struct hws_reach *r, const struct hws_server_query *query);
/* What the question waited for is known, or will not be. */
void hws_reach_ask_ready(struct hws_reach *r);
/* The link to the server is of no more use. */
void hws_reach_ask_stop(struct hws_reach *r);
/* Links to the server end there. */
void hws_reach_ask_callbacks(struct hws_reach *r, struct hws_server_query_conf *conf);

/* --- reach_web.c: the server's own port may be closed to us. */
void hws_reach_web_soon(struct hws_reach *r);
/* It is. True: the answer to that by the web is awaited. */
bool hws_reach_web_instead(struct hws_reach *r);
/* `web` stands, and nothing else does. */
void hws_reach_web_adopt(struct hws_reach *r);
void hws_reach_web_stop(struct hws_reach *r);

/* --- reach_race.c */
void hws_reach_way_begin(struct hws_reach *r, struct hws_reach_way *w, enum hws_path path);
/* The way's stream is connected: it is offered when the host has spoken on it. */
void hws_reach_way_listen(struct hws_reach_way *w, struct hws_stream *s);
/* The host has spoken on the way's stream. */
void hws_reach_way_ready(struct hws_reach_way *w);
/* It will not stand. What the user is told, if no other does, is in r->why. */
void hws_reach_way_failed(struct hws_reach_way *w, int why);
/* Closes what it holds, without a word. */
void hws_reach_way_drop(struct hws_reach_way *w, int why);
/* All that hangs on the race. */
void hws_reach_race_stop(struct hws_reach *r);
/* The server has answered: `direct` ways run; the relay joins after `head_us`. */
void hws_reach_race_begin(struct hws_reach *r, uint64_t head_us);

/* --- reach_direct.c: by TCP from the port that the server saw. */
void hws_reach_direct_start(struct hws_reach *r, enum hws_path path,
		const struct sockaddr_storage *peer, uint64_t limit_us);
void hws_reach_direct_stop(struct hws_reach_direct *d, int why);

/* --- reach_mapped.c: to ports that the host's router passes on. */
void hws_reach_mapped_ways(struct hws_reach *r, Rdv__Candidate *const *list, size_t n);

/* --- reach_relay.c: both meet at the relay `relay.name`. */
void hws_reach_relay_start(struct hws_reach *r);
/* The host agreed already: our leg at the relay. */
void hws_reach_relay_join(struct hws_reach *r, const char *uuid, const char *relay);
/* What came on the link of the question; and that link is no more. */
void hws_reach_relay_heard(struct hws_reach *r, const Rdv__RendezvousMessage *m);
void hws_reach_relay_link_over(struct hws_reach *r);
/* Whether the server or the host said no: r->why is set then. */
bool hws_reach_relay_refused(struct hws_reach *r, const Rdv__RelayResponse *m);
/* Beaten: gently, so that the host does not wait there in vain. */
void hws_reach_relay_leave(struct hws_reach_relay *l);
void hws_reach_relay_stop(struct hws_reach_relay *l, int why);

/* --- reach_udp.c: by UDP. */
void hws_reach_udp_start(struct hws_reach *r);
void hws_reach_udp_stop(struct hws_reach *r);
/* Our address may be known in a moment. */
bool hws_reach_udp_pending(const struct hws_reach *r);
/* The server has been asked often and long enough to know that nothing comes through, if it is one
 * that answers. */
bool hws_reach_udp_silent(const struct hws_reach *r);
/* Fills in what the host is offered; it borrows from `o` and `r`. */
struct hws_reach_offer {
	Rdv__Candidate candidate[3], *list[3];
	uint8_t bytes[3][HWS_ADDR_WIRE_MAX];
};
void hws_reach_udp_offer(struct hws_reach *r, Rdv__PunchHoleRequest *q, struct hws_reach_offer *o);
/* The host knocks from there. A host behind our own address, which a router may lead back to, is
 * left to the LAN first. */
void hws_reach_udp_way(struct hws_reach *r, const struct sockaddr_storage *peer);
/* It is begun with now. */
void hws_reach_udp_lan_begins(struct hws_reach *r);
/* The LAN led nowhere. */
void hws_reach_udp_hurry(struct hws_reach *r);
void hws_reach_udp_way_ipv6(struct hws_reach *r, ProtobufCBinaryData bytes);
/* To a port that its router passes on: from a fresh socket. */
void hws_reach_udp_way_mapped(struct hws_reach *r, const struct sockaddr_storage *peer);
