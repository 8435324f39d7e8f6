/* hawser/terminal: shells and programs of a host, without its desktop; hosts without any display
 * serve them, too. One session carries any number of terminals, each known by a number that the
 * embedder chooses. Threads, events and the life of the session are those of hawser/session.h:
 * hawser_terminal_open takes the place of hawser_session_open.
 *
 * Output is fetched, not pushed: HAWSER_TERMINAL_OUTPUT says once that there is some, and
 * hawser_terminal_read takes it. Who does not read makes the program at the host wait, not this
 * memory grow (deployed hosts drop output instead, after some seconds even the session). Input
 * waits in a bounded room: what hawser_terminal_write does not take is given again after
 * HAWSER_TERMINAL_ROOM.
 *
 * Between two hawser ends (`extended` of HAWSER_TERMINAL_OPENED) a program can be started without a
 * terminal, its standard error comes apart, its input can end, its exit status is known, and a cut
 * of the line neither loses nor doubles a byte in either direction: the session connects again by
 * itself, HAWSER_TERMINAL_OPENED comes once more with `again`, and both sides go on where they
 * were. Deployed hosts have one login shell for each terminal, and after a cut only when they were
 * asked to keep it; what was typed into the cut is lost there.
 *
 * What a program writes is for a terminal, and may command it: whatever else it is shown in has to
 * escape it. Texts in events and lists are escaped already. examples/terminal.c runs a command. */
#pragma once
#include <hawser/session.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HAWSER_TERMINALS_MAX 64u
#define HAWSER_TERMINAL_SIDE_MAX 1000u

struct hawser_terminal_config {
	size_t size;
	/* Shells stay when the session ends, and the next one that says the same finds them. */
	bool keep;
	/* Another account of the host, where it offers that; NULL: its own choice. */
	const char *os_user, *os_password;
};
#define HAWSER_TERMINAL_CONFIG_INIT                                                                \
	{                                                                                          \
		.size = sizeof(struct hawser_terminal_config)                                      \
	}

struct hawser_terminal_start {
	size_t size;
	int id;              /* 1 .., not in use */
	unsigned rows, cols; /* 1 .. HAWSER_TERMINAL_SIDE_MAX */
	/* The rest is for hosts of ours; elsewhere HAWSER_TERMINAL_ENDED says so
	 * (HAWSER_ERR_UNSUPPORTED). */
	const char *const *argv; /* ends with NULL; NULL: the login shell */
	const char *term;        /* $TERM; NULL: the host's choice */
	const char *const *env;  /* NAME=VALUE, ends with NULL: LANG, LC_*, COLORTERM; or NULL */
	bool no_pty;             /* pipes instead of a terminal */
	bool attach;             /* the kept terminal of this number, not a new one */
	bool keep;               /* it stays when the session ends */
};
#define HAWSER_TERMINAL_START_INIT                                                                 \
	{                                                                                          \
		.size = sizeof(struct hawser_terminal_start), .rows = 24, .cols = 80               \
	}

enum hawser_terminal_event_type {
	HAWSER_TERMINAL_OPENED, /* .opened */
	HAWSER_TERMINAL_OUTPUT, /* something can be read; again only when all has been */
	HAWSER_TERMINAL_ROOM,   /* after a write that was not taken whole */
	/* .ended: no more output comes; what is left can still be read. The number is free. */
	HAWSER_TERMINAL_ENDED,
	HAWSER_TERMINAL_LIST /* .list, an answer */
};

/* In a list: step from one to the next by `size`. */
struct hawser_terminal_item {
	size_t size;
	int id;
	uint32_t pid, rows, cols;
	uint32_t idle_s;    /* since the last output or input */
	uint64_t started_s; /* Unix time */
	bool attached;      /* somebody looks at it */
	const char *command, *title;
};

static inline const struct hawser_terminal_item *hawser_terminal_item_next(
		const struct hawser_terminal_item *item)
{
	return (const struct hawser_terminal_item *)((const char *)item + item->size);
}

struct hawser_terminal_event {
	size_t size;
	enum hawser_terminal_event_type type;
	int id; /* 0 with LIST */
	union {
		struct {
			uint32_t pid;
			bool again;    /* after a cut, the same terminal */
			bool old;      /* it was there, and shows first what it had shown */
			bool extended; /* of a host of ours */
			const char *text;
			const int32_t *others; /* that a deployed host keeps besides; borrowed */
			size_t other_count;
		} opened;
		struct {
			/* HAWSER_OK: the program has ended, and the two below hold; else why
			 * there is no terminal: DENIED, UNSUPPORTED, EOF (gone in a cut), ... */
			int error;
			int exit_code; /* -1: closed from here (deployed hosts) */
			unsigned signal;
			const char *text; /* a sentence part; "" when the program ended by itself */
		} ended;
		struct {
			const struct hawser_terminal_item *items;
			size_t count;
		} list;
	} u;
};

/* Starts connecting, as hawser_session_open does; terminals can be started from
 * HAWSER_EVENT_READY on. */
int hawser_terminal_open(hawser_context *ctx, const struct hawser_link_config *link,
		const struct hawser_terminal_config *config, hawser_session **ret);

/* HAWSER_TERMINAL_OPENED or _ENDED follows. HAWSER_ERR_DENIED: not connected; HAWSER_ERR_EXISTS:
 * the number is in use; HAWSER_ERR_INVAL, HAWSER_ERR_RANGE, HAWSER_ERR_FULL. */
int hawser_terminal_start(hawser_session *s, const struct hawser_terminal_start *start);

enum hawser_stream {
	HAWSER_STREAM_OUT = 0,
	HAWSER_STREAM_ERR = 1, /* of programs without a terminal */
	HAWSER_STREAM_NONE = 2 /* nothing waits */
};
/* Takes what waits, at most `size` bytes, all of one stream. Returns how many (0: nothing waits, or
 * the stream named has ended: *ret_end), or HAWSER_ERR_NOTFOUND. */
long hawser_terminal_read(hawser_session *s, int id, void *buf, size_t size,
		enum hawser_stream *ret_stream, bool *ret_end);
/* Types; binary safe. Returns how much was taken, from 0 to `size`; or HAWSER_ERR_NOTFOUND,
 * HAWSER_ERR_CLOSED (after hawser_terminal_end_input). While the line is cut it waits here. */
long hawser_terminal_write(hawser_session *s, int id, const void *data, size_t size);
/* How much of it waits here, or is not confirmed by a host of ours. */
size_t hawser_terminal_waiting(hawser_session *s, int id);
/* No more input comes, after what was written. A deployed host is not told: it knows no end. */
int hawser_terminal_end_input(hawser_session *s, int id);
int hawser_terminal_resize(hawser_session *s, int id, unsigned rows, unsigned cols);
/* A signal by its number on Linux (SIGINT 2, SIGTERM 15 ...), to the program and what it has
 * started. Hosts of ours only; HAWSER_ERR_DENIED elsewhere. */
int hawser_terminal_signal(hawser_session *s, int id, unsigned number);
/* Ends the program: HAWSER_TERMINAL_ENDED follows. */
int hawser_terminal_close(hawser_session *s, int id);
/* Asks for the terminals that the host keeps for this viewer: HAWSER_TERMINAL_LIST follows. Hosts
 * of ours only: HAWSER_ERR_UNSUPPORTED. */
int hawser_terminal_list(hawser_session *s);
/* Ends one of the list, whoever looks at it. Nothing follows but what a list says. */
int hawser_terminal_kill(hawser_session *s, int id);

#ifdef __cplusplus
}
#endif
