/* http/files: the files of the console, which are part of the program. */
#pragma once
#include "admin/http/request.h"

struct htp_file {
	const char *path; /* "/app.js"; "/" is "/index.html" */
	const char *type; /* Content-Type */
	const char *etag; /* with its quotes; changes with the content */
	const uint8_t *data;
	size_t len;
};

struct htp_files {
	const struct htp_file *item;
	size_t count;
};

/* GET or HEAD of one of them: fills `reply`; false: there is no such file. */
bool htp_files_answer(const struct htp_files *files, const struct htp_head *head,
		const struct htp_target *target, struct htp_reply *reply);
