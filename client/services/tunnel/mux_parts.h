/* tunnel/mux_parts: what the files of the mux share. */
#pragma once
#include "client/services/tunnel/mux.h"
#include "shared/base/list.h"

#define HWS_MUX_BUCKETS 256u /* a power of two */

enum mux_state {
	MUX_ASKED,  /* ours, the answer has not come */
	MUX_ASKING, /* theirs, the owner has not answered */
	MUX_OPEN,
	MUX_DEAD, /* the owner was told; freed when no function of the mux is on the stack */
};

struct hws_mux_stream {
	struct hws_list all;    /* of the mux */
	struct hws_list bucket; /* by number */
	struct hws_list turn;   /* ready to send */
	struct hws_mux *m;
	void *tag;
	uint32_t id;
	enum mux_state state;
	Ses__TunnelKind kind;
	bool eof_sent, eof_received;
	bool wants;        /* to send: credit is all that is missing */
	uint64_t credit;   /* that we may send */
	uint32_t window;   /* that we give: received and not consumed never is more */
	uint32_t granted;  /* of it the other side may still use */
	uint32_t unspent;  /* received and not consumed */
	uint32_t owed;     /* consumed and not given again */
	uint64_t given_us; /* when it last was */
	uint64_t bytes_in, bytes_out;
};

struct mux_listener {
	uint32_t id; /* 0: none */
	bool ours;   /* we asked for it */
};

struct hws_mux {
	struct hws_mux_conf conf;
	struct hws_list streams, turns, dead;
	struct hws_list by_id[HWS_MUX_BUCKETS];
	unsigned count;
	size_t windows; /* of all streams together */
	uint32_t next_id, seen_id;
	struct mux_listener listener[HWS_MUX_LISTENERS_MAX];
	unsigned depth; /* functions of the mux on the stack */
	bool pumping, gone;
	int err;
	uint32_t ping; /* under way, 0 = none */
	uint32_t pings;
	uint64_t ping_us, rtt_us;
	uint8_t buf[HWS_MUX_DATA_MAX];
};

/* mux.c. Between enter and leave no stream is freed. */
void hws_mux_enter(struct hws_mux *m);
void hws_mux_leave(struct hws_mux *m);
struct hws_mux_stream *hws_mux_find(struct hws_mux *m, uint32_t id);
/* NULL without memory. */
struct hws_mux_stream *hws_mux_add(
		struct hws_mux *m, uint32_t id, Ses__TunnelKind kind, enum mux_state state);
/* The stream is dead; the owner is not told. */
void hws_mux_drop(struct hws_mux_stream *s);
/* The owner is told first. */
void hws_mux_end(struct hws_mux_stream *s, Ses__TunnelCode code, const char *text);
/* Ends it when both ways have ended and nothing is left to consume. */
void hws_mux_settle(struct hws_mux_stream *s);
/* Its turn will come, should it have credit. */
void hws_mux_queue(struct hws_mux_stream *s);
/* Sends what may be sent. */
void hws_mux_pump(struct hws_mux *m);
bool hws_mux_target_ok(const char *host, Ses__TunnelKind kind);

/* mux_input.c. Of a sentence no more than anybody reads. */
const char *hws_mux_text(const char *text, char buf[HWS_MUX_TEXT_MAX + 1]);
/* Numbers that are none are a failure. */
Ses__TunnelCode hws_mux_code(Ses__TunnelCode code);

/* mux_listen.c */
struct mux_listener *hws_mux_find_listener(struct hws_mux *m, uint32_t id, bool ours);
void hws_mux_on_listen(struct hws_mux *m, const Ses__TunnelListen *l);
void hws_mux_on_listening(struct hws_mux *m, const Ses__TunnelListening *a);
void hws_mux_on_unlisten(struct hws_mux *m, const Ses__TunnelUnlisten *u);

/* mux_send.c: each sends one message; a failure is kept in m->err, and then nothing is sent. */
void hws_mux_send(struct hws_mux *m, Ses__Tunnel *t);
void hws_mux_send_data(struct hws_mux_stream *s, struct hws_bytes data, bool datagram);
void hws_mux_send_opened(struct hws_mux_stream *s, Ses__TunnelCode code, const char *text,
		const char *address);
void hws_mux_send_refused(struct hws_mux *m, uint32_t id, Ses__TunnelCode code, const char *text);
void hws_mux_send_window(struct hws_mux_stream *s, uint32_t bytes);
void hws_mux_send_eof(struct hws_mux_stream *s);
void hws_mux_send_reset(struct hws_mux *m, uint32_t id, Ses__TunnelCode code, const char *text);
void hws_mux_send_ping(struct hws_mux *m, uint32_t number, bool answer);
