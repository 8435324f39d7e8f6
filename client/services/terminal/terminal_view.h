/* terminal/terminal_view: shells of a host at the viewer. Towards deployed hosts as they have it;
 * hosts of ours (v2) run commands, know pipes, count every byte in both directions, so that a line
 * that was cut loses and doubles nothing, and send no more output than the owner takes. Loop thread
 * only. */
#pragma once
#include "client/core/viewer.h"
#include "client/decoder/confined.h"

struct hws_terminal_view;

#define HWS_TERMINALS_MAX 64u
#define HWS_TERMINAL_ARGS_MAX 64u
#define HWS_TERMINAL_ENV_MAX 32u
#define HWS_TERMINAL_ARG_BYTES (32u << 10) /* all of them, and the environment */
/* What waits to be sent, of each terminal. */
#define HWS_TERMINAL_INPUT_MAX (256u << 10)
#define HWS_TERMINAL_INPUT_ROOM (512u << 10) /* more than an owner that counts gives */
/* Output that hosts of ours send ahead of the owner's taking it. */
#define HWS_TERMINAL_WINDOW (256u << 10)

struct hws_terminal_wish {
	int id;              /* 1 .., chosen by the owner */
	uint16_t rows, cols; /* 1 .. */
	/* The rest is for hosts of ours. */
	const char *const *argv; /* argc of them; none: the login shell */
	size_t argc;
	const char *term;       /* $TERM; NULL: the host's choice */
	const char *const *env; /* env_count of NAME=VALUE */
	size_t env_count;
	bool no_pty; /* pipes: the errors come apart, and the input can end */
	bool attach; /* only one that is there already */
	bool keep;   /* it stays when the session ends */
};

struct hws_terminal_opened {
	uint32_t pid;
	bool again;  /* after a cut: it is the one that was open before */
	bool old;    /* it was there, with what it shows */
	bool counts; /* of a host of ours */
	const char *text;
	const int32_t *others; /* that deployed hosts keep besides */
	size_t other_count;
};

struct hws_terminal_output {
	struct hws_bytes data; /* borrowed */
	bool errors, eof;
	bool replay; /* what was there before: nothing of it asks the terminal anything */
};

struct hws_terminal_closed {
	int err; /* HWS_OK: the program has ended; else why there is no terminal */
	int exit_code;
	unsigned signal;  /* that ended it; 0: exit_code counts */
	const char *text; /* readable; why, or "" */
};

struct hws_terminal_item {
	int id;
	uint32_t pid, rows, cols, idle_s;
	uint64_t started_s;
	bool attached;
	const char *command, *title; /* readable */
};

struct hws_terminal_view_conf {
	struct hws_confined *decoder; /* unpacks */
	void (*on_opened)(int id, const struct hws_terminal_opened *o, void *arg);
	/* To be answered by hws_terminal_view_took, at once or later. */
	void (*on_output)(int id, const struct hws_terminal_output *o, void *arg);
	/* So much of the input still waits, or is not confirmed. */
	void (*on_input)(int id, size_t waiting, void *arg);
	/* The id is free again. */
	void (*on_closed)(int id, const struct hws_terminal_closed *c, void *arg);
	void (*on_list)(const struct hws_terminal_item *items, size_t count, void *arg);
	/* For the next login that wants kept terminals back. */
	void (*on_service)(const char *service_id, void *arg);
	/* The host sends faster than its output is taken: read no more of the link, or again. */
	void (*hold)(bool held, void *arg);
	void *arg;
};

int hws_terminal_view_new(const struct hws_terminal_view_conf *conf,
		struct hws_terminal_view **ret) HWS_MUST_CHECK;
void hws_terminal_view_free(struct hws_terminal_view *tv); /* takes NULL */
struct hws_service *hws_terminal_view_service(struct hws_terminal_view *tv);
struct hws_terminal_view *hws_terminal_view_of(struct hws_service *s);

/* HWS_ERR_INVAL: an id, a size or a text that cannot be. HWS_ERR_EXISTS: that id is in use.
 * HWS_ERR_UNSUPPORTED: more than this host can. HWS_ERR_FULL, HWS_ERR_DENIED (no session now). */
int hws_terminal_view_open(
		struct hws_terminal_view *tv, const struct hws_terminal_wish *w) HWS_MUST_CHECK;
/* All of it or, with HWS_ERR_FULL, nothing. HWS_ERR_NOTFOUND. While the link is lost it waits. */
int hws_terminal_view_input(
		struct hws_terminal_view *tv, int id, struct hws_bytes data) HWS_MUST_CHECK;
/* As told by on_input. */
size_t hws_terminal_view_waiting(struct hws_terminal_view *tv, int id);
/* After what was given so far. HWS_ERR_UNSUPPORTED: deployed hosts know no end. */
int hws_terminal_view_end_input(struct hws_terminal_view *tv, int id) HWS_MUST_CHECK;
/* So much of the output is no longer here; `counted` of it was no replay. */
void hws_terminal_view_took(struct hws_terminal_view *tv, int id, size_t bytes, size_t counted);
int hws_terminal_view_resize(
		struct hws_terminal_view *tv, int id, uint16_t rows, uint16_t cols) HWS_MUST_CHECK;
/* Ends the program; on_closed follows. */
int hws_terminal_view_close(struct hws_terminal_view *tv, int id) HWS_MUST_CHECK;
/* HWS_ERR_UNSUPPORTED at deployed hosts; so are the next two. */
int hws_terminal_view_signal(struct hws_terminal_view *tv, int id, unsigned number) HWS_MUST_CHECK;
/* on_list follows. */
int hws_terminal_view_list(struct hws_terminal_view *tv) HWS_MUST_CHECK;
/* Of one that is kept, whoever looks at it. */
int hws_terminal_view_kill(struct hws_terminal_view *tv, int id) HWS_MUST_CHECK;
