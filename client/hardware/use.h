/* hardware/use: a process that codes pictures and wants devices for it: it reads what the probe has
 * found, has the probe run when nothing is known of the machine as it is now, and starts the
 * processes in which drivers run. Loop thread but for the links. */
#pragma once
#include "client/hardware/report.h"
#include "shared/loop/loop.h"
#include "shared/sys/child.h"

/* The program hawser-hwcodec: $HAWSER_HWCODEC, else beside us, as installed or in a build tree.
 * HWS_ERR_NOTFOUND: it is not installed, and nothing is lost by that but speed. */
int hws_hw_program(char *path, size_t size) HWS_MUST_CHECK;
/* Where the report is kept; HWS_ERR_PERM: nowhere. */
int hws_hw_report_path(char *path, size_t size) HWS_MUST_CHECK;

/* A process for a device, as it is handed on: both descriptors are the caller's. */
struct hws_hw_process {
	struct hws_child child;
	int fd, memory_fd;
};
int hws_hw_process_start(const char *backend, const char *device, struct hws_hw_process *ret,
		struct hws_error *err) HWS_MUST_CHECK;
void hws_hw_process_end(struct hws_hw_process *p);
/* The same with a link to it (hw_link.h), for this process. */
int hws_hw_link_start(
		const char *backend, const char *device, struct hws_hw_link **ret) HWS_MUST_CHECK;

/* What is known now of the machine. HWS_ERR_NOTFOUND: nothing, so the probe is to be run;
 * HWS_ERR_UNSUPPORTED: there is no device, no program, or they are switched off. */
int hws_hw_report_load(const char *word, struct hws_hw_report *ret) HWS_MUST_CHECK;

struct hws_hw_use; /* has the probe run where that is needed */
/* `word`: of the option. Never fails: without it there is the processor. `on_known` is told what
 * there is, before this returns or later, at most once. */
int hws_hw_use_new(struct hws_loop *loop, const char *word,
		void (*on_known)(const struct hws_hw_report *r, void *arg), void *arg,
		struct hws_hw_use **ret) HWS_MUST_CHECK;
void hws_hw_use_free(struct hws_hw_use *u); /* takes NULL */
/* Encoders and decoders of this process use that device from now on. */
void hws_hw_use_here(const struct hws_hw_report *r);
