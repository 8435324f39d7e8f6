/* host/gate_parts: what the files of the gate share: its state, and what each side may ask of the
 * other. */
#pragma once
#include "client/host/gate.h"
#include "client/host/gate_drop.h"
#include "client/host/gate_login.h"
#include "client/host/gate_probe.h"
#include "client/host/gate_reply.h"
#include "client/host/ipc.h"
#include "client/host/offers.h"
#include "client/host/patience.h"
#include "shared/base/buf.h"
#include "shared/base/clock.h"
#include "shared/net/conn.h"
#include "shared/net/leg_join.h"
#include "shared/net/pump.h"
#include "shared/wire/secure.h"
#include "shared/wire/session_channel.h"
#include "shared/wire/session_rights.h"

#define HWS_GATE_REFUSED_US HWS_US_PER_S /* an error before the end: leave time to read it */

enum gate_state {
	GATE_SIGNING,  /* hostd signs our half of the handshake */
	GATE_SECURING, /* the viewer's first frames decide on encryption */
	GATE_LOGIN,    /* Hash sent, waits for LoginRequest */
	GATE_CHECKING, /* hostd judges a LoginRequest */
	GATE_OPENING,  /* the agent prepares the desktop */
	GATE_OPEN,
	GATE_CLOSING, /* the last message is on its way */
	GATE_CLOSED
};

/* gate_raw.c: the tunnel of a deployed viewer. */
struct hws_gate_raw {
	struct hws_stream *inner; /* to the connector, until the line is raw */
	struct hws_buf peer_info; /* for the viewer, once it owes no answer */
	struct hws_timer look;
	struct hws_pump *pump;
	uint64_t before_in, before_out; /* bytes while there were frames; all, when it has ended */
};

/* gate_legs.c */
#define HWS_GATE_JOINS 2u /* at one time */
#define HWS_GATE_STOOD 16u
struct hws_gate_legs {
	struct hws_legs *below; /* NULL: the session stays where it is */
	uint8_t session[HWS_LEG_SESSION_LEN];
	struct hws_gate_join {
		struct hws_gate *gate;
		struct hws_leg_join *join; /* NULL: the place is free */
		uint64_t conn;
		uint32_t number;
	} joins[HWS_GATE_JOINS];
	/* of the last legs that stood, at their number, for when one of them is used again */
	struct hws_gate_stood {
		uint64_t conn;
		uint32_t number; /* 0: none */
	} stood[HWS_GATE_STOOD];
	bool asked;              /* this connection is to be a leg of another gate's session */
	struct hws_stream *line; /* then, the viewer's end; the pump's (raw.pump) */
};

struct hws_gate {
	struct hws_loop *loop;
	struct hws_gate_conf conf;
	enum gate_state state;
	struct hws_conn *conn; /* NULL once the line is raw */
	struct hws_ipc *agent;
	struct hws_secure secure;
	struct hws_gate_login login;
	struct hws_buf next_login; /* came while one is judged; empty = none */
	struct hws_timer tick, deadline;
	char *salt, *challenge, *peer;
	char *refusal; /* NULL = may log in */
	uint64_t login_timeout_us;
	uint32_t permissions; /* as hostd says, reduced by the session type once it is known */
	uint32_t disabled;    /* what the viewer does not want */
	unsigned clip_shut;   /* HWS_CLIP_*: as hostd says */
	enum hws_secure_level level; /* once past GATE_SECURING */
	bool secure_used;            /* SignedId comes first, else Hash */
	bool v2_only, plain_ok, final_end;
	struct hws_offers offers; /* what the viewer may answer next */
	struct hws_gate_welcome welcome_secret;
	struct hws_probes probes;
	uint32_t bitrate;
	unsigned ticks;
	unsigned doubted; /* ticks that are left to hear something of the viewer; 0 = it is not */
	struct hws_gate_drops drops;
	struct hws_gate_raw raw;
	struct hws_gate_legs legs;
	char why[160]; /* a copy: reasons come from messages that go */
	struct hws_deferred gone;
};

/* What the viewer may do now. */
uint32_t hws_gate_effective(const struct hws_gate *g);
/* Where the session stands, for a judgement by the table of messages. */
struct hws_session_case hws_gate_case(const struct hws_gate *g);
/* Ignores what the states do not allow. */
void hws_gate_set_state(struct hws_gate *g, enum gate_state to);
/* Tells hostd how it stands. */
void hws_gate_report(struct hws_gate *g);
/* At once; the gate is freed at the end of this turn. */
void hws_gate_end(struct hws_gate *g, const char *why);
/* The viewer gets `wait_us` to read `text`. */
void hws_gate_refuse(struct hws_gate *g, const char *text, uint64_t wait_us);
/* Asks the viewer for a sign that what was sent has arrived. */
void hws_gate_probe(struct hws_gate *g);
/* The desktop's encoder hears what was measured on the line. */
void hws_gate_tell_quality(struct hws_gate *g);

/* The line is as well protected as it will be: the session begins. */
void hws_gate_start_session(struct hws_gate *g);
/* A session message of the viewer. */
void hws_gate_session_frame(struct hws_gate *g, struct hws_bytes frame);
/* No login, or no handshake, came in time. */
void hws_gate_login_timeout(void *arg);

/* gate_rights.c: what its permissions let pass, may the rest of it? */
bool hws_gate_clip_may(const struct hws_gate *g, const struct hws_session_row *row,
		enum hws_session_direction to, struct hws_bytes message);
bool hws_gate_switch_may(const struct hws_gate *g, const struct hws_session_row *row,
		struct hws_bytes message);

/* gate_channel.c: the handshake. Takes what it needs of `s`. */
void hws_gate_channel_init(struct hws_gate *g, const Agt__GateStart *s);
void hws_gate_channel_begin(struct hws_gate *g);
void hws_gate_channel_frame(struct hws_gate *g, struct hws_bytes frame);
/* The longest frame when the longest message is so long: a record is longer. */
size_t hws_gate_channel_frame_max(size_t message_max);

/* gate_desktop.c: the agent's side. Takes `agent_fd`. */
void hws_gate_open_desktop(struct hws_gate *g, int agent_fd);
/* A frame of the viewer that may go to the agent. */
void hws_gate_forward(
		struct hws_gate *g, const struct hws_session_row *row, struct hws_bytes frame);
/* The same for one that may change what the viewer wants. */
void hws_gate_option(struct hws_gate *g, const struct hws_session_row *row, struct hws_bytes frame);
/* The viewer takes more of this class. */
void hws_gate_let_agent_send(struct hws_gate *g, enum hws_send_class cls);

/* gate_legs.c: the handshake is done, and nothing else was said yet. */
int hws_gate_legs_begin(struct hws_gate *g) HWS_MUST_CHECK;
/* The viewer was let in: its kind is known. */
void hws_gate_legs_opened(struct hws_gate *g);
/* A first frame: true when it asks for a leg, and is dealt with. */
bool hws_gate_leg_asked(struct hws_gate *g, struct hws_bytes frame);
/* With the gate, before its link. */
void hws_gate_legs_done(struct hws_gate *g);

/* gate_raw.c: a tunnel of a deployed viewer, raw after its login. */
/* Is that the session's kind? From the verdict on, no probe is sent then: its answer would come
 * between the bytes of the tunnel. */
bool hws_gate_is_raw(const struct hws_gate *g);
/* The connector has opened the target: the viewer is let in as soon as it owes no answer any more.
 * Takes `fd`, which is -1 where the connector gave none. */
void hws_gate_raw_open(struct hws_gate *g, const Agt__Opened *o, int fd);
/* The viewer has answered a probe. */
void hws_gate_raw_answered(struct hws_gate *g);
/* Bytes from the viewer and to it; nothing before the line is raw. */
void hws_gate_raw_count(const struct hws_gate *g, uint64_t *ret_in, uint64_t *ret_out);
/* With the gate. */
void hws_gate_raw_done(struct hws_gate *g);
