/* terminal/terminal_view_parts: what the files of the viewer's end share: terminal_view.c (opening,
 * closing, what the host says), view_output.c and view_input.c. */
#pragma once
#include "client/services/terminal/replay_filter.h"
#include "client/services/terminal/terminal_view.h"
#include "shared/base/list.h"

enum hws_terminal_state {
	HWS_TERMINAL_FREE,
	HWS_TERMINAL_ASKED, /* an open is on its way */
	HWS_TERMINAL_OPEN,
	HWS_TERMINAL_LOST /* the link is; it may be there again */
};

struct hws_terminal {
	enum hws_terminal_state state;
	int id;
	unsigned generation; /* counts uses of the slot: what is unpacked may come too late */
	uint16_t rows, cols;
	bool counts; /* by a host of ours: windows and positions */
	bool keep, no_pty;
	bool was_open; /* on this link or an earlier one */
	bool started;  /* counting has begun */
	uint64_t asked_us;

	/* Output: positions of bytes that are no replay. */
	uint64_t received, taken, acked;
	size_t here; /* bytes that the owner has not taken */
	struct hws_replay_filter filter;
	bool replaying;

	/* Input: `input` begins at position `confirmed`. */
	struct hws_buf input;
	uint64_t confirmed, sent;
	uint32_t window;
	bool end_wanted, end_sent;
};

/* What came and has to wait for what came before it. */
struct hws_terminal_chunk {
	struct hws_list node;
	unsigned slot, generation;
	bool packed; /* not unpacked yet */
	bool errors, eof, replay, closed;
	bool failed; /* it could not be unpacked */
	int exit_code;
	unsigned signal;
	struct hws_buf data;
};

struct hws_terminal_view {
	struct hws_service service;
	struct hws_terminal_view_conf conf;
	struct hws_terminal terminal[HWS_TERMINALS_MAX];
	struct hws_list chunks;
	size_t chunk_count, chunk_bytes, here; /* `here` of all terminals */
	bool held;
	uint64_t now_us;
};

/* NULL: none of this id is in use. */
struct hws_terminal *hws_terminal_find(struct hws_terminal_view *tv, int id);
bool hws_terminal_counts(const struct hws_terminal_view *tv);
int hws_terminal_send(struct hws_terminal_view *tv, Ses__TerminalAction *a) HWS_MUST_CHECK;
/* Tells the owner and frees the slot. */
void hws_terminal_gone(struct hws_terminal_view *tv, struct hws_terminal *t,
		const struct hws_terminal_closed *c);
/* The same after the output that still waits. */
void hws_terminal_ends(struct hws_terminal_view *tv, struct hws_terminal *t, int exit_code,
		unsigned signal);

/* view_output.c */
void hws_terminal_on_data(struct hws_terminal_view *tv, const Ses__TerminalData *d);
/* Nothing of it waits to be unpacked. */
bool hws_terminal_settled(const struct hws_terminal_view *tv, const struct hws_terminal *t);
void hws_terminal_drop_chunks(struct hws_terminal_view *tv);
/* Reads the link, or does not, by what waits here. */
void hws_terminal_hold(struct hws_terminal_view *tv);

/* view_input.c */
void hws_terminal_send_input(struct hws_terminal_view *tv, struct hws_terminal *t);
/* So much has been taken in all. False: that cannot be. */
bool hws_terminal_confirm(struct hws_terminal_view *tv, struct hws_terminal *t, uint64_t position);
