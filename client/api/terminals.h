/* api/terminals: the terminals of a session, between the embedder's calls (terminal.c) and the
 * service on the loop's thread (terminal_loop.c). Output waits here until the embedder fetches it,
 * and is acknowledged to the host as it does. */
#pragma once
#include "client/api/session_loop.h"
#include "client/services/terminal/terminal_view.h"
#include <hawser/terminal.h>

struct api_output {
	struct hws_list node;
	bool errors, eof, counted; /* counted: no replay */
	size_t at, len;
	uint8_t data[];
};

struct api_terminal {
	int id; /* 0: free */
	bool live;
	bool told;       /* that there is output */
	bool wants_room; /* a write was not taken whole */
	bool end_input;
	size_t posted, queued; /* input on its way to the loop, and what the service has of it */
	struct hws_list output;
};

/* Under the session's lock. */
struct api_terminals {
	struct api_terminal terminal[HAWSER_TERMINALS_MAX];
	bool keep;
	char os_user[64]; /* "": the host's choice */
};

/* Freed with the handle. */
struct api_terminals *api_terminals_new(void) HWS_MUST_CHECK;
void api_terminals_free(struct api_terminals *ts); /* takes NULL */
/* NULL: no such one. */
struct api_terminal *api_terminal_find(struct api_terminals *ts, int id);
/* What was not read is lost. */
void api_terminal_release(struct api_terminal *t);

/* Commands; `a` is the id. */
void api_terminal_do_start(struct api_session_loop *e, const struct api_command *c);
void api_terminal_do_input(struct api_session_loop *e, const struct api_command *c);
void api_terminal_do_end_input(struct api_session_loop *e, const struct api_command *c);
void api_terminal_do_took(struct api_session_loop *e, const struct api_command *c);
void api_terminal_do_resize(struct api_session_loop *e, const struct api_command *c);
void api_terminal_do_signal(struct api_session_loop *e, const struct api_command *c);
void api_terminal_do_close(struct api_session_loop *e, const struct api_command *c);
void api_terminal_do_list(struct api_session_loop *e, const struct api_command *c);
void api_terminal_do_kill(struct api_session_loop *e, const struct api_command *c);

/* What a start says, for the other thread: the texts follow, each with its NUL: $TERM, the
 * arguments, the environment. */
struct api_terminal_wish {
	uint16_t rows, cols;
	bool no_pty, attach, keep, has_term;
	size_t argc, env_count;
	char texts[];
};
