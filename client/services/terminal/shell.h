/* terminal/shell: one terminal of the host: its program, what it said lately, what waits for it,
 * and the viewer that sees it, if one does. Output goes out as soon as there is any; how much may
 * be on its way is bounded by the viewer's window and by its link, and while it is, the program
 * waits. Without a viewer a shell runs on and its oldest output is lost; a command between pipes
 * waits instead. Loop thread only. */
#pragma once
#include "client/platform/pty.h"
#include "client/services/host_viewer.h"
#include "client/services/terminal/history.h"
#include "client/services/terminal/screen.h"
#include "shared/base/list.h"
#include "shared/loop/loop.h"

#define HWS_SHELL_WINDOW_MAX (256u << 10) /* of output */
#define HWS_SHELL_INPUT_WINDOW (128u << 10)
/* What viewers that know no window may have waiting here; what is beyond is lost. */
#define HWS_SHELL_INPUT_MAX (4u << 20)
#define HWS_SHELL_REPLAY_MAX 8192u /* to deployed viewers */
#define HWS_SHELL_COMMAND 128u

struct hws_shell {
	struct hws_list node; /* of its owner */
	void *owner;
	struct hws_loop *loop;
	int32_t id;
	struct hws_pty *pty; /* NULL: closed */
	bool pipes, keep;
	uint16_t columns, rows;
	char command[HWS_SHELL_COMMAND]; /* for people, escaped */
	uint64_t opened_unix_s, active_us;
	uint64_t alone_us; /* since when nobody sees it */
	/* output */
	struct hws_history said;
	uint64_t sent, acked, fed; /* positions */
	uint64_t skipped;          /* to be told with what is sent next */
	uint32_t window;           /* 0: none */
	/* What was left out takes no room of the window, until it is acknowledged up to there. */
	uint64_t credit, credit_end;
	bool silent, errors_silent; /* of each stream everything was read */
	bool eof_sent, errors_eof_sent;
	bool more;                 /* it may have something to read */
	bool tight, choked;        /* compressing pays; its link was full lately */
	uint64_t slice_us;         /* when what is being sent now was begun */
	struct hws_screen *screen; /* NULL until somebody needs one */
	struct hws_timer pump, idle, redraw;
	/* input */
	struct hws_buf in;
	uint64_t taken, told_taken;
	bool in_eof, in_over;
	/* end */
	bool ended;
	struct hws_pty_exit how;
	struct hws_host_viewer *viewer; /* NULL: nobody sees it */
	uint64_t conn;                  /* of who saw it last */
	/* Everything that it said has been sent, or nobody sees it: once, after its end. */
	void (*on_end)(struct hws_shell *s);
};

struct hws_shell_conf {
	struct hws_loop *loop;
	struct hws_ptys *ptys;
	int32_t id;
	const char *const *argv; /* NULL: a login shell */
	const char *const *env;
	const char *term;
	bool pipes;
	uint16_t columns, rows;
	void *owner;
	void (*on_end)(struct hws_shell *s);
};

int hws_shell_open(const struct hws_shell_conf *conf, struct hws_shell **ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* A program that still runs is hung up. Takes NULL. */
void hws_shell_free(struct hws_shell *s);

/* From now on this viewer sees it, from position `from` on, or, where that is not there any more,
 * from now on. */
void hws_shell_attach(
		struct hws_shell *s, struct hws_host_viewer *v, uint32_t window, uint64_t from);
/* Is output from there on still there? */
bool hws_shell_has(const struct hws_shell *s, uint64_t from);
/* What it shows, for a viewer that has not seen it: screen and scrollback where that can be kept,
 * else the last lines. */
void hws_shell_snapshot(struct hws_shell *s, struct hws_buf *out);
/* The last lines, in the manner of deployed hosts. */
void hws_shell_tail(struct hws_shell *s, struct hws_buf *out);
void hws_shell_detach(struct hws_shell *s);
/* After `opened` has been sent: what waits goes out. */
void hws_shell_begin(struct hws_shell *s);

void hws_shell_input(struct hws_shell *s, struct hws_bytes data);
void hws_shell_end_input(struct hws_shell *s);
void hws_shell_ack(struct hws_shell *s, uint64_t position);
void hws_shell_resize(struct hws_shell *s, uint32_t columns, uint32_t rows);
/* Has programs draw anew, by the way of deployed hosts: another size, and after 30 ms the old
 * one. */
void hws_shell_redraw(struct hws_shell *s);
void hws_shell_signal(struct hws_shell *s, uint32_t number);
/* The link of its viewer has room again. */
void hws_shell_drained(struct hws_shell *s);
/* The title that the program has set, or "". */
const char *hws_shell_title(struct hws_shell *s);
/* 128 and the signal's number for a program that a signal ended. */
int hws_shell_status(const struct hws_shell *s);

/* --- shell_output.c: for shell.c and whoever asks what a terminal shows --- */

/* Reads and sends so much as may be now, and goes on by itself. May end with on_end. */
void hws_shell_pump(struct hws_shell *s);
/* The screen takes what was said up to now. */
void hws_shell_catch_up(struct hws_shell *s);
