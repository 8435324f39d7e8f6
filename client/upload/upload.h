/* upload/upload: finished recordings of a folder go to the API server, part by part, each request
 * vouched for by the host of this machine. Blocking. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>

struct hws_upload_conf {
	const char *server;         /* https://NAME[:PORT] */
	const char *ca_file;        /* NULL = the system's authorities */
	const char *folder;         /* of recordings */
	const char *control_socket; /* of hawser-host */
	const char *state_file;     /* names of those that are done */
	bool remove;                /* a file goes once the server has it whole */
	bool plain;                 /* http to other machines, too */
};

struct hws_upload_report {
	unsigned uploaded, already, busy, failed;
	uint64_t bytes;
};

/* All files of the folder that are recordings and not being written, the oldest first. One that the
 * server does not want is left and counted as failed; when the server or the host is away that is
 * the result, and the next run goes on where this one was. */
int hws_upload_folder(const struct hws_upload_conf *conf, struct hws_upload_report *ret,
		struct hws_error *err) HWS_MUST_CHECK;
