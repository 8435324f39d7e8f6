/* What every back-end of an interface must keep, as suites that run on any of them: the doubles
 * here, real ones where there is a sound server, a camera, a shell, a login service. A back-end
 * says how it is opened, what it can be made to do, and what its devices must give; what it cannot
 * be made to do is NULL. */
#pragma once
#include "client/platform/camera.h"
#include "client/platform/pty.h"
#include "client/platform/seat.h"
#include "client/platform/sound.h"
#include "shared/loop/loop.h"
#include <check.h>

struct contract_sound {
	const char *name;
	struct hws_sound *(*open)(struct hws_loop *loop);
	void (*close)(struct hws_sound *s);
	void (*silence)(struct hws_sound *s, bool silent);
	void (*plug)(struct hws_sound *s, bool plugged); /* of the default loudspeakers */
	/* Whether these are the samples that play. */
	bool (*is_right)(const struct hws_sound_chunk *chunk, const struct hws_sound_spec *spec);
};
Suite *contract_sound_suite(const struct contract_sound *backend);

struct contract_camera {
	const char *name;
	struct hws_camera *(*open)(struct hws_loop *loop);
	void (*close)(struct hws_camera *c);
	void (*plug)(struct hws_camera *c, bool plugged); /* the first of the list */
	bool (*is_right)(const struct hws_camera_frame *frame);
};
Suite *contract_camera_suite(const struct contract_camera *backend);

struct contract_pty {
	const char *name;
	struct hws_ptys *(*open)(struct hws_loop *loop);
	void (*close)(struct hws_ptys *s);
	/* Lines for its shell: says "ready"; says rows and columns; says 100000 bytes; ignores
	 * hang-ups. */
	const char *say_ready, *say_size, *say_much, *ignore_hangup;
	const char *exit_7;
	const char *const *program; /* that says "ready" and ends with 0 */
	const char *other_user;     /* that it may not start programs of, or NULL */
	const char *const *env;     /* for all programs, or NULL */
};
Suite *contract_pty_suite(const struct contract_pty *backend);

struct contract_seat {
	const char *name;
	struct hws_seat *(*open)(struct hws_loop *loop);
	void (*close)(struct hws_seat *s);
	void (*come)(struct hws_seat *s, const char *id); /* a second session of a person */
	void (*go)(struct hws_seat *s, const char *id);
	void (*front)(struct hws_seat *s,
			const char *id); /* switched at the machine; NULL = none */
	void (*refuse)(struct hws_seat *s, bool refuse);
};
Suite *contract_seat_suite(const struct contract_seat *backend);

/* Runs the loop until *count is at least n; fails the test after a minute. */
void contract_until(struct hws_loop *loop, const unsigned *count, unsigned n);
void contract_turns(struct hws_loop *loop, unsigned n);
