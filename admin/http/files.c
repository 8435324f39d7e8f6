/* A page may load what comes from here and nothing else, run no script that stands in it, make
 * nothing out of text that a browser would take for HTML or a script, and be shown in no frame. */
#include "admin/http/files.h"
#include "shared/base/str.h"
#include <string.h>

static const char policy[] =
		"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
		"connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; "
		"require-trusted-types-for 'script'; trusted-types 'none'";

/* Whether the path is that of the target. */
static bool same(const char *path, const struct htp_target *t)
{
	for (unsigned i = 0; i < t->segments; i++) {
		size_t len = strlen(t->segment[i]);

		if (*path++ != '/' || strncmp(path, t->segment[i], len) != 0)
			return false;
		path += len;
	}
	return !*path || (!t->segments && strcmp(path, "/index.html") == 0);
}

static bool unchanged(const struct htp_head *head, const char *etag)
{
	const char *has = htp_head_get(head, "If-None-Match");

	return has && strstr(has, etag);
}

bool htp_files_answer(const struct htp_files *files, const struct htp_head *head,
		const struct htp_target *target, struct htp_reply *reply)
{
	const struct htp_file *f = files ? files->item : NULL, *end = f ? f + files->count : NULL;

	while (f != end && !same(f->path, target))
		f++;
	if (f == end)
		return false;
	if (unchanged(head, f->etag))
		htp_reply_bytes(reply, 304, NULL, hws_bytes(NULL, 0));
	else
		htp_reply_bytes(reply, 200, f->type, hws_bytes(f->data, f->len));
	reply->cacheable = true;
	htp_reply_field(reply, "ETag", f->etag);
	htp_reply_field(reply, "Cache-Control", "no-cache"); /* kept, and asked for each time */
	htp_reply_field(reply, "Content-Security-Policy", policy);
	htp_reply_field(reply, "Cross-Origin-Opener-Policy", "same-origin");
	return true;
}
