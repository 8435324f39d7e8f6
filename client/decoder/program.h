/* decoder/program: the program hawser-decoder as a process of ours. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Where it is: $HAWSER_DECODER (not in a program with more rights than its user), else beside the
 * library or program that this is part of, as installed or in a build tree. HWS_ERR_NOTFOUND: `err`
 * says where it was looked for. */
int hws_decoder_program(char *path, size_t size, struct hws_error *err) HWS_MUST_CHECK;

struct hws_decoder_process {
	pid_t pid; /* 0: none */
	int pidfd;
};
/* Runs `path` with `fd` as its end of the channel; the caller closes its own. */
int hws_decoder_process_start(const char *path, int fd, struct hws_decoder_process *ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* While it does its number is its own. */
bool hws_decoder_process_runs(const struct hws_decoder_process *p);
/* Kills it and waits for its end, which takes no longer than giving back its memory. */
void hws_decoder_process_end(struct hws_decoder_process *p);
