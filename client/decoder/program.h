/* decoder/program: the program hawser-decoder as a process of ours. */
#pragma once
#include "shared/sys/child.h"
#include <stddef.h>

/* Where it is: $HAWSER_DECODER (not in a program with more rights than its user), else beside the
 * library or program that this is part of, as installed or in a build tree. HWS_ERR_NOTFOUND: `err`
 * says where it was looked for. */
int hws_decoder_program(char *path, size_t size, struct hws_error *err) HWS_MUST_CHECK;

/* Runs `path` with `fd` as its end of the channel; the caller closes its own. */
int hws_decoder_process_start(const char *path, int fd, struct hws_child *ret,
		struct hws_error *err) HWS_MUST_CHECK;
