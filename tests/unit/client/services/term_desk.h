/* A terminal service with viewers that note what they are told; the programs are those of the
 * desktop in memory, or the kernel's. */
#pragma once
#include "client/services/host_service.h"
#include "client/services/terminal/terminal_host.h"
#include "shared/loop/loop.h"
#include <check.h>

#define TERM_VIEWERS 3
#define TERM_TEXT (4u << 20)
#define NO_CODE 99999

struct term_viewer {
	struct hws_host_viewer v;
	bool in;              /* let in */
	char refused[200];    /* why not */
	char text[TERM_TEXT]; /* what the terminals said, as terminals show it */
	size_t len;
	char errors[4096], replay[1 << 16];
	size_t errors_len, replay_len;
	uint64_t position, skipped, acked; /* of output; of input */
	unsigned opened, eofs, error_eofs, messages, packed;
	size_t largest;
	int32_t opened_id, closed_id, error_id;
	char service[80], message[200], error[200];
	int32_t others[64];
	size_t other_count;
	bool replayed, full;
	uint64_t input_taken;
	unsigned closed, failed, lists;
	int code;
	uint32_t signal;
	Ses__TerminalInfo info[8]; /* without texts */
	char title[200], command[200];
	size_t info_count;
	bool acks;   /* as a viewer that shows at once what it gets */
	bool choked; /* its link takes nothing */
};

extern struct hws_loop *term_loop;
extern struct hws_host_set *term_set;
extern struct term_viewer term_viewer[TERM_VIEWERS];
extern struct hws_service_conf term_conf;
extern unsigned term_kept, term_audits;
extern char term_audit[300]; /* the last one */

/* `kernel`: real shells. */
void term_setup(bool kernel);
void term_teardown(void);
/* Viewer `i` logs in with this id of a service; true: it is let in. */
bool term_login(unsigned i, enum hws_secure_level level, const char *service, bool persistent);
/* Its link is lost. */
void term_leave(unsigned i);

void term_open(unsigned i, Ses__OpenTerminal *o);
void term_open_plain(unsigned i, int32_t id);
void term_type(unsigned i, int32_t id, const char *text);
void term_send(unsigned i, Ses__TerminalAction *a);
void term_close(unsigned i, int32_t id);
void term_list(unsigned i);
void term_ack(unsigned i, int32_t id, uint64_t position);

/* Runs the loop until it is so; fails the test after a minute. */
#define TERM_UNTIL(condition)                                                                      \
	do {                                                                                       \
		uint64_t end_ = hws_clock_us() + 60 * HWS_US_PER_S;                                \
		while (!(condition)) {                                                             \
			ck_assert_msg(hws_clock_us() < end_, "never: " #condition ": %.200s",      \
					term_viewer[0].text);                                      \
			hws_loop_once(term_loop, 5000);                                            \
		}                                                                                  \
	} while (0)
void term_turns(unsigned n);
