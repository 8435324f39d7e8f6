/* platform/pty: programs behind a terminal of ours: a shell for the far end.
 *
 * Both directions are pulled: what the program writes waits with it until it is read here, and what
 * it does not read is not taken from us. So a terminal holds bounded memory, whoever is slow.
 *
 * All calls and events on the loop's thread; events never come from inside a call of this
 * interface. A terminal may be closed from inside its own event. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>

#define HWS_PTYS_MAX 64u
#define HWS_PTY_SIDE_MAX 1000u /* columns, rows */
#define HWS_PTY_ARGS_MAX 256u
#define HWS_PTY_ENV_MAX 32u

struct hws_ptys; /* the source of terminals; of a back-end */
struct hws_pty;

struct hws_pty_exit {
	bool signalled;
	int code; /* exit status 0..255, or the signal's number */
};

struct hws_pty_conf {
	/* Whose program it is: NULL is the user of the desktop's session. Another one needs rights
	 * that the host mostly does not have. */
	const char *user;
	const char *const *argv; /* NULL: the user's login shell; else ends with NULL */
	const char *directory;   /* NULL: the user's home */
	const char *term;        /* $TERM; NULL: xterm-256color */
	/* "NAME=VALUE" beside the clean environment of that user, ends with NULL, at most
	 * HWS_PTY_ENV_MAX; which names are allowed is the caller's to say. May be NULL. */
	const char *const *env;
	/* No terminal but three pipes: what it says as errors is read apart, and its input can end.
	 * There is no size and no key that interrupts. */
	bool pipes;
	uint16_t columns, rows; /* 1..HWS_PTY_SIDE_MAX; with pipes 0 will do */
	/* There is something to read, or the end; once until hws_pty_read gives HWS_ERR_AGAIN. */
	void (*on_readable)(void *arg);
	/* After HWS_ERR_AGAIN of a write there is room again. May be NULL. */
	void (*on_writable)(void *arg);
	/* The program has ended; once, after everything that it wrote has been read. */
	void (*on_exit)(const struct hws_pty_exit *how, void *arg);
	void *arg;
};

struct hws_ptys_impl {
	int (*open)(struct hws_ptys *s, const struct hws_pty_conf *conf, struct hws_pty **ret,
			struct hws_error *err);
	int (*read)(struct hws_pty *t, uint8_t *buf, size_t size, size_t *ret_len);
	int (*write)(struct hws_pty *t, struct hws_bytes data, size_t *ret_taken);
	int (*read_errors)(struct hws_pty *t, uint8_t *buf, size_t size, size_t *ret_len);
	int (*end_input)(struct hws_pty *t);
	int (*resize)(struct hws_pty *t, uint16_t columns, uint16_t rows);
	bool (*interrupts)(struct hws_pty *t, uint8_t byte, int *ret_signal);
	int (*signal)(struct hws_pty *t, int number);
	int (*kill)(struct hws_pty *t, bool at_once);
	void (*close)(struct hws_pty *t);
};

struct hws_ptys {
	const struct hws_ptys_impl *impl;
};

struct hws_pty {
	struct hws_ptys *owner;
	uint32_t pid;             /* of the program; 0: not known */
	struct hws_pty_conf conf; /* its strings: not to be read after the opening */
};

/* HWS_ERR_INVAL: sizes, argv or events that cannot be. HWS_ERR_NOTFOUND: no such user or program.
 * HWS_ERR_PERM: this process may not start programs of that user. HWS_ERR_FULL: HWS_PTYS_MAX are
 * open. `err` (may be NULL) says it for the person at the far end. */
int hws_pty_open(struct hws_ptys *s, const struct hws_pty_conf *conf, struct hws_pty **ret,
		struct hws_error *err) HWS_MUST_CHECK;

/* At least one byte of what the program wrote. HWS_ERR_AGAIN: nothing now, on_readable follows.
 * HWS_ERR_CLOSED: all has been read and nothing more comes; on_exit follows or has been. */
int hws_pty_read(struct hws_pty *t, uint8_t *buf, size_t size, size_t *ret_len) HWS_MUST_CHECK;

/* The same of what a program with pipes says as errors; HWS_ERR_CLOSED for one with a terminal.
 * on_readable is for both: each is read until HWS_ERR_AGAIN or HWS_ERR_CLOSED. */
int hws_pty_read_errors(
		struct hws_pty *t, uint8_t *buf, size_t size, size_t *ret_len) HWS_MUST_CHECK;

/* Gives the program's terminal so much of `data` as there is room for. HWS_ERR_AGAIN: nothing,
 * on_writable follows. HWS_ERR_CLOSED: the program has ended. */
int hws_pty_write(struct hws_pty *t, struct hws_bytes data, size_t *ret_taken) HWS_MUST_CHECK;

/* No more input, after what was written: pipes are closed, a terminal gets the character that
 * stands for it now. HWS_ERR_AGAIN: no room for it, on_writable follows. HWS_ERR_CLOSED as of a
 * write. */
int hws_pty_end_input(struct hws_pty *t) HWS_MUST_CHECK;

/* Would this byte, typed now, send a signal to what runs in the foreground (Ctrl+C)? */
bool hws_pty_interrupts(struct hws_pty *t, uint8_t byte, int *ret_signal);
/* To what runs in the foreground of a terminal, past all input that waits; to the program and its
 * group where there are pipes. HWS_ERR_INVAL for numbers that are no signal, HWS_ERR_CLOSED. */
int hws_pty_signal(struct hws_pty *t, int number) HWS_MUST_CHECK;

/* The program is told (SIGWINCH). HWS_ERR_INVAL outside 1..HWS_PTY_SIDE_MAX.
 * HWS_ERR_UNSUPPORTED with pipes. */
int hws_pty_resize(struct hws_pty *t, uint16_t columns, uint16_t rows) HWS_MUST_CHECK;

/* Ends the program and all that hang on its terminal: as if the line was hung up, or `at_once`
 * (SIGKILL). on_exit follows as usual. HWS_ERR_CLOSED: it has ended already. */
int hws_pty_kill(struct hws_pty *t, bool at_once) HWS_MUST_CHECK;

/* No more events. A program that still runs is hung up and, if it takes no notice, killed soon
 * after; nobody has to wait for it. Takes NULL. */
void hws_pty_close(struct hws_pty *t);
