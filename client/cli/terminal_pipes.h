/* cli/terminal_pipes: standard input, output and error of this program, while they are those of a
 * program at a host. Nothing waits: whoever does not read or write holds up only what is his. */
#pragma once
#include <hawser/terminal.h>
#include <poll.h>

#define PIPE_ROOM (64u << 10)

struct terminal_pipes {
	int out[2];     /* without waiting, if the system lets us; by enum hawser_stream */
	bool own[2];    /* opened anew, to be closed */
	size_t most[2]; /* that may be written at once without waiting */
	bool gone[2];   /* nobody reads it any more */
	bool more;      /* output was left for the next turn: keys come first */
	enum hawser_stream stream; /* of what waits to be written */
	size_t at, len;
	uint8_t output[PIPE_ROOM];

	bool in_end, in_told; /* the input has ended; and the host knows */
	size_t in_at, in_len;
	uint8_t input[PIPE_ROOM];
};

void terminal_pipes_begin(struct terminal_pipes *p);
void terminal_pipes_end(struct terminal_pipes *p);
/* Takes output from the terminal and writes it, until one of both stops. HAWSER_OK;
 * HAWSER_ERR_CLOSED: nobody reads standard output; HAWSER_ERR_DISK: it cannot be written. */
int terminal_pipes_write(struct terminal_pipes *p, hawser_session *s, int id);
/* All that came is written. */
bool terminal_pipes_idle(const struct terminal_pipes *p);
/* What to wait for: POLLOUT of what is written to, or nothing (fd -1). */
struct pollfd terminal_pipes_poll_out(const struct terminal_pipes *p);
/* Is there room for more input? */
bool terminal_pipes_wants_input(const struct terminal_pipes *p);
/* Reads what is there: more of `input`, or the end. */
void terminal_pipes_read(struct terminal_pipes *p);
/* Gives the terminal what it takes. HAWSER_OK or an error of hawser_terminal_write. */
int terminal_pipes_feed(struct terminal_pipes *p, hawser_session *s, int id);
