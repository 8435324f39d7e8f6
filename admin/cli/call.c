/* What is shared by verbs while one runs: values, messages, the question before many are
 * changed. */
#include "admin/cli/call.h"
#include "shared/base/str.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

const char *adm_value(const struct adm_call *call, const char *name)
{
	for (size_t i = call->n_values; i-- > 0;) {
		if (strcmp(call->value[i].option->name, name) == 0)
			return call->value[i].text ? call->value[i].text : "";
	}
	return NULL;
}

bool adm_given(const struct adm_call *call, const char *name)
{
	return adm_value(call, name) != NULL;
}

static bool silent = true;

int adm_complain(int status, const char *fmt, ...)
{
	char text[1200], safe[1600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	silent = false;
	fflush(stdout); /* what was said before stands before */
	fprintf(stderr, "hawser-admin: %s\n",
			hws_str_plain(safe, sizeof(safe), hws_bytes_str(text)));
	return status;
}

int adm_complain_of(struct adm_call *call, int status)
{
	if (status && call->err.text[0])
		adm_complain(status, "%s", call->err.text);
	call->err.text[0] = 0;
	return status;
}

bool adm_was_silent(void)
{
	return silent;
}

bool adm_wanted(const struct adm_call *call, size_t count, const char *what)
{
	char answer[8];

	if (count <= 1 || call->yes || call->dry_run)
		return true;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
		adm_complain(ADM_USAGE, "that is %zu: give --yes, or --dry-run to see which",
				count);
		return false;
	}
	fprintf(stderr, "%s: %zu. Go on? [y/N] ", what, count);
	return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

int adm_show_one(struct adm_call *call, const json_t *row)
{
	struct adm_rows *rows = NULL;
	int r;

	call->look.one = true;
	r = adm_rows_new(stdout, &call->look, &rows, &call->err);
	if (r == HWS_OK) {
		r = adm_rows_add(rows, row);
		if (r == HWS_OK || r == HWS_ERR_INVAL)
			r = adm_rows_end(rows, &call->err);
	}
	adm_rows_free(rows);
	return r < 0 ? adm_complain_of(call, r == HWS_ERR_INVAL ? ADM_USAGE : ADM_FAILED)
		     : ADM_DONE;
}

int adm_read_input(const char *path, struct hws_buf *out, struct hws_error *err)
{
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1;

	while (fd >= 0 && n > 0 && !hws_buf_err(out)) {
		uint8_t *room = hws_buf_reserve(out, 16384);

		n = room ? read(fd, room, 16384) : 0;
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			hws_buf_commit(out, (size_t)n);
	}
	if (fd < 0 || n < 0)
		hws_error_set(err, hws_err_from_errno(errno), "%s: %s", path, strerror(errno));
	else if (hws_buf_err(out))
		hws_error_set(err, HWS_ERR_TOOBIG, "%s: too long", path);
	n = fd < 0 || n < 0 || hws_buf_err(out) ? -1 : 0;
	if (!standard && fd >= 0)
		close(fd);
	return n < 0 ? HWS_ERR_INVAL : HWS_OK;
}
